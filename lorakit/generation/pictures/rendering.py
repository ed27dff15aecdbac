"""One run of a campaign: pictures in batches of equal size, each written as soon as it is drawn.

The batches are cut from the plan, whatever is there already: products of another batch size round
differently, and a picture would depend on what else was missing when it was drawn. So a batch of which one
picture is missing is drawn whole, and only that picture is written. What was added to a plan later has
batches of its own. A batch that fails is halved until the picture to blame is found; the others go on.
"""

import errno
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import torch
from PIL import Image

from lorakit import durable, events
from lorakit.errors import LoraKitError, is_device_lost, is_out_of_memory
from lorakit.generation.pictures.folding import Folding
from lorakit.generation.pictures.plan import Shot
from lorakit.generation.pictures.provenance import Provenance, public_name, save_image
from lorakit.generation.pictures.request import Request
from lorakit.generation.pictures.results import IMAGES, MANIFEST, stamp
from lorakit.lora.live import forget

PROMPTS_AT_ONCE = 64  # text embeddings held at a time: about 256 MB for FLUX
# Pixels rendered at once; halved whenever memory runs out. On a CPU more brings nothing.
PIXELS_AT_ONCE = {"cpu": 8 * 17_000, "cuda": 4 * 1024 * 1024, "mps": 1024 * 1024}
MAX_BATCH = 32
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


class Stopped(Exception):
    """Raised between two sampling steps to leave the sampler."""


@dataclass(frozen=True)
class Render:
    """One picture the base has to draw with one mix, and the shots that are delivered from it.

    `round` is the edit of the plan that asked for it.
    """

    round: int
    mix: int
    prompt: str
    width: int
    height: int
    seed: int
    shots: tuple[Shot, ...]


