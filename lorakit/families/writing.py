"""How a language model writes: where answers begin and end, what room they have, and how tokens are drawn."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lorakit.errors import DataError
from lorakit.families.answers import opens_thought
from lorakit.families.base import Base
from lorakit.families.replies import Ends, Reply
from lorakit.families.trying import positions_of
from lorakit.families.turns import ends_of, named_ends, silenced, special_tokens


def begun(
    base: Base, messages: Sequence[list[dict[str, str]]], max_new_tokens: int | Sequence[int]
) -> tuple[Tensor, Tensor, list[Reply]]:
    """The prompts' tokens (B, T), padded on the left, what of them counts, and an empty reply to each."""
    tokenizer = base.tokenizer
    template = silenced(tokenizer)
    prompts = [
        tokenizer.apply_chat_template(m, chat_template=template, add_generation_prompt=True, tokenize=False)
        for m in messages
    ]
    tokenizer.padding_side = "left"
    batch = tokenizer(prompts, return_tensors="pt", padding=True, add_special_tokens=False).to(base.device)
    rooms = [max_new_tokens] * len(prompts) if isinstance(max_new_tokens, int) else max_new_tokens
    ends = _ends(base, template)
    left = [_room(base, used) for used in batch.attention_mask.sum(-1).tolist()]
    replies = [
        Reply(
            tokenizer, ends, opens_thought(prompt, m[-1]["content"]),
            room=min(limit, most), thought_room=min(base.settings.max_tokens, most), most=most,
        )
        for prompt, m, limit, most in zip(prompts, messages, rooms, left, strict=True)
    ]  # fmt: skip
    return batch.input_ids, batch.attention_mask, replies


def _room(base: Base, used: int) -> int:
    """How many tokens an answer to a prompt of `used` tokens can have; DataError when there is no room."""
    most = positions_of(base.model)
    if most is not None and used >= most:
        raise DataError(
            f"the brief takes {used:,} tokens of this base, which reads and writes {most:,} together; "
            "shorten it"
        )
    return 10**9 if most is None else most - used


def _ends(base: Base, template: str) -> Ends:
    """What ends an answer by configuration, tokenizer and template together: any of them may lack it."""
    tokens, words = ends_of(base.tokenizer, template)
    configs = (getattr(base.model, "generation_config", None), getattr(base.model, "config", None))
    for stated in (
        *(getattr(config, "eos_token_id", None) for config in configs),
        base.tokenizer.eos_token_id,
    ):
        tokens.update(stated if isinstance(stated, list) else [] if stated is None else [stated])
    return Ends(tokens | named_ends(base.tokenizer), special_tokens(base.tokenizer), words)


def draw(logits: Tensor, chances: Tensor, temperature: float, top_p: float) -> list[int]:
    """A token for each row of `logits` (B, V), by `chances` (B,) in 0..1: equal ones draw equal tokens.

    All of it stays on the device of the logits: sorting a large vocabulary on the CPU takes longer than the
    model's own pass on a GPU (20 ms a row and token for 151,936 words, measured on four cores).
    """
    if temperature <= 0:
        return logits.argmax(-1).tolist()
    ordered, order = torch.softmax(logits / temperature, -1).sort(descending=True)
    ordered[ordered.cumsum(-1) - ordered >= top_p] = 0
    reached = ordered.cumsum(-1)
    wanted = chances.to(reached)[:, None] * reached[:, -1:]
    places = torch.searchsorted(reached, wanted)  # never behind the nucleus, where the sum stands still
    return order.gather(-1, places)[:, 0].tolist()
