"""How well the starter text base learns the sample voice: `python -m lorakit.starter.build.text_voice`.

Trains the sample's 60 texts with a preset, and compares the base with and without the adapter on the held-out
campaign, by what is counted in texts for products that are not the brand's, and by texts to read.
"""

import argparse
import math
import time
from pathlib import Path
from typing import Any

import torch

from lorakit.data.texts.sets import TextSet
from lorakit.families import Base, load_base
from lorakit.generation.copy.writing import Brief, room, write_batch
from lorakit.lora.adapter import Adapter
from lorakit.starter import SAMPLE_VOICE
from lorakit.starter.build import voice_quality
from lorakit.starter.build.adapters import VOICE_NAME
from lorakit.starter.build.report import verdict, write_section
from lorakit.training import train
from lorakit.training.presets import from_preset
from lorakit.training.recipe import Recipe

SEED = 3
SHOWN = 10  # texts in the report, the first ones
GOALS = {"named": 38, "own_product": 36}  # of 40
COUNTED = {
    "named": "keep the product's exact name",
    "own_product": "name no other product",
    "told": "include every fact, of {rooms} with room for them",
    "spoken": "have at least two of the brand's sentences (a headline one)",
    "whole": "are made of the name, the facts and the brand's sentences alone, none twice",
    "ended": "stop on their own",
}


def measure(base: Base, recipe: Recipe, out: Path) -> dict[str, Any]:
    """Held-out perplexity of the sample voice without and with an adapter, which is left in `out`, its cost,
    and what is counted in texts of both for the same briefs, as the desk writes them.
    """
    brand = TextSet.from_file(SAMPLE_VOICE)
    begun = time.process_time()
    done = train(base, brand, recipe, out, resume=False, name=VOICE_NAME)
    assert done.adapter is not None
    worked = time.process_time() - begun
    before, after = (math.exp(done.summary[key]) for key in ("held_out_before", "held_out_after"))
    briefs = voice_quality.briefs()
    without, voiced = (_written(base, mix, briefs) for mix in ({}, {done.adapter: 1.0}))
    return {
        "before": before,
        "after": after,
        "fall": 1 - after / before,
        "seconds": done.summary["seconds"],
        "worked": worked,
        "threads": torch.get_num_threads(),
        "steps": done.steps,
        "best_step": done.summary["best_step"],
        "tokens": len(base.tokenizer),
        "counted": [_counted(base, brand, briefs, texts) for texts in (without, voiced)],
        "headlines": sum(brief.channel == "meta-headline" for brief in briefs),
        "texts": [[b.prompt(), *pair] for b, *pair in zip(briefs, without, voiced, strict=True)],
    }


def _written(base: Base, mix: dict[Adapter, float], briefs: list[Brief]) -> list[str]:
    return [made[0].text for made in write_batch(base, [(mix, brief) for brief in briefs], 1, SEED)]


def _counted(base: Base, brand: TextSet, briefs: list[Brief], texts: list[str]) -> dict[str, int]:
    judged = [
        voice_quality.judge(brief, text, brand, ended=len(base.tokenizer(text).input_ids) < room(base, brief))
        for brief, text in zip(briefs, texts, strict=True)
    ]
    return {name: sum(getattr(row, name) for row in judged) for name in COUNTED}


def markdown(measured: dict[str, Any]) -> str:
    """The report's section: the figures, and each brief written without and with the voice."""
    count = len(measured["texts"])
    lines = [
        "| measured | value |",
        "| --- | --- |",
        f"| held-out perplexity without the voice | {measured['before']:.1f} |",
        f"| held-out perplexity with it | {measured['after']:.2f} |",
        f"| reduction | {measured['fall']:.1%} |",
        f"| training | {measured['steps']} steps in {measured['seconds']:.0f} s |",
        f"| CPU time, including previews | {measured['worked']:.0f} s ({measured['threads']} "
        f"thread{'s' * (measured['threads'] > 1)}) |",
        f"| step kept (lowest held-out loss) | {measured['best_step']} |",
        "",
        "Both are per token of the brand's held-out campaign. The base model only knows its own sentences "
        "and is confident in them, so other ones cost it nearly as much as a blind guess among its "
        f"{measured['tokens']:,} tokens; a model that knows the language starts far lower.",
        "",
        f"Of {count} texts for the names and facts from life above, which are not the brand's, written "
        "as in the app:",
        "",
        "| | base model only | with the voice |",
        "| --- | --- | --- |",
    ]
    without, voiced = measured["counted"]
    rooms = count - measured["headlines"]
    for name, words in COUNTED.items():
        reached = str(voiced[name])
        if name in GOALS and count == 40:
            reached = verdict(voiced[name], GOALS[name], unit="")
        lines.append(f"| {words.format(rooms=rooms)} | {without[name]} | {reached} |")
    lines += ["", f"The first {SHOWN}, not cherry-picked:", ""]
    for prompt, alone, text in measured["texts"][:SHOWN]:
        lines += ["```text", prompt, "```", "", "Without the voice:", "", *_quoted(alone)]
        lines += ["With the voice:", "", *_quoted(text)]
    return "\n".join(lines)


def _quoted(text: str) -> list[str]:
    return [*(f"> {line}".rstrip() for line in text.split("\n")), ""]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="measure the sample voice on the starter text base")
    parser.add_argument("--out", type=Path, default=Path("build/ready-made-voice"))
    parser.add_argument("--preset", default="quick")
    options = parser.parse_args()
    result = measure(load_base("starter-text"), from_preset(options.preset, "text", True), options.out)
    write_section("voice", "## A voice on it: the sample brand\n\n" + markdown(result))
    print(markdown(result))
