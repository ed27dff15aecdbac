"""The honest other way to a voice: the bare base with a few of the brand's texts in its prompt.

Measured on the texts kept aside, as the adapter is, so that a training says whether it was worth it.
"""

import sys
from collections.abc import Sequence
from typing import Any

from lorakit.data.texts.sets import TextSample, TextSet, conversation_tokens, plain
from lorakit.families import Base
from lorakit.families.trying import positions_of
from lorakit.lora.inject import Injection
from lorakit.training.examples import Examples
from lorakit.training.recipe import Recipe
from lorakit.training.text_examples import TextExamples
from lorakit.training.watch.previews import PREVIEW_TOKENS, SEED, TEMPERATURE, TOP_P

SHOTS = 3  # texts in the prompt
FEWEST_TOKENS = 30  # of an example that is worth showing


def few_shot_loss(
    base: Base, injection: Injection, examples: Examples, data: TextSet, recipe: Recipe
) -> float | None:
    """Loss per answer token on the texts kept aside, with three others shown first and no update at work.

    None when nothing was kept aside, or for pictures.
    """
    if not isinstance(examples, TextExamples) or not examples.held_out:
        return None
    learned, held_out = data.split(recipe.held_out, recipe.seed)
    shots = _usual(learned.samples)
    room = min((1 + SHOTS) * recipe.max_length, positions_of(base.model) or sys.maxsize)
    rows = [conversation_tokens(base.tokenizer, sample, room, shots) for sample in held_out.samples]
    rows = [row for row in rows if any(row.mask)]
    with injection.suspended():
        return examples.mean_loss(base, [[row] for row in rows]) if rows else None


def side_by_side(base: Base, injection: Injection, data: Any, recipe: Recipe) -> dict[str, Any] | None:
    """One brief answered three times with one seed: by the voice, and by the bare base without and with
    examples. A brief that was kept aside, if any was. None for pictures.
    """
    if not isinstance(data, TextSet):
        return None
    learned, held_out = data.split(recipe.held_out, recipe.seed)
    asked = held_out.samples or learned.samples
    brief = next((sample for sample in asked if not sample.history), asked[0]).instruction
    shots = _usual([sample for sample in learned.samples if sample.instruction != brief])
    shots = _fitting(base, shots, brief)

    def answer(shown: Sequence[TextSample]) -> str:
        turns = [
            {"role": role, "content": plain(base.tokenizer, text)}
            for shot in shown
            for role, text in (("user", shot.instruction), ("assistant", shot.answer))
        ]
        asked = [*turns, {"role": "user", "content": plain(base.tokenizer, brief)}]
        return base.kind.generate(base, [asked], [SEED], PREVIEW_TOKENS, TEMPERATURE, TOP_P)[0]

    voice = answer(())
    with injection.suspended():
        texts = {"base": answer(()), "examples": answer(shots), "voice": voice}
    return {"prompt": brief, "texts": texts}


def _fitting(base: Base, shots: list[TextSample], brief: str) -> list[TextSample]:
    """As many of `shots` as the base can read before the brief and its answer."""
    most = positions_of(base.model) or sys.maxsize
    asked = TextSample(brief, "-")
    while shots and len(conversation_tokens(base.tokenizer, asked, most, shots).ids) + FEWEST_TOKENS > most:
        shots = shots[:-1]
    return shots


def _usual(samples: Sequence[TextSample]) -> list[TextSample]:
    """A few texts of usual length: the longest would fill the prompt."""
    by_length = sorted(samples, key=lambda sample: len(sample.answer))
    middle = len(by_length) // 2
    return by_length[max(0, middle - 1) : middle - 1 + SHOTS] if len(by_length) > SHOTS else by_length
