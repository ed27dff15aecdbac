"""One adapter of the mix on the page: by which method, with which of them as the product, at which rank."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from lorakit.jobs import measurements
from lorakit.lora.methods import METHODS
from lorakit.ui.parts import adapter_result, bases, mixing
from lorakit.ui.parts.mixing import MixSettings
from lorakit.ui.parts.pieces import QUIET, Updates

FIRST = METHODS["concat"]


def form(chosen: gr.State, settings: gr.BrowserState, base: gr.Dropdown, savers: gr.CheckboxGroup) -> None:
    """One adapter of the mix on the page."""
    with gr.Accordion("Combine into one adapter", open=False):
        method = gr.Dropdown(
            [(row.label, row.id) for row in METHODS.values()], value=FIRST.id, label="Method", info=FIRST.help
        )
        product = gr.Dropdown([], label="Which one is the product?", visible=False)
        rank = gr.Number(
            0, label="Rank", precision=0, visible=False,
            info="How much it can hold, such as 16. 0 = the method's default.",
        )  # fmt: skip
        name = gr.Textbox(label="Name", placeholder="bottle in riso", max_length=80)
        go = gr.Button("Combine", size="sm")
        result = adapter_result.view()

    def ask(method_name: str, slugs: Sequence[str], first: str | None) -> Updates:
        """What else a method wants to know."""
        return {
            method: gr.update(info=METHODS[method_name].help),
            product: products(slugs, first) | {"visible": method_name == "project"},
            rank: gr.update(visible=METHODS[method_name].ranked),
        }

    for changed in (method, chosen):
        changed.change(ask, [method, chosen, product], [method, product, rank], **QUIET)
    result.follow(go, start_combine, [chosen, settings, base, savers, method, name, product, rank])


def products(slugs: Sequence[str], first: str | None) -> Any:
    """An update of the choice of the product among the mix's adapters; `first` is the one chosen so far."""
    named = [(measurements.name_of(slug), slug) for slug in slugs or []]
    return gr.update(choices=named, value=first if first in (slugs or []) else next(iter(slugs or []), None))


def start_combine(
    slugs: Sequence[str],
    settings: MixSettings,
    base: str,
    savers: list[str],
    method: str,
    name: str,
    product: str | None = None,
    rank: float | None = None,
) -> str:
    """Write the job that makes one adapter of the mix."""
    mix = mixing.spec(slugs, settings)
    if not (name or "").strip():
        raise gr.Error("Give the new adapter a name.", print_exception=False)
    if method == "project" and len(mix) < 2:
        raise gr.Error("Add a product and a style to the mix first.", print_exception=False)
    spec = {"base": base, **bases.kept(base, savers), "mix": mix, "method": method, "name": name.strip()}
    if method == "project":
        spec["product"] = product or next(iter(mix))
    if METHODS[method].ranked and rank:
        spec["rank"] = int(rank)
    return adapter_result.start(spec)
