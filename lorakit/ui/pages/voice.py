"""The Brand voice tab: texts in, a voice out; beside it the desk where copy is written with it."""

import uuid
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit import durable, workspace
from lorakit.data.texts.sets import TextSet
from lorakit.errors import LoraKitError
from lorakit.starter import SAMPLE_VOICE
from lorakit.ui.parts import bases, catalogue, desk, forecast, forms, gate, insight, pieces, runs, uploads
from lorakit.ui.parts.pieces import HIDDEN, QUIET

KIND = "text"
POLL = 1.5  # seconds
SAMPLE_NAME = "Nordal voice"
FILE_TYPES = [
    ".csv", ".tsv", ".xlsx", ".txt", ".md", ".html", ".htm", ".eml", ".docx", ".json", ".jsonl"
]  # fmt: skip
QUOTED = 2  # newest samples


def build(kept: gr.BrowserState) -> dict[str, Any]:
    """The tab's widgets and handlers; returns what the page connects on load."""
    job_id, seen = gr.State(""), gr.State("")
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="hero"):
                gr.HTML(
                    pieces.hero(
                        "New here?",
                        "Learn the dry voice of a made-up brand from its 60 texts. It takes a minute or two.",
                    )
                )
                sample = gr.Button("Try it with the sample voice", variant="primary", size="lg")
            name, texts = _texts_form()
            form = forms.recipe_form(KIND)
            forecast.build(form, texts["path"], texts["left_out"])
            with gr.Row(elem_classes="primary-bar"):
                start = gr.Button("Train the voice", variant="primary", size="lg")
        with gr.Column(scale=6, min_width=320):
            with gr.Column(elem_classes="progress-view", min_width=0):
                view = runs.view()
                beside, made = gr.HTML(visible=False), gr.HTML(visible=False)
                rank = runs.rank_buttons(job_id)
                shown = [beside, made, *rank, gr.HTML(visible=False)]
            writing = desk.build(form.base, form.savers, POLL, kept)
            many = catalogue.build(writing, form.base, form.savers, kept)
    reading = (poll, [job_id, seen], [job_id, seen, *view.parts, *shown, writing["voice"]])
    judging = _connect_texts(texts, form)
    sample.click(
        start_sample, form.inputs, [job_id, name, form.base, form.preset, form.savers, *form.fields], **HIDDEN
    ).then(*reading, **QUIET).then(**pieces.SCROLL)
    wanted = [name, texts["path"], texts["left_out"], texts["pasted"], *form.inputs]
    start.click(start_own, wanted, [job_id], **HIDDEN).then(*reading, **QUIET).then(**pieces.SCROLL)
    runs.connect(view, "voice", job_id, reading)
    filled = [name, texts["path"], texts["left_out"], form.preset, *form.inputs]
    for button, handler in ((view.again, fill), (rank[1], fill_raised)):
        button.click(handler, [job_id], filled, **HIDDEN).then(*judging, **QUIET).then(**pieces.SCROLL_UP)
    gr.Timer(POLL).tick(*reading, **QUIET)
    return {
        "load": (lambda: runs.shown("voice"), [], [job_id]),
        "desk": writing["load"],
        "many": many,
        "voice": writing["voice"],
    }


def _texts_form() -> tuple[gr.Textbox, dict[str, Any]]:
    """The voice's name, and its texts; `path` and `left_out` are what a job will be told of them."""
    gr.HTML(pieces.step(1, "Whose voice?"))
    name = gr.Textbox(label="Name of the voice", placeholder="Nordal voice", max_length=80)
    gr.HTML(
        pieces.step(
            2,
            "Texts",
            "About 60 that sound right: posts, ads, mails. A table may say channel, product and facts.",
        )
    )
    made: dict[str, Any] = {"path": gr.State(""), "left_out": gr.State([])}
    made["upload"] = gr.File(label="csv, xlsx, txt, md, docx or jsonl", file_types=FILE_TYPES, height=140)
    gr.HTML(pieces.KEPT)
    made["encoding"] = uploads.encoding()
    made["pasted"] = gr.Textbox(
        label="Or paste them, an empty line between two", lines=4, max_lines=12,
        placeholder="Morning. Tea first.\n\nRain. Still tea.",
    )  # fmt: skip
    made["verdict"] = gr.HTML()
    made["rank"] = gr.Button("Set rank 16", visible=False, size="sm")
    made["cards"] = gate.grid("text-gate", made["left_out"])
    return name, made


def _connect_texts(texts: dict[str, Any], form: forms.Form) -> tuple[Any, ...]:
    """What was given is judged; unticking changes the set, not the cards. Returns the judging."""
    path, left_out = texts["path"], texts["left_out"]
    rank, alpha = form.settings["rank"], form.settings["alpha"]
    asked = [path, left_out, rank, form.base]
    judging = (judge, asked, [texts["verdict"], texts["rank"], texts["cards"]])
    given, file = [path, left_out, texts["verdict"]], [texts["upload"], texts["encoding"]]
    texts["upload"].change(check_file, file, given, **HIDDEN)
    texts["encoding"].input(check_file, file, given, **QUIET)
    texts["pasted"].blur(check_pasted, [texts["pasted"]], given, **QUIET)
    path.change(*judging, **QUIET)
    left_out.change(
        lambda *asked: judge(*asked)[:2], asked, [texts["verdict"], texts["rank"]],
        trigger_mode="always_last", **QUIET,
    )  # fmt: skip
    rank.change(lambda *asked: judge(*asked)[1], asked, [texts["rank"]], **QUIET)
    form.base.change(lambda *asked: judge(*asked)[0], asked, [texts["verdict"]], **QUIET)
    texts["rank"].click(set_rank, [path, left_out, rank, alpha], [rank, alpha], **QUIET)
    return judging


