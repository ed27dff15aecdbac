"""Adapter files <-> Adapter, whatever tool wrote them.

A file is read in three steps, each a table: how its keys end (`leaves`), which modules its names mean
(`names`), what kind of update its tensors make (`updates`). Modules carry the live names of diffusers and
transformers. Written are the layouts of diffusers, PEFT and kohya (`layouts`).
"""

import math
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from lorakit import durable
from lorakit.errors import AdapterError
from lorakit.formats import flux, hub, layouts, metadata, writing
from lorakit.formats.flux import Row
from lorakit.formats.kinds import family_of, refuse_control
from lorakit.formats.leaves import MAGNITUDES, leaves_of
from lorakit.formats.names import NAMINGS, Naming
from lorakit.formats.reading import Header, read_header, read_tensors
from lorakit.formats.settings import PEFT_CONFIG, Scaling, scaling_of
from lorakit.formats.updates import Product, factors_of, split
from lorakit.lora.adapter import Adapter, Card, Factors, readable

FORMATS = tuple(layouts.LAYOUTS)
LARGEST_PRODUCTS = 4 * 2**30  # bytes
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
    return Inspection(
        file, naming.name, _tool(naming, leaves, header), family_of(modules, header.metadata), max(ranks),
        modules, file.stat().st_size, header.metadata,
    )  # fmt: skip


def load(path: str | Path) -> Adapter:
    """Open an adapter: a file, a folder or a hub id.

    Raises AdapterError that names the file and what is wrong.
    """
    file, folder = _locate(path)
    header = read_header(file)
    leaves = leaves_of(header)
    naming, rows = _naming(header, leaves)
    scaling = scaling_of(header, leaves, naming.name, folder)
    modules: dict[str, Factors] = {}
    stored = read_tensors(header)
    for name, own in leaves.items():
        row = rows[name]
        module = row.ours[0][0]
        here = scaling.at(module)
        if here.dora and not MAGNITUDES & set(own):
            raise AdapterError(f"{file.name}: is a DoRA, but {name[:100]} has no magnitude; export it again")

        def alpha_of(rank: int, module: str = module, here: Scaling = here) -> float:
            return here.of(module, rank)

        tensors = {leaf: stored[key] for leaf, key in own.items()}
        whole = factors_of(file.name, name, tensors, alpha_of, here.rslora, here.full(module))
        modules.update(split(whole, row, file.name))
    card = _card(file, folder, header, modules)
    card.rank = card.rank or max(_rank(header, own) for own in leaves.values())
    card.tool = card.tool or _foreign_tool(naming, leaves, header)
    adapter = Adapter(modules, card, source=Path(path).name)
    refuse_control(file.name, adapter)
    adapter.check_finite()
    if not any(all(readable(part).any() for part in f.tensors()) or f.magnitude is not None
               for f in modules.values()):  # fmt: skip
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
    _check_size(adapter)
    tensors, own, beside = layout.write(adapter)
    described = {"format": "pt"} | metadata.of_card(adapter.card) | own
    with durable.replacing(folder / layout.file) as aside:
        writing.write(tensors, aside, described)
    for name, content in beside.items():
        durable.write_json(folder / name, content)
    durable.write_json(folder / "card.json", adapter.card.to_dict())
    return folder / layout.file


def _check_size(adapter: Adapter) -> None:
    """Raise AdapterError when products, multiplied out, would be larger than any tool would take."""
    size = sum(f.rank * (f.weight_shape[0] + math.prod(f.weight_shape[1:])) * 4
               for f in adapter.modules.values() if isinstance(f, Product))  # fmt: skip
    if size > LARGEST_PRODUCTS:
        raise AdapterError(
            f"{adapter.name}: is a LoHa or LoKr that takes {size / 2**30:.0f} GB as a plain LoRA; "
            "hand on its own file"
        )


def keep(adapter: Adapter, source: str | Path, folder: str | Path) -> Path:
    """Write `adapter`, opened from `source`, as the store keeps it: in the layout of its kind of base, which
    any tool reads, or as the very file where that layout cannot hold it or would take many times the space.
    """
    products = any(isinstance(factors, Product) for factors in adapter.modules.values())
    columns = any(f.magnitude is not None and f.magnitude.dim() == 2 for f in adapter.modules.values())
    if not products and not columns:
        return save(adapter, folder, "peft" if adapter.family == "llm" else "diffusers")
    file, beside = _locate(source)
    config = beside / PEFT_CONFIG
    layout = layouts.LAYOUTS["peft" if config.is_file() and file.name != OWN_FILE else "kohya"]
    with durable.replacing(Path(folder) / layout.file) as aside:
        shutil.copyfile(file, aside)
    if layout.file != OWN_FILE:
        shutil.copyfile(config, Path(folder) / PEFT_CONFIG)
    durable.write_json(Path(folder) / "card.json", adapter.card.to_dict())
    return Path(folder) / layout.file


