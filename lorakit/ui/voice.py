"""The Brand voice tab: texts in, a voice out; then copy for any channel."""

import shutil
import uuid
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from lorakit import durable, jobs, workspace
from lorakit.data.texts import TextSet
from lorakit.errors import LoraKitError
from lorakit.generation.copy import CHANNELS, Brief, channel
from lorakit.starter import SAMPLE_VOICE
from lorakit.store import Store
from lorakit.training.recipe import presets
from lorakit.ui import forms, pieces

KIND = "text"
POLL = 1.0  # seconds
SAMPLE_NAME = "Nordal voice"
TONES = ("", "friendly", "elegant", "playful", "plain", "warm", "confident")
NO_VOICE = "(no voice: the base alone)"


def build() -> dict[str, Any]:
    """The tab's widgets and handlers; returns what the page connects on load."""
    job_id, seen, texts_path, copy_id, copy_seen = gr.State(""), gr.State(""), gr.State(""), gr.State(""), gr.State("")
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="hero"):
                gr.HTML(pieces.hero("New here?", "Learn the dry voice of a made-up brand from its 60 texts: about a minute."))
                sample = gr.Button("Try it with the sample voice", variant="primary", size="lg")
            gr.HTML(pieces.step(1, "Whose voice?"))
            name = gr.Textbox(label="Name of the voice", placeholder="Nordal voice", max_length=80)
            gr.HTML(pieces.step(2, "Texts", "About 60 that sound right: posts, ads, mails. A table may say channel, product and facts."))
            upload = gr.File(label="csv, txt, docx or jsonl", file_types=[".csv", ".tsv", ".txt", ".md", ".docx", ".jsonl"], height=120)
            pasted = gr.Textbox(label="Or paste them, an empty line between two", lines=3)
            gate = gr.HTML()
            gr.HTML(pieces.step(3, "How thorough?"))
            preset = gr.Radio([(p.label, p.id) for p in presets(KIND, True)], value="quick", label="Training", show_label=False)
            base = gr.Dropdown(pieces.BASES[KIND], value="starter-text", label="Base model", allow_custom_value=True,
                               info="Or a folder or hub id of any causal language model.")  # fmt: skip
            with gr.Accordion("Advanced", open=False):
                widgets = forms.recipe_widgets(KIND, True, "quick")
            start = gr.Button("Train the voice", variant="primary")
            status = gr.HTML()
            cancel = gr.Button("Cancel training", visible=False, size="sm")
            samples = gr.HTML(visible=False)
            summary = gr.HTML(visible=False)
        with gr.Column(scale=6, min_width=320):
            gr.HTML(pieces.step(4, "Write", "Say what it is about; facts you give are the facts it uses."))
            voice = gr.Dropdown([NO_VOICE], value=NO_VOICE, label="Voice")
            product = gr.Textbox(label="Product", placeholder="Nordal teapot", max_length=200)
            facts = gr.Textbox(label="Facts", placeholder="holds 900 ml; keeps its heat", lines=2, max_length=1000)
            with gr.Row():
                where = gr.Dropdown([(row.label, row.id) for row in CHANNELS], value="instagram-caption", label="Channel")
                tone = gr.Dropdown(list(TONES), value="", label="Tone", allow_custom_value=True)
            with gr.Row():
                audience = gr.Textbox(label="For whom", placeholder="early risers", max_length=200)
                variants = gr.Slider(1, 8, value=3, step=1, label="Variants")
            write = gr.Button("Write copy", variant="primary", size="lg")
            written = gr.HTML(pieces.empty("No copy yet", "Variants appear here word by word, with the channel's limit."))
            plain = gr.Textbox(label="To copy", lines=4, buttons=["copy"], visible=False)
    inputs = list(widgets.values())
    shown = [job_id, seen, status, cancel, samples, summary, voice]
    copy_shown = [copy_id, copy_seen, written, plain]
    upload.change(check_file, [upload], [texts_path, gate], api_visibility="private")
    pasted.blur(check_pasted, [pasted], [texts_path, gate], api_visibility="private")
    preset.change(lambda p, b: forms.recipe_values(KIND, b in pieces.STARTERS, p), [preset, base], inputs, api_visibility="private")
    base.change(change_base, [base], [preset, *inputs], api_visibility="private")
    sample.click(start_sample, inputs, [job_id, name], api_visibility="private").then(poll, [job_id, seen], shown, api_visibility="private")
    start.click(start_own, [name, texts_path, base, *inputs], [job_id], api_visibility="private").then(
        poll, [job_id, seen], shown, api_visibility="private"
    )
    cancel.click(cancel_job, [job_id], [status], api_visibility="private")
    write.click(start_copy, [voice, base, product, facts, audience, where, tone, variants], [copy_id], api_visibility="private").then(
        poll_copy, [copy_id, copy_seen], copy_shown, api_visibility="private"
    )
    timer = gr.Timer(POLL)
    timer.tick(poll, [job_id, seen], shown, api_visibility="private", show_progress="hidden")
    timer.tick(poll_copy, [copy_id, copy_seen], copy_shown, api_visibility="private", show_progress="hidden")
    return {"load": (on_load, [], [job_id, copy_id, voice])}


