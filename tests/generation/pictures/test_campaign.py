"""Campaigns on a small fake base: what is rendered, shared, resumed, stopped and survived."""

import errno
import json
import os
import weakref

import pytest
import torch
from PIL import Image

from lorakit.errors import AdapterError, DataError, LoraKitError, RecipeError
from lorakit.generation.pictures import rendering
from lorakit.generation.pictures.provenance import read_provenance
from lorakit.generation.pictures.results import pictures
from lorakit.lora.merging import is_merged


def files(out):
    return {path.name: path.read_bytes() for path in (out / "images").iterdir()}


def test_a_campaign_writes_every_picture_in_its_exact_size_with_its_record(tmp_path, family, campaign):
    events = []
    entries = campaign(tmp_path / "c").run(events.append)
    assert len(entries) == 8 and all("error" not in entry for entry in entries)
    for entry in entries:
        path = tmp_path / "c" / entry["path"]
        with Image.open(path) as image:
            assert image.size == (entry["width"], entry["height"])
        record = read_provenance(path)
        assert (record.prompt, record.seed, record.steps) == (entry["prompt"], entry["seed"], 3)
        assert record.prompt.startswith("aurora bottle ")
        assert record.adapters[0]["name"] == "Aurora bottle" and len(record.adapters[0]["sha256"]) == 64
    images = [event for event in events if event["event"] == "image"]
    assert [event["done"] for event in images] == list(range(1, 9)) and images[0]["total"] == 8
    assert events[-1] == {"event": "done", "done": 8, "failed": 0, "total": 8}
    json.dumps(events)
    assert [shot["id"] for shot in json.loads((tmp_path / "c/plan.json").read_text())["shots"]] == [
        e["id"] for e in entries
    ]


def test_texts_are_encoded_once_and_equal_renders_are_shared_and_batched(tmp_path, family, campaign):
    formats = ("1:1", "amazon-main", "google-square", "9:16", "tiktok")
    campaign(tmp_path, formats=formats, seeds=(1, 2, 3)).run()
    assert sorted(family.encoded) == ["", "aurora bottle in a studio", "aurora bottle in the snow"]
    assert sum(len(seeds) for *_, seeds in family.batches) == 2 * 2 * 3, "two render sizes, not five formats"
    assert len(family.batches) == 2, "one batch per size"


def test_a_picture_does_not_depend_on_the_batch_or_the_order(tmp_path, family, campaign, monkeypatch):
    campaign(tmp_path / "a").run()
    monkeypatch.setitem(rendering.PIXELS_AT_ONCE, "cpu", 1)
    campaign(tmp_path / "b", scenes=("studio", "snow"), formats=("9:16", "1:1"), seeds=(2, 1)).run()
    one, two = files(tmp_path / "a"), files(tmp_path / "b")
    assert one.keys() == two.keys()
    for name in one:
        with Image.open(tmp_path / "a/images" / name) as a, Image.open(tmp_path / "b/images" / name) as b:
            assert a.tobytes() == b.tobytes()


def test_a_second_run_renders_only_what_is_missing_or_damaged(tmp_path, family, campaign):
    entries = campaign(tmp_path).run()
    family.batches.clear()
    campaign(tmp_path).run()
    assert family.batches == [], "nothing is left to render"
    family.encoded.clear()
    gone, torn, swapped = (tmp_path / entries[i]["path"] for i in (0, 2, 5))
    others = {
        name: data
        for name, data in files(tmp_path).items()
        if name not in (gone.name, torn.name, swapped.name)
    }
    gone.unlink()
    torn.write_bytes(torn.read_bytes()[:-1])
    data = bytearray(swapped.read_bytes())
    data[-20] ^= 1
    swapped.write_bytes(data)
    again = campaign(tmp_path).run()
    assert others.items() <= files(tmp_path).items(), "what was there is not written again"
    assert len(list((tmp_path / "manifest.jsonl").open())) == 8 + 3
    assert len(again) == 8 and len(pictures(tmp_path)) == 8
    assert len(family.encoded) == 3, "only the scenes that miss something are read"


