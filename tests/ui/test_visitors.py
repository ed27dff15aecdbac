"""Who may see and change what: the operator all of it, a visitor's browser what it started."""

import contextlib
import contextvars
import hashlib
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.context import LocalContext
from PIL import Image
from starlette.requests import Request

from lorakit import durable, workspace
from lorakit.errors import AdapterError, DataError, LoraKitError
from lorakit.formats import hub
from lorakit.jobs import queue
from lorakit.jobs.kinds import KINDS
from lorakit.store.store import Store
from lorakit.training.recipe import Recipe
from lorakit.ui import build_app, visitors
from lorakit.ui.pages import adapters, train
from lorakit.ui.parts import adapter_view, pieces, tuning
from lorakit.ui.visitors import NOBODY, OPERATOR, Visitor

SECRET = "Zephyrine"  # stands in everything that is the first visitor's
FIRST, SECOND = "a" * 43, "b" * 43
FAR = ("203.0.113.5", 4711)


def scope(cookie="", client=FAR, host="studio.example.com", auth=None, **headers):
    rows = {"host": host, **({"cookie": f"lorakit-visitor={cookie}"} if cookie else {}), **headers}
    return {
        "type": "http", "app": SimpleNamespace(auth=auth), "client": client, "path": "/", "method": "POST",
        "headers": [(name.replace("_", "-").encode(), text.encode()) for name, text in rows.items()],
    }  # fmt: skip


def as_visitor(cookie, call, *arguments):
    """Call a handler as the page of a browser with this cookie does."""

    def inside():
        LocalContext.blocks.set(SimpleNamespace())
        LocalContext.request.set(gr.Request(Request(scope(cookie))))
        return call(*arguments)

    return contextvars.copy_context().run(inside)


def hashed(cookie):
    return hashlib.sha256(cookie.encode()).hexdigest()[:32]


LOOPBACK = ("127.0.0.1", 5)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (scope(client=LOOPBACK, host="localhost:7860"), OPERATOR),
        (scope(client=("::1", 5), host="[::1]:7860"), OPERATOR),
        (scope(client=("::ffff:127.0.0.1", 5), host="127.0.0.1"), OPERATOR),
        (scope(FIRST, auth={"studio": "x"}), OPERATOR),  # has passed the login
        (scope(FIRST), Visitor(hashed(FIRST))),
        (scope(FIRST, client=LOOPBACK, host="studio.example.com"), Visitor(hashed(FIRST))),
        (scope(FIRST, LOOPBACK, "localhost", x_forwarded_for="127.0.0.1"), Visitor(hashed(FIRST))),
        (scope(FIRST, LOOPBACK, "localhost", forwarded="for=127.0.0.1"), Visitor(hashed(FIRST))),
        (scope(FIRST, LOOPBACK, "localhost", via="1.1 proxy"), Visitor(hashed(FIRST))),
        (scope(FIRST, LOOPBACK, "localhost", cf_connecting_ip="::1"), Visitor(hashed(FIRST))),
        (scope(FIRST, client=("192.168.1.7", 5), host="localhost"), Visitor(hashed(FIRST))),
        (scope(), NOBODY),
        (scope("guess"), NOBODY),
    ],
)  # fmt: skip
def test_who_asks(who, expected):
    assert visitors.of_scope(who) == expected


def test_outside_of_a_page_the_operator_works_and_inside_nobody_is_not_the_operator():
    assert visitors.asking() == OPERATOR

    def inside():
        LocalContext.blocks.set(SimpleNamespace())
        return visitors.asking()

    assert contextvars.copy_context().run(inside) == NOBODY
    assert not NOBODY.owns(queue.create("copy", COPY)), "what is the operator's is nobody else's"


