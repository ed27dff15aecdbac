"""A small model with a convolution and two linear layers, adapters of every kind for it, and the dense sum
that a mix of them is held against: written from the papers' equations, in float64, without lorakit's layers.
"""

import copy
import hashlib

import torch
from torch import nn

from lorakit.formats.updates import factors_of
from lorakit.lora.adapter import Adapter, Card

SHAPES = {"conv": (6, 3, 3, 3), "first": (10, 6), "second": (8, 10)}
KINDS = ("lora", "rslora", "dora", "loha", "lokr")


class Model(nn.Module):
    def __init__(self, dtype=torch.float32):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 6, 3, stride=2, padding=1, padding_mode="reflect")
        self.first = nn.Linear(6, 10)
        self.second = nn.Linear(10, 8, bias=False)
        self.to(dtype)

    def forward(self, x):
        tokens = torch.relu(self.conv(x)).flatten(2).transpose(1, 2)
        return self.second(torch.relu(self.first(tokens)))


def pictures(count, dtype=torch.float32):
    return torch.randn(count, 3, 9, 9, generator=torch.Generator().manual_seed(count)).to(dtype)


def _pieces(kind, shape, rank, rand):
    """What a file of this kind holds for a weight of `shape`, and its delta over alpha."""
    out, into, *kernel = shape
    if kind == "loha":
        pieces = {"w1_a": rand(out, rank), "w1_b": rand(rank, into, *kernel),
                  "w2_a": rand(out, rank), "w2_b": rand(rank, into, *kernel)}  # fmt: skip
        first, second = (pieces[f"w{n}_a"].double() @ pieces[f"w{n}_b"].double().flatten(1) for n in "12")
        return pieces, (first * second).view(shape) / rank
    if kind == "lokr":
        inner = 3 if into == 3 else 2
        pieces = {"k1": rand(2, inner), "k2_a": rand(out // 2, rank),
                  "k2_b": rand(rank, into // inner, *kernel)}  # fmt: skip
        right = (pieces["k2_a"].double() @ pieces["k2_b"].double().flatten(1)).view(
            out // 2, into // inner, *kernel
        )
        product = torch.einsum("ab,cd...->acbd...", pieces["k1"].double(), right)
        return pieces, product.flatten(0, 1).flatten(1, 2) / rank
    pieces = {"down": rand(rank, into, *kernel), "up": rand(out, rank, *[1] * len(kernel))}
    delta = pieces["up"].double().flatten(1) @ pieces["down"].double().flatten(1)
    return pieces, delta.view(shape) / (rank**0.5 if kind == "rslora" else rank)


def made(seed, rank=2, kind="lora", targets=tuple(SHAPES), alpha=3.0, dtype=torch.float32, name=None):
    """An adapter as it is opened from a file, and its dense deltas {module: function of the weight}."""
    random = torch.Generator().manual_seed(seed)

    def rand(*shape):
        return (torch.randn(*shape, generator=random) * 0.7).to(dtype)

    modules, deltas = {}, {}
    for target in targets:
        shape = SHAPES[target]
        pieces, delta = _pieces(kind, shape, rank, rand)
        delta = delta * alpha
        if kind == "dora":
            magnitude = rand(shape[0]).abs() + 0.5
            pieces["magnitude"] = magnitude

            def dora(weight, delta=delta, magnitude=magnitude):
                turned = weight + delta
                norm = turned.flatten(1).norm(dim=1)
                return turned * (magnitude.double() / norm).view(-1, *[1] * (weight.dim() - 1)) - weight

            deltas[target] = dora
        else:
            deltas[target] = lambda weight, delta=delta: delta
        modules[target] = factors_of("file", target, pieces, lambda _: alpha, kind == "rslora")
    adapter = Adapter(modules, Card(name=name or f"{kind} {seed}"))
    return adapter, deltas


def dense(model, weighted):
    """The model in float64 with each (deltas, {module: weight}) added to its weights."""
    whole = copy.deepcopy(model).double()
    with torch.no_grad():
        for target in SHAPES:
            weight = getattr(model, target).weight.double()
            for deltas, weights in weighted:
                if target in deltas:
                    getattr(whole, target).weight += weights[target] * deltas[target](weight)
    return whole


def everywhere(weight):
    return dict.fromkeys(SHAPES, weight)


def fingerprint(model):
    """A hash of every parameter and buffer, with the classes of all modules and whether they train."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(f"{name} {value.dtype}".encode())
        digest.update(value.contiguous().view(torch.uint8).numpy().tobytes())
    for name, module in model.named_modules():
        digest.update(f"{name} {type(module).__name__} {module.training}".encode())
    return digest.hexdigest()


def assert_near(found, expected, share):
    """Apart by at most `share` of the largest value."""
    apart = (found.double() - expected.double()).abs().max().item()
    assert apart <= share * max(1.0, expected.abs().max().item()), apart
