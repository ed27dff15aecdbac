"""Which family of bases an adapter is for, told by its modules' names and by what its file says of itself."""

from collections.abc import Mapping

from lorakit.errors import AdapterError
from lorakit.formats.flux import SECOND
from lorakit.lora.adapter import Adapter

# Starts of modelspec.architecture -> family; asked where names alone fit several families.
ARCHITECTURES = {
    "flux-1": "flux", "flux-2": "flux2", "flux2": "flux2", "stable-diffusion-xl": "sdxl",
    "stable-diffusion-v1": "sd15",
}  # fmt: skip
# Inputs of FLUX.1's first layer in control models: Canny and Depth see a second picture, Fill one and a mask.
# FLUX.1 itself has 64.
WIDENED = (128, 384)

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


def family_of(names: list[str], metadata: Mapping[str, str]) -> str:
    """The family whose module names these are; empty when they tell nothing."""
    text = " ".join(names)
    if any(piece in text for piece in SECOND):
        return "flux2"
    if ".img_mlp." in text or ".img_mod." in text:
        return "qwen-image"
    if "down_blocks." in text or "up_blocks." in text:
        return "sdxl" if "transformer_blocks.1." in text else _stated(metadata) or "sd15"
    if "single_transformer_blocks." in text or "transformer.transformer_blocks." in text:
        certain = any(piece in text for piece in (".ff.net.", ".proj_mlp", "norm1.linear", "time_text_embed"))
        return "flux" if certain else _stated(metadata) or "flux"
    if "text_encoder" in text or "mid_block." in text:
        return _stated(metadata)
    return "llm" if ".layers." in f".{text}" or ".h." in text else ""


def _stated(metadata: Mapping[str, str]) -> str:
    said = metadata.get("modelspec.architecture", "").lower()
    return next((family for start, family in ARCHITECTURES.items() if said.startswith(start)), "")


def refuse_control(file: str, adapter: Adapter) -> None:
    """Raise AdapterError for an adapter that goes with a widened first layer."""
    first = adapter.modules.get("transformer.x_embedder")
    if adapter.family == "flux" and first is not None and first.weight_shape[1] in WIDENED:
        raise AdapterError(
            f"{file}: widens the base's first layer to {first.weight_shape[1]} inputs, as control adapters "
            "(FLUX.1 Canny, Depth, Fill) do; these are not supported"
        )
