"""Pictures opened by other processes: their limits, their deaths, and whose turn it is."""

import os
import signal
import threading
import time
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from lorakit.data.photos import helper, helpers, images, plain_pickle, sight, turns
from lorakit.data.photos.helpers import Helpers
from lorakit.data.photos.sets import PhotoSet
from lorakit.data.photos.turns import Turn
from lorakit.errors import DataError


@pytest.fixture
def used():
    """A function that lets pictures be opened by helpers of these limits."""
    made = []

    def use(**limits):
        made.append(Helpers(**{"count": 1} | limits))
        helpers.use(made[-1])
        return made[-1]

    yield use
    helpers.use(None)
    for each in made:
        each.close()


@pytest.fixture
def photos(tmp_path):
    """Six photos of noise in boxes, of several kinds."""
    random = np.random.default_rng(3)
    for number, (ending, mode) in enumerate([("jpg", "RGB"), ("png", "RGBA"), ("png", "L"), ("webp", "RGB"),
                                             ("png", "RGB"), ("tiff", "CMYK")]):  # fmt: skip
        image = Image.fromarray(random.integers(0, 255, (12, 16, 3), dtype=np.uint8)).resize((350, 250))
        image = image.convert(mode)
        if mode == "RGBA":
            image.putalpha(Image.radial_gradient("L").resize(image.size))
        image.save(tmp_path / f"{number}.{ending}")
    (tmp_path / "no.jpg").write_text("text")
    return tmp_path


def huge(path, side=7000):
    """A small file of a large picture: about 4 bytes for each pixel in memory."""
    Image.new("RGB", (side, side), "red").save(path, compress_level=1)
    return path


def test_the_gate_finds_the_same_wherever_the_photos_are_opened(photos, used):
    here = PhotoSet.from_folder(photos, "can")
    expected = here.report()
    used(count=2)
    there = PhotoSet.from_folder(photos, "can")
    assert there.report() == expected and len(expected.judged) == 6
    assert [str(row) for row in there.skipped] == [str(row) for row in here.skipped] != []
    assert [(one.name, one.width, one.height) for one in there.photos] == [
        (one.name, one.width, one.height) for one in here.photos
    ]


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="limits as Linux sets them")
@pytest.mark.battery(97, "a picture larger than the memory it may take")
def test_a_picture_that_outgrows_its_memory_is_named_and_the_others_are_looked_at(
    photos, used, record_property
):
    huge(photos / "huge.png")
    pool = used(memory=200)
    found = PhotoSet.from_folder(photos, "can")
    assert [photo.name for photo in found.photos] == ["0.jpg", "1.png", "2.png", "3.webp", "4.png", "5.tiff"]
    (told,) = (str(row) for row in found.skipped if row.file == "huge.png")
    record_property("told", told)
    assert "memory" in told and "make it smaller" in told
    (pid,) = pool.pids()
    peak = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmHWM" in line)
    assert int(peak.split()[1]) < 200 * 1024, "it was stopped before it took the memory"


@pytest.mark.battery(97, "the process that opens pictures is killed")
def test_a_helper_that_is_killed_is_replaced_and_only_its_picture_is_lost(photos, used):
    pool = used()
    assert PhotoSet.from_folder(photos, "can").photos
    (first,) = pool.pids()
    lost = pool.ask(time.sleep, 60)  # in the place of a picture that takes long
    while not lost.running():
        time.sleep(0.01)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(DataError, match="memory to open than is available"):
        lost.result(20)
    (photos / "new.png").write_bytes((photos / "4.png").read_bytes())
    assert len(PhotoSet.from_folder(photos, "can").photos) == 7
    assert pool.pids() != [first]


def test_a_picture_that_takes_too_long_is_given_up(used):
    with pytest.raises(DataError, match="more than 1 s"):
        used(seconds=1).ask(time.sleep, 60).result(20)


