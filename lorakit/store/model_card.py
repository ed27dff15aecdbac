"""The model card: README.md with the hub's front matter, written from an adapter's card. No torch here."""

import json
import re
from pathlib import Path
from typing import Any

from lorakit import durable
from lorakit.families.pairs import to_render_on
from lorakit.families.table import makes

LIBRARIES = {"image": ("diffusers", "text-to-image"), "text": ("peft", "text-generation")}
HUB_BASE = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")
HUB_LICENCES = {"Apache-2.0": "apache-2.0", "MIT": "mit"}  # the hub's own identifiers; any other needs a name


def model_card(card: dict[str, Any], previews: list[Path]) -> str:
    """The text of README.md. Everything a person typed is quoted, so that it stays text on Hugging Face."""
    library, pipeline = LIBRARIES[makes(_text(card, "family")) or "image"]
    base, trigger, licence = _text(card, "base"), _text(card, "trigger"), _text(card, "licence")
    tags = ["lora", pipeline] + (["template:sd-lora"] if library == "diffusers" else [])
    front = ["---"]
    on_hub = HUB_BASE.fullmatch(base)
    if on_hub:
        front += [f"base_model: {_quoted(on_hub['repo'])}", "base_model_relation: adapter"]
    front += [f"library_name: {library}", f"pipeline_tag: {pipeline}", "tags:", *[f"- {tag}" for tag in tags]]
    if trigger:
        front += [f"instance_prompt: {_quoted(trigger)}"]
    front += [f"license: {HUB_LICENCES.get(licence, 'other')}"]
    if licence and licence not in HUB_LICENCES:
        front += [f"license_name: {re.sub(r'[^a-z0-9.]+', '-', licence.lower()).strip('-') or 'unknown'}"]
    front += [*_widget(trigger, previews), "---"]
    return "\n".join(front) + "\n\n" + _body(card, library)


def _body(card: dict[str, Any], library: str) -> str:
    base, trigger = _text(card, "base"), _text(card, "trigger")
    scores, recipe, data = (_table(card, name) for name in ("scores", "recipe", "data"))
    made = "trained with LoraKit Studio" if recipe else "packaged with LoraKit Studio"
    lines = [f"# {_plain(_text(card, 'name'))}", ""]
    lines += [f"A LoRA adapter{f' for `{_code(base)}`' if base else ''}, {made}.", ""]
    if partner := to_render_on(base):
        lines += [
            f"It also works on `{partner}`, the distilled model with the same layers, in only a few steps.",
            "",
        ]
    if trigger:
        lines += [f"Use `{_code(trigger)}` in your prompt.", ""]
    if data.get("count"):
        lines += [
            f"Trained on {_plain(str(data.get('count', '?')))} {_plain(str(data.get('kind', 'examples')))}."
        ]
    settings = {
        "rank": card.get("rank"),
        "alpha": card.get("alpha"),
        "steps": recipe.get("steps"),
        "learning rate": recipe.get("learning_rate"),
    }
    figures = [f"{name} {value:g}" for name, value in settings.items() if _is_number(value) and value]
    if figures:
        lines += [", ".join(figures).capitalize() + "."]
    if _is_number(scores.get("share")) and _is_number(scores.get("trained_parameters")):
        lines += [
            f"{scores['trained_parameters']:,} trained parameters "
            f"({scores['share']:.1%} of the base model's size)."
        ]
    lines += [_plain(str(note)) for note in scores.get("notes") or ()]
    lines += ["", "## Use", "", "```python", *_usage(library), "```", ""]
    return "\n".join(lines)


def _usage(library: str) -> list[str]:
    if library == "peft":
        return [
            "from peft import AutoPeftModelForCausalLM",
            "",
            'model = AutoPeftModelForCausalLM.from_pretrained("this folder")',
        ]
    return ['pipeline.load_lora_weights("this folder")  # a diffusers pipeline of the base model']


def _widget(trigger: str, previews: list[Path]) -> list[str]:
    if not previews:
        return []
    rows = ["widget:"]
    for preview in previews:
        rows += [f"- text: {_quoted(trigger or ' ')}", "  output:", f"    url: previews/{preview.name}"]
    return rows


def refresh(folder: Path) -> None:
    """Rewrite the README of an adapter folder from its card.json."""
    previews = sorted((folder / "previews").glob("*.png"))
    durable.write_text(folder / "README.md", model_card(durable.read_json(folder / "card.json"), previews))


# A card may come from anywhere, so no field can be counted on.
def _text(card: dict[str, Any], name: str) -> str:
    value = card.get(name)
    return value if isinstance(value, str) else ""


def _table(card: dict[str, Any], name: str) -> dict[str, Any]:
    value = card.get(name)
    return value if isinstance(value, dict) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # JSON's strings are YAML's


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    return " ".join(text.replace("`", "'").split())
