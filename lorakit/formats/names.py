"""Which of diffusers' or transformers' modules a tool's module name means: one row per way of naming."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lorakit.families.table import component_with
from lorakit.formats import flux, unet
from lorakit.formats.flux import NameRule

PEFT_PREFIX = "base_model.model."
# Kohya's and OneTrainer's first words; "denoiser" is told apart by what follows. Dots may follow as well.
KOHYA = {
    "lora_unet": "denoiser", "lora_transformer": "denoiser", "lora_te1": "text_encoder",
    "lora_te2": "text_encoder_2", "lora_te3": "text_encoder_2", "lora_te": "text_encoder",
    "lycoris": "denoiser",
}  # fmt: skip
KOHYA_START = re.compile(rf"({'|'.join(sorted(KOHYA, key=len, reverse=True))})[_.]+(?=[a-z\d])")
# Before a denoiser's own names, in any order and number: of ComfyUI and ai-toolkit, of diffusers and
# OneTrainer, of PEFT around a model, of Lightning and DiffSynth around theirs.
AROUND = re.compile(
    r"(base_model\.model|model\.diffusion_model|diffusion_model|transformer|unet|model|pipe\.dit|dit|pipe|pipeline|flux"
    r"|net|network|denoiser|student|generator|ema|ema_model|accelerator)\."
)
# torch.compile, FSDP, gradient checkpointing, DeepSpeed and DataParallel wrap a module in one of these.
WRAPPERS = re.compile(
    r"(?<![^.])(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|_forward_module)\."
)
PARALLEL = re.compile(r"^((?:base_model\.model\.|(?:transformer|unet|text_encoder(?:_\d)?)\.)*)(?:module\.)+")
# A language model within another module, as in reinforcement learning and around models that see.
INSIDE = re.compile(
    r"^(?:(?:llm|language_model|pretrained_model|policy|actor|student|model)\.)+(?=base_model\.model\.)"
    r"|(?<=^base_model\.model\.)(?:pretrained_model|backbone)\.(?=model\.|transformer\.|lm_head)"
)
TWICE = re.compile(r"^(base_model\.model\.){2,}")
# How checkpoints, ComfyUI and OneTrainer's OMI layout call text encoders; what follows are transformers' own
# names.
TEXT_ENCODERS = re.compile(
    r"(?:text_encoders?\.|cond_stage_model\.)?(?P<which>clip_l|clip_g|t5xxl|qwen3_[48]b|mistral3_24b)\.transformer\."
    r"|(?P<first>cond_stage_model|conditioner\.embedders\.0|text_encoders)\.transformer\."
    r"|(?P<omi>clip_l|clip_g|t5|te[123])\.(?=text_model\.|text_projection|encoder\.block\.)"
)
WHICH = dict.fromkeys(("clip_g", "t5xxl", "t5", "te2", "te3"), "text_encoder_2")  # the others come first
OTHERS_BEGIN = (  # never a module's own name
    "lora_", "lycoris_", "diffusion_model.", "text_encoders.", "double_blocks.", "single_blocks.",
)  # fmt: skip
COMPONENT = re.compile(r"(transformer|unet|text_encoder|text_encoder_2|text_encoder_3)\.")
SGM = re.compile(r"(input_blocks|output_blocks|middle_block|time_embed|label_emb|out)\.")
# Diffusers' first layout named a text encoder's layers after its own attention's.
FIRST_TEXT = {"to_q": "q_proj", "to_k": "k_proj", "to_v": "v_proj", "to_out": "out_proj"}


@dataclass(frozen=True)
class Naming:
    """One way of naming modules: `resolve` gives the modules that a name means, or None."""

    name: str
    resolve: Callable[[str], NameRule | None]
    flux2: bool | None = None  # only for files whose shapes are (True) or are not (False) those of FLUX.2
    general: bool = False  # takes names as they are, so it is asked only when no other knows them


def resolve_peft(name: str) -> NameRule | None:
    return _same(name.removeprefix(PEFT_PREFIX)) if name.startswith(PEFT_PREFIX) else None


def unwrapped(name: str) -> str:
    """A module's name without what training wrapped around its model."""
    return INSIDE.sub("", TWICE.sub(PEFT_PREFIX, PARALLEL.sub(r"\1", WRAPPERS.sub("", name))))


