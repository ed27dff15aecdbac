"""The colour difference CIEDE2000.

After Sharma, Wu and Dalal (2005), "The CIEDE2000 color-difference formula: implementation notes,
supplementary test data, and mathematical observations", with kL = kC = kH = 1. Names are theirs; numbers in
brackets are those of their equations.
"""

import numpy as np

Array = np.ndarray
POW7 = 25.0**7


def difference(one: Array, other: Array) -> Array:
    """CIEDE2000 between CIELAB colours (..., 3), broadcast against each other; about 1 is just noticeable."""
    L1, a1, b1 = np.moveaxis(np.asarray(one, np.float64), -1, 0)
    L2, a2, b2 = np.moveaxis(np.asarray(other, np.float64), -1, 0)
    mean7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7  # (2), (3)
    G = 0.5 * (1 - np.sqrt(mean7 / (mean7 + POW7)))  # (4)
    C1, h1 = np.hypot((1 + G) * a1, b1), _hue((1 + G) * a1, b1)  # (5) to (7)
    C2, h2 = np.hypot((1 + G) * a2, b2), _hue((1 + G) * a2, b2)
    no_hue = C1 * C2 == 0
    turn = _turn(h1, h2, no_hue)
    dL, dC, dH = L2 - L1, C2 - C1, 2 * np.sqrt(C1 * C2) * np.sin(np.radians(turn / 2))  # (8), (9), (11)
    L, C, h = (L1 + L2) / 2, (C1 + C2) / 2, _mean_hue(h1, h2, no_hue)  # (12) to (14)
    waves = -0.17 * _cos(h - 30) + 0.24 * _cos(2 * h) + 0.32 * _cos(3 * h + 6) - 0.20 * _cos(4 * h - 63)
    T = 1 + waves  # (15)
    blues = 30 * np.exp(-(((h - 275) / 25) ** 2))  # (16)
    R_C = 2 * np.sqrt(C**7 / (C**7 + POW7))  # (17)
    S_L = 1 + 0.015 * (L - 50) ** 2 / np.sqrt(20 + (L - 50) ** 2)  # (18)
    S_C, S_H = 1 + 0.045 * C, 1 + 0.015 * C * T  # (19), (20)
    R_T = -np.sin(np.radians(2 * blues)) * R_C  # (21)
    light, chroma, hue = dL / S_L, dC / S_C, dH / S_H
    squared = light**2 + chroma**2 + hue**2 + R_T * chroma * hue
    return np.sqrt(np.maximum(0, squared))  # (22); rounding can leave it a hair below 0


def _hue(a: Array, b: Array) -> Array:
    """In degrees, 0..360."""
    return np.degrees(np.arctan2(b, a)) % 360


def _turn(h1: Array, h2: Array, no_hue: Array) -> Array:
    """From one hue to the other by the shorter way, in degrees; (10)."""
    turn = h2 - h1
    turn = np.where(turn > 180, turn - 360, np.where(turn < -180, turn + 360, turn))
    return np.where(no_hue, 0.0, turn)


def _mean_hue(h1: Array, h2: Array, no_hue: Array) -> Array:
    total = h1 + h2
    around = np.where(total < 360, total + 360, total - 360)
    return np.where(no_hue, total, np.where(np.abs(h1 - h2) <= 180, total, around) / 2)


def _cos(degrees: Array) -> Array:
    return np.cos(np.radians(degrees))
