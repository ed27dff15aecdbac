"""The Adapters tab: what is in the store, and adding, renaming, trashing, downloading and publishing."""

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from lorakit import units, workspace
from lorakit.errors import AdapterError, LoraKitError
from lorakit.jobs.retention import TRASH_DAYS
from lorakit.store.store import Store
from lorakit.ui import visitors
from lorakit.ui.parts import pictures, pieces, shelf, tuning
from lorakit.ui.parts.pieces import HIDDEN, QUIET

# A click on a card tells the page which adapter it stands for; the server looks the name up in the store.
OPEN_JS = """element.addEventListener('click', event => {
  const card = event.target.closest('[data-slug]');
  if (card) trigger('select', {slug: card.dataset.slug});
});"""
# What was opened or said stands below a long shelf on a phone.
SHOW_JS: dict[str, Any] = {
    "fn": None,
    "js": """() => setTimeout(() => {
      const view = document.querySelector('.adapter-open');
      const top = view && view.offsetParent ? view.getBoundingClientRect().top : 0;
      if (top > innerHeight * .8 || top < 0) view.scrollIntoView({behavior: 'smooth'});
    }, 150)""",
    **QUIET,
}
PREVIEWS_SHOWN = 12
# Of other kinds of file the store says what they are, which is more than that their type is wrong.
REFUSED_IN_WORDS = (".gguf", ".pt", ".pth", ".bin", ".ckpt", ".onnx", ".npz", ".7z", ".rar", ".gz", ".tar")
LAYOUTS = [
    ("Its own folder: diffusers, or PEFT for voices", ""),
    ("ComfyUI, A1111, kohya (one file)", "kohya"),
    ("PEFT", "peft"),
    ("diffusers", "diffusers"),
]