def resolve_kohya(name: str, flux2: bool = False) -> NameRule | None:
    start = KOHYA_START.match(name)
    if start is None:
        return None
    # SimpleTuner's first conversion left an underscore at the end.
    flat, component = name[start.end() :].replace(".", "_").rstrip("_"), KOHYA[start[1]]
    if component != "denoiser":
        found = unet.dotted(flat)
        return _same(f"{component}.{found}") if found else None
    row = flux.from_kohya(flat, flux2)
    if row is not None:
        return _in("transformer", row)
    found = unet.from_sgm(flat) or unet.dotted(flat)
    if found is None:
        return None
    if found.startswith(("text_model.", "encoder.layers.")):  # LyCORIS calls all its modules alike
        return _same(f"text_encoder.{found}")
    return _same(f"{component_with(found) or 'transformer'}.{found}")


def resolve_kohya_flux2(name: str) -> NameRule | None:
    return resolve_kohya(name, flux2=True)


def resolve_bfl(name: str, flux2: bool = False) -> NameRule | None:
    """The authors' own names: FLUX's, those of Stable Diffusion's checkpoints, and their text encoders'."""
    for inner in _peeled(name):
        if row := flux.from_bfl(inner, flux2):
            return _in("transformer", row)
        if SGM.match(inner) and (found := unet.from_sgm(inner.replace(".", "_"))):
            return _same(f"unet.{found}")
    return _text_encoder(name)


def resolve_bfl_flux2(name: str) -> NameRule | None:
    return resolve_bfl(name, flux2=True)


def resolve_xlabs(name: str) -> NameRule | None:
    rows = (flux.from_xlabs(inner) for inner in _peeled(name))
    row = next(filter(None, rows), None)
    return _in("transformer", row) if row else None


def resolve_diffusers(name: str) -> NameRule | None:
    if row := _text_encoder(name):
        return row
    for inner in _peeled(name):
        own = _tidy(inner)
        if component := component_with(own):
            return _same(f"{component}.{own}")
    if not COMPONENT.match(name) or any(_is_bfl(inner) for inner in _peeled(name)):
        return None
    component, _, inner = name.partition(".")
    inner = inner.removeprefix(PEFT_PREFIX)
    if inner.startswith(OTHERS_BEGIN):
        return None
    return _same(f"{component}.{_text(inner) if component.startswith('text_encoder') else _tidy(inner)}")


def _tidy(name: str) -> str:
    name = name.replace(".processor.", ".")  # diffusers' first layout hung updates on attention processors
    if "single_transformer_blocks." not in name:  # FLUX.2's have a to_out of their own
        name = re.sub(r"\.to_out$", ".to_out.0", name)
    return name


def _text(name: str) -> str:
    attention, _, last = name.partition(".self_attn.")
    return f"{attention}.self_attn.{FIRST_TEXT.get(last.removesuffix('.0'), last)}" if last else name


def _text_encoder(name: str) -> NameRule | None:
    """A text encoder's module as ComfyUI and checkpoints call it."""
    found = TEXT_ENCODERS.match(name)
    if found is None:
        return None
    which = found["which"] or found["omi"] or found["first"]
    return _same(f"{WHICH.get(which, 'text_encoder')}.{name[found.end() :]}")


def _peeled(name: str) -> Iterator[str]:
    """The name, and what is left of it with one after another of the prefixes in front taken off."""
    yield name
    while found := AROUND.match(name):
        name = name[found.end() :]
        yield name


def resolve_plain(name: str) -> NameRule | None:
    """A module's own name, as mlx-lm writes language models' adapters."""
    if not name or name.startswith(PEFT_PREFIX):
        return None
    return None if any(inner.startswith(OTHERS_BEGIN) for inner in _peeled(name)) else _same(name)


# A file is read by the row that knows all its names. Where two know them, they must mean the same.
NAMINGS = (
    Naming("kohya", resolve_kohya, flux2=False),
    Naming("kohya", resolve_kohya_flux2, flux2=True),
    Naming("xlabs", resolve_xlabs),
    Naming("bfl", resolve_bfl, flux2=False),
    Naming("bfl", resolve_bfl_flux2, flux2=True),
    Naming("diffusers", resolve_diffusers),
    Naming("peft", resolve_peft, general=True),
    Naming("plain", resolve_plain, general=True),
)


def _is_bfl(name: str) -> bool:
    return any(flux.from_bfl(name, flux2) for flux2 in (False, True))


def _same(name: str) -> NameRule:
    return NameRule(name, ((name, 1),))


def _in(component: str, row: NameRule) -> NameRule:
    return NameRule(
        row.theirs, tuple((f"{component}.{name}", units) for name, units in row.ours), row.swapped
    )
