"""What the starter cannot spell is said before it is trained on, and only then."""

import numpy as np
import pytest

from lorakit.data.texts.samples import TextSample
from lorakit.data.texts.sets import TextSet
from lorakit.families.sources import vocabulary_of
from lorakit.starter import SAMPLE_VOICE
from lorakit.starter.build.text_data import sample
from lorakit.ui.parts import text_gate
from lorakit.ui.parts.subjects import VOICE

REAL = [
    "Slow-roasted arabica from the highlands of Huehuetenango, with notes of molasses and candied orange.",
    "Meet the blazer that survived three weddings, two red-eye flights and one toddler.",
    "Handwoven by artisans in Oaxaca, each rug takes eleven days and roughly four kilometres of yarn.",
    "Our new trail runner hugs the foot like a second skin and shrugs off mud, gravel and drizzle.",
]
VOCABULARY = vocabulary_of("starter-text")


def kinds(texts, vocabulary=VOCABULARY):
    return [finding.kind for finding in TextSet(texts).report(vocabulary).findings]


def test_real_copy_is_said_to_be_beyond_the_starter_and_a_real_base_has_nothing_said_of_it():
    texts = [TextSample("Write in the brand's voice.", text) for text in REAL]
    report = TextSet(texts).report(VOCABULARY)
    found = next(finding for finding in report.findings if finding.kind == "unknown-words")
    assert "unknown to the starter model" in found.what and "real base model" in found.advice
    assert report.score <= 50 and "unknown-words" not in kinds(texts, vocabulary_of("Qwen/Qwen3-0.6B"))
    assert "unknown to the starter" in text_gate.verdict(TextSet(texts), [], "starter-text", VOICE)
    assert "unknown to the starter" not in text_gate.verdict(TextSet(texts), [], "Qwen/Qwen3-0.6B", VOICE)


@pytest.mark.parametrize("seed", [1, 2])
def test_what_the_starter_was_trained_on_and_the_sample_voice_are_no_finding(seed):
    random = np.random.default_rng(seed)
    assert "unknown-words" not in kinds([sample(random, odd=0) for _ in range(60)])
    assert TextSet.from_file(SAMPLE_VOICE).report(VOCABULARY).findings == []


def test_names_that_the_brief_gives_are_copied_and_do_not_count():
    names = "Ximorra Quatzel Brunvild Oskarnir Thalvenia Drosquill Marnovic Yelbrandt"
    texts = [TextSample(f"Product: {names}", f"The {names} is warm and dry.")] * 8
    assert "unknown-words" not in kinds(texts)
    assert "unknown-words" in kinds([TextSample("Write.", text.answer) for text in texts])