def build() -> dict[str, Any]:
    """The tab's widgets and handlers; returns what the page connects on load."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=7, min_width=320):
            with gr.Row(equal_height=True):
                search = gr.Textbox(
                    label="Search",
                    placeholder="name, trigger, base, tool",
                    max_length=100,
                    scale=3,
                    min_width=140,
                )
                kind = gr.Dropdown(shelf.KINDS, value="", label="Show", scale=1, min_width=110)
                order = gr.Dropdown(
                    list(shelf.ORDERS), value="Newest first", label="Order", scale=2, min_width=150
                )
            cards = gr.HTML(js_on_load=OPEN_JS)
            choose = gr.Dropdown([], label="Open an adapter", info="Or click its card.")
            with gr.Column(visible=False, elem_classes="adapter-open") as manage:
                view = _details_view(choose)
        with gr.Column(scale=4, min_width=320):
            upload, repo, name, add = _add_form()
            said = gr.HTML()
            undo = gr.Button("Undo", visible=False, size="sm")
            trashed = gr.State("")
            with gr.Column(visible=False) as bin_view:
                bin_ = gr.Dropdown(
                    [],
                    label="Trash",
                    info=f"Choose one to bring it back. Each is kept for {TRASH_DAYS} days.",
                )
                restore = gr.Button("Restore", size="sm")
    added = gr.State("")
    narrowed, whole = [search, kind, order], [cards, choose, bin_, bin_view]
    shown = [manage, view["previews"], view["details"], view["new_name"], view["files"], view["told"]]
    shown += [view["partial"]]
    cards.select(open_card, [], [choose], **QUIET)
    choose.change(open_one, [choose], shown, **QUIET).then(**SHOW_JS)
    for event in (search.input, kind.input, order.input):
        event(narrow, narrowed, [cards], **QUIET)
    told = [said, undo, trashed]
    form = [upload, repo, name]
    add.click(add_files, form, [*told, added, *form], **HIDDEN).then(refresh, narrowed, whole, **QUIET).then(
        lambda slug: slug or gr.skip(), [added], [choose], **QUIET
    )
    for button, action, inputs in (
        (view["rename"], rename_one, [choose, view["new_name"]]),
        (view["trash"], trash_one, [choose]),
        (restore, restore_one, [bin_]),
        (undo, restore_one, [trashed]),
    ):
        button.click(action, inputs, told, **HIDDEN).then(refresh, narrowed, whole, **QUIET)
    view["download"].click(make_download, [choose, view["layout"]], [view["files"]], **HIDDEN)
    view["partial"].input(use_in_part, [choose, view["partial"]], told, **HIDDEN)
    view["publish"].click(publish_one, [choose, view["target"], view["private"]], [view["told"]], **HIDDEN)
    operators = [view["change"], view["partial"], view["trash"]]
    mine = (lambda: [gr.update(visible=visitors.asking().operator)] * len(operators), [], operators)
    return {"load": (refresh, narrowed, whole), "mine": mine}


def _details_view(choose: gr.Dropdown) -> dict[str, Any]:
    view: dict[str, Any] = {"details": gr.HTML()}
    view["previews"] = gr.Gallery(
        label="Previews", columns=4, height="auto", visible=False, elem_classes="results"
    )
    tuning.panel(choose)
    with gr.Row(equal_height=True):
        view["layout"] = gr.Dropdown(LAYOUTS, value="", label="Take it to another tool", scale=3)
        view["download"] = gr.Button("Prepare download", scale=1)
    view["partial"] = gr.Checkbox(
        label="Use in part",
        info="Also on a base model that has only some of its layers. What is missing has no effect.",
    )
    view["files"] = gr.File(label="Download", visible=False, interactive=False)
    with gr.Accordion("Rename or publish", open=False) as view["change"]:
        with gr.Row(equal_height=True):
            view["new_name"] = gr.Textbox(label="New name", max_length=80, scale=3)
            view["rename"] = gr.Button("Rename", scale=1)
        with gr.Row(equal_height=True):
            view["target"] = gr.Textbox(
                label="Repository on the Hugging Face hub", placeholder="owner/name", max_length=100, scale=3,
                info="Uses the HF_TOKEN of the machine this runs on. The model card is written for you.",
            )  # fmt: skip
            view["publish"] = gr.Button("Publish", scale=1)
        view["private"] = gr.Checkbox(True, label="Keep it private")
        view["told"] = gr.HTML()
    view["trash"] = gr.Button("Move to trash", size="sm")
    return view


def _add_form() -> tuple[gr.File, gr.Textbox, gr.Textbox, gr.Button]:
    gr.HTML(
        pieces.step(
            0,
            "Add an adapter",
            "The file of any tool for FLUX, Stable Diffusion or a language model, or a zip; up to 4 GB.",
        )
    )
    upload = gr.File(
        label="Adapter file",
        file_types=[".safetensors", ".zip", ".json", *REFUSED_IN_WORDS],
        file_count="multiple",
        height=120,
    )
    repo = gr.Textbox(
        label="Or its id on the hub", placeholder="owner/name", max_length=200,
        info="With @revision for one version, :file for one of several.",
    )  # fmt: skip
    name = gr.Textbox(label="Name", placeholder="the file's own", max_length=80)
    return upload, repo, name, gr.Button("Add to the store", variant="primary")


def refresh(search: str = "", kind: str = "", order: str = "Name") -> list[Any]:
    """The store as it is now."""
    store = Store()
    entries = store.list()
    choices = [(entry.name, entry.slug) for entry in entries]
    html = shelf.cards(shelf.chosen(entries, search, kind, order), len(entries))
    away = store.trashed() if visitors.asking().operator else []
    bin_ = gr.update(choices=away, value=None)
    shown = gr.update(visible=bool(away) and visitors.asking().operator)
    return [html, gr.update(choices=choices, value=None), bin_, shown]


def narrow(search: str, kind: str, order: str) -> str:
    """The cards that fit the search."""
    entries = Store().list()
    return shelf.cards(shelf.chosen(entries, search, kind, order), len(entries))


def open_card(event: gr.EventData) -> Any:
    """Choose the adapter whose card was clicked."""
    slug = getattr(event, "slug", None)
    known = {entry.slug for entry in Store().list()}
    return slug if slug in known else gr.skip()


def open_one(slug: str | None) -> list[Any]:
    """One adapter's previews, facts, name and whether it may be used in part."""
    try:
        entry = Store().get(slug) if slug else None
    except LoraKitError:
        entry = None
    hidden = gr.update(visible=False)
    if entry is None:
        return [hidden, hidden, "", "", hidden, "", False]
    paths = sorted((Store().folder / entry.slug / "previews").glob("*.png"))[-PREVIEWS_SHOWN:]
    images = [image for path in paths if (image := pictures.small(path)) is not None]
    previews = gr.update(value=images, visible=bool(images))
    partial = entry.card.get("partial") is True
    return [gr.update(visible=True), previews, shelf.details(entry), entry.name, hidden, "", partial]


def _said(html: str, trashed: str = "") -> list[Any]:
    """What was done, and the adapter that Undo would bring back."""
    return [html, gr.update(visible=bool(trashed)), trashed]


