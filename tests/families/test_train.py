"""Every family trains from photos or texts to a folder that opens again and has its effect."""

import pytest
import torch

import lorakit
from lorakit.families import load_base
from tests.families import tiny_bases
from tests.families.learning import RECIPE, texts, trained
from tests.families.tiny_language import LANGUAGE_MODELS, language_base


def effect(base, adapter) -> float:
    family = base.kind
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
    component = base.kind.component
    assert adapter.family == base.family
    assert set(adapter.modules) == {f"{component}.{path}" for path in base.kind.targets(base)}
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
        plain = base.kind.predict(base, tokens, torch.ones_like(tokens))
        with lorakit.applied(base.model, {adapter: 1.0}):
            changed = base.kind.predict(base, tokens, torch.ones_like(tokens))
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
