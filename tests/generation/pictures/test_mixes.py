"""Campaigns over several mixes: side by side on the same seeds, resumable, and told apart everywhere."""

import csv
import io
import json
import zipfile

import pytest
import torch
from PIL import Image
from torch import nn

from lorakit.errors import DataError
from lorakit.generation.pictures.export import contact_sheet, grid_picture, zip_campaign
from lorakit.generation.pictures.grid import table
from lorakit.generation.pictures.labels import labels
from lorakit.generation.pictures.plan import MAX_SHOTS, plan, side_by_side
from lorakit.generation.pictures.provenance import read_provenance
from lorakit.generation.pictures.results import pictures
from lorakit.lora.merging import is_merged, unmerge
from lorakit.lora.strength import Strength


@pytest.fixture
def pair(adapter):
    """A product and a style."""
    return adapter(), adapter(name="Riso", trigger="riso print", value=0.3)


def test_each_mix_is_rendered_on_the_same_scenes_and_seeds_and_its_pictures_say_so(
    tmp_path, family, campaign, pair
):
    product, style = pair
    mixes = [{product: 0.8, style: weight} for weight in (0.0, 0.5, 1.0)]
    entries = campaign(tmp_path, mixes, formats=("1:1",)).run()
    assert len(entries) == 2 * 2 * 3
    for first in range(0, 12, 3):  # what differs in the mix alone stands together
        row = entries[first : first + 3]
        assert [entry["mix"] for entry in row] == [0, 1, 2]
        assert len({(e["scene"], e["prompt"], e["seed"]) for e in row}) == 1, "the words are the same too"
        weights = [read_provenance(tmp_path / e["path"]).adapters[1]["weight"] for e in row]
        assert weights == [0.0, 0.5, 1.0]
        assert len({Image.open(tmp_path / e["path"]).getpixel((5, 5)) for e in row}) == 3
    assert len(family.batches) == 3, "one mix after the other, each in one batch"


def test_another_mix_is_added_to_what_is_there(tmp_path, family, campaign, pair):
    product, style = pair
    campaign(tmp_path, [{product: 1.0}, {}]).run()
    family.batches.clear()
    entries = campaign(tmp_path, [{}, {style: 1.0, product: 0.5}, {product: 1.0}]).run()
    assert sum(len(seeds) for *_, seeds in family.batches) == 8, "the new mix alone"
    rows = pictures(tmp_path)
    assert len(rows) == len(entries) == 24
    assert {row["mix"] for row in rows} == {0, 1, 2}
    named = {row["mix"]: read_provenance(tmp_path / row["path"]).adapters for row in rows}
    assert [len(named[place]) for place in (0, 1, 2)] == [0, 2, 1], "places are those of the last plan"


def test_one_mix_names_the_same_pictures_as_before_it_was_compared(tmp_path, family, campaign, pair):
    product, _ = pair
    alone = {shot.id for shot in campaign(tmp_path, {product: 1.0}).plan}
    assert alone < {shot.id for shot in campaign(tmp_path, [{product: 1.0}, {product: 0.5}]).plan}


def test_the_same_mix_twice_is_one_column(tmp_path, campaign, pair):
    product, style = pair
    compared = campaign(tmp_path, [{product: 1.0, style: 0.5}, {style: 0.5, product: 1.0}])
    assert len(compared.mixes) == 1 and len(compared.plan) == 8


@pytest.mark.parametrize("count", [0, 25])
def test_a_number_of_mixes_that_cannot_be_shown_is_refused(tmp_path, campaign, pair, count):
    with pytest.raises(DataError, match="1 to 24"):
        campaign(tmp_path, [{pair[0]: 0.01 * (n + 1)} for n in range(count)])