def on_load() -> list[Any]:
    """The training and the copy that a page opened now should show, and the voices there are."""
    trained, written = jobs.list_jobs(["voice"]), jobs.list_jobs(["copy"])
    return [trained[0].id if trained else "", written[0].id if written else "", gr.update(choices=voices())]


def voices() -> list[tuple[str, str] | str]:
    """Choices: the base alone, then every voice of the store."""
    return [NO_VOICE, *[(entry.name, entry.slug) for entry in Store().list() if entry.kind == "voice"]]


def check_file(file: str | None) -> tuple[str, str]:
    """Copy the upload into the workspace and say what is in it."""
    if not file:
        return "", ""
    target = workspace.uploads_folder() / uuid.uuid4().hex[:12] / Path(file).name
    target.parent.mkdir(parents=True)
    shutil.copy2(file, target)
    return _checked(target)


def check_pasted(text: str) -> tuple[str, str]:
    """Keep pasted texts as a file, so that the job can be run again."""
    if not (text or "").strip():
        return "", ""
    target = workspace.uploads_folder() / uuid.uuid4().hex[:12] / "pasted.txt"
    durable.write_text(target, text)
    return _checked(target)


def _checked(path: Path) -> tuple[str, str]:
    try:
        texts = TextSet.from_file(path)
    except LoraKitError as error:
        return "", pieces.empty("These cannot be used", str(error))
    lines = "".join(f'<div class="finding {escape(f.severity)}"><i></i><div>{escape(str(f))}</div></div>' for f in texts.skipped[:20])
    return str(path), f'<div class="status"><span class="what">{len(texts.samples)} texts are ready</span>{lines}</div>'


def change_base(base: str) -> list[Any]:
    """Other bases, other presets."""
    starter = base in pieces.STARTERS
    choices = presets(KIND, starter)
    first = choices[0].id
    return [gr.update(choices=[(p.label, p.id) for p in choices], value=first), *forms.recipe_values(KIND, starter, first)]


def start_sample(*values: Any) -> tuple[str, str]:
    """Train the sample voice on the starter base."""
    return _start(SAMPLE_NAME, str(SAMPLE_VOICE), "starter-text", list(values)), SAMPLE_NAME


def start_own(name: str, path: str, base: str, *values: Any) -> str:
    """Train on the uploaded or pasted texts."""
    if not path:
        raise gr.Error("Add texts first (step 2).", print_exception=False)
    if not (name or "").strip():
        raise gr.Error("Give the voice a name first (step 1).", print_exception=False)
    return _start(name.strip(), path, base, list(values))


