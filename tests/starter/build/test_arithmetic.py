"""The arithmetic of the builders follows what the device multiplies fast."""

import pytest
import torch

from lorakit.starter.build import arithmetic


@pytest.mark.parametrize(
    ("bf16", "kind", "optimizer"),
    [(True, torch.bfloat16, torch.optim.Muon), (False, torch.float32, torch.optim.AdamW)],
)
def test_a_processor_without_bf16_computes_in_float32(monkeypatch, bf16, kind, optimizer):
    monkeypatch.setattr(arithmetic, "fast_bf16_on_cpu", lambda: bf16)
    layer = torch.nn.Linear(8, 8)
    with arithmetic.precision("cpu"):
        assert layer(torch.ones(2, 8)).dtype == kind
    assert layer.weight.dtype == torch.float32, "the weights stay exact"
    found = arithmetic.matrix_optimizer([layer.weight], 0.02, 0.001, "cpu")
    assert isinstance(found, optimizer)
    assert found.param_groups[0]["lr"] == (0.02 if bf16 else 0.001)


def test_an_accelerator_always_has_it(monkeypatch):
    monkeypatch.setattr(arithmetic, "fast_bf16_on_cpu", lambda: False)
    assert arithmetic.fast_bf16("cuda") and not arithmetic.fast_bf16("cpu")
