"""write: copy for one brief, or for a table of them."""

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

from lorakit.errors import LoraKitError
from lorakit.lora.mix_syntax import WORD
from lorakit.terminal.mix_argument import mix_of, voices_of
from lorakit.terminal.options import add_base, add_encoding, command, load_base
from lorakit.terminal.progress import Teller
from lorakit.terminal.stopping import stoppable, stopped

BRIEF = (
    ("facts", "facts to use (separate with ;)"),
    ("audience", "who it is for"),
    ("tone", "such as: warm, to the point"),
    ("language", "such as: German (default: the base model's choice)"),
    ("name", "the brand, if the product's name doesn't say it"),
)


def add(commands: Any) -> None:
    """Add write."""
    parser = command(commands, "write", "write copy for a product, or for a table of briefs")
    parser.add_argument("product", nargs="?", default="", help="what to write about")
    parser.add_argument(
        "--voice", nargs="*", default=[], metavar=WORD, help="voices to use, as render --mix, without @"
    )
    for name, help in BRIEF:
        parser.add_argument(f"--{name}", metavar="TEXT", default="", help=help)
    parser.add_argument(
        "--channel", default="instagram-caption",
        help="where it goes, such as email or google-headline (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--variants", metavar="COUNT", type=int, default=3, help="default: 3")
    parser.add_argument("--seed", metavar="NUMBER", type=int, default=0, help="default: 0")
    table = parser.add_argument_group("a table of briefs")
    table.add_argument(
        "--catalogue", type=Path, metavar="FILE",
        help="CSV, TSV, XLSX, JSON or JSONL, one brief per row, optionally with a voice",
    )  # fmt: skip
    add_encoding(table)
    table.add_argument("--out", metavar="FILE", type=Path, help="output CSV for --catalogue")
    add_base(parser, "starter-text")
    parser.set_defaults(run=write)


def write(options: argparse.Namespace) -> int:
    """Write copy."""
    from lorakit.generation.copy.writing import Brief, write_copy

    if options.catalogue:
        return _write_catalogue(options)
    if not options.product:
        raise LoraKitError("no product: say what the copy is for, or give a table of briefs with --catalogue")
    brief = Brief(**{setting.name: getattr(options, setting.name) for setting in fields(Brief)})
    base, mix = load_base(options), mix_of(options.voice)
    for copy in write_copy(base, mix, brief, options.variants, options.seed):
        note = f", {copy.note}" if copy.note else ""
        print(f"{copy.text}\n[{copy.characters} of {copy.limit} characters{note}]\n")
    return 0


def _write_catalogue(options: argparse.Namespace) -> int:
    """Write copy for every row of a table, each in its own voice."""
    from lorakit.generation.copy import catalogue

    briefs, own = catalogue.read_briefs(options.catalogue, options.encoding), options.voice
    for finding in briefs.findings:
        print(f"{finding.severity}: {finding}")
    lines, opened = _with_voices(options.catalogue, briefs.lines, own)
    out = options.out or options.catalogue.with_name(f"{options.catalogue.stem}-copy.csv")
    base = load_base(options)
    with stoppable() as stop:
        done = catalogue.run(
            base, lines, lambda words: opened[" ".join(words)], out, options.variants, options.seed,
            on_event=Teller(), should_stop=stop,
        )  # fmt: skip
    print(f"copy for {done} of {len(lines)} {'brief' if len(lines) == 1 else 'briefs'} is in {out}")
    return stopped() if done < len(lines) else 0


def _with_voices(path: Path, lines: list[Any], own: list[str]) -> tuple[list[Any], dict[str, Any]]:
    """The rows whose voice can be opened, and these voices; the others are named.

    Raises LoraKitError when none can.
    """
    from lorakit.generation.copy.catalogue import not_written, refusal

    opened: dict[str, Any] = {}
    refused = []
    for voice in dict.fromkeys(line.voice for line in lines):
        try:
            opened[voice] = voices_of(voice.split() or own)
        except LoraKitError as error:
            if not voice:
                raise
            refused += [
                not_written(path.name, line.place, str(error)) for line in lines if line.voice == voice
            ]
    for finding in refused:
        print(f"{finding.severity}: {finding}")
    if len(refused) == len(lines):
        raise LoraKitError(f"{path.name}: {refusal(refused)}")
    return [line for line in lines if line.voice in opened], opened
