"""The Adapters tab: the adapters there are, adding more, and renaming, trashing and restoring them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit.errors import LoraKitError
from lorakit.jobs.retention import TRASH_DAYS
from lorakit.store.store import Store
from lorakit.ui import visitors
from lorakit.ui.parts import adapter_view, adding, pieces, shelf
from lorakit.ui.parts.adapter_view import CHOOSE_FIRST, AdapterView
from lorakit.ui.parts.adding import AddForm
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates
from lorakit.ui.parts.scripts import script


@dataclass(frozen=True)
class Search:
    """What narrows the shelf, and its order."""

    words: gr.Textbox
    kind: gr.Dropdown
    order: gr.Dropdown

    @property
    def inputs(self) -> list[gr.components.Component]:
        return [self.words, self.kind, self.order]


@dataclass(frozen=True)
class Outcome:
    """What the last action did, and the adapter that Undo would bring back."""

    message: gr.HTML
    undo: gr.Button
    trashed: gr.State

    @property
    def parts(self) -> list[gr.components.Component]:
        return [self.message, self.undo, self.trashed]


@dataclass(frozen=True)
class Bin:
    """The trash, shown while something is in it."""

    view: gr.Column
    slug: gr.Dropdown
    restore: gr.Button


@dataclass(frozen=True)
class Tab:
    """The tab's widgets. `added`: the adapter that was added last, which is opened."""

    search: Search
    cards: gr.HTML
    choose: gr.Dropdown
    view: AdapterView
    form: AddForm
    added: gr.State
    outcome: Outcome
    bin: Bin

    @property
    def loading(self) -> tuple[Any, ...]:
        """How an event reads the shelf: handler, inputs, outputs."""
        shown = [self.cards, self.choose, self.bin.slug, self.bin.view]
        return self.refresh, [*self.search.inputs, self.choose], shown

    @property
    def owning(self) -> tuple[Any, ...]:
        """How a page that opens learns what its visitor may do: handler, inputs, outputs."""
        return self.show_mine, [], self.view.operators

    def show_mine(self) -> Updates:
        """What is for the operator alone."""
        return dict.fromkeys(self.view.operators, gr.update(visible=visitors.asking().operator))

    def refresh(
        self, words: str = "", kind: str = "", order: str = "Name", opened: str | None = None
    ) -> Updates:
        """The shelf as it is now; the adapter that is open is closed when it no longer exists."""
        store = Store()
        entries = store.list()
        away = store.trashed() if visitors.asking().operator else []
        choices = [(entry.name, entry.slug) for entry in entries]
        gone = opened and opened not in {slug for _, slug in choices}
        return {
            self.cards: shelf.cards(shelf.chosen(entries, words, kind, order), len(entries)),
            self.choose: gr.update(choices=choices, **({"value": None} if gone else {})),
            self.bin.slug: gr.update(choices=away, value=None),
            self.bin.view: gr.update(visible=bool(away)),
        }

    def add_files(self, files: list[str] | None, repo: str, name: str) -> Updates:
        """Add an adapter and empty the form; after an error it stays as it was."""
        repo = (repo or "").strip()
        if not files and not repo:
            raise gr.Error("Choose a file or enter a Hugging Face ID first.", print_exception=False)
        try:
            entry = adding.add(files, repo, name)
        except LoraKitError as error:
            message = pieces.empty("Can't add this adapter", str(error))
            return self._done(message) | {self.added: ""}
        emptied = {self.form.upload: None, self.form.repo: "", self.form.name: ""}
        return self._done(adding.told(entry)) | {self.added: entry.slug} | emptied

    def rename_one(self, slug: str | None, name: str) -> Updates:
        """Give the adapter another name; its folder follows."""

        def rename(store: Store, slug: str) -> str:
            return f"Renamed to {store.rename(slug, name or '').name}."

        return self._act("Renaming an adapter", slug, rename)

    def use_in_part(self, slug: str | None, allowed: bool) -> Updates:
        """Let the adapter be applied to a base that has only some of its layers, or no longer."""

        def use(store: Store, slug: str) -> str:
            words = "is now also used where a base model has only some of its layers"
            name = store.use_in_part(slug, bool(allowed)).name
            return f"{name} {words if allowed else 'is used only where all of its layers fit'}."

        return self._act("Using an adapter in part", slug, use)

    def trash_one(self, slug: str | None) -> Updates:
        """Move the adapter to the trash, from where it can come back."""
        moved: list[str] = []

        def trash(store: Store, slug: str) -> str:
            moved.append(store.trash(slug))
            return f"Moved to trash. You can restore it from there for {TRASH_DAYS} days."

        done = self._act("Moving an adapter to the trash", slug, trash)
        return done | self._undoable(*moved)

    def restore_one(self, slug: str | None) -> Updates:
        """Bring an adapter back."""

        def restore(store: Store, slug: str) -> str:
            return f"{store.restore(slug).name} was restored."

        missing = "Choose an adapter in the trash first."
        return self._act("Restoring an adapter", slug, restore, missing)

    def _act(
        self, what: str, slug: str | None, action: Callable[[Store, str], str], missing: str = CHOOSE_FIRST
    ) -> Updates:
        """Do what only the operator may, and tell how it ended."""
        if not slug:
            raise gr.Error(missing, print_exception=False)
        try:
            visitors.operator_only(what)
            return self._done(pieces.empty("Done", action(Store(), slug)))
        except LoraKitError as error:
            return self._done(pieces.empty("That did not work", str(error)))

    def _done(self, message: str) -> Updates:
        return {self.outcome.message: message} | self._undoable()

    def _undoable(self, trashed: str = "") -> Updates:
        return {self.outcome.undo: gr.update(visible=bool(trashed)), self.outcome.trashed: trashed}


