"""The Adapters tab: adding, opening, renaming, trashing and bringing back."""

import zipfile

import gradio as gr
import pytest
import torch
from safetensors.torch import save_file

import lorakit
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.store.store import Store
from lorakit.ui.pages import adapters
from lorakit.ui.parts import adapter_view, tuning


@pytest.fixture(scope="module")
def tab():
    """The tab as the app builds it."""
    with gr.Blocks():
        return adapters.build()


@pytest.fixture
def weights(tmp_path):
    name = "transformer.single_transformer_blocks.0.attn.to_q"
    card = Card(
        name="Aurora", trigger="aurora bottle", base="starter-image", family="flux", rank=2, alpha=2.0
    )
    factors = Factors(torch.randn(2, 64), torch.randn(64, 2), 2.0)
    return lorakit.save_adapter(Adapter({name: factors}, card), tmp_path / "made")


def test_a_file_is_added_opened_renamed_trashed_and_restored(weights, tab):
    message, view = tab.outcome.message, tab.view
    said = tab.add_files([str(weights)], "", "Spring <b>")[message]
    assert "was added" in said and "Spring <b>" not in said
    (entry,) = Store().list()
    shown = view.open_one(entry.slug)
    details = shown[view.details]
    assert shown[view.partial] is False and shown[view.make]["visible"] and not shown[view.write]["visible"]
    assert "1 layer, using " in details and details.count("<i style") == 2
    assert shown[view.panel]["visible"] and shown[view.new_name] == "Spring <b>" and "<b>2</b>" in details
    assert "Renamed to Autumn" in tab.rename_one(entry.slug, "Autumn")[message]
    done = tab.trash_one("autumn")
    assert "trash" in done[message] and done[tab.outcome.undo]["visible"]
    assert done[tab.outcome.trashed] == "autumn"
    assert Store().list() == []
    (away,) = Store().trashed()
    assert "was restored" in tab.restore_one(away)[message]
    assert [entry.name for entry in Store().list()] == ["Autumn"]


def test_a_file_that_is_no_adapter_is_refused_by_name(tmp_path, tab):
    (tmp_path / "weights.safetensors").write_bytes(b"PK\x03\x04 not what it says")
    said = tab.add_files([str(tmp_path / "weights.safetensors")], "", "")[tab.outcome.message]
    assert "Can&#39;t add" in said and "weights.safetensors" in said
    assert Store().list() == []


@pytest.mark.battery(113, "an adapter of a look-alike base, allowed in part on the page")
def test_an_adapter_is_used_in_part_once_its_owner_says_so(weights, tab):
    tab.add_files([str(weights)], "", "Riso")
    model = torch.nn.Module()
    model.single_transformer_blocks = torch.nn.ModuleList([torch.nn.Module()])
    model.single_transformer_blocks[0].attn = torch.nn.ModuleDict({"to_q": torch.nn.Linear(64, 64)})
    added = Store().load("riso")
    missing = "transformer.single_transformer_blocks.37.attn.to_q"
    added.modules[missing] = next(iter(added.modules.values()))
    lorakit.save_adapter(added, Store().folder / "riso")
    with pytest.raises(lorakit.AdapterError, match="“Use in part” on the Adapters tab"):
        lorakit.deltas(Store().load("riso"), model)
    assert "has only some of its layers" in tab.use_in_part("riso", True)[tab.outcome.message]
    assert tab.view.open_one("riso")[tab.view.partial] is True
    assert len(lorakit.deltas(Store().load("riso"), model)) == 1
    told = tab.use_in_part("riso", False)[tab.outcome.message]
    assert "only where all of its layers fit" in told
    with pytest.raises(lorakit.AdapterError, match="1 of its 2"):
        lorakit.deltas(Store().load("riso"), model)


