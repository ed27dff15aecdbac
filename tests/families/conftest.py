"""FLUX.1 bases of the true classes, small and with random weights, as folders."""

import numpy as np
import pytest
import torch
from PIL import Image

import lorakit
from tests.families.tiny_bases import flux1, write


@pytest.fixture(scope="session")
def flux_folder(tmp_path_factory) -> str:
    return write(
        tmp_path_factory.mktemp("bases") / "tiny-flux",
        flux1(),
        licence={"name": "Apache-2.0", "commercial": True},
    )


@pytest.fixture(scope="session")
def guided_folder(tmp_path_factory) -> str:
    """A base distilled for guidance, like FLUX.1-dev."""
    return write(
        tmp_path_factory.mktemp("bases") / "my-FLUX.1-dev", flux1(guidance_embeds=True, dynamic=True)
    )


@pytest.fixture(scope="session")
def make_base():
    """Writes a tiny pipeline of given kind into a folder and returns its name."""

    def make(folder, dtype=torch.float32, stated=None, **kind) -> str:
        return write(folder, flux1(**kind).to(dtype), **(stated or {}))

    return make


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for i, size in enumerate(((96, 96), (96, 96), (160, 96))):
        pixels = random.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
        (folder / f"{i}.txt").write_text("a red bottle on the table")
    return lorakit.PhotoSet.from_folder(folder, "red bottle")
