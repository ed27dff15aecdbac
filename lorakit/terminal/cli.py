"""The command line: what the tabs do, without the app."""

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from lorakit import __version__, workspace
from lorakit.errors import LoraKitError
from lorakit.lora.mix_syntax import EXPLAINED, METHODS, WORD
from lorakit.terminal import commands
from lorakit.training.recipe import Recipe


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit code: 1, with one sentence on stderr, for an error one can mend."""
    options = _parser().parse_args(arguments)
    try:
        workspace.redirect_caches()
        return options.run(options) or 0
    except LoraKitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (OSError, MemoryError) as error:
        from lorakit.jobs.run import in_words

        print("error: {error} {advice}".format(**in_words(error)), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(commands.CONTINUE, file=sys.stderr)
        return commands.STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lorakit", description="Train, mix and use LoRA adapters."
    )
    parser.add_argument("--version", action="version", version=__version__)
    add = parser.add_subparsers(required=True, metavar="command").add_parser

    train = add("train", help="train an adapter on photos, or run a job folder")
    train.add_argument("source", help="a folder or zip of photos, or a job folder")
    train.add_argument("--trigger", default="", help="the made-up name that calls the product")
    _training_options(train, "image", "starter-image")
    train.add_argument("--class-photos", metavar="FOLDER", help="other things of the product's kind")
    train.set_defaults(run=commands.train)

    voice = add("voice", help="train a brand voice on texts")
    voice.add_argument("source", help="a csv, xlsx, txt, md, html, docx, json or jsonl file")
    _encoding_option(voice)
    _training_options(voice, "text", "starter-text")
    voice.set_defaults(run=commands.voice)

    caption = add("caption", help="let a model describe the photos that have no caption")
    caption.add_argument("folder", help="of photos")
    caption.add_argument("--model", help="a captioning model: a folder or owner/name[@revision]")
    caption.add_argument(
        "--out", type=Path, help="the table of captions (default: captions.jsonl beside them)"
    )
    caption.set_defaults(run=commands.caption)

    render = add("render", help="render a campaign")
    _base_options(render, "starter-image")
    render.add_argument(
        "--mix", nargs="*", action="append", metavar=WORD,
        help=f"{EXPLAINED.replace('%', '%%')}; give --mix several times to compare on the same seeds",
    )  # fmt: skip
    render.add_argument("--scenes", nargs="+", required=True, metavar="TEXT")
    render.add_argument("--formats", nargs="+", default=["1:1"])
    render.add_argument("--seeds", type=int, default=1, help="pictures of each scene and format")
    render.add_argument("--steps", type=int)
    render.add_argument("--guidance", type=float)
    render.add_argument("--negative", default="")
    render.add_argument("--out", type=Path, required=True)
    render.add_argument("--zip", action="store_true", help="also write a zip and a contact sheet")
    render.set_defaults(run=commands.render)

    write = add("write", help="write copy")
    write.add_argument("product", nargs="?", default="")
    write.add_argument(
        "--catalogue", type=Path, metavar="FILE",
        help="a csv, tsv, xlsx, json or jsonl file with one brief per row, and its voice",
    )  # fmt: skip
    _encoding_option(write)
    write.add_argument("--out", type=Path, help="the table that a catalogue becomes (csv)")
    _base_options(write, "starter-text")
    write.add_argument("--voice", nargs="*", default=[], metavar=WORD, help="as --mix of render, without @")
    for name in ("facts", "audience", "tone", "language", "name"):
        write.add_argument(f"--{name}", default="")
    write.add_argument("--channel", default="instagram-caption")
    write.add_argument("--variants", type=int, default=3)
    write.add_argument("--seed", type=int, default=0)
    write.set_defaults(run=commands.write)

    _store_commands(add)

    _workspace_commands(add)
    return parser


def _workspace_commands(add: Any) -> None:
    listed = add("jobs", help="list jobs, or cancel one")
    listed.add_argument("--cancel", metavar="ID")
    listed.set_defaults(run=commands.jobs)

    add("worker", help="run jobs until stopped").set_defaults(run=commands.worker)
    clean = add("clean", help="remove old uploads, downloads, checkpoints and temporary files")
    clean.add_argument("--dry-run", action="store_true", help="only list what would go")
    clean.set_defaults(run=commands.clean)
    add("doctor", help="say what this machine and workspace have").set_defaults(run=commands.doctor)


def _store_commands(add: Any) -> None:
    combine = add("combine", help="make one adapter of several, or a smaller one of one")
    combine.add_argument("mix", nargs="+", metavar=WORD, help="as --mix of render, without @")
    combine.add_argument("--name", required=True, help="of the new adapter")
    combine.add_argument(
        "--method", choices=METHODS, default="svd",
        help="concat: exact, and large; svd: the nearest of one rank; ties: what most agree on; dare: a "
        "random half of each; project: the first adapter is the product, and the others give way "
        "where they meet it",
    )  # fmt: skip
    combine.add_argument("--rank", type=int, help="of the new adapter (default: the largest in the mix)")
    combine.set_defaults(run=commands.combine)

    adapters = add("adapters", help="list the store, or change what is in it")
    adapters.add_argument("--add", metavar="FILE", help="a .safetensors file, a folder, a zip or a hub id")
    adapters.add_argument("--name", help="for --add")
    adapters.add_argument("--show", metavar="ADAPTER", help="print its card")
    adapters.add_argument("--rename", nargs=2, metavar=("ADAPTER", "NAME"))
    adapters.add_argument(
        "--in-part", metavar="ADAPTER", help="use it also on a base that has only some of its layers"
    )
    adapters.add_argument("--in-full", metavar="ADAPTER", help="undo --in-part")
    adapters.add_argument("--trash", metavar="ADAPTER")
    adapters.add_argument("--restore", metavar="ADAPTER")
    adapters.add_argument("--export", nargs=2, metavar=("ADAPTER", "FOLDER"), help="write it as a zip")
    adapters.add_argument("--publish", nargs=2, metavar=("ADAPTER", "OWNER/NAME"), help="upload it, private")
    adapters.add_argument("--layout", choices=("diffusers", "peft", "kohya"), help="for --export")
    adapters.set_defaults(run=commands.adapters)


def _encoding_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--encoding", metavar="NAME", help="of the file's text, such as cp1251 (default: detected)"
    )


def _base_options(parser: argparse.ArgumentParser, base: str) -> None:
    parser.add_argument(
        "--base", default=base, help="a starter, a folder, a .safetensors file, or owner/name[@revision]"
    )
    parser.add_argument("--quantize", choices=["nf4"], help="keep its weights in 4 bits")
    parser.add_argument(
        "--offload", action="store_true", help="let its blocks wait in the host's memory: slow, but it fits"
    )


def _training_options(parser: argparse.ArgumentParser, kind: str, base: str) -> None:
    _base_options(parser, base)
    parser.add_argument("--name", default="")
    parser.add_argument(
        "--restart", action="store_true", help="forget what an earlier, stopped run has learned"
    )
    parser.add_argument("--out", type=Path, help="the adapter's folder (default: the store)")
    parser.add_argument("--max-seconds", type=float, help="stop in time, to be continued by the same command")
    parser.add_argument("--preset", help="quick, balanced, ... (default: the base's first)")
    for setting in fields(Recipe):
        if kind in setting.metadata["kinds"]:
            unit = f" [{setting.metadata['unit']}]" if setting.metadata["unit"] else ""
            parser.add_argument(
                f"--{setting.name.replace('_', '-')}",
                dest=f"recipe_{setting.name}",
                metavar="VALUE",
                help=setting.metadata["help"].replace("%", "%%") + unit,
            )