def add_files(files: list[str] | None, repo: str, name: str) -> list[Any]:
    """Add what was uploaded, or what is on the hub; several files together are one folder.

    Returns what is said, the slug of what was added, and the form: emptied, or as it was after an error.
    """
    repo = (repo or "").strip()
    if not files and not repo:
        raise gr.Error("Choose a file or give a hub id first.", print_exception=False)
    try:
        if not files and not _is_hub_id(repo):  # never a path on the server
            raise AdapterError(f"{repo}: is no hub id; give one of the form owner/name")
        paths = [Path(file) for file in files or []]
        source = repo if not paths else paths[0] if len(paths) == 1 else _together(paths)
        title = (name or "").strip() or None
        if paths:
            entry = Store().add(source, title)
        else:  # with the token of this machine for whoever runs it, and for nobody else
            entry = Store().add_from_hub(repo, title, None if visitors.asking().operator else False)
    except LoraKitError as error:
        return [*_said(pieces.empty("This cannot be added", str(error))), "", *[gr.skip()] * 3]
    family = shelf.FAMILY_WORDS.get(entry.family, entry.family or "an unknown base")
    said = f"From {shelf.tool(entry)}, for {family}, rank {entry.rank}, {units.size(entry.size_bytes)}."
    return [*_said(pieces.empty(f"{entry.name} is in the store", said)), entry.slug, None, "", ""]


def _is_hub_id(text: str) -> bool:
    from lorakit.formats import hub

    return hub.is_hub_id(text)


def _together(paths: list[Path]) -> Path:
    folder = workspace.uploads_folder() / uuid.uuid4().hex[:12]
    folder.mkdir(parents=True)
    for path in paths:
        shutil.copy2(path, folder / path.name)
    return folder


def rename_one(slug: str | None, name: str) -> list[Any]:
    """Give the adapter another name; its folder follows."""

    def rename(store: Store, one: str) -> str:
        visitors.operator_only("Renaming an adapter")
        return f"It is now called {store.rename(one, name or '').name}."

    return _said(_told(slug, "Choose an adapter first.", rename))


def use_in_part(slug: str | None, allowed: bool) -> list[Any]:
    """Let the adapter be applied to a base that has only some of its layers, or no longer."""

    def use(store: Store, one: str) -> str:
        visitors.operator_only("Using an adapter in part")
        words = "is now also used where a base has only some of its layers"
        return f"{store.use_in_part(one, bool(allowed)).name} {words if allowed else 'is used whole only'}."

    return _said(_told(slug, "Choose an adapter first.", use))


def trash_one(slug: str | None) -> list[Any]:
    """Move the adapter to the trash, from where it can come back."""
    moved = []

    def trash(store: Store, one: str) -> str:
        visitors.operator_only("Moving an adapter to the trash")
        moved.append(store.trash(one))
        return f"It is in the trash, from where it can come back for {TRASH_DAYS} days."

    return _said(_told(slug, "Choose an adapter first.", trash), *moved)


def restore_one(slug: str | None) -> list[Any]:
    """Bring an adapter back."""

    def restore(store: Store, one: str) -> str:
        visitors.operator_only("Bringing an adapter back")
        return f"{store.restore(one).name} is back."

    return _said(_told(slug, "Choose one in the trash first.", restore))


def publish_one(slug: str | None, repo: str, private: bool) -> str:
    """Upload the adapter to the hub with the token of the machine this runs on."""

    def publish(store: Store, one: str) -> str:
        visitors.operator_only("Publishing an adapter")
        return f"It is at {store.publish(one, (repo or '').strip(), bool(private))}"

    return _told(slug, "Choose an adapter first.", publish)


def _told(slug: str | None, missing: str, action: Callable[[Store, str], str]) -> str:
    if not slug:
        raise gr.Error(missing, print_exception=False)
    try:
        return pieces.empty("Done", action(Store(), slug))
    except LoraKitError as error:
        return pieces.empty("That did not work", str(error))


def make_download(slug: str | None, layout: str) -> Any:
    """The adapter as a zip, its own folder or in another tool's layout."""
    if not slug:
        raise gr.Error("Choose an adapter first.", print_exception=False)
    try:
        return gr.update(
            value=str(Store().export(slug, workspace.home() / "downloads", layout or None)), visible=True
        )
    except LoraKitError as error:
        raise pieces.problem(error) from error
