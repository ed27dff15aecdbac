"""The Train tab: photos in, a product adapter out."""

import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import gradio as gr

from lorakit import workspace
from lorakit.data.photos.sets import PhotoSet
from lorakit.errors import LoraKitError
from lorakit.starter import SAMPLE_PHOTOS, SAMPLE_TRIGGER
from lorakit.store.store import slug_of
from lorakit.ui import visitors
from lorakit.ui.parts import bases, captions, forecast, forms, gate, insight, looking, pictures, pieces, runs
from lorakit.ui.parts.forms import Form
from lorakit.ui.parts.pieces import HIDDEN, QUIET

KIND = "image"
PREVIEWS_SHOWN = 12
SAMPLE_SHOWN = 6
POLL = 2.0  # seconds
NOTHING = "Start one and watch it learn here: how far it is, and what it draws so far."


def build() -> dict[str, Any]:
    """The tab's widgets and handlers; returns what other tabs connect to."""
    job_id, seen = gr.State(""), gr.State({})
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            sample = _invitation()
            photos = _photos_form()
            form = forms.recipe_form(KIND)
            forecast.build(form, photos["folder"], photos["left_out"])
            with gr.Row(elem_classes="primary-bar"):
                start = gr.Button("Start training", variant="primary", size="lg")
        with gr.Column(scale=6, min_width=320, elem_classes="progress-view"):
            view = runs.view(pieces.empty("No training yet", NOTHING))
            make = gr.Button("Make scenes with it", variant="primary", size="lg", visible=False)
            shown, rank = _progress_view(job_id)
    reading = (poll, [job_id, seen], [job_id, seen, *view.parts, make, *shown])
    judging = _connect_photos(photos, form)
    started = [job_id, photos["trigger"], form.base, form.preset, form.savers, *form.fields]
    sample.click(start_sample, form.inputs, started, **HIDDEN).then(*reading, **QUIET).then(**pieces.SCROLL)
    data = [photos[part] for part in ("trigger", "folder", "left_out", "captions")]
    wanted = [*data, *form.inputs]
    start.click(start_own, wanted, [job_id], **HIDDEN).then(*reading, **QUIET).then(**pieces.SCROLL)
    runs.connect(view, "train", job_id, reading)
    filled = [*data, form.preset, *form.inputs]
    for button, handler in ((view.again, fill), (rank[1], fill_raised)):
        button.click(handler, [job_id], filled, **HIDDEN).then(*judging, **QUIET).then(**pieces.SCROLL_UP)
    gr.Timer(POLL).tick(*reading, **QUIET)
    return {"job_id": job_id, "make": make, "load": (lambda: runs.shown("train"), [], [job_id])}


def _invitation() -> gr.Button:
    strip = pieces.strip(
        [pictures.uri(photo) for photo in sorted(SAMPLE_PHOTOS.glob("*.jpg"))[:SAMPLE_SHOWN]]
    )
    with gr.Column(elem_classes="hero"):
        gr.HTML(
            pieces.hero(
                "New here?",
                "Teach the studio a product it has never seen, from 30 photos. It takes a few minutes.",
            )
            + strip
        )
        return gr.Button("Try it with the sample product", variant="primary", size="lg")


def _photos_form() -> dict[str, Any]:
    """What it is and its photos; `folder` and `left_out` are what a job will be told of them."""
    gr.HTML(
        pieces.step(1, "What is it?", "A made-up name works best: you will write it to call the product.")
    )
    made: dict[str, Any] = {"folder": gr.State(""), "left_out": gr.State([])}
    made["trigger"] = gr.Textbox(label="Name of the product", placeholder="aurora bottle", max_length=80)
    gr.HTML(
        pieces.step(
            2,
            "Photos",
            "About 30, from different sides, in different places and light. You see what is cut.",
        )
    )
    # Any file may come: a filter would hide HEIC photos from some browsers, and turn a whole folder away for
    # the one file in it that is neither photo nor caption. What is not used is said by the gate.
    made["upload"] = gr.File(label="Photos or one zip", file_count="multiple", height=140)
    gr.HTML(pieces.KEPT)
    made["verdict"] = gr.HTML()
    made["rank"] = gr.Button("Set rank 16", visible=False, size="sm")
    made["cards"] = gate.grid("photo-gate", made["left_out"])
    made["captions"] = captions.build(made["folder"], made["left_out"])
    return made


