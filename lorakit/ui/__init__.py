"""The web app. Tabs only put jobs into folders and read them back; a worker does the work."""

from typing import Any

import gradio as gr

from lorakit import workspace
from lorakit.ui import sessions, theme
from lorakit.ui.door.chain import door
from lorakit.ui.page import Page
from lorakit.ui.pages import adapters, scenes, train, voice
from lorakit.ui.parts import choices, pieces
from lorakit.ui.parts.pieces import HIDDEN, QUIET

TITLE = "LoraKit Studio"
DAY = 86_400  # seconds
# Rank 128 on every layer of FLUX.1 in float32 has 2.8 GB; a zip of photos may unpack to as much as this.
LARGEST_UPLOAD = "4gb"


def build_app() -> gr.Blocks:
    """The whole app, ready to launch with `launch_options()`."""
    sessions.keep_light()
    gr.set_static_paths(
        [workspace.campaigns_folder()]
    )  # large pictures are served where they are, not copied
    with Page(title=TITLE, analytics_enabled=False, delete_cache=(DAY, DAY)) as app:
        gr.HTML(pieces.HEADER)
        gr.HTML(pieces.DEMO_NOTE)
        kept = scenes.remembered()
        with gr.Tabs() as tabs:
            with gr.Tab("Train", id="train"):
                train_tab = train.build()
            with gr.Tab("Brand voice", id="voice"):
                voice_tab = voice.build(kept[0])
            with gr.Tab("Product scenes", id="scenes") as scenes_page:
                scenes_tab = scenes.build(*kept)
            with gr.Tab("Adapters", id="adapters") as adapters_page:
                adapters_tab = adapters.build()
        for load in (
            train_tab["load"],
            voice_tab["load"],
            voice_tab["desk"],
            voice_tab["many"],
            adapters_tab["load"],
        ):
            app.load(*load, **QUIET)
        # What the browser keeps is there once the page stands: a moment after it asks for the rest.
        app.load(*scenes_tab["load"], **QUIET).then(*scenes_tab["restore"], **QUIET)
        app.load(*adapters_tab["mine"], **QUIET)
        # Adapters come and go in other tabs.
        adapters_page.select(*adapters_tab["load"], **QUIET)
        scenes_page.select(*scenes_tab["again"], **QUIET)
        train_tab["make"].click(_to_scenes, [train_tab["job_id"]], [tabs, *scenes_tab["take"]], **HIDDEN)
    return app


def _to_scenes(job_id: str) -> list[Any]:
    return [gr.Tabs(selected="scenes"), *scenes.take(train.product_slug(job_id))]


def launch_options() -> dict[str, Any]:
    """What `launch` needs to look right and to serve the results, and nothing else."""
    shown = [workspace.campaigns_folder(), workspace.home() / "downloads"]
    return {
        "theme": theme.theme(),
        "css": theme.CSS,
        "head": theme.HEAD + f"<style>{choices.style()}</style>",
        "allowed_paths": [str(path) for path in shown],
        "blocked_paths": [str(path) for path in (workspace.jobs_folder(), workspace.uploads_folder())],
        "footer_links": [],
        "max_file_size": LARGEST_UPLOAD,
        "state_session_capacity": sessions.MOST_SESSIONS,
        # It saves runs with the hub token of whoever runs the app, for anybody who asks.
        "run_history": False,
        # Each can be switched on by a variable, and would open a way past the middleware below: a second
        # address, a tunnel, other processes that serve files.
        "mcp_server": False,
        "enable_monitoring": False,
        "share": False,
        "ssr_mode": False,
        "num_workers": 0,
        # Gradio would ask itself for the page, and give up on a machine that is busy for three seconds.
        "_frontend": False,
        "app_kwargs": {"middleware": door()},
    }
