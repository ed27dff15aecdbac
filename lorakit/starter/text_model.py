"""Training the starter text base: a small Llama with its own tokenizer and chat template.

`python -m lorakit.starter.text_model` makes it from nothing within a time budget and measures it.
"""

import argparse
import json
import logging
import math
import shutil
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from lorakit import durable
from lorakit.families import Base, Licence, Settings, causal_lm
from lorakit.starter import TEXT, text_data

log = logging.getLogger(__name__)

VOCABULARY = 3072
BATCH = 24
POOL = 8  # batches that are drawn together and sorted by length, so that little of a batch is padding
MUON_RATE, ADAM_RATE = 3e-3, 2e-3
TRAINING, HELD_OUT = 1000, 999_999  # seeds of the data
TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'assistant' %}<copy>{{ m['content'] }}</s>"
    "{% else %}<brief>{{ m['content'] }}{% endif %}{% endfor %}{% if add_generation_prompt %}<copy>{% endif %}"
)


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE over the generated copy, with the chat template.

    A space is put before every segment, so that a name has the same tokens in the brief and at the start of the copy;
    digits stand alone, so that a number can be copied. Both make copying much easier to learn.
    """
    random = np.random.default_rng(11)
    texts = [f"{s.instruction}\n{s.answer}" for s in (text_data.sample(random) for _ in range(12_000))]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Prepend(" ")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY, special_tokens=["<pad>", "</s>", "<brief>", "<copy>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )  # fmt: skip
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", model_max_length=512,
        additional_special_tokens=["<brief>", "<copy>"],
    )  # fmt: skip
    wrapped.chat_template = TEMPLATE
    return wrapped


def new_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """An untrained Llama of about 5 M parameters."""
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=256, intermediate_size=704, num_hidden_layers=6, num_attention_heads=4,
            num_key_value_heads=4, max_position_embeddings=512, tie_word_embeddings=True, pad_token_id=0, bos_token_id=1,
            eos_token_id=1,
        )
    )  # fmt: skip


def batch(tokenizer: PreTrainedTokenizerFast, seed: int, number: int) -> tuple[Tensor, Tensor]:
    """Batch `number` of the endless data of `seed`: tokens (B, T), labels (B, T) with -100 all over the brief."""
    briefs, answers = _pool(tokenizer, seed, number // POOL)
    chosen = _pool_order(briefs, answers, seed, number // POOL)[number % POOL]
    longest = max(len(briefs[i]) + len(answers[i]) for i in chosen)
    tokens, labels = torch.zeros(BATCH, longest, dtype=torch.long), torch.full((BATCH, longest), -100)
    for row, i in enumerate(chosen):
        start, end = len(briefs[i]), len(briefs[i]) + len(answers[i])
        tokens[row, :end] = torch.tensor(briefs[i] + answers[i])
        labels[row, start:end] = torch.tensor(answers[i])
    return tokens, labels


@lru_cache(maxsize=2)
def _pool(tokenizer: PreTrainedTokenizerFast, seed: int, number: int) -> tuple[list[list[int]], list[list[int]]]:
    random = np.random.default_rng((seed, number))
    samples = [text_data.sample(random) for _ in range(POOL * BATCH)]
    briefs = tokenizer([f"<brief>{s.instruction}<copy>" for s in samples], add_special_tokens=False).input_ids
    answers = tokenizer([f"{s.answer}</s>" for s in samples], add_special_tokens=False).input_ids
    return briefs, answers


def _pool_order(briefs: list[list[int]], answers: list[list[int]], seed: int, number: int) -> list[list[int]]:
    by_length = sorted(range(len(briefs)), key=lambda i: len(briefs[i]) + len(answers[i]))
    order = np.random.default_rng((seed, number, 1)).permutation(POOL)
    return [by_length[i * BATCH : (i + 1) * BATCH] for i in order]


def train(tokenizer: PreTrainedTokenizerFast, work: Path, seconds: float, device: str = "cpu") -> LlamaForCausalLM:
    """Train for about `seconds` in all, continuing `work`/text.pt."""
    model = new_model(tokenizer).to(device).train()
    hidden = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    rest = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    opts = [
        torch.optim.Muon(hidden, lr=MUON_RATE, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=ADAM_RATE, weight_decay=0.0, betas=(0.9, 0.98), fused=True),
    ]
    rates = [MUON_RATE, ADAM_RATE]
    path, spent, step, smooth = work / "text.pt", 0.0, 0, math.nan
    if path.exists():
        state = torch.load(path, weights_only=True, map_location=device)
        model.load_state_dict(state["model"])
        for opt, kept in zip(opts, state["optimizers"], strict=True):
            opt.load_state_dict(kept)
        spent, step = state["spent"], state["step"]
    saved = time.time()
    while spent < seconds:
        begun = time.time()
        done = spent / seconds
        factor = min(1.0, done / 0.03 + 1e-3, (1 - done) / 0.5 + 1e-3)
        for opt, rate in zip(opts, rates, strict=True):
            opt.param_groups[0]["lr"] = rate * factor
        tokens, labels = (part.to(device) for part in batch(tokenizer, TRAINING, step))
        with torch.autocast(device, torch.bfloat16):
            loss = model(input_ids=tokens, attention_mask=(tokens != 0).long(), labels=labels).loss
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for opt in opts:
            opt.step()
        step += 1
        smooth = loss.item() if math.isnan(smooth) else 0.98 * smooth + 0.02 * loss.item()
        spent += time.time() - begun
        if step % 50 == 0:
            log.info("text step %d, %.0f s, loss %.4f", step, spent, smooth)
        if time.time() - saved > 60 or spent >= seconds:
            saved = time.time()
            state = {"model": model.state_dict(), "optimizers": [o.state_dict() for o in opts], "spent": spent, "step": step}
            torch.save(state, path.with_suffix(".tmp"))
            path.with_suffix(".tmp").rename(path)
    return model.eval()


def export(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write the base's folder in bf16, all or nothing."""
    with durable.replacing_folder(folder) as aside:
        model.to(torch.bfloat16).save_pretrained(aside, max_shard_size="8MB")
        tokenizer.save_pretrained(aside)
        stated = {"area": 0, "steps": 0, "guidance": 0.0, "max_tokens": 512, "demonstration": True,
                  "licence": {"name": "Apache-2.0", "commercial": True}}  # fmt: skip
        durable.write_json(aside / "lorakit.json", stated)
    model.float()


