"""The app's look: system fonts, a calm surface, one warm accent. Nothing is fetched from elsewhere."""

from pathlib import Path

import gradio as gr

SANS = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "monospace"]


def theme() -> gr.themes.Base:
    """The theme, for `launch`."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.orange,
        secondary_hue=gr.themes.colors.stone,
        neutral_hue=gr.themes.colors.stone,
        font=SANS,
        font_mono=MONO,
        radius_size=gr.themes.sizes.radius_lg,
        spacing_size=gr.themes.sizes.spacing_md,
    ).set(
        body_background_fill="#faf8f5",
        body_background_fill_dark="#faf8f5",
        block_background_fill="#ffffff",
        block_border_color="#ebe5dc",
        block_border_width="1px",
        block_label_background_fill="#ffffff",
        block_label_text_color="#6b6259",
        block_label_text_weight="500",
        button_primary_background_fill="#c2501c",
        button_primary_background_fill_hover="#a84315",
        button_primary_text_color="#ffffff",
        button_secondary_background_fill="#f1ece4",
        button_secondary_background_fill_hover="#e7dfd3",
        button_secondary_text_color="#3b342d",
        input_background_fill="#fffdfa",
        input_border_color="#e2d9cc",
        slider_color="#c2501c",
        checkbox_background_color_selected="#c2501c",
        body_text_color="#2b2520",
        body_text_color_subdued="#6b6259",
    )


# The style of the page, and what its head needs: Gradio limits the style sheet to its own container.
CSS = (Path(__file__).parent / "studio.css").read_text(encoding="utf-8")
HEAD = (Path(__file__).parent / "head.html").read_text(encoding="utf-8")
