"""The palette's contrasts, by the definition of WCAG 2.2, and that every colour of a page comes from it."""

import re
from pathlib import Path

import pytest

from lorakit.ui import theme

UI = Path(theme.__file__).parent
TEXT, SHAPE = 4.5, 3.0  # success criteria 1.4.3 and 1.4.11

SURFACES = ("page", "card", "well", "field", "soft")
ON_ANY_SURFACE = {"ink": TEXT, "ink-soft": TEXT, "muted": TEXT, "accent-ink": TEXT, "edge": SHAPE}
SHAPES = ("accent", "good", "warn", "bad", "plain")
PAIRS = [
    *[(name, surface, least) for name, least in ON_ANY_SURFACE.items() for surface in SURFACES],
    *[(shape, surface, SHAPE) for shape in SHAPES for surface in SURFACES],
    *[(f"{state}-ink", f"{state}-tint", TEXT) for state in ("good", "warn", "bad")],
    *[(f"{state}-ink", "card", TEXT) for state in ("good", "warn", "bad")],
    *[(shape, f"{shape}-tint", SHAPE) for shape in ("warn", "bad")],  # the meter's light
    *[(text, ground, TEXT) for text in ("tint-ink", "accent-ink") for ground in ("tint", "tint-line")],
    *[(text, "tint", TEXT) for text in ("ink", "muted")],
    *[(text, f"{state}-tint", TEXT) for text in ("ink", "ink-soft") for state in ("warn", "bad")],
    ("tint-ink", "softer", TEXT),
    ("ink", "softer", TEXT),
    ("on-press", "press", TEXT),
    ("on-press", "press-hover", TEXT),
    ("press", "page", SHAPE),
    ("press", "card", SHAPE),
]


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_what_the_standard_says():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_told_from_what_it_stands_on(scheme):
    value = {name: row[scheme == "dark"] for name, row in theme.PALETTE.items()}
    low = {
        f"{front} on {back}": round(contrast(value[front], value[back]), 2)
        for front, back, least in PAIRS
        if contrast(value[front], value[back]) < least
    }
    assert not low
    assert all(contrast(line, value["card"]) >= SHAPE for line in theme.LINES)


def test_a_page_has_no_colour_outside_the_palette():
    """But for those that mean themselves: the mark of the app, and what a scene's light looks like."""
    hexed = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(")
    own = {"theme.py", "choices.py"}
    strange = [
        f"{path.name}:{number}: {line.strip()}"
        for path in sorted(UI.rglob("*"))
        if path.suffix in (".py", ".css", ".html", ".js") and path.name not in own
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if hexed.search(line) and "the app's mark" not in line
    ]
    assert not strange


def test_every_colour_that_is_named_is_in_the_palette():
    named = set()
    for path in (*UI.rglob("*.css"), *UI.rglob("*.py"), *UI.rglob("*.html")):
        named |= set(re.findall(r"var\(--lk-([\w-]+)\)", path.read_text(encoding="utf-8")))
    assert named and named <= set(theme.PALETTE)


def test_no_script_of_the_page_watches_its_classes():
    """Taking the class `dark` away whenever it comes is a fight with Gradio that hangs the page."""
    assert "MutationObserver" not in theme.HEAD and "classList" not in theme.HEAD