@pytest.mark.battery(72, "corrupted manifest lines")
def test_torn_manifest_lines_cost_only_their_pictures(tmp_path, family, campaign):
    campaign(tmp_path).run()
    manifest = tmp_path / "manifest.jsonl"
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join(["[1]", "{", *lines[:-1], lines[-1][:40]]))
    family.batches.clear()
    assert len(campaign(tmp_path).run()) == 8
    assert len(family.batches) == 1, "the batch of the one picture, as it was drawn at first"


def test_more_scenes_and_seeds_are_added_to_what_is_there(tmp_path, family, campaign):
    campaign(tmp_path, seeds=(1,)).run()
    family.batches.clear()
    assert len(campaign(tmp_path, scenes=("snow", "studio", "desk"), seeds=(1, 2)).run()) == 12
    assert sum(len(seeds) for *_, seeds in family.batches) == 8


@pytest.mark.parametrize("missing", [[0], [3], [1, 6], [0, 1, 2, 3, 4, 5, 6]])
def test_what_is_missing_is_drawn_in_the_batch_it_was_drawn_in_at_first(
    missing, tmp_path, family, campaign, monkeypatch
):
    monkeypatch.setitem(rendering.PIXELS_AT_ONCE, "cpu", 3 * 64 * 64)
    entries = campaign(tmp_path, seeds=range(4)).run()
    first = [(width, height, tuple(seeds)) for width, height, seeds in family.batches]
    assert len(first) == 6, "two sizes, eight renders each, at most three of about 64 x 64 pixels at once"
    for number in missing:
        (tmp_path / entries[number]["path"]).unlink()
    family.batches.clear()
    campaign(tmp_path, seeds=range(4)).run()
    again = [(width, height, tuple(seeds)) for width, height, seeds in family.batches]
    assert again and len(again) <= len(first)
    assert all(batch in first for batch in again)
    family.batches.clear()
    campaign(tmp_path, seeds=range(6)).run()
    assert sum(len(seeds) for *_, seeds in family.batches) == 2 * 2 * 2, (
        "more seeds have batches of their own"
    )
    one = tmp_path / entries[0]["path"]
    one.unlink()
    family.batches.clear()
    campaign(tmp_path, seeds=range(6)).run()
    assert [(width, height, tuple(seeds)) for width, height, seeds in family.batches] == [first[0]]


def test_a_long_run_folds_its_mix_whatever_is_missing(tmp_path, family, campaign, base_of):
    base, folded = base_of(), []
    family.fail = lambda rows, seeds: folded.append(is_merged(base.model))
    entries = campaign(tmp_path, seeds=range(8), base=base).run()
    (tmp_path / entries[0]["path"]).unlink()
    campaign(tmp_path, seeds=range(8), base=base).run()
    assert len(folded) > 1 and all(folded), "live and folded products round differently"


def test_other_settings_are_other_pictures(tmp_path, family, campaign, adapter):
    campaign(tmp_path, seeds=(1,), scenes=("snow",), formats=("1:1",)).run()
    campaign(tmp_path, seeds=(1,), scenes=("snow",), formats=("1:1",), guidance=5).run()
    campaign(tmp_path, seeds=(1,), scenes=("snow",), formats=("1:1",), mix={adapter(): 0.3}).run()
    assert len(files(tmp_path)) == 3
    assert len(pictures(tmp_path)) == 1, "results are those of the last plan"


def test_between_sees_the_bare_base_and_the_mix_is_live_while_sampling(tmp_path, family, campaign, base_of):
    base = base_of()
    before = base.model.layer
    seen, live = [], []
    family.fail = lambda rows, seeds: live.append(base.model.layer is not before)
    campaign(tmp_path, base=base).run(between=lambda: seen.append(base.model.layer is before))
    assert len(seen) == 2 and all(seen) and all(live)
    assert base.model.layer is before