def test_all_mixes_share_the_limit_of_a_campaign():
    with pytest.raises(DataError, match="mixes"):
        plan(["snow"], ["1:1"], range(MAX_SHOTS // 2 + 1), mixes=2)


def test_a_row_has_one_name_whatever_the_triggers_of_its_mixes():
    plans = [
        plan(["{product} by a pool"], ["1:1"], [1], word, mix=n) for n, word in enumerate(("cup", "jar"))
    ]
    shots = side_by_side(plans)
    assert [shot.prompt for shot in shots] == ["cup by a pool", "jar by a pool"]
    assert {shot.scene for shot in shots} == {"cup by a pool"}


def test_a_mix_is_called_by_what_differs():
    assert labels([{"bottle": 0.9, "riso": 0.0}, {"bottle": 0.9, "riso": 0.5}]) == ["riso 0", "riso 0.5"]
    assert labels([{"bottle": 1, "riso": 1}, {"bottle": 1}]) == ["riso 1", "without riso"]
    assert labels([{"bottle": 0, "riso": 0}, {}, {"bottle": 1}])[:2] == ["base model only", "base model only"]
    assert labels([{"bottle": 1, "riso": 0.25}]) == ["bottle 1 + riso 0.25"]
    late = {"weight": 0.6, "start": 0.4, "end": 1.0}
    assert labels([{"riso": 0.6}, {"riso": late}]) == ["riso 0.6", "riso 0.6 (from 40% to 100%)"]
    assert labels([{"riso": late | {"weight": 0}}, {"riso": None}]) == ["base model only", "base model only"]


def test_the_table_has_a_column_for_each_mix_and_gaps_for_what_is_missing(tmp_path, family, campaign, pair):
    product, _ = pair
    entries = campaign(tmp_path, [{}, {product: 1.0}], formats=("1:1", "9:16"), seeds=(3,)).run()
    (tmp_path / entries[0]["path"]).unlink()
    found = table(tmp_path)
    assert found.columns == ("base model only", "Aurora bottle 1")
    assert [(row.label, row.detail) for row in found.rows][:2] == [
        ("Snow", "Instagram post"), ("Snow", "Instagram story"),
    ]  # fmt: skip
    assert found.rows[0].cells[0] is None and found.rows[0].cells[1]["id"] == entries[1]["id"]
    picture = grid_picture(tmp_path, tmp_path / "grid.png")
    with Image.open(picture) as image:
        assert image.width > 300 and image.height > 4 * 100


def test_zip_table_and_sheet_know_the_mixes(tmp_path, family, campaign, pair):
    product, style = pair
    folder = tmp_path / "c"
    campaign(folder, [{product: 1.0, style: 0.0}, {product: 1.0, style: 0.7}], seeds=(1,)).run()
    with zipfile.ZipFile(zip_campaign(folder, tmp_path / "c.zip")) as archive:
        names = archive.namelist()
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode("utf-8-sig"))))
        Image.open(io.BytesIO(archive.read("grid.png"))).verify()
    assert {row["mix"] for row in rows} == {"Riso 0", "Riso 0.7"}
    assert all(f"Riso {row['mix'].split()[1]} (" in row["adapters"] for row in rows)
    assert {name.split("/")[1] for name in names if name.count("/") == 2} == {"1-riso-0", "2-riso-0-7"}
    contact_sheet(folder, tmp_path / "sheet.png")
    assert json.loads((folder / "plan.json").read_text())["mixes"][1][1]["weight"] == 0.7


def test_when_and_where_an_adapter_acts_is_kept_with_every_picture(tmp_path, campaign, pair):
    product, style = pair
    late = Strength(0.6, {"single": 0.2}, start=0.4)
    style.modules["single_transformer_blocks.0"] = style.modules["layer"]
    style.card.partial = True
    mixes = [{product: 1.0, style: 0.6}, {product: 1.0, style: late}]
    with pytest.warns(UserWarning, match="single_transformer_blocks"):
        entries = campaign(tmp_path, mixes, formats=("1:1",), seeds=(1,)).run()
    stated = {"blocks": {"single": 0.2}, "start": 0.4, "end": 1.0}
    records = [read_provenance(tmp_path / entry["path"]).adapters[1] for entry in entries[:2]]
    assert [{k: v for k, v in row.items() if k in stated} for row in records] == [{}, stated]
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan["mixes"][1][1] == records[1]
    assert table(tmp_path).columns == ("Riso 0.6", f"Riso {late}")
    again = campaign(tmp_path, {product: 1, style: Strength.from_dict({"weight": 0.6, "end": 1})}).plan
    assert {entries[0]["id"]} < {shot.id for shot in again}, "the same mix however it is written"


class Pipeline:
    def __init__(self, denoiser):
        self.transformer, self.text_encoder = denoiser, nn.Module()
        self.text_encoder.words = nn.Linear(4, 4, bias=False)


