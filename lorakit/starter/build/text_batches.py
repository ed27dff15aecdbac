"""Batches of briefs and their copy for the starter text base, as a function of a seed and a number."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from lorakit.starter.build import text_data

BATCH = 24
POOL = 8  # batches that are drawn together and sorted by length, so that little of a batch is padding


def batch(tokenizer: PreTrainedTokenizerFast, seed: int, number: int) -> tuple[Tensor, Tensor]:
    """Batch `number` of the endless data of `seed`: tokens (B, T),
    labels (B, T) with -100 all over the brief."""
    briefs, answers = pool(tokenizer, seed, number // POOL)
    chosen = _pool_order(briefs, answers, seed, number // POOL)[number % POOL]
    longest = max(len(briefs[i]) + len(answers[i]) for i in chosen)
    tokens, labels = torch.zeros(BATCH, longest, dtype=torch.long), torch.full((BATCH, longest), -100)
    for row, i in enumerate(chosen):
        start, end = len(briefs[i]), len(briefs[i]) + len(answers[i])
        tokens[row, :end] = torch.tensor(briefs[i] + answers[i])
        labels[row, start:end] = torch.tensor(answers[i])
    return tokens, labels


@lru_cache(maxsize=2)
def pool(
    tokenizer: PreTrainedTokenizerFast, seed: int, number: int
) -> tuple[list[list[int]], list[list[int]]]:
    random = np.random.default_rng((seed, number))
    samples = [text_data.sample(random) for _ in range(POOL * BATCH)]
    briefs = tokenizer([f"<brief>{s.instruction}<copy>" for s in samples], add_special_tokens=False).input_ids
    answers = tokenizer([f"{s.answer}</s>" for s in samples], add_special_tokens=False).input_ids
    return briefs, answers


def _pool_order(briefs: list[list[int]], answers: list[list[int]], seed: int, number: int) -> list[list[int]]:
    by_length = sorted(range(len(briefs)), key=lambda i: len(briefs[i]) + len(answers[i]))
    order = np.random.default_rng((seed, number, 1)).permutation(POOL)
    return [by_length[i * BATCH : (i + 1) * BATCH] for i in order]
