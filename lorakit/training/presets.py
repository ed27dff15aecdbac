"""Presets: named starting points for a Recipe, as rows. No torch here."""

from typing import Any

from lorakit.errors import RecipeError, all_of
from lorakit.families.facts import Preset
from lorakit.families.licences import known_bases
from lorakit.families.sources import STARTERS
from lorakit.families.table import ROWS
from lorakit.training.recipe import Recipe, problems_with

STARTER_IMAGE = {
    "rank": 16, "alpha": 16.0, "learning_rate": 2e-3, "batch_size": 8, "schedule": "cosine",
    "caption_dropout": 0.1, "checkpoint_every": 50, "held_out": 0.0,
}  # fmt: skip
STARTER_TEXT = {
    "rank": 16, "alpha": 32.0, "learning_rate": 1e-3, "batch_size": 8, "schedule": "cosine",
    "max_length": 512, "dropout": 0.05, "checkpoint_every": 20,
}  # fmt: skip
LARGE = {"gradient_checkpointing": True}  # a base of billions of parameters keeps no activations
VOICE = LARGE | {
    "epochs": 3.0, "batch_size": 4, "schedule": "cosine", "dropout": 0.05, "preview_every": 50,
    "checkpoint_every": 25,
}  # fmt: skip

# Sources of the figures: Replicate's FLUX trainer (quick), ai-toolkit's FLUX example (balanced), the
# QLoRA paper, arXiv 2305.14314, table 9 (large; 1e-4 above 13 billion
# parameters); those of the starter bases were found by measuring (starter/REPORT.md).
PRESETS = (
    Preset(
        "quick", "Quick", "image", True,
        STARTER_IMAGE | {"steps": 900, "batch_size": 4, "learning_rate": 2.5e-3, "preview_every": 225},
    ),
    Preset("balanced", "Balanced", "image", True, STARTER_IMAGE | {"steps": 1400, "preview_every": 200}),
    Preset(  # as the style that comes with the studio was trained (starter/build/adapters.py)
        "style", "Balanced", "image", True,
        STARTER_IMAGE | {
            "steps": 480, "batch_size": 4, "rank": 8, "alpha": 8.0, "learning_rate": 1e-3,
            "preview_every": 120,
        },
        style=True,
    ),
    Preset(
        "quick", "Quick", "image", False,
        LARGE | {"steps": 1000, "learning_rate": 4e-4, "caption_dropout": 0.05, "ema": 0.99},
    ),
    Preset(
        "balanced", "Balanced", "image", False,
        LARGE | {"steps": 2000, "learning_rate": 1e-4, "optimizer": "adamw-8bit"},
    ),
    Preset(
        "style", "Balanced", "image", False,
        LARGE | {"steps": 3000, "rank": 32, "alpha": 32.0, "learning_rate": 1e-4, "caption_dropout": 0.2},
        style=True,
    ),
    Preset(
        "style-low-memory", "Low memory (10–12 GB, 4-bit)", "image", False,
        LARGE | {
            "steps": 3000, "rank": 16, "alpha": 16.0, "learning_rate": 1e-4, "caption_dropout": 0.2,
            "resolution": 512, "optimizer": "adamw-8bit",
        },
        quantize="nf4", style=True,
    ),
    Preset(
        "low-memory", "Low memory (10–12 GB, 4-bit)", "image", False,
        LARGE | {
            "steps": 1500, "rank": 8, "alpha": 8.0, "learning_rate": 1e-4, "resolution": 512,
            "optimizer": "adamw-8bit",
        },
        quantize="nf4",
    ),
    Preset("quick", "Quick", "text", True, STARTER_TEXT | {"steps": 200, "preview_every": 40}),
    Preset("balanced", "Balanced", "text", True, STARTER_TEXT | {"steps": 300, "preview_every": 60}),
    Preset(
        "balanced", "Balanced", "text", False,
        VOICE | {"rank": 16, "alpha": 32.0, "learning_rate": 1e-4},
    ),
    Preset(
        "large", "Large models (QLoRA)", "text", False,
        VOICE | {
            "rank": 64, "alpha": 16.0, "learning_rate": 2e-4, "schedule": "constant", "max_grad_norm": 0.3,
            "optimizer": "adamw-8bit-paged",
        },
        quantize="nf4", first_for=("70b", "72b"),
    ),
)  # fmt: skip


def presets(kind: str, starter: bool) -> list[Preset]:
    """The presets for one kind of training ("image" or "text"), on a starter base or on a real one: the
    general ones, then those of single families.
    """
    rows = list(PRESETS)
    for row in ROWS.values():
        rows += [preset for preset in row.presets if preset not in rows]
    return [preset for preset in rows if preset.kind == kind and preset.starter == starter]


def presets_for(kind: str, base: str, style: bool = False) -> list[Preset]:
    """The presets to offer for a base, by its id or folder, for a `style` or for anything else: what suits it
    best first.
    """
    rows = [row for row in presets(kind, base in STARTERS) if row.style is style]
    named = base.lower()
    fitting = [row for row in rows if any(part in named for part in row.first_for + row.only_for)]
    listed = any(base == known.id for known in known_bases())
    return fitting + [row for row in rows if row not in fitting and not (listed and row.only_for)]


def from_preset(id: str, kind: str, starter: bool, **changes: Any) -> Recipe:
    """The recipe of a preset with some settings changed.

    Raises RecipeError that names an unknown preset and everything that is wrong with the changes.
    """
    by_id = {preset.id: preset for preset in presets(kind, starter)}
    if id not in by_id:
        unknown = f"preset {id!r} does not exist for this base model; choose one of {', '.join(by_id)}"
        raise RecipeError(all_of("recipe", [unknown, *problems_with(changes)]))
    return Recipe.from_dict(by_id[id].settings | changes)
