"""Which way of naming a file's modules follows, and what its shapes say, from the header alone."""

from collections.abc import Mapping

from lorakit.errors import AdapterError
from lorakit.families.table import is_foreign
from lorakit.formats import flux
from lorakit.formats.bases import DetectedBase, detect, unsupported
from lorakit.formats.flux import NameRule
from lorakit.formats.names import NAMINGS, Naming
from lorakit.formats.reading import Header


def naming_of(header: Header, leaves: dict[str, dict[str, str]]) -> tuple[Naming, dict[str, NameRule]]:
    """The way of naming that knows all names of a file, and what they mean.

    Raises AdapterError when none does, when two do and disagree, or when two names mean the same module.
    """
    names, flux2 = list(leaves), any(_of_flux_2(header, name, own) for name, own in leaves.items())
    if not names:
        raise AdapterError(f"{header.path.name} contains no tensors, so it isn't an adapter")
    known: dict[str, list[str]] = {}
    fitting: list[tuple[Naming, dict[str, NameRule]]] = []
    for naming in NAMINGS:
        if naming.flux2 not in (None, flux2) or (naming.general and fitting):
            continue
        rows = {name: naming.resolve(name) for name in names}
        unknown = [name for name, row in rows.items() if row is None]
        if not unknown:
            fitting.append((naming, {name: row for name, row in rows.items() if row is not None}))
        known[naming.name] = unknown
    if not fitting or fitting[0][0].name == "plain":
        base = detect(shapes_of(header, leaves), header.metadata)
        if is_foreign(base.family):
            raise AdapterError(f"{header.path.name} {unsupported(base.words)}")
    if not fitting:
        raise AdapterError(f"{header.path.name} {_looks(known, names)}")
    naming, found = fitting[0]
    for other, meant in fitting[1:]:
        if any(row.ours != found[name].ours for name, row in meant.items()):
            raise AdapterError(
                f"{header.path.name} reads as {naming.name} and as {other.name}, with different results; "
                "export it again as diffusers, PEFT or kohya"
            )
    _check_distinct(header, found)
    return naming, found


def shapes_of(header: Header, leaves: dict[str, dict[str, str]]) -> dict[str, tuple[int, int]]:
    """(rows, columns) of the weight that each of a file's updates is for."""
    return {name: shape_of(header, own) for name, own in leaves.items()}


def base_of(
    header: Header,
    leaves: dict[str, dict[str, str]],
    rows: dict[str, NameRule],
    *metadata: Mapping[str, object],
) -> DetectedBase:
    """The base that a file was made for, told by its own names, by the modules that they mean, and by what
    the file and `metadata` state.
    """
    shapes = shapes_of(header, leaves)
    ours = {name: shapes[theirs] for theirs, row in rows.items() for name, _ in row.ours}
    return detect(shapes | ours, header.metadata, *metadata)


def _looks(known: dict[str, list[str]], names: list[str]) -> str:
    """Which layout the names are nearest to, and what does not belong there."""
    partly = {naming: unknown for naming, unknown in known.items()
              if len(unknown) < len(names) and naming != "plain"}  # fmt: skip
    if len(partly) > 1 and not set.intersection(*map(set, partly.values())):
        words = " and ".join(f"{len(names) - len(u)} as {naming} names them" for naming, u in partly.items())
        return f"mixes layouts: of its {len(names)} modules, {words}; export it again from a single tool"
    nearest = min(partly or known, key=lambda naming: len(known[naming]))
    some = known[nearest]
    looks = f"looks like the {nearest} layout, but" if partly else "has no known layout:"
    return (
        f"{looks} {len(some)} of its {len(names)} modules have no known name, such as {some[0][:100]}; "
        "export it from its tool as diffusers, PEFT or kohya"
    )


def _of_flux_2(header: Header, name: str, leaves: dict[str, str]) -> bool:
    return flux.is_flux2(name, *shape_of(header, leaves))


def shape_of(header: Header, leaves: dict[str, str]) -> tuple[int, int]:
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


def _check_distinct(header: Header, rows: dict[str, NameRule]) -> None:
    seen: dict[str, str] = {}
    for name, row in rows.items():
        for module, _ in row.ours:
            if module in seen:
                raise AdapterError(
                    f"{header.path.name}: {seen[module][:100]} and {name[:100]} both update {module}; "
                    "export it again"
                )
            seen[module] = name


def rank_of(header: Header, leaves: dict[str, str]) -> int:
    """The rank a person would call the update's, from its shapes alone."""
    for leaf, axis in (("down", 0), ("down_t", 1), ("w1_b", 0), ("k2_b", 0), ("k1_b", 0)):
        if leaf in leaves:
            return sum(header.tensors[leaves[leaf]].shape[axis : axis + 1])
    return min(header.tensors[leaves["k2"]].shape[:2], default=0)
