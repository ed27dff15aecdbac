"""Where a file's alpha stands when it is not beside each module: PEFT's config, diffusers' metadata, mlx-lm's
config.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lorakit.errors import AdapterError
from lorakit.formats.names import PEFT_PREFIX
from lorakit.formats.reading import Header
from lorakit.formats.tuners import check_supported, tuner_of

PEFT_CONFIG = "adapter_config.json"  # mlx-lm's file has the same name, and other fields
SETTINGS = "lora_adapter_metadata"  # where diffusers keeps rank and alpha in a file's metadata
MLX_SCALE = 20.0  # mlx-lm's default
LARGEST_CONFIG = 4 * 2**20  # bytes
LONGEST_PATTERN, MOST_REPEATS = 300, 2  # of a regular expression: a hostile one could take for ever
REPEATED_GROUP = re.compile(r"\)\s*[*+{]")

PEFT_ALPHA, PEFT_RANK = 8, 8  # the defaults of LoraConfig, LoHaConfig and LoKrConfig (peft 0.21)
ADALORA_LITTLE = 1e-5  # what PEFT adds to the rank that it divides AdaLoRA's alpha by


@dataclass(frozen=True)
class Scaling:
    """Alpha of each module that states none itself: alpha = rank when there are no settings.

    `assumed`: there are settings, but without an alpha, so `alpha` is PEFT's default.
    """

    alpha: float | None = None
    assumed: bool = False
    pattern: dict[str, float] = field(default_factory=dict)
    rslora: bool = False
    per_rank: float | None = None  # mlx-lm states alpha / rank
    dora: bool = False  # promised, so a module without its magnitude is incomplete
    little: float = 0.0  # added to the rank that alpha is divided by
    ranks: dict[str, float] | None = None  # PEFT divides alpha by these even in a LoKr of two full factors
    parameters: tuple[str, ...] = ()  # bare ones that PEFT updates, by the ends of their names
    own_ranks: dict[str, float] = field(default_factory=dict)  # of those, with the usual one under ""
    of_component: Mapping[str, "Scaling"] = field(default_factory=dict)

    @property
    def note(self) -> str:
        """What to know of the alpha, in a sentence; empty when the file states it."""
        if not self.assumed and not any(part.assumed for part in self.of_component.values()):
            return ""
        return f"Its settings state no alpha, so PEFT's default of {PEFT_ALPHA} was used."

    def at(self, module: str) -> "Scaling":
        """The scaling that holds for `module`: its component's own, where one is stated."""
        return self.of_component.get(module.partition(".")[0], self)

    def of(self, module: str, rank: int) -> float:
        """The alpha of `module` at `rank`."""
        if self.per_rank is not None:
            return self.per_rank * rank
        stated = _matching(self.pattern, module, float(rank if self.alpha is None else self.alpha))
        return stated * rank / (rank + self.little)

    def rank_of(self, parameter: str) -> int:
        """The rank of each expert of a bare parameter, which shapes alone do not tell."""
        return max(1, int(_matching(self.own_ranks, parameter, self.own_ranks.get("", PEFT_RANK))))

    def full(self, module: str) -> float:
        """The scale of a LoKr of two full factors, which have no rank: 1 as LyCORIS trains it."""
        if self.ranks is None:
            return 1.0
        rank = _matching(self.ranks, module, self.ranks[""])
        return self.of(module, int(rank)) / rank


def _matching(patterns: dict[str, float], module: str, otherwise: float) -> float:
    """PEFT matches its patterns as regular expressions at the end of a module's name; the first counts."""
    for name, value in patterns.items():
        if name and (module == name or module.endswith("." + name) or re.match(rf"(.*\.)?({name})$", module)):
            return value
    return otherwise


def stated_beside(header: Header, folder: Path) -> dict[str, Any]:
    """The settings beside a file, where they can be read."""
    try:
        return _config(folder, header.path.name, needed=False)
    except (OSError, ValueError, RecursionError, AdapterError):
        return {}


