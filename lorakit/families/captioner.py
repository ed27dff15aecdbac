"""Models that say what is in a picture: any image-to-text model of transformers, from a folder or the hub.

They are asked in the way each was taught: by a chat, by a task's name, or by the picture alone. Weights are
read from safetensors only, and no code of a model's repository is run.
"""

from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from transformers import (
    AutoConfig,
    AutoImageProcessor,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
from transformers.utils import logging as transformers_logging

from lorakit.errors import BaseError
from lorakit.families.hub import loading
from lorakit.families.numbers import best_dtype
from lorakit.families.sources import Source, resolve

MOST_TOKENS = 80  # of a caption
SIDE = 1024  # pixels of the longer side that a model is shown; they see less
ASKED = (
    "Describe this product photo in one sentence for a caption: the place, what is around the product, the "
    "light and the angle. Name the product only by its kind, without its colours or what is printed on it."
)
# What the models of a type are asked that were taught with words of their own.
TASKS = {"florence2": "<CAPTION>", "paligemma": "caption en", "instructblip": "A short image description:"}

transformers_logging.set_verbosity_error()
transformers_logging.disable_progress_bar()


@dataclass(frozen=True)
class Captioner:
    """A model with what prepares its pictures (`look`) and words (`spell`)."""

    model: Any
    look: Any
    spell: Any
    task: str = ""

    @torch.no_grad()
    def describe(self, image: Image.Image) -> str:
        """What is in an RGB picture, in one line. The same picture is always described the same."""
        small = image.copy()
        small.thumbnail((SIDE, SIDE))
        asked = self._asked(small).to(self.model.device, self.model.dtype)
        said = self.model.generate(**asked, max_new_tokens=MOST_TOKENS, do_sample=False, num_beams=1)[0]
        before = asked.get("input_ids")
        # A model that only continues a text gives the question back before its answer.
        if before is not None and torch.equal(said[: before.shape[1]], before[0]):
            said = said[before.shape[1] :]
        return " ".join(self.spell.decode(said, skip_special_tokens=True).split())

    def _asked(self, image: Image.Image) -> Any:
        if getattr(self.look, "chat_template", None):
            turn = [{"type": "image", "image": image}, {"type": "text", "text": ASKED}]
            return self.look.apply_chat_template(
                [{"role": "user", "content": turn}],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
            )
        words = {"text": self.task} if self.task else {}
        return self.look(images=image, return_tensors="pt", **words)


def load_captioner(source: str, device: torch.device | None = None) -> Captioner:
    """A captioning model from a folder or owner/name[@revision]; in bf16 on CUDA and float32 elsewhere.

    Raises BaseError when it is missing, out of reach, or describes no pictures.
    """
    found = resolve(source)
    if found.file is not None:
        raise BaseError(
            f"{found.shown} is a file; use the folder of a captioning model, or a Hugging Face ID"
        )
    place = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with loading(found.shown):
        config = AutoConfig.from_pretrained(found.place, revision=found.revision)
        _check_describes(found, config.model_type)
        model: Any = AutoModelForImageTextToText.from_pretrained(
            found.place, revision=found.revision, dtype=best_dtype(place), use_safetensors=True
        )
        look: Any = _processor(found)
        spell = getattr(look, "tokenizer", None) or AutoTokenizer.from_pretrained(
            found.place, revision=found.revision
        )
    model.to(place).eval().requires_grad_(False)
    return Captioner(model, look, spell, TASKS.get(config.model_type, ""))


def _check_describes(found: Source, kind: str) -> None:
    if kind not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        raise BaseError(
            f"{found.shown} is a {kind} model, which can't describe images; use an image-to-text model, "
            "such as one of BLIP, Florence-2 or Qwen3-VL"
        )


def _processor(found: Source) -> Any:
    """What prepares pictures; older models have it without the one that joins it with the tokenizer."""
    whole = AutoProcessor.from_pretrained(found.place, revision=found.revision)
    if hasattr(whole, "image_processor"):
        return whole
    return AutoImageProcessor.from_pretrained(found.place, revision=found.revision)
