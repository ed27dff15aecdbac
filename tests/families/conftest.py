"""FLUX.1 bases of the true classes, small and with random weights, as folders."""

import pytest
import torch

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
