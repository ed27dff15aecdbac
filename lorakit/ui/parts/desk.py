"""The writing desk: a brief in, variants out, word by word, each with its channel's limit."""

from html import escape
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit import durable
from lorakit.errors import LoraKitError
from lorakit.generation.copy.writing import CHANNELS, Brief, channel
from lorakit.jobs.queue import Job
from lorakit.store.store import Store
from lorakit.ui import visitors
from lorakit.ui.parts import bases, mixing, pieces
from lorakit.ui.parts.mixing import MixSettings
from lorakit.ui.parts.pieces import HIDDEN, QUIET
from lorakit.ui.parts.scripts import script

TONES = ("", "friendly", "elegant", "playful", "plain", "warm", "confident")
NO_VOICE = "(no voice: the base alone)"
EXAMPLE = ("Nordal teapot", "holds 900 ml; keeps its heat for two hours", "early risers", "instagram-caption")


def build(
    base: gr.Dropdown, savers: gr.CheckboxGroup, seconds: float, kept: gr.BrowserState
) -> dict[str, Any]:
    """The desk.

    `base` is the base to write with when no voice is chosen, `savers` how it is kept, `seconds` the time
    between looks, `kept` the weights that the browser keeps.
    """
    copy_id, seen, more = gr.State(""), gr.State(""), gr.State([])
    gr.HTML(pieces.step(4, "Write", "Say what it is about. Only the facts you give are used."))
    voice = gr.Dropdown(
        [NO_VOICE], value=NO_VOICE, label="Voice", info="A voice that you train appears here."
    )
    with gr.Accordion("How strongly, and with other voices", open=False):
        table = mixing.view(kept)
        add = gr.Dropdown([], label="Mix in another voice")
    product = gr.Textbox(label="Product", placeholder="Nordal teapot", max_length=200)
    facts = gr.Textbox(
        label="Facts, with ; between them",
        placeholder="holds 900 ml; keeps its heat",
        lines=2,
        max_length=1000,
    )
    with gr.Row():
        where = gr.Dropdown(
            [(row.label, row.id) for row in CHANNELS],
            value="instagram-caption",
            label="Channel",
            min_width=190,
        )
        tone = gr.Dropdown(list(TONES), value="", label="Tone", allow_custom_value=True, min_width=190)
    with gr.Row():
        audience = gr.Textbox(label="For whom", placeholder="early risers", max_length=200)
        variants = gr.Slider(1, 8, value=3, step=1, label="Variants")
    with gr.Row():
        example = gr.Button("Fill in an example", scale=1, min_width=180)
        write = gr.Button("Write copy", variant="primary", scale=2, min_width=180)
    cancel = gr.Button("Stop writing", visible=False, size="sm")
    written = gr.HTML(
        pieces.empty("No copy yet", ("Variants appear here word by word, with the channel's "
            "limit.")), js_on_load=script("desk"),
    )  # fmt: skip
    reading = (poll, [copy_id, seen], [copy_id, seen, written, cancel])
    example.click(lambda: EXAMPLE, [], [product, facts, audience, where], **QUIET)
    _connect_mix(voice, more, kept, table, add)
    brief = [voice, more, kept, base, savers, product, facts, audience, where, tone, variants]
    write.click(start, brief, [copy_id], **HIDDEN).then(*reading, **QUIET)
    cancel.click(stop, [copy_id], [cancel], **QUIET)
    gr.Timer(seconds).tick(*reading, **QUIET)
    return {"voice": voice, "more": more, "load": (on_load, [], [copy_id, voice, add])}


def _connect_mix(
    voice: gr.Dropdown, more: gr.State, kept: gr.BrowserState, table: gr.HTML, add: gr.Dropdown
) -> None:
    """The table shows the voice and those mixed in; the voice itself is chosen above it."""
    drawing = (lambda voice, more, kept: mixing.table(mixed(voice, more), kept), [voice, more, kept], [table])
    for widget in (voice, more):
        widget.change(*drawing, **QUIET)
    turns: dict[str, Any] = {**QUIET, "trigger_mode": "multiple", "concurrency_id": "voices"}
    add.input(mixing.put_in, [add, more], [more, add], **turns)
    table.select(take_out, [voice, more], [voice, more], **turns)
    voice.change(lambda: gr.update(choices=voices()[1:]), [], [add], **QUIET)


