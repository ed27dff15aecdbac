"""Every family trains from photos or texts to a folder that opens again and has its effect."""

import numpy as np
import pytest
import torch
from PIL import Image

import lorakit
from lorakit.data.texts.sets import TextSample, TextSet
from lorakit.families import family_of, load_base
from tests.families import tiny_bases
from tests.families.tiny_language import LANGUAGE_MODELS, language_base

RECIPE = {
    "steps": 3, "rank": 2, "alpha": 2.0, "learning_rate": 0.02, "batch_size": 2, "preview_every": 0,
    "caption_dropout": 0.3, "warmup": 0.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for i, size in enumerate(((96, 96), (96, 96), (160, 96))):
        pixels = random.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
        (folder / f"{i}.txt").write_text("a red bottle on the table")
    return lorakit.PhotoSet.from_folder(folder, "red bottle")


def texts():
    things = ("mug", "lamp", "chair", "soap", "pan")
    return TextSet([TextSample(f"write {thing}", f"look: a {thing}.", thing) for thing in things])


def trained(base, data, out, **changes):
    before = {name: value.clone() for name, value in base.model.state_dict().items()}
    result = lorakit.train(base, data, lorakit.Recipe(**(RECIPE | changes)), out=out)
    after = base.model.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert result.steps == 3 and np.isfinite(result.final_loss)
    return result


def effect(base, adapter) -> float:
    family = family_of(base)
    conditioning = family.encode_prompts(base, ["a red bottle"])
    latents = torch.randn(1, 16 if base.family == "flux2" else 4, 8, 8)
    t = torch.tensor([0.5]) if family.objective(base).signal is None else torch.tensor([500])
    with torch.no_grad():
        plain = family.predict(base, latents, t, conditioning)
        with lorakit.applied(base.model, {adapter: 1.0}):
            return float((family.predict(base, latents, t, conditioning) - plain).abs().max())


@pytest.mark.parametrize("kind", tiny_bases.BUILDERS)
def test_photos_train_every_kind_of_image_base(kind, photos, tmp_path):
    base = load_base(tiny_bases.write(tmp_path / kind, tiny_bases.BUILDERS[kind]()), device="cpu")
    result = trained(base, photos, tmp_path / "out")
    adapter = lorakit.load_adapter(tmp_path / "out")
    component = family_of(base).component
    assert adapter.family == base.family
    assert set(adapter.modules) == {f"{component}.{path}" for path in family_of(base).targets(base)}
    assert result.adapter.card.family == base.family and (tmp_path / "out" / "previews" / "00.png").is_file()
    assert effect(base, adapter) > 1e-4


def test_convolutions_of_stable_diffusion_learn_when_asked(photos, tmp_path):
    base = load_base(tiny_bases.write(tmp_path / "sd15", tiny_bases.sd15()), device="cpu")
    trained(base, photos, tmp_path / "out", convolutions=True)
    adapter = lorakit.load_adapter(tmp_path / "out")
    moved = [
        name for name, factors in adapter.modules.items() if "conv" in name and factors.up.abs().max() > 0
    ]
    assert moved and effect(base, adapter) > 1e-4


@pytest.mark.parametrize("kind", LANGUAGE_MODELS)
def test_texts_train_every_kind_of_language_model(kind, tmp_path):
    base = language_base(kind, tmp_path)
    trained(base, texts(), tmp_path / "out", caption_dropout=0.0)
    adapter = lorakit.load_adapter(tmp_path / "out")
    tokens = torch.randint(4, 100, (1, 6))
    with torch.no_grad():
        plain = family_of(base).predict(base, tokens, torch.ones_like(tokens))
        with lorakit.applied(base.model, {adapter: 1.0}):
            changed = family_of(base).predict(base, tokens, torch.ones_like(tokens))
    assert adapter.family == "llm" and (changed - plain).abs().max() > 1e-4


def test_an_adapter_of_the_full_base_is_rendered_on_the_distilled_one_whose_training_warns(photos, tmp_path):
    full, distilled = (
        load_base(
            tiny_bases.write(tmp_path / name, tiny_bases.klein(name == "FLUX.2-klein-4B")), device="cpu"
        )
        for name in ("FLUX.2-klein-base-4B", "FLUX.2-klein-4B")
    )
    trained(full, photos, tmp_path / "out")
    adapter = lorakit.load_adapter(tmp_path / "out")
    assert effect(distilled, adapter) > 1e-4
    events = []
    recipe = lorakit.Recipe(**(RECIPE | {"steps": 1}))
    lorakit.train(distilled, photos, recipe, out=tmp_path / "poor", on_event=events.append)
    notes = [event["text"] for event in events if event["event"] == "note"]
    assert any("Train on FLUX.2-klein-base-4B" in note for note in notes)
