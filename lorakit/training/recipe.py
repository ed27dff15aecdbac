"""Recipe: the settings of one training. Every default, range, unit and help text stands here, once.

The form in the app, the command line's options and the job file are all made from the fields below. No
torch here.
"""

import math
from collections.abc import Callable
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any

from lorakit.data.photos import wording
from lorakit.errors import RecipeError


def _setting(
    default: Any,
    help: str,
    group: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    kinds: tuple[str, ...] = ("image", "text"),
) -> Any:
    """A field that carries its unit, range, choices, help and the section of a form it stands in.

    `kinds` says for which trainings it means something.
    """
    metadata = {
        "help": help,
        "group": group,
        "unit": unit,
        "low": low,
        "high": high,
        "choices": choices,
        "kinds": kinds,
    }
    return field(default=default, metadata=metadata)


OPTIMIZERS = ("adamw", "adamw-8bit", "adamw-8bit-paged", "prodigy", "schedule-free")
GROUPS = ("basic", "data", "optimisation", "adapter", "saving")  # the sections of a form


@dataclass
class Recipe:
    """The hyper-parameters of one training.

    Raises RecipeError that names the field when a value is out of range or two settings exclude each other.
    """

    steps: int = _setting(
        1000, "How many updates to make. More learns more, and takes longer.", "basic",
        unit="steps", low=1, high=100_000,
    )  # fmt: skip
    rank: int = _setting(
        16, "How much the adapter can learn. 8 to 16 for one product, 32 for a style.", "basic",
        low=1, high=1024,
    )  # fmt: skip
    learning_rate: float = _setting(
        1e-4, "Size of each update; for prodigy a factor, 1.", "basic", low=1e-8, high=1.0
    )
    epochs: float = _setting(
        0.0, "Go through the data this often instead of counting steps; 0 counts steps.", "data",
        low=0.0, high=10_000.0,
    )  # fmt: skip
    batch_size: int = _setting(1, "Examples at once.", "data", unit="examples", low=1, high=256)
    accumulate: int = _setting(
        1, "Batches per update: a larger batch in the memory of a small one, for as many times the work.",
        "data", unit="batches", low=1, high=1024,
    )  # fmt: skip
    resolution: int = _setting(
        0, "Side of a square of the training pictures' area; 0 is the base's own.", "data",
        unit="px", low=0, high=2048, kinds=("image",),
    )  # fmt: skip
    caption_template: str = _setting(
        wording.TEMPLATE, "How a caption that does not name the product is put, such as: "
        f"{wording.EXAMPLE}. {{class}} is the class prompt.", "data", kinds=("image",),
    )  # fmt: skip
    caption_dropout: float = _setting(
        0.05, "Share of the captions left out, so that the product also shows without one.", "data",
        low=0.0, high=0.9, kinds=("image",),
    )  # fmt: skip
    background_weight: float = _setting(
        1.0, "How much the surroundings count in photos that are transparent or plain around the product; 0 "
        "learns nothing of the studio.", "data", low=0.0, high=1.0, kinds=("image",),
    )  # fmt: skip
    backgrounds: int = _setting(
        0, "Show each such photo again before this many other backgrounds, which are not learned.", "data",
        unit="backgrounds", low=0, high=16, kinds=("image",),
    )  # fmt: skip
    class_prompt: str = _setting(
        "", "What the product is one of (a bottle): the base draws some first, and keeps knowing others.",
        "data", kinds=("image",),
    )  # fmt: skip
    class_images: int = _setting(
        0, "How many pictures of the class the base draws before it learns; 0 for none.", "data",
        unit="pictures", low=0, high=1000, kinds=("image",),
    )  # fmt: skip
    class_weight: float = _setting(
        1.0, "How much a picture of the class counts beside a photo.", "data",
        low=0.0, high=10.0, kinds=("image",),
    )  # fmt: skip
    max_length: int = _setting(
        1024, "Longer texts are cut.", "data", unit="tokens", low=16, high=32_768, kinds=("text",)
    )
    packing: bool = _setting(
        False, "Put several short texts into one row of that length; they do not see each other.", "data",
        kinds=("text",),
    )  # fmt: skip
    held_out: float = _setting(
        0.1, "Share kept aside to see when to stop (of photos, when there are 12); the best state is kept.",
        "data", low=0.0, high=0.5,
    )  # fmt: skip
    optimizer: str = _setting(
        "adamw", "What turns gradients into updates. The 8-bit ones need less memory, the paged one moves it "
        "to the host when it is short (CUDA), prodigy finds the learning rate, schedule-free averages.",
        "optimisation", choices=OPTIMIZERS,
    )  # fmt: skip
    warmup: float = _setting(
        0.05, "Share of the steps in which the learning rate rises.", "optimisation", low=0.0, high=0.5
    )
    schedule: str = _setting(
        "constant", "How the learning rate goes on after the warm-up.", "optimisation",
        choices=("constant", "cosine"),
    )  # fmt: skip
    weight_decay: float = _setting(
        0.01, "Pull of the factors towards zero.", "optimisation", low=0.0, high=1.0
    )
    max_grad_norm: float = _setting(
        1.0, "Gradients longer than this are shortened.", "optimisation", low=0.01, high=100.0
    )
    min_snr: float = _setting(
        5.0, "Stable Diffusion only: nearly clean noise levels count less (min-SNR gamma, 0 is off).",
        "optimisation", low=0.0, high=100.0, kinds=("image",),
    )  # fmt: skip
    ema: float = _setting(
        0.0, "Average the adapter over its last steps (0.99 is smooth, 0 is off).", "optimisation",
        low=0.0, high=0.9999, kinds=("image",),
    )  # fmt: skip
    gradient_checkpointing: bool = _setting(
        False, "Compute activations again instead of keeping them: much less memory, about a third slower.",
        "optimisation",
    )  # fmt: skip
    seed: int = _setting(
        0, "The same seed, data and recipe give the same adapter.", "optimisation", low=0, high=2**63 - 1
    )
    alpha: float = _setting(
        16.0, "Strength of the update: it is scaled by alpha / rank. Usually equal to the rank.", "adapter",
        low=0.001, high=4096,
    )  # fmt: skip
    dropout: float = _setting(
        0.0, "Share of the adapter's inputs left out at random.", "adapter", low=0.0, high=0.9
    )
    lora_plus: float = _setting(
        1.0, "Learning rate of the second factor over that of the first (LoRA+: 16; 1 is off).", "adapter",
        low=1.0, high=64.0,
    )  # fmt: skip
    rslora: bool = _setting(False, "Scale by alpha / sqrt(rank), which keeps high ranks learning.", "adapter")
    dora: bool = _setting(
        False, "Learn the size of each output apart from its direction (DoRA). Slower.", "adapter"
    )
    pissa: bool = _setting(
        False, "Start from the weights' main directions (PiSSA): learns faster, files of twice the rank.",
        "adapter",
    )  # fmt: skip
    convolutions: bool = _setting(
        False, "Stable Diffusion only: give the convolutions an update too. Larger files, finer texture.",
        "adapter", kinds=("image",),
    )  # fmt: skip
    preview_every: int = _setting(
        250, "Make previews after this many steps; 0 for only at the end.", "saving",
        unit="steps", low=0, high=100_000,
    )  # fmt: skip
    checkpoint_every: int = _setting(
        100, "Save the whole state after this many steps.", "saving", unit="steps", low=1, high=100_000
    )
    checkpoint_minutes: float = _setting(
        5.0, "Save it also after this many minutes; 0 for by steps alone.", "saving",
        unit="minutes", low=0.0, high=1440.0,
    )  # fmt: skip

    def __post_init__(self) -> None:
        for setting in fields(self):
            setattr(self, setting.name, _checked(setting, getattr(self, setting.name)))
        for wrong, words in EXCLUDED:
            if wrong(self):
                raise RecipeError(f"recipe: {words}")

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


