"""Making adapters smaller, and one of several: what it would keep, one click, and the same picture twice."""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from lorakit import units
from lorakit.errors import LoraKitError
from lorakit.jobs import measurements
from lorakit.lora.ranks import effect_kept, stated_shares
from lorakit.store.store import Entry, Store
from lorakit.training.advice import rank_advice, shrink_advice
from lorakit.ui import visitors
from lorakit.ui.parts import bases, mixing, pictures, pieces
from lorakit.ui.parts.mixing import Kept
from lorakit.ui.parts.pieces import HIDDEN, QUIET

POLL = 1.0  # seconds
# What the choice is called, its method, and one line on it.
METHODS = (
    ("Exactly what the mix does", "concat", "Nothing is lost; the file is as large as all of them together."),
    ("Product first, style around it", "project",
     "The product stays as it is; the others give way wherever they would change it."),
    ("Compact", "svd", "The strongest of what they do together, in one small file; what is lost is stated."),
    ("What they agree on (TIES)", "ties",
     "The largest changes of each, where most pull the same way: for several adapters of one thing."),
    ("Thinned out (DARE)", "dare",
     "A random half of each one's changes, made twice as strong, so that they get in each other's way less."),
)  # fmt: skip
RANKED = ("svd", "ties", "dare", "project")
STARTERS = {"image": "starter-image", "voice": "starter-text"}


def shares_of(entry: Entry) -> list[float]:
    """How much of an adapter lies in its 1st, 2nd, ... rank; empty when its card does not say, and for a LoHa
    or LoKr, whose rank is not how many its update has.
    """
    shares = stated_shares(entry.card.get("scores"))
    return shares if len(shares) <= entry.rank else []


def advice(entry: Entry, rank: int = 0) -> str:
    """What shrinking to `rank` would keep, and at which size; with 0, what is best for it."""
    shares = shares_of(entry)
    return shrink_advice(shares, entry.rank, entry.size_bytes, rank) if shares and entry.rank > 1 else ""


def panel(choose: gr.Dropdown) -> None:
    """For the adapter that `choose` has open: the advice, a rank, the button, and what came of it."""
    said = gr.HTML()
    with gr.Row(equal_height=True, visible=False) as row:
        rank = gr.Slider(1, 16, value=8, step=1, label="Rank", scale=3)
        shrink = gr.Button("Shrink it", scale=1)
    job_id, status, before, after = _result_view()
    choose.change(open_panel, [choose], [said, row, rank, status, before, after], **QUIET)
    rank.input(tell, [choose, rank], [said], **QUIET)
    _run(shrink, start_shrink, [choose, rank], job_id, [status, before, after])


def shrink_button(training: gr.State) -> gr.Button:
    """Shrinks what the training of this job made, as its result advises; what came of it stands below."""
    shrink = gr.Button("Shrink it", visible=False, size="sm")
    job_id, status, before, after = _result_view()
    _run(shrink, shrink_trained, [training], job_id, [status, before, after])
    training.change(lambda: ["", *poll("")[:3]], [], [job_id, status, before, after], **QUIET)
    return shrink


def form(chosen: gr.State, kept: gr.BrowserState, base: gr.Dropdown, savers: gr.CheckboxGroup) -> None:
    """One adapter of the mix on the page."""
    with gr.Accordion("Combine into one adapter", open=False):
        method = gr.Dropdown([row[:2] for row in METHODS], value="concat", label="How", info=METHODS[0][2])
        product = gr.Dropdown([], label="Which one is the product?", visible=False)
        rank = gr.Number(
            0, label="Rank", precision=0, visible=False,
            info="How much it may hold, such as 16. 0: as much as the method usually takes.",
        )  # fmt: skip
        name = gr.Textbox(label="Name", placeholder="bottle in riso", max_length=80)
        go = gr.Button("Combine", size="sm")
        job_id, status, before, after = _result_view()
    asking = (ask, [method, chosen, product], [method, product, rank])
    method.change(*asking, **QUIET)
    chosen.change(*asking, **QUIET)
    inputs = [chosen, kept, base, savers, method, name, product, rank]
    _run(go, start_combine, inputs, job_id, [status, before, after])


def ask(method: str, slugs: Sequence[str], product: str | None) -> list[Any]:
    """What else a method wants to know: the line on it, which adapter is the product, and a rank."""
    line = next((row[2] for row in METHODS if row[1] == method), "")
    named = [(measurements.name_of(slug), slug) for slug in slugs or []]
    value = product if product in (slugs or []) else next(iter(slugs or []), None)
    chooser = gr.update(choices=named, value=value, visible=method == "project")
    return [gr.update(info=line), chooser, gr.update(visible=method in RANKED)]


def _result_view() -> tuple[gr.State, gr.HTML, gr.Image, gr.Image]:
    job_id, status = gr.State(""), gr.HTML()
    with gr.Row():
        before, after = (
            gr.Image(
                label=label, visible=False, interactive=False, min_width=140, buttons=["fullscreen"]
            )
            for label in ("Before", "After")
        )  # fmt: skip
    return job_id, status, before, after


