"""train, voice and caption: adapters from photos and texts, and captions for photos."""

import argparse
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from lorakit import workspace
from lorakit.errors import LoraKitError
from lorakit.families.sources import vocabulary_of
from lorakit.terminal.job_folder import run_folder
from lorakit.terminal.options import add_base, add_encoding, command, load_base
from lorakit.terminal.progress import Teller
from lorakit.terminal.settings import add_settings, recipe_of
from lorakit.terminal.stopping import stoppable, stopped
from lorakit.training.recipe import Recipe


def add(commands: Any) -> None:
    """Add train, voice and caption."""
    parser = command(commands, "train", "train an adapter on photos, or run a job folder")
    parser.usage = "%(prog)s [options] source"
    parser.add_argument("source", help="a folder or ZIP file of photos, or a job folder")
    parser.add_argument(
        "--trigger", metavar="WORDS", default="", help="trigger words: a made-up product name"
    )
    parser.add_argument("--name", default="", help="name of the adapter (default: the trigger words)")
    parser.add_argument(
        "--class-photos", metavar="FOLDER", help="photos of similar products, used as class images"
    )
    _add_training(parser, "image", "starter-image")
    parser.set_defaults(run=train)

    parser = command(commands, "voice", "train a brand voice on texts")
    parser.usage = "%(prog)s [options] source"
    parser.add_argument(
        "source", help="a CSV, TSV, XLSX, TXT, MD, HTML, EML, DOCX, JSON or JSONL file of texts"
    )
    parser.add_argument("--name", default="", help="name of the voice (default: the file's name)")
    add_encoding(parser)
    _add_training(parser, "text", "starter-text")
    parser.set_defaults(run=voice)

    parser = command(commands, "caption", "caption photos that have none, with a captioning model")
    parser.add_argument("folder", help="a folder of photos")
    parser.add_argument("--model", help="a captioning model: a folder or owner/name[@revision]")
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="where to write them (default: captions.jsonl in the folder)",
    )
    parser.set_defaults(run=caption)


def _add_training(parser: argparse.ArgumentParser, kind: str, base: str) -> None:
    parser.add_argument(
        "--out", metavar="FOLDER", type=Path, help="folder for the adapter (default: among your adapters)"
    )
    parser.add_argument("--restart", action="store_true", help="start over instead of resuming a stopped run")
    parser.add_argument(
        "--max-seconds", metavar="SECONDS", type=float,
        help="stop after this many seconds; the same command resumes",
    )  # fmt: skip
    add_base(parser, base)
    add_settings(parser, kind)


def train(options: argparse.Namespace) -> int:
    """Train on photos, or run a job folder."""
    if (Path(options.source) / "spec.json").is_file():
        return run_folder(Path(options.source), options.max_seconds)
    from lorakit.data.photos.sets import PhotoSet

    recipe = recipe_of(options, "image")
    source, trigger = Path(options.source), options.trigger or options.name
    if not trigger:
        raise LoraKitError("--trigger is missing: give a made-up product name, such as 'aurora bottle'")
    if source.suffix.lower() == ".zip":
        photos = PhotoSet.from_zip(source, trigger, workspace.uploads_folder() / source.stem)
    else:
        photos = PhotoSet.from_folder(source, trigger)
    for finding in photos.report().findings:
        print(f"{finding.severity}: {finding}")
    of_class = PhotoSet.from_folder(options.class_photos, "") if options.class_photos else None
    return _learn(options, photos, recipe, options.name or trigger, of_class)


def voice(options: argparse.Namespace) -> int:
    """Train a brand voice on texts."""
    from lorakit.data.texts.sets import TextSet

    recipe = recipe_of(options, "text")
    texts = TextSet.from_file(options.source, options.encoding)
    for finding in texts.report(vocabulary_of(options.base)).findings:
        print(f"{finding.severity}: {finding}")
    count = len(texts.samples)
    print(f"{count} {'text is' if count == 1 else 'texts are'} ready")
    return _learn(options, texts, recipe, options.name or Path(options.source).stem)


def _learn(options: argparse.Namespace, data: Any, recipe: Recipe, name: str, of_class: Any = None) -> int:
    from lorakit.families.numbers import check_trains, default_device
    from lorakit.training import train as learn

    check_trains(default_device())
    out = options.out or _place_for(name)
    with stoppable() as stop:
        try:
            result = learn(
                load_base(options), data, recipe, out,
                resume=not options.restart, on_event=Teller(), should_stop=stop, name=name,
                max_seconds=options.max_seconds, class_photos=of_class,
            )  # fmt: skip
        finally:
            with suppress(OSError):  # the reserved name, when nothing came of it
                out.rmdir()
    if result.stopped:
        return stopped()
    print(json.dumps(result.summary, indent=2))
    print(f"adapter: {result.folder}")
    return 0


def _place_for(name: str) -> Path:
    """A free folder among the adapters, or that of a stopped training of this name, to resume it."""
    from lorakit.store.entries import WEIGHTS
    from lorakit.store.store import Store, slug_of

    store, same = Store(), re.compile(rf"{re.escape(slug_of(name))}(-\d+)?")
    for folder in sorted(store.folder.iterdir()) if store.folder.is_dir() else []:
        trained = any((folder / weights).exists() for weights in WEIGHTS)
        if same.fullmatch(folder.name) and (folder / ".training").is_dir() and not trained:
            return folder
    return store.folder / store.reserve(name)


def caption(options: argparse.Namespace) -> int:
    """Describe the photos of a folder that have no caption, in its captions.jsonl."""
    from lorakit.data.photos.sets import PhotoSet
    from lorakit.families.captioner import load_captioner
    from lorakit.jobs.kinds.caption import MODEL, OUT, configured, propose

    source = options.model or configured()
    if not source:
        raise LoraKitError(
            f"--model is missing: give a captioning model's folder or Hugging Face ID, or set {MODEL}"
        )
    photos, out = PhotoSet.from_folder(options.folder, ""), options.out or Path(options.folder) / OUT
    if all(photo.written for photo in photos.photos):
        print("every photo has a caption already")
        return 0
    model = load_captioner(source)
    with stoppable() as stop:
        done = propose(photos.photos, model.describe, out, Teller(), stop)
        if stop():
            return stopped()
    captions = "1 caption is" if done == 1 else f"{done} captions are"
    print(f"{captions} in {out}; read and correct them before you train")
    return 0