def test_turns_are_fair_and_what_nobody_waits_for_is_dropped(tmp_path):
    pool, order = Helpers(count=1), []
    pool._threads = [threading.Thread(target=lambda: None)]  # nobody works yet
    many, one = Turn("many"), Turn("one")
    with turns.within(many):
        asked = [pool.ask(sight.take, tmp_path / f"{n}") for n in range(6)]
    with turns.within(one):
        pool.ask(sight.take, tmp_path / "mine")
    asked[5].cancel()
    while pool._waiting:
        order.append(Path(pool._next().arguments[0]).name)
    assert order == ["0", "mine", "1", "2", "3", "4", "5"]
    many.cancel()
    with turns.within(many), pytest.raises(CancelledError):
        pool.ask(sight.take, tmp_path / "7").result()
    assert not pool._waiting and asked[0].cancelled()


def test_a_helper_can_answer_with_figures_only(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    import io
    import pickle

    with pytest.raises(pickle.UnpicklingError, match="mkdir"):
        plain_pickle.Plainly(io.BytesIO(pickle.dumps(Evil()))).load()
    assert not (tmp_path / "made").exists()


def test_an_answer_that_is_none_costs_one_picture(used):
    pool = used()
    with pytest.raises(DataError, match="crashes the image reader"):
        pool.ask(time.localtime).result(30)  # a value of a kind that no helper answers with
    assert pool.ask(abs, -1).result(30) == 1


def test_a_helper_says_what_is_wrong_and_lives_on(tmp_path):
    kind, said = helper.answer("lorakit.data.photos.sight:take", (tmp_path / "gone.png",))
    assert (kind, said) == ("refused", "no longer there; add it again")
    kind, said = helper.answer("lorakit.data.photos.sight:small_copy", (tmp_path, "x"))
    assert kind == "refused"


MODES = {"RGB": 1, "L": 1, "RGBA": 8, "P": 1, "I;16": 1, "1": 1, "LA": 1}


@pytest.mark.parametrize("mode", MODES)
def test_a_large_picture_is_made_smaller_before_it_is_copied(mode, tmp_path, monkeypatch):
    """The mean of whole blocks, strip by strip: as the whole picture scaled at once by a box."""
    ramp = Image.linear_gradient("L").resize((600, 400), Image.Resampling.NEAREST)
    image = (
        ramp.convert("I").point(lambda v: v * 257).convert("I;16") if mode == "I;16" else ramp.convert(mode)
    )
    image.save(tmp_path / "a.png")
    whole = images.read_picture(tmp_path / "a.png").image
    monkeypatch.setattr(images, "LARGE", 100_000)
    monkeypatch.setattr(images, "STRIP", 20_000)
    small = images.read_picture(tmp_path / "a.png", (200, 200))
    assert small.image.size == (300, 200) and (small.width, small.height) == (600, 400)
    expected = np.asarray(whole.reduce(2), np.int16)
    assert np.abs(np.asarray(small.image, np.int16) - expected).max() <= MODES[mode]


def test_formats_whose_decoders_take_more_have_a_limit_of_their_own(tmp_path, monkeypatch):
    Image.new("RGB", (400, 300)).save(tmp_path / "a.webp")
    Image.new("RGB", (400, 300)).save(tmp_path / "a.png")
    monkeypatch.setitem(images.MOST_OF, "WEBP", 100_000)
    with pytest.raises(DataError, match=r"400×300 pixels; max. 0 megapixels as WEBP.*save it as JPEG"):
        images.read_picture(tmp_path / "a.webp")
    assert images.read_picture(tmp_path / "a.png").width == 400


def test_large_photos_are_open_one_at_a_time_in_one_process(monkeypatch):
    monkeypatch.setattr(images, "AT_ONCE", 100)
    inside, most = [], []

    def open_one(pixels):
        with images._room(pixels):
            inside.append(pixels)
            most.append(sum(inside))
            time.sleep(0.02)
            inside.remove(pixels)

    threads = [threading.Thread(target=open_one, args=(pixels,)) for pixels in (60, 60, 30, 500, 40)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(most) == 5 and all(total <= 100 or total == 500 for total in most)


def test_a_large_picture_waits_for_another_and_the_small_ones_do_not(tmp_path, used):
    huge(tmp_path / "huge.png", 4600)
    Image.new("RGB", (300, 200)).save(tmp_path / "small.png")
    pool = used()
    with FileLock(pool._lock):  # as while another helper has one open
        large = pool.ask(sight.take, tmp_path / "huge.png")
        assert pool.ask(sight.take, tmp_path / "small.png").result(30).width == 300
        assert not large.done()
    assert large.result(60).width == 4600
