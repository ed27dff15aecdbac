"""The web app. Tabs only put jobs into folders and read them back; a worker does the work."""

from typing import Any

import gradio as gr

from lorakit import workspace
from lorakit.ui import sessions, theme
from lorakit.ui.door.chain import door
from lorakit.ui.page import Page
from lorakit.ui.pages import adapters, scenes, train, voice
from lorakit.ui.parts import choices, desk, pieces
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates

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
        settings, first = scenes.remembered()
        with gr.Tabs() as tabs:
            with gr.Tab("Train", id="train"):
                train_tab = train.build()
            with gr.Tab("Brand voice", id="voice"):
                voice_tab = voice.build(settings)
            with gr.Tab("Product scenes", id="scenes") as scenes_page:
                scenes_tab = scenes.build(settings, first)
            with gr.Tab("Adapters", id="adapters") as adapters_page:
                adapters_tab = adapters.build()
        for load in (
            train_tab["load"],
            voice_tab["load"],
            voice_tab["desk"],
            voice_tab["many"],
            adapters_tab.loading,
        ):
            app.load(*load, **QUIET)
        _connect_scenes(app, scenes_tab)
        app.load(*adapters_tab.owning, **QUIET)
        # Adapters come and go in other tabs.
        adapters_page.select(*adapters_tab.loading, **QUIET)
        scenes_page.select(
            scenes_tab.refresh, [scenes_tab.chosen], [scenes_tab.add, scenes_tab.chosen], **QUIET
        )
        _connect_tabs(tabs, train_tab, voice_tab, scenes_tab, adapters_tab)
    return app


def _connect_scenes(app: gr.Blocks, tab: scenes.Tab) -> None:
    """What the browser keeps is there once the page stands: a moment after it asks for the rest."""
    shown = [tab.add, tab.campaign.job_id, tab.earlier, tab.total]
    app.load(tab.on_load, tab.plan.inputs, shown, **QUIET).then(
        scenes.restore, [tab.settings], [tab.chosen], **QUIET
    )


def _connect_tabs(
    tabs: gr.Tabs,
    train_tab: dict[str, Any],
    voice_tab: dict[str, Any],
    scenes_tab: scenes.Tab,
    adapters_tab: adapters.Tab,
) -> None:
    """An adapter is taken from where it was made, or is kept, to where it is used."""

    def to_scenes(slug: str) -> Updates:
        return {tabs: gr.Tabs(selected="scenes")} | scenes_tab.take(slug)

    def trained_to_scenes(job_id: str) -> Updates:
        return to_scenes(train.product_slug(job_id))

    def to_voice(slug: str) -> Updates:
        chosen = gr.update(choices=desk.voices(), value=slug)
        return {tabs: gr.Tabs(selected="voice"), voice_tab["voice"]: chosen}

    taken = [tabs, scenes_tab.chosen, scenes_tab.sampling.base]
    opened, view = adapters_tab.choose, adapters_tab.view
    train_tab["make"].click(trained_to_scenes, [train_tab["job_id"]], taken, **HIDDEN).then(
        **pieces.SCROLL_UP
    )
    view.make.click(to_scenes, [opened], taken, **HIDDEN).then(**pieces.SCROLL_UP)
    view.write.click(to_voice, [opened], [tabs, voice_tab["voice"]], **HIDDEN).then(**pieces.SCROLL_UP)


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
