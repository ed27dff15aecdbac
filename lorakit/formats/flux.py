"""FLUX module names: the authors' (BFL), kohya's and XLabs' <-> those of diffusers.

One row stands for one of the authors' layers; several targets mean that diffusers splits its output rows,
in the shares given (units). Sources: black-forest-labs/flux model.py, and diffusers'
convert_flux_to_diffusers.py.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class NameRule:
    """`theirs` with N for the block's number; `ours` are (diffusers' name, units of the output rows)."""

    theirs: str
    ours: tuple[tuple[str, int], ...]
    swapped: bool = False  # the two halves of the rows stand in the other order


def _attention(prefix: str) -> tuple[tuple[str, int], ...]:
    names = (
        ("to_q", "to_k", "to_v")
        if not prefix
        else (f"{prefix}_q_proj", f"{prefix}_k_proj", f"{prefix}_v_proj")
    )
    return tuple((f"transformer_blocks.N.attn.{name}", 1) for name in names)


def _one(name: str) -> tuple[tuple[str, int], ...]:
    return ((name, 1),)


SINGLE = "single_transformer_blocks.N"
TIME = "time_text_embed"
ROWS = (
    NameRule("double_blocks.N.img_attn.qkv", _attention("")),
    NameRule("double_blocks.N.txt_attn.qkv", _attention("add")),
    NameRule("double_blocks.N.img_attn.proj", _one("transformer_blocks.N.attn.to_out.0")),
    NameRule("double_blocks.N.txt_attn.proj", _one("transformer_blocks.N.attn.to_add_out")),
    NameRule("double_blocks.N.img_mlp.0", _one("transformer_blocks.N.ff.net.0.proj")),
    NameRule("double_blocks.N.img_mlp.2", _one("transformer_blocks.N.ff.net.2")),
    NameRule("double_blocks.N.txt_mlp.0", _one("transformer_blocks.N.ff_context.net.0.proj")),
    NameRule("double_blocks.N.txt_mlp.2", _one("transformer_blocks.N.ff_context.net.2")),
    NameRule("double_blocks.N.img_mod.lin", _one("transformer_blocks.N.norm1.linear")),
    NameRule("double_blocks.N.txt_mod.lin", _one("transformer_blocks.N.norm1_context.linear")),
    NameRule("single_blocks.N.linear1",
        ((f"{SINGLE}.attn.to_q", 1), (f"{SINGLE}.attn.to_k", 1), (f"{SINGLE}.attn.to_v", 1),
         (f"{SINGLE}.proj_mlp", 4))),
    NameRule("single_blocks.N.linear2", _one(f"{SINGLE}.proj_out")),
    NameRule("single_blocks.N.modulation.lin", _one(f"{SINGLE}.norm.linear")),
    NameRule("img_in", _one("x_embedder")),
    NameRule("txt_in", _one("context_embedder")),
    NameRule("time_in.in_layer", _one(f"{TIME}.timestep_embedder.linear_1")),
    NameRule("time_in.out_layer", _one(f"{TIME}.timestep_embedder.linear_2")),
    NameRule("vector_in.in_layer", _one(f"{TIME}.text_embedder.linear_1")),
    NameRule("vector_in.out_layer", _one(f"{TIME}.text_embedder.linear_2")),
    NameRule("guidance_in.in_layer", _one(f"{TIME}.guidance_embedder.linear_1")),
    NameRule("guidance_in.out_layer", _one(f"{TIME}.guidance_embedder.linear_2")),
    NameRule("final_layer.linear", _one("proj_out")),
    NameRule("final_layer.adaLN_modulation.1", _one("norm_out.linear"), swapped=True),
)  # fmt: skip

FLUX2_TIME = "time_guidance_embed"
# FLUX.2: the same names, but fused layers where diffusers keeps them fused (its own converter's table).
FLUX2_ROWS = (
    *ROWS[:4],
    NameRule("double_blocks.N.img_mlp.0", _one("transformer_blocks.N.ff.linear_in")),
    NameRule("double_blocks.N.img_mlp.2", _one("transformer_blocks.N.ff.linear_out")),
    NameRule("double_blocks.N.txt_mlp.0", _one("transformer_blocks.N.ff_context.linear_in")),
    NameRule("double_blocks.N.txt_mlp.2", _one("transformer_blocks.N.ff_context.linear_out")),
    NameRule("single_blocks.N.linear1", _one(f"{SINGLE}.attn.to_qkv_mlp_proj")),
    NameRule("single_blocks.N.linear2", _one(f"{SINGLE}.attn.to_out")),
    NameRule("img_in", _one("x_embedder")),
    NameRule("txt_in", _one("context_embedder")),
    NameRule("time_in.in_layer", _one(f"{FLUX2_TIME}.timestep_embedder.linear_1")),
    NameRule("time_in.out_layer", _one(f"{FLUX2_TIME}.timestep_embedder.linear_2")),
    NameRule("guidance_in.in_layer", _one(f"{FLUX2_TIME}.guidance_embedder.linear_1")),
    NameRule("guidance_in.out_layer", _one(f"{FLUX2_TIME}.guidance_embedder.linear_2")),
    NameRule("single_stream_modulation.lin", _one("single_stream_modulation.linear")),
    NameRule("double_stream_modulation_img.lin", _one("double_stream_modulation_img.linear")),
    NameRule("double_stream_modulation_txt.lin", _one("double_stream_modulation_txt.linear")),
    NameRule("final_layer.linear", _one("proj_out")),
    NameRule("final_layer.adaLN_modulation.1", _one("norm_out.linear"), swapped=True),
)

# What tells diffusers' names of FLUX.2 from those of FLUX.1.
FLUX2_NAMES = ("to_qkv_mlp_proj", "ff.linear_", "ff_context.linear_", "stream_modulation", FLUX2_TIME)

# XLabs hangs its updates on attention processors; 1 is the picture's stream and 2 the text's.
XLABS = {
    "double_blocks.N.processor.qkv_lora1": "double_blocks.N.img_attn.qkv",
    "double_blocks.N.processor.qkv_lora2": "double_blocks.N.txt_attn.qkv",
    "double_blocks.N.processor.proj_lora1": "double_blocks.N.img_attn.proj",
    "double_blocks.N.processor.proj_lora2": "double_blocks.N.txt_attn.proj",
}
XLABS_SINGLE = {  # a single block's first three units of linear1, and linear2
    "single_blocks.N.processor.qkv": tuple((f"{SINGLE}.attn.{name}", 1) for name in ("to_q", "to_k", "to_v")),
    "single_blocks.N.processor.proj": _one(f"{SINGLE}.proj_out"),
}

_BY_NAME = {row.theirs: row for row in ROWS}
_FLUX2_BY_NAME = {row.theirs: row for row in FLUX2_ROWS}
_BY_FLAT_NAME = {row.theirs.replace(".", "_"): row for row in ROWS}
_FLUX2_BY_FLAT_NAME = {row.theirs.replace(".", "_"): row for row in FLUX2_ROWS}


def numbered(name: str, separator: str = ".") -> tuple[str, str]:
    """("double_blocks.N.x", "7") of "double_blocks.7.x"; the number is empty when there is none."""
    edge = re.escape(separator)
    found = re.match(rf"((?:double|single)_blocks{edge})(\d+)({edge}.+)$", name)
    return (f"{found[1]}N{found[3]}", found[2]) if found else (name, "")


def from_bfl(name: str, flux2: bool = False) -> NameRule | None:
    """The row of one of the authors' names (of FLUX.2: `flux2`), with its number filled in.

    OneTrainer numbers the parts of a fused layer: `img_attn.qkv.1` is its second part alone.
    """
    general, number = numbered(name)
    table = _FLUX2_BY_NAME if flux2 else _BY_NAME
    if general in table:
        return _filled(table[general], number)
    if general == "single_blocks.N.linear1_qkv":  # of ComfyUI: a single block's first three parts
        return _filled(NameRule(general, XLABS_SINGLE["single_blocks.N.processor.qkv"]), number)
    if row := from_kohya(name.replace(".", "_"), flux2):
        return row
    fused, _, part = general.rpartition(".")
    row = table.get(fused)
    if row is None or not part.isdecimal() or len(row.ours) == 1 or int(part) >= len(row.ours):
        return None
    return _filled(NameRule(general, (row.ours[int(part)],)), number)


def is_flux2(name: str, rows: int, columns: int) -> bool:
    """Is a layer of this name and shape one of FLUX.2, whose gated feed-forward is three times as wide?

    The name has dots or underscores. Layers that are alike in both are none.
    """
    last = name.replace(".", "_")
    if "stream_modulation" in last:
        return True
    wide = {"mlp_0": rows == 6 * columns, "mlp_2": columns == 3 * rows, "linear1": rows == 9 * columns,
            "linear2": columns == 4 * rows}  # fmt: skip
    return any(last.endswith(ending) and fits for ending, fits in wide.items())


def from_kohya(name: str, flux2: bool = False) -> NameRule | None:
    """The row of one of the authors' names with underscores for its dots."""
    general, number = numbered(name, "_")
    return _filled((_FLUX2_BY_FLAT_NAME if flux2 else _BY_FLAT_NAME).get(general), number)


