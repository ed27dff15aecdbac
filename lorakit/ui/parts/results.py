"""What a finished training made, in figures and sentences."""

from collections.abc import Mapping
from math import exp
from typing import Any

from markupsafe import Markup

from lorakit import units
from lorakit.events import Compared, Trained
from lorakit.ui.parts import pieces

FULL = 16  # bytes a parameter with AdamW in mixed precision: ZeRO, arXiv 1910.02054, section 3.1
# Of a voice and what it is compared with: its name in a result, the field of its loss, and a title.
COMPARED = (
    ("base", "held_out_before", "Base model only"),
    ("examples", "held_out_few_shot", "Base model with three examples"),
    ("voice", "held_out_after", "Your voice"),
)


def made(result: Trained) -> Markup:
    """The end of a training: where the adapter is, what it took, and whether its rank was right."""
    summary = result.summary
    advice = (summary.get("advice") or {}).get("sentence")
    best, lines = summary.get("best_step"), []
    if best and best < summary.get("steps", 0):
        lines.append(f"Step {best} was kept: it scored best on the held-out data.")
    elif best:
        lines.append("The last step scored best on the held-out data, so training longer may help.")
    lines += [advice] if advice else []
    inside = training_facts(summary) + Markup().join(pieces.good(line) for line in lines)
    return pieces.card("Added to your adapters, ready to use", inside)


def training_facts(summary: Mapping[str, Any]) -> Markup:
    """The honest comparison with full fine-tuning, after a training. What an older one does not say is left
    out.
    """
    told = {name: value for name, value in summary.items() if isinstance(value, int | float)}
    rows = []
    if "share" in told:
        rows.append((f"{told['share']:.1%}", "trained parameters, relative to the base model"))
    if {"size_bytes", "base_bytes"} <= set(told):
        against = f"adapter file ({units.size(told['base_bytes'])} for the base model)"
        rows.append((units.size(told["size_bytes"]), against))
    if {"seconds", "steps"} <= set(told):
        rows.append((units.duration(told["seconds"]), f"for {told['steps']} steps"))
    if "peak_memory_bytes" in told:
        rows.append((units.size(told["peak_memory_bytes"]), "peak memory in total"))
    if not {"base_bytes", "base_parameters"} <= set(told):
        return pieces.facts(rows)
    took = told["base_bytes"] + FULL * told.get("trained_parameters", 0)
    whole = (
        f"Weights, gradients and optimizer took {units.size(took)}. Full fine-tuning would take at least "
        f"{units.size(FULL * told['base_parameters'])} and save a file as large as the base model."
    )
    return pieces.facts(rows) + pieces.hint(whole)


def beside(result: Trained | None, compared: Compared | None) -> Markup:
    """A voice beside the base model, alone and with examples: figures, and one brief answered by each."""
    summary = result.summary if result else {}
    measured = {name: summary.get(field) for name, field, _ in COMPARED}
    texts = compared.texts if compared else {}
    if not texts and measured["voice"] is None:
        return Markup()
    columns = [_column(title, measured[name], texts.get(name), name) for name, _, title in COMPARED]
    asked, brief = compared.prompt if compared else "", Markup()
    if asked:
        folded = Markup('<details><summary>The brief</summary><div class="copy">{}</div></details>')
        brief = folded.format(asked)
    inside = _worth(measured) + Markup('<div class="beside">{}</div>').format(Markup().join(columns))
    return pieces.card("Was it worth training?", inside + brief)


def _column(title: str, loss: float | None, text: str | None, name: str) -> Markup:
    figure = Markup("<b>{:.1f}</b> perplexity").format(exp(min(loss, 50))) if loss is not None else ""
    body = Markup('<div class="text">{}</div>').format(text) if text else ""
    return Markup('<div class="{}"><h3>{}</h3><p>{}</p>{}</div>').format(name, title, figure, body)


def _worth(measured: Mapping[str, float | None]) -> Markup:
    voice, examples, base = (measured[name] for name in ("voice", "examples", "base"))
    if voice is None or base is None:
        return pieces.hint("No texts were held out, so there is no score. Compare the results yourself.")
    unit = "Perplexity on held-out texts: how much they surprise the model. Lower means closer to the brand."
    if voice >= base:
        answer = "No: it is no closer to the brand than the base model. Add texts, or train longer."
    elif examples is not None and voice >= examples:
        answer = (
            "Not yet: the base model does as well with three of the texts in its prompt. Add texts, or train "
            "longer."
        )
    else:
        answer = "Yes: it is closer to the brand than the base model, with or without examples in its prompt."
    return pieces.advice(answer) + pieces.hint(unit)
