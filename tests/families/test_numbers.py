"""Cards before Ampere, as PyTorch tells of them: they sample in fp16, and no training begins there."""

import pytest
import torch

from lorakit.errors import BaseError
from lorakit.families import load_base, numbers
from lorakit.jobs.context import check_fit
from lorakit.jobs.kinds import KINDS
from lorakit.training.forecast import forecast as forecasting
from lorakit.training.recipe import Recipe
from tests.families import tiny_bases

CUDA, CPU = torch.device("cuda"), torch.device("cpu")


@pytest.fixture
def card(monkeypatch):
    def of(name, capability):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None: capability)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device=None: name)

    return of


@pytest.mark.parametrize(
    ("name", "capability", "dtype"),
    [
        ("Tesla V100", (7, 0), torch.float16), ("Tesla T4", (7, 5), torch.float16),
        ("A100", (8, 0), torch.bfloat16), ("RTX 4090", (8, 9), torch.bfloat16),
        ("H200", (9, 0), torch.bfloat16), ("RTX 5090", (12, 0), torch.bfloat16),
    ],
)  # fmt: skip
def test_a_card_samples_in_what_it_multiplies_and_an_old_one_trains_nothing(name, capability, dtype, card):
    card(name, capability)
    assert numbers.best_dtype(CUDA) == dtype
    assert numbers.best_dtype(CUDA, torch.float32) == torch.float32
    assert numbers.best_dtype(CPU) == torch.float32
    if dtype == torch.bfloat16:
        numbers.check_trains(CUDA)
    else:
        with pytest.raises(BaseError, match=f"{name} can't multiply bf16, .* train on a newer GPU"):
            numbers.check_trains(CUDA)


@pytest.mark.parametrize("kind", ["train", "voice"])
def test_a_training_is_refused_before_anything_is_loaded(kind, card, monkeypatch):
    card("Tesla T4", (7, 5))
    base = "starter-image" if kind == "train" else "starter-text"
    with pytest.raises(BaseError, match="Tesla T4"):
        check_fit(KINDS[kind], {"base": base})
    check_fit(KINDS[{"train": "campaign", "voice": "copy"}[kind]], {"base": base})
    monkeypatch.setattr(forecasting, "shape_of", lambda *_: pytest.fail("read the base"))
    with pytest.raises(BaseError, match="Tesla T4"):
        forecasting.forecast(base, Recipe(), device=CUDA)


def test_sdxl_in_fp16_decodes_its_pictures_in_float32(tmp_path):
    base = load_base(tiny_bases.write(tmp_path / "x", tiny_bases.sdxl()), device="cpu", dtype=torch.float16)
    decoded = []
    base.pipeline.vae.decoder.register_forward_hook(lambda *given: decoded.append(given[-1].dtype))
    family = base.kind
    (image,) = family.sample(base, family.encode_prompts(base, ["a jar"]), None, 64, 64, [1], 1, 1.0)
    assert decoded == [torch.float32] and base.pipeline.vae.dtype == torch.float16
    assert image.size == (64, 64)
