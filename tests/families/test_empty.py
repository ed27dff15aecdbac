"""The parts without values are those that loading gives, but for their values."""

import pytest
import torch

from lorakit.families import load_base
from lorakit.families.empty import PARTS, parts_of
from tests.families import tiny_bases


@pytest.mark.parametrize("kind", ["sdxl", "flux2-klein"])
def test_names_shapes_and_types_are_those_of_the_loaded_parts(tmp_path, kind):
    folder = tmp_path / kind
    tiny_bases.write(folder, tiny_bases.BUILDERS[kind]())
    loaded = load_base(str(folder), device="cpu", dtype=torch.bfloat16).pipeline
    empty = parts_of(folder, torch.bfloat16)
    found = [name for name in PARTS if hasattr(empty, name)]
    assert found == [name for name in PARTS if getattr(loaded, name, None) is not None]
    for name in found:
        part = getattr(empty, name)
        assert {p.device.type for p in part.parameters()} == {"meta"}
        assert not part.training and not any(p.requires_grad for p in part.parameters())
        there = {key: (value.shape, value.dtype) for key, value in getattr(loaded, name).state_dict().items()}
        assert {key: (value.shape, value.dtype) for key, value in part.state_dict().items()} == there
    assert type(empty.scheduler) is type(loaded.scheduler)
