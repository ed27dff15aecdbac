"""The examples of a voice are the same in every process that trains it."""

import pytest

from lorakit.errors import DataError, LoraKitError
from lorakit.jobs.kinds import KINDS, checked, voice

SPEC = {"base": "starter-text", "name": "Calm", "recipe": {}, "texts": "t.csv"}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("text\n" + "".join(f"Text number {number} of this brand.\n" for number in range(5)))
    return str(path)


def test_the_unticked_texts_are_left_out(file):
    texts = voice.examples(SPEC | {"texts": file, "without": ["1", "3"]})
    assert [sample.answer.split()[2] for sample in texts.samples] == ["0", "2", "4"]
    assert len(voice.examples(SPEC | {"texts": file}).samples) == 5


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.csv"):
        voice.examples(SPEC | {"texts": str(tmp_path / "gone.csv")})


def test_it_needs_a_text_base_and_places_as_text(ran, held):
    assert KINDS["voice"].needs == "text" and KINDS["voice"].trains
    with pytest.raises(LoraKitError, match="without must be a list of the places of texts"):
        checked("voice", SPEC | {"without": [1]})
    job = ran("voice", SPEC | {"base": "starter-image"}, held())
    assert job.state == "failed"
