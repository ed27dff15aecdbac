"""The job that makes one adapter of a mix, and shows what that changed: the same picture or text, twice.

Shrinking an adapter is the same job with that adapter alone and a smaller rank.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lorakit import durable
from lorakit.store import Entry, Store

if TYPE_CHECKING:
    from lorakit.families import Base
    from lorakit.lora.adapter import Adapter
    from lorakit.running import Context

SCENE, SEED = "on a wooden table", 7
BRIEF = {"product": "Aurora bottle", "facts": "keeps drinks cold; holds 750 ml"}


def run_combine(context: "Context") -> bool:
    """Combine the job's mix, put the result into the store, and draw or write before and after."""
    from lorakit.lora.combine import combine

    job, spec = context.job, context.job.spec
    if any(event["event"] == "result" for event in job.events()):
        return True  # it was finished, only the worker died before it said so
    base = context.base()
    mix = context.mix(base)
    job.emit({"event": "phase", "name": "Combining", "done": 0, "total": 3})
    made = combine(mix, spec["method"], spec.get("rank"))
    made.card.base, made.card.name = made.card.base or spec["base"], spec["name"]
    if context.should_stop():
        return False
    shown: dict[str, Any] = {}
    for number, (when, some) in enumerate((("before", mix), ("after", {made: 1.0})), 1):
        job.emit({"event": "phase", "name": "Showing the difference", "done": number, "total": 3})
        shown[when] = _sample(base, some, [adapter.trigger for adapter in mix], job.folder / f"{when}.png")
        if context.should_stop():
            return False
    entry = keep(made, shown["after"].get("path"))
    sizes = [Store().get(slug).size_bytes for slug in spec["mix"]]
    job.emit(
        {
            "event": "result", "slug": entry.slug, "name": entry.name, "rank": entry.rank,
            "error": made.card.scores["combined"]["error"], "size_before": sum(sizes),
            "size_after": entry.size_bytes, **shown,
        }
    )  # fmt: skip
    return True


def _sample(base: "Base", mix: "Mapping[Adapter, Any]", triggers: list[str], path: Path) -> dict[str, str]:
    """A picture of these trigger words, or a text in the mix's voice; always the same words and seed."""
    if base.pipeline is None:
        from lorakit.generation.copy import Brief, write_copy

        return {"text": write_copy(base, mix, Brief(**BRIEF), variants=1, seed=SEED)[0].text}
    import torch

    from lorakit.families import family_of
    from lorakit.generation.plan import plan
    from lorakit.lora.live import applied

    family, settings = family_of(base), base.settings
    shot = plan([SCENE], ["1:1"], [SEED], triggers, settings.area, family.step)[0]
    with torch.no_grad(), applied(base.model, dict(mix)):
        words = [family.encode_prompts(base, [text]) for text in (shot.prompt, "")]
        picture = family.sample(
            base, *words, shot.render_width, shot.render_height, [SEED], settings.steps, settings.guidance
        )[0]
    with durable.replacing(path) as aside:
        picture.save(aside)
    return {"path": str(path), "prompt": shot.prompt}


def keep(made: "Adapter", preview: str | None = None) -> Entry:
    """Put an adapter that was made here into the store, with a picture as its preview."""
    from lorakit import formats

    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside) / "adapter"
        formats.save(made, folder, "peft" if made.family == "llm" else "diffusers")
        durable.write_json(folder / "card.json", made.card.to_dict())
        if preview:
            durable.write_bytes(folder / "previews" / "00.png", Path(preview).read_bytes())
        return Store().add(folder, made.card.name)
