"""Campaigns that show the real product: its pixels in scenes that are drawn empty."""

import numpy as np
import pytest
from PIL import Image

import lorakit
from lorakit import durable
from lorakit.errors import DataError, RecipeError
from lorakit.generation.pictures.provenance import COMPOSITE_TYPE, read_provenance
from lorakit.generation.pictures.showing import EMPTY, products, read_cutouts, stage_of
from lorakit.lora.adapter import Adapter, Card, Factors
from tests.families.tiny_bases import flux1, write


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return lorakit.load_base(write(tmp_path_factory.mktemp("base") / "tiny", flux1()), device="cpu")


@pytest.fixture
def product(tmp_path):
    values = np.zeros((90, 60, 4), np.uint8)
    values[5:-5, 5:-5] = (200, 40, 30, 255)
    Image.fromarray(values, "RGBA").save(tmp_path / "can.png")
    return tmp_path / "can.png"


def campaign(base, out, **more):
    return lorakit.Campaign(base, {}, ["on a table"], ["64x64", "64x128"], [1], out, steps=1, **more)


def test_the_products_own_colour_is_in_every_image_and_the_record_says_so(base, product, tmp_path):
    shown = campaign(base, tmp_path / "c", show="exact", product=[product], match_light=False)
    entries = shown.run()
    assert len(entries) == 2
    for entry in entries:
        path = tmp_path / "c" / entry["path"]
        pixels = np.asarray(Image.open(path))
        assert ((pixels == (200, 40, 30)).all(-1)).mean() > 0.1
        made = read_provenance(path)
        assert made.source_type == COMPOSITE_TYPE and made.product["cut"] == entry["cut"]
        assert made.prompt == f"{EMPTY} on a table"
        assert COMPOSITE_TYPE.encode() in path.read_bytes()
    plan = durable.read_json(tmp_path / "c" / "plan.json")
    assert plan["shows"] == ["exact"] and (tmp_path / "c" / plan["product"][0]["file"]).is_file()


def test_moving_it_in_one_format_makes_that_format_anew(base, product, tmp_path):
    first = campaign(base, tmp_path / "c", show="exact", product=[product])
    moved = campaign(
        base, tmp_path / "c", show="exact", product=[product], placement={"64x128": {"foot": 0.5}}
    )
    before, after = ({shot.format: shot.id for shot in each.plan} for each in (first, moved))
    assert before["64x64"] == after["64x64"] and before["64x128"] != after["64x128"]


def test_free_and_exact_stand_side_by_side(base, product, tmp_path):
    both = campaign(base, tmp_path / "c", show=["free", "exact"], product=[product])
    assert [bool(shot.cut) for shot in both.plan] == [False, True, False, True]
    assert len(both.run()) == 4


def test_a_free_campaign_has_the_shots_it_always_had(base, tmp_path):
    assert [shot.id for shot in campaign(base, tmp_path / "a").plan] == [
        shot.id for shot in campaign(base, tmp_path / "b", show="free", placement="hero").plan
    ]


def test_several_cut_outs_take_turns_by_seed(base, product, tmp_path):
    other = Image.new("RGBA", (40, 40), (0, 0, 255, 255))
    other.putpixel((0, 0), (0, 0, 0, 0))
    shown = lorakit.Campaign(
        base, {}, ["on a table"], ["64x64"], range(4), tmp_path / "c", show="exact", product=[product, other]
    )
    cuts = [shot.cut for shot in shown.plan]
    assert cuts[0] == cuts[2] != cuts[1] == cuts[3]


def test_what_cannot_be_shown_is_refused_before_anything_is_drawn(base, product, tmp_path):
    with pytest.raises(DataError, match="exact needs a photo or a cut-out"):
        campaign(base, tmp_path / "c", show="exact")
    with pytest.raises(RecipeError, match="guided needs a base model that takes reference images"):
        campaign(base, tmp_path / "c", show="guided")
    with pytest.raises(RecipeError, match="show: sideways; choose free, guided or exact"):
        campaign(base, tmp_path / "c", show="sideways")
    (tmp_path / "notes.txt").write_text("no picture")
    Image.new("RGBA", (50, 50)).save(tmp_path / "nothing.png")
    with pytest.raises(DataError) as error:
        read_cutouts([tmp_path / "notes.txt", tmp_path / "nothing.png"])
    assert "notes.txt" in str(error.value) and "nothing.png: it is transparent all over" in str(error.value)
    assert not (tmp_path / "c").exists()


def adapter(**data):
    import torch

    card = Card(name="x", data=data)
    return Adapter({"transformer.x": Factors(torch.ones(1, 2), torch.ones(2, 1), 1.0)}, card)


def test_the_adapter_of_the_product_does_not_draw_it_beside_itself():
    product, style, unknown = adapter(subject="product"), adapter(subject="style"), adapter()
    assert products({style: 1.0, product: 1.0, unknown: 1.0}) == [product]
    assert products({unknown: 1.0, style: 1.0}) == [unknown]
    assert products({style: 1.0}) == []


def test_the_starter_base_has_a_stage_and_others_are_asked_in_words(base):
    assert stage_of(base).words == EMPTY and stage_of(base).adapter is None
    stage = stage_of(lorakit.load_base("starter-image"))
    assert stage.words == "empty stage" and stage.adapter is not None and stage.area == 192 * 192
