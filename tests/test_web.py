"""What the running page serves, and to whom."""

import os
import urllib.error
import urllib.parse
import urllib.request

import pytest

from lorakit import workspace
from lorakit.ui import build_app, launch_options


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The address of the page with a password, and the folder of its workspace."""
    folder = tmp_path_factory.mktemp("web")
    before = dict(os.environ)
    os.environ |= {"LORAKIT_HOME": str(folder / "home"), "LORAKIT_ADAPTERS": str(folder / "adapters")}
    app = build_app()
    _, address, _ = app.launch(
        server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, quiet=True,
        auth=("studio", "right"), **launch_options(),
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


def status(open_, address):
    try:
        return open_(address, timeout=10).status
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
