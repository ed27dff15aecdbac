"""What the layers do that an adapter changes, and the kind of adapter that goes with a changed base."""

from lorakit.errors import AdapterError
from lorakit.families.table import ROWS
from lorakit.formats.others import CONTROL
from lorakit.lora.adapter import Adapter

# What a module does, by pieces of its name; the first row that fits.
ROLES = {
    "text encoder layers": ("text_encoder",),
    "convolutions": (".conv", "conv_", "samplers."),
    "attention layers": ("attn", "attention", "to_q", "to_k", "to_v", "q_proj", "k_proj", "v_proj", "o_proj"),
    "feed-forward layers": (".ff", "mlp", "gate_proj", "up_proj", "down_proj", "fc1", "fc2"),
}


def layers_of(names: list[str]) -> dict[str, int]:
    """How many layers of each role the modules `names` are."""
    counts = dict.fromkeys([*ROLES, "other layers"], 0)
    for name in names:
        role = next(
            (role for role, pieces in ROLES.items() if any(p in name for p in pieces)), "other layers"
        )
        counts[role] += 1
    return {role: count for role, count in counts.items() if count}


def refuse_control(file: str, adapter: Adapter) -> None:
    """Raise AdapterError for an adapter that goes with a widened first layer."""
    first, row = adapter.modules.get("transformer.x_embedder"), ROWS.get(adapter.family)
    if row is not None and first is not None and first.weight_shape[1] in row.widened:
        raise AdapterError(f"{file} {CONTROL.format(first.weight_shape[1])}")