def from_xlabs(name: str) -> NameRule | None:
    """The row of one of XLabs' processor names."""
    general, number = numbered(name)
    if general in XLABS_SINGLE:
        return _filled(NameRule(general, XLABS_SINGLE[general]), number)
    return _filled(_BY_NAME.get(XLABS.get(general, "")), number)


def rows_for(names: list[str]) -> list[NameRule]:
    """The authors' layers that diffusers' modules `names` (without component) belong to, each once."""
    table = FLUX2_ROWS if any(any(piece in name for piece in FLUX2_NAMES) for name in names) else ROWS
    by_ours = {ours: row for row in table for ours, _ in row.ours}
    found: dict[str, NameRule] = {}
    for name in names:
        blocks = re.match(r"((?:single_)?transformer_blocks\.)(\d+)(\..+)$", name)
        general, number = (f"{blocks[1]}N{blocks[3]}", blocks[2]) if blocks else (name, "")
        filled = _filled(by_ours.get(general), number)
        if filled is not None:
            found[filled.theirs] = filled
    return list(found.values())


def _filled(row: NameRule | None, number: str) -> NameRule | None:
    if row is None or not number:
        return row
    ours = tuple((name.replace(".N", f".{number}"), units) for name, units in row.ours)
    return NameRule(row.theirs.replace(".N", f".{number}"), ours, row.swapped)
