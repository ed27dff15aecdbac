"""Small language models of several architectures, with random weights and a byte tokenizer."""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3TextConfig,
    GemmaConfig,
    GemmaForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from lorakit.families import load_base

TEMPLATE = (
    "{% for m in messages %}<b>{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}<c>{% endif %}"
)
SPECIAL = ["<pad>", "</s>", "<b>", "<c>"]
COMMON = {
    "vocab_size": 260, "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32, "max_position_embeddings": 256,
    "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2,
}  # fmt: skip


def gemma3():
    vision = {
        "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "image_size": 28, "patch_size": 14,
    }  # fmt: skip
    text = Gemma3TextConfig(**COMMON, query_pre_attn_scalar=32, sliding_window=16)
    return Gemma3ForConditionalGeneration(
        Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4)
    )


LANGUAGE_MODELS = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**COMMON)),
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**COMMON)),
    "mistral": lambda: MistralForCausalLM(MistralConfig(**COMMON)),
    "gemma": lambda: GemmaForCausalLM(GemmaConfig(**COMMON)),
    "gemma3": gemma3,
}


def byte_tokenizer(template: str | None = TEMPLATE) -> PreTrainedTokenizerFast:
    """Every byte is a token, so one character may take several."""
    vocabulary = {
        token: i for i, token in enumerate([*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())])
    }
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", extra_special_tokens=["<b>", "<c>"]
    )
    wrapped.chat_template = template
    return wrapped


def language_folder(kind: str, folder):
    """Save a small model of this architecture below `folder`, once, and give its own folder."""
    path = folder / f"tiny-{kind}"
    if not path.exists():
        torch.manual_seed(0)
        LANGUAGE_MODELS[kind]().save_pretrained(path)
        byte_tokenizer().save_pretrained(path)
    return path


def language_base(kind: str, folder, **options):
    """A small base of this architecture, loaded from a folder."""
    return load_base(str(language_folder(kind, folder)), device="cpu", **options)
