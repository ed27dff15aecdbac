"""The writing desk: a brief in, variants out as they are written, each with its channel's limit."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit.errors import LoraKitError
from lorakit.generation.copy.writing import CHANNELS, Brief
from lorakit.store.store import Store
from lorakit.ui import visitors
from lorakit.ui.parts import bases, copies, mixing, pieces
from lorakit.ui.parts.copies import Copy
from lorakit.ui.parts.mixing import MixSettings
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates

TONES = ("", "friendly", "elegant", "playful", "plain", "warm", "confident")
NO_VOICE = "No voice (base model only)"
NONE_YET = (
    "No voice yet", "Train one on about 60 of your own texts, or write with the base model only for now."
)  # fmt: skip
EXAMPLE = ("Nordal teapot", "holds 900 ml; keeps its heat for two hours", "early risers", "instagram-caption")


@dataclass(frozen=True)
class Desk:
    """The form of a brief. `more`: voices mixed in; `settings`: the strengths that the browser keeps; `base`:
    the base model to write with when no voice is chosen, `savers` how it is kept in memory.
    """

    none_yet: gr.HTML
    train: gr.Button
    voice: gr.Dropdown
    more: gr.State
    settings: gr.BrowserState
    table: gr.HTML
    add: gr.Dropdown
    product: gr.Textbox
    facts: gr.Textbox
    audience: gr.Textbox
    channel: gr.Dropdown
    tone: gr.Dropdown
    variants: gr.Slider
    base: gr.Dropdown
    savers: gr.CheckboxGroup
    example: gr.Button
    write: gr.Button

    @property
    def mix(self) -> list[Any]:
        """What a handler that writes takes first: voice, more voices, strengths, base, savers."""
        return [self.voice, self.more, self.settings, self.base, self.savers]

    @property
    def brief(self) -> list[Any]:
        """And the brief."""
        return [self.product, self.facts, self.audience, self.channel, self.tone, self.variants]

    @property
    def offered(self) -> list[Any]:
        """What `offer` gives values for."""
        return [self.voice, self.add, self.none_yet, self.train]

    def offer(self, chosen: str | None = None) -> Updates:
        """The voices there are; the chosen one where there still is, or else the newest."""
        listed = voices()
        slugs = [slug for _, slug in listed]
        value = chosen if chosen in (*slugs, NO_VOICE) else newest()
        return {
            self.voice: gr.update(choices=[NO_VOICE, *listed], value=value),
            self.add: gr.update(choices=listed),
            self.none_yet: gr.update(visible=not listed),
            self.train: gr.update(value="Train another voice" if listed else "Train a voice"),
        }

    def take(self, slug: str) -> Updates:
        """The desk with one voice alone."""
        return {**self.offer(slug), self.more: []}


def form(settings: gr.BrowserState) -> Desk:
    """The brief. `settings`: what the browser keeps of each voice."""
    none_yet, more = gr.HTML(pieces.empty(*NONE_YET), visible=False), gr.State([])
    gr.HTML(pieces.step(1, "Voice", "Copy sounds like the texts that the voice was trained on."))
    voice = gr.Dropdown([NO_VOICE], value=NO_VOICE, label="Voice", info="Voices you train appear here.")
    train = gr.Button("Train a voice", size="sm")
    with gr.Accordion("Voice strength and mixing", open=False):
        table = mixing.view(settings)
        add = gr.Dropdown([], label="Add another voice")
    with gr.Accordion("Base model, for writing without a voice", open=False):
        base = bases.choice("text")
        savers = bases.savers(base)
    gr.HTML(pieces.step(2, "Brief", "Tell it what to write about and which facts to use."))
    example = gr.Button("Fill in an example", size="sm")
    product, facts, audience, where, tone, variants = _brief()
    with gr.Row(elem_classes="primary-bar"):
        write = gr.Button("Write copy", variant="primary", size="lg")
    return Desk(
        none_yet, train, voice, more, settings, table, add, product, facts, audience, where, tone, variants,
        base, savers, example, write,
    )  # fmt: skip


def _brief() -> tuple[Any, ...]:
    product = gr.Textbox(label="Product", placeholder="Nordal teapot", max_length=200)
    facts = gr.Textbox(
        label="Facts (separate with ;)", placeholder="holds 900 ml; keeps its heat", lines=2, max_length=1000
    )
    listed = [(row.label, row.id) for row in CHANNELS]
    with gr.Row():
        where = gr.Dropdown(listed, value="instagram-caption", label="Channel", min_width=190)
        tone = gr.Dropdown(list(TONES), value="", label="Tone", allow_custom_value=True, min_width=190)
    with gr.Row():
        audience = gr.Textbox(label="Audience", placeholder="early risers", max_length=200)
        variants = gr.Slider(1, 8, value=3, step=1, label="Variants")
    return product, facts, audience, where, tone, variants


def connect(desk: Desk, copy: Copy, seconds: float) -> None:
    """What the widgets do; `seconds`: between looks at what is written."""
    reading = {"fn": copy.poll, "inputs": [copy.job_id, copy.seen], "outputs": copy.parts, **QUIET}
    shown = [desk.product, desk.facts, desk.audience, desk.channel]
    desk.example.click(lambda: dict(zip(shown, EXAMPLE, strict=True)), [], shown, **QUIET)
    started = desk.write.click(start, [*desk.mix, *desk.brief], [copy.job_id], **HIDDEN)
    started.then(**reading).then(**pieces.SCROLL)
    copy.cancel.click(copies.stop, [copy.job_id], [copy.cancel], **QUIET)
    gr.Timer(seconds).tick(**reading)
    _connect_mix(desk)


def _connect_mix(desk: Desk) -> None:
    """The table shows the voice and those mixed in; the voice itself is chosen above it."""

    def draw(voice: str, more: list[str], settings: MixSettings) -> Markup:
        return mixing.table(mixed(voice, more), settings)

    def remove(event: gr.EventData, voice: str, more: list[str]) -> Updates:
        return take_out(desk, event, voice, more)

    for widget in (desk.voice, desk.more):
        widget.change(draw, [desk.voice, desk.more, desk.settings], [desk.table], **QUIET)
    turns: dict[str, Any] = {**QUIET, "trigger_mode": "multiple", "concurrency_id": "voices"}
    mixing.connect_adding(desk.add, desk.more, **turns)
    desk.table.select(remove, [desk.voice, desk.more], [desk.voice, desk.more], **turns)


def take_out(desk: Desk, event: gr.EventData, voice: str, more: list[str]) -> Updates:
    """The voice and those mixed in, without the one whose row was closed."""
    left = mixing.take_out(event, more)
    closed = voice == getattr(event, "slug", None)
    return {desk.voice: NO_VOICE if closed else voice, desk.more: left}


def mixed(voice: str | None, more: list[str]) -> list[str]:
    """The voices to write with: the chosen one first, none twice."""
    first = [voice] if voice and voice != NO_VOICE else []
    return list(dict.fromkeys([*first, *(more or [])]))


def voices() -> list[tuple[str, str]]:
    """Every voice there is: name and slug."""
    return [(entry.name, entry.slug) for entry in Store().list() if entry.kind == "voice"]


def newest() -> str:
    """The slug of the newest voice, or that there is none."""
    entries = [entry for entry in Store().list() if entry.kind == "voice"]
    return max(entries, key=lambda entry: entry.created).slug if entries else NO_VOICE


def start(
    voice: str, more: list[str], settings: MixSettings, base: str, savers: list[str],
    product: str, facts: str, audience: str, where: str, tone: str, variants: float,
) -> str:  # fmt: skip
    """Write the job of some copy; a voice brings its own base model."""
    if not (product or "").strip():
        raise gr.Error("Enter a product first.", print_exception=False)
    try:
        brief = Brief(product, facts or "", audience or "", where, tone or "")
        mix = mixing.spec(mixed(voice, more), settings)
        own = Store().get(next(iter(mix))).base if mix else base
        number = len(visitors.list_jobs(["copy"]))  # another seed each time: a second click writes anew
        spec = {
            "base": own or base, **bases.kept(own or base, savers), "mix": mix, "brief": vars(brief),
            "variants": int(variants), "seed": 100 * number,
        }  # fmt: skip
        return visitors.start("copy", spec, once=False).id
    except LoraKitError as error:
        raise pieces.problem(error) from error
