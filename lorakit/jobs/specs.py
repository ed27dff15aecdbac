"""What a job may ask for: the fields of each kind, checked before a job is written. No torch here."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import fields
from typing import Any

from lorakit import durable
from lorakit.errors import DataError, LoraKitError, RecipeError
from lorakit.generation.copy.writing import MOST_VARIANTS, Brief
from lorakit.generation.pictures.plan import (
    MAX_SEED,
    MOST_MIXES,
    check_negative,
    check_sampling,
    plan,
)
from lorakit.lora.mix_syntax import METHODS, MOST_ADAPTERS, check_strength, check_whole
from lorakit.training.recipe import Recipe

KINDS = ("train", "voice", "campaign", "copy", "check", "combine", "forecast", "catalogue", "caption")
SUBJECTS = ("product", "style")  # of a training on photos: what they have in common
MAX_RANK = 4096
TEXT_LIMIT = 200  # characters of a name or trigger
PATH_LIMIT = 1000  # characters of a folder or file

FIELDS: dict[str, tuple[set[str], set[str]]] = {  # what each kind needs, and what it may have
    "train": (
        {"base", "name", "trigger", "photos", "recipe"},
        {"subject", "captions", "without", "class_photos", "quantize", "offload"},
    ),
    "voice": ({"base", "name", "texts", "recipe"}, {"without", "quantize", "offload"}),
    "campaign": (
        {"base", "mix", "scenes", "formats", "seeds"},
        {"steps", "guidance", "negative", "trigger", "quantize", "offload"},
    ),
    "copy": ({"base", "mix", "brief", "variants", "seed"}, {"quantize", "offload"}),
    "catalogue": ({"base", "mix", "briefs", "variants", "seed"}, {"quantize", "offload"}),
    "check": ({"base", "mix"}, {"quantize", "offload"}),
    "forecast": ({"base", "recipe"}, {"photos", "texts", "without", "measure", "quantize", "offload"}),
    "caption": ({"base", "photos"}, {"without", "captions"}),
    "combine": ({"base", "mix", "method", "name"}, {"rank", "product", "quantize", "offload"}),
}  # fmt: skip


AS_THEY_ARE = ("photos", "class_photos", "texts", "briefs", "without")  # names of files, of whatever bytes
BLANK: dict[str, Any] = {
    "recipe": {}, "mix": {}, "scenes": [], "formats": [], "seeds": [], "brief": {"product": "not stated"},
    "variants": 1, "seed": 0,
}  # fmt: skip


def checked(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """The spec as it is stored. Raises LoraKitError that names the field.

    Only known fields pass, so no secret can ride along.
    """
    if kind not in KINDS:
        raise LoraKitError(f"job: no kind {kind!r}; the kinds are {', '.join(KINDS)}")
    if not isinstance(spec, dict):
        raise LoraKitError(f"{kind} job: the spec must be a table of fields, not {type(spec).__name__}")
    spec = {name: value if name in AS_THEY_ARE else _whole(value) for name, value in spec.items()}
    needed, optional = FIELDS[kind]
    missing, unknown = needed - set(spec), set(spec) - needed - optional
    if missing or unknown:
        what = (
            f"{sorted(missing)[0]!r} is missing"
            if missing
            else f"{sorted(map(str, unknown))[0]!r} is not known"
        )
        raise LoraKitError(f"{kind} job: {what}; it takes {', '.join(sorted(needed | optional))}")
    _check_texts(kind, spec)
    if kind in ("train", "voice", "forecast"):
        if not isinstance(spec["recipe"], dict):
            raise RecipeError(f"{kind} job: recipe must be a table of settings")
        return {**spec, "recipe": Recipe.from_dict(spec["recipe"]).to_dict()}
    if kind == "caption":
        return dict(spec)
    if kind == "campaign" and isinstance(spec["mix"], list):
        if not 1 <= len(spec["mix"]) <= MOST_MIXES:
            raise RecipeError(f"campaign job: {len(spec['mix'])} mixes to compare; give 1 to {MOST_MIXES}")
    elif not isinstance(spec["mix"], dict):
        raise RecipeError(f"{kind} job: the mix must be a table of adapters with their weights")
    for mix in mixes_of(spec):
        _check_mix(kind, mix)
    checks = {
        "campaign": _checked_campaign, "copy": _checked_copy, "catalogue": _checked_texts,
        "combine": _checked_combine,
    }  # fmt: skip
    return checks.get(kind, dict)(spec)


def _whole(value: Any) -> Any:
    """Texts without halves of characters, which neither a file nor a model can hold; names of files stay."""
    if isinstance(value, str):
        return durable.whole(value)
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return {key: _whole(each) for key, each in value.items()} if isinstance(value, dict) else value


def completed(kind: str, stored: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A stored spec with something in the place of every field that it needs, and the fields it lacks: a job
    of another version of the studio is shown, though it cannot run.
    """
    needed = FIELDS[kind][0]
    spec = {name: deepcopy(BLANK.get(name, "")) for name in needed} | stored
    if isinstance(spec.get("brief"), dict):
        spec["brief"] = BLANK["brief"] | spec["brief"]
    return spec, tuple(sorted(needed - set(stored)))


