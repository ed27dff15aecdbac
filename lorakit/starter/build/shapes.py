"""Product shapes: surfaces of revolution, given as a radius over the height, with a handle, spout or flame
at most.

Units: the product's height is 1, radii are in the same unit. A profile is a list of (height, radius)
corners.
"""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Shape:
    """One silhouette. `width` is the full extent across, handle and spout included."""

    name: str
    profile: tuple[tuple[float, float], ...]
    height: float = 1.0  # of the whole product against the others
    handle: tuple[float, float, float, float] | None = None  # centre u, v, radius u, v of a ring
    spout: bool = False
    flame: bool = False
    flat: bool = False  # two flat faces instead of a round body
    smooth: bool = True  # corners of the profile are rounded

    @property
    def extent(self) -> tuple[float, float]:
        """How far the shape reaches to the left and to the right of its axis."""
        body = max(radius for _, radius in self.profile)
        right = self.handle[0] + 1.12 * self.handle[2] if self.handle else body  # the ring has a thickness
        return max(body, 0.78 if self.spout else 0.0), max(body, right)

    @property
    def width(self) -> float:
        return sum(self.extent)


SHAPES = (
    Shape("bottle", ((0, .17), (.03, .19), (.55, .19), (.70, .07), (.92, .065), (.93, .08), (1, .08))),
    Shape("jar", ((0, .30), (.04, .34), (.66, .34), (.74, .29), (.76, .33), (.98, .33), (1, .31)), .72,
          smooth=False),
    Shape("mug", ((0, .33), (.05, .36), (1, .36)), .68, handle=(.40, .52, .22, .30)),
    Shape("can", ((0, .23), (.04, .26), (.95, .26), (1, .23)), .80, smooth=False),
    Shape("vase", ((0, .15), (.08, .19), (.35, .34), (.60, .22), (.80, .10), (.90, .13), (1, .23)), .95),
    Shape("bowl", ((0, .26), (.06, .27), (.12, .38), (.45, .72), (1, .90)), .46),
    Shape("tube", ((0, .13), (.16, .13), (.17, .20), (.9, .26), (1, .27)), .88, smooth=False),
    Shape("teapot", ((0, .30), (.10, .42), (.38, .54), (.68, .40), (.78, .22), (.84, .24), (.88, .08),
          (1, .09)), .66, handle=(.52, .44, .26, .26), spout=True),
    Shape("candle", ((0, .30), (.03, .31), (.97, .31), (1, .29)), .60, flame=True, smooth=False),
    Shape("lamp", ((0, .26), (.05, .26), (.07, .05), (.50, .05), (.505, .43), (1, .20)), 1.0, smooth=False),
    Shape("goblet", ((0, .25), (.04, .22), (.08, .045), (.42, .045), (.50, .16), (.68, .29), (1, .25)), .90),
    Shape("box", ((0, .33), (1, .33)), .80, flat=True, smooth=False),
)  # fmt: skip

# Never rendered for the base: what adapters are trained on, so that they have something to teach.
HOURGLASS = Shape(
    "hourglass", ((0, .28), (.05, .31), (.14, .31), (.50, .10), (.80, .27), (.90, .27), (.93, .12), (1, .12)),
    .95,
)  # fmt: skip
TOWER = Shape(
    "tower", ((0, .36), (.26, .30), (.27, .20), (.55, .16), (.56, .30), (.64, .24), (.65, .12), (.90, .10),
              (.91, .18), (1, .05)), 1.0, smooth=False,
)  # fmt: skip
ORB = Shape(
    "orb", ((0, .30), (.06, .28), (.10, .10), (.16, .10), (.20, .28), (.32, .45), (.48, .51), (.66, .47),
            (.82, .32), (.92, .10), (1, .09)), .84,
)  # fmt: skip
UNSEEN = (HOURGLASS, TOWER, ORB)


def radius(shape: Shape, v: Array) -> Array:
    """Radius of the body at height `v` (0..1, clipped), same shape as `v`."""
    table = _table(shape)
    at = np.clip(v, 0, 1) * (len(table) - 1)
    low = at.astype(np.int32)
    high = np.minimum(low + 1, len(table) - 1)
    return table[low] + (table[high] - table[low]) * (at - low)


_TABLES: dict[str, Array] = {}


def _table(shape: Shape) -> Array:
    if shape.name not in _TABLES:
        heights, radii = np.array(shape.profile, np.float32).T
        table = np.interp(np.linspace(0, 1, 257), heights, radii)
        if shape.smooth:
            kernel = np.hanning(17)
            padded = np.pad(table, 8, mode="edge")
            table = np.convolve(padded, kernel / kernel.sum(), mode="valid")
        _TABLES[shape.name] = table.astype(np.float32)
    return _TABLES[shape.name]
