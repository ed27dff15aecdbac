"""The honest other way to a voice: the bare base with a few of the brand's texts in its prompt.

Measured on the texts kept aside, as the adapter is, so that a training says whether it was worth it.
"""

from lorakit.data.texts import TextSet, conversation_tokens
from lorakit.families import Base
from lorakit.lora.inject import Injection
from lorakit.training.examples import Examples
from lorakit.training.recipe import Recipe
from lorakit.training.text_examples import TextExamples

SHOTS = 3  # texts in the prompt


def few_shot_loss(
    base: Base, injection: Injection, examples: Examples, data: TextSet, recipe: Recipe
) -> float | None:
    """Loss per answer token on the texts kept aside, with three others shown first and no update at work.

    None when nothing was kept aside, or for pictures.
    """
    if not isinstance(examples, TextExamples) or not examples.held_out:
        return None
    learned, aside = data.split(recipe.held_out, recipe.seed)
    shots = sorted(learned.samples, key=lambda sample: len(sample.answer))
    middle = len(shots) // 2  # of usual length: the longest would fill the prompt
    shots = shots[max(0, middle - 1) : middle - 1 + SHOTS] if len(shots) > SHOTS else shots
    room = (1 + SHOTS) * recipe.max_length
    rows = [conversation_tokens(base.tokenizer, sample, room, shots) for sample in aside.samples]
    with injection.suspended():
        return examples.mean_loss(base, [[row] for row in rows if any(row.mask)])