def _connect_photos(photos: dict[str, Any], form: Form) -> tuple[Any, ...]:
    """What was uploaded is judged, and again for another base; unticking changes the set, not the cards.

    Returns the judging as an event takes it.
    """
    folder, left_out, rank = photos["folder"], photos["left_out"], form.settings["rank"]
    said = [photos["verdict"], photos["rank"]]
    asked = [photos["trigger"], folder, left_out, form.base, rank, photos["captions"]]
    given = [folder, left_out, photos["captions"], photos["verdict"]]
    many = {"concurrency_limit": looking.AT_ONCE}
    # Each new upload counts at once: it ends the look at the one before.
    photos["upload"].change(checking, [photos["upload"]], given, trigger_mode="multiple", **many, **HIDDEN)
    judging = (judging_photos, asked, [*said, photos["cards"]])
    gr.on([folder.change, form.base.change], *judging, trigger_mode="always_last", **many, **QUIET)
    changed = [left_out.change, photos["captions"].change]
    gr.on(changed, lambda *asked: judge(*asked)[:2], asked, said, trigger_mode="always_last", **QUIET)
    rank.change(lambda *asked: judge(*asked)[1], asked, [photos["rank"]], **QUIET)
    photos["rank"].click(
        set_rank,
        [photos["trigger"], folder, left_out, rank, form.settings["alpha"]],
        [rank, form.settings["alpha"]],
        **QUIET,
    )
    return judging


def _progress_view(job_id: gr.State) -> tuple[list[gr.components.Component], tuple[gr.Button, gr.Button]]:
    """Previews, what it took, the buttons for the rank, loss, and how it is learning; and those buttons."""
    drawn = gr.Gallery(
        label="What it draws so far: same words, same seeds", columns=4, height="auto", visible=False,
        object_fit="contain", elem_classes="results",
    )  # fmt: skip
    made = gr.HTML(visible=False)
    rank = runs.rank_buttons(job_id)
    loss = gr.LinePlot(
        x="step", y="loss", color="of", title="Loss: how far off the model still is", height=220,
        visible=False, color_map=insight.COLOURS, color_title="on",
    )  # fmt: skip
    return [drawn, made, *rank, loss, gr.HTML(visible=False)], rank


def check_photos(files: list[str] | None) -> tuple[str, list[str], dict[str, str], Any]:
    """Copy the upload into the workspace: its folder, nothing left out and no caption changed yet, and why it
    cannot be used.
    """
    if not files:
        return "", [], {}, ""
    folder = workspace.uploads_folder() / uuid.uuid4().hex[:12]
    try:
        PhotoSet.from_upload(files, "", folder)
    except LoraKitError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return "", [], {}, pieces.empty("These cannot be used", str(error))
    return str(folder), [], {}, gr.skip()


def checking(files: list[str] | None) -> Iterator[Any]:
    """`check_photos` with a word of how far it is, for the page."""
    for done in _telling(lambda: check_photos(files), "check"):
        yield [gr.skip()] * 3 + [done] if isinstance(done, str) else done


def judging_photos(
    trigger: str,
    folder: str,
    left_out: Sequence[str],
    base: str,
    rank: float | None,
    captions: dict[str, str] | None,
) -> Iterator[Any]:
    """`judge` with a word of how far it is, for the page."""
    asked = (trigger, folder, left_out, base, rank, captions)
    for done in _telling(lambda: judge(*asked), "judge"):
        yield [done, gr.skip(), gr.skip()] if isinstance(done, str) else done


def _telling(work: Callable[[], Any], what: str) -> Iterator[Any]:
    """What to show of work that opens photos: how far it is, as HTML, and at the end its result."""
    with closing(looking.during(work, visitors.tab(), what)) as opening:
        while True:
            try:
                opened, number = next(opening)
            except StopIteration as end:
                if end.value is not None:
                    yield end.value
                return
            told = (
                ("Looking at your photos", "", f"{opened} of {number}")
                if number
                else ("Reading your photos", "")
            )
            yield pieces.card(*told)


def judge(
    trigger: str,
    folder: str,
    left_out: Sequence[str],
    base: str,
    rank: float | None,
    captions: dict[str, str] | None = None,
) -> list[Any]:
    """What the photos are worth, the button for the rank that fits them, and each photo."""
    if not folder:
        return [gr.skip(), gr.update(visible=False), ""]
    try:
        photos = gate.photos_in(folder, (trigger or "").strip()).phrased(written=captions)
        said = gate.verdict(photos, left_out, base)
        return [
            said,
            gate.rank_button(gate.photo_rank(photos, left_out), rank),
            gate.cards(photos, left_out, base),
        ]
    except LoraKitError as error:
        return [pieces.empty("These cannot be used", str(error)), gr.update(visible=False), gr.skip()]


