"""Every optimizer learns, and goes on from a checkpoint as if nothing had been."""

import pytest
import torch
from safetensors.torch import load_file
from tiny import tiny_text_base, tiny_texts

from lorakit.errors import RecipeError
from lorakit.training import optimizers
from lorakit.training.recipe import OPTIMIZERS, Recipe
from lorakit.training.session import train

OWN = {"prodigy": {"learning_rate": 1.0}, "schedule-free": {"schedule": "constant"}}
VARIANTS = {"dora": {"dora": True}, "pissa": {"pissa": True}, "lora+": {"lora_plus": 16.0},
            "ema": {"ema": 0.9}, "accumulated": {"accumulate": 2}, "packed": {"packing": True},
            "epochs": {"epochs": 3.0}}  # fmt: skip
ON_CPU = [name for name in OPTIMIZERS if name != "adamw-8bit-paged"]
CASES = {name: {"optimizer": name} | OWN.get(name, {}) for name in ON_CPU} | VARIANTS


def recipe(**changes):
    settings = {"steps": 6, "rank": 4, "alpha": 8.0, "learning_rate": 5e-3, "batch_size": 3, "dropout": 0.1,
                "preview_every": 3, "checkpoint_every": 2, "max_length": 64}  # fmt: skip
    return Recipe.from_dict(settings | changes)


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
