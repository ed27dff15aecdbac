"""The app's look: system fonts, a calm surface, one warm accent, light or dark as the system is.

Nothing is fetched from elsewhere. A colour is a row of `PALETTE`; style sheets name it as `var(--lk-…)`.
"""

from pathlib import Path

import gradio as gr

from lorakit.ui.parts.scripts import script

SANS = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "monospace"]

# What a colour is for -> its value on a light page and on a dark one. Text has a contrast of 4.5 to 1 on the
# surfaces it stands on, and what shows a state or the edge of a field 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11);
# tests/ui/test_theme.py holds the pairs.
PALETTE: dict[str, tuple[str, str]] = {
    # Surfaces, from the page up.
    "page": ("#faf8f5", "#171411"),
    "card": ("#ffffff", "#221e1a"),
    "well": ("#faf8f5", "#2a2520"),
    "field": ("#fffdfa", "#1b1815"),
    "soft": ("#f1ece4", "#352f28"),
    "softer": ("#e7dfd3", "#443c33"),
    # Lines: `line` only divides, `edge` says where a field or a switch is.
    "line": ("#ebe5dc", "#3d362f"),
    "edge": ("#8f8474", "#8d8275"),
    # Text.
    "ink": ("#2b2520", "#f1ebe3"),
    "ink-soft": ("#4d463f", "#d8cfc4"),
    "muted": ("#6b6259", "#b3a89b"),
    # The accent: as a shape, as text, and as the ground of a button with what is written on it.
    "accent": ("#c2501c", "#e5743a"),
    "accent-ink": ("#a84315", "#f0a070"),
    "press": ("#c2501c", "#c2501c"),
    "press-hover": ("#a84315", "#ad4717"),
    "on-press": ("#ffffff", "#ffffff"),
    "tint": ("#fdf3ea", "#33241a"),
    "tint-line": ("#f4dcc5", "#5c3f2a"),
    "tint-ink": ("#6a3d1e", "#f0c9a8"),
    # States: a shape, text, the ground under that text, and its border.
    "good": ("#36804f", "#54b47a"),
    "good-ink": ("#215c38", "#9bdcb2"),
    "good-tint": ("#e3f2e8", "#1d3526"),
    "warn": ("#b57a10", "#e0a030"),
    "warn-ink": ("#7a5200", "#f2cf8c"),
    "warn-tint": ("#fdf0d3", "#3d2e10"),
    "warn-line": ("#f0dcae", "#6b5220"),
    "bad": ("#b3261e", "#e8685f"),
    "bad-ink": ("#8c1d18", "#ffb4a9"),
    "bad-tint": ("#fbe6e4", "#4a201c"),
    "bad-line": ("#eec4c0", "#7d3a34"),
    "plain": ("#5f7d92", "#8fa7b8"),
    # What lies over the part of a photo that is cropped.
    "veil": ("rgba(250, 248, 245, .72)", "rgba(23, 20, 17, .78)"),
    "shadow": ("rgba(120, 70, 30, .12)", "rgba(0, 0, 0, .5)"),
}

# A plot's lines are drawn in one colour on both pages.
LINES = ("#c2501c", "#3f8f5b")

# Gradio's own parts, by its names for them.
PARTS = {
    "body_background_fill": "page",
    "background_fill_primary": "card",
    "background_fill_secondary": "well",
    "panel_background_fill": "well",
    "body_text_color": "ink",
    "body_text_color_subdued": "muted",
    "link_text_color": "accent-ink",
    "link_text_color_active": "accent-ink",
    "link_text_color_hover": "accent-ink",
    "link_text_color_visited": "accent-ink",
    "color_accent_soft": "tint",
    "border_color_primary": "line",
    "border_color_accent": "accent",
    "block_background_fill": "card",
    "block_border_color": "line",
    "block_label_background_fill": "card",
    "block_label_text_color": "muted",
    "block_title_text_color": "muted",
    "code_background_fill": "soft",
    "input_background_fill": "field",
    "input_border_color": "edge",
    "input_border_color_focus": "accent",
    "input_placeholder_color": "muted",
    "checkbox_background_color": "field",
    "checkbox_background_color_selected": "accent",
    "checkbox_border_color": "edge",
    "checkbox_border_color_hover": "accent",
    "checkbox_label_background_fill": "soft",
    "checkbox_label_background_fill_hover": "softer",
    "table_border_color": "line",
    "table_even_background_fill": "card",
    "table_odd_background_fill": "well",
    "stat_background_fill": "tint-line",
    "button_primary_background_fill": "press",
    "button_primary_background_fill_hover": "press-hover",
    "button_primary_border_color": "press",
    "button_primary_border_color_hover": "press-hover",
    "button_primary_text_color": "on-press",
    "button_secondary_background_fill": "soft",
    "button_secondary_background_fill_hover": "softer",
    "button_secondary_border_color": "soft",
    "button_secondary_border_color_hover": "softer",
    "button_secondary_text_color": "ink",
    "button_cancel_text_color_hover": "ink",
    "error_background_fill": "bad-tint",
    "error_border_color": "bad",
    "error_text_color": "bad-ink",
    "error_icon_color": "bad-ink",
}


def theme() -> gr.themes.Base:
    """The theme, for `launch`."""
    base = gr.themes.Base(
        primary_hue=gr.themes.colors.orange,
        secondary_hue=gr.themes.colors.stone,
        neutral_hue=gr.themes.colors.stone,
        font=SANS,
        font_mono=MONO,
        radius_size=gr.themes.sizes.radius_lg,
        spacing_size=gr.themes.sizes.spacing_md,
    )
    colours = {}
    for part, name in PARTS.items():
        colours[part], colours[f"{part}_dark"] = PALETTE[name]
    return base.set(
        **colours,
        # Of these Gradio has one value for both; the first is text, too.
        color_accent="var(--lk-accent-ink)",
        slider_color="var(--lk-accent)",
        loader_color="var(--lk-accent)",
        block_border_width="1px",
        block_label_text_weight="500",
        input_border_width="1px",
    )


def _variables(dark: bool) -> str:
    return "".join(f"--lk-{name}:{row[dark]};" for name, row in PALETTE.items())


# The palette as CSS variables, for a page without Gradio: dark as the system is.
BY_SYSTEM = (
    f":root{{color-scheme:light dark;{_variables(False)}}}\n"
    f"@media (prefers-color-scheme:dark){{:root{{{_variables(True)}}}}}\n"
)

# And for Gradio's, which is dark where Gradio makes it so: by the address (`?__theme=dark`), or else as the
# system is. Until Gradio has built the page, its ground is the system's.
BY_CLASS = (
    f":root{{color-scheme:light;{_variables(False)}}}\n"
    f":root.dark,:root .dark{{color-scheme:dark;{_variables(True)}}}\n"
    ":root:has(>body.dark){color-scheme:dark}\n"
    "body:has(.gradio-container){background:var(--lk-page)}\n"
)

# The style of the page, and what its head needs: Gradio limits the style sheet to its own container.
CSS = (Path(__file__).parent / "studio.css").read_text(encoding="utf-8")
HEAD = (
    f"<style>{BY_CLASS}</style>\n{(Path(__file__).parent / 'head.html').read_text(encoding='utf-8')}"
    f"<script>\n{script('screen-reader')}\n</script>\n"
)
