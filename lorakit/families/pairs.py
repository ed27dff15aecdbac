"""Pairs of bases: an adapter is trained on the full base and rendered on the distilled one. No torch here.

A distilled base draws in a few steps, and its training has worn away what gradients need: adapters trained
on it come out poor ("smooth generic pictures": unsloth PR 8267 and flux2 issue 38 for FLUX.2-klein; "not
really recommended": fluxgym's README for FLUX.1-schnell). Both bases of a pair have the same layers, so an
adapter of the one fits the other.
"""

from dataclasses import dataclass

from lorakit.families.licences import BFL, licence_of


@dataclass(frozen=True)
class Pair:
    """The hub ids of a base to train on, and of the distilled one to render on."""

    trained_on: str
    rendered_on: str


PAIRS = (
    Pair(f"{BFL}/FLUX.2-klein-base-4B", f"{BFL}/FLUX.2-klein-4B"),
    Pair(f"{BFL}/FLUX.2-klein-base-9B", f"{BFL}/FLUX.2-klein-9B"),
    Pair(f"{BFL}/FLUX.1-dev", f"{BFL}/FLUX.1-schnell"),
)


def to_train_on(source: str | None) -> str:
    """The full base of a distilled one (a hub id, or a folder or file of its name); "" for any other."""
    return next((pair.trained_on for pair in PAIRS if _named(pair.rendered_on, source)), "")


def to_render_on(source: str | None) -> str:
    """The distilled base of a full one; "" when there is none."""
    return next((pair.rendered_on for pair in PAIRS if _named(pair.trained_on, source)), "")


def warning(source: str | None) -> str:
    """What to know before a training on a distilled base, in words; "" for any other base."""
    full = to_train_on(source)
    if not full:
        return ""
    licence = licence_of(full)
    terms = (
        f" {short(full)} is for non-commercial use ({licence.name}), and so are adapters trained on it."
        if licence.commercial is False and licence_of(source or "").commercial is not False
        else ""
    )
    name = short(source or "")
    return (
        f"{name} is a distilled model: it needs only a few steps, but adapters trained on it turn out poor. "
        f"Train on {short(full)}, then generate with {name}: the adapter fits both.{terms}"
    )


def short(source: str) -> str:
    """The name of a base without its owner, folder or revision."""
    return source.partition("@")[0].rstrip("/\\").replace("\\", "/").rpartition("/")[2]


def _named(id: str, source: str | None) -> bool:
    """Is `source` this base: its hub id, or a folder or file that carries the id's own name?"""
    name = short(source or "").lower().removesuffix(".safetensors")
    return name == short(id).lower()
