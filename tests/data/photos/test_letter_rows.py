"""Rows of letters, told from rows of dots and from texture, among parts of known places."""

import numpy as np

from lorakit.data.photos.letter_rows import LETTERS, Letters, letter_rows


def line(count=8, top=100.0, height=20.0, contrast=120.0, inside=False, alike=False, turn=0.0):
    """Letters of one line: of different widths, on one foot."""
    widths = np.full(count, 12.0) if alike else np.tile([8.0, 14.0, 11.0, 18.0], count)[:count]
    flat = np.stack([40 + 24.0 * np.arange(count), np.full(count, top)], 1)
    angle = np.radians(turn)
    centres = flat @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    fills = np.full(count, 0.5) if alike else np.tile([0.4, 0.6, 0.5, 0.7], count)[:count]
    return Letters(
        centres, np.full(count, height), widths, fills, np.full(count, contrast),
        np.full(count, 128.0), np.full(count, float(inside)),
    )  # fmt: skip


def both(*some):
    return Letters(*(np.concatenate([getattr(one, field) for one in some]) for field in vars(some[0])))


def test_a_line_of_letters_is_one_row_in_reading_order():
    (row,) = letter_rows(line(), 0.0)
    assert row.tolist() == list(range(8))


def test_too_few_too_faint_or_all_alike_is_no_writing():
    assert letter_rows(line(LETTERS - 1), 0.0) == []
    assert letter_rows(line(contrast=20.0), 0.0) == []
    assert letter_rows(line(alike=True), 0.0) == []


def test_print_on_the_product_counts_only_in_pure_ink():
    assert letter_rows(line(inside=True), 0.0) == []
    printed = line(inside=True)
    printed.tones[:] = 255
    assert len(letter_rows(printed, 0.0)) == 1


def test_many_rows_close_together_are_a_weave():
    weave = both(*(line(top=100.0 + 24 * number) for number in range(5)))
    assert letter_rows(weave, 0.0) == []
    assert len(letter_rows(both(line(top=100.0), line(top=400.0)), 0.0)) == 2


def test_a_slanted_line_is_found_at_its_slant_alone():
    slanted = line(10, turn=30.0)
    assert [len(row) for row in letter_rows(slanted, 30.0)] == [10]
    assert letter_rows(slanted, 0.0) == []
