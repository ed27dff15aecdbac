"""Any causal language model of transformers: Llama, Qwen, Mistral, Gemma, GPT-2, the starter text base, ...

Targets are found, not listed: every linear layer of the decoder. Not covered: mixture-of-experts layers that
keep their experts in one tensor.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
from transformers.utils import logging as transformers_logging

from lorakit.families import Base, Settings, read_settings
from lorakit.families.hub import loading
from lorakit.families.licences import licence_of
from lorakit.families.quantize import check_available, keep_readable
from lorakit.families.sources import Source
from lorakit.families.templates import complete
from lorakit.lora.layers import weight_shape

name = "llm"

# What else a model that also sees is made of.
TOWERS = (
    "vision_tower",
    "vision_model",
    "multi_modal_projector",
    "audio_tower",
    "embed_audio",
    "embed_vision",
)

transformers_logging.set_verbosity_error()
transformers_logging.disable_progress_bar()


def load(source: Source, device: torch.device, dtype: torch.dtype | None, quantize: str | None) -> Base:
    """Load model and tokenizer. In bf16 on CUDA and float32 on the CPU unless `dtype` says otherwise.

    Raises BaseError when it is not there, may not be read, or cannot end a text.
    """
    dtype = dtype or (torch.bfloat16 if device.type == "cuda" else torch.float32)
    options: dict[str, Any] = {"dtype": dtype, "revision": source.revision}
    if quantize == "nf4":
        check_available(source.shown)
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
        options["device_map"] = {"": device}
    with loading(source.shown):
        tokenizer = AutoTokenizer.from_pretrained(source.place, revision=source.revision)
        model: Any = AutoModelForCausalLM.from_pretrained(source.place, **options)
        if quantize is None:
            model.to(device)
        keep_readable(model)
    complete(tokenizer, model, source.shown)
    settings, stated = read_settings(source.folder, Settings(area=0, steps=0, guidance=0.0, max_tokens=1024))
    return Base(
        source.text, name, model, device, dtype, stated or licence_of(source.repo or source.shown),
        tokenizer=tokenizer, quantized=quantize, settings=settings,
    )  # fmt: skip


def targets(base: Base) -> list[str]:
    """Every layer that can carry an update, but the output head, the embeddings and a vision tower."""
    model: Any = base.model
    head = model.get_output_embeddings()
    seeing = [path for path, _ in model.named_modules() if path.rpartition(".")[2] in TOWERS]
    return [
        path
        for path, module in model.named_modules()
        if module is not head
        and weight_shape(module) is not None
        and not any(path.startswith(f"{tower}.") for tower in seeing)
    ]


def predict(base: Base, tokens: Tensor, mask: Tensor, positions: Tensor | None = None) -> Tensor:
    """Logits (B, T, V) of the next token at every place; `mask` (B, T) is 1 where there is text.

    `positions` (B, T) are given when rows hold several texts: they begin anew with each, and transformers
    then lets none see another.
    """
    model: Any = base.model
    if positions is not None:
        return model(input_ids=tokens, position_ids=positions, use_cache=False).logits
    return model(input_ids=tokens, attention_mask=mask, use_cache=False).logits


@torch.no_grad()
def generate(
    base: Base,
    messages: Sequence[list[dict[str, str]]],
    seeds: Sequence[int],
    max_new_tokens: int | Sequence[int],
    temperature: float,
    top_p: float,
    on_text: Callable[[int, str], None] | None = None,
) -> list[str]:
    """Answer each conversation. A row draws from its own seed: its text does not depend on its neighbours.

    `max_new_tokens` is one limit for all, or one for each. `on_text(row, piece)` gets the text as it grows.
    Nucleus sampling: arXiv 1904.09751, section 3.1; a temperature of 0 takes the likeliest token.
    """
    tokenizer = base.tokenizer
    prompts = [tokenizer.apply_chat_template(m, add_generation_prompt=True, tokenize=False) for m in messages]
    tokenizer.padding_side = "left"
    batch = tokenizer(prompts, return_tensors="pt", padding=True, add_special_tokens=False).to(base.device)
    tokens, mask = batch.input_ids, batch.attention_mask
    generators = [torch.Generator().manual_seed(int(seed)) for seed in seeds]
    ends = _end_tokens(base)
    answers: list[list[int]] = [[] for _ in prompts]
    told = [""] * len(prompts)
    running = [True] * len(prompts)
    limits = [max_new_tokens] * len(prompts) if isinstance(max_new_tokens, int) else list(max_new_tokens)
    cache = None
    for _ in range(max(limits)):
        positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
        out = base.model(
            input_ids=tokens,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        )
        cache = out.past_key_values
        logits = out.logits[:, -1].float().cpu()
        chosen = [
            _draw(row, generators[i], temperature, top_p) if running[i] else tokenizer.pad_token_id
            for i, row in enumerate(logits)
        ]
        for i, token in enumerate(chosen):
            if running[i] and token in ends:
                running[i] = False
            elif running[i]:
                answers[i].append(token)
                told[i] = _tell(tokenizer, i, answers[i], told[i], on_text)
                running[i] = len(answers[i]) < limits[i]
        if not any(running):
            break
        tokens = torch.tensor(chosen, device=base.device)[:, None]
        mask = torch.cat([mask, mask.new_ones(len(chosen), 1)], dim=1)
    return [tokenizer.decode(answer, skip_special_tokens=True).strip() for answer in answers]


def _tell(
    tokenizer: Any, row: int, answer: list[int], told: str, on_text: Callable[[int, str], None] | None
) -> str:
    if on_text is None:
        return told
    text = tokenizer.decode(answer, skip_special_tokens=True).lstrip()
    # A piece of a multi-byte character shows as U+FFFD until the rest has come.
    if text.endswith("\ufffd") or len(text) <= len(told):
        return told
    on_text(row, text[len(told) :])
    return text


def _end_tokens(base: Base) -> set[int]:
    stated = getattr(base.model.generation_config, "eos_token_id", None)
    listed = stated if isinstance(stated, list) else [stated]
    return {token for token in (*listed, base.tokenizer.eos_token_id) if token is not None}


def _draw(logits: Tensor, generator: torch.Generator, temperature: float, top_p: float) -> int:
    if temperature <= 0:
        return int(logits.argmax())
    probabilities = torch.softmax(logits / temperature, -1)
    ordered, order = probabilities.sort(descending=True)
    ordered[ordered.cumsum(-1) - ordered >= top_p] = 0
    return int(order[torch.multinomial(ordered, 1, generator=generator)])
