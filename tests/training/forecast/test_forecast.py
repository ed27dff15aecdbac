"""The forecast against what trainings of the same bases really allocate, and what it advises."""

from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from lorakit import load_base
from lorakit.data.photos.sets import PhotoSet
from lorakit.data.texts.sets import TextSet
from lorakit.errors import BaseError
from lorakit.starter import SAMPLE_PHOTOS, SAMPLE_VOICE
from lorakit.training import arithmetic, train
from lorakit.training.forecast import timing
from lorakit.training.forecast.ahead import look_ahead
from lorakit.training.forecast.forecast import forecast
from lorakit.training.presets import from_preset
from lorakit.training.recipe import Recipe

CPU = torch.device("cpu")


def data_of(kind):
    if kind == "image":
        return PhotoSet.from_folder(SAMPLE_PHOTOS, "aurora bottle")
    return TextSet.from_file(SAMPLE_VOICE)


def allocated(work):
    """The most that the CPU's allocator gave out during `work` beyond what was there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
        work()
    kept = found.profiler.kineto_results.events()
    memory = sorted((event.start_ns(), event.nbytes()) for event in kept if event.name() == "[memory]")
    total = most = 0
    for _, size in memory:
        total += size
        most = max(most, total)
    return most


@pytest.mark.battery(106, "processors with and without bf16")
@pytest.mark.parametrize("fast_bf16", [True, False])
@pytest.mark.parametrize("kind", ["image", "text"])
def test_a_starter_takes_what_was_forecast_to_a_tenth_and_its_file_is_as_large_as_said(
    kind, fast_bf16, tmp_path, monkeypatch
):
    monkeypatch.setattr(arithmetic, "fast_bf16_on_cpu", lambda: fast_bf16)
    base, data = load_base(f"starter-{kind}"), data_of(kind)
    base.settings = replace(base.settings, steps=1)  # previews are not the fullest moment
    recipe = replace(from_preset("quick", kind, True), steps=2, preview_every=0)
    expected = forecast(base.source, recipe, device=CPU, data=data)
    parts = [base.model]
    if kind == "image":
        parts += [base.pipeline.vae, base.pipeline.text_encoder, base.pipeline.text_encoder_2]
    held = sum(p.numel() * p.element_size() for part in parts for p in part.parameters())
    measured = held + allocated(lambda: train(base, data, recipe, tmp_path / "out"))
    assert expected.peak == pytest.approx(measured, rel=0.10)
    (file,) = (tmp_path / "out").glob("*.safetensors")
    assert 0 <= file.stat().st_size - expected.file < 5_000, "the card is all that is not counted"
    whole = sum(p.numel() for p in base.model.parameters())
    assert (expected.parameters, expected.full) == (whole, 16 * whole)


def test_what_does_not_fit_is_told_with_settings_that_do():
    recipe = from_preset("quick", "image", True)
    full = forecast("starter-image", recipe, device=CPU)
    assert full.fits is None and full.ways == []
    tight = forecast("starter-image", recipe, device=CPU, capacity=full.peak // 2 + full.peak // 8)
    assert tight.fits is False
    (way,) = tight.ways
    again = forecast(
        "starter-image", replace(recipe, **way.changes), device=CPU, quantize=way.quantize,
        capacity=tight.capacity,
    )  # fmt: skip
    assert again.fits and again.peak == way.peak and way.changes["gradient_checkpointing"] is True


def test_what_can_never_fit_is_said_without_a_way_out():
    hopeless = forecast("starter-text", Recipe(), device=CPU, capacity=1_000_000)
    assert hopeless.fits is False and hopeless.ways == []


def test_a_single_file_has_to_be_read_first(tmp_path):
    from safetensors.torch import save_file

    key = "cond_stage_model.transformer.text_model.final_layer_norm.weight"
    save_file({key: torch.zeros(2)}, tmp_path / "model.safetensors")
    with pytest.raises(BaseError, match=r"model\.safetensors: of a single file"):
        forecast(str(tmp_path / "model.safetensors"), Recipe(), device=CPU)


def test_time_is_measured_where_the_base_is_in_memory_and_left_out_where_it_is_not():
    recipe = from_preset("quick", "text", True).to_dict() | {"steps": 50, "batch_size": 2}
    spec = {"base": "starter-text", "recipe": recipe, "texts": str(SAMPLE_VOICE)}
    (alone,) = look_ahead(spec, None)
    assert alone["fits"] and alone["seconds"] is None
    base = load_base("starter-text")
    before, timed = look_ahead(spec, lambda: base)
    assert before["seconds"] is None and timed["seconds"] > 50 * timed["step_seconds"] > 0
    assert not any(p.requires_grad for p in base.model.parameters())
    *_, again = look_ahead(spec, lambda: base)
    assert again["step_seconds"] == timed["step_seconds"], "measured once"


@pytest.mark.parametrize("possible", [True, False])
def test_the_time_is_that_of_exact_steps_where_the_training_takes_them(possible, monkeypatch):
    exact, timed = [], []

    @contextmanager
    def steady(device, exactly=False, **named):
        exact.append(named.get("exact", exactly))
        if exact[-1] and not possible:
            raise RuntimeError("upsample_nearest2d_backward does not have a deterministic implementation")
        yield

    monkeypatch.setattr(timing, "steady", steady)
    monkeypatch.setattr(timing, "_seconds", lambda base, work: timed.append(exact[-1]) or 1.0)
    recipe = replace(from_preset("quick", "text", True), batch_size=1)
    speed = timing.calibrate(load_base("starter-text"), recipe, timing.Batch(1, length=4))
    assert timed == [possible] * 4 and speed.step == 1.0


@pytest.mark.parametrize("kind", ["image", "text"])
@pytest.mark.parametrize("changes", [{"epochs": 1.5, "accumulate": 3}, {"epochs": 1.0}])
def test_as_many_updates_are_forecast_as_the_training_makes(kind, changes, tmp_path):
    data = data_of(kind)
    recipe = replace(from_preset("quick", kind, True), batch_size=8, held_out=0.2, preview_every=0, **changes)
    expected = forecast(f"starter-{kind}", recipe, device=CPU, data=data).steps
    events = []
    train(
        load_base(f"starter-{kind}"), data, recipe, tmp_path / "out", on_event=events.append,
        should_stop=lambda: any(event["event"] == "step" for event in events),
    )  # fmt: skip
    told = next(event for event in events if event["event"] == "step")
    assert expected == told["total"] < recipe.steps


def test_the_time_counts_every_batch_of_an_update_and_the_pictures_of_the_class():
    recipe = from_preset("quick", "text", True).to_dict() | {"batch_size": 2, "preview_every": 0}
    spec = {"base": "starter-text", "recipe": recipe | {"accumulate": 4}, "texts": str(SAMPLE_VOICE)}
    base = load_base("starter-text")
    *_, four = look_ahead(spec, lambda: base)
    assert four["seconds"] > 4 * four["steps"] * four["step_seconds"]
    *_, epochs = look_ahead(spec | {"recipe": spec["recipe"] | {"epochs": 2.0}}, lambda: base)
    assert epochs["steps"] < four["steps"] and epochs["seconds"] < four["seconds"]


def test_blocks_that_wait_in_the_host_leave_room_on_a_gpu_and_gradients_that_wait_take_some():
    cuda, recipe = torch.device("cuda"), from_preset("quick", "image", True)
    here, away = (forecast("starter-image", recipe, device=cuda, offload=where) for where in (False, True))
    assert away.parts["weights"] < 0.6 * here.parts["weights"] and away.host == here.host > 0
    assert away.peak < here.peak
    several = forecast("starter-image", replace(recipe, accumulate=2), device=cuda)
    assert several.peak - here.peak == here.parts["gradients"]
    smallest = replace(recipe, gradient_checkpointing=True, batch_size=1, accumulate=recipe.batch_size)
    least = forecast("starter-image", smallest, device=cuda, quantize="nf4").peak
    (way,) = forecast("starter-image", recipe, device=cuda, capacity=least).ways
    assert way.offload and way.quantize == "nf4" and way.peak < least
    assert way.changes["batch_size"] * way.changes["accumulate"] == recipe.batch_size, "the same update"
