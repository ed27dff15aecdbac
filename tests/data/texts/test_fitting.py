"""What there is no room for is counted; expected numbers are of a tokenizer whose tokens are words."""

import pytest

from lorakit.data.texts import fitting
from lorakit.data.texts.samples import TextSample
from lorakit.data.texts.sets import TextSet, conversation_tokens
from lorakit.errors import DataError
from tests.data.words import WordTokenizer

LONG = TextSample("say", "one two three four five six seven eight nine ten")  # 3 + 2 before, 10 + end


@pytest.mark.battery(109, "texts longer than max_length")
def test_texts_that_are_cut_or_left_out_are_counted_with_the_length_that_would_do():
    samples = [
        LONG,
        TextSample("a b c d e f g h i j", "hi"),
        TextSample("say", "hi"),
        TextSample("x", "one two"),
    ]
    assert len(conversation_tokens(WordTokenizer(), LONG, 100).ids) == 16
    found = fitting.findings(WordTokenizer(), samples, 10)
    assert [finding.what for finding in found] == [
        "1 of 4 texts is left out: the brief alone fills max_length (10 tokens)",
        "1 of 4 texts is truncated to 10 tokens (max_length), so the end is not learned",
    ]
    assert all("raise max_length to 16" in finding.advice for finding in found)
    assert fitting.findings(WordTokenizer(), samples, 16) == []
    with pytest.raises(DataError, match=r"none of the texts fit: .* 5 tokens; raise max_length to 7 "):
        fitting.findings(WordTokenizer(), samples[1:2], 5)


@pytest.mark.battery(109, "many turns")
def test_every_answer_of_a_conversation_is_learned_after_what_was_said_before():
    turns = (("first", "one"), ("second", "two"))
    sample = TextSample("third", "three", history=turns)
    tokens = conversation_tokens(WordTokenizer(), sample, 100)
    assert " ".join(tokens.ids) == (
        "<|turn|> user first <|turn|> assistant one </s><|turn|> user second <|turn|> assistant two "
        "</s><|turn|> user third <|turn|> assistant three </s>"
    )
    assert [t for t, m in zip(tokens.ids, tokens.mask, strict=True) if m] == ["three", "</s>"]
    short = conversation_tokens(WordTokenizer(), sample, 14)
    assert short.ids[:3] == ["<|turn|>", "user", "second"] and short.forgotten == 1 and short.lost == 0
    found = fitting.findings(WordTokenizer(), [sample], 14)
    assert [finding.severity for finding in found] == ["info"] and "earlier turns" in found[0].what


def test_turns_of_one_conversation_are_held_out_together():
    samples = []
    for talk in "abcdefgh":
        history = ()
        for turn in range(3):
            samples.append(
                TextSample(f"{talk} asks {turn}", f"{talk} says {turn} of {talk * 9}", "", history)
            )
            history += ((samples[-1].instruction, samples[-1].answer),)
    kept, held = TextSet(samples).split(0.25, seed=1)
    assert held.samples and not {s.answer[0] for s in kept.samples} & {s.answer[0] for s in held.samples}
