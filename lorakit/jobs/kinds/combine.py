"""The job that makes one adapter of a mix, and shows what that changed: the same picture or text, twice.

Shrinking an adapter is the same job with that adapter alone and a smaller rank. For voices also how well the
new one foresees what the old one writes: its perplexity on the same texts.
"""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, PlainValidator, model_validator

from lorakit import durable, events
from lorakit.errors import BaseError, RecipeError
from lorakit.families.table import layout_of
from lorakit.jobs import fields
from lorakit.jobs.context import Context
from lorakit.jobs.kind import Kind
from lorakit.jobs.spec import Blank
from lorakit.lora.methods import METHODS
from lorakit.lora.mix_syntax import check_whole
from lorakit.store.entries import Entry
from lorakit.store.store import Store

if TYPE_CHECKING:
    from lorakit.families import Base
    from lorakit.lora.adapter import Adapter

SCENE, SEED = "on a wooden table", 7
MAX_RANK = 4096  # a whole mix of the highest ranks, put end to end
# Of the text that is shown, then of others that a voice is measured on.
BRIEFS = (
    ("Aurora bottle", "keeps drinks cold; holds 750 ml"), ("Nordal teapot", "holds 900 ml; keeps its heat"),
    ("Lumen desk lamp", "dims in five steps"), ("Pine stool", "solid wood; 45 cm high"),
    ("Vero backpack", "holds 20 litres; keeps rain out"), ("Sola soap", "no perfume; made from olive oil"),
)  # fmt: skip


def _mix(value: Any) -> dict[str, Any]:
    return fields.checked_mix(value, lambda name, strength: check_whole(name, strength, combined=True))


def _method(value: Any) -> str:
    if value not in METHODS:
        raise ValueError(f"is {str(value)[:40]!r}; use one of {', '.join(METHODS)}")
    return value


class Spec(fields.OnBase):
    """A mix that becomes one adapter called `name`; `product` is the adapter that `project` protects."""

    mix: Annotated[dict[str, Any], PlainValidator(_mix), Blank({})]
    method: Annotated[str, PlainValidator(_method)]
    name: fields.Name
    rank: Annotated[int | None, Field(ge=1, le=MAX_RANK)] = None
    product: str = ""

    @model_validator(mode="after")
    def _fits(self) -> "Spec":
        if not self.mix:
            raise RecipeError("combine job: the mix is empty; choose at least one adapter")
        if self.method == "project" and len(self.mix) < 2:
            raise RecipeError(
                "combine job: 'project' keeps a product from the other adapters; add another one"
            )
        if self.product and self.product not in self.mix:
            raise RecipeError(
                f"combine job: the product {self.product[:80]!r} is not in the mix; choose one of "
                f"{', '.join(self.mix)}"
            )
        return self


STAGES = 3  # of a combination: the adapter itself, and the difference it makes, before and after


def run(context: Context) -> bool:
    """Combine the job's mix, put the result into the store, and draw or write before and after."""
    from lorakit.lora.combine import combine

    job, spec = context.job, context.job.spec
    if any(isinstance(event, events.Combined) for event in job.history()):
        return True  # it was finished, only the worker died before it said so
    base, unseen = _base(context)
    mix = context.mix(base)
    job.emit(events.Phase("Combining", 0, STAGES).row())
    if spec.get("product"):  # whatever stands first is kept as it is
        first = list(mix)[list(spec["mix"]).index(spec["product"])]
        mix = {first: mix[first], **mix}
    made = combine(mix, spec["method"], spec.get("rank"))
    made.card.base, made.card.name = made.card.base or spec["base"], spec["name"]
    shown: dict[str, Any] = {}
    for number, (when, some) in enumerate((("before", mix), ("after", {made: 1.0})), 1):
        if base is None:
            break
        if context.should_stop():
            return False
        job.emit(events.Phase("Showing the difference", number, STAGES).row())
        shown[when] = _sample(base, some, [adapter.trigger for adapter in mix], job.folder / f"{when}.png")
    if base and base.kind.makes == "text":
        _measure(base, mix, made, shown)
    if context.should_stop():
        return False
    job.emit(events.Phase("Saving the adapter", STAGES, STAGES).row())
    entry = keep(made, shown.get("after", {}).get("path"))
    sizes = [Store().get(slug).size_bytes for slug in spec["mix"]]
    figures = made.card.scores["combined"]
    result = events.Combined(
        slug=entry.slug,
        name=entry.name,
        rank=entry.rank,
        error=figures["error"],
        size_before=sum(sizes),
        removed=figures.get("removed", {}),
        size_after=entry.size_bytes,
        unseen=unseen or None,
        **shown,
    )
    job.emit(result.row())
    return True


