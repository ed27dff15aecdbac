"""What was found about adapters that are mixed on a base, kept by all it depends on. No torch.

The worker measures a set of adapters once, each at weight 1 (`keep`); what any weights of them mean follows
from these few numbers, so that the page answers a slider by itself (`find`, `Measured.load`).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lorakit import durable, workspace
from lorakit.errors import AdapterError
from lorakit.lora.stability import StackLoad
from lorakit.lora.strength import Strength
from lorakit.store.store import Store

if TYPE_CHECKING:
    from lorakit.families import Base

FOLDER = "checks"
MOST_KEPT = 2_000  # files; a few kB each


@dataclass(frozen=True)
class Measured:
    """`products` (n, n) as `stability.StackLoad` takes them, in the order of `adapters` (names in the store).

    `layers`: the layers' names with each adapter's size there, beside the base's weight.
    """

    adapters: list[str]
    products: list[list[float]]
    layers: list[tuple[str, list[float]]]

    def load(self, adapters: Sequence[str]) -> StackLoad:
        """What these adapters of it ask of the base; named as the store names them now."""
        places = [self.adapters.index(slug) for slug in adapters]
        products = [[self.products[i][j] for j in places] for i in places]
        return StackLoad([name_of(slug) for slug in adapters], products)


def request(base: str, mix: Mapping[str, Any] | Sequence[str]) -> dict[str, Any]:
    """The spec of the job that measures these adapters: the same for any order and weights, as long as the
    weights of an adapter's blocks keep their proportion.
    """
    strengths = mix if isinstance(mix, Mapping) else dict.fromkeys(mix, 1.0)
    return {"base": base, "mix": {slug: _shape(strengths[slug]) for slug in sorted(strengths)}}


def _shape(stated: Any) -> Any:
    """A strength as it would be with 1 as its largest weight, in the whole sampling."""
    strength = Strength.from_dict(stated)
    if not strength.blocks or not strength.level:
        return 1.0
    blocks = {group: round(weight / strength.level, 3) for group, weight in strength.groups}
    return Strength(round(strength.weight / strength.level, 3), blocks).to_dict()


def find(spec: dict[str, Any]) -> Measured | None:
    """What is known of a check's adapters; None when nobody has measured them yet."""
    try:
        return Measured(list(spec["mix"]), **durable.read_json(_path(spec)))
    except (OSError, ValueError, TypeError):
        return None


def keep(spec: dict[str, Any], products: list[list[float]], layers: list[tuple[str, list[float]]]) -> None:
    """Keep what was measured for a check; the oldest give way."""
    path = _path(spec)
    found = asdict(Measured(list(spec["mix"]), products, layers))
    durable.write_json(path, {name: found[name] for name in ("products", "layers")})
    newest_last = sorted(path.parent.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    for old in newest_last[:-MOST_KEPT]:
        old.unlink(missing_ok=True)


def name_of(slug: str) -> str:
    """An adapter's name; its folder's when it is gone."""
    try:
        return Store().get(slug).name
    except AdapterError:
        return slug


def _path(spec: dict[str, Any]) -> Path:
    mix = [[_content(slug), strength] for slug, strength in spec["mix"].items()]
    key = json.dumps([spec["base"], spec.get("quantize"), mix], sort_keys=True)
    return workspace.home() / FOLDER / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def _content(slug: str) -> str:
    """What tells an adapter from every other, also from one that later gets its name."""
    try:
        entry = Store().get(slug)
    except AdapterError:
        return f"gone:{slug}"
    return str(entry.card.get("sha256") or f"{slug}:{entry.size_bytes}:{entry.created}")


def measure(request: dict[str, Any], mix: dict[Any, Any], base: "Base") -> None:
    """Keep the figures of a request's adapters, opened in `mix`. Raises AdapterError when one doesn't fit."""
    from lorakit.lora.diagnose import stack_report

    report = stack_report(mix, base.model)
    layers = [(layer.name, [round(size, 5) for size in layer.sizes]) for layer in report.layers]
    keep(request, [list(row) for row in report.load.products], layers)
