"""The results of a campaign: images as they come, how each was made, and the files to take away."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from lorakit import workspace
from lorakit.data.photos import helpers
from lorakit.errors import LoraKitError
from lorakit.generation.pictures import results
from lorakit.generation.pictures.formats import find
from lorakit.generation.pictures.labels import of_rows, strength_in, strength_words
from lorakit.jobs import queue
from lorakit.jobs.fields import mixes_of
from lorakit.ui import visitors
from lorakit.ui.parts import compare, pictures, pieces
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates

MOST_SHOWN = 200
LONGEST = 900.0  # seconds that a ZIP or a contact sheet may take
POLL = 2.0  # seconds


@dataclass(frozen=True)
class View:
    """The campaign that is shown. `seen`: what was shown of it last."""

    job_id: gr.State
    seen: gr.State
    status: gr.HTML
    cancel: gr.Button
    compared: compare.View
    zones: gr.Checkbox
    gallery: gr.Gallery
    made: gr.HTML
    zipped: gr.Button
    sheet: gr.Button
    files: gr.File

    @property
    def reading(self) -> tuple[Any, ...]:
        """How an event reads the job: handler, inputs, outputs."""
        filled = [
            self.job_id, self.seen, self.status, self.cancel, self.zones, self.gallery, self.made,
            self.zipped, self.sheet, self.files, *self.compared.parts,
        ]  # fmt: skip
        return self.poll, [self.job_id, self.seen, self.zones], filled

    def connect(self) -> None:
        """What the view's own buttons do."""
        job_id, compared = self.job_id, self.compared
        self.cancel.click(pieces.cancel, [job_id], [self.status], **HIDDEN)
        self.zones.input(*self.reading, **HIDDEN)
        self.gallery.select(show_provenance, [job_id], [self.made], **QUIET)
        for button, write in ((self.zipped, make_zip), (self.sheet, make_sheet), (compared.save, make_grid)):
            button.click(write, [job_id], [self.files], **HIDDEN)
        pair = [compared.row, compared.left, compared.right]
        for chooser in pair:
            chooser.input(slide, [job_id, *pair], [compared.slider], **QUIET)
        gr.Timer(POLL).tick(*self.reading, **QUIET)

    def poll(self, job_id: str, seen: dict[str, Any], zones: bool) -> Updates:
        """Read the job's files and show what is new."""
        job = pieces.find(job_id)
        mark = [pieces.mark(job), zones] if job else None
        if job is None or seen.get("mark") == mark:
            return {self.seen: gr.skip()}
        rows = images_of(job_id)
        shown: Updates = {
            self.job_id: job_id, self.status: pieces.status(job),
            self.cancel: gr.update(visible=pieces.is_open(job)),
            self.zipped: gr.update(visible=bool(rows)), self.sheet: gr.update(visible=bool(rows)),
        }  # fmt: skip
        other, paired = seen.get("job") != job_id, seen.get("paired") == job_id
        if other:
            shown |= dict.fromkeys((self.made, self.files), gr.update(visible=False))
        if other or seen.get("images") != len(rows):
            mixes = self.compared.show(folder_of(job_id), first=not paired)
            paired = paired or self.compared.has_pair(mixes)
            shown |= mixes
        if other or seen.get("images") != len(rows) or seen.get("zones") != zones:
            has_zones = any(find(row["format"]).has_safe_zones for row in rows)
            shown[self.gallery] = gr.update(value=_images(job_id, rows, zones), visible=bool(rows))
            shown[self.zones] = gr.update(visible=has_zones)
        shown[self.seen] = {
            "mark": mark, "job": job_id, "images": len(rows), "zones": zones,
            "paired": job_id if paired else "",
        }  # fmt: skip
        return shown


def view() -> View:
    """No campaign yet."""
    status = gr.HTML(
        pieces.empty("No images yet", "Choose an adapter and press Generate images. They appear one by one.")
    )
    cancel = gr.Button("Cancel", visible=False, size="sm")
    compared = compare.view()
    zones = gr.Checkbox(
        label="Show safe zones", visible=False,
        info="Marks what stories, reels and covers hide behind buttons and text. The files stay as they are.",
    )  # fmt: skip
    gallery = gr.Gallery(
        label="Images (click one to see how it was made)", columns=4, height="auto", visible=False,
        object_fit="contain", buttons=["download", "fullscreen"], elem_classes="results",
    )  # fmt: skip
    made = gr.HTML(visible=False)
    with gr.Row():
        zipped = gr.Button("Create ZIP", visible=False)
        sheet = gr.Button("Create contact sheet", visible=False)
    files = gr.File(label="Downloads", visible=False, interactive=False)
    return View(
        gr.State(""), gr.State({}), status, cancel, compared, zones, gallery, made, zipped, sheet, files
    )