def _start(name: str, path: str, base: str, values: list[Any]) -> str:
    try:
        spec = {"base": base, "name": name, "texts": path, "recipe": forms.to_recipe(KIND, values).to_dict()}
        running = [job for job in jobs.list_jobs(["voice"]) if job.state in ("queued", "running") and job.spec == spec]
        return running[0].id if running else jobs.create("voice", spec).id
    except LoraKitError as error:
        raise gr.Error(str(error), print_exception=False) from error


def cancel_job(job_id: str) -> str:
    """Ask the training to stop at its next step."""
    job = jobs.get(job_id)
    job.cancel()
    return pieces.status(job)


def poll(job_id: str, seen: str) -> list[Any]:
    """Read the training's files and show them."""
    if not job_id:
        return [gr.skip()] * 7
    job = jobs.get(job_id)
    events, state = job.events(), job.state
    mark = f"{job_id}:{state}:{len(events)}"
    if mark == seen:
        return [gr.skip()] * 7
    texts = [event for event in events if event["event"] == "preview" and "text" in event][-2:]
    quoted = "".join(f'<div class="copy">{escape(event["text"])}</div>' for event in texts)
    result = next((e for e in reversed(events) if e["event"] == "result"), None)
    done = state == "done" and result is not None
    return [
        job_id,
        mark,
        pieces.status(job),
        gr.update(visible=state in ("queued", "running", "interrupted")),
        gr.update(value=quoted, visible=bool(quoted)),
        gr.update(value=pieces.training_facts(result["summary"]) if done and result else "", visible=done),
        gr.update(choices=voices(), value=result["slug"]) if done and result else gr.skip(),
    ]


def start_copy(
    voice: str, base: str, product: str, facts: str, audience: str, where: str, tone: str, variants: float
) -> str:
    """Write the copy's job."""
    try:
        brief = Brief(product or "", facts or "", audience or "", where, tone or "")
        mix = {voice: 1.0} if voice and voice != NO_VOICE else {}
        own = Store().get(voice).base if mix else base
        number = len(jobs.list_jobs(["copy"]))
        spec = {"base": own or base, "mix": mix, "brief": vars(brief), "variants": int(variants), "seed": 100 * number}
        return jobs.create("copy", spec).id
    except LoraKitError as error:
        raise gr.Error(str(error), print_exception=False) from error


def poll_copy(copy_id: str, seen: str) -> list[Any]:
    """Show the variants as they grow, then as they are."""
    if not copy_id:
        return [gr.skip()] * 4
    job = jobs.get(copy_id)
    events, state = job.events(), job.state
    mark = f"{copy_id}:{state}:{len(events)}"
    if mark == seen:
        return [gr.skip()] * 4
    row = channel(job.spec["brief"]["channel"])
    path = job.folder / "result.json"
    if state == "done" and path.is_file():
        copies = durable.read_json(path)
        html = "".join(_variant(c["text"], c["characters"], c["limit"], c.get("note", "")) for c in copies)
        everything = "\n\n".join(copy["text"] for copy in copies)
        return [copy_id, mark, html, gr.update(value=everything, visible=True)]
    if state in ("failed", "cancelled"):
        return [copy_id, mark, pieces.status(job), gr.update(visible=False)]
    growing: dict[int, str] = {}
    for event in events:
        if event["event"] == "text":
            growing[event["index"]] = growing.get(event["index"], "") + event["piece"]
    html = "".join(_variant(text, len(text), row.limit, "writing") for _, text in sorted(growing.items()))
    return [copy_id, mark, html or pieces.status(job), gr.update(visible=False)]


def _variant(text: str, characters: int, limit: int, note: str) -> str:
    share = min(100, 100 * characters / limit)
    said = f"{characters} of {limit} characters" + (f" · {note}" if note else "")
    meter = f'<span class="meter"><i style="width:{share:.0f}%"></i></span>'
    return f'<div class="copy">{escape(text)}<div class="count"><span>{escape(said)}</span>{meter}</div></div>'
