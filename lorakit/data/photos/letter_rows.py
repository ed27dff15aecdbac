"""Rows of letters among the marks of a picture."""

from dataclasses import dataclass

import numpy as np

BESIDE = 0.35  # share of a row's letters that are not on the subject


ROW_CONTRAST = 48.0


ALIGNED = 0.6  # share of a level row's letters that end (or begin) on one line; texture mostly below
SLANTED_LETTERS = 8  # in a row that is not level, where that cannot be asked
LETTERS = 6  # in a row
GAP = 2.2  # letter heights between two letters of a row, at most
BAND, CROWDED = 2.6, 0.12  # heights beside a row, and other parts there for each of its letters, at most


@dataclass(frozen=True, eq=False)
class Letters:
    """Parts that may be letters: centres (N, 2) as x and y, sizes, contrasts, tones, and which are on the
    subject.
    """

    centres: np.ndarray
    heights: np.ndarray
    widths: np.ndarray
    fills: np.ndarray
    contrasts: np.ndarray
    tones: np.ndarray
    inside: np.ndarray


def _slanted(letters: Letters, turn: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the parts are along a slant and across it, and how high they are across it."""
    angle = np.radians(turn)
    along = letters.centres @ np.array([np.cos(angle), np.sin(angle)])
    across = letters.centres @ np.array([-np.sin(angle), np.cos(angle)])
    if turn % 90:
        return along, across, np.maximum(letters.heights, letters.widths)
    return along, across, letters.widths if turn else letters.heights


def letter_rows(letters: Letters, turn: float) -> list[np.ndarray]:
    """The rows at a slant, as indices of their letters."""
    if len(letters.centres) < LETTERS:
        return []
    along, across, sizes = _slanted(letters, turn)
    order = np.argsort(along, kind="stable")
    at, off, size, contrast = (
        values[order].tolist() for values in (along, across, sizes, letters.contrasts)
    )  # plain numbers: the rows are short, and there are many
    found: list[np.ndarray] = []
    used = [False] * len(order)
    for first in range(len(order)):
        if used[first]:
            continue
        row, usual = [first], size[first]
        for other in range(first + 1, len(order)):
            last = row[-1]
            if at[other] - at[last] > GAP * usual:
                break
            fits = (
                abs(off[other] - off[last]) < 0.4 * usual
                and at[other] - at[last] > 0.2 * usual
                and 0.55 < size[other] / usual < 1.8
                and 0.6 < contrast[other] / contrast[last] < 1.67
            )
            if fits:
                row.append(other)
                usual += (size[other] - usual) / len(row)
        chosen = order[row]
        if (
            len(row) >= LETTERS
            and _is_writing(letters, chosen, turn)
            and _stands_alone(letters, chosen, turn)
        ):
            for place in row:
                used[place] = True
            found.append(chosen)
    return found


def _stands_alone(letters: Letters, row: np.ndarray, turn: float) -> bool:
    """Is there little beside a row that is as large and as clear? A weave or a roof has many rows."""
    along, across, sizes = _slanted(letters, turn)
    usual = float(np.median(sizes[row]))
    near = (
        (along > along[row].min() - usual) & (along < along[row].max() + usual)
        & (np.abs(across - np.median(across[row])) < BAND * usual)
        & (sizes > 0.4 * usual) & (sizes < 2.2 * usual)
        & (letters.contrasts > 0.6 * letters.contrasts[row].mean())
    )  # fmt: skip
    near[row] = False
    return bool(near.sum() <= CROWDED * len(row))


def _is_writing(letters: Letters, row: np.ndarray, turn: float) -> bool:
    """Are the parts of a row as clear, as well aligned and as unlike one another as letters are (dots are
    not), and beside the subject or of one pure tone, which print on a lit product is not?
    """
    shapes = letters.widths[row] / letters.heights[row]
    varied = shapes.std() / shapes.mean() > 0.12 or letters.fills[row].std() > 0.06
    if not varied or letters.contrasts[row].mean() < ROW_CONTRAST:
        return False
    if turn:
        if len(row) < SLANTED_LETTERS:
            return False
    else:
        heights = letters.heights[row]
        ends = letters.centres[row][:, 1] + np.array([[-0.5], [0.5]]) * heights
        near = np.abs(ends - np.median(ends, axis=1, keepdims=True)) < 0.12 * np.median(heights)
        if near.mean(1).max() < ALIGNED:
            return False
    beside = (~letters.inside[row].astype(bool)).mean() >= BESIDE
    tones = letters.tones[row]
    pure = np.ptp(tones) <= 4 and (tones.min() >= 250 or tones.max() <= 5)
    return bool(beside or pure)
