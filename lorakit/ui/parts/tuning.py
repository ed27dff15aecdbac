"""Making adapters smaller: what each rank would keep, one click, and the same image twice."""

import gradio as gr
from markupsafe import Markup

from lorakit.errors import LoraKitError
from lorakit.events import Trained
from lorakit.lora.ranks import stated_shares
from lorakit.store.entries import Entry
from lorakit.store.store import Store
from lorakit.training.advice import rank_advice, shrink_advice
from lorakit.ui import visitors
from lorakit.ui.parts import adapter_result, pieces
from lorakit.ui.parts.pieces import QUIET, Updates

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
    sentence = gr.HTML()
    with gr.Row(equal_height=True, visible=False) as row:
        rank = gr.Slider(1, 16, value=8, step=1, label="Rank", scale=3)
        shrink = gr.Button("Shrink", scale=1)
    result = adapter_result.view()

    def open_panel(slug: str | None) -> Updates:
        limits = rank_limits(slug)
        shown: Updates = {sentence: pieces.advice(""), row: gr.update(visible=limits is not None)}
        if limits is not None:
            most, best = limits
            shown |= {sentence: tell(slug), rank: gr.update(maximum=most, value=best)}
        return shown | result.forget()

    choose.change(open_panel, [choose], [sentence, row, rank, result.job_id, *result.parts], **QUIET)
    rank.input(tell, [choose, rank], [sentence], **QUIET)
    result.follow(shrink, start_shrink, [choose, rank])


def rank_limits(slug: str | None) -> tuple[int, int] | None:
    """The highest rank that an adapter can be shrunk to, and the best one; None when it cannot be."""
    entry = _entry(slug)
    if entry is None or entry.rank < 2 or not shares_of(entry):
        return None
    return entry.rank - 1, min(rank_advice(shares_of(entry), entry.rank).rank, entry.rank - 1)


def tell(slug: str | None, rank: float = 0) -> Markup:
    """What this rank would keep."""
    entry = _entry(slug)
    return pieces.advice(advice(entry, int(rank)) if entry else "")


def shrink_button(training: gr.State) -> gr.Button:
    """Shrinks what the training of this job made, as its result advises; what came of it stands below."""
    shrink = gr.Button("Shrink", visible=False, size="sm")
    result = adapter_result.view()
    result.follow(shrink, shrink_trained, [training])
    training.change(result.forget, [], [result.job_id, *result.parts], **QUIET)
    return shrink


def start_shrink(slug: str | None, rank: float) -> str:
    """Write the job that makes a smaller copy of an adapter. Of one's own trainings `shrink_trained` does."""
    try:
        visitors.operator_only("Shrinking an adapter that others use")
    except LoraKitError as error:
        raise pieces.problem(error) from error
    return _shrink(slug, rank)


def shrink_trained(training: str) -> str:
    """Write the job that shrinks what a training made to the rank that its result names."""
    job = pieces.find(training)
    result = pieces.result(job) if job else None
    if not isinstance(result, Trained):
        raise gr.Error("This training hasn't made anything yet.", print_exception=False)
    return _shrink(result.slug, result.summary["advice"]["rank"])


def _shrink(slug: str | None, rank: float) -> str:
    entry = _entry(slug)
    if entry is None:
        raise gr.Error("Choose an adapter first.", print_exception=False)
    name = f"{entry.name} (rank {int(rank)})"
    spec = {"base": entry.base or STARTERS[entry.kind], "mix": {entry.slug: 1.0}}
    return adapter_result.start(spec | {"method": "svd", "rank": int(rank), "name": name})


def _entry(slug: str | None) -> Entry | None:
    try:
        return Store().get(slug) if slug else None
    except LoraKitError:
        return None
