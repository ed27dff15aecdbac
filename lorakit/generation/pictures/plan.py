"""The plan of a campaign: scenes x formats x seeds x mixes -> shots. Pure functions; no torch.

Everything a person may have mistyped is refused here, before any model is loaded. A shot's id is a hash of
all that its picture depends on, so that the same request always names the same files, in whatever order it
is written.
"""

import difflib
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice, zip_longest
from typing import Any

from lorakit import durable, workspace
from lorakit.errors import DataError, RecipeError
from lorakit.generation.pictures.formats import OutputFormat, find, render_size
from lorakit.generation.pictures.scenes import SCENES

MAX_PROMPT = 2_000  # characters
MAX_SHOTS = 5_000
MAX_SEED = 2**63 - 1
MOST_MIXES = 24
STEPS = (1, 150)
GUIDANCE = (0.0, 30.0)
# Marks that reorder text: they could make a file name or a page show something else than it holds.
REORDERING = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


# What an image with a cut-out in it depends on, "cut" among it, from a seed's place and a format.
Standing = Callable[[int, OutputFormat], Mapping[str, Any]]


@dataclass(frozen=True)
class Shot:
    """One image to deliver; `format` is an id, `mix` the place of its mix in the campaign's list.

    Those of one mix, prompt, seed and render size share a render. `cut` is the key of the cut-out that stands
    in it, empty where the base draws the product.
    """

    id: str
    scene: str
    prompt: str
    format: str
    seed: int
    render_width: int
    render_height: int
    mix: int = 0
    cut: str = ""

    @property
    def output(self) -> OutputFormat:
        return find(self.format)

    @property
    def file_name(self) -> str:
        """A name a person can read, without its suffix; unique through the id."""
        return f"{slug(self.scene)}-{self.format}-{self.seed}-{self.id[:8]}"

    def to_dict(self) -> dict[str, Any]:
        """The shot as JSON-able data."""
        return asdict(self)


