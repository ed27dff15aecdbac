"""Opening adapter files: what a header tells, and the updates themselves."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from torch import Tensor

from lorakit import durable
from lorakit.errors import AdapterError
from lorakit.families.table import is_foreign
from lorakit.formats import experts, hub, layouts, metadata
from lorakit.formats.choosing import base_of, naming_of, rank_of
from lorakit.formats.flux import NameRule
from lorakit.formats.kinds import refuse_control
from lorakit.formats.leaves import MAGNITUDES, Contents, contents_of
from lorakit.formats.names import Naming
from lorakit.formats.others import what_else
from lorakit.formats.reading import Header, read_header, read_tensors
from lorakit.formats.settings import Scaling, check_tuner, scaling_of, stated_beside
from lorakit.formats.sizes import check_sizes
from lorakit.formats.tools import foreign_tool, tool_of
from lorakit.formats.updates import factors_of, split
from lorakit.lora.adapter import Adapter, Card, Factors, readable

OWN_FILE = layouts.LAYOUTS["kohya"].file
# What a folder's adapter may be called; mlx-lm keeps its checkpoints beside the last.
KNOWN_FILES = (*(layout.file for layout in layouts.LAYOUTS.values()), "adapters.safetensors")


@dataclass
class Inspection:
    """What a file's header alone tells."""

    path: Path
    dialect: str
    tool: str
    family: str
    rank: int
    modules: list[str]
    size_bytes: int
    metadata: dict[str, str] = field(default_factory=dict)
    base: str = ""  # the kind of base in words


def inspect(path: str | Path) -> Inspection:
    """Say what an adapter file is from its header, without reading a weight.

    Raises AdapterError as `load` does.
    """
    file, folder = locate(path)
    header = read_header(file)
    check_tuner(header, folder)
    leaves = contents_of(header).updates
    naming, rows = naming_of(header, leaves)
    modules = [name for row in rows.values() for name, _ in row.ours]
    ranks = [rank_of(header, own) for own in leaves.values()]
    base = base_of(header, leaves, rows, stated_beside(header, folder))
    return Inspection(
        path=file,
        dialect=naming.name,
        tool=tool_of(naming, leaves, header),
        family=base.family,
        rank=max(ranks),
        modules=modules,
        size_bytes=file.stat().st_size,
        metadata=header.metadata,
        base=base.words,
    )


def load(path: str | Path, partial: bool = False) -> Adapter:
    """Open an adapter: a file, a folder or a Hugging Face ID. With `partial`, it may be applied to a base
    that has only some of its layers.

    Raises AdapterError that names the file and what is wrong.
    """
    file, folder = locate(path)
    header = read_header(file)
    check_tuner(header, folder)
    contents = contents_of(header)
    leaves = contents.updates
    naming, rows = naming_of(header, leaves)
    scaling = scaling_of(header, leaves, naming.name, folder)
    stored = read_tensors(header)
    modules, rank = _updates(header, leaves, rows, scaling, stored)
    card = _card(file, folder, header, modules)
    base = base_of(header, leaves, rows, stated_beside(header, folder))
    card.family = card.family or base.family
    if is_foreign(card.family):
        card.base = base.words or card.base
    card.rank = card.rank or rank
    card.tool = card.tool or foreign_tool(naming, leaves, header)
    card.partial = card.partial or partial
    _check_differences(header, contents, stored)
    alpha_note = scaling.note if any("alpha" not in own for own in leaves.values()) else ""
    card.notes = _with_notes(card.notes, file.name, [_ignored(contents), alpha_note, base.note])
    adapter = Adapter(modules, card, Path(path).name, _weights(header, contents, stored, naming), base.words)
    refuse_control(file.name, adapter)
    adapter.check_finite()
    check_sizes(file.name, modules)
    if not any(_has_effect(factors) for factors in modules.values()):
        raise AdapterError(
            f"{file.name}: every update in it is zero, so it would have no effect; train it again"
        )
    return adapter


