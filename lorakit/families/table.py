"""The families of bases, a row each: all that is known of one without loading anything. No torch here.

A new family is a row here and the class that its `where` names. The names and terms of licences are those of
the models' pages on the hub.
"""

import re
from functools import lru_cache

from lorakit.families.facts import INPAINTS, BlockGroup, FamilyRow, Known, Licence, Makes, Preset, Settings

CAUSAL_LM = "causal language model"
BFL = "black-forest-labs"
FLUX_1_DEV = "FLUX.1 [dev] Non-Commercial License"
FLUX_2 = "FLUX Non-Commercial License"
OPENRAIL = "If you share an adapter made for it, pass on its list of prohibited uses."
LLAMA = Licence(
    "Llama Community License", True, "https://www.llama.com/license/",
    "If you share an adapter made for it, pass on its licence, show “Built with Llama” and let the adapter's "
    "name begin with “Llama”; very large companies need a separate licence.",
)  # fmt: skip
GEMMA = Licence(
    "Gemma Terms of Use", True, "https://ai.google.dev/gemma/terms",
    "If you share an adapter made for it, pass on its terms and its prohibited-use policy.",
)  # fmt: skip


def _hub(name: str) -> str:
    return f"https://huggingface.co/{name}"


_STREAMS = (
    BlockGroup("double", "First blocks (double)", r"(transformer\.)?transformer_blocks\."),
    BlockGroup("single", "Later blocks (single)", r"(transformer\.)?single_transformer_blocks\."),
)
_LEVELS = (
    BlockGroup("down", "First blocks (down)", r"(unet\.)?down_blocks\."),
    BlockGroup("mid", "Middle block (mid)", r"(unet\.)?mid_block\."),
    BlockGroup("up", "Last blocks (up)", r"(unet\.)?up_blocks\."),
)
_FLUX = r"transformer_blocks|single_transformer_blocks|x_embedder|context_embedder|norm_out|proj_out"
_UNET = r"(down_blocks|up_blocks|mid_block|conv_in|conv_out|time_embedding|add_embedding)(\.|$)"
# The min-SNR weighting of arXiv 2303.09556.
_MIN_SNR = Preset(
    "sdxl", "Stable Diffusion", "image", False,
    {"gradient_checkpointing": True, "steps": 1500, "rank": 16, "alpha": 16.0, "learning_rate": 1e-4,
     "min_snr": 5.0},
    only_for=("stable-diffusion", "sdxl"),
)  # fmt: skip

