"""The results of a campaign: pictures as they come, what made each of them, and the files to take away."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from lorakit import workspace
from lorakit.data.photos import helpers
from lorakit.errors import LoraKitError
from lorakit.generation.pictures import results
from lorakit.generation.pictures.formats import find
from lorakit.generation.pictures.labels import of_rows, said, strength_in
from lorakit.jobs import queue
from lorakit.jobs.specs import mixes_of
from lorakit.ui import visitors
from lorakit.ui.parts import compare, pieces
from lorakit.ui.parts.pieces import HIDDEN, QUIET

MOST_SHOWN = 200
LONGEST = 900.0  # seconds that a zip or a contact sheet may take
PARTS = 16  # what `poll` returns: job, seen, and the parts of `view`


def view() -> list[gr.components.Component]:
    """Status, cancel, gallery, provenance, the buttons for files, the files, and what compares mixes."""
    status = gr.HTML(
        pieces.empty("No pictures yet", "Choose an adapter and press Render. They appear one by one.")
    )
    cancel = gr.Button("Cancel", visible=False, size="sm")
    compared = compare.view()
    gallery = gr.Gallery(
        label=("Pictures: click one to see what made "
            "it"), columns=4, height="auto", visible=False, object_fit="contain",
        buttons=["download", "fullscreen"], elem_classes="results",
    )  # fmt: skip
    made = gr.HTML(visible=False)
    with gr.Row():
        zipped = gr.Button("Prepare zip", visible=False)
        sheet = gr.Button("Contact sheet", visible=False)
    files = gr.File(label="Downloads", visible=False, interactive=False)
    return [status, cancel, gallery, made, zipped, sheet, files, *compared]


def connect(job_id: gr.State, shown: list[gr.components.Component]) -> None:
    """What the view's own buttons do."""
    status, cancel, gallery, made, zipped, sheet, files, _, _, row, left, right, slider, save = shown
    cancel.click(pieces.cancel, [job_id], [status], **HIDDEN)
    gallery.select(tell_provenance, [job_id], [made], **QUIET)
    zipped.click(make_zip, [job_id], [files], **HIDDEN)
    sheet.click(make_sheet, [job_id], [files], **HIDDEN)
    save.click(make_grid, [job_id], [files], **HIDDEN)
    for chooser in (row, left, right):
        chooser.input(slide, [job_id, row, left, right], [slider], **QUIET)


def label(job: queue.Job) -> str:
    """A campaign in a list."""
    spec, mixes = job.spec, mixes_of(job.spec)
    number = len(spec["scenes"]) * len(spec["formats"]) * len(spec["seeds"]) * len(mixes)
    made_with = ", ".join(dict.fromkeys(slug for mix in mixes for slug in mix)) or "base alone"
    compared = f", {len(mixes)} mixes compared" if len(mixes) > 1 else ""
    return f"{job.created[:16].replace('T', ' ')}: {made_with}{compared}, {number} pictures"


def folder_of(job_id: str) -> Path:
    """Where a campaign's pictures are."""
    return workspace.campaigns_folder() / visitors.get(job_id).id


def pictures_of(job_id: str) -> list[dict[str, Any]]:
    """The finished pictures, in the plan's order; none before the worker has written the plan."""
    try:
        return results.pictures(folder_of(job_id))
    except LoraKitError:
        return []


def poll(job_id: str, seen: dict[str, Any]) -> list[Any]:
    """Read the job's files and show what is new: job, seen, and the parts of `view`."""
    job = pieces.find(job_id)
    if job is None:
        return [gr.skip()] * PARTS
    mark = pieces.mark(job)
    if seen.get("mark") == mark:
        return [gr.skip()] * PARTS
    rows = pictures_of(job_id)
    gallery, compared = gr.skip(), [gr.skip()] * 7
    other, paired = seen.get("job") != job_id, seen.get("paired") == job_id
    if other or seen.get("pictures") != len(rows):
        folder = folder_of(job_id)
        compared = compare.shown(folder, first=not paired)
        paired = paired or compare.has_pair(compared)
        shown = list(zip(_paths(folder, rows), _captions(folder, rows), strict=True))[:MOST_SHOWN]
        gallery = gr.update(value=shown, visible=bool(shown))
    hidden_first = gr.update(visible=False) if other else gr.skip()
    ready = gr.update(visible=bool(rows))
    return [
        job_id,
        {"mark": mark, "job": job_id, "pictures": len(rows), "paired": job_id if paired else ""},
        pieces.status(job),
        gr.update(visible=pieces.is_open(job)),
        gallery,
        hidden_first,
        ready,
        ready,
        hidden_first,
        *compared,
    ]


def _paths(folder: Path, rows: list[dict[str, Any]]) -> list[str]:
    return [str(folder / row["path"]) for row in rows]


def _captions(folder: Path, rows: list[dict[str, Any]]) -> list[str]:
    """What stands below each picture: its scene, and its format, or its mix where several are compared."""
    if not rows:
        return []
    called = of_rows(results.mixes_of(results.read_plan(folder)))
    if len(called) > 1:
        return [f"{row['scene']} · {called[row['mix']]}" for row in rows]
    return [f"{row['scene']} · {find(row['format']).purpose}" for row in rows]


def tell_provenance(job_id: str, event: gr.SelectData) -> Any:
    """What made the picture that was clicked, read from the picture itself."""
    from lorakit.generation.pictures.provenance import read_provenance

    rows = pictures_of(job_id)
    if not isinstance(event.index, int) or not 0 <= event.index < len(rows):
        return gr.update(visible=False)
    made = read_provenance(folder_of(job_id) / rows[event.index]["path"])
    if made is None:
        return gr.update(visible=False)
    adapters = ", ".join(f"{a['name']} × {said(strength_in(a))}" for a in made.adapters) or "none"
    rows = [
        (str(made.seed), "seed"), (made.base, "base"), (adapters, "adapters"), (str(made.steps), "steps"),
        ("AI-made", "is marked in the file (IPTC)"),
    ]  # fmt: skip
    return gr.update(visible=True, value=pieces.card(made.prompt, pieces.facts(rows)))


def slide(job_id: str, row: int, left: int, right: int) -> Any:
    """The two pictures that were chosen, one over the other."""
    try:
        return compare.slide(folder_of(job_id), row, left, right)
    except LoraKitError:
        return gr.update(visible=False)


def make_grid(job_id: str) -> Any:
    """The table of the mixes as one picture."""
    from lorakit.generation.pictures.export import grid_picture

    return _file(job_id, "grid.png", grid_picture)


def make_zip(job_id: str) -> Any:
    """All pictures with their table, one folder per format."""
    from lorakit.generation.pictures.export import zip_campaign

    return _file(job_id, f"{job_id}.zip", zip_campaign)


def make_sheet(job_id: str) -> Any:
    """All pictures on one page."""
    from lorakit.generation.pictures.export import contact_sheet

    return _file(job_id, "contact-sheet.png", contact_sheet)


def _file(job_id: str, name: str, write: Callable[[Path, Path], Path]) -> Any:
    try:
        folder = folder_of(job_id)
        made = helpers.run(write, folder, folder / name, seconds=LONGEST)
        return gr.update(value=str(made), visible=True)
    except LoraKitError as error:
        raise pieces.problem(error) from error
