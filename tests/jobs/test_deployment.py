"""Where the studio may find itself: without the hub, a GPU, a home, a free port, or with an old workspace."""

import contextlib
import importlib.util
import io
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import gradio as gr
import pytest
import torch
from huggingface_hub import close_session, constants, set_client_factory
from huggingface_hub.utils import get_session
from PIL import Image

from lorakit import durable, workspace
from lorakit.errors import LoraKitError
from lorakit.families import load_base
from lorakit.jobs import queue
from lorakit.jobs.supervisor import REFUSED
from lorakit.jobs.worker import Service
from lorakit.store.store import Store
from lorakit.terminal import cli
from lorakit.ui.pages import scenes
from lorakit.ui.parts import campaigns, copies
from lorakit.ui.parts import runs as training_list
from tests.serving import answers

ROOT = Path(__file__).parents[2]
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
FILE = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n'
SECRET = "hf_" + "s" * 34


def run_app(monkeypatch, **settings):
    """`python app.py` in this process, as far as it comes; returns what it says when it ends."""
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    found = importlib.util.spec_from_file_location("app_under_test", ROOT / "app.py")
    app = importlib.util.module_from_spec(found)
    found.loader.exec_module(app)
    with pytest.raises(SystemExit) as ended, contextlib.redirect_stderr(io.StringIO()) as said:
        app.main()
    assert ended.value.code == REFUSED, "nobody starts it again"
    return said.getvalue()


@pytest.mark.battery(89, "port taken")
def test_a_taken_port_is_told_with_another_one_to_choose(monkeypatch, record_property):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = run_app(monkeypatch, LORAKIT_PORT=port)
    record_property("told", said)
    assert f"Port {port} is taken" in said and f"LORAKIT_PORT={port + 1}" in said
    assert not workspace.home().exists(), "no worker was started"


@pytest.mark.battery(89, "a port that is none")
@pytest.mark.parametrize("port", ["0", "70000", "http", "-1"])
def test_a_port_that_cannot_be_is_named(port, monkeypatch):
    assert "1 to 65535" in run_app(monkeypatch, LORAKIT_PORT=port)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The hub's own client library with a wire that ends here; returns (answer, requests)."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", SECRET)
    monkeypatch.setattr(
        "huggingface_hub.utils._http.time.sleep", lambda seconds: None
    )  # before it asks again
    http = sys.modules[type(get_session()).__module__.partition(".")[0]]
    state = {"answer": None, "asked": []}

    def handle(request):
        state["asked"].append(request)
        answer = state["answer"]
        if isinstance(answer, Exception):
            raise answer
        status, code = answer
        return http.Response(status, headers={"X-Error-Code": code, "X-Error-Message": f"no, {SECRET}"})

    set_client_factory(lambda: http.Client(transport=http.MockTransport(handle)))
    state["unreachable"] = http.ConnectError("[Errno -2] Name or service not known")
    yield state
    set_client_factory(http.Client)
    close_session()


ASKED = {
    "a base": lambda: load_base("somebody/unheard-of-model"),
    "a well-known base": lambda: load_base("black-forest-labs/FLUX.1-dev"),
    "an adapter": lambda: Store().add("somebody/unheard-of-adapter"),
}
ANSWERS = {
    "no network": ("unreachable", "can't be reached"),
    "gated": ((403, "GatedRepo"), "HF_TOKEN"),
    "missing": ((401, "RepoNotFound"), "check the name"),
}


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize("answer", [
    pytest.param("no network", marks=pytest.mark.battery(84, "no hub access (offline)")),
    pytest.param("gated", marks=pytest.mark.battery(85, "gated model without token")),
    pytest.param("missing", marks=pytest.mark.battery(85, "no such model on the hub")),
])  # fmt: skip
def test_what_the_hub_does_not_give_is_told_with_what_to_do(what, answer, hub, record_property):
    given, words = ANSWERS[answer]
    hub["answer"] = hub["unreachable"] if given == "unreachable" else given
    with pytest.raises(LoraKitError) as caught:
        ASKED[what]()
    assert hub["asked"], "it was asked"
    told = str(caught.value)
    record_property("told", told)
    assert words in told and "/" in told.partition(":")[0], "the model is named"
    assert SECRET not in told and "http" not in told and "Traceback" not in told
    assert Store().list() == []


