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
# Before the authors' own names: of ComfyUI and ai-toolkit, of OneTrainer, of PEFT around the authors' model.
BEFORE_BFL = ("diffusion_model.", "transformer.", PEFT_PREFIX)
OTHERS_BEGIN = ("lora_", "diffusion_model.", "double_blocks.", "single_blocks.")  # never a module's own name
COMPONENT = re.compile(r"(transformer|unet|text_encoder|text_encoder_2|text_encoder_3)\.")
TRANSFORMER = re.compile(
    r"(transformer_blocks|single_transformer_blocks|x_embedder|context_embedder|time_text_embed"
    r"|time_guidance_embed|norm_out|proj_out|single_stream_modulation\.linear"
    r"|double_stream_modulation_(img|txt)\.linear)(\.|$)"
)
UNET = re.compile(r"(down_blocks|up_blocks|mid_block|conv_in|conv_out|time_embedding|add_embedding)(\.|$)")
# Diffusers' first layout named a text encoder's layers after its own attention's.
FIRST_TEXT = {"to_q": "q_proj", "to_k": "k_proj", "to_v": "v_proj", "to_out": "out_proj"}


@dataclass(frozen=True)
class Naming:
    """One way of naming modules: `resolve` gives the modules that a name means, or None."""

    name: str
    resolve: Callable[[str], Row | None]
    second: bool | None = None  # only for files whose shapes are (True) or are not (False) those of FLUX.2
    general: bool = False  # takes names as they are, so it is asked only when no other knows them


def resolve_peft(name: str) -> Row | None:
    return _same(name.removeprefix(PEFT_PREFIX)) if name.startswith(PEFT_PREFIX) else None


def resolve_kohya(name: str, second: bool = False) -> Row | None:
    start = next((start for start in KOHYA if name.startswith(start)), None)
    if start is None:
        return None
    flat, component = name.removeprefix(start), KOHYA[start]
    if component != "denoiser":
        found = unet.dotted(flat)
        return _same(f"{component}.{found}") if found else None
    row = flux.from_kohya(flat, second)
    if row is not None:
        return _in("transformer", row)
    found = unet.from_sgm(flat) or unet.dotted(flat)
    if found is None:
        return None
    return _same(("unet." if UNET.match(found) else "transformer.") + found)


def resolve_kohya_2(name: str) -> Row | None:
    return resolve_kohya(name, second=True)


def resolve_bfl(name: str, second: bool = False) -> Row | None:
    before = next((prefix for prefix in BEFORE_BFL if name.startswith(prefix)), "")
    row = flux.from_bfl(name.removeprefix(before), second)
    return _in("transformer", row) if row else None


def resolve_bfl_2(name: str) -> Row | None:
    return resolve_bfl(name, second=True)


def resolve_xlabs(name: str) -> Row | None:
    row = flux.from_xlabs(name.removeprefix("diffusion_model."))
    return _in("transformer", row) if row else None


def resolve_diffusers(name: str) -> Row | None:
    for prefix in ("diffusion_model.", PEFT_PREFIX):
        if name.startswith(prefix) and _denoiser(name.removeprefix(prefix)):
            name = name.removeprefix(prefix)
    name = name.replace(".processor.", ".")  # diffusers' first layout hung updates on attention processors
    if "single_transformer_blocks." not in name:  # FLUX.2's have a to_out of their own
        name = re.sub(r"\.to_out$", ".to_out.0", name)
    if name.startswith("text_encoder"):
        attention, _, last = name.partition(".self_attn.")
        name = f"{attention}.self_attn.{FIRST_TEXT.get(last.removesuffix('.0'), last)}" if last else name
    if COMPONENT.match(name):
        return None if _is_bfl(name.removeprefix("transformer.")) else _same(name)
    component = _denoiser(name)
    return _same(f"{component}.{name}") if component else None


def resolve_plain(name: str) -> Row | None:
    """A module's own name, as mlx-lm writes language models' adapters."""
    return _same(name) if name and not name.startswith((*OTHERS_BEGIN, PEFT_PREFIX)) else None


# A file is read by the row that knows all its names. Where two know them, they must mean the same.
NAMINGS = (
    Naming("kohya", resolve_kohya, second=False),
    Naming("kohya", resolve_kohya_2, second=True),
    Naming("xlabs", resolve_xlabs),
    Naming("bfl", resolve_bfl, second=False),
    Naming("bfl", resolve_bfl_2, second=True),
    Naming("diffusers", resolve_diffusers),
    Naming("peft", resolve_peft, general=True),
    Naming("plain", resolve_plain, general=True),
)


def _is_bfl(name: str) -> bool:
    return any(flux.from_bfl(name, second) for second in (False, True))


def _same(name: str) -> Row:
    return Row(name, ((name, 1),))


def _in(component: str, row: Row) -> Row:
    return Row(row.theirs, tuple((f"{component}.{name}", units) for name, units in row.ours), row.swapped)


def _denoiser(name: str) -> str:
    """The component that has a module of this name; empty when neither a transformer nor a U-Net has."""
    return "transformer" if TRANSFORMER.match(name) else "unet" if UNET.match(name) else ""