def label(job: queue.Job) -> str:
    """A campaign in a list."""
    spec, mixes = job.spec, mixes_of(job.spec)
    number = len(spec["scenes"]) * len(spec["formats"]) * len(spec["seeds"]) * len(mixes)
    made_with = ", ".join(dict.fromkeys(slug for mix in mixes for slug in mix)) or "base model only"
    compared = f", {len(mixes)} mixes compared" if len(mixes) > 1 else ""
    return f"{job.created[:16].replace('T', ' ')}: {made_with}{compared}, {number} images"


def folder_of(job_id: str) -> Path:
    """Where a campaign's images are."""
    return workspace.campaigns_folder() / visitors.get(job_id).id


def images_of(job_id: str) -> list[dict[str, Any]]:
    """The finished images, in the plan's order; none before the worker has written the plan."""
    try:
        return results.pictures(folder_of(job_id))
    except LoraKitError:
        return []


def _images(job_id: str, rows: list[dict[str, Any]], zones: bool) -> list[tuple[Any, str]]:
    """What the gallery shows: the files themselves, or small copies where safe zones are marked."""
    if not rows:
        return []
    folder = folder_of(job_id)
    captions = _captions(folder, rows)[:MOST_SHOWN]
    return [
        (_with_zones(path, row["format"]) if zones else str(path), caption)
        for row, caption in zip(rows, captions, strict=False)
        if (path := results.image_path(folder, row)) is not None
    ]


def _with_zones(path: Path, output: str) -> Any:
    marked = pictures.with_safe_zones(path, output) if find(output).has_safe_zones else None
    return str(path) if marked is None else marked


def _captions(folder: Path, rows: list[dict[str, Any]]) -> list[str]:
    """What stands below each image: its scene, and its format, or its mix where several are compared."""
    called = of_rows(results.mixes_of(results.read_plan(folder)))
    if len(called) > 1:
        return [f"{row['scene']} · {called[row['mix']]}" for row in rows]
    return [f"{row['scene']} · {find(row['format']).purpose}" for row in rows]


def show_provenance(job_id: str, event: gr.SelectData) -> Any:
    """How the image that was clicked was made, read from the image itself."""
    from lorakit.generation.pictures.provenance import read_provenance

    rows = images_of(job_id)
    if not isinstance(event.index, int) or not 0 <= event.index < len(rows):
        return gr.update(visible=False)
    made = read_provenance(folder_of(job_id) / rows[event.index]["path"])
    if made is None:
        return gr.update(visible=False)
    adapters = ", ".join(f"{a['name']} × {strength_words(strength_in(a))}" for a in made.adapters) or "none"
    facts = [
        (str(made.seed), "seed"), (made.base, "base model"), (adapters, "adapters"),
        (str(made.steps), "steps"), ("AI-generated", "label in the file (IPTC)"),
    ]  # fmt: skip
    return gr.update(visible=True, value=pieces.card(made.prompt, pieces.facts(facts)))


def slide(job_id: str, row: int, left: int, right: int) -> Any:
    """The two images that were chosen, one over the other."""
    try:
        return compare.slide(folder_of(job_id), row, left, right)
    except LoraKitError:
        return gr.update(visible=False)


def make_grid(job_id: str) -> Any:
    """The table of the mixes as one image."""
    from lorakit.generation.pictures.export import grid_picture

    return _file(job_id, "grid.png", grid_picture)


def make_zip(job_id: str) -> Any:
    """All images with their table, one folder per format."""
    from lorakit.generation.pictures.export import zip_campaign

    return _file(job_id, f"{job_id}.zip", zip_campaign)


def make_sheet(job_id: str) -> Any:
    """All images on one page."""
    from lorakit.generation.pictures.export import contact_sheet

    return _file(job_id, "contact-sheet.png", contact_sheet)


def _file(job_id: str, name: str, write: Callable[[Path, Path], Path]) -> Any:
    try:
        folder = folder_of(job_id)
        made = helpers.run(write, folder, folder / name, seconds=LONGEST)
        return gr.update(value=str(made), visible=True)
    except LoraKitError as error:
        raise pieces.problem(error) from error
