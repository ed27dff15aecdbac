"""Captioning models of the true classes, tiny and random: loaded, asked in their way, refused in words."""

import pytest
import torch
from PIL import Image
from transformers import (
    BlipForConditionalGeneration,
    BlipProcessor,
    ViTConfig,
    ViTModel,
)

from lorakit.errors import BaseError
from lorakit.families.captioner import Captioner, load_captioner
from tests.families.tiny_captioner import save_blip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_blip(tmp_path_factory.mktemp("captioner"))


def picture():
    return Image.radial_gradient("L").resize((90, 60)).convert("RGB")


def test_a_blip_describes_as_transformers_own_calls_do(folder):
    captioner = load_captioner(str(folder))
    assert isinstance(captioner.model, BlipForConditionalGeneration) and not captioner.model.training
    said = captioner.describe(picture())
    model, processor = (
        BlipForConditionalGeneration.from_pretrained(folder),
        BlipProcessor.from_pretrained(folder),
    )
    asked = processor(images=picture(), return_tensors="pt")
    tokens = model.generate(**asked, max_new_tokens=80, do_sample=False)
    assert said == processor.decode(tokens[0], skip_special_tokens=True).strip()
    assert said and "\n" not in said and captioner.describe(picture()) == said


def test_a_chat_model_is_asked_and_its_question_is_not_part_of_the_answer():
    class Chat:
        chat_template = "there is one"

        def apply_chat_template(self, turns, **options):
            (turn,) = turns
            assert [part["type"] for part in turn["content"]] == ["image", "text"] and options["tokenize"]
            return Asked(input_ids=torch.tensor([[7, 8]]))

    class Asked(dict):
        def to(self, device, dtype):
            return self

    class Model:
        device, dtype = torch.device("cpu"), torch.float32

        def generate(self, input_ids, **options):
            assert not options["do_sample"]
            return torch.cat([input_ids, torch.tensor([[1, 2]])], 1)

    class Spell:
        def decode(self, tokens, skip_special_tokens):
            return f" {tokens.tolist()}\n"

    assert Captioner(Model(), Chat(), Spell()).describe(picture()) == "[1, 2]"


@pytest.mark.battery(84, "no hub access (offline)")
@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("nowhere/", "nowhere"),
        ("owner/captions", "Hugging Face can't be reached"),
        ("starter-text", "is a llama model, which can't describe images"),
        ("empty", "empty"),
        ("vit", "is a vit model, which can't describe images; use an image-to-text model"),
    ],
)
def test_what_is_no_captioning_model_is_refused_in_words(tmp_path, monkeypatch, source, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    tiny = ViTConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, image_size=32
    )
    ViTModel(tiny).save_pretrained(tmp_path / "vit")
    with pytest.raises(BaseError) as caught:
        load_captioner(source)
    assert says in str(caught.value) and str(tmp_path) not in str(caught.value)


def test_weights_that_could_run_code_are_not_opened(folder, tmp_path):
    for file in folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(BaseError, match=r"no \.safetensors weights; pickled ones"):
        load_captioner(str(tmp_path))
