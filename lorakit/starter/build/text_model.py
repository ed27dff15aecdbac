"""Training the starter text base: a small Llama with its own tokenizer and chat template.

`python -m lorakit.starter.build.text_model` makes it from nothing within a time budget and measures it.
"""

import argparse
import hashlib
import logging
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from lorakit import durable
from lorakit.starter import TEXT
from lorakit.starter.build import report, text_data, text_quality
from lorakit.starter.build.arithmetic import matrix_optimizer, precision
from lorakit.starter.build.saving import read, save
from lorakit.starter.build.text_batches import batch

log = logging.getLogger(__name__)

VOCABULARY = 2048
MUON_RATE, ADAM_RATE, GO_ON_RATE = 3e-3, 2e-3, 1e-3
TRAINING = 1000  # seed of the data
TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'assistant' %}<copy>{{ m['content'] }}</s>"
    "{% else %}<brief>{{ m['content'] }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<copy>{% endif %}"
)


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE over the generated copy, with the chat template.

    A space is put before every segment, so that a name has the same tokens in the brief and at the start of
    the copy; digits stand alone, so that a number can be copied. Both make copying much easier to learn.
    Odd names are left out: no token should be spent on letters in any order.
    """
    random = np.random.default_rng(11)
    texts = [f"{s.instruction}\n{s.answer}" for s in (text_data.sample(random, odd=0) for _ in range(12_000))]
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
            vocab_size=len(tokenizer),
            hidden_size=256, intermediate_size=704, num_hidden_layers=6, num_attention_heads=4,
            num_key_value_heads=4, max_position_embeddings=512, tie_word_embeddings=True,
            pad_token_id=0, bos_token_id=1,
            eos_token_id=1,
        )
    )  # fmt: skip


def optimizers(model: Any, device: str, rate: float) -> list[torch.optim.Optimizer]:
    """Muon (where the device is made for it) for the hidden matrices, AdamW at `rate` for all else."""
    hidden = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    rest = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    return [
        matrix_optimizer(hidden, MUON_RATE, GO_ON_RATE, device),
        torch.optim.AdamW(rest, lr=rate, weight_decay=0.0, betas=(0.9, 0.98), fused=True),
    ]


def train(
    tokenizer: PreTrainedTokenizerFast,
    work: Path,
    seconds: float,
    device: str = "cpu",
    start: Path | None = None,
) -> LlamaForCausalLM:
    """Train for about `seconds` in all, continuing `work`/text.pt; without one, from the weights in `start`,
    or from nothing.
    """
    model: Any = (
        LlamaForCausalLM.from_pretrained(start, dtype=torch.float32) if start else new_model(tokenizer)
    )
    model.to(device).train()
    opts = optimizers(model, device, GO_ON_RATE if start else ADAM_RATE)
    rates = [opt.param_groups[0]["lr"] for opt in opts]
    path, spent, step, smooth = work / "text.pt", 0.0, 0, math.nan
    identity = hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()
    state = read(path, device)
    if state and state.get("tokenizer") != identity:
        log.info("text: %s was made with other tokens or data; starting anew", path.name)
    elif state:
        model.load_state_dict(state["model"])
        for opt, kept in zip(opts, state["optimizers"], strict=True):
            opt.load_state_dict(kept)
        spent, step = state["spent"], state["step"]
    saved = time.time()
    while spent < seconds:
        begun = time.time()
        for opt, rate in zip(opts, rates, strict=True):
            opt.param_groups[0]["lr"] = rate * _warmed(spent / seconds)
        tokens, labels = (part.to(device) for part in batch(tokenizer, TRAINING, step))
        with precision(device):
            loss = model(input_ids=tokens, attention_mask=(tokens != 0).long(), labels=labels).loss
        _step(loss, model, opts)
        step += 1
        smooth = loss.item() if math.isnan(smooth) else 0.98 * smooth + 0.02 * loss.item()
        spent += time.time() - begun
        if step % 50 == 0:
            log.info("text step %d, %.0f s, loss %.4f", step, spent, smooth)
        if time.time() - saved > 60 or spent >= seconds:
            saved = time.time()
            state = {"tokenizer": identity, "model": model.state_dict(), "spent": spent, "step": step}
            state["optimizers"] = [opt.state_dict() for opt in opts]
            save(state, path)
    return model.eval()


def _warmed(done: float) -> float:
    """The factor of the learning rate when this share is done: up within 3 %, down over the second half."""
    return min(1.0, done / 0.03 + 1e-3, (1 - done) / 0.5 + 1e-3)


def _step(loss: torch.Tensor, model: Any, opts: list[torch.optim.Optimizer]) -> None:
    model.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for opt in opts:
        opt.step()


def export(model: Any, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write the base's folder in bf16, all or nothing."""
    with durable.replacing_folder(folder) as aside:
        model.to(torch.bfloat16).save_pretrained(aside, max_shard_size="8MB")
        tokenizer.save_pretrained(aside)
        stated = {"area": 0, "steps": 0, "guidance": 0.0, "max_tokens": 512, "demonstration": True,
                  "licence": {"name": "Apache-2.0", "commercial": True}}  # fmt: skip
        durable.write_json(aside / "lorakit.json", stated)
    model.float()


def build(work: Path, minutes: float, device: str = "cpu", start: Path | None = None) -> dict[str, Any]:
    """Make the starter text base within `minutes`, from nothing or on from the base in `start`; returns what
    was measured, and writes it to the report.
    """
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tokenizer()
    model = train(tokenizer, work, minutes * 60, device, start).cpu()
    export(model, tokenizer, TEXT)
    measured = text_quality.measure(model, tokenizer)
    durable.write_json(work / "text-measured.json", measured)
    report.write_section("text", "## starter-text\n\n" + text_quality.markdown(measured))
    return measured


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="make the starter text base")
    parser.add_argument("--work", type=Path, default=Path("build/starter"))
    parser.add_argument(
        "--minutes", type=float, default=12, help="of training, earlier runs in WORK counted in"
    )
    parser.add_argument("--start", type=Path, help="folder of a base with the same tokens, to go on from")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if options.threads:
        torch.set_num_threads(options.threads)
    print(text_quality.markdown(build(options.work, options.minutes, start=options.start)))
