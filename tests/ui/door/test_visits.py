"""Several browsers at one studio: each is known again, and gets its own pictures and no other's."""

import hashlib
import json
import re

import gradio as gr
import pytest
from PIL import Image

from lorakit import durable, workspace
from lorakit.jobs import queue

AWAY = {"X_Forwarded_For": "203.0.113.5"}  # behind a proxy nobody is at the machine itself
SECRET = "Zephyrine"


@pytest.fixture
def home(unguarded, monkeypatch):
    """The workspace of the running studio."""
    monkeypatch.setenv("LORAKIT_HOME", str(unguarded.home))
    monkeypatch.setenv("LORAKIT_ADAPTERS", str(unguarded.home / "adapters"))
    return unguarded.home


def cookie_of(answer):
    found = [text for text in answer.cookies if text.startswith("lorakit-visitor=")]
    return re.match(r"lorakit-visitor=([\w-]+)", found[0])[1] if found else ""


def enter(running):
    """A fresh browser opens the page: its cookie."""
    return cookie_of(running("GET", "/", **AWAY))


def with_cookie(cookie):
    return {**AWAY, "Cookie": f"lorakit-visitor={cookie}"}


def planted(cookie):
    """A campaign with one picture, and copy, both of this browser's."""
    owner = hashlib.sha256(cookie.encode()).hexdigest()[:32]
    spec = {"base": "starter-image", "mix": {}, "scenes": [SECRET], "formats": ["1:1"], "seeds": [0]}
    campaign = queue.create("campaign", spec, owner)
    picture = workspace.campaigns_folder() / campaign.id / "images" / "a.png"
    picture.parent.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(picture)
    brief = {"base": "starter-text", "mix": {}, "brief": {"product": SECRET}, "variants": 1, "seed": 0}
    copy = queue.create("copy", brief, owner)
    durable.write_json(copy.folder / "result.json", [{"text": SECRET, "characters": 9, "limit": 50}])
    for job in (campaign, copy):
        job.emit({"event": "done"})
    return picture


def test_a_browser_gets_a_cookie_that_nobody_guesses_and_keeps_it(unguarded):
    cookies = {enter(unguarded) for _ in range(5)}
    assert len(cookies) == 5 and all(len(cookie) == 43 for cookie in cookies)
    assert cookie_of(unguarded("GET", "/", **with_cookie(cookies.pop()))) == ""
    text = next(c for c in unguarded("GET", "/", **AWAY).cookies if c.startswith("lorakit-visitor"))
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(text.split("; "))
    assert unguarded("GET", "/").cookies == [], "at the machine itself nothing is kept"


@pytest.mark.battery(103, "pictures of another's campaign")
def test_another_browser_gets_no_pictures(unguarded, home):
    first, second = enter(unguarded), enter(unguarded)
    picture = planted(first)
    for route in ("/gradio_api/file=", "/gradio_api/file/"):
        path = f"{route}{picture}"
        assert unguarded("GET", path, **with_cookie(first)).status == 200
        assert unguarded("GET", path).status == 200, "the operator"
        for headers in (with_cookie(second), AWAY, {"Host": "localhost", **AWAY}):
            answer = unguarded("GET", path, **headers)
            assert answer.status == 404 and answer.text == "Not found"
    (home / "downloads").mkdir(exist_ok=True)
    (home / "downloads" / "table.csv").write_text("x")
    for path in (home / "downloads" / "table.csv", picture.parent, home / "campaigns" / "none" / "a.png"):
        assert unguarded("GET", f"/gradio_api/file={path}", **with_cookie(second)).status == 404


@pytest.mark.battery(80, "an address where a file is expected")
def test_the_studio_fetches_no_address_for_anybody(unguarded):
    for address in (
        "https://huggingface.co/robots.txt",
        "http://127.0.0.1:1/x",
        "ftp://x/y",
        "//evil.example/x",
    ):
        for headers in ({}, AWAY):
            assert unguarded("GET", f"/gradio_api/file={address}", **headers).status == 404


def press(running, function, sent, headers):
    """Call a handler as the page does; what comes back as its events."""
    body = {"data": sent, "fn_index": function, "session_hash": "s" * 10, "trigger_id": None}
    joined = running("POST", "/gradio_api/queue/join", json.dumps(body).encode(),
                     Content_Type="application/json", **headers)  # fmt: skip
    assert joined.status == 200, joined.text
    stream = running("GET", "/gradio_api/queue/data?session_hash=" + "s" * 10, **headers)
    return stream.text


def takes_photos(call):
    """Is this the handler of the Train tab's upload?"""
    files = [one for one in call.inputs if isinstance(one, gr.File)]
    ours = call.fn.__module__ == "lorakit.ui.parts.training_data"
    return bool(files) and ours and files[0].file_count == "multiple"


@pytest.mark.battery(103, "another's picture handed in as one's own upload")
def test_anothers_picture_is_not_taken_as_an_upload(unguarded, home):
    first, second = enter(unguarded), enter(unguarded)
    picture = planted(first)
    blocks = unguarded.app.get_blocks()
    number, call = next((n, call) for n, call in blocks.fns.items() if takes_photos(call))
    file = {"path": str(picture), "meta": {"_type": "gradio.FileData"}, "orig_name": "a.png"}
    sent = [[file] if isinstance(one, gr.File) else getattr(one, "value", None) for one in call.inputs]
    before = set(workspace.uploads_folder().glob("*"))
    assert '"success":false' in press(unguarded, number, sent, with_cookie(second))
    assert set(workspace.uploads_folder().glob("*")) == before
    assert '"success":true' in press(unguarded, number, sent, with_cookie(first))


@pytest.mark.battery(103, "a second real browser at one studio")
def test_a_fresh_browser_shows_nothing_of_the_first_ones(unguarded, home, browser):
    planted(enter(unguarded))
    durable.write_json(home / "adapters" / "mug" / "card.json", {"name": "Mug", "family": "llm"})
    (home / "adapters" / "mug" / "adapter_model.safetensors").write_bytes(b"x")
    proxied = {"X-Forwarded-For": "203.0.113.5"}
    context = browser.new_context(color_scheme="dark", extra_http_headers=proxied)
    page = context.new_page()
    page.goto(unguarded.address)
    page.get_by_role("tab", name="Brand voice", exact=True).click()
    page.get_by_label("Product", exact=True).wait_for()
    page.get_by_role("tab", name="Adapters", exact=True).click()
    page.locator("[data-slug=mug]:visible").first.click()
    page.get_by_text("Create download").wait_for()
    assert SECRET not in page.content()
    assert not page.get_by_text("Rename or publish").is_visible()
    assert not page.get_by_text("Move to trash").is_visible()
    assert next(c for c in context.cookies() if c["name"] == "lorakit-visitor")["httpOnly"]
    context.close()
