"""Recipe: the settings of one training. Every default, range, unit and help text stands here, once.

The form in the app, the command line's options and the job file are all made from the fields below. No
torch here.
"""

from dataclasses import Field, asdict, dataclass, fields
from typing import Any

from lorakit.data.photos import wording
from lorakit.errors import RecipeError, all_of
from lorakit.training.setting import Rule, problem_with, setting

OPTIMIZERS = ("adamw", "adamw-8bit", "adamw-8bit-paged", "prodigy", "schedule-free")
MOST_RANK = 1024  # beyond, an adapter is nearly as large as the layers it changes


@dataclass
class Recipe:
    """The hyper-parameters of one training.

    Raises RecipeError that names every field with a value out of range, and all settings that exclude each
    other.
    """

    steps: int = setting(
        1000, "Number of training steps. More steps learn more, but take longer.", "basic",
        unit="steps", low=1, high=100_000,
    )  # fmt: skip
    rank: int = setting(
        16, "How much the adapter can learn. 8 to 16 for one product, 32 for a style.", "basic",
        low=1, high=MOST_RANK,
    )  # fmt: skip
    learning_rate: float = setting(
        1e-4, "Size of each update. With Prodigy, a multiplier: use 1.", "basic", low=1e-8, high=1.0
    )
    epochs: float = setting(
        0.0, "Number of passes over the data, used instead of steps. 0 = use steps.", "data",
        low=0.0, high=10_000.0,
    )  # fmt: skip
    batch_size: int = setting(1, "Examples per batch.", "data", unit="examples", low=1, high=256)
    accumulate: int = setting(
        1, "Batches per step: acts like a larger batch without the extra memory, but takes longer.",
        "data", unit="batches", low=1, high=1024,
    )  # fmt: skip
    resolution: int = setting(
        0, "Training resolution: the side of a square of that area. 0 = the base model's default.", "data",
        unit="px", low=0, high=2048, kinds=("image",),
    )  # fmt: skip
    caption_template: str = setting(
        wording.TEMPLATE, "Template for captions that don't mention the product, such as: "
        f"{wording.EXAMPLE}. {{class}} is the class prompt.", "data", kinds=("image",),
    )  # fmt: skip
    caption_dropout: float = setting(
        0.05, "Share of captions dropped at random; those examples are trained without one.", "data",
        low=0.0, high=0.9, kinds=("image",),
    )  # fmt: skip
    background_weight: float = setting(
        1.0, "How much the background counts in photos where it is transparent or plain. 0 = ignore it.",
        "data", low=0.0, high=1.0, kinds=("image",),
    )  # fmt: skip
    backgrounds: int = setting(
        0, "Repeat each of those photos on this many other backgrounds, which are not learned.", "data",
        unit="backgrounds", low=0, high=16, kinds=("image",),
    )  # fmt: skip
    class_prompt: str = setting(
        "", "Category of the product, such as: a bottle. Class images of it help the base model remember "
        "other bottles.", "data", kinds=("image",),
    )  # fmt: skip
    class_images: int = setting(
        0, "Class images to generate before training. 0 = none.", "data",
        unit="images", low=0, high=1000, kinds=("image",),
    )  # fmt: skip
    class_weight: float = setting(
        1.0, "Weight of a class image relative to a photo.", "data",
        low=0.0, high=10.0, kinds=("image",),
    )  # fmt: skip
    max_length: int = setting(
        1024, "Longer texts are truncated.", "data", unit="tokens", low=16, high=32_768, kinds=("text",)
    )
    packing: bool = setting(
        False, "Packs several short texts into one sequence; they can't see each other.", "data",
        kinds=("text",),
    )  # fmt: skip
    held_out: float = setting(
        0.1, "Share of the data held out to find the best step, which is kept.", "data",
        low=0.0, high=0.5, photos="Needs at least 12 photos.",
    )  # fmt: skip
    optimizer: str = setting(
        "adamw", "Training algorithm. The 8-bit ones use less memory; the paged one moves to system memory "
        "when short (CUDA); Prodigy finds the learning rate; schedule-free needs no schedule.",
        "optimisation", choices=OPTIMIZERS,
    )  # fmt: skip
    warmup: float = setting(
        0.05, "Share of steps over which the learning rate ramps up.", "optimisation", low=0.0, high=0.5
    )
    schedule: str = setting(
        "constant", "How the learning rate changes after warm-up.", "optimisation",
        choices=("constant", "cosine"),
    )  # fmt: skip
    weight_decay: float = setting(
        0.01, "Pulls the adapter's weights towards zero.", "optimisation", low=0.0, high=1.0
    )
    max_grad_norm: float = setting(
        1.0, "Gradients with a larger norm are scaled down to this.", "optimisation", low=0.01, high=100.0
    )
    min_snr: float = setting(
        5.0, "Stable Diffusion only: low-noise steps count less (min-SNR). 0 = off.",
        "optimisation", low=0.0, high=100.0, kinds=("image",),
    )  # fmt: skip
    ema: float = setting(
        0.0, "Moving average of the adapter's weights. 0.99 = smooth, 0 = off.", "optimisation",
        low=0.0, high=0.9999, kinds=("image",),
    )  # fmt: skip
    gradient_checkpointing: bool = setting(
        False, "Recomputes activations instead of storing them: much less memory, about a third slower.",
        "optimisation",
    )  # fmt: skip
    seed: int = setting(
        0, "The same seed, data and settings give the same adapter.", "optimisation", low=0, high=2**63 - 1
    )
    alpha: float = setting(
        16.0, "Scales the adapter by alpha / rank. Usually equal to the rank.", "adapter",
        low=0.001, high=4096,
    )  # fmt: skip
    dropout: float = setting(
        0.0, "Share of the adapter's inputs dropped at random.", "adapter", low=0.0, high=0.9
    )
    lora_plus: float = setting(
        1.0, "Learning rate of B divided by that of A (LoRA+: 16). 1 = off.", "adapter",
        low=1.0, high=64.0,
    )  # fmt: skip
    rslora: bool = setting(
        False, "Scales by alpha / sqrt(rank) instead, so that high ranks keep learning.", "adapter"
    )
    dora: bool = setting(False, "Learns magnitude and direction separately (DoRA). Slower.", "adapter")
    pissa: bool = setting(
        False, "Starts from the weights' main directions (PiSSA): learns faster, but files have twice the "
        "rank.", "adapter",
    )  # fmt: skip
    convolutions: bool = setting(
        False, "Stable Diffusion only: also trains the convolutions. Larger files, finer texture.",
        "adapter", kinds=("image",),
    )  # fmt: skip
    preview_every: int = setting(
        250, "Steps between previews. 0 = only at the end.", "saving", unit="steps", low=0, high=100_000
    )
    checkpoint_every: int = setting(
        100, "Steps between checkpoints.", "saving", unit="steps", low=1, high=100_000
    )
    checkpoint_minutes: float = setting(
        5.0, "Also saves a checkpoint after this many minutes. 0 = by steps only.", "saving",
        unit="minutes", low=0.0, high=1440.0,
    )  # fmt: skip

    def __post_init__(self) -> None:
        problems = problems_with(vars(self))
        if problems:
            raise RecipeError(all_of("recipe", problems))
        for each in fields(self):  # 8.0 is a whole number, and 1 a share
            setattr(self, each.name, each.type(getattr(self, each.name)))  # type: ignore[operator]

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Recipe":
        """A recipe from JSON data. Raises RecipeError as `Recipe` does, also for a setting that does not
        exist.
        """
        defaults = {each.name: each.default for each in fields(cls)}
        problems = problems_with(defaults | values)
        if problems:
            raise RecipeError(all_of("recipe", problems))
        return cls(**values)