def set_rank(trigger: str, folder: str, left_out: Sequence[str], rank: float, alpha: float) -> list[Any]:
    """The rank that fits the photos, as strong as before."""
    fits = gate.photo_rank(gate.photos_in(folder, (trigger or "").strip()), left_out)
    return [fits, alpha * fits / max(1, rank)]


def start_sample(base: str, savers: list[str], *values: Any) -> list[Any]:
    """Train the sample product on the starter base, with the page's settings when they are for that base.

    Job, trigger, base, preset, savers and settings, which follow when the page was on another base.
    """
    settings, form = forms.on_starter(KIND, "starter-image", base, values)
    job = start_own(SAMPLE_TRIGGER, str(SAMPLE_PHOTOS), [], {}, "starter-image", [], *settings)
    return [job, SAMPLE_TRIGGER, "starter-image", *form]


def start_own(
    trigger: str,
    folder: str,
    left_out: list[str],
    captions: dict[str, str],
    base: str,
    savers: list[str],
    *values: Any,
) -> str:
    """Train on the uploaded photos."""
    if not (trigger or "").strip():
        raise gr.Error("Give the product a name first (step 1).", print_exception=False)
    if not folder:
        raise gr.Error("Add photos first (step 2).", print_exception=False)
    trigger = trigger.strip()
    try:
        recipe = forms.to_recipe(KIND, list(values)).to_dict()
        spec = {"base": base, "name": trigger, "trigger": trigger, "photos": folder, "recipe": recipe}
        if left_out:
            gate.photos_in(folder, trigger).without(left_out)  # one must be left
            spec["without"] = left_out
        if captions:
            spec["captions"] = captions
        return pieces.start_once("train", spec | bases.kept(base, savers))
    except LoraKitError as error:
        raise pieces.problem(error) from error


def fill(job_id: str) -> list[Any]:
    """The form as it was for this training: trigger, photos, left out, captions, preset, base, savers, and
    the settings.
    """
    return _filled(job_id, lambda job: job.spec["recipe"])


def fill_raised(job_id: str) -> list[Any]:
    """The same, with the rank that the result advises."""
    return _filled(job_id, runs.raised)


def _filled(job_id: str, recipe: Any) -> list[Any]:
    job = runs.existing(job_id)
    spec = job.spec
    data = [spec["trigger"], spec["photos"], spec.get("without", []), spec.get("captions", {})]
    return [*data, *forms.filled(KIND, spec, recipe(job))]


def poll(job_id: str, seen: dict[str, Any]) -> list[Any]:
    """Read the job's files and show what is new: job, seen, the head, the button that goes on, and the parts
    of the progress view.
    """
    job = pieces.find(job_id)
    mark = pieces.mark(job) if job else ""
    if job is None or seen.get("mark") == mark:
        return [gr.skip()] * 14
    events = job.events()
    drawn = [event for event in events if event["event"] == "preview" and "path" in event]
    count = (job_id, len(drawn))
    result = pieces.result(job)
    return [
        job_id,
        {"mark": mark, "previews": count},
        *runs.head(job),
        gr.update(visible=result is not None),
        gr.skip() if seen.get("previews") == count else _previews(drawn, job.spec["trigger"]),
        *_learned(events, result),
    ]


def _learned(events: list[dict[str, Any]], result: dict[str, Any] | None) -> list[Any]:
    points, looked = insight.losses(events), insight.looked(events)
    return [
        gr.update(value=runs.made(result) if result else "", visible=result is not None),
        *runs.rank_updates(result),
        gr.update(value=points, visible=len(points) > 1),
        gr.update(value=looked, visible=bool(looked)),
    ]


def _previews(drawn: list[dict[str, Any]], trigger: str) -> Any:
    shown = []
    for event in reversed(drawn[-PREVIEWS_SHOWN:]):
        image = pictures.small(event["path"])
        if image is not None:
            scene = event["prompt"].removeprefix(trigger).strip(" ,") or event["prompt"]
            shown.append((image, f"step {event['step']} · {scene}"))
    return gr.update(value=shown, visible=bool(shown))


def product_slug(job_id: str) -> str:
    """The slug of the adapter that a training made."""
    job = pieces.find(job_id)
    result = pieces.result(job) if job else None
    return result["slug"] if result else slug_of(job.spec["name"]) if job else ""
