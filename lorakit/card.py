"""The model card that a hub shows: README.md with YAML front matter, from an adapter's card. No torch here."""

import re
from pathlib import Path
from typing import Any

from lorakit import durable

LIBRARIES = {"llm": ("peft", "text-generation")}
HUB_BASE = re.compile(r"^[\w.-]+/[\w.-]+$")


def model_card(card: dict[str, Any], previews: list[Path]) -> str:
    """The text of README.md. Everything a person typed is quoted, so that it stays text on the hub's page."""
    library, pipeline = LIBRARIES.get(card["family"], ("diffusers", "text-to-image"))
    tags = ["lora", pipeline] + (["template:sd-lora"] if library == "diffusers" else [])
    front = [
        "---",
        f"base_model: {_quoted(card['base'])}" if HUB_BASE.match(card["base"]) else None,
        "base_model_relation: adapter" if HUB_BASE.match(card["base"]) else None,
        f"library_name: {library}",
        f"pipeline_tag: {pipeline}",
        "tags:",
        *[f"- {tag}" for tag in tags],
        f"instance_prompt: {_quoted(card['trigger'])}" if card["trigger"] else None,
        f"license: {_licence(card['licence'])}",
        *_widget(card["trigger"], previews),
        "---",
    ]
    return "\n".join(line for line in front if line is not None) + "\n\n" + _body(card, library)


def _body(card: dict[str, Any], library: str) -> str:
    scores, recipe = card.get("scores") or {}, card.get("recipe") or {}
    lines = [f"# {_plain(card['name'])}", "", f"A LoRA adapter for `{_code(card['base'])}`, trained with LoraKit Studio.", ""]
    if card["trigger"]:
        lines += [f"Write `{_code(card['trigger'])}` in the prompt to call it.", ""]
    data = card.get("data") or {}
    if data:
        lines += [f"Trained on {data.get('count', '?')} {data.get('kind', 'examples')}."]
    if recipe:
        lines += [f"Rank {card['rank']}, alpha {card['alpha']:g}, {recipe.get('steps')} steps, learning rate "
                  f"{recipe.get('learning_rate'):g}."]  # fmt: skip
    if scores.get("share"):
        lines += [f"{scores['trained_parameters']:,} parameters were trained: {scores['share']:.1%} of the base."]
    lines += ["", "## Use", "", "```python", *_usage(library), "```", ""]
    return "\n".join(lines)


def _usage(library: str) -> list[str]:
    if library == "peft":
        return ["from peft import AutoPeftModelForCausalLM", "", 'model = AutoPeftModelForCausalLM.from_pretrained("this folder")']
    return ["pipeline.load_lora_weights(\"this folder\")  # a diffusers pipeline of the base"]


def _widget(trigger: str, previews: list[Path]) -> list[str]:
    if not previews:
        return []
    rows = ["widget:"]
    for preview in previews:
        rows += [f"- text: {_quoted(trigger or ' ')}", "  output:", f"    url: previews/{preview.name}"]
    return rows


def _licence(name: str) -> str:
    return {"Apache-2.0": "apache-2.0", "MIT": "mit"}.get(name, "other")


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", text.replace("\n", " "))


def _code(text: str) -> str:
    return text.replace("`", "'").replace("\n", " ")


def refresh(folder: Path) -> None:
    """Write the README of an adapter folder anew from its card.json."""
    previews = sorted((folder / "previews").glob("*.png"))
    durable.write_text(folder / "README.md", model_card(durable.read_json(folder / "card.json"), previews))
