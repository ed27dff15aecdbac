"""Adapter files <-> Adapter, whatever tool wrote them.

A file is read in three steps, each a table: how its keys end (`leaves`), which modules its names mean
(`names`), what kind of update its tensors make (`updates`). Modules carry the live names of diffusers and
transformers. Written are the layouts of diffusers, PEFT and kohya (`layouts`).
"""

from dataclasses import dataclass, field
from pathlib import Path

from lorakit import durable
from lorakit.errors import AdapterError
from lorakit.formats import flux, hub, layouts, metadata, writing
from lorakit.formats.flux import Row
from lorakit.formats.leaves import leaves_of
from lorakit.formats.names import NAMINGS, Naming
from lorakit.formats.reading import Header, read_header, read_tensors
from lorakit.formats.settings import scaling_of
from lorakit.formats.updates import factors_of, split
from lorakit.lora.adapter import Adapter, Card, Factors, readable

FORMATS = tuple(layouts.LAYOUTS)


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


def inspect(path: str | Path) -> Inspection:
    """Say what an adapter file is from its header, without reading a weight.

    Raises AdapterError as `load` does.
    """
    file, _ = _locate(path)
    header = read_header(file)
    leaves = leaves_of(header)
    naming, rows = _naming(header, leaves)
    modules = [name for row in rows.values() for name, _ in row.ours]
    ranks = [_rank(header, own) for own in leaves.values()]
    kinds = {leaf for own in leaves.values() for leaf in own}
    return Inspection(
        file, naming.name, _tool(naming, kinds, list(header.tensors)), _family(modules), max(ranks), modules,
        file.stat().st_size, header.metadata,
    )  # fmt: skip


def load(path: str | Path) -> Adapter:
    """Open an adapter: a file, a folder or a hub id.

    Raises AdapterError that names the file and what is wrong.
    """
    file, folder = _locate(path)
    header = read_header(file)
    leaves = leaves_of(header)
    naming, rows = _naming(header, leaves)
    scaling = scaling_of(header, naming.name, folder)
    modules: dict[str, Factors] = {}
    stored = read_tensors(header)
    for name, own in leaves.items():
        row = rows[name]

        def alpha_of(rank: int, module: str = row.ours[0][0]) -> float:
            return scaling.of(module, rank)

        tensors = {leaf: stored[key] for leaf, key in own.items()}
        whole = factors_of(file.name, name, tensors, alpha_of, scaling.rslora)
        modules.update(split(whole, row, file.name))
    card = _card(folder, header, modules)
    card.tool = card.tool or _foreign_tool(naming, leaves, header)
    adapter = Adapter(modules, card, source=Path(path).name)
    adapter.check_finite()
    if not any(readable(factors.up).any() for factors in modules.values()):
        raise AdapterError(
            f"{file.name}: every update in it is zero, so it would have no effect; train it again"
        )
    return adapter


def save(adapter: Adapter, folder: str | Path, format: str = "diffusers") -> Path:
    """Write `adapter` into `folder` in the layout of "diffusers", "peft" or "kohya", and its card; returns
    the weights' path.

    Tensors keep their type. Raises AdapterError for a format that is not known, or that cannot hold this
    adapter.
    """
    layout = layouts.LAYOUTS.get(format)
    if layout is None:
        raise AdapterError(f"format {format!r} is not known; use one of {', '.join(FORMATS)}")
    folder = Path(folder)
    tensors, own, beside = layout.write(adapter)
    described = {"format": "pt"} | metadata.of_card(adapter.card) | own
    with durable.replacing(folder / layout.file) as aside:
        writing.write(tensors, aside, described)
    for name, content in beside.items():
        durable.write_json(folder / name, content)
    durable.write_json(folder / "card.json", adapter.card.to_dict())
    return folder / layout.file


def _naming(header: Header, leaves: dict[str, dict[str, str]]) -> tuple[Naming, dict[str, Row]]:
    """The one way of naming that knows all names of a file, and what they mean.

    Raises AdapterError when none does, or when two names mean the same module.
    """
    names, second = list(leaves), any(_of_flux_2(header, name, own) for name, own in leaves.items())
    if not names:
        raise AdapterError(f"{header.path.name}: holds no tensors; it is no adapter")
    known: dict[str, list[str]] = {}
    for naming in NAMINGS:
        if naming.name == "bfl" and naming.second is not second:
            continue
        rows = {name: naming.resolve(name) for name in names}
        unknown = [name for name, row in rows.items() if row is None]
        if not unknown:
            found = {name: row for name, row in rows.items() if row is not None}
            _check_distinct(header, found)
            return naming, found
        known[naming.name] = unknown
    nearest = min(known, key=lambda naming: len(known[naming]))
    some = known[nearest]
    looks = f"it looks like the {nearest} layout, but" if len(some) < len(names) else "no known layout:"
    raise AdapterError(
        f"{header.path.name}: {looks} {len(some)} of its {len(names)} modules have no known name, such as "
        f"{some[0][:100]}; export it from its tool as diffusers, PEFT or kohya"
    )


