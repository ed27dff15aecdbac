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
from lorakit.ui.parts import tuning


@pytest.fixture
def weights(tmp_path):
    name = "transformer.single_transformer_blocks.0.attn.to_q"
    card = Card(
        name="Aurora", trigger="aurora bottle", base="starter-image", family="flux", rank=2, alpha=2.0
    )
    factors = Factors(torch.randn(2, 64), torch.randn(64, 2), 2.0)
    return lorakit.save_adapter(Adapter({name: factors}, card), tmp_path / "made")


def test_a_file_is_added_opened_renamed_trashed_and_restored(weights):
    said, *_ = adapters.add_files([str(weights)], "", "Spring <b>")
    assert "is in the store" in said and "Spring <b>" not in said
    (entry,) = Store().list()
    shown, _, details, name, _, _, partial = adapters.open_one(entry.slug)
    assert partial is False
    assert "1 layer, using " in details and details.count("<i style") == 2
    assert shown["visible"] and name == "Spring <b>" and "<b>2</b>" in details
    assert "now called Autumn" in adapters.rename_one(entry.slug, "Autumn")[0]
    said, undo, back = adapters.trash_one("autumn")
    assert "trash" in said and undo["visible"] and back == "autumn"
    assert Store().list() == []
    (away,) = Store().trashed()
    assert "is back" in adapters.restore_one(away)[0]
    assert [entry.name for entry in Store().list()] == ["Autumn"]


def test_a_file_that_is_no_adapter_is_refused_by_name(tmp_path):
    (tmp_path / "weights.safetensors").write_bytes(b"PK\x03\x04 not what it says")
    said, *_ = adapters.add_files([str(tmp_path / "weights.safetensors")], "", "")
    assert "cannot be added" in said and "weights.safetensors" in said
    assert Store().list() == []


@pytest.mark.battery(113, "an adapter of a look-alike base, allowed in part on the page")
def test_an_adapter_is_used_in_part_once_its_owner_says_so(weights):
    adapters.add_files([str(weights)], "", "Riso")
    model = torch.nn.Module()
    model.single_transformer_blocks = torch.nn.ModuleList([torch.nn.Module()])
    model.single_transformer_blocks[0].attn = torch.nn.ModuleDict({"to_q": torch.nn.Linear(64, 64)})
    added = Store().load("riso")
    missing = "transformer.single_transformer_blocks.37.attn.to_q"
    added.modules[missing] = next(iter(added.modules.values()))
    lorakit.save_adapter(added, Store().folder / "riso")
    with pytest.raises(lorakit.AdapterError, match="“Use in part” on the Adapters tab"):
        lorakit.deltas(Store().load("riso"), model)
    assert "has only some of its layers" in adapters.use_in_part("riso", True)[0]
    assert adapters.open_one("riso")[-1] is True
    assert len(lorakit.deltas(Store().load("riso"), model)) == 1
    assert "used whole only" in adapters.use_in_part("riso", False)[0]
    with pytest.raises(lorakit.AdapterError, match="1 of its 2"):
        lorakit.deltas(Store().load("riso"), model)


def test_an_adapter_for_a_base_without_a_place_here_is_refused_by_name(tmp_path):
    name = "transformer.transformer_blocks.59.attn.to_q"
    tensors = {f"{name}.lora_A.weight": torch.ones(2, 3072), f"{name}.lora_B.weight": torch.ones(3072, 2)}
    save_file(tensors, tmp_path / "qwen.safetensors")
    said, *_ = adapters.add_files([str(tmp_path / "qwen.safetensors")], "", "")
    assert "made for Qwen-Image" in said and Store().list() == []


@pytest.mark.parametrize(
    ("name", "words"), [("a.gguf", "GGUF"), ("a.onnx", "ONNX"), ("a.7z", "archive"), ("a.zip", "not a ZIP")]
)
def test_a_file_of_another_format_is_called_by_its_name(name, words, tmp_path):
    (tmp_path / name).write_bytes(b"x" * 64)
    said, *_ = adapters.add_files([str(tmp_path / name)], "", "")
    assert words in said


def test_an_adapter_that_is_gone_closes_its_panel():
    assert adapters.open_one("never-there")[0] == gr.update(visible=False)


def test_the_download_is_a_zip_of_the_folder(weights):
    adapters.add_files([str(weights)], "", "")
    (entry,) = Store().list()
    assert adapters.make_download(entry.slug, "")["value"].endswith("aurora.zip")
    with zipfile.ZipFile(adapters.make_download(entry.slug, "kohya")["value"]) as archive:
        assert any(name.endswith("lora.safetensors") for name in archive.namelist())


def test_an_empty_store_says_what_to_do():
    assert "Train one" in adapters.refresh()[0]


@pytest.mark.parametrize("typed", ["/etc", "../x/y", "owner", "a/b/c", "https://huggingface.co/a/b"])
def test_a_hub_id_is_never_a_path(typed):
    assert "no hub id" in adapters.add_files(None, typed, "")[0]


def test_what_was_added_is_opened_and_the_form_emptied_for_the_next(weights):
    *_, slug, files, repo, name = adapters.add_files([str(weights)], "", "Autumn")
    assert (slug, files, repo, name) == ("autumn", None, "", "")
    *_, slug, files, repo, name = adapters.add_files(None, "no id", "Autumn")
    assert slug == "" and files == repo == name == gr.skip(), "a refused form is left as it was"


def test_the_trash_is_shown_when_something_is_in_it(weights):
    adapters.add_files([str(weights)], "", "Autumn")
    assert adapters.refresh()[3] == gr.update(visible=False)
    adapters.trash_one("autumn")
    assert adapters.refresh()[3] == gr.update(visible=True)


def test_a_lokr_says_what_it_is_and_offers_no_shrinking(tmp_path):
    """Its rank is not how many directions it has, so a plain LoRA of fewer would not be smaller."""
    key = "lora_unet_double_blocks_0_img_attn_proj"
    tensors = {f"{key}.lokr_w1": torch.randn(4, 4), f"{key}.lokr_w2_a": torch.randn(16, 2),
               f"{key}.lokr_w2_b": torch.randn(2, 16), f"{key}.alpha": torch.tensor(2.0)}  # fmt: skip
    save_file(tensors, tmp_path / "poster.safetensors")
    adapters.add_files([str(tmp_path / "poster.safetensors")], "", "")
    details = adapters.open_one("poster")[2]
    for words in (
        "LyCORIS (LoKr)",
        "FLUX.1",
        "<b>2</b>",
        "not stated",
        "1 attention layer.",
        "of 8 possible ranks",
    ):
        assert words in details
    assert tuning.advice(Store().get("poster")) == "" and not tuning.open_panel("poster")[1]["visible"]
