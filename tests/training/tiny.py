"""A tiny Llama with a tokenizer of its own, built from the true classes."""

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from lorakit.data.texts.sets import TextSample, TextSet
from lorakit.families import Base, Licence, Settings
from lorakit.training.recipe import Recipe

TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'assistant' %}{{ m['content'] }}</s>{% else %}{{ "
    "m['content'] }}:"
    "{% endif %}{% endfor %}"
)


def tiny_text_base():
    letters = {letter: i for i, letter in enumerate(["<pad>", "</s>", *"abcdefghijklmnopqrstuvwxyz:. "])}
    tokenizer = Tokenizer(models.WordLevel(letters, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>")
    wrapped.chat_template = TEMPLATE
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(letters),
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=1,
    )
    model = LlamaForCausalLM(config).eval().requires_grad_(False)
    return Base(
        "tiny",
        "llm",
        model,
        torch.device("cpu"),
        torch.float32,
        Licence("MIT", True),
        tokenizer=wrapped,
        settings=Settings(demonstration=True),
    )


def tiny_texts():
    things = ("mug", "lamp", "chair", "soap", "pan", "tea", "knife", "shirt")
    return TextSet(
        [TextSample(f"write {thing}", f"look. a {thing}. that is all.", thing) for thing in things]
    )


def recipe(**changes):
    """A recipe of six updates, for the texts above."""
    settings = {"steps": 6, "rank": 4, "alpha": 8.0, "learning_rate": 5e-3, "batch_size": 3, "dropout": 0.1,
                "preview_every": 3, "checkpoint_every": 2, "max_length": 64}  # fmt: skip
    return Recipe.from_dict(settings | changes)
