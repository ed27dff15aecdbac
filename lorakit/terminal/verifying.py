"""verify: what made an image, and whether its signature holds."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lorakit.errors import DataError
from lorakit.terminal.options import command

if TYPE_CHECKING:
    from lorakit.generation.pictures.verifying import Verification

EXIT = "Ends with 1 when an image was changed after signing, has an expired signature, or can't be read."


def add(commands: Any) -> None:
    """Add verify."""
    parser = command(commands, "verify", "show what made an image, and whether its signature holds")
    parser.add_argument("images", nargs="+", metavar="IMAGE", type=Path, help="a PNG, JPEG or WebP file")
    parser.epilog = EXIT
    parser.set_defaults(run=verify)


def verify(options: argparse.Namespace) -> int:
    """Show each image's record and signature; 1 when there is a problem with one."""
    from lorakit.generation.pictures.verifying import verify as verified

    wrong = False
    for path in options.images:
        try:
            found = verified(path)
        except DataError as error:
            print(f"error: {error}", file=sys.stderr)
            wrong = True
            continue
        print(_printable(path.name))
        for line in _lines(found):
            print(f"  {_printable(line)}")
        wrong = wrong or bool(found.problems)
    return 1 if wrong else 0


def _lines(found: "Verification") -> Iterator[str]:
    by = f"signed by {found.signed_by or 'an unnamed signer'}"
    signature = {None: "not signed", True: f"{by}: the signature holds", False: f"{by}: tampered with"}
    yield signature[found.holds]
    yield from found.problems
    if (record := found.record) is None:
        yield "no record of what made it"
        return
    yield f"made by LoraKit Studio {record.version} with {record.base} on {record.created}"
    for one in record.adapters:
        yield f"adapter {one.get('name')} {one.get('weight')}, SHA-256 {one.get('sha256')}"
    if record.product:
        yield f"the product's own pixels, from cut-out {record.product.get('cut')}"
    yield f"seed {record.seed}, {record.steps} steps, guidance {record.guidance}"
    yield f"prompt: {record.prompt}"


def _printable(text: str) -> str:
    # A stranger's record must not steer the terminal.
    return "".join(sign if sign.isprintable() else " " for sign in text)
