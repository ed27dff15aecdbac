"""Where a real product stands in a format: a few layouts as rows, and the box that one gives. No torch here.

Shares are of the delivered image, counted from its left and its top. What the platform covers stays free.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from lorakit.errors import DataError
from lorakit.generation.pictures.formats import OutputFormat

# Ways to show a product: the adapters draw it, the base is shown images of it, its own pixels are put in.
SHOWS = ("free", "guided", "exact")
EDGE = 0.03  # share of a side that stays free around the product
UPRIGHT, WIDE = 0.8, 1.6  # ratios: below and above, text stands above the product or beside it
EVERY_FORMAT = ""  # the key of a placement that holds for all formats without one of their own


@dataclass(frozen=True)
class Layout:
    """`across`: the product's middle. `foot`: the line it stands on. `height`, `width`: its largest sides.

    `wide` and `upright` say what is different in such formats. A flat lay is seen from above: its `foot` is
    the lower edge of the product, which lies on the ground instead of standing on it.
    """

    id: str
    label: str
    across: float = 0.5
    foot: float = 0.88
    height: float = 0.62
    width: float = 0.8
    lies: bool = False
    wide: tuple[tuple[str, float], ...] = ()
    upright: tuple[tuple[str, float], ...] = ()


LAYOUTS = (
    Layout("centred", "Centred", upright=(("height", 0.5),)),
    Layout("left-third", "Left third", across=1 / 3, width=0.5, upright=(("height", 0.45),)),
    Layout("right-third", "Right third", across=2 / 3, width=0.5, upright=(("height", 0.45),)),
    Layout(
        "hero", "Hero, with room for text", height=0.5, foot=0.92, width=0.6,
        wide=(("across", 0.74), ("height", 0.76), ("width", 0.42)),
        upright=(("height", 0.42),),
    ),
    Layout("flat-lay", "Flat lay, seen from above", foot=0.8, height=0.6, lies=True),
)  # fmt: skip


@dataclass(frozen=True)
class Placement:
    """A layout, and what a person moved: None leaves the layout's own value."""

    layout: str = LAYOUTS[0].id
    across: float | None = None
    foot: float | None = None
    height: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The placement as JSON-able data, without what was not moved."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Box:
    """A place in the delivered image, in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def foot(self) -> int:
        return self.top + self.height

    @property
    def right(self) -> int:
        return self.left + self.width


def find_layout(name: Any) -> Layout:
    """The layout with this id or label. Raises DataError that lists them."""
    wanted = str(name).strip().lower()
    for row in LAYOUTS:
        if wanted in (row.id, row.label.lower()):
            return row
    raise DataError(f"layout {str(name)[:40]!r} is not known; choose {', '.join(row.id for row in LAYOUTS)}")


def placements(stated: Any) -> dict[str, Placement]:
    """Placements by format id, "" for all others, from None, a layout's name, one table, or a table of them.

    Raises DataError with every problem, a line each.
    """
    if stated is None or isinstance(stated, str | Placement):
        stated = {EVERY_FORMAT: stated or Placement()}
    if not isinstance(stated, Mapping):
        raise DataError("placement: give a layout's name, or a table of formats and placements")
    if stated and set(stated) <= {field.name for field in fields(Placement)}:
        stated = {EVERY_FORMAT: stated}
    read, wrong = {}, []
    for name, one in stated.items():
        try:
            read[str(name)] = _placement(one)
        except DataError as error:
            wrong.append(f"placement{f' of {name}' if name else ''}: {error}")
    if wrong:
        raise DataError("\n".join(wrong))
    return read


def _placement(stated: Any) -> Placement:
    if isinstance(stated, Placement):
        stated = stated.to_dict()
    if isinstance(stated, str):
        stated = {"layout": stated}
    if not isinstance(stated, Mapping):
        raise DataError("give a layout's name, or a table with layout, across, foot and height")
    known = {field.name for field in fields(Placement)}
    wrong = [f"{name} is not known" for name in stated if name not in known]
    moved = {}
    for name in ("across", "foot", "height"):
        value = stated.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.02 <= value <= 1:
            wrong.append(f"{name} must be a share from 0.02 to 1, not {str(value)[:20]}")
        else:
            moved[name] = round(float(value), 4)
    layout = find_layout(stated.get("layout", LAYOUTS[0].id))
    if wrong:
        raise DataError("; ".join(wrong))
    return Placement(layout.id, **moved)


def placement_in(placed: Mapping[str, Placement], output: OutputFormat) -> Placement:
    """The placement that holds for a format."""
    return placed.get(output.id) or placed.get(EVERY_FORMAT) or Placement()


def place(placement: Placement, output: OutputFormat, cut: tuple[int, int], ground: float = 0.0) -> Box:
    """Where a cut-out of `cut` = (width, height) pixels goes in the delivered image.

    It keeps its proportions and stays clear of edges and safe zones, unless a person moved it there.
    `ground` is the share of the height where the ground begins: a product stands below it, so its foot is
    moved down to it where the format has room.
    """
    layout = _for_ratio(find_layout(placement.layout), output.ratio)
    low, high = EDGE + output.safe_top, 1 - EDGE - output.safe_bottom
    foot = min(layout.foot, high) if placement.foot is None else placement.foot
    if placement.foot is None and not layout.lies:
        foot = min(max(foot, ground), high)
    tallest = layout.height if placement.height is None else placement.height
    if placement.height is None:
        tallest = min(tallest, high - low, foot - low)
    scale = max(tallest, 0.02) * output.height / cut[1]
    if placement.height is None:
        scale = min(scale, layout.width * output.width / cut[0])
    width, height = max(1, round(cut[0] * scale)), max(1, round(cut[1] * scale))
    across = layout.across if placement.across is None else placement.across
    left = round(across * output.width - width / 2)
    if placement.across is None:
        edge = round(EDGE * output.width)
        left = max(edge, min(left, output.width - edge - width))
    if layout.lies and placement.foot is None:
        # What lies has no foot: it is centred in what the platform leaves free.
        return Box(left, round((low + high) / 2 * output.height - height / 2), width, height)
    return Box(left, round(foot * output.height) - height, width, height)


def _for_ratio(layout: Layout, ratio: float) -> Layout:
    """The layout as it is in formats of this ratio (width over height)."""
    changed: Any = layout.wide if ratio > WIDE else layout.upright if ratio < UPRIGHT else ()
    return replace(layout, **dict(changed))