def take_out(event: gr.EventData, voice: str, more: list[str]) -> list[Any]:
    """The voice and those mixed in, without the one whose row was closed."""
    left = mixing.take_out(event, more)
    return [NO_VOICE if voice == getattr(event, "slug", None) else voice, left]


def mixed(voice: str | None, more: list[str]) -> list[str]:
    """The voices to write with: the chosen one first, none twice."""
    first = [voice] if voice and voice != NO_VOICE else []
    return list(dict.fromkeys([*first, *(more or [])]))


def on_load() -> list[Any]:
    """The latest copy, and the voices there are; the newest voice is chosen."""
    entries = [entry for entry in Store().list() if entry.kind == "voice"]
    newest = max(entries, key=lambda entry: entry.created).slug if entries else NO_VOICE
    offered = voices()
    return [pieces.latest("copy")(), gr.update(choices=offered, value=newest), gr.update(choices=offered[1:])]


def voices() -> list[tuple[str, str] | str]:
    """Choices: the base alone, then every voice of the store."""
    return [NO_VOICE, *[(entry.name, entry.slug) for entry in Store().list() if entry.kind == "voice"]]


def start(
    voice: str,
    more: list[str],
    kept: MixSettings,
    base: str,
    savers: list[str],
    product: str,
    facts: str,
    audience: str,
    where: str,
    tone: str,
    variants: float,
) -> str:
    """Write the job of some copy; a voice brings its own base."""
    if not (product or "").strip():
        raise gr.Error("Say what the copy is for: fill in the product.", print_exception=False)
    try:
        brief = Brief(product, facts or "", audience or "", where, tone or "")
        mix = mixing.spec(mixed(voice, more), kept)
        own = Store().get(next(iter(mix))).base if mix else base
        number = len(
            visitors.list_jobs(["copy"])
        )  # another seed each time, so that a second click writes something new
        spec = {
            "base": own or base,
            **bases.kept(own or base, savers),
            "mix": mix,
            "brief": vars(brief),
            "variants": int(variants),
            "seed": 100 * number,
        }
        return visitors.start("copy", spec, once=False).id
    except LoraKitError as error:
        raise pieces.problem(error) from error


def stop(copy_id: str) -> Any:
    """Ask the writing to end; what is written stays on the page."""
    job = pieces.find(copy_id)
    if job is not None:
        job.cancel()
    return gr.update(visible=False)


def poll(copy_id: str, seen: str) -> list[Any]:
    """Show the variants as they grow, then as they are: job, seen, text, and the button that stops."""
    job = pieces.find(copy_id)
    mark = pieces.mark(job) if job else ""
    if job is None or mark == seen:
        return [gr.skip()] * 4
    return [copy_id, mark, _written(job), gr.update(visible=pieces.is_open(job))]


def _written(job: Job) -> str:
    brief = Brief(**job.spec["brief"])  # an older job may leave fields out
    row = channel(brief.channel)
    head = f'<p class="caption">{escape(row.label)}: {escape(brief.product)}</p>'
    path = job.folder / "result.json"
    if job.state == "done" and path.is_file():
        copies = durable.read_json(path)
        return head + "".join(
            variant(c["text"], c["characters"], c["limit"], c.get("note", ""), c.get("fits", True))
            for c in copies
        )
    growing: dict[int, str] = {}
    for event in job.events():
        if event["event"] == "text":
            growing[event["index"]] = growing.get(event["index"], "") + event["piece"]
    html = "".join(variant(text, len(text), row.limit, "") for _, text in sorted(growing.items()))
    status = "" if html and job.state == "running" else pieces.status(job)
    return Markup(head + html if html else "") + status


def variant(text: str, characters: int, limit: int, note: str, fits: bool = True) -> str:
    """One variant with its count against the limit, what was done to it, and a button that copies it.

    One that does not fit as it is stands out as one that is too long does.
    """
    share = min(100, 100 * characters / max(1, limit))
    said = f"{characters} of {limit} characters" + (f" · {note}" if note else "")
    over = " over" if characters > limit or not fits else ""
    meter = f'<span class="meter"><i style="width:{share:.0f}%"></i></span>'
    count = f"<span>{escape(said)}</span>{meter}" + '<button class="copy-it">Copy</button>'
    body = f'<div class="text">{escape(text)}</div><div class="count{over}">{count}</div>'
    return f'<div class="copy">{body}</div>'