def test_stopping_keeps_what_is_done_and_a_later_run_goes_on(tmp_path, family, campaign):
    first = campaign(tmp_path)
    events = []
    entries = first.run(events.append, should_stop=lambda: any(event["event"] == "image" for event in events))
    assert first.stopped and 0 < len(entries) < 8
    assert not any(event["event"] == "done" for event in events)
    second = campaign(tmp_path)
    assert len(second.run()) == 8 and not second.stopped


def test_stopping_reaches_into_the_sampler(tmp_path, family, campaign):
    asked = []
    job = campaign(tmp_path)
    job.run(should_stop=lambda: asked.append(1) or len(asked) > 5)
    assert job.stopped and family.batches == []


def test_one_bad_shot_does_not_stop_the_others(tmp_path, family, campaign):
    def fail(rows, seeds):
        if 2 in seeds:
            raise RuntimeError("a kernel went wrong\nTraceback with details")

    family.fail = fail
    events = []
    entries = campaign(tmp_path).run(events.append)
    bad = [entry for entry in entries if "error" in entry]
    assert len(entries) == 8 and {entry["seed"] for entry in bad} == {2} and len(bad) == 4
    assert "a kernel went wrong" in bad[0]["error"] and "Traceback" not in bad[0]["error"]
    notes = [event for event in events if event["event"] == "note"]
    assert len(notes) == 4 and "seed 2" in notes[0]["text"]
    assert events[-1] == {"event": "done", "done": 4, "failed": 4, "total": 8}
    assert len(pictures(tmp_path)) == 4
    family.fail = lambda rows, seeds: None
    assert all("error" not in entry for entry in campaign(tmp_path).run()), "the next run tries them again"


def test_a_scene_that_cannot_be_read_does_not_stop_the_others(tmp_path, family, campaign):
    encode = family.encode_prompts

    def broken(base, prompts):
        if "snow" in prompts[0]:
            raise ValueError("unknown token")
        return encode(base, prompts)

    family.encode_prompts = broken
    entries = campaign(tmp_path).run()
    assert sum("error" in entry for entry in entries) == 4 and len(entries) == 8


@pytest.mark.battery(70, "memory exhausted while rendering")
@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB"),
        torch.AcceleratorError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("FIND was unable to find an engine to execute this computation"),
    ],
    ids=lambda error: str(error)[:24],
)
def test_nothing_of_a_batch_that_did_not_fit_is_alive_when_its_halves_are_tried(
    error, tmp_path, family, campaign
):
    class Activations:
        pass

    alive = []

    def fail(rows, seeds):
        alive.append([reference() is not None for reference in held])
        if len(seeds) > 1:
            activations = Activations()
            held.append(weakref.ref(activations))
            raise type(error)(*error.args)

    held = []
    family.fail = fail
    assert all("error" not in entry for entry in campaign(tmp_path, seeds=range(4), formats=("1:1",)).run())
    assert len(held) > 2 and not any(any(each) for each in alive)


def test_a_lost_device_ends_the_run_and_the_rest_is_drawn_by_the_next(tmp_path, family, campaign):
    def lost(rows, seeds):
        raise torch.AcceleratorError("CUDA error: device-side assert triggered")

    family.fail = lost
    with pytest.raises(torch.AcceleratorError):
        campaign(tmp_path).run()
    family.fail = lambda rows, seeds: None
    assert all("error" not in entry for entry in campaign(tmp_path).run())


def test_running_out_of_memory_halves_the_batch(tmp_path, family, campaign):
    def fail(rows, seeds):
        if len(seeds) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")

    family.fail = fail
    entries = campaign(tmp_path, seeds=range(4), formats=("1:1",)).run()
    assert all("error" not in entry for entry in entries)
    assert max(len(seeds) for *_, seeds in family.batches) == 2


