"""Several people, and several apps, at one workspace: nobody gets another's mix, and nothing runs twice."""

import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from PIL import Image

from lorakit import workspace
from lorakit.families import load_base
from lorakit.formats import save
from lorakit.generation.pictures.campaign import Campaign
from lorakit.generation.pictures.results import image_path, pictures
from lorakit.jobs import queue
from lorakit.jobs.kinds.campaign import SHORT_SHOTS
from lorakit.jobs.worker import Service
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.store.store import Store
from lorakit.training.presets import from_preset
from lorakit.ui.pages import scenes
from lorakit.ui.parts import forms, training_page
from tests.families import tiny_bases

ROOT = Path(__file__).parents[2]
SLUGS = ("red", "blue", "snow")
RECIPE = from_preset("quick", "image", True).to_dict()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small FLUX base, as a folder."""
    return tiny_bases.write(tmp_path_factory.mktemp("base") / "small-flux", tiny_bases.flux1())


@pytest.fixture
def adapters(tmp_path):
    """Three adapters for it in the store."""
    torch.manual_seed(1)
    for slug in SLUGS:
        names = [f"transformer.transformer_blocks.0.attn.{name}" for name in ("to_q", "to_v", "to_out.0")]
        modules = {name: Factors(torch.randn(2, 32), torch.randn(32, 2), 2.0) for name in names}
        save(Adapter(modules, Card(name=slug, family="flux")), tmp_path / slug)
        Store().add(tmp_path / slug)


def campaign(base, mix, seeds=(1,)):
    return {"base": base, "mix": mix, "scenes": ["red bottle on the table"], "formats": ["64x64"],
            "seeds": list(seeds)}  # fmt: skip


def drawn_in(folder):
    """The pixels of a campaign's pictures, by seed."""
    return {row["seed"]: Image.open(image_path(folder, row)).tobytes() for row in pictures(folder)}


@pytest.mark.battery(62, "16 users with different mixes at once")
def test_sixteen_mixes_at_once_draw_what_each_draws_alone(small, adapters, tmp_path, monkeypatch):
    """One long campaign lets fifteen visitors' clicks in between its pictures, all on one base in memory."""
    monkeypatch.setenv("LORAKIT_BASES", str(small))
    mixes = [{slug: 0.9 * (n >> bit & 1) + 0.05 * n for bit, slug in enumerate(SLUGS)} for n in range(1, 17)]
    first, *clicks = mixes
    long = queue.create("campaign", campaign(small, first, range(SHORT_SHOTS + 1)))
    waiting = [queue.create("campaign", campaign(small, mix), f"visitor {n}") for n, mix in enumerate(clicks)]
    service = Service(threading.Event())
    assert long.acquire()  # the worker began it before the clicks came
    long.start()
    service.run(long)
    assert {job.state for job in (long, *waiting)} == {"done"}
    assert service.once() is False, "all were let in between the pictures of the long one"

    base = load_base(small)
    seen = set()
    for job, mix in zip((long, *waiting), mixes, strict=True):
        opened = {Store().load(slug): weight for slug, weight in mix.items()}
        asked = (job.spec[name] for name in ("scenes", "formats", "seeds"))
        alone = Campaign(base, opened, *asked, tmp_path / job.id)
        alone.run()
        drawn = drawn_in(workspace.campaigns_folder() / job.id)
        assert drawn == drawn_in(tmp_path / job.id)
        seen.add(drawn[1])
    assert len(seen) == 16, "each mix has a picture of its own"


@pytest.mark.battery(60, "the adapter is deleted between queueing and running")
def test_an_adapter_that_goes_before_its_turn_is_named_and_the_next_job_runs(
    small, adapters, record_property
):
    gone = [queue.create("campaign", campaign(small, {slug: 1.0})) for slug in SLUGS]
    other = queue.create("campaign", campaign(small, {}))
    Store().trash("red")
    Store().rename("blue", "Better")
    shutil.rmtree(Store().folder / "snow")
    service = Service(threading.Event())
    while service.once():
        pass
    for slug, job in zip(SLUGS, gone, strict=True):
        told = job.progress().message
        assert job.state == "failed" and told.startswith(f"{slug}: ") and "renamed or moved to trash" in told
    record_property("told", told)
    assert other.state == "done"


@pytest.mark.battery(61, "the base folder disappears")
def test_a_base_that_is_moved_away_is_named_even_while_it_is_in_memory(small, tmp_path, record_property):
    folder = shutil.copytree(small, tmp_path / "mine")
    before, after, other = (
        queue.create("campaign", campaign(str(base), {}, [seed]))
        for seed, base in enumerate((folder, folder, small))
    )
    service = Service(threading.Event())
    assert service.once() and before.state == "done"
    shutil.rmtree(folder)
    assert service.once() and service.once()
    told = after.progress().message
    record_property("told", told)
    assert after.state == "failed" and "mine" in told and str(tmp_path) not in told
    assert other.state == "done"
    assert drawn_in(workspace.campaigns_folder() / before.id), "what is finished stays"


@pytest.mark.battery(61, "a part of the base is gone")
def test_a_base_without_one_of_its_parts_names_the_part(small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "mine")
    shutil.rmtree(folder / "vae")
    job = queue.create("campaign", campaign(str(folder), {}))
    Service(threading.Event()).once()
    assert "vae" in job.progress().message and str(tmp_path) not in job.progress().message


def press(times, handler, *arguments):
    """Ten people's threads press at the same instant; returns the ids of the jobs they got."""
    together = threading.Barrier(times)

    def one(_):
        together.wait()
        return handler(*arguments)

    with ThreadPoolExecutor(times) as pool:
        return set(pool.map(one, range(times)))


@pytest.mark.battery(64, "the same button clicked ten times")
def test_a_button_that_is_pressed_ten_times_starts_one_job(adapters, tmp_path):
    (tmp_path / "t.txt").write_text("Calm words.")
    values = forms.values_of("image", RECIPE)
    words = forms.values_of("text", RECIPE)
    about_photos = ("product", "aurora", str(tmp_path), [], {}, "", "starter-image", [])
    about_texts = ("voice", "Calm", str(tmp_path / "t.txt"), [], {}, "", "starter-text", [])
    presses = {
        "train": (training_page.start, *about_photos, *values),
        "voice": (training_page.start, *about_texts, *words),
        "campaign": (scenes.pieces.start_once, "campaign", campaign("starter-image", {"red": 1.0})),
    }
    for kind, (handler, *arguments) in presses.items():
        assert press(10, handler, *arguments) == {job.id for job in queue.list_jobs([kind])}
        assert len(queue.list_jobs([kind])) == 1, kind


CLAIM = """
from lorakit.jobs import queue
from lorakit.jobs.kinds.campaign import SHORT_SHOTS
while (job := queue.claim()) is not None:
    print(job.id, flush=True)
    job.emit({"event": "done"})
    job.release()
"""


@pytest.mark.battery(66, "two apps on one workspace")
def test_processes_at_one_workspace_run_each_job_once():
    spec = {"base": "b", "mix": {}, "brief": {"product": "x"}, "variants": 1}
    made = [queue.create("copy", {**spec, "seed": n}) for n in range(30)]
    command = [sys.executable, "-c", CLAIM]
    apps = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    ran = [id for app in apps for id in app.communicate()[0].split()]
    assert sorted(ran) == sorted(job.id for job in made)
    assert {job.state for job in made} == {"done"}
