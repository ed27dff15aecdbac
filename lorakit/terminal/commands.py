"""What each command of the command line does. Whatever needs torch is imported when its command runs."""

import argparse
import json
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from lorakit import workspace
from lorakit.errors import LoraKitError
from lorakit.families.sources import STARTERS, vocabulary_of
from lorakit.terminal.mix_argument import mix_of, voices_of
from lorakit.terminal.progress import Teller
from lorakit.training import processes
from lorakit.training.presets import from_preset, presets_for
from lorakit.training.recipe import Recipe
from lorakit.units import size

STOPPED = 130  # the exit code of a command that Ctrl-C ended
CONTINUE = "stopped; run the same command again to continue"


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """A question that turns true at Ctrl-C or SIGTERM, to end at a step; the second time ends at once."""
    asked = False

    def ask(*_: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        print("stopping after this step", file=sys.stderr, flush=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _recipe(options: argparse.Namespace, kind: str) -> Recipe:
    types = {setting.name: setting.type for setting in fields(Recipe)}
    changes = {
        name.removeprefix("recipe_"): _parsed(types[name.removeprefix("recipe_")], value)
        for name, value in vars(options).items()
        if name.startswith("recipe_") and value is not None
    }
    preset = options.preset or presets_for(kind, options.base)[0].id
    return from_preset(preset, kind, options.base in STARTERS, **changes)


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


def train(options: argparse.Namespace) -> int:
    """Train on photos, or run a job folder."""
    if (Path(options.source) / "spec.json").is_file():
        return _run_folder(Path(options.source), options.max_seconds)
    from lorakit.data.photos.sets import PhotoSet

    source, trigger = Path(options.source), options.trigger or options.name
    if not trigger:
        raise LoraKitError(
            "--trigger is missing: give a made-up name that calls the product, such as 'aurora bottle'"
        )
    if source.suffix.lower() == ".zip":
        photos = PhotoSet.from_zip(source, trigger, workspace.uploads_folder() / source.stem)
    else:
        photos = PhotoSet.from_folder(source, trigger)
    for finding in photos.report().findings:
        print(f"{finding.severity}: {finding}")
    return _learn(options, photos, "image", options.name or trigger)


def voice(options: argparse.Namespace) -> int:
    """Train a brand voice on texts."""
    from lorakit.data.texts.sets import TextSet

    texts = TextSet.from_file(options.source, options.encoding)
    for finding in texts.report(vocabulary_of(options.base)).findings:
        print(f"{finding.severity}: {finding}")
    count = len(texts.samples)
    print(f"{count} {'text is' if count == 1 else 'texts are'} ready")
    return _learn(options, texts, "text", options.name or Path(options.source).stem)


def caption(options: argparse.Namespace) -> int:
    """Describe the photos of a folder that have no caption, in its captions.jsonl."""
    from lorakit.data.photos.sets import PhotoSet
    from lorakit.families.captioner import load_captioner
    from lorakit.jobs.kinds.caption import MODEL, OUT, configured, propose

    source = options.model or configured()
    if not source:
        raise LoraKitError(f"--model is missing: give a captioning model's folder or hub id, or set {MODEL}")
    photos, out = PhotoSet.from_folder(options.folder, ""), options.out or Path(options.folder) / OUT
    bare = sum(not photo.written for photo in photos.photos)
    if bare:
        model = load_captioner(source)
        with stoppable() as stop:
            done = propose(photos.photos, model.describe, out, Teller(), stop)
            if stop():
                print(CONTINUE, file=sys.stderr)
                return STOPPED
        print(f"{done} captions are in {out}; read and correct them before you train")
    else:
        print("every photo has a caption already")
    return 0


def _learn(options: argparse.Namespace, data: Any, kind: str, name: str) -> int:
    from lorakit.data.photos.sets import PhotoSet
    from lorakit.families.numbers import check_trains, default_device
    from lorakit.training import train as learn

    check_trains(default_device())
    folder = getattr(options, "class_photos", None)
    of_class = PhotoSet.from_folder(folder, "") if folder else None
    recipe = _recipe(options, kind)
    out = options.out or _place_for(name)
    with stoppable() as stop:
        try:
            result = learn(
                _base(options), data, recipe, out,
                resume=not options.restart, on_event=Teller(), should_stop=stop, name=name,
                max_seconds=options.max_seconds, class_photos=of_class,
            )  # fmt: skip
        finally:
            with suppress(OSError):  # the held name, when nothing came of it
                out.rmdir()
    if result.stopped:
        print(CONTINUE, file=sys.stderr)
        return STOPPED
    print(json.dumps(result.summary, indent=2))
    print(f"adapter: {result.folder}")
    return 0


def _base(options: argparse.Namespace) -> Any:
    from lorakit.families import load_base

    return load_base(options.base, quantize=options.quantize, offload=options.offload)


def _place_for(name: str) -> Path:
    """A free folder of the store, or that of a stopped training of this name, to continue it."""
    from lorakit.store.store import WEIGHTS, Store, slug_of

    store, same = Store(), re.compile(rf"{re.escape(slug_of(name))}(-\d+)?")
    for folder in sorted(store.folder.iterdir()) if store.folder.is_dir() else []:
        whole = any((folder / weights).exists() for weights in WEIGHTS)
        if same.fullmatch(folder.name) and (folder / ".training").is_dir() and not whole:
            return folder
    return store.folder / store.reserve(name)


def _run_folder(folder: Path, max_seconds: float | None = None) -> int:
    from lorakit.jobs.kinds import KINDS
    from lorakit.jobs.loaded_bases import Bases
    from lorakit.jobs.queue import open_folder
    from lorakit.jobs.run import run_job

    job = open_folder(folder)
    if job.state == "done":
        print("done already")
        return 0
    if job.cancelled:
        raise LoraKitError(
            f"{folder.name}: was cancelled; start a new job, or remove the file named cancel in it"
        )
    if processes.launched():
        share = KINDS[job.kind].share
        if share is None:
            raise LoraKitError(
                f"{job.kind} job: only a training runs on several processes; start it without launch"
            )
        if processes.join().rank:
            with stoppable() as stop:
                share(job, stop)
            return 0
    if not job.acquire():
        raise LoraKitError(f"{folder.name}: is being run by another process; wait for it, or stop that one")
    job.start()
    job.on_event = Teller()
    with stoppable() as stop:
        run_job(job, Bases(), stop, max_seconds=max_seconds)
    progress = job.progress()
    print(f"{progress.state} {progress.message}".strip())
    return {"done": 0, "interrupted": STOPPED}.get(progress.state, 1)


def render(options: argparse.Namespace) -> int:
    """Render a campaign, or what is missing of it."""
    from lorakit.generation.pictures.campaign import Campaign
    from lorakit.generation.pictures.export import contact_sheet, grid_picture, zip_campaign

    mixes = [mix_of(words, sampled=True) for words in options.mix or [[]]]
    campaign = Campaign(
        _base(options), mixes, options.scenes, options.formats, range(options.seeds),
        options.out, steps=options.steps, guidance=options.guidance, negative=options.negative,
    )  # fmt: skip
    with stoppable() as stop:
        entries = campaign.run(on_event=Teller(), should_stop=stop)
    if campaign.stopped:
        print(CONTINUE, file=sys.stderr)
        return STOPPED
    if len(campaign.mixes) > 1:
        print(grid_picture(options.out, options.out / "grid.png"))
    if options.zip:
        print(zip_campaign(options.out, options.out / "campaign.zip"))
        print(contact_sheet(options.out, options.out / "contact-sheet.png"))
    failed = sum("error" in entry for entry in entries)
    print(f"{len(entries) - failed} pictures in {options.out}" + (f", {failed} failed" if failed else ""))
    return 1 if failed else 0


def write(options: argparse.Namespace) -> int:
    """Write copy."""
    from lorakit.generation.copy.writing import Brief, write_copy

    if options.catalogue:
        return _write_catalogue(options)
    if not options.product:
        raise LoraKitError("say what the copy is for: give the product, or --catalogue FILE with many")
    brief = Brief(**{setting.name: getattr(options, setting.name) for setting in fields(Brief)})
    base, mix = _base(options), mix_of(options.voice)
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
    base = _base(options)
    with stoppable() as stop:
        done = catalogue.run(
            base, lines, lambda words: opened[" ".join(words)], out, options.variants, options.seed,
            on_event=Teller(), should_stop=stop,
        )  # fmt: skip
    print(f"{done} of {len(lines)} briefs are written in {out}")
    if done < len(lines):
        print(CONTINUE, file=sys.stderr)
        return STOPPED
    return 0


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


def combine(options: argparse.Namespace) -> int:
    """Make one adapter of a mix, or a smaller one of one adapter."""
    from lorakit.jobs.kinds.combine import keep
    from lorakit.lora.combine import combine as combined

    mix = mix_of(options.mix)
    if options.method == "project" and len(mix) < 2:
        raise LoraKitError("project keeps the first adapter, the product, from the others: name another one")
    made = combined(mix, options.method, options.rank)
    made.card.name = options.name
    entry, found = keep(made), made.card.scores["combined"]
    size = f"{entry.size_bytes / 1e6:.1f} MB"
    print(f"{entry.slug}: rank {entry.rank}, {size}, {found['error']:.2%} of the updates lost")
    product = next(iter(mix)).name
    for name, share in found.get("removed", {}).items():
        print(f"{product} stays as it is; {share:.0%} of {name} was in its way and is left out")
    return 0


def adapters(options: argparse.Namespace) -> int:
    """List the store, or change what is in it."""
    from lorakit.store.store import Store

    store = Store()
    if options.add:
        print(f"added {store.add(options.add, options.name).slug}")
    elif options.rename:
        print(f"renamed to {store.rename(*options.rename).slug}")
    elif options.in_part:
        name = store.use_in_part(options.in_part).name
        print(f"{name} may be used on a base that has only some of its layers; --in-full takes that back")
    elif options.in_full:
        print(
            f"{store.use_in_part(options.in_full, False).name} is used on a base that has all its layers only"
        )
    elif options.trash:
        store.trash(options.trash)
        print(f"{options.trash} is in the trash; --restore {options.trash} brings it back")
    elif options.restore:
        print(f"restored {store.restore(options.restore).slug}")
    elif options.export:
        print(store.export(*options.export, options.layout))
    elif options.publish:
        print(store.publish(*options.publish))
    elif options.show:
        print(json.dumps(store.get(options.show).card, indent=2, ensure_ascii=False))
    else:
        for entry in store.list():
            size = f"{entry.size_bytes / 1e6:8.1f} MB"
            print(f"{entry.slug:32} {entry.kind:6} rank {entry.rank:<4} {size}  {entry.trigger}")
    return 0


def jobs(options: argparse.Namespace) -> int:
    """List jobs, or cancel one."""
    from lorakit.jobs import queue

    if options.cancel:
        queue.get(options.cancel).cancel()
    for job in queue.list_jobs():
        progress = job.progress()
        print(f"{job.id:40} {progress.state:12} {progress.done}/{progress.total} {progress.message}")
    return 0


def worker(options: argparse.Namespace) -> int:
    """Run jobs until stopped."""
    from lorakit.jobs.worker import serve

    serve()
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Say what this machine and workspace have."""
    from lorakit.terminal.doctor import lines

    for line in lines():
        print(line)
    return 0


def clean(options: argparse.Namespace) -> int:
    """Remove what has had its time, or say what would go."""
    from lorakit.jobs import retention

    gone = retention.going() if options.dry_run else retention.sweep()
    for one in gone:
        age = f"{one.days:.0f} days"
        print(f"{one.rule.what:16} {size(one.size):>9} {age:>9}  {one.path}  ({one.rule.why})")
    total = size(sum(one.size for one in gone))
    print(f"{'would free' if options.dry_run else 'freed'} {total}" if gone else "nothing to remove")
    return 0