def build() -> Tab:
    """The tab with its handlers."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=7, min_width=320):
            search = _search()
            cards = gr.HTML(js_on_load=script("shelf"))
            choose = gr.Dropdown([], label="Open an adapter", info="Or click its card.")
            view = adapter_view.view(choose)
        with gr.Column(scale=4, min_width=320):
            form = adding.form()
            outcome = Outcome(gr.HTML(), gr.Button("Undo", visible=False, size="sm"), gr.State(""))
            bin_ = _bin()
    tab = Tab(search, cards, choose, view, form, gr.State(""), outcome, bin_)
    view.connect(choose)
    _connect(tab)
    return tab


def _search() -> Search:
    with gr.Row(equal_height=True):
        return Search(
            gr.Textbox(
                label="Search", placeholder="name, trigger words, base model, tool", max_length=100,
                scale=3, min_width=140,
            ),
            gr.Dropdown(shelf.KINDS, value="", label="Show", scale=1, min_width=110),
            gr.Dropdown(
                list(shelf.ORDERS), value="Newest first", label="Sort by", scale=2, min_width=150
            ),
        )  # fmt: skip


def _bin() -> Bin:
    with gr.Column(visible=False) as view:
        about = f"Choose an adapter to restore. Each is kept for {TRASH_DAYS} days."
        return Bin(view, gr.Dropdown([], label="Trash", info=about), gr.Button("Restore", size="sm"))


def _connect(tab: Tab) -> None:
    cards, choose, view, outcome, form = tab.cards, tab.choose, tab.view, tab.outcome, tab.form
    cards.select(open_card, [], [choose], **QUIET)
    for part in (tab.search.words, tab.search.kind, tab.search.order):
        part.input(narrow, tab.search.inputs, [cards], **QUIET)
    added = form.add.click(
        tab.add_files, form.inputs, [*outcome.parts, tab.added, *form.inputs], **HIDDEN
    ).then(*tab.loading, **QUIET)
    added.then(lambda slug: slug or gr.skip(), [tab.added], [choose], **QUIET)
    for button, action, inputs in (
        (view.rename, tab.rename_one, [choose, view.new_name]),
        (view.trash, tab.trash_one, [choose]),
        (tab.bin.restore, tab.restore_one, [tab.bin.slug]),
        (outcome.undo, tab.restore_one, [outcome.trashed]),
    ):
        button.click(action, inputs, outcome.parts, **HIDDEN).then(*tab.loading, **QUIET)
    view.partial.input(tab.use_in_part, [choose, view.partial], outcome.parts, **HIDDEN)


def narrow(words: str, kind: str, order: str) -> Markup:
    """The cards that fit the search."""
    entries = Store().list()
    return shelf.cards(shelf.chosen(entries, words, kind, order), len(entries))


def open_card(event: gr.EventData) -> Any:
    """Choose the adapter whose card was clicked."""
    slug = getattr(event, "slug", None)
    known = {entry.slug for entry in Store().list()}
    return slug if slug in known else gr.skip()
