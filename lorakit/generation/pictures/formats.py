"""The formats a campaign offers, as rows, and how a picture is brought to exactly their pixels.

Pixels are those the platforms ask for. A base draws well only near the area it was trained at and at
moderate ratios, so a picture is generated at the nearest such size and then delivered by
`lorakit.generation.pictures.fitting`. No torch here.
"""

import difflib
import math
import re
from dataclasses import dataclass
from typing import Any

from lorakit import workspace
from lorakit.errors import DataError

MAX_RATIO = (
    2.4  # the longest side ratio that is generated: FLUX and the starter base are both trained up to 12:5
)
MAX_CROP = 0.15  # share of a side that delivering may cut off; more would cut into the product
MIN_SIDE, MAX_SIDE = 16, 8192  # pixels of a custom size
CUSTOM_SHORT_SIDE = 1080  # pixels: the short side when only a ratio such as "3:2" was asked for
RATIO_TOLERANCE = 0.005  # "1.91:1" means 1200x630 as well as 1200x628
AREA_WEIGHT = 0.5  # assumption: an area 10% off costs as much as a ratio 5% off

LONG = (
    "Too long to generate in one piece: it is generated at 12:5 and its edges are continued softly, "
    "which leaves calm room for text."
)
LONG_UPRIGHT = LONG.replace("12:5", "5:12")
STORY: dict[str, Any] = {"safe_top": 0.14, "safe_bottom": 0.20}