def _updates(
    header: Header,
    leaves: dict[str, dict[str, str]],
    rows: dict[str, NameRule],
    scaling: Scaling,
    stored: Mapping[str, Tensor],
) -> tuple[dict[str, Factors], int]:
    """The updates by module, and the largest rank that one has in the file."""
    file = header.path.name
    modules: dict[str, Factors] = {}
    ranks: list[int] = []
    for name, own in leaves.items():
        module = rows[name].ours[0][0]
        local = scaling.at(module)
        if local.dora and not MAGNITUDES & set(own):
            raise AdapterError(f"{file} is a DoRA, but {name[:100]} has no magnitude; export it again")
        tensors = {leaf: stored[key] for leaf, key in own.items()}
        parameter = experts.parameter_of(module, local.parameters)
        if parameter is not None:
            rank = local.rank_of(parameter)
            alpha = local.of(parameter, rank)
            modules.update(experts.split(file, parameter, tensors, rank, alpha, local.rslora))
        else:
            rank = rank_of(header, own)
            alpha_of = partial(local.of, module)
            factors = factors_of(file, name, tensors, alpha_of, local.rslora, local.full(module))
            modules.update(split(factors, rows[name], file))
        ranks.append(rank)
    return modules, max(ranks)


def _has_effect(factors: Factors) -> bool:
    return factors.magnitude is not None or all(readable(part).any() for part in factors.tensors())


def _check_differences(header: Header, contents: Contents, stored: Mapping[str, Tensor]) -> None:
    """Raise AdapterError for a stored difference of a bias or norm that is not zero."""
    changed = [key for key in contents.differences if readable(stored[key]).any()]
    if changed:
        raise AdapterError(f"{header.path.name} {what_else(header, changed, len(contents.updates))}")


def _ignored(contents: Contents) -> str:
    count = len(contents.differences)
    return (
        f"{count} stored differences of biases or norms are all zero, so they were ignored." if count else ""
    )


def _with_notes(notes: str, file: str, sentences: Iterable[str]) -> str:
    """`notes` with the sentences that are not in it yet; each one is warned about, too."""
    for sentence in filter(None, sentences):
        warnings.warn(f"{file}: {sentence}", stacklevel=3)
        notes = notes if sentence in notes else f"{notes} {sentence}".strip()
    return notes


def _weights(
    header: Header, contents: Contents, stored: Mapping[str, Tensor], naming: Naming
) -> dict[str, Tensor]:
    """The whole weights that a file brings along, by the base's names. Raises AdapterError for one that no
    module of the file's naming is called like.
    """
    found = {}
    for (place, what), key in contents.layers.items():
        row = naming.resolve(place)
        if row is None or len(row.ours) != 1:
            raise AdapterError(f"{header.path.name} {what_else(header, [key], len(contents.updates))}")
        found[f"{row.ours[0][0]}.{what}"] = stored[key]
    return found


def locate(path: str | Path) -> tuple[Path, Path]:
    """The weights file, and the folder in which its card and config would lie."""
    place = Path(path)
    if place.is_file():
        return place, place.parent
    if not place.exists() and hub.is_hub_id(str(path)):
        place, _ = hub.download(str(path))
    if not place.is_dir():
        raise AdapterError(
            f"{path}: no such adapter; give a .safetensors file, a folder, or a Hugging Face ID (owner/name)"
        )
    for name in KNOWN_FILES:
        if (place / name).is_file():
            return place / name, place
    files = sorted(path for path in place.glob("*.safetensors") if path.name[0] != ".")
    if len(files) == 1:
        return files[0], place
    what = "no .safetensors file" if not files else f"{len(files)} .safetensors files"
    raise AdapterError(f"{place.name} contains {what}; choose the adapter file itself")


def _card(file: Path, folder: Path, header: Header, modules: dict[str, Factors]) -> Card:
    path = folder / "card.json"
    try:
        own = file.name in KNOWN_FILES and path.is_file()  # a card beside any other file may be another's
        card = Card.from_dict(durable.read_json(path)) if own else metadata.to_card(header)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        card = metadata.to_card(header)
    first = next(iter(modules.values()))
    card.alpha = card.alpha or first.alpha
    return card
