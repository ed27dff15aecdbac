"""A captioning model of the true class, small enough to build in a moment, with random weights."""

from pathlib import Path

import torch
from transformers import (
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
)

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[DEC]",
    "[ENC]",
    "a",
    "red",
    "bottle",
    "on",
    "the",
    "table",
]
SIZES = {
    "hidden_size": 16, "intermediate_size": 16, "projection_dim": 16, "num_hidden_layers": 1,
    "num_attention_heads": 2,
}  # fmt: skip


def save_blip(folder: Path) -> Path:
    """A BLIP for pictures of 32 pixels and captions of these words."""
    torch.manual_seed(0)
    special = {"bos_token_id": 5, "sep_token_id": 3, "eos_token_id": 3, "pad_token_id": 0}
    text = {
        **SIZES,
        **special,
        "vocab_size": len(WORDS),
        "encoder_hidden_size": 16,
        "max_position_embeddings": 128,
    }
    config = BlipConfig(
        text_config=text, vision_config={**SIZES, "image_size": 32, "patch_size": 16}, projection_dim=16,
        image_text_hidden_size=16,
    )  # fmt: skip
    BlipForConditionalGeneration(config).save_pretrained(folder)
    words = BertTokenizer(vocab={word: place for place, word in enumerate(WORDS)})
    words.add_special_tokens({"additional_special_tokens": ["[DEC]", "[ENC]"]})
    BlipProcessor(BlipImageProcessor(size={"height": 32, "width": 32}), words).save_pretrained(folder)
    return folder
