"""What the running page serves, and to whom."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

import pytest

from lorakit import durable, workspace
from lorakit.jobs import queue
from lorakit.store.store import Store
from lorakit.ui import build_app, launch_options

LIMIT = 100_000  # bytes of an upload to this page; the studio's own limit is tested as it is stated


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The address of the page with a password, and the folder of its workspace."""
    folder = tmp_path_factory.mktemp("web")
    before = dict(os.environ)
    os.environ |= {"LORAKIT_HOME": str(folder / "home"), "LORAKIT_ADAPTERS": str(folder / "adapters")}
    app = build_app()
    _, address, _ = app.launch(
        server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, quiet=True,
        auth=("studio", "right"), **launch_options() | {"max_file_size": LIMIT},
    )  # fmt: skip
    yield address.rstrip("/"), workspace.home()
    app.close()
    os.environ.clear()
    os.environ |= before


def opener(address, password):
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    form = urllib.parse.urlencode({"username": "studio", "password": password}).encode()
    browser.open(f"{address}/login", form, timeout=10)
    return browser


def status(open_, address, *more):
    try:
        return open_(address, *more, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.battery(78, "no or a wrong password")
def test_nothing_is_served_without_the_password(page):
    address, _ = page
    assert status(urllib.request.urlopen, f"{address}/config") == 401
    with pytest.raises(urllib.error.HTTPError):
        opener(address, "wrong")
    assert status(opener(address, "right").open, f"{address}/config") == 200


@pytest.mark.battery(76, "file routes for anything outside the result folders")
def test_files_outside_the_result_folders_are_not_served(page):
    address, home = page
    browser = opener(address, "right")
    job, shown = home / "jobs" / "a" / "spec.json", home / "downloads" / "x.txt"
    for file in (job, shown):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("text")
    link = home / "downloads" / "link"
    link.symlink_to("/etc")
    paths = ["/etc/passwd", str(job), f"{home}/downloads/../jobs/a/spec.json", f"{link}/passwd",
             f"{home}/downloads/%2e%2e/jobs/a/spec.json", "../../etc/passwd",
             os.path.abspath("pyproject.toml")]  # fmt: skip
    for route in ("/gradio_api/file=", "/file="):
        for path in paths:
            assert status(browser.open, address + route + path) in (403, 404), path
    assert status(browser.open, f"{address}/gradio_api/file={shown}") == 200


def posted(address, path, body, **headers):
    """The status of a POST by a browser that has the page's cookie."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return status(opener(address, "right").open, urllib.request.Request(address + path, body, headers))


def file_form(data):
    """The form of an upload; what it declares to be is not what it is."""
    head = '--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\nContent-Type: text/html'
    return f"{head}\r\n\r\n".encode() + data + b"\r\n--x--\r\n"


FORM = {"Content_Type": "multipart/form-data; boundary=x"}
PRESS = json.dumps({"data": [], "fn_index": 0, "session_hash": "s"}).encode()


@pytest.mark.battery(77, "upload over the limit")
def test_an_upload_over_the_limit_is_refused_and_one_below_it_is_kept(page):
    address, _ = page
    upload = "/gradio_api/upload"
    assert posted(address, upload, file_form(b"x" * (LIMIT + 1)), **FORM) == 413
    assert posted(address, upload, file_form(b"x" * (LIMIT - 1)), **FORM) == 200
    assert launch_options()["max_file_size"] == "4gb"


@pytest.mark.battery(79, "cross-origin post")
@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null", ""])
def test_another_sites_page_cannot_act_in_a_visitors_name(page, origin):
    address, _ = page
    for path, body, form in (("/gradio_api/upload", file_form(b"x"), FORM),
                             ("/gradio_api/queue/join", PRESS, {"Content_Type": "application/json"}),
                             ("/gradio_api/run/predict", PRESS, {"Content_Type": "text/plain"})):  # fmt: skip
        assert posted(address, path, body, Origin=origin, **form) == 403
    asked = urllib.request.Request(f"{address}/config", headers={"Origin": origin})
    assert status(opener(address, "right").open, asked) == 403, "nor read what the page holds"


@pytest.mark.battery(79, "the page's own post, also behind a proxy")
def test_its_own_page_may_post_also_behind_a_proxy(page, monkeypatch):
    address, _ = page
    upload, form = ("/gradio_api/upload", file_form(b"x")), FORM
    assert posted(address, *upload, Origin=address, **form) == 200
    proxied = {"Origin": "https://studio.example.com", "X_Forwarded_Host": "studio.example.com"}
    assert posted(address, *upload, **proxied, **form) == 200
    monkeypatch.setenv("SPACE_HOST", "owner-studio.hf.space")
    assert posted(address, *upload, Origin="https://owner-studio.hf.space", **form) == 200


HOSTILE = (
    "<img src=x onerror=hit()><script>hit()</script><a href='javascript:hit()'>a</a>"
    """![b](http://beacon.example/m.png)"'><img src=http://beacon.example/i.png><svg onload=hit()>"""
)


def plant_hostile_texts():
    """In every place where a text of somebody else's may stand: a card, a job, its events, its results."""
    card = dict.fromkeys(("name", "trigger", "base", "licence", "tool", "created"), HOSTILE)
    for slug, family in (("look", "flux"), ("voice", "llm"), ("odd", HOSTILE)):
        folder = Store().folder / slug
        durable.write_json(folder / "card.json", card | {"family": family, "data": {"hub": HOSTILE}})
        (folder / "pytorch_lora_weights.safetensors").write_bytes(b"x")
    Store().trash("odd")
    brief, short = {"product": HOSTILE[:200], "facts": HOSTILE}, HOSTILE[:200]
    copy = queue.create("copy", {"base": "b", "mix": {}, "brief": brief, "variants": 1, "seed": 0})
    durable.write_json(copy.folder / "result.json",
                       [{"text": HOSTILE, "characters": 9, "limit": 5, "note": HOSTILE}])  # fmt: skip
    copy.emit({"event": "done"})
    scenes = {"base": "b", "mix": {"look": 1.0}, "scenes": [HOSTILE], "formats": ["1:1"], "seeds": [0]}
    photos = {"base": "b", "name": short, "trigger": short, "photos": "p", "recipe": {}}
    for job in (queue.create("train", photos), queue.create("campaign", scenes)):
        for event in ({"event": "note", "text": HOSTILE}, {"event": "failed", "error": HOSTILE}):
            job.emit(event)


@pytest.mark.battery(81, "script, javascript: links and image beacons in names, cards, prompts, results")
def test_what_others_wrote_stays_text_in_a_real_browser(page, browser, turned):
    address, _ = page
    plant_hostile_texts()
    window, asked, dialogs = browser.new_page(color_scheme="light"), [], []
    window.add_init_script("window.hits = 0; window.hit = () => { window.hits += 1; };")
    window.on("request", lambda request: asked.append(request.url))
    window.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    window.context.request.post(f"{address}/login", form={"username": "studio", "password": "right"})
    window.goto(address)
    shown = {}
    for tab in ("Train", "Brand voice", "Product scenes", "Adapters"):
        window.get_by_role("tab", name=tab, exact=True).click()
        place = window.locator(".tabitem:visible, [role=tabpanel]:visible").last
        place.get_by_text("<img src=x").first.wait_for(timeout=30_000)
        shown[tab] = place.inner_text().count("<img src=x")
    window.locator("[data-slug=look]:visible").first.click()
    window.get_by_text("works with").wait_for(timeout=30_000)
    turned(window, "dark")
    assert min(shown.values()) >= 1, shown
    assert window.evaluate("window.hits") == 0 and dialogs == []
    assert {url for url in asked if not url.startswith((address, "data:", "blob:"))} == set()
    assert window.locator("a[href^='javascript']").count() == 0
    window.close()
