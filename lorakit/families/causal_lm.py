"""Any causal language model of transformers: Llama, Qwen, Mistral, Gemma, GPT-2, the starter text base, ...

Targets are found, not listed: every linear layer of the decoder, and every stack of experts. What gets no
update is in `coverage`.
"""

from collections.abc import Callable, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
from transformers.utils import logging as transformers_logging

from lorakit.families.base import Base, TextFamily
from lorakit.families.empty import META
from lorakit.families.facts import Licence
from lorakit.families.hub import loading
from lorakit.families.licences import licence_of
from lorakit.families.numbers import best_dtype
from lorakit.families.quantize import check_available, keep_readable
from lorakit.families.replies import Answer
from lorakit.families.source import Source, read_settings
from lorakit.families.templates import complete
from lorakit.families.trying import check_writes
from lorakit.families.writing import begun, draw
from lorakit.lora.experts import stacks_in
from lorakit.lora.layers import is_quantized, weight_shape

# What else a model that also sees is made of.
TOWERS = (
    "vision_tower",
    "vision_model",
    "multi_modal_projector",
    "audio_tower",
    "embed_audio",
    "embed_vision",
)

UNLEARNED = ("indexer", "pooler")  # choose where to look, or are not asked: no gradient reaches them
# Types of models whose kernels read this layer's weight instead of calling it, as PEFT lists them: an update
# beside it would never run.
UNCALLED = ("falcon_h1", "mamba", "mamba2", "falcon_mamba", "nemotron_h")

transformers_logging.set_verbosity_error()
transformers_logging.disable_progress_bar()


class CausalLM(TextFamily):
    """Any causal language model of transformers."""

    may_have_experts = True

    def load(
        self, source: Source, device: torch.device, dtype: torch.dtype | None, quantize: str | None
    ) -> Base:
        """Load model and tokenizer. In bf16 on CUDA and float32 on the CPU unless `dtype` says otherwise.

        Raises BaseError when it is not there, may not be read, or cannot end a text.
        """
        dtype = best_dtype(device, dtype)
        options: dict[str, Any] = {"dtype": dtype, "revision": source.revision, "use_safetensors": True}
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
        check_writes(model, len(tokenizer), source.shown)
        settings, stated = read_settings(source.folder, self.row.settings)
        return Base(
            source.text, self.name, model, device, dtype, stated or licence_of(source.repo or source.shown),
            tokenizer=tokenizer, quantized=quantize, settings=settings,
        )  # fmt: skip

    def shape(self, source: Source, folder: Path, dtype: torch.dtype) -> Base:
        """The model without values, with its tokenizer."""
        tokenizer = AutoTokenizer.from_pretrained(folder)
        with META:
            model: Any = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder), dtype=dtype)
        complete(tokenizer, model, source.text)
        settings, _ = read_settings(folder, self.row.settings)
        return Base(
            source.text, self.name, model.eval().requires_grad_(False), META, dtype, Licence("", None),
            tokenizer=tokenizer, settings=settings,
        )  # fmt: skip

    def targets(self, base: Base, convolutions: bool = False) -> list[str]:
        """Every layer and every stack of experts that can carry an update, but the output head, the
        embeddings and a vision tower.
        """
        model: Any = base.model
        head = model.get_output_embeddings()
        read = "out_proj" if getattr(model.config, "model_type", "") in UNCALLED else ""
        seeing = [path for path, _ in model.named_modules() if path.rpartition(".")[2] in TOWERS]
        found: list[str] = []
        for path, module in model.named_modules():
            if module is head or any(path.startswith(f"{tower}.") for tower in seeing):
                continue
            parts = path.split(".")
            if parts[-1] == read or any(part in parts for part in UNLEARNED):
                continue
            if weight_shape(module) is not None and _is_plain(module):
                found.append(path)
            found += [f"{path}.{leaf}" for leaf in stacks_in(module)]
        return found

    def predict(
        self,
        base: Base,
        tokens: Tensor,
        mask: Tensor | None,
        positions: Tensor | None = None,
        places: Tensor | None = None,
    ) -> Tensor:
        """Logits (B, T, V) of the next token at every place; `mask` (B, T) is 1 where there is text.

        With `places` (K,) only of those, (B, K, V): the output head then works on no others where the model's
        class can tell it so.

        `positions` (B, T) are given when rows hold several texts: they begin anew with each, and transformers
        then lets none see another.
        """
        model: Any = base.model
        options: dict[str, Any] = (
            {"attention_mask": mask} if positions is None else {"position_ids": positions}
        )
        chooses = places is not None and _keeps_logits(model)
        if chooses:
            options["logits_to_keep"] = places
        logits = model(input_ids=tokens, use_cache=False, **options).logits
        return logits if places is None or chooses else logits[:, places]

    @torch.no_grad()
    def generate(
        self,
        base: Base,
        messages: Sequence[list[dict[str, str]]],
        seeds: Sequence[int],
        max_new_tokens: int | Sequence[int],
        temperature: float,
        top_p: float,
        on_text: Callable[[int, str], None] | None = None,
    ) -> list[Answer]:
        """Answer each conversation. A row draws from its own seed: its text does not depend on its
        neighbours.

        `max_new_tokens` is one limit for all, or one for each; a thought may take as many tokens as the
        base's settings allow beside it. `on_text(row, piece)` gets the text as it grows.
        Nucleus sampling: arXiv 1904.09751, section 3.1; a temperature of 0 takes the likeliest token.
        """
        tokens, mask, replies = begun(base, messages, max_new_tokens)
        generators = [torch.Generator().manual_seed(int(seed)) for seed in seeds]
        cache, last = None, {"logits_to_keep": 1} if _keeps_logits(base.model) else {}
        while any(reply.running for reply in replies):
            positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
            out = base.model(
                input_ids=tokens,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                **last,
            )
            cache = out.past_key_values
            # One number a row and token, whether the row still runs or not: from its own seed alone.
            chances = torch.cat([torch.rand(1, generator=generator) for generator in generators])
            drawn = draw(out.logits[:, -1].float(), chances, temperature, top_p)
            chosen = [base.tokenizer.pad_token_id] * len(replies)
            for i, reply in enumerate(replies):
                if reply.running:
                    chosen[i] = drawn[i]
                    reply.add(chosen[i])
                    if on_text is not None and (piece := reply.more()):
                        on_text(i, piece)
            tokens = torch.tensor(chosen, device=base.device)[:, None]
            mask = torch.cat([mask, mask.new_ones(len(chosen), 1)], dim=1)
        return [reply.answer() for reply in replies]


@torch.no_grad()
def _is_plain(module: Any) -> bool:
    """Does it take what a linear layer takes, and put out what one does? Layers of groups do not."""
    own = type(module).forward
    if not isinstance(module, torch.nn.Linear) or own is torch.nn.Linear.forward or is_quantized(module):
        return True
    like = module.weight
    try:
        out = module(torch.zeros(1, 1, module.in_features, dtype=like.dtype, device=like.device))
    except RuntimeError:
        return False
    return isinstance(out, Tensor) and out.shape == (1, 1, module.out_features)


def _keeps_logits(model: Any) -> bool:
    """Can the model's class be told at which places logits are wanted?"""
    return "logits_to_keep" in signature(model.forward).parameters