def _run(button: gr.Button, start: Any, inputs: list[Any], job_id: gr.State, shown: list[Any]) -> None:
    timer = gr.Timer(POLL, active=False)
    reading = (poll, [job_id], [*shown, timer])
    button.click(start, inputs, [job_id], **HIDDEN).then(*reading, **QUIET)
    timer.tick(*reading, **QUIET)


def open_panel(slug: str | None) -> list[Any]:
    """The panel of an adapter that was opened; nothing of the one before stays."""
    entry = _entry(slug)
    off = gr.update(visible=False)
    if entry is None or entry.rank < 2 or not shares_of(entry):
        return ["", off, gr.skip(), "", off, off]
    rank = min(rank_advice(shares_of(entry), entry.rank).rank, entry.rank - 1)
    slider = gr.update(maximum=entry.rank - 1, value=rank)
    return [_said(advice(entry)), gr.update(visible=True), slider, "", off, off]


def tell(slug: str | None, rank: float) -> str:
    """What this rank would keep."""
    entry = _entry(slug)
    return _said(advice(entry, int(rank))) if entry else ""


def start_shrink(slug: str | None, rank: float) -> str:
    """Write the job that makes a smaller copy of an adapter. Of one's own trainings `shrink_trained` does."""
    try:
        visitors.operator_only("Shrinking an adapter that others use")
    except LoraKitError as error:
        raise pieces.problem(error) from error
    return _shrink(slug, rank)


def _shrink(slug: str | None, rank: float) -> str:
    entry = _entry(slug)
    if entry is None:
        raise gr.Error("Choose an adapter first.", print_exception=False)
    name = f"{entry.name} (rank {int(rank)})"
    spec = {"base": entry.base or STARTERS[entry.kind], "mix": {entry.slug: 1.0}}
    return _start(spec | {"method": "svd", "rank": int(rank), "name": name})


def shrink_trained(training: str) -> str:
    """Write the job that shrinks what a training made to the rank that its result names."""
    job = pieces.find(training)
    result = pieces.result(job) if job else None
    if result is None:
        raise gr.Error("This training has made nothing yet.", print_exception=False)
    return _shrink(result["slug"], result["summary"]["advice"]["rank"])


def start_combine(
    slugs: Sequence[str],
    kept: Kept,
    base: str,
    savers: list[str],
    method: str,
    name: str,
    product: str | None = None,
    rank: float | None = None,
) -> str:
    """Write the job that makes one adapter of the mix."""
    mix = mixing.spec(slugs, kept)
    if not (name or "").strip():
        raise gr.Error("Give the new adapter a name.", print_exception=False)
    if method == "project" and len(mix) < 2:
        raise gr.Error("Put a product and a style into the mix first.", print_exception=False)
    spec = {"base": base, **bases.kept(base, savers), "mix": mix, "method": method, "name": name.strip()}
    if method == "project":
        spec["product"] = product or next(iter(mix))
    if method in RANKED and rank:
        spec["rank"] = int(rank)
    return _start(spec)


def _start(spec: dict[str, Any]) -> str:
    try:
        return pieces.start_once("combine", spec)
    except LoraKitError as error:
        raise pieces.problem(error) from error


def poll(job_id: str) -> list[Any]:
    """How far the job is: status, both pictures, timer."""
    job = pieces.find(job_id)
    off = gr.update(visible=False)
    if job is None:
        return ["", off, off, gr.Timer(active=False)]
    result = pieces.result(job)
    if result is None:
        return [pieces.status(job), off, off, gr.Timer(active=pieces.is_open(job))]
    drawn = [result.get(when) or {} for when in ("before", "after")]
    images = [gr.update(value=_picture(some), visible="path" in some) for some in drawn]
    return [_made(result, drawn), *images, gr.Timer(active=False)]


def _picture(some: dict[str, Any]) -> Any:
    return pictures.small(some["path"]) if "path" in some else None


def _made(result: dict[str, Any], drawn: list[dict[str, Any]]) -> str:
    rows = [
        (f"{result['rank']}", "rank"),
        (units.size(result["size_after"]), f"file, {units.size(result['size_before'])} before"),
        (f"{effect_kept(result['error']):.1%}", "of its effect kept"),
    ]
    for name, share in (result.get("removed") or {}).items():
        rows.append((f"{share:.0%}", f"of {name} left out, where it would have changed the product"))
    if all("perplexity" in some for some in drawn):
        figures = " → ".join(f"{some['perplexity']:.2f}" for some in drawn)
        rows.append((figures, "perplexity on texts by the voice before (the nearer, the more alike)"))
    texts = "".join(
        f'<p class="caption">{when}</p><div class="copy">{escape(some["text"])}</div>'
        for when, some in zip(("Before", "After"), drawn, strict=True)
        if "text" in some
    )
    if "unseen" in result:
        texts += f'<p class="hint">Not shown on its base: {escape(result["unseen"])}</p>'
    return pieces.card(f"{result['name']} is in the store", pieces.facts(rows) + texts)


def _said(text: str) -> str:
    return f'<p class="advice">{escape(text)}</p>' if text else ""


def _entry(slug: str | None) -> Entry | None:
    try:
        return Store().get(slug) if slug else None
    except LoraKitError:
        return None
