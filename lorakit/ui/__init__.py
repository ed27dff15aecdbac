"""The web app. Tabs only put jobs into folders and read them back; a worker does the work."""

from typing import Any

import gradio as gr

from lorakit import workspace
from lorakit.starter import SAMPLES
from lorakit.ui import adapters, pieces, scenes, theme, train, voice

TITLE = "LoraKit Studio"


def build_app() -> gr.Blocks:
    """The whole app, ready to launch with `launch_options()`."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(86_400, 86_400)) as app:
        gr.HTML(pieces.HEADER)
        gr.HTML(pieces.DEMO_NOTE)
        with gr.Tabs() as tabs:
            with gr.Tab("Train", id="train"):
                train_tab = train.build()
            with gr.Tab("Brand voice", id="voice"):
                voice_tab = voice.build()
            with gr.Tab("Product scenes", id="scenes") as scenes_page:
                scenes_tab = scenes.build()
            with gr.Tab("Adapters", id="adapters") as adapters_page:
                adapters_tab = adapters.build()
        for tab in (train_tab, voice_tab, scenes_tab, adapters_tab):
            _on_load(app, tab["load"])
        # Adapters come and go in other tabs.
        function, _, outputs = adapters_tab["load"]
        adapters_page.select(function, [], outputs, api_visibility="private", show_progress="hidden")
        scenes_page.select(
            lambda: gr.update(choices=scenes.image_adapters()), [], [scenes_tab["chosen"]],
            api_visibility="private", show_progress="hidden",
        )  # fmt: skip
        train_tab["make"].click(
            _to_scenes, [train_tab["job_id"]], [tabs, scenes_tab["chosen"]], api_visibility="private"
        )
    return app


def _on_load(app: gr.Blocks, load: tuple[Any, list[Any], list[Any]]) -> None:
    function, inputs, outputs = load
    app.load(function, inputs, outputs, api_visibility="private", show_progress="hidden")


def _to_scenes(job_id: str) -> list[Any]:
    slug = train.product_slug(job_id)
    return [gr.Tabs(selected="scenes"), gr.update(choices=scenes.image_adapters(), value=[slug])]


def launch_options() -> dict[str, Any]:
    """What `launch` needs to look right and to serve the results, and nothing else."""
    shown = [workspace.campaigns_folder(), workspace.jobs_folder(), workspace.uploads_folder(),
             workspace.home() / "downloads", workspace.adapters_folder(), SAMPLES]  # fmt: skip
    return {
        "theme": theme.theme(),
        "css": theme.CSS,
        "head": theme.HEAD,
        "allowed_paths": [str(path) for path in shown],
        "footer_links": [],
        "max_file_size": "500mb",
    }
