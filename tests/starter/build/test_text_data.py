import re

import numpy as np
import pytest

from lorakit.data.texts.sets import TextSet
from lorakit.generation.copy.writing import CHANNELS, Brief
from lorakit.starter import SAMPLE_VOICE
from lorakit.starter.build import text_data
from lorakit.starter.build.product_kinds import KINDS
from lorakit.starter.build.text_quality import FROM_LIFE


@pytest.fixture(scope="module")
def samples():
    random = np.random.default_rng(7)
    return [text_data.sample(random) for _ in range(1500)]


def facts_of(sample):
    found = re.search(r"^Facts: (.*)$", sample.instruction, re.MULTILINE)
    return found[1].split("; ") if found else []


def test_every_copy_keeps_its_products_name_and_only_facts_of_its_brief(samples):
    everything = {fact.lower() for kind in KINDS for fact in kind.facts}
    for sample in samples:
        assert sample.name in sample.answer
        assert sample.instruction.endswith(f"Product: {sample.name}")
        told = [fact for fact in everything if fact in sample.answer.lower()]
        allowed = "; ".join(facts_of(sample)).lower()
        assert all(fact in allowed for fact in told if len(fact) > 12), sample


def test_all_facts_of_a_brief_are_told_where_there_is_room(samples):
    for sample in samples:
        if sample.channel != "ad headline":
            assert all(fact.lower() in sample.answer.lower() for fact in facts_of(sample))


def test_the_words_are_varied_and_most_names_are_met_once(samples):
    assert len({noun for kind in KINDS for noun in kind.nouns}) >= 60
    assert len({sample.name for sample in samples}) > 0.95 * len(samples)
    assert len({sample.answer for sample in samples}) > 0.99 * len(samples)
    assert {sample.channel for sample in samples} == set(text_data.CHANNELS)


def test_the_sentences_are_whole(samples):
    for sample in samples:
        assert "{" not in sample.answer and "  " not in sample.answer and ".." not in sample.answer
        assert sample.answer == sample.answer.strip()


def test_an_email_has_a_subject_and_a_body(samples):
    for sample in samples:
        if sample.channel == "email":
            subject, empty, *body = sample.answer.split("\n")
            assert subject.startswith("Subject: ") and empty == "" and len(body) == 2


def test_the_briefs_of_the_app_are_worded_as_those_it_was_trained_on(samples):
    styles = {row.style for row in CHANNELS}
    assert styles == set(text_data.CHANNELS)
    wanted = next(s for s in samples if s.instruction.count("\n") == 4)
    fields = dict(line.split(": ", 1) for line in wanted.instruction.split("\n"))
    row = next(row for row in CHANNELS if row.style == fields["Write"])
    brief = Brief(fields["Product"], fields["Facts"], fields["For"], row.id, fields["Tone"])
    assert brief.prompt() == wanted.instruction


def test_the_sample_voice_is_60_texts_in_campaigns_for_every_channel():
    texts = TextSet.from_file(SAMPLE_VOICE)
    assert len(texts.samples) == 60 and not texts.skipped
    assert {s.instruction.split("\n")[0] for s in texts.samples} == {
        f"Write: {c}" for c in text_data.CHANNELS
    }
    kept, held = texts.split(0.1, seed=0)
    assert held.samples and not {s.group for s in kept.samples} & {s.group for s in held.samples}


def test_the_sample_texts_take_names_and_facts_from_their_briefs_and_hardly_a_product_comes_twice():
    samples = TextSet.from_file(SAMPLE_VOICE).samples
    products = [sample.instruction.partition("Product: ")[2] for sample in samples]
    assert len(set(products)) == 60 and len({name.split()[-1] for name in products}) > 50
    assert not {name for name, _ in FROM_LIFE} & set(products), "the report asks for none of the brand's"
    for sample, product in zip(samples, products, strict=True):
        assert product in sample.answer
        if "ad headline" not in sample.instruction:
            assert all(fact.lower() in sample.answer.lower() for fact in facts_of(sample))
    assert any("Tone: " in sample.instruction for sample in samples), "which leaves the voice as it is"


def test_half_of_the_briefs_hold_names_that_no_list_foresees(samples):
    names = [sample.name for sample in samples]
    for mark in ("&", "'", "-", "+", "®", " No. ", " and "):
        assert sum(mark in name for name in names) > 5, mark
    assert sum(name != name.encode("ascii", "ignore").decode() for name in names) > 20
    assert sum(len(name.split()) >= 4 for name in names) > 60
    assert sum(any(c.isdigit() for c in name) for name in names) > 100
    assert sum(bool(re.search(r"[a-z][A-Z]|[A-Z]{2}", name)) for name in names) > 100


def test_without_odd_names_the_copy_is_as_the_tokens_were_learned_from():
    plain = [text_data.sample(np.random.default_rng(seed), odd=0) for seed in range(200)]
    assert not any("&" in sample.name or "-" in sample.name for sample in plain if "e-" not in sample.name)
    odd = [text_data.sample(np.random.default_rng(seed), odd=1) for seed in range(200)]
    assert sum(a.name == b.name for a, b in zip(plain, odd, strict=True)) < 60
