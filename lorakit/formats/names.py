"""Which of diffusers' or transformers' modules a tool's module name means: one row per way of naming."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from lorakit.formats import flux, unet
from lorakit.formats.flux import Row

PEFT_PREFIX = "base_model.model."
# Kohya's and OneTrainer's first words; "denoiser" is told apart by what follows.
KOHYA = {
    "lora_unet_": "denoiser", "lora_transformer_": "denoiser", "lora_te1_": "text_encoder",
    "lora_te2_": "text_encoder_2", "lora_te3_": "text_encoder_2", "lora_te_": "text_encoder",
    "lycoris_": "denoiser",
}  # fmt: skip
OTHERS_BEGIN = ("lora_", "diffusion_model.", "double_blocks.", "single_blocks.")  # never a module's own name
COMPONENT = re.compile(r"(transformer|unet|text_encoder|text_encoder_2|text_encoder_3)\.")
DENOISER = re.compile(r"(transformer_blocks|single_transformer_blocks)\.")
UNET = re.compile(r"(down_blocks|up_blocks|mid_block)\.")


@dataclass(frozen=True)
class Naming:
    """One way of naming modules: `resolve` gives the modules that a name means, or None."""

    name: str
    resolve: Callable[[str], Row | None]
    second: bool = False  # only for files whose shapes are those of FLUX.2


def resolve_peft(name: str) -> Row | None:
    return _same(name.removeprefix(PEFT_PREFIX)) if name.startswith(PEFT_PREFIX) else None


def resolve_kohya(name: str) -> Row | None:
    start = next((start for start in KOHYA if name.startswith(start)), None)
    if start is None:
        return None
    flat, component = name.removeprefix(start), KOHYA[start]
    if component != "denoiser":
        found = unet.dotted(flat)
        return _same(f"{component}.{found}") if found else None
    row = flux.from_kohya(flat)
    if row is not None:
        return _in("transformer", row)
    found = unet.from_sgm(flat) or unet.dotted(flat)
    if found is None:
        return None
    return _same(("unet." if _is_unet(found) else "transformer.") + found)


def resolve_bfl(name: str) -> Row | None:
    row = flux.from_bfl(name.removeprefix("diffusion_model."))
    return _in("transformer", row) if row else None


def resolve_bfl_2(name: str) -> Row | None:
    row = flux.from_bfl(name.removeprefix("diffusion_model."), second=True)
    return _in("transformer", row) if row else None


def resolve_xlabs(name: str) -> Row | None:
    row = flux.from_xlabs(name.removeprefix("diffusion_model."))
    return _in("transformer", row) if row else None


def resolve_diffusers(name: str) -> Row | None:
    name = name.replace(".processor.", ".")  # diffusers' first layout hung updates on attention processors
    name = re.sub(r"\.to_out$", ".to_out.0", name)
    if COMPONENT.match(name):
        return _same(name)
    if name.startswith("diffusion_model.") and DENOISER.match(name.removeprefix("diffusion_model.")):
        return _same("transformer." + name.removeprefix("diffusion_model."))
    if DENOISER.match(name):
        return _same("transformer." + name)
    return _same("unet." + name) if UNET.match(name) else None


def resolve_plain(name: str) -> Row | None:
    """A module's own name, as mlx-lm writes language models' adapters."""
    return _same(name) if "." in name and not name.startswith(OTHERS_BEGIN) else None


# A file is read by the first row that knows all its names. No name is known to two rows but the last, which
# takes names as they are.
NAMINGS = (
    Naming("peft", resolve_peft),
    Naming("kohya", resolve_kohya),
    Naming("xlabs", resolve_xlabs),
    Naming("bfl", resolve_bfl),
    Naming("bfl", resolve_bfl_2, second=True),
    Naming("diffusers", resolve_diffusers),
    Naming("plain", resolve_plain),
)


def _same(name: str) -> Row:
    return Row(name, ((name, 1),))


def _in(component: str, row: Row) -> Row:
    return Row(row.theirs, tuple((f"{component}.{name}", units) for name, units in row.ours), row.swapped)


def _is_unet(name: str) -> bool:
    first = name.partition(".")[0]
    return first in {
        "down_blocks",
        "up_blocks",
        "mid_block",
        "conv_in",
        "conv_out",
        "time_embedding",
        "add_embedding",
    }
