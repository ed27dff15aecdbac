"""A workspace and a store that an earlier version of the studio wrote are opened and carried on by this one.

`fixtures/before.zip` contains `home/` and `adapters/` as version 0.1.0 left them: jobs of every kind, some
finished, one killed at its checkpoint, some stopped on their way. It must never be made again by newer code:
then it would show nothing. `{HOME}` stands where the workspace's own path stood, in specs and in events;
`unpacked` puts the new one in. Two things were removed: the checkpoints of the training that was cancelled,
as a sweep does, and the captioning model, which its test builds again.
"""

import csv
import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from lorakit import workspace
from lorakit.generation.pictures.results import finished, pictures, read_plan
from lorakit.jobs import measurements, queue
from lorakit.jobs.loaded_bases import Bases
from lorakit.jobs.run import run_job
from lorakit.store.store import Store
from tests.families.tiny_captioner import save_blip

WRITTEN = Path(__file__).parent / "fixtures" / "before.zip"
BINARY = (".png", ".jpg", ".pt", ".safetensors")

TRAIN = "20261130T235714116-train-bbe10e"
VOICE = "20261130T235901186-voice-e51777"
COPY = "20261130T235944569-copy-5db98f"
COPY_FAILED = "20261130T235949939-copy-dc2f85"
CHECK = "20261130T235950434-check-6fa452"
COMBINE = "20261130T235950487-combine-abd854"
FORECAST = "20261201T000032092-forecast-70b610"
CAMPAIGN = "20261201T000043117-campaign-bc6c8e"
CAMPAIGN_STOPPED = "20261201T000050222-campaign-5d0791"
CATALOGUE_STOPPED = "20261201T000056099-catalogue-0c0940"
CATALOGUE = "20261201T000133492-catalogue-6e59eb"
CAPTION_STOPPED = "20261201T000154195-caption-baa057"
VOICE_NEVER_BEGUN = "20261201T000156138-voice-fb33d6"
VOICE_CANCELLED = "20261201T000156144-voice-0d938d"
VOICE_KILLED = "20261201T000205350-voice-e626fe"
COPY_QUEUED = "20261201T000238936-copy-830968"
COPY_CANCELLED = "20261201T000238944-copy-5d2eba"

LEFT = {  # kind, state, done, total
    TRAIN: ("train", "done", 2, 2),
    VOICE: ("voice", "done", 4, 4),
    COPY: ("copy", "done", 0, 0),
    COPY_FAILED: ("copy", "failed", 0, 0),
    CHECK: ("check", "done", 0, 0),
    COMBINE: ("combine", "done", 2, 3),
    FORECAST: ("forecast", "done", 0, 0),
    CAMPAIGN: ("campaign", "done", 2, 2),
    CAMPAIGN_STOPPED: ("campaign", "interrupted", 2, 4),
    CATALOGUE_STOPPED: ("catalogue", "interrupted", 2, 3),
    CATALOGUE: ("catalogue", "done", 3, 3),
    CAPTION_STOPPED: ("caption", "interrupted", 1, 2),
    VOICE_NEVER_BEGUN: ("voice", "cancelled", 0, 0),
    VOICE_CANCELLED: ("voice", "cancelled", 3, 6),
    VOICE_KILLED: ("voice", "interrupted", 3, 6),
    COPY_QUEUED: ("copy", "queued", 0, 0),
    COPY_CANCELLED: ("copy", "cancelled", 0, 0),
}
VISITOR = "8f14e45fceea167a"  # who started VOICE; the other jobs are whoever's who runs the studio


@pytest.fixture(scope="module")
def bases():
    return Bases()


