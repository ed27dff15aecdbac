"""How tools spell the tensors of one module's update: the end of each key.

Covers LoRA and LoCon, DoRA, LoHa and LoKr as diffusers, PEFT, kohya, OneTrainer, XLabs, LyCORIS and mlx-lm
write them.
"""

import re
from dataclasses import dataclass, field

from lorakit.errors import AdapterError
from lorakit.formats.names import unwrapped
from lorakit.formats.others import what_else
from lorakit.formats.reading import Header

# Ending -> leaf; the longest ending that fits is the one meant. `*_t` is stored transposed.
ENDINGS = {
    ".lora_A.weight": "down", ".lora_B.weight": "up",
    ".lora_A": "down", ".lora_B": "up", ".lora_E": "energy",  # of AdaLoRA; Mochi's too have no .weight
    ".lora_down.weight": "down", ".lora_up.weight": "up", ".lora_mid.weight": "mid",
    ".lora.down.weight": "down", ".lora.up.weight": "up",
    "_lora.down.weight": "down", "_lora.up.weight": "up",  # diffusers' first layout, and XLabs
    ".lora_linear_layer.down.weight": "down", ".lora_linear_layer.up.weight": "up",
    ".down.weight": "down", ".up.weight": "up",  # XLabs: qkv_lora1.down.weight
    ".lora_a": "down_t", ".lora_b": "up_t", ".m": "magnitude",  # mlx-lm
    ".alpha": "alpha", ".lora_alpha": "alpha", ".dora_scale": "dora_scale",
    ".lora_magnitude_vector": "magnitude", ".lora_magnitude_vector.weight": "magnitude",
    ".magnitude": "magnitude", ".scalar": "scalar",
    ".hada_w1_a": "w1_a", ".hada_w1_b": "w1_b", ".hada_w2_a": "w2_a", ".hada_w2_b": "w2_b",
    ".hada_t1": "t1", ".hada_t2": "t2",
    ".lokr_w1": "k1", ".lokr_w1_a": "k1_a", ".lokr_w1_b": "k1_b",
    ".lokr_w2": "k2", ".lokr_w2_a": "k2_a", ".lokr_w2_b": "k2_b", ".lokr_t2": "t2",
}  # fmt: skip
LONGEST_FIRST = sorted(ENDINGS, key=len, reverse=True)

# PEFT puts the adapter's own name behind a tensor's: lora_A.default.weight, hada_w1_a.riso.
NAMED = re.compile(
    r"(?P<start>.*\.(?:lora_[AB]|lora_E|lora_magnitude_vector|hada_[wt]\w+|lokr_[wt]\w+|oft_\w+|ia3_l))"
    r"\.(?!weight$|bias$)(?P<name>.+?)(?P<end>\.weight|\.bias)?"
)
# Differences of what no low-rank update reaches: read when they are zero, which changes nothing.
DIFFERENCES = (".diff_b", ".diff", ".lora_B.bias", ".lora_up.bias", ".b_norm", ".w_norm")
# PEFT stores the layers of words beside an update of them, and where words were added.
WORDS = re.compile(
    r"(?P<module>(?:.*\.)?(?:lm_head|embed_tokens|embed_out|embed_in|wte|word_embeddings|tok_embeddings))"
    r"(?:\.base_layer)?\.(?P<what>weight|bias)"
    r"|(?P<layer>.+)\.base_layer\.(?P<of>weight|bias)"
)


@dataclass
class Contents:
    """What the tensors of a file are: its updates {module as the file spells it: {leaf: key}}, differences
    that have to be zero, and whole layers {(module, "weight" or "bias"): key} that have to be the base's own.
    """

    updates: dict[str, dict[str, str]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    layers: dict[tuple[str, str], str] = field(default_factory=dict)


def contents_of(header: Header) -> Contents:
    """What each tensor is; none is left out.

    Raises AdapterError that says what the file looks like when a key is none of an adapter's.
    """
    found, unknown, adapters = Contents(), [], set()
    for key in header.tensors:
        spelled, adapter = _without_name(key)
        adapters.add(adapter)
        ending = next((ending for ending in LONGEST_FIRST if spelled.endswith(ending)), None)
        if ending is not None:
            leaves = found.updates.setdefault(unwrapped(spelled[: -len(ending)]), {})
            if ENDINGS[ending] in leaves:
                raise AdapterError(
                    f"{header.path.name}: {leaves[ENDINGS[ending]][:100]} and {key[:100]} state the same "
                    "thing; export it again"
                )
            leaves[ENDINGS[ending]] = key
        elif spelled.endswith(DIFFERENCES):
            found.differences.append(key)
        elif layer := WORDS.fullmatch(spelled):
            place = unwrapped(layer["module"] or layer["layer"])
            found.layers[place, layer["what"] or layer["of"]] = key
        else:
            unknown.append(key)
    if not found.updates:
        unknown += [*found.differences, *found.layers.values()]
    if unknown:
        raise AdapterError(f"{header.path.name} {what_else(header, unknown, len(found.updates))}")
    if len(adapters - {""}) > 1:
        names = ", ".join(sorted(adapters - {""})[:5])
        raise AdapterError(
            f"{header.path.name} contains several adapters ({names}); save each one separately"
        )
    for name, leaves in found.updates.items():
        _check_whole(header, name, leaves)
    return found


def _without_name(key: str) -> tuple[str, str]:
    """The key without the adapter's own name, and that name."""
    named = NAMED.fullmatch(key)
    return (f"{named['start']}{named['end'] or ''}", named["name"]) if named else (key, "")


KINDS = (  # what makes an update whole
    {"down", "up"},
    {"down_t", "up_t"},
    {"w1_a", "w1_b", "w2_a", "w2_b"},
    {"w1_a", "w1_b", "w2_a", "w2_b", "t1", "t2"},
    {"k1", "k2"},
    {"k1", "k2_a", "k2_b"},
    {"k1_a", "k1_b", "k2"},
    {"k1_a", "k1_b", "k2_a", "k2_b"},
    {"k1", "k2_a", "k2_b", "t2"},
    {"k1_a", "k1_b", "k2_a", "k2_b", "t2"},
)
MAGNITUDES = {"magnitude", "dora_scale"}
EXTRAS = {"alpha", "magnitude", "dora_scale", "mid", "scalar", "energy"}


def _check_whole(header: Header, name: str, leaves: dict[str, str]) -> None:
    given = set(leaves) - EXTRAS
    whole = given in KINDS and (not {"mid", "energy"} & set(leaves) or given == {"down", "up"})
    if whole and len(MAGNITUDES & set(leaves)) < 2:
        return
    nearest = min(KINDS, key=lambda kind: (len(given - kind), len(kind - given)))
    missing = sorted(nearest - given)
    if not missing:
        raise AdapterError(f"{header.path.name}: {name[:100]} mixes two kinds of update; export it again")
    wanted = _spelling(missing[0], next(iter(leaves.values())))
    raise AdapterError(f"{header.path.name}: {name[:100]} has no {wanted}; the file is incomplete")


def _spelling(leaf: str, sibling: str) -> str:
    """How the tool that wrote the key `sibling` would end the key of `leaf`."""
    used = next(ending for ending in LONGEST_FIRST if _without_name(sibling)[0].endswith(ending))
    same = [ending for ending, other in ENDINGS.items() if other == ENDINGS[used]]
    wanted = [ending for ending, other in ENDINGS.items() if other == leaf]
    return wanted[min(same.index(used), len(wanted) - 1)].strip("._")
