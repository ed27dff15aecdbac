"""Stable Diffusion module names: kohya's underscores and the SGM block numbers -> those of diffusers.

Underscores are ambiguous by themselves; read against the words that module names are made of, longest first,
they are not. Block numbers follow the SDXL and SD 1.5 U-Nets (three resp. four levels of two layers each):
diffusers' convert_original_stable_diffusion_to_diffusers.py.
"""

import re

WORDS = sorted(
    (
        "down_blocks", "up_blocks", "mid_block", "transformer_blocks", "single_transformer_blocks",
        "attentions", "resnets", "downsamplers", "upsamplers", "conv_in", "conv_out", "conv_shortcut",
        "conv1", "conv2", "conv", "time_emb_proj", "time_embedding", "add_embedding", "linear_1",
        "linear_2", "proj_in", "proj_out", "proj_mlp", "attn1", "attn2", "attn", "to_q", "to_k", "to_v",
        "to_out", "to_add_out", "add_q_proj", "add_k_proj", "add_v_proj", "ff", "ff_context", "net", "proj",
        "norm", "norm1", "norm1_context", "norm_out", "linear", "x_embedder", "context_embedder",
        "time_text_embed", "timestep_embedder", "text_embedder", "guidance_embedder", "text_model",
        "encoder", "layers", "self_attn", "q_proj", "k_proj", "v_proj", "out_proj", "mlp", "fc1", "fc2",
        "block", "layer", "SelfAttention", "DenseReluDense", "wi_0", "wi_1", "wi", "wo", "q", "k", "v", "o",
        "text_projection", "to_qkv_mlp_proj", "linear_in", "linear_out", "time_guidance_embed",
        "single_stream_modulation", "double_stream_modulation_img", "double_stream_modulation_txt",
    ),
    key=len, reverse=True,
)  # fmt: skip

# SGM's names inside a residual block.
RESNET = {
    "in_layers_2": "conv1", "out_layers_3": "conv2", "emb_layers_1": "time_emb_proj",
    "skip_connection": "conv_shortcut",
}  # fmt: skip
TOP = {
    "input_blocks_0_0": "conv_in", "out_2": "conv_out", "time_embed_0": "time_embedding.linear_1",
    "time_embed_2": "time_embedding.linear_2", "label_emb_0_0": "add_embedding.linear_1",
    "label_emb_0_2": "add_embedding.linear_2",
}  # fmt: skip


def dotted(flat: str) -> str | None:
    """A module name from its flattened form; None when a piece of it is no known word."""
    parts, rest = [], flat
    while rest:
        number = re.match(r"\d+(?=_|$)", rest)
        word = (
            number[0] if number else next((w for w in WORDS if rest == w or rest.startswith(w + "_")), None)
        )
        if word is None:
            return None
        parts.append(word)
        rest = rest[len(word) + 1 :]
    return ".".join(parts)


def from_sgm(flat: str) -> str | None:
    """Diffusers' name of an SGM name with underscores (`input_blocks_4_1_...`); None when it is none."""
    if flat in TOP:
        return TOP[flat]
    found = re.match(r"(input_blocks|output_blocks)_(\d+)_(\d+)_(.+)$", flat)
    if found:
        return _inside(found[1], int(found[2]), int(found[3]), found[4])
    found = re.match(r"middle_block_([012])_(.+)$", flat)
    if found:
        place = ("mid_block.resnets.0", "mid_block.attentions.0", "mid_block.resnets.1")[int(found[1])]
        return _joined(place, found[2], resnet=found[1] != "1")
    return None


def _inside(side: str, block: int, part: int, rest: str) -> str | None:
    down = side == "input_blocks"
    level, layer = divmod(block - 1, 3) if down else divmod(block, 3)
    blocks = "down_blocks" if down else "up_blocks"
    if down and rest == "op":
        return f"{blocks}.{level}.downsamplers.0.conv"
    if not down and rest == "conv":
        return f"{blocks}.{level}.upsamplers.0.conv"
    if part > 1 or block < 0 or level < 0:
        return None
    kind = "attentions" if part else "resnets"
    return _joined(f"{blocks}.{level}.{kind}.{layer}", rest, resnet=not part)


def _joined(place: str, rest: str, resnet: bool) -> str | None:
    inner = RESNET.get(rest) if resnet else None
    inner = inner or dotted(rest)
    return f"{place}.{inner}" if inner else None


def to_sgm(name: str) -> str | None:
    """The SGM name with underscores of an SDXL U-Net's module; None for a module that has none.

    Kohya's scripts know SDXL by these names, and Stable Diffusion 1.5 by diffusers'.
    """
    top = next((flat for flat, ours in TOP.items() if ours == name), None)
    if top is not None:
        return top
    found = re.match(r"(down_blocks|up_blocks)\.(\d+)\.(\w+)\.(\d+)\.(.+)$", name)
    if found:
        down, level, kind, layer = found[1] == "down_blocks", int(found[2]), found[3], int(found[4])
        if kind == "downsamplers":
            return f"input_blocks_{3 * level + 3}_0_op"
        if kind == "upsamplers":
            return f"output_blocks_{3 * level + 2}_2_conv"
        block = f"input_blocks_{3 * level + layer + 1}" if down else f"output_blocks_{3 * level + layer}"
        return _to_inside(f"{block}_{int(kind == 'attentions')}", kind, found[5])
    found = re.match(r"mid_block\.(resnets|attentions)\.(\d+)\.(.+)$", name)
    if found:
        place = 1 if found[1] == "attentions" else 2 * int(found[2])
        return _to_inside(f"middle_block_{place}", found[1], found[3])
    return None


def _to_inside(place: str, kind: str, rest: str) -> str | None:
    theirs = {ours: flat for flat, ours in RESNET.items()}
    inner = theirs.get(rest) if kind == "resnets" else rest.replace(".", "_")
    return f"{place}_{inner}" if inner else None
