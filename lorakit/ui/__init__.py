"""The web app. Tabs only put jobs into folders and read them back; a worker does the work."""

from typing import Any

import gradio as gr

from lorakit import workspace
from lorakit.ui import sessions, theme
from lorakit.ui.door.chain import door
from lorakit.ui.page import Page
from lorakit.ui.pages import adapters, scenes, train, voice
from lorakit.ui.parts import choices, pieces, runs
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates
from lorakit.ui.parts.subjects import VOICE

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
            with gr.Tab("Brand voice", id="voice") as voice_page:
                voice_tab = voice.build(settings)
            with gr.Tab("Product scenes", id="scenes") as scenes_page:
                scenes_tab = scenes.build(settings, first)
            with gr.Tab("Adapters", id="adapters") as adapters_page:
                adapters_tab = adapters.build()
        app.load(runs.shown, [], [train_tab.view.job_id], **QUIET)
        app.load(voice_tab.load, [], voice_tab.loaded, **QUIET)
        app.load(*adapters_tab.loading, **QUIET)
        _connect_scenes(app, scenes_tab)
        app.load(*adapters_tab.owning, **QUIET)
        # Adapters come and go in other tabs.
        adapters_page.select(*adapters_tab.loading, **QUIET)
        scenes_page.select(
            scenes_tab.refresh, [scenes_tab.chosen], [scenes_tab.add, scenes_tab.chosen], **QUIET
        )
        writing = voice_tab.desk
        voice_page.select(writing.offer, [writing.voice], writing.offered, **QUIET)
        _connect_tabs(tabs, train_tab, voice_tab, scenes_tab, adapters_tab)
    return app


def _connect_scenes(app: gr.Blocks, tab: scenes.Tab) -> None:
    """What the browser keeps is there once the page stands: a moment after it asks for the rest."""
    shown = [tab.add, tab.campaign.job_id, tab.earlier, tab.total]
    app.load(tab.on_load, tab.plan.inputs, shown, **QUIET).then(
        scenes.restore, [tab.settings], [tab.chosen], **QUIET
    )


def _connect_tabs(
    tabs: gr.Tabs, train_tab: train.Tab, voice_tab: voice.Tab, scenes_tab: scenes.Tab,
    adapters_tab: adapters.Tab,
) -> None:  # fmt: skip
    """An adapter is taken from where it was made, or is kept, to where it is used."""
    writing, view, shelf = voice_tab.desk, train_tab.view, adapters_tab.view

    def to_scenes(slug: str) -> Updates:
        return {tabs: gr.Tabs(selected="scenes")} | scenes_tab.take(slug)

    def to_voice(slug: str) -> Updates:
        return {tabs: gr.Tabs(selected="voice")} | writing.take(slug)

    def go_on(job_id: str) -> Updates:
        slug = runs.slug_of(job_id)
        return (to_voice if runs.is_voice(job_id) else to_scenes)(slug)

    def to_training(worded_for: str, base: str) -> Updates:
        return {tabs: gr.Tabs(selected="train")} | train_tab.choose(VOICE.id, worded_for, base)

    scened, voiced = [tabs, scenes_tab.chosen, scenes_tab.sampling.base], [tabs, *voice_tab.taken]
    both = list(dict.fromkeys([*scened, *voiced]))
    now = [train_tab.worded_for, train_tab.sides["image"].form.base]
    for led in (
        view.go_on.click(go_on, [view.job_id], both, **HIDDEN),
        shelf.make.click(to_scenes, [adapters_tab.choose], scened, **HIDDEN),
        shelf.write.click(to_voice, [adapters_tab.choose], voiced, **HIDDEN),
        writing.train.click(to_training, now, [tabs, *train_tab.choice], **QUIET),
    ):
        led.then(**pieces.SCROLL_UP)


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