RECIPE = Recipe().to_dict()
COPY = {"base": "starter-text", "mix": {}, "brief": {"product": SECRET}, "variants": 1, "seed": 0}


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """An adapter in the store, and the first visitor's jobs of every kind, with what came of them."""
    folder = Store().folder / "mug"
    durable.write_json(folder / "card.json", {"name": "mug", "family": "llm", "base": "starter-text"})
    (folder / "adapter_model.safetensors").write_bytes(b"x")
    Store().trash("mug")
    durable.write_json(folder / "card.json", {"name": "mug", "family": "llm", "base": "starter-text"})
    (folder / "adapter_model.safetensors").write_bytes(b"x")
    uploads = workspace.uploads_folder() / "u"
    uploads.mkdir(parents=True)
    Image.new("RGB", (64, 64)).save(uploads / f"{SECRET}.png")
    (uploads / "t.csv").write_text(f"product\n{SECRET}\n")
    specs = {
        "train": {"base": "starter-image", "name": SECRET, "trigger": SECRET, "photos": str(uploads),
                  "recipe": RECIPE},
        "voice": {"base": "starter-text", "name": SECRET, "texts": str(uploads / "t.csv"), "recipe": RECIPE},
        "campaign": {"base": "starter-image", "mix": {}, "scenes": [SECRET], "formats": ["1:1"],
                     "seeds": [0]},
        "copy": COPY,
        "catalogue": {"base": "starter-text", "mix": {}, "briefs": str(uploads / "t.csv"), "variants": 1,
                      "seed": 0},
        "combine": {"base": "starter-text", "mix": {"mug": 1.0}, "method": "svd", "name": SECRET, "rank": 2},
        "forecast": {"base": "starter-image", "recipe": RECIPE},
        "caption": {"base": "owner/model", "photos": str(uploads)},
    }  # fmt: skip
    made = {kind: queue.create(kind, spec, hashed(FIRST)) for kind, spec in specs.items()}
    for job in made.values():
        for event in ({"event": "note", "text": SECRET}, {"event": "failed", "error": SECRET}):
            job.emit(event)
    durable.write_json(made["copy"].folder / "result.json", [{"text": SECRET, "characters": 9, "limit": 50}])
    return made


def state():
    """Every file of the first visitor's jobs and of the store."""
    first = [job.folder for job in queue.list_jobs() if job.owner == hashed(FIRST)]
    files = [p for folder in (*first, Store().folder) for p in folder.rglob("*") if p.name != "lock"]
    return {path: path.read_bytes() if path.is_file() else None for path in files if path.name != ".lock"}


def filled(call, text):
    """What a browser may send to a handler: `text` wherever text goes, the component's own value else."""
    sent = []
    for component in call.inputs:
        value = getattr(component, "value", None)
        if isinstance(component, (gr.State, gr.Dropdown, gr.Textbox)) and not isinstance(value, (dict, list)):
            value = text
        elif isinstance(component, gr.State) and value == []:
            value = [text]
        sent.append(value)
    if call.inputs_as_dict:
        sent = [dict(zip(call.inputs, sent, strict=True))]
    event = SimpleNamespace(slug=text, index=0, value=text)
    takes = call.fn.__code__.co_varnames if hasattr(call.fn, "__code__") else ()
    return [event, *sent] if "event" in takes else sent


@pytest.fixture(scope="module")
def calls():
    return [call for call in build_app().fns.values() if call.fn is not None]


def answer(cookie, call, text):
    """What a handler gives back, as text; "" when it refuses, or cannot make sense of what was sent."""
    with contextlib.suppress(Exception):
        return repr(as_visitor(cookie, call.fn, *filled(call, text)))
    return ""


