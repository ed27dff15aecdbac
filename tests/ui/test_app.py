"""The page as a whole: every handler takes what it is given, and fills what it is to fill."""

import inspect

import pytest

from lorakit import durable, workspace
from lorakit.jobs import queue
from lorakit.jobs.kinds import KINDS
from lorakit.starter import SAMPLE_PHOTOS, SAMPLE_VOICE
from lorakit.training.recipe import Recipe
from lorakit.ui import build_app

PAGES = {  # the modules that show a job of each kind while it goes on, or that list it
    "train": ["train"], "voice": ["voice"], "campaign": ["campaigns"], "copy": ["desk"], "check": [],
    "combine": [], "forecast": ["forecast"], "catalogue": ["catalogue"], "caption": ["captions"],
}  # fmt: skip


@pytest.fixture(scope="module")
def calls():
    return [call for call in build_app().fns.values() if call.fn is not None]


def test_every_handler_takes_what_it_is_given(calls):
    for call in calls:
        signature = inspect.signature(call.fn)
        event = [None] if "event" in signature.parameters else []  # Gradio adds it
        signature.bind(*event, *([call.inputs] if call.inputs_as_dict else call.inputs))


@pytest.mark.parametrize("kind", ["train", "voice"])
def test_a_look_at_a_training_fills_every_part_of_the_page(calls, kind):
    data = (
        {"photos": str(SAMPLE_PHOTOS), "trigger": "mug"} if kind == "train" else {"texts": str(SAMPLE_VOICE)}
    )
    base = "starter-image" if kind == "train" else "starter-text"
    job = queue.create(kind, {"base": base, "name": "Mug", "recipe": Recipe().to_dict(), **data})
    module = f"lorakit.ui.pages.{kind}"
    polls = [call for call in calls if call.fn.__name__ == "poll" and call.fn.__module__ == module]
    fills = [call for call in calls if call.fn.__name__ == "fill" and call.fn.__module__ == module]
    assert polls and fills
    for call in polls:
        for id, seen in ((job.id, {} if kind == "train" else ""), ("", {})):
            assert len(call.fn(id, seen)) == len(call.outputs)
    for call in fills:
        assert len(call.fn(job.id)) == len(call.outputs)


@pytest.mark.battery(90, "old jobs and results that lack fields, on the page")
def test_old_jobs_that_lack_fields_are_shown(calls):
    polls = [call for call in calls if call.fn.__name__ == "poll"]
    assert len(polls) >= 8
    for kind in KINDS:
        folder = workspace.jobs_folder() / f"20200101T000000000-{kind}-abcdef"
        durable.write_json(folder / "spec.json", {"kind": kind, "created": "2020-01-01", "spec": {}})
        job = queue.get(folder.name)
        for events in ([], [{"event": "result", "slug": "mug", "summary": {}}, {"event": "done"}]):
            for event in events:
                job.emit(event)
            for call in polls:
                if call.fn.__module__.rpartition(".")[2] in PAGES[kind]:
                    call.fn(job.id, *[part.value for part in call.inputs[1:]])
