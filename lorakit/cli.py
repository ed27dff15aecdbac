"""The command line: what the tabs do, without the app."""

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from lorakit import __version__, workspace
from lorakit.errors import LoraKitError
from lorakit.training.recipe import Recipe, from_preset

STARTERS = ("starter-image", "starter-text")


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit code: 1, with one sentence on stderr, for an error a person can mend."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options) or 0
    except LoraKitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run the same command again to continue", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lorakit", description="Train, mix and use LoRA adapters.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")

    train = commands.add_parser("train", help="train an adapter on photos, or run a job folder")
    train.add_argument("source", help="a folder or zip of photos, or a job folder")
    train.add_argument("--trigger", default="", help="the made-up name that calls the product")
    _training_options(train, "image", "starter-image")
    train.set_defaults(run=_train)

    voice = commands.add_parser("voice", help="train a brand voice on texts")
    voice.add_argument("source", help="a csv, txt, docx or jsonl file")
    _training_options(voice, "text", "starter-text")
    voice.set_defaults(run=_voice)

    render = commands.add_parser("render", help="render a campaign")
    render.add_argument("--base", default="starter-image")
    render.add_argument("--mix", nargs="*", default=[], metavar="ADAPTER[=WEIGHT]")
    render.add_argument("--scenes", nargs="+", required=True, metavar="TEXT")
    render.add_argument("--formats", nargs="+", default=["1:1"])
    render.add_argument("--seeds", type=int, default=1, help="pictures of each scene and format")
    render.add_argument("--steps", type=int)
    render.add_argument("--guidance", type=float)
    render.add_argument("--negative", default="")
    render.add_argument("--out", type=Path, required=True)
    render.add_argument("--zip", action="store_true", help="also write a zip and a contact sheet")
    render.set_defaults(run=_render)

    write = commands.add_parser("write", help="write copy")
    write.add_argument("product")
    write.add_argument("--base", default="starter-text")
    write.add_argument("--voice", nargs="*", default=[], metavar="ADAPTER[=WEIGHT]")
    for name in ("facts", "audience", "tone"):
        write.add_argument(f"--{name}", default="")
    write.add_argument("--channel", default="instagram-caption")
    write.add_argument("--variants", type=int, default=3)
    write.add_argument("--seed", type=int, default=0)
    write.set_defaults(run=_write)

    adapters = commands.add_parser("adapters", help="list the store, add a file, or show one adapter")
    adapters.add_argument("--add", type=Path, metavar="FILE")
    adapters.add_argument("--name")
    adapters.add_argument("--show", metavar="ADAPTER")
    adapters.set_defaults(run=_adapters)

    listed = commands.add_parser("jobs", help="list jobs, or cancel one")
    listed.add_argument("--cancel", metavar="ID")
    listed.set_defaults(run=_jobs)

    commands.add_parser("worker", help="run jobs until stopped").set_defaults(run=_worker)
    commands.add_parser("doctor", help="say what this machine and workspace have").set_defaults(run=_doctor)
    return parser


def _training_options(parser: argparse.ArgumentParser, kind: str, base: str) -> None:
    parser.add_argument("--base", default=base)
    parser.add_argument("--quantize", choices=["nf4"])
    parser.add_argument("--name", default="")
    parser.add_argument("--out", type=Path, help="the adapter's folder (default: the store)")
    parser.add_argument("--preset", help="quick, balanced, ... (default: the base's first)")
    for setting in fields(Recipe):
        if kind in setting.metadata["kinds"]:
            unit = f" [{setting.metadata['unit']}]" if setting.metadata["unit"] else ""
            parser.add_argument(f"--{setting.name.replace('_', '-')}", dest=f"recipe_{setting.name}", metavar="VALUE",
                                help=setting.metadata["help"].replace("%", "%%") + unit)  # fmt: skip


def _recipe(options: argparse.Namespace, kind: str) -> Recipe:
    types = {setting.name: setting.type for setting in fields(Recipe)}
    changes = {
        name.removeprefix("recipe_"): _parsed(types[name.removeprefix("recipe_")], value)
        for name, value in vars(options).items()
        if name.startswith("recipe_") and value is not None
    }
    from lorakit.training.recipe import presets

    starter = options.base in STARTERS
    return from_preset(options.preset or presets(kind, starter)[0].id, kind, starter, **changes)


def _parsed(type_: Any, text: str) -> Any:
    name = type_ if isinstance(type_, str) else type_.__name__
    if name == "bool":
        return text.lower() in ("1", "true", "yes", "on")
    if name == "str":
        return text
    try:
        return int(text) if name == "int" else float(text)
    except ValueError:
        return text  # the recipe says which setting is wrong


def _train(options: argparse.Namespace) -> int:
    if (Path(options.source) / "spec.json").is_file():
        return _run_folder(Path(options.source))
    from lorakit.data.photos import PhotoSet

    source, trigger = Path(options.source), options.trigger or options.name
    if not trigger:
        raise LoraKitError("--trigger is missing: give a made-up name that calls the product, such as 'aurora bottle'")
    if source.suffix.lower() == ".zip":
        photos = PhotoSet.from_zip(source, trigger, workspace.uploads_folder() / source.stem)
    else:
        photos = PhotoSet.from_folder(source, trigger)
    for finding in photos.report().findings:
        print(f"{finding.severity}: {finding}")
    return _learn(options, photos, "image", options.name or trigger)


def _voice(options: argparse.Namespace) -> int:
    from lorakit.data.texts import TextSet

    texts = TextSet.from_file(options.source)
    print(f"{len(texts.samples)} texts are ready")
    return _learn(options, texts, "text", options.name or Path(options.source).stem)


