"""adapters and combine: the adapters you have, and one made of several."""

import argparse
import json
from textwrap import fill
from typing import Any

from lorakit.errors import LoraKitError
from lorakit.lora.methods import METHODS
from lorakit.lora.mix_syntax import WORD
from lorakit.lora.ranks import effect_kept
from lorakit.terminal.mix_argument import mix_of
from lorakit.terminal.options import command
from lorakit.units import size


def add(commands: Any) -> None:
    """Add adapters, with its own commands, and combine."""
    parser = command(commands, "adapters", "list or manage your adapters")
    parser.set_defaults(run=list_all, trash=False)
    own = parser.add_subparsers(metavar="command")

    listed = command(own, "list", "list your adapters (also without a command)")
    listed.add_argument("--trash", action="store_true", help="list those in the trash instead")
    listed.set_defaults(run=list_all)

    added = command(own, "add", "add an adapter from a file, a folder or Hugging Face")
    added.add_argument("source", help="a .safetensors file, a folder, a ZIP file or a Hugging Face ID")
    added.add_argument("--name", help="name of the adapter here (default: its own)")
    added.set_defaults(run=add_one)

    _on_one(own, "show", "print an adapter's card, as JSON", show)
    _on_one(own, "rename", "give an adapter another name", rename).add_argument("name", help="the new name")
    _on_one(own, "trash", "move an adapter to the trash", trash)
    _on_one(own, "restore", "restore an adapter from the trash", restore)

    exported = _on_one(own, "export", "export an adapter as a ZIP file", export)
    exported.add_argument("folder", help="where to put the file")
    exported.add_argument(
        "--layout",
        metavar="TOOL",
        help="tool it is for, such as diffusers or kohya (default: as it is)",
    )

    published = _on_one(own, "publish", "upload an adapter to Hugging Face", publish)
    published.add_argument("repository", help="owner/name of a private repository, created if needed")

    part = _on_one(
        own, "use-in-part", "allow an adapter on base models that lack some of its layers", use_in_part
    )
    part.add_argument("--undo", action="store_true", help="no longer allow that")

    _add_combine(commands)


def _on_one(own: Any, name: str, help: str, run: Any) -> argparse.ArgumentParser:
    parser = command(own, name, help)
    parser.add_argument("adapter", help="ID of the adapter, from: adapters list")
    parser.set_defaults(run=run)
    return parser


def _add_combine(commands: Any) -> None:
    parser = command(commands, "combine", "combine several adapters into one, or shrink one")
    parser.add_argument("mix", nargs="+", metavar=WORD, help="as render --mix, without @")
    parser.add_argument("--name", required=True, help="name of the new adapter")
    parser.add_argument(
        "--method", choices=METHODS, default="svd", help="how to combine them, see below (default: svd)"
    )
    parser.add_argument("--rank", type=int, help="rank of the new adapter (default: the largest in the mix)")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    rows = [fill(f"{row.id:9}{row.help}", 78, subsequent_indent=" " * 11, initial_indent="  ")
            for row in METHODS.values()]  # fmt: skip
    parser.epilog = "\n".join(["methods:", *rows, "", "For project, the first adapter is the product."])
    parser.set_defaults(run=combine)


def _store() -> Any:
    from lorakit.store.store import Store

    return Store()


def list_all(options: argparse.Namespace) -> int:
    """List the adapters, or those in the trash."""
    if options.trash:
        for name in _store().trashed():
            print(name)
        return 0
    for entry in _store().list():
        rank, takes = f"rank {entry.rank}", size(entry.size_bytes)
        print(f"{entry.slug:32} {entry.kind:6} {rank:9} {takes:>9}  {entry.trigger}".rstrip())
    return 0


def add_one(options: argparse.Namespace) -> int:
    """Add an adapter."""
    print(f"added as {_store().add(options.source, options.name).slug}")
    return 0


def show(options: argparse.Namespace) -> int:
    """Print an adapter's card."""
    print(json.dumps(_store().get(options.adapter).card, indent=2, ensure_ascii=False))
    return 0


def rename(options: argparse.Namespace) -> int:
    """Give an adapter another name."""
    print(f"renamed to {_store().rename(options.adapter, options.name).slug}")
    return 0


def trash(options: argparse.Namespace) -> int:
    """Move an adapter to the trash."""
    name = _store().trash(options.adapter)
    print(f"{options.adapter} is in the trash; adapters restore {name} brings it back")
    return 0


def restore(options: argparse.Namespace) -> int:
    """Bring an adapter back from the trash."""
    print(f"restored as {_store().restore(options.adapter).slug}")
    return 0


def export(options: argparse.Namespace) -> int:
    """Write an adapter as a ZIP file."""
    print(_store().export(options.adapter, options.folder, options.layout))
    return 0


def publish(options: argparse.Namespace) -> int:
    """Upload an adapter."""
    print(_store().publish(options.adapter, options.repository))
    return 0


def use_in_part(options: argparse.Namespace) -> int:
    """Allow an adapter on a base model that has only some of its layers, or no longer."""
    name = _store().use_in_part(options.adapter, not options.undo).name
    if options.undo:
        print(f"{name} can only be used on a base model that has all its layers")
    else:
        print(f"{name} can be used on a base model that has only some of its layers; --undo takes this back")
    return 0


def combine(options: argparse.Namespace) -> int:
    """Make one adapter of a mix, or a smaller one of one adapter."""
    from lorakit.jobs.kinds.combine import keep
    from lorakit.lora.combine import combine as combined

    if options.rank is not None and not METHODS[options.method].ranked:
        raise LoraKitError(
            f"--rank: {options.method} keeps all ranks; leave it out, or choose another --method"
        )
    mix = mix_of(options.mix)
    if options.method == "project" and len(mix) < 2:
        raise LoraKitError("project protects the first adapter (the product) from the others: add one more")
    made = combined(mix, options.method, options.rank)
    made.card.name = options.name
    entry, scores = keep(made), made.card.scores["combined"]
    share = effect_kept(scores["error"])
    print(f"{entry.slug}: rank {entry.rank}, {size(entry.size_bytes)}, {share:.1%} kept")
    for name, share in scores.get("removed", {}).items():
        print(f"{share:.0%} of {name} was removed to protect {next(iter(mix)).name}")
    return 0