@pytest.mark.battery(103, "a second visitor sees and changes nothing of the first one's")
def test_no_handler_shows_or_changes_what_is_anothers(calls, shelf, monkeypatch):
    published, targets = [], [job.id for job in shelf.values()]
    monkeypatch.setattr(Store, "publish", lambda *given, **more: published.append(given))
    readers = [call for call in calls if call.fn.__name__ in ("poll", "fill")]
    own = {
        f"{call.fn.__module__.rpartition('.')[2]}.{call.fn.__name__}"
        for call in readers
        for text in targets
        if SECRET in answer(FIRST, call, text)
    }
    assert {"runs.poll", "campaigns.poll", "copies.poll", "train.fill"} <= own
    before = state()
    asked = [(SECOND, text) for text in (*targets, "mug")] + [("", targets[0]), ("", "mug")]
    shown = {
        f"{call.fn.__module__}.{call.fn.__name__}({text})"
        for call in calls
        for cookie, text in asked
        if SECRET in answer(cookie, call, text)
    }
    assert shown == set()
    assert state() == before and published == []
    assert {job.owner for job in queue.list_jobs()} <= {hashed(FIRST), hashed(SECOND)}
    for call in calls:
        if call.fn.__name__ in ("cancel", "go_on"):
            answer(FIRST, call, targets[0])
    assert state() != before, "the first one's own press changes it"


def test_what_a_browser_started_is_its_own(shelf):
    for cookie, count in ((FIRST, len(shelf)), (SECOND, 0), ("", 0)):
        assert len(as_visitor(cookie, visitors.list_jobs)) == count
    assert len(visitors.list_jobs()) == len(shelf)
    job = shelf["copy"]
    assert as_visitor(FIRST, pieces.find, job.id).id == job.id
    assert as_visitor(SECOND, pieces.find, job.id) is None and pieces.find(job.id) is not None
    for other in (job.id, "20200101T000000000-copy-abcdef"):
        with pytest.raises(LoraKitError) as error:
            as_visitor(SECOND, visitors.get, other)
        assert str(error.value) == f"job {other!r} does not exist; it may have been removed"


def test_a_job_keeps_a_hash_and_nothing_that_logs_in(shelf):
    mine = as_visitor(SECOND, visitors.start, "copy", COPY)
    text = (mine.folder / "spec.json").read_text()
    assert SECOND not in text and hashed(SECOND) in text
    assert queue.get(mine.id).owner == hashed(SECOND)
    assert visitors.start("copy", COPY).owner == ""


def test_the_same_press_of_two_visitors_is_two_jobs():
    started = {as_visitor(cookie, visitors.start, "copy", COPY).id for cookie in (FIRST, SECOND, FIRST)}
    assert len(started) == 2 and visitors.start("copy", COPY).id not in started


def test_a_job_of_an_earlier_version_is_the_operators():
    job = queue.create("copy", COPY)
    row = durable.read_json(job.folder / "spec.json")
    del row["owner"]
    durable.write_json(job.folder / "spec.json", row)
    assert queue.get(job.id).owner == "" and visitors.get(job.id).id == job.id
    assert as_visitor(FIRST, pieces.find, job.id) is None


def test_a_browser_without_the_cookie_is_told_why_nothing_starts():
    with pytest.raises(LoraKitError, match="cookie"):
        as_visitor("", visitors.start, "copy", COPY)


@pytest.mark.battery(104, "a limit of waiting jobs for each visitor")
def test_no_visitor_fills_the_queue(monkeypatch, record_property):
    monkeypatch.setenv("LORAKIT_MOST_WAITING", "3")
    for seed in range(3):
        as_visitor(FIRST, visitors.start, "copy", COPY | {"seed": seed})
    with pytest.raises(LoraKitError) as error:
        as_visitor(FIRST, visitors.start, "copy", COPY | {"seed": 9})
    record_property("told", error.value)
    assert "3 of your jobs are waiting" in str(error.value)
    again = as_visitor(FIRST, visitors.start, "copy", COPY | {"seed": 1})
    assert again.spec["seed"] == 1, "the same press again is no new job"
    as_visitor(FIRST, visitors.start, "forecast", {"base": "starter-image", "recipe": RECIPE})
    as_visitor(SECOND, visitors.start, "copy", COPY)
    for seed in range(10):
        visitors.start("copy", COPY | {"seed": seed})
    queue.list_jobs(["copy"])[-1].cancel()
    as_visitor(FIRST, visitors.start, "copy", COPY | {"seed": 9})