def _learn(options: argparse.Namespace, data: Any, kind: str, name: str) -> int:
    from lorakit.families import load_base
    from lorakit.store import slug_of
    from lorakit.training import train

    base = load_base(options.base, quantize=options.quantize)
    out = options.out or workspace.adapters_folder() / slug_of(name)
    result = train(base, data, _recipe(options, kind), out, on_event=_tell, name=name)
    print(json.dumps(result.summary, indent=2))
    print(f"adapter: {result.folder}")
    return 0


def _run_folder(folder: Path) -> int:
    from lorakit import jobs
    from lorakit.worker import Bases, run_job

    job = jobs.open_folder(folder)
    if not job.acquire():
        raise LoraKitError(f"{folder.name}: is being run by another process; wait for it, or stop that one")
    job.emit({"event": "started", "attempt": job.attempts + 1})
    run_job(job, Bases())
    progress = job.progress()
    print(f"{progress.state} {progress.message}".strip())
    return 0 if progress.state == "done" else 1


def _mix(pairs: list[str]) -> dict[Any, float]:
    from lorakit import formats
    from lorakit.store import Store

    mix = {}
    for pair in pairs:
        name, _, weight = pair.partition("=")
        try:
            strength = float(weight or 1)
        except ValueError as error:
            raise LoraKitError(f"{pair}: the weight is not a number; write {name}=0.8") from error
        mix[formats.load(name) if Path(name).exists() else Store().load(name)] = strength
    return mix


def _render(options: argparse.Namespace) -> int:
    from lorakit.families import load_base
    from lorakit.generation.export import contact_sheet, zip_campaign
    from lorakit.generation.runners import Campaign

    campaign = Campaign(
        load_base(options.base), _mix(options.mix), options.scenes, options.formats, range(options.seeds), options.out,
        steps=options.steps, guidance=options.guidance, negative=options.negative,
    )  # fmt: skip
    entries = campaign.run(on_event=_tell)
    if options.zip:
        print(zip_campaign(options.out, options.out / "campaign.zip"))
        print(contact_sheet(options.out, options.out / "contact-sheet.png"))
    failed = sum("error" in entry for entry in entries)
    print(f"{len(entries) - failed} pictures in {options.out}" + (f", {failed} failed" if failed else ""))
    return 1 if failed else 0


def _write(options: argparse.Namespace) -> int:
    from lorakit.families import load_base
    from lorakit.generation.copy import Brief, write_copy

    brief = Brief(options.product, options.facts, options.audience, options.channel, options.tone)
    for copy in write_copy(load_base(options.base), _mix(options.voice), brief, options.variants, options.seed):
        print(f"{copy.text}\n[{copy.characters} of {copy.limit} characters{', ' + copy.note if copy.note else ''}]\n")
    return 0


def _adapters(options: argparse.Namespace) -> int:
    from lorakit.store import Store

    store = Store()
    if options.add:
        print(f"added {store.add(options.add, options.name).slug}")
    elif options.show:
        print(json.dumps(store.get(options.show).card, indent=2, ensure_ascii=False))
    else:
        for entry in store.list():
            print(f"{entry.slug:32} {entry.kind:6} rank {entry.rank:<4} {entry.size_bytes / 1e6:8.1f} MB  {entry.trigger}")
    return 0


def _jobs(options: argparse.Namespace) -> int:
    from lorakit import jobs

    if options.cancel:
        jobs.get(options.cancel).cancel()
    for job in jobs.list_jobs():
        progress = job.progress()
        print(f"{job.id:40} {progress.state:12} {progress.done}/{progress.total} {progress.message}")
    return 0


def _worker(options: argparse.Namespace) -> int:
    from lorakit.worker import serve

    serve()
    return 0


def _doctor(options: argparse.Namespace) -> int:
    import platform
    import shutil
    from importlib.metadata import PackageNotFoundError, version

    from lorakit.families import STARTERS as BASES
    from lorakit.families import local_folder

    print(f"lorakit {__version__}, Python {platform.python_version()}")
    for package in ("torch", "diffusers", "transformers", "safetensors", "gradio", "accelerate", "bitsandbytes"):
        try:
            print(f"{package} {version(package)}")
        except PackageNotFoundError:
            print(f"{package} is missing: pip install -r requirements.txt")
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"
    print(f"device: {device}")
    home = workspace.home()
    free = shutil.disk_usage(home if home.exists() else home.parent).free
    print(f"workspace: {home} ({free / 1e9:.0f} GB free); adapters: {workspace.adapters_folder()}")
    for name in BASES:
        try:
            local_folder(name)
            print(f"{name}: ready")
        except LoraKitError as error:
            print(f"{name}: {error}")
    return 0


def _tell(event: dict[str, Any]) -> None:
    """One line of progress."""
    name = event["event"]
    left = f", about {event['seconds_left']:.0f} s left" if event.get("seconds_left") else ""
    if name == "step" and (event["step"] % 10 == 0 or event["step"] == event["total"]):
        print(f"step {event['step']} of {event['total']}, loss {event['loss']:.4f}{left}", flush=True)
    elif name == "image":
        print(f"picture {event['done']} of {event['total']}{left}: {event['path']}", flush=True)
    elif name == "preview":
        print(f"preview at step {event['step']}: {event.get('path') or event.get('text')}", flush=True)
    elif name == "held_out":
        print(f"held-out loss at step {event['step']}: {event['loss']:.4f}", flush=True)
    elif name == "note":
        print(event["text"], flush=True)