def _base(context: Context) -> "tuple[Base | None, str]":
    """The job's base, or why it has none: one adapter can still be made smaller then, only not be shown.

    What another tool made often names a base that is not here.
    """
    try:
        return context.base(), ""
    except BaseError as error:
        if len(context.job.spec["mix"]) > 1:
            raise
        return None, str(error)


def _sample(base: "Base", mix: "Mapping[Adapter, Any]", triggers: list[str], path: Path) -> dict[str, str]:
    """A picture of these trigger words, or a text in the mix's voice; always the same words and seed."""
    if base.kind.makes == "text":
        from lorakit.generation.copy.writing import Brief, write_copy

        return {"text": write_copy(base, mix, Brief(*BRIEFS[0]), variants=1, seed=SEED)[0].text}
    import torch

    from lorakit.generation.pictures.plan import plan
    from lorakit.lora.live import applied

    family, settings = base.kind, base.settings
    shot = plan([SCENE], ["1:1"], [SEED], triggers, settings.area, family.step)[0]
    with torch.no_grad(), applied(base.model, dict(mix)):
        words = [family.encode_prompts(base, [text]) for text in (shot.prompt, "")]
        picture = family.sample(
            base, *words, shot.render_width, shot.render_height, [SEED], settings.steps, settings.guidance
        )[0]
    with durable.replacing(path) as unfinished:
        picture.save(unfinished)
    return {"path": str(path), "prompt": shot.prompt}


def _measure(base: "Base", mix: "Mapping[Adapter, Any]", made: "Adapter", shown: dict[str, Any]) -> None:
    """Add the perplexity of both to `shown`, on texts that `mix` writes."""
    import torch

    from lorakit.data.texts.sets import TextSample, conversation_tokens
    from lorakit.generation.copy.writing import MOST_TOKENS, Brief, write_batch
    from lorakit.lora.live import applied
    from lorakit.training.text_examples import answer_loss

    briefs = [Brief(*row) for row in BRIEFS]
    texts = [copies[0].text for copies in write_batch(base, [(mix, brief) for brief in briefs], seed=SEED)]
    samples = [
        TextSample(brief.prompt(), text) for brief, text in zip(briefs, texts, strict=True) if text.strip()
    ]
    room = base.settings.max_tokens + MOST_TOKENS  # whole: nothing here is longer than it was written
    rows = [[conversation_tokens(base.tokenizer, sample, room)] for sample in samples]
    for when, some in (("before", mix), ("after", {made: 1.0})) if rows else ():
        with torch.no_grad(), applied(base.model, dict(some)):
            loss, count = answer_loss(base, rows, base.tokenizer.pad_token_id)
        shown[when]["perplexity"] = math.exp(float(loss) / max(1, int(count)))


def keep(made: "Adapter", preview: str | None = None) -> Entry:
    """Put an adapter that was made here into the store, with a picture as its preview."""
    from lorakit import formats

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "adapter"
        formats.save(made, folder, layout_of(made.family))
        durable.write_json(folder / "card.json", made.card.to_dict())
        if preview:
            durable.write_bytes(folder / "previews" / "00.png", Path(preview).read_bytes())
        return Store().add(folder, made.card.name)


KIND = Kind("combine", "a combination", Spec, run)