def test_an_adapter_for_a_base_without_a_place_here_is_refused_by_name(tmp_path, tab):
    name = "transformer.transformer_blocks.59.attn.to_q"
    tensors = {f"{name}.lora_A.weight": torch.ones(2, 3072), f"{name}.lora_B.weight": torch.ones(3072, 2)}
    save_file(tensors, tmp_path / "qwen.safetensors")
    said = tab.add_files([str(tmp_path / "qwen.safetensors")], "", "")[tab.outcome.message]
    assert "made for Qwen-Image" in said and Store().list() == []


@pytest.mark.parametrize(
    ("name", "words"), [("a.gguf", "GGUF"), ("a.onnx", "ONNX"), ("a.7z", "archive"), ("a.zip", "not a ZIP")]
)
def test_a_file_of_another_format_is_called_by_its_name(name, words, tmp_path, tab):
    (tmp_path / name).write_bytes(b"x" * 64)
    said = tab.add_files([str(tmp_path / name)], "", "")[tab.outcome.message]
    assert words in said


def test_an_adapter_that_is_gone_closes_its_panel(tab):
    assert tab.view.open_one("never-there")[tab.view.panel] == gr.update(visible=False)


def test_the_download_is_a_zip_of_the_folder(weights, tab):
    tab.add_files([str(weights)], "", "")
    (entry,) = Store().list()
    assert adapter_view.make_download(entry.slug, "")["value"].endswith("aurora.zip")
    with zipfile.ZipFile(adapter_view.make_download(entry.slug, "kohya")["value"]) as archive:
        assert any(name.endswith("lora.safetensors") for name in archive.namelist())


def test_an_empty_store_says_what_to_do(tab):
    assert "Train one" in tab.refresh()[tab.cards]


@pytest.mark.parametrize("typed", ["/etc", "../x/y", "owner", "a/b/c", "https://huggingface.co/a/b"])
def test_a_hub_id_is_never_a_path(typed, tab):
    assert "t a Hugging Face ID" in tab.add_files(None, typed, "")[tab.outcome.message]


def test_what_was_added_is_opened_and_the_form_emptied_for_the_next(weights, tab):
    form = tab.form
    done = tab.add_files([str(weights)], "", "Autumn")
    assert done[tab.added] == "autumn" and [done[part] for part in form.inputs] == [None, "", ""]
    done = tab.add_files(None, "no id", "Autumn")
    assert done[tab.added] == "" and not set(form.inputs) & set(done), "a refused form is left as it was"


def test_what_is_open_stays_open_until_it_no_longer_exists(weights, tab):
    tab.add_files([str(weights)], "", "Autumn")
    assert "value" not in tab.refresh(opened="autumn")[tab.choose]
    assert "value" not in tab.refresh()[tab.choose], "an answer that comes late closes nothing"
    tab.rename_one("autumn", "Winter")
    assert tab.refresh(opened="autumn")[tab.choose]["value"] is None


def test_the_trash_is_shown_when_something_is_in_it(weights, tab):
    tab.add_files([str(weights)], "", "Autumn")
    assert tab.refresh()[tab.bin.view] == gr.update(visible=False)
    tab.trash_one("autumn")
    assert tab.refresh()[tab.bin.view] == gr.update(visible=True)


def test_a_lokr_says_what_it_is_and_offers_no_shrinking(tmp_path, tab):
    """Its rank is not how many directions it has, so a plain LoRA of fewer would not be smaller."""
    key = "lora_unet_double_blocks_0_img_attn_proj"
    tensors = {f"{key}.lokr_w1": torch.randn(4, 4), f"{key}.lokr_w2_a": torch.randn(16, 2),
               f"{key}.lokr_w2_b": torch.randn(2, 16), f"{key}.alpha": torch.tensor(2.0)}  # fmt: skip
    save_file(tensors, tmp_path / "poster.safetensors")
    tab.add_files([str(tmp_path / "poster.safetensors")], "", "")
    details = tab.view.open_one("poster")[tab.view.details]
    for words in (
        "LyCORIS (LoKr)",
        "FLUX.1",
        "<b>2</b>",
        "none stated",
        "1 attention layer.",
        "of 8 possible ranks",
    ):
        assert words in details
    assert tuning.advice(Store().get("poster")) == "" and tuning.rank_limits("poster") is None
