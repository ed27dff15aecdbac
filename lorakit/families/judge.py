"""Models that turn images, and some of them texts, into vectors to compare: DINO, SigLIP and CLIP models of
transformers, from a folder or the hub.

Weights are read from safetensors only, and no code of a model's repository is run.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoTokenizer

from lorakit.errors import BaseError
from lorakit.families.hub import loading
from lorakit.families.numbers import best_dtype, default_device
from lorakit.families.sources import Source, resolve

MODEL = "LORAKIT_JUDGE"  # the environment's variable that names the model
BATCH = 16  # images or texts that go through the model at once
# By transformers' model types: those with vectors of images alone, and those that read texts too. SigLIP was
# taught on texts in small letters, all filled up to one length (Zhai et al. 2023, "Sigmoid loss for language
# image pre-training"; Tschannen et al. 2025, "SigLIP 2").
SEEING = {"dinov2", "dinov2_with_registers", "dinov3_vit", "dinov3_convnext"}
FILLED_UP = {"siglip", "siglip2"}
READING = {"clip", "metaclip_2", "altclip", "chinese_clip", "align"} | FILLED_UP


@dataclass(frozen=True)
class Judge:
    """A model with what prepares its images (`look`) and texts (`spell`; None where it takes none)."""

    model: Any
    look: Any
    spell: Any = None

    @property
    def reads(self) -> bool:
        """Whether it takes texts."""
        return self.spell is not None

    def images(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Unit vectors of RGB images, (N, D) float32."""
        return self._vectors(images, self._seen)

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors of texts in the space of the images, (N, D) float32; long ones are cut off.

        Raises BaseError for a model that takes none.
        """
        if not self.reads:
            raise BaseError("this judge model has no text side; use a SigLIP2 or CLIP model")
        return self._vectors(texts, self._read)

    @torch.no_grad()
    def _vectors(self, items: Sequence[Any], encode: Any) -> np.ndarray:
        batches = [encode(list(items[at : at + BATCH])) for at in range(0, len(items), BATCH)]
        found = torch.cat(batches).float()
        return torch.nn.functional.normalize(found, dim=-1).cpu().numpy()

    def _seen(self, images: list[Image.Image]) -> torch.Tensor:
        asked = self.look(images=images, return_tensors="pt").to(self.model.device, self.model.dtype)
        found = self.model.get_image_features(**asked) if self.reads else self.model(**asked)
        return found.pooler_output

    def _read(self, texts: list[str]) -> torch.Tensor:
        filled_up = self.model.config.model_type in FILLED_UP
        asked = self.spell(
            [text.lower() for text in texts] if filled_up else texts,
            padding="max_length" if filled_up else True,
            truncation=True,
            max_length=self.model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        )
        return self.model.get_text_features(**asked.to(self.model.device)).pooler_output


def configured(device: torch.device | None = None) -> Judge | None:
    """The judge model that this installation names; None when it names none. Raises BaseError."""
    source = os.environ.get(MODEL, "").strip()
    return load_judge(source, device) if source else None


def load_judge(source: str, device: torch.device | None = None) -> Judge:
    """A judge model from a folder or owner/name[@revision]; in bf16 on CUDA and float32 elsewhere.

    Raises BaseError when it is missing, out of reach, or gives no vectors of images.
    """
    found = resolve(source)
    if found.file is not None:
        raise BaseError(f"{found.shown} is a file; use the folder of a judge model, or a Hugging Face ID")
    place = device or default_device()
    with loading(found.shown):
        kind = AutoConfig.from_pretrained(found.place, revision=found.revision).model_type
        _check_sees(found, kind)
        model: Any = AutoModel.from_pretrained(
            found.place, revision=found.revision, dtype=best_dtype(place), use_safetensors=True
        )
        look = AutoImageProcessor.from_pretrained(found.place, revision=found.revision)
        spell = (
            AutoTokenizer.from_pretrained(found.place, revision=found.revision) if kind in READING else None
        )
    model.to(place).eval().requires_grad_(False)
    return Judge(model, look, spell)


def _check_sees(found: Source, kind: str) -> None:
    if kind not in SEEING | READING:
        raise BaseError(
            f"{found.shown} is a {kind} model, which can't compare images; "
            "use a DINOv2, SigLIP2 or CLIP model"
        )