@pytest.fixture(autouse=True)
def unpacked(own_workspace):
    """The fixture as this test's workspace and store, with the workspace's path where `{HOME}` stands."""
    home = json.dumps(str(workspace.home()))[1:-1].encode()
    places = {"home": workspace.home(), "adapters": workspace.adapters_folder()}
    with zipfile.ZipFile(WRITTEN) as archive:
        for name in archive.namelist():
            root, _, rest = name.partition("/")
            target = places[root] / rest
            if name.endswith("/"):
                target.mkdir(parents=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            content = archive.read(name)
            target.write_bytes(content if target.suffix in BINARY else content.replace(b"{HOME}", home))


def carry_on(id, bases):
    """Run a job as the worker does, and return it with the bytes of its events before."""
    before = (workspace.jobs_folder() / id / "events.jsonl").read_bytes() if events(id) else b""
    job = queue.claim(accept=lambda job: job.id == id)
    assert job is not None and job.id == id
    run_job(job, bases)
    assert (job.folder / "events.jsonl").read_bytes().startswith(before), "what was told is not told anew"
    return job


def events(id, name=None):
    """The lines of a job's events.jsonl, of one name when given."""
    file = workspace.jobs_folder() / id / "events.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [line for line in lines if name in (None, line["event"])]


def test_every_job_is_listed_as_it_was_left():
    found = {job.id: job for job in queue.list_jobs()}
    told = {id: job.progress() for id, job in found.items()}
    assert {id: (job.kind, job.state, told[id].done, told[id].total) for id, job in found.items()} == LEFT
    assert [id for id, job in found.items() if job.lacks] == []
    assert {id for id, job in found.items() if job.owner == VISITOR} == {VOICE}
    assert "old-voice" in told[COPY_FAILED].message
    waiting = {id for id, (_, state, *_) in LEFT.items() if state in ("queued", "interrupted")}
    assert {job.id for job in queue.waiting()} == waiting
    assert {job.id for job in queue.list_jobs() if queue.get(job.id).is_short} == {
        id for id, (kind, *_) in LEFT.items() if kind not in ("train", "voice", "catalogue", "combine")
    }


def test_what_finished_jobs_made_is_there():
    folder = workspace.jobs_folder()
    assert [copy["text"] for copy in json.loads((folder / COPY / "result.json").read_text())]
    assert json.loads((folder / FORECAST / "result.json").read_text())["fits"] is True
    assert measurements.find(measurements.request("starter-image", {"aurora-bottle": 0.4})) is not None
    previews = [Path(event["path"]) for event in events(TRAIN, "preview")]
    assert len(previews) == 4 and all(path.is_file() for path in previews)
    made = workspace.campaigns_folder() / CAMPAIGN
    shots = [shot["id"] for shot in read_plan(made)["shots"]]
    assert list(finished(made, shots)) == shots and [row["id"] for row in pictures(made)] == shots


def test_the_adapters_are_listed_and_open():
    store = Store()
    found = {entry.slug: (entry.kind, entry.family, entry.rank, entry.base) for entry in store.list()}
    assert found == {
        "aurora-bottle": ("image", "flux", 1, "starter-image"),
        "dry-voice": ("voice", "llm", 2, "starter-text"),
        "dry-voice-small": ("voice", "llm", 1, "starter-text"),
    }
    assert store.get("aurora-bottle").trigger == "aurora bottle" and store.get("aurora-bottle").preview
    for slug, (*_, rank, base) in found.items():
        adapter = store.load(slug)
        assert adapter.modules and adapter.rank == rank and adapter.card.base == base
        weights = next((store.folder / slug).glob("*.safetensors")).read_bytes()
        assert hashlib.sha256(weights).hexdigest() == adapter.card.sha256
    assert store.trashed() == ["old-voice"]


def test_a_killed_training_resumes_at_its_checkpoint(bases):
    job = carry_on(VOICE_KILLED, bases)
    assert job.state == "done" and len(events(job.id, "started")) == 2
    steps = [event["step"] for event in events(job.id, "step")]
    assert steps[:4] == [1, 2, 3, 4] and steps[-1] == 6, "it neither starts over nor leaves a step out"
    assert any("step 3 of 6" in event["text"] for event in events(job.id, "note"))
    assert not (job.folder / "checkpoints").exists()
    entry = Store().get("calm-voice")
    assert (entry.kind, entry.rank, entry.card["scores"]["steps"]) == ("voice", 2, 6)
    assert Store().load("calm-voice").modules.keys() == Store().load("dry-voice").modules.keys()


def test_a_stopped_campaign_makes_only_what_is_missing(bases):
    folder = workspace.campaigns_folder() / CAMPAIGN_STOPPED
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (folder / "images").iterdir()}
    manifest = (folder / "manifest.jsonl").read_bytes()
    shots = [shot["id"] for shot in read_plan(folder)["shots"]]
    told = len(events(CAMPAIGN_STOPPED, "image"))
    job = carry_on(CAMPAIGN_STOPPED, bases)
    assert job.state == "done" and (job.progress().done, job.progress().total) == (4, 4)
    assert (
        [shot["id"] for shot in read_plan(folder)["shots"]]
        == shots
        == [row["id"] for row in pictures(folder)]
    )
    assert len(before) == told == 2 and len(events(job.id, "image")) == 4
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
    written = (folder / "manifest.jsonl").read_bytes()
    assert written.startswith(manifest) and written.count(b"\n") == 4
    assert len(list((folder / "images").iterdir())) == 4


def test_a_catalogue_half_written_is_completed(bases):
    kept = workspace.jobs_folder() / CATALOGUE_STOPPED / "copy.csv.done"
    before = kept.read_bytes()
    job = carry_on(CATALOGUE_STOPPED, bases)
    assert job.state == "done" and (job.progress().done, job.progress().total) == (3, 3)
    assert kept.read_bytes().startswith(before) and (
        before.count(b"\n"),
        len(kept.read_text().splitlines()),
    ) == (2, 3)
    with open(job.folder / "copy.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["product"] for row in rows[::8]] == ["Nordal teapot", "Lumen lamp", "Pine stool"]
    assert len(rows) == 24 and all(row["text"] for row in rows)
    first = json.loads(before.splitlines()[0])["copies"]
    assert [row["text"] for row in rows[:8]] == [copy["text"] for copy in first]


def test_a_queued_copy_is_written(bases):
    job = carry_on(COPY_QUEUED, bases)
    assert job.state == "done" and json.loads((job.folder / "result.json").read_text())[0]["text"]


def test_a_failed_job_is_reopened_once_its_adapter_is_back(bases):
    assert Store().restore("old-voice").name == "Old voice"
    assert queue.get(COPY_FAILED).reopen() and queue.get(COPY_FAILED).state == "queued"
    job = carry_on(COPY_FAILED, bases)
    assert job.state == "done" and job.progress().message == ""
    assert json.loads((job.folder / "result.json").read_text())[0]["text"]


@pytest.mark.parametrize("id", [VOICE_NEVER_BEGUN, VOICE_CANCELLED, COPY_CANCELLED])
def test_a_cancelled_job_is_left_alone_until_it_is_reopened(id):
    assert queue.claim(accept=lambda job: job.id == id) is None
    assert queue.get(id).reopen()
    assert queue.claim(accept=lambda job: job.id == id).state == "running"


def test_captions_half_proposed_are_completed(bases):
    save_blip(workspace.home() / "captioner")
    table = workspace.jobs_folder() / CAPTION_STOPPED / "captions.jsonl"
    before = table.read_bytes()
    assert carry_on(CAPTION_STOPPED, bases).state == "done"
    assert table.read_bytes().startswith(before)
    assert [json.loads(line)["file_name"] for line in table.read_text().splitlines()] == ["00.jpg", "09.jpg"]
