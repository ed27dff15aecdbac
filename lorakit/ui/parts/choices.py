"""Formats and scenes as people pick them: a row of chips per platform with the shape of each format, scenes
with their light.

Gradio's checkboxes carry plain text only, so shapes and colours are style rules made from the tables.
"""

from itertools import groupby

import gradio as gr

from lorakit.generation.pictures.formats import FORMATS, SOCIAL, OutputFormat
from lorakit.generation.pictures.scenes import SCENES

ICON = 15  # px: the longer side of a format's shape

# The colours that a scene makes one think of; a scene without a row gets the neutral one.
LIGHT = {
    "marble-counter": "#f4f2ef,#c9c4bd",
    "wooden-table": "#c98f55,#7d4f27",
    "sandy-beach": "#f0d9a8,#8cc7dd",
    "snow": "#ffffff,#c5d8e8",
    "neon-street": "#ff3d9a,#2b1a66",
    "garden": "#a7d37a,#3d7a3a",
    "studio": "#e9e6e2,#a9a39c",
    "sunset-terrace": "#ffb35c,#b8456b",
    "bathroom": "#dff1f8,#4f9ec4",
    "dark-stone": "#5a5d63,#1f2126",
    "white-studio": "#ffffff,#f1f1f1",
    "kitchen-morning": "#fff0cc,#d9a86c",
    "cafe-table": "#b98a63,#4b2f20",
    "picnic": "#e2574c,#8fc06a",
    "forest-moss": "#7c9a52,#2e3f26",
    "water-splash": "#bfe9ff,#2f7fc1",
    "gift-table": "#c73b3b,#e6b655",
    "desk": "#e6d3bb,#8a7765",
}
NEUTRAL = "#e7dfd3,#cfc4b4"


def format_rows(social: bool, chosen: tuple[str, ...]) -> list[gr.CheckboxGroup]:
    """A row of checkboxes for each platform: those where images are posted, or all others."""
    offered = [row for row in FORMATS if (row in SOCIAL) is social]
    rows = []
    for platform, formats in groupby(offered, key=lambda row: row.platform):
        listed = list(formats)
        rows.append(
            gr.CheckboxGroup(
                [(f"{row.purpose} {row.width}×{row.height}", row.id) for row in listed],
                value=[row.id for row in listed if row.id in chosen],
                label=platform,
                show_label=True,
                elem_classes="formats",
            )
        )
    return rows


def scene_chips(starter: bool, chosen: tuple[str, ...] = ()) -> gr.CheckboxGroup:
    """Scenes of the library as chips: those that the starter model knows, or the others."""
    return gr.CheckboxGroup(
        [(scene.label, scene.id) for scene in SCENES if scene.starter is starter],
        value=list(chosen),
        label="Scenes",
        show_label=False,
        container=False,
        elem_classes="scenes",
    )


def style() -> str:
    """Rules that draw each format's shape and each scene's light before its name."""
    shapes = "".join(_shape(row) for row in FORMATS)
    lights = "".join(_light(scene.id) for scene in SCENES)
    return shapes + lights


def _shape(row: OutputFormat) -> str:
    longer = max(row.width, row.height)
    width, height = (max(3, round(ICON * side / longer)) for side in (row.width, row.height))
    margin = f"0 {(ICON - width) / 2:g}px"
    rule = f"width:{width}px;height:{height}px;margin:{margin}"
    return f'.formats label:has(input[name="{row.id}"])::before{{{rule}}}'


def _light(scene: str) -> str:
    rule = f"background:linear-gradient(135deg,{LIGHT.get(scene, NEUTRAL)})"
    return f'.scenes label:has(input[name="{scene}"])::before{{{rule}}}'