def test_the_place_in_the_queue_is_said():
    mine = as_visitor(FIRST, visitors.start, "copy", COPY)
    assert "next in line" in pieces.status(mine)
    others = [as_visitor(SECOND, visitors.start, "copy", COPY | {"seed": n}) for n in range(4)]
    assert "3 jobs before it" not in pieces.status(others[1])
    assert pieces.status(others[0]).count("1 job before it") == 1
    assert pieces.place(others[3]) == "4 jobs before it"
    before = pieces.mark(others[3])
    mine.cancel()
    assert pieces.mark(others[3]) != before, "the page shows that it moved up"


@pytest.mark.battery(105, "local paths typed as base")
@pytest.mark.parametrize("kind", ["train", "voice", "campaign", "copy", "forecast", "caption", "combine"])
def test_a_visitor_learns_nothing_of_this_machines_files(kind, tmp_path, shelf, monkeypatch, record_property):
    there = tmp_path / "models" / "mine"
    there.mkdir(parents=True)
    (there / "model_index.json").write_text("{}")
    weights = tmp_path / "models" / "w.safetensors"
    weights.write_bytes(b"x")
    spec, said = shelf[kind].spec, set()
    for base in (there, tmp_path / "none", weights, tmp_path / "w.ckpt", "/etc/passwd", "/root", "~", "~/x",
                 "../x", ".", "./a/b", "a/b/c", "models", "", " ", "a//b", "a/b\0"):  # fmt: skip
        with pytest.raises(LoraKitError) as error:
            as_visitor(SECOND, visitors.start, kind, spec | {"base": str(base)})
        said.add(str(error.value))
    assert len(said) == 1, said
    record_property("told", said.pop())
    assert as_visitor(SECOND, visitors.start, kind, spec | {"base": "owner/model"}).owner == hashed(SECOND)
    assert visitors.start(kind, spec | {"base": str(tmp_path / "none")}).owner == "", "the operator may"
    monkeypatch.setenv("LORAKIT_BASES", str(tmp_path / "models"))
    assert as_visitor(SECOND, visitors.start, kind, spec | {"base": str(there)})
    with pytest.raises(LoraKitError):
        as_visitor(SECOND, visitors.start, kind, spec | {"base": f"{there}/../../none"})


@pytest.mark.parametrize(("kind", "field"), [("train", "photos"), ("voice", "texts"), ("catalogue", "briefs"),
                                             ("train", "captions"), ("train", "class_photos")])  # fmt: skip
def test_a_visitor_learns_from_uploads_alone(kind, field, shelf, tmp_path):
    (tmp_path / "there").mkdir()
    said = set()
    for path in (tmp_path / "there", tmp_path / "none", workspace.jobs_folder(), "../x", "/etc"):
        with pytest.raises(LoraKitError) as error:
            as_visitor(SECOND, visitors.start, kind, shelf[kind].spec | {field: str(path)})
        said.add(str(error.value))
    assert len(said) == 1 and field in said.pop()


def test_pictures_are_those_of_ones_own_campaigns(shelf, monkeypatch):
    first, second = Visitor(hashed(FIRST)), Visitor(hashed(SECOND))
    picture = workspace.campaigns_folder() / shelf["campaign"].id / "images" / "a.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"x")
    link = workspace.campaigns_folder() / "link.png"
    link.symlink_to(picture)
    for path in (picture, link, f"{workspace.campaigns_folder()}/x/../{shelf['campaign'].id}/images/a.png"):
        allowed = [visitors.may_read(path, who) for who in (OPERATOR, first, second, NOBODY)]
        assert allowed == [True, True, False, False], path
    home = workspace.home()
    for path in (home, home / "worker.log", home / "jobs" / shelf["copy"].id / "spec.json",
                 home / "downloads" / "copy.csv", home / "uploads" / "u", home / "campaigns"):  # fmt: skip
        assert [visitors.may_read(path, who) for who in (OPERATOR, first)] == [True, False], path
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(home / "tmp" / "gradio"))
    assert visitors.may_read(home / "tmp" / "gradio" / "hash" / "a.png", first), "a copy made for a page"


@pytest.fixture(scope="module")
def tab():
    with gr.Blocks():
        return adapters.build()