FLUX1 = FamilyRow(
    "flux", "FLUX.1", "image", "lorakit.families.flux1:Flux1", ("FluxPipeline",),
    Settings(steps=28, guidance=3.5, max_tokens=512),
    ids=("flux.1",),
    variants={
        "flux.1-kontext": "is FLUX.1 Kontext, which changes pictures by instruction",
        "flux.1-fill": "is FLUX.1 Fill, which paints into pictures",
        "flux.1-canny": "is FLUX.1 Canny, which follows outlines",
        "flux.1-depth": "is FLUX.1 Depth, which follows depth maps",
        "flux.1-redux": "is FLUX.1 Redux, which varies pictures",
    },
    instead="FLUX.1-dev or FLUX.1-schnell",
    component="transformer",
    modules=rf"({_FLUX}|time_text_embed)(\.|$)",
    architecture="flux-1/lora",
    architectures={"flux.1-dev": "flux-1-dev/lora", "flux.1-schnell": "flux-1-schnell/lora"},
    stated=("flux1", "fluxdev", "fluxschnell", "fluxkontext"),
    blocks=_STREAMS,
    widened=(128, 384),  # from 64: Canny and Depth see a second picture, Fill one and a mask
    kohya_text=("lora_te1_", "lora_te3_"),  # the second is T5
    licences=(
        ("flux.1-dev", Licence(FLUX_1_DEV, False, _hub(f"{BFL}/FLUX.1-dev"))),
        ("flux.1-krea-dev", Licence(FLUX_1_DEV, False, _hub(f"{BFL}/FLUX.1-Krea-dev"))),
        ("flux.1-schnell", Licence("Apache-2.0", True, _hub(f"{BFL}/FLUX.1-schnell"))),
    ),
    bases=(
        Known(f"{BFL}/FLUX.1-dev", "FLUX.1-dev", "image", "a GPU, 12 GB in 4-bit", True),
        Known(f"{BFL}/FLUX.1-schnell", "FLUX.1-schnell, distilled", "image", "a GPU, 12 GB in 4-bit", True),
    ),
    can=frozenset({INPAINTS}),
)  # fmt: skip
FLUX2 = FamilyRow(
    "flux2", "FLUX.2", "image", "lorakit.families.flux2:Flux2", ("Flux2Pipeline", "Flux2KleinPipeline"),
    Settings(steps=28, guidance=4.0, max_tokens=512),
    ids=("flux.2",),
    instead="FLUX.2-dev or a FLUX.2-klein",
    component="transformer",
    modules=rf"({_FLUX}|time_guidance_embed|single_stream_modulation\.linear"
            r"|double_stream_modulation_(img|txt)\.linear)(\.|$)",
    architecture="flux-2/lora",
    stated=("flux2",),
    blocks=_STREAMS,
    kohya_text=("lora_te1_", "lora_te3_"),
    licences=(
        ("flux.2-klein-4b", Licence("Apache-2.0", True, _hub(f"{BFL}/FLUX.2-klein-4B"))),
        ("flux.2-klein-base-4b", Licence("Apache-2.0", True, _hub(f"{BFL}/FLUX.2-klein-base-4B"))),
        ("flux.2-klein-9b", Licence(FLUX_2, False, _hub(f"{BFL}/FLUX.2-klein-9B"))),
        ("flux.2-klein-base-9b", Licence(FLUX_2, False, _hub(f"{BFL}/FLUX.2-klein-base-9B"))),
        ("flux.2-dev", Licence(FLUX_2, False, _hub(f"{BFL}/FLUX.2-dev"))),
    ),
    bases=(
        Known(f"{BFL}/FLUX.2-klein-base-4B", "FLUX.2-klein-base 4B", "image", "a GPU, 8 GB in 4-bit"),
        Known(f"{BFL}/FLUX.2-klein-4B", "FLUX.2-klein 4B, distilled", "image", "a GPU, 8 GB in 4-bit"),
        Known(f"{BFL}/FLUX.2-klein-base-9B", "FLUX.2-klein-base 9B", "image", "a GPU, 16 GB in 4-bit", True),
        Known(
            f"{BFL}/FLUX.2-klein-9B", "FLUX.2-klein 9B, distilled", "image", "a GPU, 16 GB in 4-bit", True,
        ),
        Known(f"{BFL}/FLUX.2-dev", "FLUX.2-dev", "image", "a GPU, 32 GB in 4-bit", True),
    ),
    can=frozenset({INPAINTS}),
)  # fmt: skip
SDXL = FamilyRow(
    "sdxl", "SDXL", "image", "lorakit.families.stable_diffusion:SDXL", ("StableDiffusionXLPipeline",),
    Settings(area=1024 * 1024, steps=30, guidance=5.0, max_tokens=77),
    ids=("stable-diffusion-xl-base", "sdxl"),
    component="unet",
    modules=_UNET,
    architecture="stable-diffusion-xl-v1-base/lora",
    stated=("stablediffusionxl", "sdxl"),
    blocks=_LEVELS,
    kohya_sgm=True,
    licences=(
        ("stable-diffusion-xl-base",
         Licence("OpenRAIL++-M", True, _hub("stabilityai/stable-diffusion-xl-base-1.0"), OPENRAIL)),
    ),
    bases=(Known("stabilityai/stable-diffusion-xl-base-1.0", "SDXL", "image", "a GPU, 12 GB"),),
    presets=(_MIN_SNR,),
    can=frozenset({INPAINTS}),
)  # fmt: skip
SD15 = FamilyRow(
    "sd15", "Stable Diffusion 1.5", "image", "lorakit.families.stable_diffusion:SD15",
    ("StableDiffusionPipeline",),
    Settings(area=512 * 512, steps=30, guidance=7.5, max_tokens=77),
    ids=("stable-diffusion-v1",),
    component="unet",
    modules=_UNET,
    architecture="stable-diffusion-v1/lora",
    stated=("stablediffusionv1", "sdv1", "sd15"),
    blocks=_LEVELS,
    kohya_text=("lora_te_",),
    licences=(
        ("stable-diffusion-v1",
         Licence("OpenRAIL-M", True, _hub("stable-diffusion-v1-5/stable-diffusion-v1-5"), OPENRAIL)),
    ),
    bases=(
        Known("stable-diffusion-v1-5/stable-diffusion-v1-5", "Stable Diffusion 1.5", "image", "a GPU, 8 GB"),
    ),
    presets=(_MIN_SNR,),
    can=frozenset({INPAINTS}),
)  # fmt: skip
LANGUAGE_MODELS = FamilyRow(
    "llm", "language model", "text", "lorakit.families.causal_lm:CausalLM", (CAUSAL_LM,),
    Settings(area=0, steps=0, guidance=0.0, max_tokens=1024),
    plural="language models",
    layout="peft",
    stated=("causallm",),
    licences=(
        # Qwen's 2.5 sizes with other licences stand before the family.
        ("qwen/qwen2.5-3b", Licence("Qwen Research License", False, _hub("Qwen/Qwen2.5-3B"))),
        ("qwen/qwen2.5-72b", Licence("Qwen License", True, _hub("Qwen/Qwen2.5-72B"))),
        ("qwen/qwen2.5", Licence("Apache-2.0", True, _hub("Qwen"))),
        ("qwen/qwen3", Licence("Apache-2.0", True, _hub("Qwen"))),
        ("mistralai/mistral-7b", Licence("Apache-2.0", True, _hub("mistralai"))),
        ("mistralai/mistral-nemo", Licence("Apache-2.0", True, _hub("mistralai"))),
        ("mistralai/mistral-small-24b", Licence("Apache-2.0", True, _hub("mistralai"))),
        ("mistralai/", Licence("see the model's page", None, _hub("mistralai"))),
        ("meta-llama/", LLAMA),
        ("google/gemma-4", Licence("Apache-2.0", True, "https://ai.google.dev/gemma/apache_2")),
        ("google/gemma", GEMMA),
    ),
    bases=(
        Known("Qwen/Qwen3-0.6B", "Qwen3-0.6B", "text"),
        Known("Qwen/Qwen3-4B-Instruct-2507", "Qwen3-4B-Instruct", "text", "a GPU, 8 GB in 4-bit"),
        Known("Qwen/Qwen3-8B", "Qwen3-8B", "text", "a GPU, 12 GB in 4-bit"),
        Known("meta-llama/Llama-3.2-3B-Instruct", "Llama 3.2 3B", "text", "a GPU, 8 GB in 4-bit", True),
        Known("meta-llama/Llama-3.3-70B-Instruct", "Llama 3.3 70B", "text", "a GPU, 48 GB in 4-bit", True),
        Known("mistralai/Mistral-7B-Instruct-v0.3", "Mistral 7B", "text", "a GPU, 12 GB in 4-bit"),
        Known("google/gemma-3-4b-it", "Gemma 3 4B", "text", "a GPU, 8 GB in 4-bit", True),
    ),
)  # fmt: skip

