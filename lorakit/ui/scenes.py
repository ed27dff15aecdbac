"""The Product scenes tab: a mix of adapters, scenes, formats and seeds become pictures."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from lorakit import jobs, workspace
from lorakit.errors import LoraKitError
from lorakit.generation.formats import FORMATS
from lorakit.generation.plan import SCENES
from lorakit.store import Store
from lorakit.ui import pieces

POLL = 1.5  # seconds
START_SCENES = ("marble-counter", "wooden-table", "garden", "neon-street")
START_FORMATS = ("instagram-post", "instagram-story", "youtube-thumbnail")
MOST_SHOWN = 200


def build() -> dict[str, Any]:
    """The tab's widgets and handlers; returns what other tabs connect to."""
    job_id, seen, weights = gr.State(""), gr.State(""), gr.State({})
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            gr.HTML(pieces.step(1, "Adapters", "Choose what to show. Several are mixed; the sliders say how strongly."))
            chosen = gr.Dropdown([], multiselect=True, label="Adapters in the mix", info="Trained ones appear here.")
            sliders = gr.Column()
            gr.HTML(pieces.step(2, "Scenes", "Where the product stands. Add your own, one a line."))
            scenes = gr.CheckboxGroup([(s.label, s.id) for s in SCENES], value=list(START_SCENES), label="Scenes", show_label=False)
            own = gr.Textbox(label="Your own scenes", lines=2, placeholder="on a picnic blanket in the park")
            gr.HTML(pieces.step(3, "Formats", "Each picture is delivered in exactly these pixels."))
            formats = gr.CheckboxGroup([(f.label, f.id) for f in FORMATS], value=list(START_FORMATS), label="Formats",
                                       show_label=False, elem_classes="formats")  # fmt: skip
            count = gr.Slider(1, 16, value=2, step=1, label="Pictures of each scene and format")
            base = gr.Dropdown(pieces.BASES["image"], value="starter-image", label="Base model", allow_custom_value=True)
            with gr.Accordion("Advanced", open=False):
                trigger = gr.Textbox(label="Product words", info="Stand in front of each scene. Empty: the adapters' own.")
                negative = gr.Textbox(label="Keep out of the picture", max_length=400)
                steps = gr.Number(0, precision=0, label="Sampling steps", info="0: what the base works best with.")
                guidance = gr.Number(0, label="Guidance", info="How closely to follow the words. 0: the base's own.")
                seed = gr.Number(0, precision=0, label="First seed", info="The same seed gives the same picture.")
            total = gr.HTML()
            render = gr.Button("Render", variant="primary", size="lg")
        with gr.Column(scale=7, min_width=320):
            status = gr.HTML(pieces.empty("No pictures yet", "Choose an adapter and press Render. They appear one by one."))
            cancel = gr.Button("Cancel", visible=False, size="sm")
            gallery = gr.Gallery(label="Pictures", columns=[2, 3, 4], height="auto", visible=False, object_fit="contain")
            made = gr.HTML(visible=False)
            with gr.Row():
                zipped = gr.Button("Prepare zip", visible=False)
                sheet = gr.Button("Contact sheet", visible=False)
            files = gr.File(label="Downloads", visible=False, interactive=False)
            earlier = gr.Dropdown([], label="Earlier campaigns", info="Open one to see or download it again.")

    with sliders:

        @gr.render(inputs=[chosen, weights])
        def mix_table(slugs: list[str], kept: dict[str, float]) -> None:
            for slug in slugs or []:
                slider = gr.Slider(-1, 2, value=kept.get(slug, 1.0), step=0.05, label=f"{slug}: strength", key=slug)
                slider.release(_weigh(slug), [slider, weights], [weights], api_visibility="private", show_progress="hidden")

    plan_inputs = [scenes, own, formats, count]
    shown = [job_id, seen, status, cancel, gallery, zipped, sheet]
    for widget in plan_inputs:
        widget.change(tell_total, plan_inputs, [total], api_visibility="private", show_progress="hidden")
    settings = [chosen, weights, *plan_inputs, base, trigger, negative, steps, guidance, seed]
    render.click(start, settings, [job_id], api_visibility="private").then(poll, [job_id, seen], shown, api_visibility="private")
    cancel.click(cancel_job, [job_id], [status], api_visibility="private")
    gallery.select(tell_provenance, [job_id], [made], api_visibility="private", show_progress="hidden")
    zipped.click(make_zip, [job_id], [files], api_visibility="private")
    sheet.click(make_sheet, [job_id], [files], api_visibility="private")
    earlier.input(lambda choice: choice, [earlier], [job_id], api_visibility="private").then(
        poll, [job_id, seen], shown, api_visibility="private"
    )
    gr.Timer(POLL).tick(poll, [job_id, seen], shown, api_visibility="private", show_progress="hidden")
    return {
        "chosen": chosen,
        "load": (on_load, [*plan_inputs], [chosen, job_id, earlier, total]),
        "poll": (poll, [job_id, seen], shown),
        "render": render,
    }


def _weigh(slug: str) -> Any:
    def weigh(value: float, kept: dict[str, float]) -> dict[str, float]:
        return {**kept, slug: value}

    return weigh


def image_adapters() -> list[tuple[str, str]]:
    """Choices for the mix: label and slug of every image adapter."""
    return [(f"{e.name} (“{e.trigger}”)" if e.trigger else e.name, e.slug) for e in Store().list() if e.kind == "image"]