def test_an_adapter_that_reaches_the_text_encoder_is_on_it_while_the_words_are_read(
    tmp_path, family, campaign, base_of, adapter, monkeypatch
):
    base = base_of()
    base.pipeline = Pipeline(base.model)
    writer = adapter()
    writer.modules["text_encoder.words"] = writer.modules["layer"]
    live, bare = [], base.pipeline.text_encoder.words
    original = family.encode_prompts

    def encode(base, prompts):
        live.append(base.pipeline.text_encoder.words is not bare)
        return original(base, prompts)

    monkeypatch.setattr(family, "encode_prompts", encode)
    campaign(tmp_path, [{}, {writer: 1.0}], base=base, seeds=(1,), formats=("1:1",)).run()
    # For the bare base and for the mix: the negative prompt once, then both scenes.
    assert live == [False] * 3 + [True] * 3
    assert base.pipeline.text_encoder.words is bare


def test_an_adapter_of_text_encoders_alone_is_on_them_and_leaves_the_denoiser_bare(
    tmp_path, family, campaign, base_of, adapter
):
    base = base_of()
    base.pipeline = Pipeline(base.model)
    writer = adapter()
    writer.modules = {"text_encoder.words": writer.modules["layer"]}
    live = []
    family.fail = lambda rows, seeds: live.append(base.model.layer)
    made = campaign(tmp_path, [{writer: 1.0}, {writer: 1.0, adapter("Mug", "mug"): 0.5}], base=base)
    assert all("error" not in entry for entry in made.run())
    bare = base.model.layer
    assert {layer is bare for layer in live} == {True, False}, (
        "bare for the first mix, with the mug for the other"
    )


def test_text_encoders_are_where_they_will_work_before_a_mix_is_put_on_them(
    tmp_path, family, campaign, base_of, adapter
):
    """The meta device stands in for a GPU; the encoders wait on the CPU until a scene is read."""
    base = base_of()
    base.pipeline, base.device = Pipeline(base.model), torch.device("meta")
    writer = adapter()
    writer.modules["text_encoder.words"] = writer.modules["layer"]
    made = campaign(tmp_path, {writer: 1.0}, base=base)
    for _ in range(2):
        with made.request().mixed_words(0) as pipeline:
            assert pipeline.text_encoder.words(torch.empty(1, 4, device="meta")).device.type == "meta"


def test_a_long_run_folds_each_mix_in_and_leaves_the_base_as_it_was(
    tmp_path, family, campaign, base_of, pair
):
    base, (product, style) = base_of(), pair
    weight = base.model.layer.weight.clone()
    mixes = [{product: 1.0}, {}, {product: 1.0, style: 0.5}]
    folded, lent = [], []
    family.fail = lambda rows, seeds: folded.append(is_merged(base.model))

    def borrow():
        lent.append(is_merged(base.model))
        unmerge(base.model)

    campaign(tmp_path / "long", mixes, seeds=range(4), base=base).run(between=borrow)
    assert folded == [True, True, False, False, True, True], (
        "two sizes each; nothing to fold for the bare base"
    )
    assert lent == folded, "and it was folded in again after the base was lent"
    assert not is_merged(base.model) and torch.equal(base.model.layer.weight, weight)
    family.fail = lambda rows, seeds: None
    for number, mix in enumerate(mixes):
        for seed in (0, 3):  # one by one they are too few to fold
            short = tmp_path / f"short-{number}-{seed}"
            for entry in campaign(short, mix, seeds=(seed,), base=base).run():
                long = next((tmp_path / "long/images").glob(f"*{entry['id'][:8]}*"))
                assert Image.open(long).tobytes() == Image.open(short / entry["path"]).tobytes()


def test_a_stopped_long_run_leaves_the_bare_base(tmp_path, family, campaign, base_of, pair):
    base = base_of()
    weight = base.model.layer.weight.clone()
    calls = iter(range(1000))
    campaign(tmp_path, {pair[0]: 1.0}, seeds=range(8), base=base).run(should_stop=lambda: next(calls) > 6)
    assert not is_merged(base.model) and torch.equal(base.model.layer.weight, weight)


def test_what_cannot_be_folded_in_runs_live(tmp_path, family, campaign, base_of, pair, monkeypatch):
    base, live = base_of(), []
    before = base.model.layer
    monkeypatch.setattr("lorakit.generation.pictures.folding.free_bytes", lambda: 10)
    family.fail = lambda rows, seeds: live.append(base.model.layer is not before)
    campaign(tmp_path, {pair[0]: 1.0}, seeds=range(8), base=base).run()
    assert live and all(live)