def test_changing_the_store_needs_the_operator(shelf, tab):
    for action, inputs in (
        (tab.rename_one, ("mug", "cup")),
        (tab.use_in_part, ("mug", True)),
        (tab.trash_one, ("mug",)),
        (tab.restore_one, ("mug",)),
        (adapter_view.publish_one, ("mug", "a/b", True)),
    ):
        said = str(as_visitor(SECOND, action, *inputs))
        assert "whoever runs this studio" in said and Store().get("mug").name == "mug"
    trash = tab.bin.slug
    assert "mug" in str(tab.refresh()[trash]) and "mug" not in str(as_visitor(SECOND, tab.refresh)[trash])
    with pytest.raises(gr.Error, match="whoever runs this studio"):
        as_visitor(SECOND, tuning.start_shrink, "mug", 2)
    assert "cup" in str(tab.rename_one("mug", "cup"))


@pytest.mark.battery(93, "an adapter of the hub, added by a visitor")
def test_a_visitor_adds_from_the_hub_without_the_owners_token(tab, tmp_path, monkeypatch):
    asked = []

    def download(text, token=None):
        asked.append((text, token))
        raise AdapterError(f"{text}: no such repository")

    monkeypatch.setattr(hub, "download", download)
    (tmp_path / "owner" / "name").mkdir(parents=True)  # a folder of this machine's that is called the same
    monkeypatch.chdir(tmp_path)
    as_visitor(SECOND, tab.add_files, None, "owner/name", "")
    tab.add_files(None, "owner/name", "")
    assert asked == [("owner/name", False), ("owner/name", None)]


def test_a_visitor_sees_no_path_of_this_machine_on_a_card(tab):
    folder = Store().folder / "mug"
    durable.write_json(
        folder / "card.json", {"name": "mug", "family": "flux", "base": "/home/me/models/flux"}
    )
    (folder / "adapter_model.safetensors").write_bytes(b"x")
    for handler, inputs in ((tab.refresh, ()), (tab.view.open_one, ("mug",))):
        assert "/home/me" in str(handler(*inputs))
        shown = str(as_visitor(SECOND, handler, *inputs))
        assert "/home/me" not in shown and "flux" in shown


def test_the_form_is_filled_from_ones_own_training_only(shelf):
    job = shelf["train"].id
    with gr.Blocks():
        tab = train.build()
    shown = as_visitor(FIRST, tab.fill, job)
    assert shown[tab.sides["image"].data.name]["value"] == SECRET
    with pytest.raises(gr.Error):
        as_visitor(SECOND, tab.fill, job)


def test_handlers_ask_for_jobs_here_and_nowhere_else():
    import ast
    from pathlib import Path

    direct = {"get", "list_jobs", "create", "create_once", "open_folder", "claim"}
    wrong = []
    for path in Path(visitors.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            if named and node.value.id == "jobs" and node.attr in direct and path.name != "visitors.py":
                wrong.append(f"{path.name}: jobs.{node.attr}")
            if isinstance(node, ast.ImportFrom) and node.module == "lorakit.jobs.queue":
                wrong += [f"{path.name}: {name.name}" for name in node.names if name.name in direct]
    assert wrong == []


def test_every_file_and_folder_that_a_job_can_name_is_asked_for():
    """What a visitor may not name follows from the kinds' own fields; this list is written by hand."""
    places = {name: set(kind.spec.places()) for name, kind in KINDS.items()}
    assert {name: fields for name, fields in places.items() if fields} == {
        "train": {"photos", "class_photos", "captions"},
        "voice": {"texts"},
        "catalogue": {"briefs"},
        "forecast": {"photos", "texts"},
        "caption": {"photos", "captions"},
        "campaign": {"product"},
    }


def test_a_list_of_files_is_asked_for_one_by_one(tmp_path):
    (tmp_path / "secret.png").write_bytes(b"x")
    with pytest.raises(DataError, match="product: upload"):
        visitors._check_paths(
            "campaign", {"base": "starter-image", "product": [str(tmp_path / "secret.png")]}
        )
