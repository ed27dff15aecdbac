"""Does a language model do what is asked of it here? Tried on a few tokens as it is loaded, not looked up.

transformers lists over 180 kinds of models as causal ones, and some are none as they were saved, keep no
cache that a text could be written with, or take no padding. They are refused before anything starts.
"""

from typing import Any

import torch
from torch import Tensor

from lorakit.errors import BaseError

# How far two passes over the same tokens may differ, as a part of the largest value. In lower precisions,
# where rounding may send a token to another expert, only the direction is compared: the least cosine.
SAME = {torch.float32: 1e-4, torch.float64: 1e-6}
ALIKE = 0.9
FAULTS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)


def positions_of(model: Any) -> int | None:
    """How many tokens a text may have at all, prompt and answer together; None where nothing says."""
    config = getattr(model, "config", None)
    for part in (config, config.get_text_config() if config is not None else None):
        for name in ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx"):
            stated = getattr(part, name, None)
            if isinstance(stated, int) and stated > 0:
                return stated
    return None


@torch.no_grad()
def check_writes(model: Any, vocabulary: int, shown: str) -> None:
    """Raise BaseError, naming the base `shown` and its kind, unless the model writes text token by token.

    Four tokens are read twice: the second row is padded on the left, and its last token is another one.
    """
    kind = f"{shown} is a model of type {getattr(model.config, 'model_type', type(model).__name__)}, which"
    device = model.get_input_embeddings().weight.device
    one, two, three, four, other, pad = (n % vocabulary for n in (5, 7, 6, 9, 8, 0))
    try:
        alone = _logits(model, [[one, two, three, four], [one, two, three, other]], device)
        if _differ(alone[0, :3], alone[1, :3]):
            raise BaseError(
                f"{kind} reads text in both directions, so it can't write; choose a causal language model"
            )
        padded = _continued(model, [[pad, one, two], [one, two, three]], [three, four], device)
    except BaseError:
        raise
    except FAULTS as error:
        raise BaseError(
            f"{kind} can't be used here: it doesn't read and write text like the attention models that the "
            "studio supports (state-space and recurrent models don't); choose another base model"
        ) from error
    if _differ(padded[1], alone[0, 3]) or _differ(padded[0], alone[0, 2]):
        raise BaseError(
            f"{kind} answers differently in a batch, or from its cache, than on its own; choose another base "
            "model"
        )


def _logits(model: Any, rows: list[list[int]], device: torch.device) -> Tensor:
    tokens = torch.tensor(rows, device=device)
    out = model(input_ids=tokens, attention_mask=torch.ones_like(tokens), use_cache=False)
    return out.logits


def _continued(model: Any, rows: list[list[int]], following: list[int], device: torch.device) -> Tensor:
    """Logits (B, V) after one more token each, from the cache; the first row has one token of padding."""
    tokens = torch.tensor(rows, device=device)
    mask = torch.ones_like(tokens)
    mask[0, 0] = 0
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    out = model(input_ids=tokens, attention_mask=mask, position_ids=positions, use_cache=True)
    cache = out.past_key_values
    if cache is None:
        raise ValueError("no cache")
    more = torch.tensor(following, device=device)[:, None]
    mask = torch.cat([mask, torch.ones_like(more)], dim=1)
    out = model(
        input_ids=more, attention_mask=mask, position_ids=positions[:, -1:] + 1, past_key_values=cache,
        use_cache=True,
    )  # fmt: skip
    return out.logits[:, -1]


def _differ(one: Tensor, other: Tensor) -> bool:
    if one.dtype not in SAME:
        return float(torch.cosine_similarity(one.float().flatten(), other.float().flatten(), dim=0)) < ALIKE
    scale = float(other.abs().max().clamp(min=1e-6))
    return float((one - other).abs().max()) > SAME[one.dtype] * scale
