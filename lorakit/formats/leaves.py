"""How tools spell the tensors of one module's update: the end of each key.

Covers LoRA and LoCon, DoRA, LoHa and LoKr as diffusers, PEFT, kohya, OneTrainer, XLabs, LyCORIS and mlx-lm
write them.
"""

from lorakit.errors import AdapterError
from lorakit.formats.reading import Header

# Ending -> leaf; the longest ending that fits is the one meant. `*_t` is stored transposed.
ENDINGS = {
    ".lora_A.weight": "down", ".lora_B.weight": "up",
    ".lora_A.default.weight": "down", ".lora_B.default.weight": "up",
    ".lora_down.weight": "down", ".lora_up.weight": "up", ".lora_mid.weight": "mid",
    ".lora.down.weight": "down", ".lora.up.weight": "up",
    "_lora.down.weight": "down", "_lora.up.weight": "up",  # diffusers' first layout, and XLabs
    ".lora_linear_layer.down.weight": "down", ".lora_linear_layer.up.weight": "up",
    ".down.weight": "down", ".up.weight": "up",  # XLabs: qkv_lora1.down.weight
    ".lora_a": "down_t", ".lora_b": "up_t", ".m": "magnitude",  # mlx-lm
    ".alpha": "alpha", ".dora_scale": "dora_scale",
    ".lora_magnitude_vector": "magnitude", ".lora_magnitude_vector.default": "magnitude",
    ".lora_magnitude_vector.weight": "magnitude", ".lora_magnitude_vector.default.weight": "magnitude",
    ".hada_w1_a": "w1_a", ".hada_w1_b": "w1_b", ".hada_w2_a": "w2_a", ".hada_w2_b": "w2_b",
    ".hada_t1": "t1", ".hada_t2": "t2",
    ".lokr_w1": "k1", ".lokr_w1_a": "k1_a", ".lokr_w1_b": "k1_b",
    ".lokr_w2": "k2", ".lokr_w2_a": "k2_a", ".lokr_w2_b": "k2_b", ".lokr_t2": "t2",
}  # fmt: skip
LONGEST_FIRST = sorted(ENDINGS, key=len, reverse=True)

# What a file of another kind holds, by a piece of its keys, in words; the first that fits is said.
OTHERS = {
    ".lora_B.bias": "new biases beside its updates (lora_bias), which no mix can carry; train it without",
    "bundle_emb.": "words of its own (a bundled embedding), which is not supported; save it without them",
    "lllite_": "a ControlNet-LLLite, which is not supported",
    ".oft_": "an OFT adapter (rotations, not additions), which is not supported",
    ".boft_": "a BOFT adapter (rotations, not additions), which is not supported",
    ".on_input": "an IA3 adapter (scales, not additions), which is not supported",
    ".reshape_weight": "widened layers, as control adapters (FLUX.1 Canny, Depth) have: not supported",
    ".lokr_t1": "a LoKr with a core of its first factor, which no tool is known to write",
    ".diff_b": "whole new biases beside its updates, which no mix can carry; extract a plain LoRA",
    ".diff": "whole new weights instead of low-rank updates; extract a LoRA from it",
    ".a1.weight": "a GLoRA, which is not supported; train a LoRA instead",
    "lora_embedding_": "an update of the word embeddings, which is not supported; train without new words",
    "trainable_tokens": "new words (trainable tokens), which is not supported; train without them",
    "_norm.scale": "new norm layers, as control adapters (FLUX.1 Canny, Depth) do; these are not supported",
    "norm": "new norm layers, as control adapters (FLUX.1 Canny, Depth) do; these are not supported",
    "model.diffusion_model.": "a full checkpoint, not an adapter",
    "first_stage_model.": "a full checkpoint, not an adapter",
    "base_model.model.": "whole layers beside its updates (modules_to_save, bias, new words); train without",
}


def leaves_of(header: Header) -> dict[str, dict[str, str]]:
    """{module as the file spells it: {leaf: key}}; every key is used.

    Raises AdapterError that says what the file looks like when a key is none of an update.
    """
    found: dict[str, dict[str, str]] = {}
    unknown = []
    for key in header.tensors:
        ending = next((ending for ending in LONGEST_FIRST if key.endswith(ending)), None)
        if ending is None:
            unknown.append(key)
            continue
        leaves = found.setdefault(key[: -len(ending)], {})
        if ENDINGS[ending] in leaves:
            raise AdapterError(
                f"{header.path.name}: {leaves[ENDINGS[ending]][:100]} and {key[:100]} say the same thing; "
                "export it again"
            )
        leaves[ENDINGS[ending]] = key
    if unknown:
        looks = next((words for piece, words in OTHERS.items() if any(piece in key for key in unknown)), None)
        what = f"it holds {looks}" if looks else "export it as a LoRA from the tool that made it"
        raise AdapterError(
            f"{header.path.name}: {len(unknown)} of its {len(header.tensors)} tensors are not those of a "
            f"LoRA, such as {unknown[0][:100]}; {what}"
        )
    for name, leaves in found.items():
        _check_whole(header, name, leaves)
    return found


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
EXTRAS = {"alpha", "magnitude", "dora_scale", "mid"}


def _check_whole(header: Header, name: str, leaves: dict[str, str]) -> None:
    given = set(leaves) - EXTRAS
    whole = given in KINDS and ("mid" not in leaves or given == {"down", "up"})
    if whole and len(MAGNITUDES & set(leaves)) < 2:
        return
    nearest = min(KINDS, key=lambda kind: (len(given - kind), len(kind - given)))
    missing = sorted(nearest - given)
    if not missing:
        raise AdapterError(
            f"{header.path.name}: {name[:100]} holds two kinds of update at once; export it again"
        )
    wanted = _spelling(missing[0], next(iter(leaves.values())))
    raise AdapterError(f"{header.path.name}: {name[:100]} has no {wanted}; the file is incomplete")


def _spelling(leaf: str, sibling: str) -> str:
    """How the tool that wrote the key `sibling` would end the key of `leaf`."""
    used = next(ending for ending in LONGEST_FIRST if sibling.endswith(ending))
    same = [ending for ending, other in ENDINGS.items() if other == ENDINGS[used]]
    wanted = [ending for ending, other in ENDINGS.items() if other == leaf]
    return wanted[min(same.index(used), len(wanted) - 1)].strip("._")
