"""Judge models of the true classes, small enough to build in a moment, with random weights."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BitImageProcessorPil,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    Dinov2Config,
    Dinov2Model,
    PreTrainedTokenizerFast,
    Siglip2Config,
    Siglip2ImageProcessorPil,
    Siglip2Model,
)

WORDS = ["<pad>", "<eos>", "<unk>", "a", "red", "blue", "mug", "on", "the", "table"]
LONGEST = 12  # tokens of a text
SIZES = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
}  # fmt: skip
TEXT = {
    **SIZES, "vocab_size": len(WORDS), "max_position_embeddings": LONGEST, "pad_token_id": 0,
    "bos_token_id": 1, "eos_token_id": 1,
}  # fmt: skip


def save_dinov2(folder: Path) -> Path:
    """A DINOv2 for images of 28 pixels."""
    torch.manual_seed(0)
    config = Dinov2Config(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=28)
    Dinov2Model(config).save_pretrained(folder)
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 28, "width": 28}}
    BitImageProcessorPil(**size).save_pretrained(folder)
    return folder


def save_clip(folder: Path) -> Path:
    """A CLIP for images of 32 pixels and texts of these words."""
    torch.manual_seed(0)
    vision = {**SIZES, "image_size": 32, "patch_size": 8}
    CLIPModel(CLIPConfig(text_config=TEXT, vision_config=vision, projection_dim=8)).save_pretrained(folder)
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    CLIPImageProcessorPil(**size).save_pretrained(folder)
    _save_words(folder)
    return folder


def save_siglip2(folder: Path) -> Path:
    """A SigLIP2 for images of any ratio in at most 16 patches of 8 pixels, and texts of these words."""
    torch.manual_seed(0)
    vision = {**SIZES, "patch_size": 8, "num_patches": 16}
    text = {**TEXT, "projection_size": 16}
    Siglip2Model(Siglip2Config(text_config=text, vision_config=vision)).save_pretrained(folder)
    Siglip2ImageProcessorPil(patch_size=8, max_num_patches=16).save_pretrained(folder)
    _save_words(folder)
    return folder


def _save_words(folder: Path) -> None:
    """A tokenizer that knows WORDS in small letters, and ends every text."""
    spelling = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="<unk>"))
    spelling.normalizer = normalizers.NFC()
    spelling.pre_tokenizer = pre_tokenizers.Whitespace()
    spelling.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    PreTrainedTokenizerFast(
        tokenizer_object=spelling, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    ).save_pretrained(folder)