@pytest.mark.battery(84, "a job on a base of the hub, offline")
def test_offline_a_job_on_a_hub_base_says_so():
    """HF_HUB_OFFLINE is set for all tests."""
    brief = {"product": "Nordal teapot"}
    job = queue.create(
        "copy", {"base": "somebody/model", "mix": {}, "brief": brief, "variants": 1, "seed": 0}
    )
    assert Service(threading.Event()).once()
    assert job.state == "failed" and "somebody/model: not on this machine" in job.progress().message


@pytest.mark.battery(86, "CUDA asked for but absent")
@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
@pytest.mark.parametrize("device", ["cuda", "cuda:3"])
def test_a_device_that_is_not_there_is_named_before_anything_is_loaded(device, record_property):
    with pytest.raises(LoraKitError, match=f"{device} was asked for") as caught:
        load_base("starter-image", device=device)
    record_property("told", caught.value)


# Everything read-only but one folder; a user id that has no name, no home and no rights.
ONLY_DATA = """
set -e
mount --make-rprivate / && mount --bind "$1" "$1"
for place in / $(awk '{print $2}' /proc/mounts); do
  case "$place" in /proc*|/dev*|/sys*|"$1") ;; *) mount -o remount,ro,bind "$place" 2>/dev/null || true;; esac
done
! touch /tmp/still-writable 2>/dev/null
echo prepared >&2
cd "$2"
exec unshare --user --map-user=12345 --map-group=12345 \\
  env -i PATH="$PATH" LORAKIT_HOME="$1/workspace" LORAKIT_ADAPTERS="$1/adapters" LORAKIT_PORT="$3" "$4" app.py
"""


@pytest.mark.battery(87, "only /data writable")
@pytest.mark.battery(88, "another user id without a home")
def test_it_serves_and_works_with_one_folder_to_write_to_and_no_home(tmp_path, monkeypatch):
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare, to take the rights away")
    data = tmp_path / "data"
    data.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(tmp_path / "log", "w+") as log:
        app = subprocess.Popen(["unshare", "--mount", "bash", "-c", ONLY_DATA, "x", str(data), str(ROOT),
                                str(port), sys.executable], stdout=log, stderr=log)  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}", app, tmp_path / "log")
            monkeypatch.setenv("LORAKIT_HOME", str(data / "workspace"))
            spec = {"base": "starter-text", "mix": {"gone": 1.0}, "variants": 1, "seed": 0}
            job = queue.create("copy", {**spec, "brief": {"product": "tea"}})
            for _ in range(600):
                if job.state == "failed":
                    break
                time.sleep(0.1)
            assert job.state == "failed" and job.progress().message.startswith("gone: no adapter")
            sent = urllib.request.Request(f"http://127.0.0.1:{port}/gradio_api/upload", FILE, FORM)
            (kept,) = json.load(urllib.request.urlopen(sent, timeout=20))
            assert Path(kept).is_relative_to(data)
        finally:
            app.terminate()
            app.wait(20)


def wait_for(address, process, log):
    if answers(address, process):
        return
    said = log.read_text()
    if "prepared" not in said:
        pytest.skip("needs the right to take rights away")
    pytest.fail(said)


@pytest.mark.battery(87, "nothing writable at all")
def test_a_machine_on_which_nothing_can_be_written_is_told_what_to_set(
    monkeypatch, tmp_path, record_property
):
    (tmp_path / "file").write_text("x")

    def none():
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(workspace.tempfile, "gettempdir", none)
    said = run_app(monkeypatch, LORAKIT_HOME=tmp_path / "file" / "inside", LORAKIT_PORT=free_port())
    record_property("told", said)
    assert "LORAKIT_HOME" in said and str(tmp_path) not in said


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


OLD_RECIPE = {"steps": 480, "rank": 16, "alpha": 16.0, "learning_rate": 1e-3, "batch_size": 8}
OLD = {  # as the first version wrote them
    "train": {"base": "starter-image", "name": "Aurora", "trigger": "aurora", "photos": "/gone",
              "recipe": OLD_RECIPE},
    "voice": {"base": "starter-text", "name": "Calm", "texts": "/gone.csv", "recipe": {"gone": 1}},
    "campaign": {"base": "starter-image", "mix": {"aurora": 0.8}, "scenes": ["snow"], "formats": ["1:1"],
                 "seeds": [1]},
    "copy": {"base": "starter-text", "mix": {}, "brief": {"product": "tea"}, "variants": 1, "seed": 0},
    "film": {"base": "starter-image", "length": 3},
}  # fmt: skip