# What a layout calls an adapter's file.
ADAPTER_FILES = {"diffusers": "pytorch_lora_weights.safetensors", "peft": "adapter_model.safetensors"}

ROWS: dict[str, FamilyRow] = {row.name: row for row in (FLUX1, FLUX2, SDXL, SD15, LANGUAGE_MODELS)}


def register(row: FamilyRow) -> None:
    """Make a family known everywhere. Raises ValueError when its name is taken."""
    if row.name in ROWS:
        raise ValueError(f"{row.name}: there is a family of this name already; choose another")
    ROWS[row.name] = row


def is_foreign(family: str) -> bool:
    """Is this a family that has no bases here? Of an adapter for one not even a part is applied."""
    return family not in ("", *ROWS)


def makes(family: str) -> Makes | None:
    """Whether the bases of the family of this name make pictures or text; None for a family of others."""
    return ROWS[family].makes if family in ROWS else None


def label(family: str) -> str:
    """The family's name for a person: its own where it is one of others."""
    return ROWS[family].label if family in ROWS else family


def words_of(family: str) -> str:
    """What a base of this family is, within a sentence."""
    return ROWS[family].words if family in ROWS else family


def layout_of(family: str) -> str:
    """The layout that the ecosystem expects of an adapter of this family."""
    return ROWS[family].layout if family in ROWS else "diffusers"


def blocks_of(family: str) -> tuple[BlockGroup, ...]:
    """The groups of blocks that an adapter of this family can have strengths in."""
    return ROWS[family].blocks if family in ROWS else ()


def block_groups() -> dict[str, re.Pattern[str]]:
    """The groups of blocks of all families by name, with what the names of their modules match."""
    return _block_groups(tuple(group for row in ROWS.values() for group in row.blocks))


@lru_cache
def _block_groups(groups: tuple[BlockGroup, ...]) -> dict[str, re.Pattern[str]]:
    patterns: dict[str, dict[str, None]] = {}
    for group in groups:
        patterns.setdefault(group.name, {})[group.pattern] = None
    return {name: re.compile("|".join(f"(?:{one})" for one in them)) for name, them in patterns.items()}


def component_with(module: str) -> str:
    """The component that can have a module of this name; empty when none has."""
    return next((row.component for row in ROWS.values() if row.has_module(module)), "")