def test_a_lost_device_ends_the_run_and_blames_no_picture(tmp_path, family, campaign):
    def fail(rows, seeds):
        if len(family.batches) == 1:
            raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    family.fail = fail
    with pytest.raises(torch.AcceleratorError):
        campaign(tmp_path).run()
    lines = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text().splitlines()]
    assert len(lines) == 4 and not any("error" in line for line in lines)


def test_when_nothing_works_the_reason_is_raised(tmp_path, family, campaign):
    def fail(rows, seeds):
        raise MemoryError

    family.fail = fail
    with pytest.raises(LoraKitError, match=r"none of the 8 images could be generated: out of memory"):
        campaign(tmp_path).run()


@pytest.mark.battery(69, "disk full while rendering")
def test_a_full_disk_is_said_and_nothing_finished_is_lost(tmp_path, family, campaign, monkeypatch):
    replace, calls = os.replace, []

    def full(source, target):
        calls.append(target)
        if len(calls) > 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(LoraKitError, match=r"can.t be written to .*No space left"):
        campaign(tmp_path).run()
    monkeypatch.undo()
    assert len(pictures(tmp_path)) == 3
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".tmp.png")]


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"steps": 0}, RecipeError, "steps 0"),
        ({"guidance": float("nan")}, RecipeError, "guidance"),
        ({"seeds": [-1]}, RecipeError, "seed -1"),
        ({"scenes": ["x" * 10_000]}, DataError, "scene 1: its text has 10,000"),
        ({"formats": ["instagram-stroy"]}, LoraKitError, "instagram-story"),
        ({"negative": "x" * 3_000}, DataError, "negative prompt"),
        ({"file_type": "exe"}, RecipeError, "png, jpg or webp"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_written(
    tmp_path, family, campaign, wrong, error, said
):
    with pytest.raises(error, match=said):
        campaign(tmp_path / "c", **wrong)
    assert not (tmp_path / "c").exists()


def test_a_mix_that_does_not_fit_is_refused_before_anything_is_written(tmp_path, family, campaign, adapter):
    with pytest.raises(AdapterError):
        campaign(tmp_path / "c", mix={adapter(module="transformer_blocks.0.attn.to_q"): 1.0}).run()
    assert not (tmp_path / "c").exists()


def test_the_bare_base_and_several_adapters(tmp_path, family, campaign, adapter):
    entries = campaign(tmp_path / "bare", mix={}, scenes=("snow",), seeds=(1,)).run()
    assert entries[0]["prompt"] == "in the snow"
    style = adapter(name="Inky", trigger="inky style", value=0.2)
    entries = campaign(tmp_path / "two", mix={adapter(): 0.8, style: 0.5}, scenes=("snow",), seeds=(1,)).run()
    assert entries[0]["prompt"] == "aurora bottle in the snow, inky style"
    own = campaign(tmp_path / "own", trigger="red mug", scenes=("snow",)).plan
    assert own[0].prompt == "red mug in the snow"


@pytest.mark.parametrize("kind", ["jpg", "webp"])
def test_other_file_types(tmp_path, family, campaign, kind):
    entries = campaign(tmp_path, scenes=("snow",), seeds=(1,), file_type=kind).run()
    assert all(entry["path"].endswith(kind) for entry in entries)
    assert read_provenance(tmp_path / entries[0]["path"]).seed == 1


def test_no_path_of_this_machine_is_in_any_file(tmp_path, family, campaign, adapter, base_of):
    folder = tmp_path / "bases" / "my base"
    folder.mkdir(parents=True)
    nameless = adapter(name="")
    nameless.source = str(tmp_path / "secret place" / "bottle.safetensors")
    campaign(tmp_path / "c", mix={nameless: 1.0}, base=base_of(str(folder)), scenes=("snow",)).run()
    for path in (tmp_path / "c").rglob("*"):
        if path.is_file():
            assert (
                str(tmp_path).encode() not in path.read_bytes() and b"secret place" not in path.read_bytes()
            )
    assert json.loads((tmp_path / "c/plan.json").read_text())["base"] == "my base"
