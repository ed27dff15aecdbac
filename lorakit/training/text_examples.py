"""Texts to learn a voice from: tokenized conversations, learned only where the answer is.

With packing, short texts share a row. They do not see each other where the model keeps rows apart by their
positions, which is tried on the model itself before a step is made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from lorakit import events
from lorakit.data.texts import fitting
from lorakit.errors import DataError, RecipeError
from lorakit.families import Base
from lorakit.families.trying import FAULTS, positions_of
from lorakit.training.examples import Plan
from lorakit.training.objectives import next_token, summed_loss
from lorakit.training.recipe import Recipe

TokenRows = list[Any]  # of data.texts.Tokens(ids, mask); several when packed
SAME = {torch.float32: 1e-4, torch.float64: 1e-8}  # of a loss; of lower precisions 2e-2
UNCHANGED = {torch.float32: 1e-6, torch.float64: 1e-12}  # where the arithmetic is the same; lower 1e-2


class TextExamples:
    """Rows of tokens, and those kept aside."""

    def __init__(self, rows: list[TokenRows], held_out: list[TokenRows], pad: int, recipe: Recipe):
        self.rows, self.held_out, self.pad, self.recipe = rows, held_out, pad, recipe

    @classmethod
    def prepare(cls, base: Base, texts: Any, recipe: Recipe, emit: events.Emit) -> "TextExamples":
        """Tokenize a TextSet through the base's chat template.

        Emits what there is no room for. Raises DataError when nothing is left, RecipeError for texts longer
        than the base reads, and for packing where it cannot keep texts apart.
        """
        if not texts.samples:
            raise DataError(
                "the texts are empty; add at least a few texts in the brand's voice, better about 60"
            )
        found = fitting.findings(base.tokenizer, texts.samples, recipe.max_length)
        if found:
            emit(events.Findings([vars(finding) for finding in found]).row())
        learned, held_out = texts.split(recipe.held_out, recipe.seed)
        rows = [[tokens] for tokens in learned.tokenize(base.tokenizer, recipe.max_length)]
        held = held_out.tokenize(base.tokenizer, recipe.max_length) if held_out.samples else []
        if not rows:
            raise DataError(
                f"none of the training texts fit into {recipe.max_length:,} tokens; raise max_length"
            )
        emit(events.Phase("Preparing texts", len(rows), len(rows)).row())
        most = positions_of(base.model)
        check_length([row[0] for row in (*rows, *([tokens] for tokens in held))], most)
        pad = base.tokenizer.pad_token_id
        pad = base.tokenizer.eos_token_id if pad is None else pad
        if recipe.packing:
            check_packing(base, [row[0] for row in rows], pad)
            rows = packed([row[0] for row in rows], min(recipe.max_length, most or recipe.max_length))
        return cls(rows, [[tokens] for tokens in held], pad, recipe)

    @property
    def per_epoch(self) -> int:
        return self._plan.per_epoch

    @cached_property
    def _plan(self) -> Plan:
        return Plan([range(len(self.rows))], self.recipe.batch_size, self.recipe.seed)

    def batch(self, number: int) -> list[TokenRows]:
        return [self.rows[i] for i in self._plan[number]]

    def weight(self, batch: list[TokenRows]) -> float:
        return float(max(1, sum(sum(tokens.mask[1:]) for row in batch for tokens in row)))

    def loss(self, base: Base, batch: list[TokenRows]) -> Tensor:
        return answer_loss(base, batch, self.pad)[0]

    def held_out_loss(self, base: Base) -> float | None:
        return self.mean_loss(base, self.held_out) if self.held_out else None

    @torch.no_grad()
    def mean_loss(self, base: Base, rows: list[TokenRows]) -> float:
        """Mean loss per answer token over `rows`; its exponential is the perplexity.

        No more rows at once than a step learns from, and no more tokens than that many of the longest texts
        have, though rows with examples in them may be longer.
        """
        most = self.recipe.batch_size
        parts = [
            answer_loss(base, group, self.pad, answers_only=True)
            for group in in_parts(rows, most, most * self.recipe.max_length)
        ]
        return (sum(float(loss) for loss, _ in parts)) / max(1, sum(int(count) for _, count in parts))


def in_parts(rows: Sequence[TokenRows], count: int, room: int) -> Iterator[list[TokenRows]]:
    """Neighbouring rows together: at most `count`, of at most `room` tokens once they are padded to the
    longest. A row that is longer is alone.
    """
    part: list[TokenRows] = []
    longest = 0
    for row in rows:
        longest = max(longest, _length(row))
        if part and (len(part) == count or longest * (len(part) + 1) > room):
            yield part
            part, longest = [], _length(row)
        part.append(row)
    if part:
        yield part


def _length(row: TokenRows) -> int:
    return sum(len(tokens.ids) for tokens in row)


def answer_loss(
    base: Base, rows: list[TokenRows], pad: int, answers_only: bool = False
) -> tuple[Tensor, Tensor]:
    """The summed loss of the answers' tokens in these rows, and their number.

    With `answers_only` no logits are made where no row has an answer: with large vocabularies they are most
    of what a pass without gradients takes.
    """
    longest = max(_length(row) for row in rows)
    ids = torch.full((len(rows), longest), pad)
    attention, answer = torch.zeros_like(ids), torch.zeros_like(ids)
    positions = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        start = 0
        for tokens in row:
            end = start + len(tokens.ids)
            ids[i, start:end] = torch.as_tensor(tokens.ids)
            attention[i, start:end] = 1
            positions[i, start:end] = torch.arange(end - start)
            answer[i, start:end] = torch.as_tensor(tokens.mask)
            answer[i, start] = 0  # what stands before it is of another text
            start = end
        positions[i, start:] = torch.arange(longest - start)
    apart = positions.to(base.device) if any(len(row) > 1 for row in rows) else None
    places = answer[:, 1:].any(0).nonzero().flatten().to(base.device)
    ids, attention, answer = (part.to(base.device) for part in (ids, attention, answer))
    if answers_only:
        logits = base.kind.predict(base, ids, attention, apart, places)
        return summed_loss(logits, ids[:, places + 1], answer[:, places + 1])
    return next_token(base.kind.predict(base, ids, attention, apart), ids, answer)


def packed(texts: Sequence[Any], room: int) -> list[TokenRows]:
    """The texts in as few rows of at most `room` tokens as first-fit decreasing finds; always the same."""
    rows: list[TokenRows] = []
    left: list[int] = []
    for tokens in sorted(texts, key=lambda tokens: -len(tokens.ids)):
        size = len(tokens.ids)
        place = next((i for i, free in enumerate(left) if free >= size), None)
        if place is None:
            rows.append([tokens])
            left.append(room - size)
        else:
            rows[place].append(tokens)
            left[place] -= size
    return rows


def check_length(texts: Sequence[Any], most: int | None) -> None:
    """Raise RecipeError when a text has more tokens than the base has positions for."""
    longest = max((len(tokens.ids) for tokens in texts), default=0)
    if most is not None and longest > most:
        raise RecipeError(
            f"recipe: max_length allows {longest:,} tokens, but this base model reads at most {most:,}; "
            f"set max_length to {most:,} or less"
        )


@torch.no_grad()
def check_packing(base: Base, texts: Sequence[Any], pad: int) -> None:
    """Raise RecipeError unless two packed texts have the loss that they have in rows of their own, and the
    second one's does not change with the first.
    """
    two = sorted(texts, key=lambda tokens: len(tokens.ids))[:2]
    if len(two) < 2:
        return
    first, second = two
    unlike = replace(first, ids=[second.ids[-1]] * len(first.ids), mask=[0] * len(first.ids))
    unheard = replace(first, mask=unlike.mask)
    apart = float(answer_loss(base, [[tokens] for tokens in two], pad)[0])
    try:
        together = float(answer_loss(base, [list(two)], pad)[0])
        after = [float(answer_loss(base, [[before, second]], pad)[0]) for before in (unheard, unlike)]
    except FAULTS as error:
        raise RecipeError(
            "recipe: packing is not possible with this base model, which can't take several texts in one "
            "sequence; turn packing off"
        ) from error
    changed = abs(after[0] - after[1]) > UNCHANGED.get(base.dtype, 1e-2) * max(1.0, abs(after[0]))
    if changed or abs(apart - together) > SAME.get(base.dtype, 2e-2) * max(1.0, abs(apart)):
        raise RecipeError(
            "recipe: packing is not possible with this base model, which can't keep texts in one sequence "
            "apart; turn packing off"
        )