@dataclass(frozen=True)
class OutputFormat:
    """Where a picture goes, and its pixels. `safe_*`: share of the height that the platform covers."""

    id: str
    platform: str
    purpose: str
    width: int
    height: int
    safe_top: float = 0.0
    safe_bottom: float = 0.0
    note: str = ""
    dpi: int = 0  # 0: nothing is printed

    @property
    def ratio(self) -> float:
        """Width over height."""
        return self.width / self.height

    @property
    def name(self) -> str:
        return f"{self.platform} {self.purpose}".strip()

    @property
    def has_safe_zones(self) -> bool:
        """Does the platform cover a part of it?"""
        return self.safe_top > 0 or self.safe_bottom > 0

    @property
    def pixels(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def label(self) -> str:
        """What a list shows: "Instagram story (1080x1920)"."""
        return f"{self.name} ({self.pixels})"


# What is posted as it is: a list of formats shows these first.
SOCIAL = (
    OutputFormat("instagram-post", "Instagram", "post", 1080, 1080),
    OutputFormat("instagram-portrait", "Instagram", "portrait post", 1080, 1350),
    OutputFormat("instagram-story", "Instagram", "story", 1080, 1920, **STORY),
    OutputFormat("instagram-reel", "Instagram", "reel cover", 1080, 1920, **STORY),
    OutputFormat("tiktok", "TikTok", "video cover", 1080, 1920, **STORY),
    OutputFormat("youtube-shorts", "YouTube", "Shorts cover", 1080, 1920, **STORY),
    OutputFormat("youtube-thumbnail", "YouTube", "thumbnail", 1280, 720),
    OutputFormat("facebook-link", "Facebook", "link", 1200, 630),
    OutputFormat("linkedin-post", "LinkedIn", "post", 1200, 627),
    OutputFormat("x-post", "X", "post", 1600, 900),
    OutputFormat("pinterest-pin", "Pinterest", "pin", 1000, 1500),
)
FORMATS = (
    *SOCIAL,
    OutputFormat("google-landscape", "Google Ads", "responsive landscape", 1200, 628),
    OutputFormat("google-square", "Google Ads", "responsive square", 1200, 1200),
    OutputFormat("google-portrait", "Google Ads", "responsive portrait", 960, 1200),
    OutputFormat("google-rectangle", "Google Display", "medium rectangle", 300, 250),
    OutputFormat("google-large-rectangle", "Google Display", "large rectangle", 336, 280),
    OutputFormat("google-leaderboard", "Google Display", "leaderboard", 728, 90, note=LONG),
    OutputFormat("google-skyscraper", "Google Display", "wide skyscraper", 160, 600, note=LONG_UPRIGHT),
    OutputFormat("google-mobile-banner", "Google Display", "mobile banner", 320, 50, note=LONG),
    OutputFormat(
        "amazon-main", "Amazon", "main image", 2000, 2000,
        note="Amazon asks for a pure white background (RGB 255, 255, 255) and no text: use the "
        "white studio scene, and check the background before uploading.",
    ),
    OutputFormat("shopify-product", "Shopify", "product image", 2048, 2048),
    OutputFormat("email-header", "Email", "header", 1200, 400, note=LONG),
    OutputFormat("web-hero", "Web", "hero", 1920, 823),
    OutputFormat("a4-portrait", "Print", "A4 portrait", 2480, 3508, dpi=300),
)  # fmt: skip


def find(name: "str | OutputFormat") -> OutputFormat:
    """The format called `name`: an id, a name in any case, pixels ("1080x1350") or a ratio ("9:16").

    Pixels and ratios that no row has make a custom format. Raises DataError naming the nearest formats, or
    the range of a custom size.
    """
    if isinstance(name, OutputFormat):
        return name
    if not isinstance(name, str):
        raise DataError(
            f"format {name!r}: use its name, such as 'instagram-story', or a size, such as '1080x1920'"
        )
    wanted = re.sub(r"[^a-z0-9.:]+", "-", name.lower()).strip("-")
    for row in FORMATS:
        slug = workspace.slug(row.name)
        if wanted in (row.id, slug, f"{slug}-{row.pixels}"):
            return row
    if size := re.fullmatch(r"\s*(-?\d{1,12})\s*[x×]\s*(-?\d{1,12})\s*(px)?\s*", name.lower()):
        return _of_size(int(size[1]), int(size[2]))
    if ratio := re.fullmatch(r"(\d{1,4}(?:\.\d{1,4})?)-?:-?(\d{1,4}(?:\.\d{1,4})?)", wanted):
        return _of_ratio(name, float(ratio[1]), float(ratio[2]))
    raise DataError(f"{name[:80]!r} is not a format; the nearest are {', '.join(_nearest(wanted))}")


def _nearest(wanted: str) -> list[str]:
    names: dict[str, str] = {}
    for row in FORMATS:
        names |= dict.fromkeys((row.id, workspace.slug(row.name), workspace.slug(row.purpose)), row.id)
    near = difflib.get_close_matches(wanted[:80], names, n=6, cutoff=0.4)
    ids = list(dict.fromkeys(names[spelling] for spelling in near))[:3]
    return ids or ["instagram-post", "instagram-story", "1:1", "1080x1920"]


def _of_size(width: int, height: int) -> OutputFormat:
    for row in FORMATS:
        if (row.width, row.height) == (width, height):
            return row
    if not (MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE):
        raise DataError(
            f"format {width}x{height}: both sides must be between {MIN_SIDE} and {MAX_SIDE} pixels"
        )
    ratio = width / height
    longest = MAX_RATIO / (1 - MAX_CROP)
    note = LONG if ratio > longest else LONG_UPRIGHT if ratio < 1 / longest else ""
    return OutputFormat(f"{width}x{height}", "Custom", "size", width, height, note=note)


def _of_ratio(name: str, across: float, down: float) -> OutputFormat:
    if across <= 0 or down <= 0 or not 1 / 20 <= across / down <= 20:
        raise DataError(f"format {name!r}: a ratio must be between 1:20 and 20:1")
    ratio = across / down
    for row in FORMATS:
        if abs(math.log(row.ratio / ratio)) < RATIO_TOLERANCE:
            return row
    # Even sides, because video tools refuse odd ones.
    short, long = CUSTOM_SHORT_SIDE, round(CUSTOM_SHORT_SIDE * max(ratio, 1 / ratio) / 2) * 2
    return _of_size(long, short) if ratio > 1 else _of_size(short, long)


def render_size(output: OutputFormat, area: int, step: int) -> tuple[int, int]:
    """Width and height to generate: multiples of `step`, near `area` pixels, at most 12:5 long."""
    limited = min(max(output.ratio, 1 / MAX_RATIO), MAX_RATIO)
    ideal = math.sqrt(area * limited), math.sqrt(area / limited)

    def near(side: float) -> list[int]:
        return [step * n for n in range(max(1, int(side / step) - 2), int(side / step) + 4)]

    def cost(size: tuple[int, int]) -> tuple[float, int]:
        width, height = size
        off = abs(math.log(width / height / limited)) + AREA_WEIGHT * abs(math.log(width * height / area))
        return off, width * height

    sizes = [(w, h) for w in near(ideal[0]) for h in near(ideal[1]) if max(w / h, h / w) <= MAX_RATIO + 1e-9]
    return min(sizes or [(step, step)], key=cost)
