"""What several commands take: how a command is added, the base model, and an encoding."""

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lorakit.families import Base


def command(add: Any, name: str, help: str) -> argparse.ArgumentParser:
    """A new command of `add`, the object that `add_subparsers` returned; its own page begins with `help`."""
    parser: argparse.ArgumentParser = add.add_parser(
        name, help=help, description=f"{help[0].upper()}{help[1:]}."
    )
    return parser


def add_base(parser: argparse.ArgumentParser, base: str) -> None:
    """The base model, and how it is loaded."""
    group = parser.add_argument_group("base model")
    group.add_argument(
        "--base", metavar="MODEL", default=base,
        help="a starter model, a folder, a .safetensors file or a Hugging Face ID (owner/name[@revision]); "
        "default: %(default)s",
    )  # fmt: skip
    group.add_argument("--quantize", choices=["nf4"], help="load its weights in 4-bit")
    group.add_argument(
        "--offload", action="store_true", help="offload it to system memory: slower, but fits small GPUs"
    )


def load_base(options: argparse.Namespace) -> "Base":
    """The base model that the options name."""
    from lorakit import families

    return families.load_base(options.base, quantize=options.quantize, offload=options.offload)


def add_encoding(parser: argparse._ActionsContainer) -> None:
    """The encoding of a text file."""
    parser.add_argument(
        "--encoding", metavar="NAME", help="encoding of the file's text, such as cp1251 (default: detected)"
    )
