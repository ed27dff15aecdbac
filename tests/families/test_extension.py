"""A new family is one file and one row: everything else in the studio works with it, unchanged."""

import numpy as np
import pytest
import torch
from PIL import Image

import lorakit
from lorakit import formats
from lorakit.data.texts.sets import TextSample, TextSet
from lorakit.errors import AdapterError
from lorakit.families import load_base, row_of, table
from lorakit.generation.copy.writing import Brief, write_copy
from lorakit.generation.pictures.results import image_path
from lorakit.store.store import Store
from lorakit.training.forecast.ahead import look_ahead
from lorakit.training.presets import presets_for
from lorakit.ui.parts import acting, bases, mixing, shelf
from tests.families import made_up_image, made_up_text

CPU = torch.device("cpu")
RECIPE = {
    "steps": 3, "rank": 2, "alpha": 2.0, "learning_rate": 0.02, "batch_size": 2, "preview_every": 2,
    "warmup": 0.0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def registered():
    """The two rows, for a test."""
    rows = (made_up_image.ROW, made_up_text.ROW)
    for row in rows:
        table.register(row)
    yield
    for row in rows:
        del table.ROWS[row.name]


@pytest.fixture
def photos(tmp_path):
    folder, random = tmp_path / "photos", np.random.default_rng(0)
    folder.mkdir()
    for number in range(3):
        pixels = random.integers(0, 255, (96, 96, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text("a red bottle on the table")
    return lorakit.PhotoSet.from_folder(folder, "red bottle")


def texts():
    things = ("mug", "lamp", "chair", "soap", "pan")
    return TextSet([TextSample(f"write {thing}", f"look: a {thing}.", thing) for thing in things])


def kept(base, data, name, **changes):
    """An adapter trained in the store."""
    out = Store().folder / name
    result = lorakit.train(base, data, lorakit.Recipe(**(RECIPE | changes)), out, name=name)
    assert result.steps == 3 and np.isfinite(result.final_loss)
    return Store().get(name)


def test_a_family_of_image_bases_is_one_file_and_one_row(photos, tmp_path):
    source = made_up_image.write(tmp_path / "waves")
    assert row_of(source) is made_up_image.ROW is row_of("somebody/waves-1")
    base = load_base(source, device="cpu")
    entry, other = (kept(base, photos, name, seed=seed) for seed, name in enumerate(("wave-a", "wave-b")))

    spec = {"base": source, "recipe": RECIPE, "photos": str(tmp_path / "photos")}
    memory, times = look_ahead(spec, lambda: base)
    assert memory["trained"] == entry.card["scores"]["trained_parameters"] and memory["steps"] == 3
    assert times["seconds"] > 0
    file = entry.size_bytes
    assert abs(memory["file"] - file) < 4000, "but for the card"

    assert (entry.family, entry.kind, entry.rank) == ("waves", "image", 2) and len(entry.card["scores"]) > 5
    found = formats.inspect(Store().folder / "wave-a")
    assert (found.family, found.dialect, found.base) == ("waves", "diffusers", "Waves")
    adapter, second = lorakit.load_adapter(Store().folder / "wave-a"), Store().load("wave-b")
    assert set(adapter.modules) == {f"transformer.{name}" for name in base.kind.targets(base)}

    mix = {adapter: lorakit_strength(waves=0.5), second: 0.25}
    assert lorakit.stack_report(mix, base.model).layers
    half, both = (lorakit.deltas(one, base.model) for one in (adapter, lorakit.combine(mix, rank=4)))
    other_deltas = lorakit.deltas(second, base.model)
    for name, delta in both.items():
        torch.testing.assert_close(delta, half[name] / 2 + other_deltas[name] / 4, atol=1e-5, rtol=1e-4)
    bare, mixed = (pictures_of(base, one, tmp_path / str(i)) for i, one in enumerate(({}, mix)))
    assert bare.shape == mixed.shape == (64, 64, 3) and (bare != mixed).any()

    assert ("Waves 1 (Waves Licence)", "somebody/waves-1") in bases.offered("image")
    assert "Waves" in shelf.details(entry) and "supported" not in shelf.details(entry)
    assert "All waves (waves)" in acting.panel(entry, {"weight": 1.0})
    assert acting.stated({"weight": 1.0, "waves": 0.5}) == {"weight": 1.0, "blocks": {"waves": 0.5}}
    assert entry.name in mixing.table(["wave-a", other.slug], {})
    assert next(preset.id for preset in presets_for("image", "somebody/waves-1")) == "waves"
    with pytest.raises(AdapterError, match=r"wave-a was made for Waves, not SDXL"):
        Store().check_base(entry, "sdxl")


def test_a_family_of_text_bases_is_one_file_and_one_row(tmp_path):
    source = made_up_text.write(tmp_path / "murmur")
    assert row_of(source) is made_up_text.ROW is row_of("somebody/murmur-1")
    base = load_base(source, device="cpu")
    entry = kept(base, texts(), "murmur-a", packing=True)

    memory, times = look_ahead({"base": source, "recipe": RECIPE}, lambda: base)
    assert memory["trained"] == entry.card["scores"]["trained_parameters"] and times["seconds"] > 0

    assert (entry.family, entry.kind) == ("murmurs", "voice")
    found = formats.inspect(Store().folder / "murmur-a")
    assert (found.family, found.dialect, found.base) == ("murmurs", "peft", "a Murmurs")
    adapter = Store().load("murmur-a")
    assert set(adapter.modules) == set(base.kind.targets(base)) == set(lorakit.deltas(adapter, base.model))
    small = lorakit.combine({adapter: 1.0}, rank=1)
    assert small.rank == 1 and small.family == "murmurs"

    brief = Brief("mug")
    bare, mixed = (write_copy(base, mix, brief, variants=2, seed=1) for mix in ({}, {adapter: 2.0}))
    assert all(copy.text for copy in (*bare, *mixed))
    assert [copy.text for copy in bare] != [copy.text for copy in mixed]

    assert any(id == "somebody/murmur-1" for _, id in bases.offered("text"))
    assert "Murmurs" in shelf.details(entry) and "supported" not in shelf.details(entry)
    assert 'data-set="layers"' in acting.panel(entry, {"weight": 1.0})
    with pytest.raises(AdapterError, match="writes text"):
        lorakit.Campaign(base, {adapter: 1.0}, ["snow"], ["1:1"], [1], tmp_path / "out")


def lorakit_strength(**blocks):
    from lorakit.lora.strength import Strength

    return Strength(1.0, blocks)


def pictures_of(base, mix, out) -> np.ndarray:
    (entry,) = lorakit.Campaign(base, mix, ["on a table"], ["64x64"], [1], out).run()
    assert "error" not in entry, entry
    return np.asarray(Image.open(image_path(out, entry)).convert("RGB"))


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(ValueError, match="flux: there is a family of this name already"):
        table.register(table.FLUX1)
    with pytest.raises(ValueError, match="waves: there is a family"):
        table.register(made_up_image.ROW)