def settings_for(kind: str) -> list[Field]:
    """The fields of Recipe that mean something for "image" or "text", in the order a form shows them."""
    return [setting for setting in fields(Recipe) if kind in setting.metadata["kinds"]]


# Settings that cannot be, or not together: when, and what to do about it.
EXCLUDED: tuple[tuple[Callable[[Recipe], bool], str], ...] = (
    (
        lambda r: not wording.is_template(r.caption_template),
        "caption_template must name {trigger} and may name {class} and {caption}, with no other braces, such "
        f"as: {wording.EXAMPLE}",
    ),
    (lambda r: r.pissa and r.dora, "pissa and dora both decide how an update starts; choose one of them"),
    (
        lambda r: r.optimizer == "prodigy" and r.learning_rate < 0.01,
        "learning_rate is only a factor for prodigy, which finds the size by itself; set it to 1",
    ),
    (
        lambda r: r.optimizer != "prodigy" and r.learning_rate > 0.1,
        "learning_rate must be at most 0.1 for every optimizer but prodigy",
    ),
    (
        lambda r: r.optimizer == "prodigy" and r.lora_plus != 1,
        "lora_plus needs two learning rates, and prodigy has one; set lora_plus to 1 or choose adamw",
    ),
    (
        lambda r: r.optimizer == "schedule-free" and r.schedule != "constant",
        "schedule must be constant for the optimizer schedule-free, which needs no schedule",
    ),
    (
        lambda r: r.optimizer == "schedule-free" and r.ema > 0,
        "ema must be 0 for the optimizer schedule-free, which averages by itself",
    ),
    (
        lambda r: r.class_images > 0 and not r.class_prompt.strip(),
        "class_images are to be drawn, but class_prompt does not say of what, such as: a bottle",
    ),
)