@pytest.fixture
def old_workspace():
    """Jobs, a finished campaign and an adapter as earlier versions left them."""
    for number, (kind, spec) in enumerate(OLD.items()):
        folder = workspace.jobs_folder() / f"2025010112000000{number}-{kind}-abcdef"
        durable.write_json(
            folder / "spec.json", {"kind": kind, "created": "2025-01-01T12:00:00", "spec": spec}
        )
    (done,) = queue.list_jobs(["campaign"])
    for event in ({"event": "started"}, {"event": "image", "done": 1, "total": 1}, {"event": "done"}):
        durable.append_line(done.folder / "events.jsonl", event)  # without times, and without "ended"
    folder = workspace.campaigns_folder() / done.id
    shot = {"id": "a" * 16, "scene": "snow", "prompt": "aurora snow", "format": "1:1", "seed": 1,
            "render_width": 64, "render_height": 64}  # fmt: skip
    durable.write_json(folder / "plan.json", {"lorakit": "0.0.1", "base": "starter-image", "shots": [shot]})
    (folder / "images").mkdir()
    Image.new("RGB", (64, 64)).save(folder / "images" / "a.png")
    row = {"id": shot["id"], "path": "images/a.png", "sha256": "0"}
    durable.append_line(folder / "manifest.jsonl", row)
    card = Store().folder / "aurora" / "card.json"
    durable.write_json(card, {"name": "Aurora", "family": "flux", "rank": 4})
    (card.parent / "pytorch_lora_weights.safetensors").write_bytes(b"x")
    durable.write_json(workspace.home() / "settings.json", {"theme": "dark"})
    return done


@pytest.mark.battery(90, "old workspace from an earlier version")
def test_an_old_workspace_is_shown_and_its_waiting_jobs_end_in_words(old_workspace, runs):
    assert {job.kind for job in queue.list_jobs()} == set(OLD) - {"film"}
    assert cli.main(["jobs"]) == 0 and cli.main(["adapters"]) == 0
    (training,), (speaking,), (writing,) = (queue.list_jobs([kind]) for kind in ("train", "voice", "copy"))
    runs(copy=lambda context: True)
    service = Service(threading.Event())
    while service.once():
        pass
    assert training.state == "failed" and "folder" in training.progress().message
    assert speaking.state == "failed" and "gone" in speaking.progress().message
    with gr.Blocks():
        view, copy = training_list.view(), copies.view()
    assert "gone: no such" in str(training_list.show(view, training.id, {}))
    assert "gone" in str(training_list.show(view, speaking.id, {}))
    assert "Finished" in copy.poll(writing.id, "")[copy.text]
    with campaigns.gr.Blocks():
        shown = campaigns.view().poll(old_workspace.id, {}, False)
    assert "1 of 1" in str(shown) and "a.png" in str(shown)
    assert "1 images" in campaigns.label(old_workspace)
    assert Store().get("aurora").rank == 4 and "Aurora" in scenes.mixing.table(["aurora"], {})


@pytest.mark.battery(89, "a host that is not this machine's")
@pytest.mark.parametrize(
    "host", ["203.0.113.9", "no-such-host.invalid", "http://localhost", "2001:db8::1", "."]
)
def test_a_wrong_host_is_named_and_not_taken_for_a_taken_port(host, monkeypatch, record_property):
    said = run_app(monkeypatch, LORAKIT_HOST=host)
    record_property("told", said)
    assert f"LORAKIT_HOST is {host!r}" in said and "taken" not in said


def test_a_taken_port_of_an_ipv6_address_is_told_as_one(monkeypatch):
    with socket.socket(socket.AF_INET6) as taken:
        try:
            taken.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        taken.listen()
        port = taken.getsockname()[1]
        for host in ("::1", "[::1]"):
            assert f"Port {port} is taken" in run_app(monkeypatch, LORAKIT_HOST=host, LORAKIT_PORT=port)