def _naming(header: Header, leaves: dict[str, dict[str, str]]) -> tuple[Naming, dict[str, Row]]:
    """The way of naming that knows all names of a file, and what they mean.

    Raises AdapterError when none does, when two do and disagree, or when two names mean the same module.
    """
    names, second = list(leaves), any(_of_flux_2(header, name, own) for name, own in leaves.items())
    if not names:
        raise AdapterError(f"{header.path.name}: holds no tensors; it is no adapter")
    known: dict[str, list[str]] = {}
    fitting: list[tuple[Naming, dict[str, Row]]] = []
    for naming in NAMINGS:
        if naming.second not in (None, second) or (naming.general and fitting):
            continue
        rows = {name: naming.resolve(name) for name in names}
        unknown = [name for name, row in rows.items() if row is None]
        if not unknown:
            fitting.append((naming, {name: row for name, row in rows.items() if row is not None}))
        known[naming.name] = unknown
    if not fitting:
        raise AdapterError(f"{header.path.name}: {_looks(known, names)}")
    naming, found = fitting[0]
    for other, meant in fitting[1:]:
        if any(row.ours != found[name].ours for name, row in meant.items()):
            raise AdapterError(
                f"{header.path.name}: reads as {naming.name} and as {other.name}, with different results; "
                "export it again as diffusers, PEFT or kohya"
            )
    _check_distinct(header, found)
    return naming, found


def _looks(known: dict[str, list[str]], names: list[str]) -> str:
    """Which layout the names are nearest to, and what does not belong there."""
    partly = {naming: unknown for naming, unknown in known.items()
              if len(unknown) < len(names) and naming != "plain"}  # fmt: skip
    if len(partly) > 1 and not set.intersection(*map(set, partly.values())):
        words = " and ".join(f"{len(names) - len(u)} in {naming}'s" for naming, u in partly.items())
        return f"mixes layouts: of its {len(names)} modules {words} names; export it again from one tool"
    nearest = min(partly or known, key=lambda naming: len(known[naming]))
    some = known[nearest]
    looks = f"it looks like the {nearest} layout, but" if partly else "no known layout:"
    return (
        f"{looks} {len(some)} of its {len(names)} modules have no known name, such as {some[0][:100]}; "
        "export it from its tool as diffusers, PEFT or kohya"
    )


def _of_flux_2(header: Header, name: str, leaves: dict[str, str]) -> bool:
    return flux.is_second(name, *_shape(header, leaves))


def _shape(header: Header, leaves: dict[str, str]) -> tuple[int, int]:
    """(rows, columns) of the weight that an update is for, from the header alone; zeros for odd shapes."""
    shape = {leaf: header.tensors[key].shape for leaf, key in leaves.items()}
    try:
        if "down" in shape:
            return shape["up"][0], shape["down"][1]
        if "down_t" in shape:
            return shape["up_t"][1], shape["down_t"][0]
        if "w1_a" in shape:
            return shape["w1_a"][0], shape["w1_b"][1]
        first = shape["k1"] if "k1" in shape else (shape["k1_a"][0], shape["k1_b"][1])
        second = shape["k2"] if "k2" in shape else (shape["k2_a"][0], shape["k2_b"][1])
        return first[0] * second[0], first[1] * second[1]
    except IndexError:
        return 0, 0


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
            return sum(header.tensors[leaves[leaf]].shape[axis : axis + 1])
    return min(header.tensors[leaves["k2"]].shape[:2], default=0)


def _foreign_tool(naming: Naming, leaves: dict[str, dict[str, str]], header: Header) -> str:
    """The tool's name when the file is not one of ours."""
    return "" if metadata.CARD in header.metadata else _tool(naming, leaves, header)


def _tool(naming: Naming, leaves: dict[str, dict[str, str]], header: Header) -> str:
    """Which tool writes files like this, in words."""
    kinds = {leaf for own in leaves.values() for leaf in own}
    if metadata.CARD in header.metadata:
        return "LoraKit Studio"
    stated = header.metadata.get("software", "") + header.metadata.get("modelspec.implementation", "")
    if "ostris" in stated or "ai-toolkit" in stated:
        return "ai-toolkit"
    if kinds & {"w1_a", "k1", "k1_a"}:
        return "LyCORIS (LoHa)" if "w1_a" in kinds else "LyCORIS (LoKr)"
    if "down_t" in kinds:
        return "mlx-lm" if naming.name in ("plain", "diffusers") else "mlx"
    if any(name.startswith(("lora_transformer_", "transformer.double_blocks.", "transformer.single_blocks."))
           for name in leaves):  # fmt: skip
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
    for name in KNOWN_FILES:
        if (place / name).is_file():
            return place / name, place
    files = sorted(path for path in place.glob("*.safetensors") if path.name[0] != ".")
    if len(files) == 1:
        return files[0], place
    what = "no .safetensors file" if not files else f"{len(files)} .safetensors files"
    raise AdapterError(f"{place.name}: holds {what}; give the one adapter file itself")


def _card(file: Path, folder: Path, header: Header, modules: dict[str, Factors]) -> Card:
    path = folder / "card.json"
    try:
        own = file.name in KNOWN_FILES and path.is_file()  # a card beside any other file may be another's
        card = Card.from_dict(durable.read_json(path)) if own else metadata.to_card(header)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        card = metadata.to_card(header)
    first = next(iter(modules.values()))
    card.alpha = card.alpha or first.alpha
    card.family = card.family or family_of(list(modules), header.metadata)
    return card