def scaling_of(header: Header, leaves: dict[str, dict[str, str]], naming: str, folder: Path) -> Scaling:
    """What the settings beside or inside a file say.

    Raises AdapterError when a file needs settings that are not there, or they ask for what is not supported.
    """
    name = header.path.name
    try:
        if any(key.startswith(PEFT_PREFIX) for key in leaves):
            return _from_peft(name, _config(folder, name, needed=naming == "peft"))
        if SETTINGS in header.metadata:
            return _from_diffusers(name, _table(json.loads(header.metadata[SETTINGS])))
        if any("down_t" in own for own in leaves.values()):
            return _from_mlx(_config(folder, name, needed=False))
    except AdapterError:
        raise
    except (AttributeError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise AdapterError(f"{name}: its settings file can't be read; export it again") from error
    return Scaling()


def _config(folder: Path, name: str, needed: bool) -> dict[str, Any]:
    path = folder / PEFT_CONFIG
    if path.is_file():
        if path.stat().st_size > LARGEST_CONFIG:
            raise AdapterError(f"{PEFT_CONFIG} is larger than any adapter's settings; export it again")
        return _table(json.loads(path.read_text(encoding="utf-8")))
    if needed:
        raise AdapterError(
            f"{name} needs {PEFT_CONFIG} next to it, which states its alpha; choose the whole folder"
        )
    return {}


def _table(stated: Any) -> dict[str, Any]:
    if not isinstance(stated, dict):
        raise ValueError("not a table")
    return stated


def _from_diffusers(name: str, stated: dict[str, Any]) -> Scaling:
    """Settings named `<component>.<setting>`, each component with its own."""
    parts: dict[str, dict[str, Any]] = {}
    for key, value in stated.items():
        component, _, setting = key.partition(".")
        if setting:
            parts.setdefault(component, {})[setting] = value
        else:
            parts.setdefault("", {})[key] = value
    found = {component: _from_peft(name, own) for component, own in parts.items()}
    return Scaling(of_component=found) if set(found) - {""} else found.get("", Scaling())


def check_tuner(header: Header, folder: Path) -> None:
    """Raise AdapterError, naming it, when the config beside a file is of a kind of PEFT's that is no sum of
    low-rank updates; its tensors would only tell that they are none of a LoRA.
    """
    config = stated_beside(header, folder)  # one that cannot be read is told of later
    if config.get("peft_type"):
        tuner_of(header.path.name, config)


def _from_peft(name: str, stated: dict[str, Any]) -> Scaling:
    if not stated:
        return Scaling()
    kind = tuner_of(name, stated)
    check_supported(name, stated)
    if stated.get("fan_in_fan_out") not in (None, False, True):
        raise AdapterError(f"{name}: its fan_in_fan_out is neither true nor false; export it again")
    if kind == "ADALORA":
        alpha = stated.get("lora_alpha")
        return Scaling(float(alpha or PEFT_ALPHA), assumed=not alpha, little=ADALORA_LITTLE)
    alpha = stated.get("lora_alpha" if kind == "LORA" else "alpha")
    patterns = [
        {_sound(name, str(key)): float(value) for key, value in _table(stated.get(setting) or {}).items()}
        for setting in ("alpha_pattern", "rank_pattern")
    ]
    ranks = {"": float(stated.get("r") or PEFT_RANK)} | patterns[1]
    return Scaling(
        float(PEFT_ALPHA if alpha is None else alpha),
        assumed=alpha is None,
        pattern=patterns[0],
        rslora=bool(stated.get("use_rslora")),
        dora=bool(stated.get("use_dora")),
        ranks=ranks if kind == "LOKR" else None,
        parameters=tuple(str(name) for name in stated.get("target_parameters") or ()),
        own_ranks=ranks,
    )


def _sound(name: str, pattern: str) -> str:
    """The pattern, when it is a regular expression that cannot run away on a module's name."""
    repeats = len(re.findall(r"(?<!\\)[*+{]", pattern))
    try:
        re.compile(pattern)
    except (re.error, RecursionError) as error:
        raise AdapterError(f"{name}: its pattern {pattern[:60]!r} is not a valid pattern") from error
    if len(pattern) > LONGEST_PATTERN or repeats > MOST_REPEATS or REPEATED_GROUP.search(pattern):
        raise AdapterError(
            f"{name}: its pattern {pattern[:60]!r} could run forever; list the modules instead"
        )
    return pattern


def _from_mlx(stated: dict[str, Any]) -> Scaling:
    if not stated:
        return Scaling()
    parameters = _table(stated.get("lora_parameters") or {})
    return Scaling(per_rank=float(parameters.get("scale", MLX_SCALE)))