class Run:
    """One run: the renders of the plan in batches of equal size, less the batches that are complete."""

    def __init__(self, request: Request, emit: events.Emit, stop: Any, between: Any, entries: dict[str, Any]):
        self.request, self.entries = request, entries
        self.emit, self.stop, self.between = emit, stop, between
        self.done = len(entries)
        self.pixels = PIXELS_AT_ONCE.get(request.base.device.type, PIXELS_AT_ONCE["mps"])
        self.embedded: dict[tuple[int, str], dict[str, torch.Tensor]] = {}
        self.folding = Folding(request.base, {}, 0)
        self.negatives: dict[int, dict[str, torch.Tensor]] = {}

    def go(self) -> None:
        renders = _renders(self.request.plan, self.request.rounds)
        texts = sorted(dict.fromkeys(map(self._text, renders)), key=lambda text: text[0])
        for start in range(0, len(texts), PROMPTS_AT_ONCE):
            some = texts[start : start + PROMPTS_AT_ONCE]
            together = set(some)
            group = [render for render in renders if self._text(render) in together]
            if not any(map(self._missing, group)):
                continue
            self._read(some, start, len(texts))
            ready = [render for render in group if self._text(render) in self.embedded]
            # One mix after the other: each is put onto the base once, not once a batch.
            for key in sorted({(render.round, render.mix) for render in ready}):
                self._render_all([render for render in ready if (render.round, render.mix) == key])

    def _missing(self, render: Render) -> list[Shot]:
        """The shots of a render that are still to be delivered."""
        return [shot for shot in render.shots if shot.id not in self.entries]

    def _text(self, made: "Render | Shot") -> tuple[int, str]:
        """What an embedding depends on: the prompt, and the mix when it reaches the text encoders."""
        return self.request.words_mix(made.mix), made.prompt

    def _read(self, texts: list[tuple[int, str]], start: int, total: int) -> None:
        """Embeddings of `texts`, each made alone so that it does not depend on the others."""
        request = self.request
        self.embedded = {}
        for number, text in enumerate(texts):
            self._check_stop()
            self.emit(events.Phase("Preparing prompts", start + number, total).row())
            mix, prompt = text
            try:
                with request.mixed_words(mix):
                    if mix not in self.negatives:
                        self.negatives[mix] = request.family.encode_prompts(request.base, [request.negative])
                    self.embedded[text] = request.family.encode_prompts(request.base, [prompt])
            except Exception as error:
                self._failed(
                    [s for s in request.plan if self._text(s) == text and s.id not in self.entries],
                    _in_words(error),
                )

    def _render_all(self, renders: list[Render]) -> None:
        sizes: dict[tuple[int, int], list[Render]] = {}
        for render in renders:
            sizes.setdefault((render.width, render.height), []).append(render)
        if not any(map(self._missing, renders)):
            return
        mix = self.request.drawing_mix(renders[0].mix)
        self.folding = Folding(self.request.base, mix, len(renders))
        try:
            self._render_sizes(sizes)
        finally:
            self.folding.end()

    def _render_sizes(self, sizes: dict[tuple[int, int], list[Render]]) -> None:
        for (width, height), group in sizes.items():
            waiting = group
            while waiting:
                count = max(1, min(MAX_BATCH, self.pixels // (width * height), len(waiting)))
                batch, waiting = waiting[:count], waiting[count:]
                if not any(map(self._missing, batch)):
                    continue
                self._check_stop()
                self._progress()
                self._safely(batch)
                if self.between is not None:
                    self.between()
        self._progress()

    def _progress(self) -> None:
        total = len(self.request.plan)
        self.emit(events.Phase("Rendering", self.done, total).row())

    def _safely(self, batch: list[Render]) -> None:
        """Render a batch; when it fails, halves of it, down to the one render that is to blame."""
        begun = time.monotonic()
        try:
            images, trouble = self._sample(batch), ""
        except Exception as error:
            # With the device lost nothing more can be drawn here: the supervisor starts another process.
            if isinstance(error, Stopped) or is_device_lost(error):
                raise
            images, trouble = [], _in_words(error)
            if is_out_of_memory(error):
                self.pixels = max(1, self.pixels // 2)
        # Out here the error is gone, and with it its traceback, which held the tensors of the failed batch.
        if trouble:
            forget(self.request.base.model)
            if len(batch) == 1:
                self._failed(self._missing(batch[0]), trouble)
                return
            half = len(batch) // 2
            self._safely(batch[:half])
            self._safely(batch[half:])
            return
        seconds = (time.monotonic() - begun) / len(batch)
        for render, image in zip(batch, images, strict=True):
            for shot in (missing := self._missing(render)):
                self._deliver(shot, image, seconds / len(missing))

    def _sample(self, batch: list[Render]) -> list[Image.Image]:
        request, first = self.request, batch[0]
        rows = [self.embedded[self._text(render)] for render in batch]
        conditioning = {key: torch.cat([row[key] for row in rows]) for key in rows[0]}
        negative = self.negatives[request.words_mix(first.mix)]
        with torch.no_grad(), self.folding.on():
            return request.family.sample(
                request.base, conditioning, negative, first.width, first.height,
                [render.seed for render in batch], request.steps, request.guidance,
                on_step=lambda number: self._check_stop(),
            )  # fmt: skip

    def _deliver(self, shot: Shot, image: Image.Image, seconds: float) -> None:
        out, output = self.request.out, shot.output
        path = out / IMAGES / f"{shot.file_name}.{self.request.file_type}"
        try:
            save_image(self.request.delivered(image, shot), path, self._provenance(shot), output.dpi)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in FULL:
                raise
            self._failed([shot], _in_words(error))
            return
        entry = {
            **shot.to_dict(), "path": f"{IMAGES}/{path.name}", "width": output.width,
            "height": output.height, **stamp(path), "seconds": round(seconds, 3),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }  # fmt: skip
        durable.append_line(out / MANIFEST, entry)
        self.entries[shot.id] = entry
        self.done += 1
        total = len(self.request.plan)
        self.emit(events.Image(shot.id, str(path), self.done, total).row())

    def _failed(self, shots: Iterable[Shot], error: str) -> None:
        for shot in shots:
            entry = {**shot.to_dict(), "error": error}
            durable.append_line(self.request.out / MANIFEST, entry)
            self.entries[shot.id] = entry
            text = f"{shot.scene[:80]}, {shot.output.name}, seed {shot.seed}: {error}"
            self.emit(events.Note(shot.id, text, error).row())

    def _provenance(self, shot: Shot) -> Provenance:
        request = self.request
        return Provenance(
            prompt=shot.prompt, negative=request.negative, seed=shot.seed,
            base=public_name(request.base.source),
            adapters=request.adapters[shot.mix], steps=request.steps, guidance=request.guidance,
            size=(shot.render_width, shot.render_height), product=request.standing(shot),
        )  # fmt: skip

    def _check_stop(self) -> None:
        if self.stop():
            raise Stopped


def _renders(shots: Iterable[Shot], rounds: Mapping[str, int]) -> list[Render]:
    """Group shots that differ only in how the same render is delivered."""
    groups: dict[tuple[int, int, str, int, int, int], list[Shot]] = {}
    for shot in shots:
        key = rounds[shot.id], shot.mix, shot.prompt, shot.render_width, shot.render_height, shot.seed
        groups.setdefault(key, []).append(shot)
    return [Render(*key, tuple(group)) for key, group in groups.items()]


def _in_words(error: Exception) -> str:
    if is_out_of_memory(error):
        return "out of memory; close other programs, or load the base model in 4-bit (quantize='nf4')"
    if isinstance(error, LoraKitError):
        return str(error)
    first_line = (str(error).strip().splitlines() or [""])[0][:200]
    return f"it could not be generated ({type(error).__name__}: {first_line})"