def _of_flux_2(header: Header, name: str, leaves: dict[str, str]) -> bool:
    if "down" not in leaves or "up" not in leaves:
        return False
    rows, columns = header.tensors[leaves["up"]].shape[:1], header.tensors[leaves["down"]].shape[1:2]
    return flux.is_second(name, sum(rows), sum(columns))


def _check_distinct(header: Header, rows: dict[str, Row]) -> None:
    seen: dict[str, str] = {}
    for name, row in rows.items():
        for module, _ in row.ours:
            if module in seen:
                raise AdapterError(
                    f"{header.path.name}: {seen[module][:100]} and {name[:100]} both update {module}; "
                    "export it again"
                )
            seen[module] = name


def _rank(header: Header, leaves: dict[str, str]) -> int:
    """The rank a person would call the update's, from its shapes alone."""
    for leaf, axis in (("down", 0), ("down_t", 1), ("w1_b", 0), ("k2_b", 0), ("k1_b", 0)):
        if leaf in leaves:
            return header.tensors[leaves[leaf]].shape[axis]
    return min(header.tensors[leaves["k2"]].shape[:2])


def _foreign_tool(naming: Naming, leaves: dict[str, dict[str, str]], header: Header) -> str:
    """The tool's name when the file is not one of ours."""
    if metadata.CARD in header.metadata:
        return ""
    return _tool(naming, {leaf for own in leaves.values() for leaf in own}, list(header.tensors))


def _tool(naming: Naming, kinds: set[str], keys: list[str]) -> str:
    """Which tool writes files like this, in words."""
    if kinds & {"w1_a", "k1", "k1_a"}:
        return "LyCORIS (LoHa)" if "w1_a" in kinds else "LyCORIS (LoKr)"
    if "down_t" in kinds:
        return "mlx-lm"
    if naming.name == "kohya" and any(key.startswith("lora_transformer_") for key in keys):
        return "OneTrainer"
    if naming.name == "bfl":
        return "BFL / ComfyUI"
    return {"peft": "PEFT", "kohya": "kohya", "xlabs": "XLabs", "diffusers": "diffusers"}.get(naming.name, "")


def _locate(path: str | Path) -> tuple[Path, Path]:
    """The weights file, and the folder in which its card and config would lie."""
    place = Path(path)
    if place.is_file():
        return place, place.parent
    if not place.exists() and hub.is_hub_id(str(path)):
        place, _ = hub.download(str(path))
    if not place.is_dir():
        raise AdapterError(
            f"{path}: no such adapter; give a .safetensors file, a folder, or a hub id owner/name"
        )
    for layout in layouts.LAYOUTS.values():
        if (place / layout.file).is_file():
            return place / layout.file, place
    files = sorted(place.glob("*.safetensors"))
    if len(files) == 1:
        return files[0], place
    what = "no .safetensors file" if not files else f"{len(files)} .safetensors files"
    raise AdapterError(f"{place.name}: holds {what}; give the one adapter file itself")


def _card(folder: Path, header: Header, modules: dict[str, Factors]) -> Card:
    path = folder / "card.json"
    try:
        card = Card.from_dict(durable.read_json(path)) if path.is_file() else metadata.to_card(header)
    except (ValueError, TypeError, AttributeError):
        card = metadata.to_card(header)
    first = next(iter(modules.values()))
    card.rank = card.rank or max(factors.rank for factors in modules.values())
    card.alpha = card.alpha or first.alpha
    card.family = card.family or _family(list(modules))
    return card


def _family(names: list[str]) -> str:
    """The family whose module names these are; empty when they tell nothing."""
    text = " ".join(names[:200])
    if any(piece in text for piece in ("to_qkv_mlp_proj", "ff.linear_in", "stream_modulation")):
        return "flux2"
    if "single_transformer_blocks." in text or ("transformer_blocks." in text and ".attn.add_" in text):
        return "flux"
    if "down_blocks." in text or "up_blocks." in text:
        return "sdxl" if "transformer_blocks.1." in text else "sd15"
    if ".layers." in f".{text}" or ".h." in text:
        return "llm"
    return ""
