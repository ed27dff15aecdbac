"""Recipe: the settings of one training. Every default, range, unit and help text stands here, once.

The form in the app, the command line's options and the job file are all made from the fields below. No
torch here.
"""

import math
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any

from lorakit.errors import RecipeError


def _setting(
    default: Any,
    help: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    kinds: tuple[str, ...] = ("image", "text"),
    basic: bool = False,
) -> Any:
    """A field that carries its unit, range, choices and help.

    `kinds` says for which trainings it means something.
    """
    metadata = {
        "help": help,
        "unit": unit,
        "low": low,
        "high": high,
        "choices": choices,
        "kinds": kinds,
        "basic": basic,
    }
    return field(default=default, metadata=metadata)


@dataclass
class Recipe:
    """The hyper-parameters of one training.

    Raises RecipeError that names the field when a value is out of range.
    """

    steps: int = _setting(
        1000,
        "How many updates to make. More learns more, and takes longer.",
        unit="steps",
        low=1,
        high=100_000,
        basic=True,
    )
    rank: int = _setting(
        16,
        "How much the adapter can learn. 8 to 16 for one product, 32 for a style.",
        low=1,
        high=1024,
        basic=True,
    )
    alpha: float = _setting(
        16.0,
        "Strength of the update: it is scaled by alpha / rank. Usually equal to the rank.",
        low=0.001,
        high=4096,
    )
    learning_rate: float = _setting(1e-4, "Size of each update.", low=1e-8, high=0.1)
    batch_size: int = _setting(1, "Examples per update.", unit="examples", low=1, high=256)
    warmup: float = _setting(0.05, "Share of the steps in which the learning rate rises.", low=0.0, high=0.5)
    schedule: str = _setting(
        "constant", "How the learning rate goes on after the warm-up.", choices=("constant", "cosine")
    )
    weight_decay: float = _setting(0.01, "Pull of the factors towards zero.", low=0.0, high=1.0)
    max_grad_norm: float = _setting(1.0, "Gradients longer than this are shortened.", low=0.01, high=100.0)
    dropout: float = _setting(0.0, "Share of the adapter's inputs left out at random.", low=0.0, high=0.9)
    caption_dropout: float = _setting(
        0.05,
        "Share of the captions left out, so that the product also shows without one.",
        low=0.0,
        high=0.9,
        kinds=("image",),
    )
    min_snr: float = _setting(
        5.0,
        "Stable Diffusion only: noise levels that are nearly clean count less (min-SNR gamma, 0 is off).",
        low=0.0,
        high=100.0,
        kinds=("image",),
    )
    ema: float = _setting(
        0.0,
        "Average the adapter over its last steps (0.99 is smooth, 0 is off).",
        low=0.0,
        high=0.9999,
        kinds=("image",),
    )
    held_out: float = _setting(
        0.1,
        "Share of the texts kept aside to see when to stop; the best state by them is kept.",
        low=0.0,
        high=0.5,
        kinds=("text",),
    )
    max_length: int = _setting(
        1024, "Longer texts are cut.", unit="tokens", low=16, high=32_768, kinds=("text",)
    )
    resolution: int = _setting(
        0,
        "Side of a square of the training pictures' area; 0 is the base's own.",
        unit="px",
        low=0,
        high=2048,
        kinds=("image",),
    )
    convolutions: bool = _setting(
        False,
        "Stable Diffusion only: give the convolutions an update too. Larger files, finer texture.",
        kinds=("image",),
    )
    gradient_checkpointing: bool = _setting(
        False,
        "Compute activations again instead of keeping them: much less memory, about a third slower.",
    )
    rslora: bool = _setting(False, "Scale by alpha / sqrt(rank), which keeps high ranks learning.")
    dora: bool = _setting(False, "Learn the size of each output apart from its direction (DoRA). Slower.")
    preview_every: int = _setting(
        250, "Make previews after this many steps; 0 for only at the end.", unit="steps", low=0, high=100_000
    )
    checkpoint_every: int = _setting(
        100, "Save the whole state after this many steps.", unit="steps", low=1, high=100_000
    )
    seed: int = _setting(0, "The same seed, data and recipe give the same adapter.", low=0, high=2**63 - 1)

    def __post_init__(self) -> None:
        for setting in fields(self):
            setattr(self, setting.name, _checked(setting, getattr(self, setting.name)))

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Recipe":
        """A recipe from JSON data. Raises RecipeError for a setting that does not exist."""
        known = {setting.name for setting in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise RecipeError(
                f"recipe: no setting {unknown[0]!r}; the settings are {', '.join(sorted(known))}"
            )
        return cls(**values)


def _checked(setting: Field, value: Any) -> Any:
    name, rules = setting.name, setting.metadata
    kind = (
        setting.type
        if isinstance(setting.type, type)
        else {"int": int, "float": float, "str": str, "bool": bool}[str(setting.type)]
    )
    if kind is bool or kind is str:
        if not isinstance(value, kind):
            raise RecipeError(
                f"recipe: {name} is {value!r}; it must be a {'yes or no' if kind is bool else 'word'}"
            )
        if rules["choices"] and value not in rules["choices"]:
            raise RecipeError(f"recipe: {name} is {value!r}; choose one of {', '.join(rules['choices'])}")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise RecipeError(f"recipe: {name} is {value!r}; it must be a number")
    if kind is int and value != int(value):
        raise RecipeError(f"recipe: {name} is {value!r}; it must be a whole number")
    if not rules["low"] <= value <= rules["high"]:
        raise RecipeError(
            f"recipe: {name} is {value:g}; it must be between {rules['low']:g} and {rules['high']:g}"
        )
    return kind(value)


@dataclass(frozen=True)
class Preset:
    """A named starting point: what it is for, and the settings it changes."""

    id: str
    label: str
    kind: str  # "image" | "text"
    starter: bool  # for the starter bases, which learn faster and need their own settings
    settings: dict[str, Any]
    about: str = ""


# Sources of the figures: Replicate's FLUX trainer (quick), ai-toolkit's FLUX example (balanced), the QLoRA
# paper, arXiv 2305.14314, table 9 (large); those of the starter bases were found by measuring
# (starter/REPORT.md).
LARGE = {"gradient_checkpointing": True}  # a base of billions of parameters keeps no activations
PRESETS = (
    Preset(
        "quick",
        "Quick",
        "image",
        True,
        {
            "steps": 480,
            "rank": 16,
            "alpha": 16.0,
            "learning_rate": 1e-3,
            "batch_size": 8,
            "schedule": "cosine",
            "caption_dropout": 0.1,
            "preview_every": 100,
            "checkpoint_every": 50,
        },
    ),
    Preset(
        "balanced",
        "Balanced",
        "image",
        True,
        {
            "steps": 600,
            "rank": 16,
            "alpha": 16.0,
            "learning_rate": 1e-3,
            "batch_size": 8,
            "schedule": "cosine",
            "caption_dropout": 0.1,
            "preview_every": 150,
            "checkpoint_every": 50,
        },
    ),
    Preset(
        "quick",
        "Quick",
        "image",
        False,
        LARGE | {"steps": 1000, "learning_rate": 4e-4, "caption_dropout": 0.05, "ema": 0.99},
    ),
    Preset("balanced", "Balanced", "image", False, LARGE | {"steps": 2000, "learning_rate": 1e-4}),
    Preset(
        "style",
        "Style",
        "image",
        False,
        LARGE | {"steps": 3000, "rank": 32, "alpha": 32.0, "learning_rate": 1e-4, "caption_dropout": 0.2},
    ),
    Preset(
        "quick",
        "Quick",
        "text",
        True,
        {
            "steps": 160,
            "rank": 16,
            "alpha": 32.0,
            "learning_rate": 1e-3,
            "batch_size": 8,
            "schedule": "cosine",
            "max_length": 512,
            "dropout": 0.05,
            "preview_every": 40,
            "checkpoint_every": 20,
        },
    ),
    Preset(
        "balanced",
        "Balanced",
        "text",
        True,
        {
            "steps": 300,
            "rank": 16,
            "alpha": 32.0,
            "learning_rate": 1e-3,
            "batch_size": 8,
            "schedule": "cosine",
            "max_length": 512,
            "dropout": 0.05,
            "preview_every": 60,
            "checkpoint_every": 20,
        },
    ),
    Preset(
        "balanced",
        "Balanced",
        "text",
        False,
        {
            "gradient_checkpointing": True,
            "steps": 300,
            "rank": 16,
            "alpha": 32.0,
            "learning_rate": 1e-4,
            "batch_size": 4,
            "schedule": "cosine",
            "dropout": 0.05,
            "preview_every": 50,
            "checkpoint_every": 25,
        },
    ),
    Preset(
        "large",
        "Large (QLoRA)",
        "text",
        False,
        {
            "gradient_checkpointing": True,
            "steps": 300,
            "rank": 64,
            "alpha": 16.0,
            "learning_rate": 2e-4,
            "batch_size": 4,
            "max_grad_norm": 0.3,
            "dropout": 0.05,
            "preview_every": 50,
            "checkpoint_every": 25,
        },
    ),
)


def presets(kind: str, starter: bool) -> list[Preset]:
    """The presets for one kind of training ("image" or "text"), on a starter base or on a real one."""
    return [preset for preset in PRESETS if preset.kind == kind and preset.starter == starter]


def from_preset(id: str, kind: str, starter: bool, **changes: Any) -> Recipe:
    """The recipe of a preset with some settings changed. Raises RecipeError for an unknown preset."""
    found = {preset.id: preset for preset in presets(kind, starter)}
    if id not in found:
        raise RecipeError(f"preset {id!r} does not exist for this base; choose one of {', '.join(found)}")
    return Recipe.from_dict(found[id].settings | changes)


def settings_for(kind: str) -> list[Field]:
    """The fields of Recipe that mean something for "image" or "text", in the order a form shows them."""
    return [setting for setting in fields(Recipe) if kind in setting.metadata["kinds"]]
