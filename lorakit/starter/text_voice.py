"""How well the starter text base learns the sample voice: `python -m lorakit.starter.text_voice`.

Trains the sample's 60 texts with a preset, and compares the base with and without the adapter on the held-out
campaign and by texts to read.
"""

import argparse
import math
from pathlib import Path
from typing import Any

from lorakit.data.texts import TextSet
from lorakit.families import Base, load_base
from lorakit.generation.copy import Brief, write_copy
from lorakit.starter import SAMPLE_VOICE
from lorakit.starter.report import write_section
from lorakit.training import train
from lorakit.training.presets import from_preset
from lorakit.training.recipe import Recipe

SEED = 3
BRIEFS = (
    Brief("Nordal teapot", "holds 900 ml; keeps its heat", "early risers", "instagram-caption"),
    Brief("Nordal umbrella", "weighs 300 grams", "commuters", "meta-headline"),
    Brief("Nordal desk", "made of bamboo; built in ten minutes", "students", "product-description"),
    Brief("Nordal scarf", "made of alpaca", "city people", "email"),
    Brief("Nordal kettle", "boils in two minutes; made of glass", "families", "x-post"),
)


def measure(base: Base, recipe: Recipe, work: Path) -> dict[str, Any]:
    """Held-out perplexity of the sample voice without and with an adapter, its cost, and texts of both."""
    done = train(
        base, TextSet.from_file(SAMPLE_VOICE), recipe, work / "voice", resume=False, name="Nordal voice"
    )
    assert done.adapter is not None
    before, after = (math.exp(done.summary[key]) for key in ("held_out_before", "held_out_after"))
    texts = [
        [write_copy(base, mix, brief, 1, SEED)[0].text for mix in ({}, {done.adapter: 1.0})]
        for brief in BRIEFS
    ]
    return {
        "before": before,
        "after": after,
        "fall": 1 - after / before,
        "seconds": done.summary["seconds"],
        "steps": done.steps,
        "best_step": done.summary["best_step"],
        "tokens": len(base.tokenizer),
        "texts": [[brief.prompt(), *pair] for brief, pair in zip(BRIEFS, texts, strict=True)],
    }


def markdown(measured: dict[str, Any]) -> str:
    """The report's section: the figures, and each brief written without and with the voice."""
    lines = [
        "| measured | value |",
        "| --- | --- |",
        f"| held-out perplexity without the voice | {measured['before']:.1f} |",
        f"| held-out perplexity with it | {measured['after']:.1f} |",
        f"| fall | {measured['fall']:.1%} |",
        f"| training | {measured['steps']} steps in {measured['seconds']:.0f} s |",
        f"| step with the lowest held-out loss, which is kept | {measured['best_step']} |",
        "",
        "Both are per token of the brand's held-out campaign. The base knows its own sentences only and is "
        "sure of them, so that foreign ones cost it nearly as much as a blind guess among its "
        f"{measured['tokens']:,} tokens; a base that knows the language starts far lower. The brand's "
        "phrases come back in every campaign, which is what the adapter learns.",
        "",
    ]
    for prompt, without, voiced in measured["texts"]:
        lines += ["```text", prompt, "```", "", "Without the voice:", "", *_quoted(without)]
        lines += ["With it:", "", *_quoted(voiced)]
    return "\n".join(lines)


def _quoted(text: str) -> list[str]:
    return [*(f"> {line}".rstrip() for line in text.split("\n")), ""]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="measure the sample voice on the starter text base")
    parser.add_argument("--work", type=Path, default=Path("build/starter"))
    parser.add_argument("--preset", default="quick")
    options = parser.parse_args()
    result = measure(load_base("starter-text"), from_preset(options.preset, "text", True), options.work)
    write_section("voice", "## A voice on it: the sample brand\n\n" + markdown(result))
    print(markdown(result))
