"""Judge models of the true classes, tiny and random: loaded, asked in their way, refused in words."""

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import BertConfig, BertModel, CLIPModel, Dinov2Model, Siglip2Model

from lorakit.errors import BaseError
from lorakit.families import judge
from lorakit.families.judge import Judge, configured, load_judge
from tests.families.tiny_judges import LONGEST, save_clip, save_dinov2, save_siglip2

MAKERS = {"dinov2": save_dinov2, "clip": save_clip, "siglip2": save_siglip2}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {kind: save(tmp_path_factory.mktemp(kind)) for kind, save in MAKERS.items()}


@pytest.fixture(scope="module")
def judges(folders):
    return {kind: load_judge(str(folder)) for kind, folder in folders.items()}


def pictures():
    wide = Image.radial_gradient("L").resize((90, 60)).convert("RGB")
    return [wide, wide.rotate(90, expand=True), Image.new("RGB", (40, 40), "red")]


@pytest.mark.parametrize(
    ("kind", "own", "size", "reads"),
    [("dinov2", Dinov2Model, 16, False), ("clip", CLIPModel, 8, True), ("siglip2", Siglip2Model, 16, True)],
)
def test_images_become_unit_vectors_of_the_native_class(judges, kind, own, size, reads):
    found = judges[kind]
    assert isinstance(found.model, own) and not found.model.training and found.reads is reads
    vectors = found.images(pictures())
    assert vectors.shape == (3, size) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.abs(vectors[0] - vectors[2]).max() > 1e-3


def test_many_images_go_through_in_batches(judges, monkeypatch):
    whole = judges["clip"].images(pictures())
    monkeypatch.setattr(judge, "BATCH", 2)
    assert judges["clip"].images(pictures()) == pytest.approx(whole, abs=1e-6)


def test_a_clip_compares_as_transformers_own_call_does(judges):
    clip = judges["clip"]
    texts = ["a red mug", "the blue mug on the table"]
    cosines = clip.images(pictures()) @ clip.texts(texts).T
    asked = clip.look(images=pictures(), return_tensors="pt") | clip.spell(
        texts, padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        own = clip.model(**asked)
    scale = clip.model.logit_scale.exp().item()
    assert cosines == pytest.approx(own.logits_per_image.numpy() / scale, abs=1e-5)


def test_a_siglip_is_asked_as_it_was_taught(judges):
    """In small letters and filled up to its one length, so a text has the same vector alone as in a batch."""
    siglip = judges["siglip2"]
    texts = ["A Red Mug", "a blue mug on the table"]
    asked = siglip.spell(
        [text.lower() for text in texts], padding="max_length", max_length=LONGEST, return_tensors="pt"
    )
    with torch.no_grad():
        own = siglip.model.get_text_features(**asked).pooler_output
    own = torch.nn.functional.normalize(own, dim=-1).numpy()
    assert siglip.texts(texts) == pytest.approx(own, abs=1e-5)
    assert siglip.texts(texts[:1]) == pytest.approx(own[:1], abs=1e-5)


@pytest.mark.parametrize("kind", ["clip", "siglip2"])
def test_a_text_that_is_too_long_is_cut_off(judges, kind):
    assert judges[kind].texts(["a red mug " * 50]).shape == judges[kind].texts(["a red mug"]).shape


def test_a_model_without_a_text_side_says_so(judges):
    with pytest.raises(BaseError, match="no text side"):
        judges["dinov2"].texts(["a red mug"])


def test_the_installation_names_the_model(folders, monkeypatch):
    monkeypatch.delenv("LORAKIT_JUDGE", raising=False)
    assert configured() is None
    monkeypatch.setenv("LORAKIT_JUDGE", f" {folders['dinov2']} ")
    assert isinstance(configured(), Judge)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("nowhere/", "nowhere"),
        ("owner/judge", "Hugging Face can't be reached"),
        ("starter-text", "is a llama model, which can't compare images"),
        ("empty", "empty"),
        ("bert", "is a bert model, which can't compare images; use a DINOv2, SigLIP2 or CLIP model"),
    ],
)
def test_what_is_no_judge_model_is_refused_in_words(tmp_path, monkeypatch, source, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    tiny = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    BertModel(tiny).save_pretrained(tmp_path / "bert")
    with pytest.raises(BaseError) as caught:
        load_judge(source)
    assert says in str(caught.value) and str(tmp_path) not in str(caught.value)


def test_weights_that_could_run_code_are_not_opened(folders, tmp_path):
    for file in folders["clip"].iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(BaseError, match=r"no \.safetensors weights; pickled ones"):
        load_judge(str(tmp_path))
