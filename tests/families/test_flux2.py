"""FLUX.2: how each of its kinds is guided, and what its bases work best with."""

import pytest
import torch

from lorakit.errors import BaseError
from lorakit.families import load_base
from lorakit.families.flux2 import KLEIN, KLEIN_BASE, Flux2
from lorakit.families.source import Source
from lorakit.families.table import ROWS
from tests.families import tiny_bases

FAMILY = Flux2(ROWS["flux2"])


@pytest.mark.parametrize(
    ("index", "settings"),
    [
        ({"_class_name": "Flux2Pipeline"}, ROWS["flux2"].settings),
        ({"_class_name": "Flux2KleinPipeline", "is_distilled": True}, KLEIN),
        ({"_class_name": "Flux2KleinPipeline", "is_distilled": False}, KLEIN_BASE),
    ],
)
def test_a_distilled_klein_needs_few_steps_and_no_guidance(index, settings):
    assert FAMILY.settings_of(None, index) == settings


@pytest.mark.parametrize(("distilled", "guidance", "given"), [
    (False, 4.0, 4.0), (False, 1.0, 1.0), (True, 4.0, 1.0),
])  # fmt: skip
def test_only_an_undistilled_klein_is_guided_by_what_must_not_appear(tmp_path, distilled, guidance, given):
    base = load_base(tiny_bases.write(tmp_path / "klein", tiny_bases.klein(distilled)), device="cpu")
    unwanted = FAMILY.encode_prompts(base, ["snow"])
    options = FAMILY.guided(base, unwanted, guidance, 2)
    assert options["guidance_scale"] == given
    assert any(name.startswith("negative_") for name in options) == (given > 1)
    assert FAMILY.guided(base, None, guidance, 2) == {"guidance_scale": 1.0}


def test_another_kind_of_pipeline_is_refused(tmp_path):
    folder = tmp_path / "flux1"
    tiny_bases.write(folder, tiny_bases.flux1())
    with pytest.raises(BaseError, match="flux1 is a FluxPipeline"):
        FAMILY.open(Source(str(folder), folder), torch.float32)