def mixes_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The mixes of a job: those that a campaign compares, or the one it has; none for a training."""
    mix = spec.get("mix")
    return list(mix) if isinstance(mix, list) else [] if mix is None else [mix]


def _check_texts(kind: str, spec: dict[str, Any]) -> None:
    limits = {
        "base": PATH_LIMIT,
        "photos": PATH_LIMIT,
        "class_photos": PATH_LIMIT,
        "texts": PATH_LIMIT,
        "briefs": PATH_LIMIT,
        "name": TEXT_LIMIT,
        "trigger": TEXT_LIMIT,
    }
    for name, limit in limits.items():
        if name in spec and not (isinstance(spec[name], str) and len(spec[name]) <= limit):
            raise LoraKitError(f"{kind} job: {name} must be text of at most {limit} characters")
        if name in spec and name != "trigger" and not spec[name].strip():
            raise LoraKitError(f"{kind} job: {name} is empty; fill it in")
    if "://" in spec["base"]:
        raise LoraKitError(
            f"{kind} job: base must be a folder or a hub id such as owner/name, not an address"
        )
    if spec.get("quantize") not in (None, "nf4"):
        raise LoraKitError(f"{kind} job: quantize is {spec['quantize']!r}; use 'nf4' or leave it out")
    if spec.get("subject") not in (None, *SUBJECTS):
        raise LoraKitError(f"{kind} job: subject is {spec['subject']!r}; use {' or '.join(SUBJECTS)}")
    for name in ("offload", "measure"):
        if not isinstance(spec.get(name, False), bool):
            raise LoraKitError(f"{kind} job: {name} is {spec[name]!r}; use true or false")
    given = spec.get("captions", {})
    if not isinstance(given, (dict, str)) or not all(
        isinstance(text, str) for text in (given.values() if isinstance(given, dict) else ())
    ):
        raise LoraKitError(
            f"{kind} job: captions must be a table of photos' names with their captions, or a captions file"
        )
    without = spec.get("without", [])
    places = kind == "voice" or "texts" in spec
    if not isinstance(without, list) or not all(
        isinstance(name, str) and (not places or name.isdecimal()) for name in without
    ):
        what = "the places of texts, counted from 0, as text" if places else "the names of photos"
        raise LoraKitError(f"{kind} job: without must be a list of {what} to leave out")


def _checked_campaign(spec: dict[str, Any]) -> dict[str, Any]:
    lists = {name: _listed(name, spec[name]) for name in ("scenes", "formats", "seeds")}
    number = len(mixes_of(spec))
    plan(lists["scenes"], lists["formats"], lists["seeds"], spec.get("trigger") or "", mixes=number)
    steps, guidance = spec.get("steps"), spec.get("guidance")
    check_sampling(1 if steps is None else steps, 1.0 if guidance is None else guidance)
    check_negative(spec.get("negative", ""))
    return {**spec, **lists}


def _listed(name: str, values: Any) -> list[Any]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise LoraKitError(f"campaign job: {name} must be a list")
    # A range of 10^12 seeds is refused by the plan; it must not become a list first.
    return values if len(values) > 1_000_000 else list(values)  # type: ignore[return-value]


def _checked_texts(spec: dict[str, Any], kind: str = "catalogue") -> dict[str, Any]:
    for name, low, high in (("variants", 1, MOST_VARIANTS), ("seed", 0, MAX_SEED)):
        value = spec[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise LoraKitError(f"{kind} job: {name} must be a whole number from {low} to {high}")
    return dict(spec)


def _checked_copy(spec: dict[str, Any]) -> dict[str, Any]:
    _checked_texts(spec, "copy")
    known = [setting.name for setting in fields(Brief)]
    if (
        not isinstance(spec["brief"], dict)
        or set(spec["brief"]) - set(known)
        or "product" not in spec["brief"]
    ):
        raise DataError(f"copy job: brief must give product, and of the others only {', '.join(known[1:])}")
    return {**spec, "brief": vars(Brief(**spec["brief"]))}


def _checked_combine(spec: dict[str, Any]) -> dict[str, Any]:
    if not spec["mix"]:
        raise RecipeError("combine job: the mix is empty; choose at least one adapter")
    if spec["method"] not in METHODS:
        raise RecipeError(
            f"combine job: method {str(spec['method'])[:40]!r} is not known; use one of {', '.join(METHODS)}"
        )
    if spec["method"] == "project" and len(spec["mix"]) < 2:
        raise RecipeError("combine job: 'project' keeps a product from the other adapters; add another one")
    if "product" in spec and spec["product"] not in spec["mix"]:
        raise RecipeError(
            f"combine job: the product {str(spec['product'])[:80]!r} is not in the mix; choose one of "
            f"{', '.join(spec['mix'])}"
        )
    rank = spec.get("rank")
    if rank is not None and (
        isinstance(rank, bool) or not isinstance(rank, int) or not 1 <= rank <= MAX_RANK
    ):
        raise RecipeError(f"combine job: rank is {str(rank)[:40]}; give a whole number from 1 to {MAX_RANK}")
    return dict(spec)


def _check_mix(kind: str, mix: Any) -> None:
    if not isinstance(mix, dict):
        raise RecipeError(f"{kind} job: the mix must be a table of adapters with their weights")
    for name, stated in mix.items():
        strength = check_strength(name, stated)
        if kind != "campaign":
            check_whole(f"{kind} job: {name}", strength, combined=kind == "combine")
    if len(mix) > MOST_ADAPTERS:
        raise RecipeError(f"{kind} job: {len(mix)} adapters in a mix; at most {MOST_ADAPTERS} are mixed")