def check_file(file: str | None, encoding: str = "") -> tuple[str, list[str], Any]:
    """Copy the upload into the workspace: its path, nothing left out yet, and why it cannot be used."""
    if not file:
        return "", [], ""
    try:
        return _checked(uploads.keep(file, encoding))
    except LoraKitError as error:
        return "", [], pieces.empty("These cannot be used", str(error))


def check_pasted(text: str) -> tuple[Any, Any, Any]:
    """Keep pasted texts as a file, so that the job can be run again."""
    if not (text or "").strip():
        return gr.skip(), gr.skip(), gr.skip()
    return _checked(_kept(text))


def _kept(text: str) -> Path:
    target = workspace.uploads_folder() / uuid.uuid4().hex[:12] / "pasted.txt"
    durable.write_text(target, text)
    return target


def _checked(path: Path) -> tuple[str, list[str], Any]:
    try:
        TextSet.from_file(path)
    except LoraKitError as error:
        return "", [], pieces.empty("These cannot be used", str(error))
    return str(path), [], gr.skip()


def judge(path: str, left_out: list[str], rank: float | None, base: str = "") -> list[Any]:
    """What the texts are worth, the button for the rank that fits them, and each that needs a look."""
    if not path:
        return [gr.skip(), gr.update(visible=False), ""]
    try:
        texts = gate.texts_in(path)
        said = gate.texts_verdict(texts, left_out, base)
        button = gate.rank_button(gate.text_rank(texts, left_out), rank)
        return [said, button, gate.text_cards(texts, left_out)]
    except LoraKitError as error:
        return [pieces.empty("These cannot be used", str(error)), gr.update(visible=False), gr.skip()]


def set_rank(path: str, left_out: list[str], rank: float, alpha: float) -> list[Any]:
    """The rank that fits the texts, as strong as before."""
    fits = gate.text_rank(gate.texts_in(path), left_out)
    return [fits, alpha * fits / max(1, rank)]


def start_sample(base: str, savers: list[str], *values: Any) -> list[Any]:
    """Train the sample voice on the starter base, with the page's settings when they are for that base.

    Job, name, base, preset, savers and settings, which follow when the page was on another base.
    """
    settings, form = forms.on_starter(KIND, "starter-text", base, values)
    job = _start(SAMPLE_NAME, str(SAMPLE_VOICE), [], "starter-text", [], settings)
    return [job, SAMPLE_NAME, "starter-text", *form]


def start_own(
    name: str, path: str, left_out: list[str], pasted: str, base: str, savers: list[str], *values: Any
) -> str:
    """Train on the uploaded or pasted texts."""
    if not (name or "").strip():
        raise gr.Error("Give the voice a name first (step 1).", print_exception=False)
    if not path and (pasted or "").strip():
        path, left_out = str(_kept(pasted)), []  # the click came before the page had read them
    if not path:
        raise gr.Error("Add texts first (step 2).", print_exception=False)
    return _start(name.strip(), path, left_out, base, savers, list(values))


def _start(name: str, path: str, left_out: list[str], base: str, savers: list[str], values: list[Any]) -> str:
    try:
        spec = {"base": base, "name": name, "texts": path, "recipe": forms.to_recipe(KIND, values).to_dict()}
        if left_out:
            gate.texts_in(path).without(gate.places(left_out))  # one must be left
            spec["without"] = left_out
        return pieces.start_once("voice", spec | bases.kept(base, savers))
    except LoraKitError as error:
        raise pieces.problem(error) from error


def fill(job_id: str) -> list[Any]:
    """The form as it was for this training: name, texts, left out, preset, base, savers, settings."""
    return _filled(job_id, lambda job: job.spec["recipe"])


def fill_raised(job_id: str) -> list[Any]:
    """The same, with the rank that the result advises."""
    return _filled(job_id, runs.raised)


def _filled(job_id: str, recipe: Any) -> list[Any]:
    job = runs.existing(job_id)
    data = [job.spec["name"], job.spec["texts"], job.spec.get("without", [])]
    return [*data, *forms.filled(KIND, job.spec, recipe(job))]


def poll(job_id: str, seen: str) -> list[Any]:
    """Read the training's files and show what is new: job, seen, the head, the voice beside the base, what it
    took, the buttons for the rank, what it writes, and the voices.
    """
    job = pieces.find(job_id)
    mark = pieces.mark(job) if job else ""
    if job is None or mark == seen:
        return [gr.skip()] * 13
    events = job.events()
    texts = [event for event in events if event["event"] == "preview" and "text" in event][-QUOTED:]
    quoted = "".join(f'<div class="copy">{escape(event["text"])}</div>' for event in texts)
    said = Markup(f'<p class="caption">What it writes so far</p>{quoted}' if quoted else "")
    said += insight.looked(events)
    missed = pieces.finding_lines(pieces.findings_of(job))
    result = pieces.result(job)
    compared = next((event for event in reversed(events) if event["event"] == "compared"), None)
    beside = runs.beside(result, compared) if result else ""
    if result and said:  # the desk below is what comes next
        said = Markup("<details><summary>How it learned</summary>{}</details>").format(said)
    said = missed + said  # what was not learned is never folded away
    return [
        job_id,
        mark,
        *runs.head(job),
        gr.update(value=beside, visible=bool(beside)),
        gr.update(value=runs.made(result) if result else "", visible=result is not None),
        *runs.rank_updates(result),
        gr.update(value=said, visible=bool(said)),
        gr.update(choices=desk.voices(), value=result["slug"]) if result else gr.skip(),
    ]