@torch.no_grad()
def measure(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    """Held-out perplexity per answer token, and 50 samples: how many end by themselves and keep their product's name."""
    model.float().eval()
    losses = []
    for number in range(POOL):
        tokens, labels = batch(tokenizer, HELD_OUT, number)
        losses.append(model(input_ids=tokens, attention_mask=(tokens != 0).long(), labels=labels).loss.item())
    base = Base("starter-text", "llm", model, torch.device("cpu"), torch.float32, Licence("", True), tokenizer=tokenizer,
                settings=Settings())  # fmt: skip
    random = np.random.default_rng((HELD_OUT, POOL))
    briefs = [text_data.sample(random) for _ in range(50)]
    room = 200
    texts = causal_lm.generate(
        base, [[{"role": "user", "content": brief.instruction}] for brief in briefs], range(50), room, 0.7, 0.9
    )
    ended = [len(tokenizer(text).input_ids) < room - 2 for text in texts]
    named = [brief.name.lower() in text.lower() for brief, text in zip(briefs, texts, strict=True)]
    return {
        "perplexity": math.exp(float(np.mean(losses))),
        "ended": sum(ended),
        "named": sum(named),
        "samples": [{"brief": b.instruction, "copy": t} for b, t in zip(briefs, texts, strict=True)],
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def build(work: Path, minutes: float, device: str = "cpu") -> dict[str, Any]:
    """Make the starter text base within `minutes`; returns what was measured."""
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tokenizer()
    model = train(tokenizer, work, minutes * 60, device).cpu()
    measured = measure(model, tokenizer)
    export(model, tokenizer, TEXT)
    shutil.copy(TEXT / "tokenizer.json", work / "text-tokenizer.json")
    durable.write_json(work / "text-measured.json", measured)
    return measured


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="make the starter text base")
    parser.add_argument("--work", type=Path, default=Path("build/starter"))
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if options.threads:
        torch.set_num_threads(options.threads)
    result = build(options.work, options.minutes)
    print(json.dumps({k: v for k, v in result.items() if k != "samples"}))
    for row in result["samples"][:8]:
        print(row["brief"], "\n->", row["copy"], "\n")