def on_load(*plan_inputs: Any) -> list[Any]:
    """What a page opened now shows: the store's adapters and the latest campaign."""
    campaigns = jobs.list_jobs(["campaign"])
    choices = [(_campaign_label(job), job.id) for job in campaigns[:30]]
    adapters = image_adapters()
    return [
        gr.update(choices=adapters),
        campaigns[0].id if campaigns else "",
        gr.update(choices=choices, value=None),
        tell_total(*plan_inputs),
    ]


def _campaign_label(job: Any) -> str:
    spec = job.spec
    number = len(spec["scenes"]) * len(spec["formats"]) * len(spec["seeds"])
    return f"{job.created[:16].replace('T', ' ')}: {', '.join(spec['mix']) or 'base alone'}, {number} pictures"


def all_scenes(scenes: list[str], own: str | None) -> list[str]:
    """The scenes' texts: chosen ones, then the person's own lines."""
    texts = [scene.text for scene in SCENES if scene.id in scenes]
    return texts + [line.strip() for line in (own or "").splitlines() if line.strip()]


def tell_total(scenes: list[str], own: str | None, formats: list[str], count: float) -> str:
    """How many pictures the plan makes."""
    places, pictures = len(all_scenes(scenes, own)), int(count)
    number = places * len(formats) * pictures
    return f'<div class="sum"><b>{number}</b> pictures: {places} scenes × {len(formats)} formats × {pictures}</div>'


def start(
    chosen: list[str], weights: dict[str, float], scenes: list[str], own: str, formats: list[str], count: float, base: str,
    trigger: str, negative: str, steps: float, guidance: float, seed: float,
) -> str:  # fmt: skip
    """Write the campaign's job."""
    first = int(seed or 0)
    spec: dict[str, Any] = {
        "base": base, "mix": {slug: float(weights.get(slug, 1.0)) for slug in chosen or []},
        "scenes": all_scenes(scenes, own), "formats": list(formats), "seeds": list(range(first, first + int(count))),
    }  # fmt: skip
    spec |= {k: v for k, v in (("trigger", (trigger or "").strip()), ("negative", (negative or "").strip())) if v}
    spec |= {k: v for k, v in (("steps", int(steps or 0)), ("guidance", float(guidance or 0))) if v}
    try:
        same = [job for job in jobs.list_jobs(["campaign"]) if job.state in ("queued", "running") and job.spec == spec]
        return same[0].id if same else jobs.create("campaign", spec).id
    except LoraKitError as error:
        raise gr.Error(str(error), print_exception=False) from error


def cancel_job(job_id: str) -> str:
    """Stop after the pictures in work; finished ones stay."""
    job = jobs.get(job_id)
    job.cancel()
    return pieces.status(job)


def folder_of(job_id: str) -> Path:
    """Where a campaign's pictures are."""
    return workspace.campaigns_folder() / jobs.get(job_id).id


def pictures_of(job_id: str) -> list[dict[str, Any]]:
    """The finished pictures, in the plan's order."""
    from lorakit.generation import results

    return results.pictures(folder_of(job_id))


def poll(job_id: str, seen: str) -> list[Any]:
    """Read the job's files and show them; nothing is sent again when nothing has changed."""
    if not job_id:
        return [gr.skip()] * 7
    job = jobs.get(job_id)
    state, count = job.state, len(job.events())
    mark = f"{job_id}:{state}:{count}"
    if mark == seen:
        return [gr.skip()] * 7
    folder = folder_of(job_id)
    rows = pictures_of(job_id)
    shown = [(str(folder / row["path"]), f"{row['format']} · {row['scene']}") for row in rows[:MOST_SHOWN]]
    return [
        job_id,
        mark,
        pieces.status(job),
        gr.update(visible=state in ("queued", "running", "interrupted")),
        gr.update(value=shown, visible=bool(shown)),
        gr.update(visible=bool(shown)),
        gr.update(visible=bool(shown)),
    ]


def tell_provenance(job_id: str, event: gr.SelectData) -> Any:
    """What made the picture that was clicked, read from the picture itself."""
    from lorakit.generation.provenance import read_provenance

    rows = pictures_of(job_id)
    row = rows[event.index]
    made = read_provenance(folder_of(job_id) / row["path"])
    if made is None:
        return gr.update(visible=False)
    adapters = ", ".join(f"{a['name']} × {a['weight']:g}" for a in made.adapters) or "none"
    text = (
        f'<div class="status"><span class="what">{escape(made.prompt)}</span><div class="say">seed {made.seed} · base '
        f"{escape(made.base)} · adapters: {escape(adapters)} · {made.steps} steps · marked as AI-made (IPTC)</div></div>"
    )
    return gr.update(value=text, visible=True)


def make_zip(job_id: str) -> Any:
    """All pictures with their table, one folder per format."""
    from lorakit.generation.export import zip_campaign

    folder = folder_of(job_id)
    return gr.update(value=str(zip_campaign(folder, folder / f"{job_id}.zip")), visible=True)


def make_sheet(job_id: str) -> Any:
    """All pictures on one page."""
    from lorakit.generation.export import contact_sheet

    folder = folder_of(job_id)
    return gr.update(value=str(contact_sheet(folder, folder / "contact-sheet.png")), visible=True)
