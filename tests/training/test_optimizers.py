"""Every optimizer learns, and goes on from a checkpoint as if nothing had been."""

import io

import pytest
import torch
from bitsandbytes.optim import PagedAdamW8bit
from safetensors.torch import load_file

from lorakit.errors import RecipeError
from lorakit.training import optimizers
from lorakit.training.recipe import OPTIMIZERS
from lorakit.training.session import train
from tests.training.tiny import recipe, tiny_text_base, tiny_texts

OWN = {"prodigy": {"learning_rate": 1.0}, "schedule-free": {"schedule": "constant"}}
VARIANTS = {"dora": {"dora": True}, "pissa": {"pissa": True}, "lora+": {"lora_plus": 16.0},
            "ema": {"ema": 0.9}, "accumulated": {"accumulate": 2}, "packed": {"packing": True},
            "epochs": {"epochs": 3.0}}  # fmt: skip
ON_CPU = [name for name in OPTIMIZERS if name != "adamw-8bit-paged"]
CASES = {name: {"optimizer": name} | OWN.get(name, {}) for name in ON_CPU} | VARIANTS


def run(out, settings, stop_at=None):
    asked = 0

    def should_stop():
        nonlocal asked
        asked += 1
        return stop_at is not None and asked > stop_at

    return train(tiny_text_base(), tiny_texts(), settings, out, should_stop=should_stop)


def weights(folder):
    return load_file(folder / "adapter_model.safetensors")


@pytest.mark.parametrize("case", CASES)
def test_it_goes_on_bit_for_bit(tmp_path, case):
    settings = recipe(**CASES[case])
    whole = run(tmp_path / "whole", settings)
    parts = run(tmp_path / "parts", settings, stop_at=4)
    assert parts.stopped and 0 < parts.steps < whole.steps
    again = run(tmp_path / "parts", settings)
    assert not again.stopped and again.steps == whole.steps
    first, second = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("name", ON_CPU)
def test_it_lowers_the_held_out_loss(tmp_path, name):
    settings = recipe(**CASES[name] | {"steps": 30, "preview_every": 0, "warmup": 0.0})
    summary = run(tmp_path / "x", settings).summary
    assert summary["held_out_after"] < summary["held_out_before"]


def test_the_paged_optimizer_is_refused_without_cuda(tmp_path):
    with pytest.raises(RecipeError, match=r"adamw-8bit-paged needs a CUDA device; choose adamw-8bit"):
        run(tmp_path / "x", recipe(optimizer="adamw-8bit-paged"))


def test_lora_plus_gives_the_second_factor_its_own_rate():
    parameters = {f"m.{leaf}": torch.nn.Parameter(torch.ones(2)) for leaf in ("down", "up", "magnitude")}
    groups = optimizers.make(parameters, recipe(lora_plus=8.0)).param_groups
    assert [(len(group["params"]), group["ratio"]) for group in groups] == [(2, 1.0), (1, 8.0)]


def test_looking_at_schedule_frees_average_changes_no_bit():
    parameters = {"m.up": torch.nn.Parameter(torch.linspace(-1, 1, 7))}
    optimizer = optimizers.make(parameters, recipe(optimizer="schedule-free"))
    for _ in range(3):
        parameters["m.up"].grad = torch.rand(7)
        optimizer.step()
    before = parameters["m.up"].detach().clone()
    kept = optimizers.settled(optimizer, parameters)
    assert torch.equal(parameters["m.up"], before) and not torch.equal(kept["m.up"], before)


SIZES = (100, 4095, 4096, 5000, 99_999, 100_000, 130_000)


def learned(optimizer, parameters, steps=1):
    for step in range(steps):
        for p in parameters.values():
            p.grad = torch.rand(p.shape, generator=torch.Generator().manual_seed(p.numel() + step))
        optimizer.step()


def tensors_of(sizes):
    return {f"m{size}.up": torch.nn.Parameter(torch.linspace(-1, 1, size)) for size in sizes}


def on_the_device(optimizer):
    """Bytes of all that is as long as a parameter or its constants: not of counters and code books."""
    kept = [value for state in optimizer.state.values() for key, value in state.items()
            if isinstance(value, torch.Tensor) and value.numel() > 1 and not key.startswith("qmap")
            and not hasattr(value, "is_paged")]  # fmt: skip
    return sum(value.numel() * value.element_size() for value in kept)


@pytest.mark.parametrize("name", ON_CPU)
def test_a_state_takes_what_is_counted(name):
    parameters = tensors_of(SIZES)
    optimizer = optimizers.make(parameters, recipe(**CASES[name]))
    learned(optimizer, parameters)
    assert on_the_device(optimizer) == optimizers.state_bytes(name, SIZES)


@pytest.fixture
def paging(monkeypatch):
    """bitsandbytes' paged memory as ordinary memory with its mark; the places that were given out."""
    given = []

    def buffer(optimizer, p, dtype=torch.float32):
        made = torch.zeros(p.shape, dtype=dtype)
        if p.numel() >= 1e5:  # as get_state_buffer has it on CUDA
            made.is_paged = True
            given.append(made.data_ptr())
        return made

    monkeypatch.setattr(PagedAdamW8bit, "get_state_buffer", buffer)
    monkeypatch.setattr(PagedAdamW8bit, "prefetch_state", lambda optimizer, p: None)
    return given


def test_a_state_is_paged_again_after_a_checkpoint_and_goes_on_from_there(paging):
    before, after = tensors_of(SIZES), tensors_of(SIZES)
    first, second = (PagedAdamW8bit(list(tensors.values()), lr=0.01) for tensors in (before, after))
    learned(first, before, 3)
    assert on_the_device(first) == optimizers.state_bytes("adamw-8bit-paged", SIZES)
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    paging.clear()
    file.seek(0)
    optimizers.resume(second, torch.load(file, weights_only=True, map_location="cpu"))
    for p, q in zip(before.values(), after.values(), strict=True):
        assert (second.state[q]["state1"].data_ptr() in paging) == (q.numel() >= 1e5)
        q.data.copy_(p.data)
    assert len(paging) == 4
    for optimizer, parameters in ((first, before), (second, after)):
        learned(optimizer, parameters)
    assert all(torch.equal(before[name], after[name]) for name in before)
