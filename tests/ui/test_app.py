"""The page as a whole: every handler takes what it is given, and fills what it is to fill."""

import inspect

import pytest

from lorakit import durable, workspace
from lorakit.jobs import queue
from lorakit.jobs.kinds import KINDS
from lorakit.starter import SAMPLE_PHOTOS, SAMPLE_VOICE
from lorakit.store.store import Store
from lorakit.training.recipe import Recipe
from lorakit.ui import build_app

PAGES = {  # the modules that show a job of each kind while it goes on, or that list it
    "train": ["runs"], "voice": ["runs"], "campaign": ["campaigns"], "copy": ["copies"], "check": [],
    "combine": [], "forecast": ["forecast"], "catalogue": ["catalogue"], "caption": ["captions"],
}  # fmt: skip

GO_ON = "Make scenes or write with it"  # until it is known what was made


@pytest.fixture(scope="module")
def calls():
    return [call for call in build_app().fns.values() if call.fn is not None]


def test_every_handler_takes_what_it_is_given(calls):
    for call in calls:
        signature = inspect.signature(call.fn)
        event = [None] if "event" in signature.parameters else []  # Gradio adds it
        signature.bind(*event, *([call.inputs] if call.inputs_as_dict else call.inputs))


@pytest.mark.parametrize("kind", ["train", "voice"])
def test_what_a_look_at_a_training_or_its_form_fills_is_told_to_the_page(calls, kind):
    data = {"photos": str(SAMPLE_PHOTOS), "trigger": "mug"} if kind == "train" else {}
    data = data or {"texts": str(SAMPLE_VOICE)}
    base = "starter-image" if kind == "train" else "starter-text"
    job = queue.create(kind, {"base": base, "name": "Mug", "recipe": Recipe().to_dict(), **data})
    where = {"poll": "runs", "fill": "train", "fill_larger": "train"}
    found = [call for call in calls if where.get(call.fn.__name__) == call.fn.__module__.rpartition(".")[2]]
    assert {call.fn.__name__ for call in found} == set(where)
    for call in found:
        shown = call.fn(job.id, {}) if call.fn.__name__ == "poll" else call.fn(job.id)
        assert shown and set(shown) <= set(call.outputs)


@pytest.fixture
def led_to():
    """What a click on the button with these words gives, by the label of what it fills."""
    page = build_app()

    def press(words, *sent):
        ids = {id for id, block in page.blocks.items() if getattr(block, "value", None) == words}
        (call,) = [
            call for call in page.fns.values() if call.fn is not None and ids & {id for id, _ in call.targets}
        ]
        return {getattr(part, "label", None): value for part, value in call.fn(*sent).items()}

    return press


def test_a_finished_training_leads_on_with_what_it_made(led_to):
    spec = {"base": "starter-text", "name": "Dry", "texts": str(SAMPLE_VOICE), "recipe": Recipe().to_dict()}
    training = queue.create("voice", spec)
    folder = Store().folder / "dry"
    durable.write_json(folder / "card.json", {"name": "Dry", "family": "llm", "base": "starter-text"})
    (folder / "adapter_model.safetensors").write_bytes(b"x")
    training.emit({"event": "result", "slug": "dry", "summary": {}})
    training.emit({"event": "done"})
    assert led_to(GO_ON, training.id)["Voice"]["value"] == "dry"


def test_the_desk_leads_to_the_training_of_a_voice(led_to):
    assert led_to("Train a voice", "product", "starter-image")["What do you want to train?"] == "voice"


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