def plan(
    scenes: Sequence[str],
    formats: "Sequence[str | OutputFormat]",
    seeds: Iterable[int],
    trigger: "str | Sequence[str]" = "",
    area: int = 1024 * 1024,
    step: int = 16,
    made_with: Mapping[str, Any] | None = None,
    mix: int = 0,
    mixes: int = 1,
    standing: Standing | None = None,
    unnamed: Sequence[str] = (),
) -> list[Shot]:
    """Every combination of one mix once, scene by scene, then format by format.

    A scene is the id of a row of `SCENES`, or text; `{product}` in it becomes the trigger, otherwise the
    trigger goes in front. Of several triggers the first is the product, the others (styles) go to the end.
    `made_with` is whatever else a picture depends on (base, mix, steps, ...), as JSON-able data. `mix` is
    noted in the shots, `mixes` how many the campaign has: they share the limit. `standing` says which
    cut-out stands in an image, and `unnamed` are words that are then left out of scenes: the product's own.
    Raises DataError or RecipeError naming the scene number, format or seed.
    """
    scenes, formats = _listed("scenes", scenes), _listed("formats", formats)
    each = len(scenes) * len(formats) * mixes
    wanted = check_seeds(seeds, MAX_SHOTS // each, each)
    triggers = [word for t in ([trigger] if isinstance(trigger, str) else trigger) if (word := clean(t))]
    checked = [_prompt(scene, triggers, number, unnamed) for number, scene in enumerate(scenes, 1)]
    outputs = list({row.id: row for row in map(find, formats)}.values())
    shots: dict[str, Shot] = {}
    for label, prompt in checked:
        for output in outputs:
            width, height = render_size(output, area, step)
            for number, seed in enumerate(wanted):
                more = standing(number, output) if standing else {}
                key = {
                    "prompt": prompt,
                    "format": output.id,
                    "pixels": output.pixels,
                    "seed": seed,
                    "render": [width, height],
                    "with": {**(made_with or {}), **more},
                }
                cut = str(more.get("cut", ""))
                shot = Shot(durable.fingerprint(key), label, prompt, output.id, seed, width, height, mix, cut)
                shots.setdefault(shot.id, shot)
    return list(shots.values())


def side_by_side(plans: Sequence[list[Shot]]) -> list[Shot]:
    """The shots of several mixes as one plan: what differs in the mix alone stands together."""
    if len({len(shots) for shots in plans}) > 1:  # trigger words made two scenes of one mix the same
        return [shot for row in zip_longest(*plans) for shot in row if shot is not None]
    return [replace(shot, scene=row[0].scene) for row in zip(*plans, strict=True) for shot in row]


def _listed(what: str, values: Any) -> list[Any]:
    if isinstance(values, str):
        values = [values]
    values = list(islice(values, MAX_SHOTS + 1))
    if not values:
        raise DataError(f"{what}: none given; choose at least one")
    if len(values) > MAX_SHOTS:
        raise DataError(f"{what}: more than {MAX_SHOTS:,} given; split them into several campaigns")
    return values


def check_seeds(seeds: Iterable[int], limit: int, each: int = 1) -> list[int]:
    """`seeds` without repeats. Raises RecipeError for one outside 0..2^63-1, DataError for too many shots."""
    if isinstance(seeds, str | bytes) or not isinstance(seeds, Iterable):
        raise RecipeError(f"seeds: use a list of whole numbers, such as [1, 2, 3], not {str(seeds)[:40]!r}")
    some = list(islice(seeds, limit + 1))
    if len(some) > limit:
        try:
            count = f"{len(seeds) * each:,}"  # type: ignore[arg-type]
        except (TypeError, OverflowError):
            count = f"more than {MAX_SHOTS:,}"
        raise DataError(
            f"this campaign would have {count} images (max. {MAX_SHOTS:,}); "
            "use fewer scenes, formats, seeds or mixes, or split it"
        )
    if not some:
        raise RecipeError("seeds: none given; use at least one whole number")
    return list(dict.fromkeys(_seed(value) for value in some))


def _seed(value: Any) -> int:
    whole = not isinstance(value, bool) and (
        isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    )
    if not whole or not 0 <= value <= MAX_SEED:
        raise RecipeError(f"seed {str(value)[:40]}: must be a whole number between 0 and {MAX_SEED} (2^63-1)")
    return int(value)


def _prompt(scene: Any, triggers: list[str], number: int, unnamed: Sequence[str]) -> tuple[str, str]:
    """The label and the prompt of one scene."""
    if not isinstance(scene, str):
        raise DataError(f"scene {number}: must be text, not {type(scene).__name__}")
    if len(scene) > MAX_PROMPT:
        raise DataError(
            f"scene {number}: its text has {len(scene):,} characters; at most {MAX_PROMPT:,} are allowed"
        )
    name = scene.strip().lower()
    known = next((row for row in SCENES if name in (row.id, row.label.lower(), row.text.lower())), None)
    text = _unnamed(clean(known.text if known else scene), unnamed)
    if not text:
        raise DataError(f"scene {number} is empty; describe the place, such as 'on a marble counter'")
    _check_known(text, number)
    text, prompt = _with_product(text, triggers, number)
    for style in triggers[1:]:
        if style.lower() not in prompt.lower():
            prompt = f"{prompt}, {style}"
    if len(prompt) > MAX_PROMPT:
        raise DataError(
            f"scene {number}: with the trigger words its text has {len(prompt):,} characters; "
            f"at most {MAX_PROMPT:,} are allowed"
        )
    return (known.label if known else text), prompt


def _unnamed(text: str, words: Sequence[str]) -> str:
    """`text` without these words, in whatever case."""
    for word in words:
        text = re.sub(rf"(?i)(?<!\w){re.escape(word)}(?!\w)", "", text) if word else text
    return " ".join(text.split())


def _check_known(text: str, number: int) -> None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", text):
        return
    near = difflib.get_close_matches(text, [row.id for row in SCENES], n=1, cutoff=0.75)
    if near:
        raise DataError(f"scene {number}: {text!r} is not in the scene library; did you mean {near[0]!r}?")


def _with_product(text: str, triggers: list[str], number: int) -> tuple[str, str]:
    """The scene and the prompt. Only {product} is filled in, other {words} are refused, other braces stay."""
    product = triggers[0] if triggers else ""
    named = [name for name in re.findall(r"\{\s*([A-Za-z_]\w{0,30})\s*\}", text) if name.lower() != "product"]
    if named:
        raise DataError(
            f"scene {number}: {{{named[0]}}} is not known; only {{product}} is filled in. For braces "
            "as such, write them without a word directly inside"
        )
    filled = re.sub(r"\{\s*product\s*\}", lambda _: product or "product", text, flags=re.IGNORECASE)
    if filled != text or not product or product.lower() in text.lower():
        return filled, filled
    return text, f"{product} {text}"


def clean(text: str) -> str:
    """`text` on one line, in Unicode's form NFC, without control and reordering characters."""
    kept = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    joined = "".join(c for c in kept if c not in REORDERING and unicodedata.category(c) != "Cs")
    return unicodedata.normalize("NFC", " ".join(joined.split()))


def check_negative(text: str) -> str:
    """The negative prompt, cleaned. Raises DataError with the limit when it is too long."""
    if not isinstance(text, str) or len(text) > MAX_PROMPT:
        raise DataError(f"negative prompt: must be text of at most {MAX_PROMPT:,} characters")
    return clean(text)


def check_sampling(steps: Any, guidance: Any) -> tuple[int, float]:
    """The two settings as numbers. Raises RecipeError naming the one that is out of its range."""
    if (
        isinstance(steps, bool)
        or not isinstance(steps, int | float)
        or steps not in range(STEPS[0], STEPS[1] + 1)
    ):
        raise RecipeError(f"steps {str(steps)[:40]}: must be a whole number from {STEPS[0]} to {STEPS[1]}")
    number = isinstance(guidance, int | float) and not isinstance(guidance, bool)
    if not number or not math.isfinite(guidance) or not GUIDANCE[0] <= guidance <= GUIDANCE[1]:
        raise RecipeError(
            f"guidance {str(guidance)[:40]}: must be a number from {GUIDANCE[0]:g} to {GUIDANCE[1]:g}"
        )
    return int(steps), float(guidance)


def slug(text: str) -> str:
    """Up to 40 plain characters of `text` for a file name; "scene" when it has none."""
    return workspace.slug(text, 40) or "scene"