def settings_for(kind: str) -> list[Field]:
    """The fields of Recipe that mean something for "image" or "text", in the order a form shows them."""
    return [each for each in fields(Recipe) if kind in each.metadata["kinds"]]


def problems_with(values: dict[str, Any]) -> list[str]:
    """Everything that is wrong with these settings, a sentence each: names that are no settings, values out
    of range, and settings that exclude each other. A rule is checked when all its settings are given and
    valid.
    """
    known = {each.name: each for each in fields(Recipe)}
    unknown = sorted(str(name) for name in set(values) - set(known))
    problems = []
    if unknown:
        noun = "no setting" if len(unknown) == 1 else "no settings"
        names = ", ".join(repr(name) for name in unknown)
        problems.append(f"{noun} {names}; the settings are {', '.join(sorted(known))}")
    invalid = {name: problem_with(known[name], values[name]) for name in known if name in values}
    problems += [problem for problem in invalid.values() if problem]
    valid = {name for name, problem in invalid.items() if not problem}
    for rule in RULES:
        if valid.issuperset(rule.settings) and rule.broken(*(values[name] for name in rule.settings)):
            problems.append(rule.message)
    return problems


RULES = (
    Rule(
        ("caption_template",),
        lambda template: not wording.is_template(template),
        "caption_template must name {trigger} and may name {class} and {caption}, with no other braces, such "
        f"as: {wording.EXAMPLE}",
    ),
    Rule(
        ("pissa", "dora"),
        lambda pissa, dora: pissa and dora,
        "pissa and dora can't be combined; choose one",
    ),
    Rule(
        ("optimizer", "learning_rate"),
        lambda optimizer, rate: optimizer == "prodigy" and rate < 0.01,
        "learning_rate is only a multiplier for prodigy, which finds the rate itself; set it to 1",
    ),
    Rule(
        ("optimizer", "learning_rate"),
        lambda optimizer, rate: optimizer != "prodigy" and rate > 0.1,
        "learning_rate must be at most 0.1 for every optimizer except prodigy",
    ),
    Rule(
        ("optimizer", "lora_plus"),
        lambda optimizer, ratio: optimizer == "prodigy" and ratio != 1,
        "lora_plus needs two learning rates, and prodigy has one; set lora_plus to 1 or choose adamw",
    ),
    Rule(
        ("optimizer", "schedule"),
        lambda optimizer, schedule: optimizer == "schedule-free" and schedule != "constant",
        "schedule must be constant for the schedule-free optimizer",
    ),
    Rule(
        ("optimizer", "ema"),
        lambda optimizer, ema: optimizer == "schedule-free" and ema > 0,
        "ema must be 0 for the schedule-free optimizer, which averages the weights itself",
    ),
    Rule(
        ("class_images", "class_prompt"),
        lambda images, prompt: images > 0 and not prompt.strip(),
        "class_images needs a class_prompt, such as: a bottle",
    ),
)
