"""A 4-bit layer gives its own type out, whatever it is given."""

import pytest
import torch
from torch import nn

bitsandbytes = pytest.importorskip("bitsandbytes")

from lorakit.families.four_bits import Nf4Linear  # noqa: E402


def layer():
    torch.manual_seed(0)
    plain = nn.Linear(64, 64)
    made = Nf4Linear(64, 64, compute_dtype=torch.bfloat16, quant_type="nf4")
    made.load_state_dict(plain.state_dict())
    return plain, made.to("cpu")


def test_a_float32_input_leaves_in_the_compute_type_and_near_the_plain_layers():
    plain, made = layer()
    x = torch.randn(4, 64)
    for given in (x, x.bfloat16()):
        out = made(given)
        assert out.dtype == torch.bfloat16
        error = (out.float() - plain(x)).norm() / plain(x).norm()
        assert error < 0.2, float(error)
