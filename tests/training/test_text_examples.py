"""Packed texts cost what separate ones cost, and a base that cannot keep them apart is refused."""

import pytest
import torch

from lorakit.data.texts.sets import TextSample, TextSet, Tokens
from lorakit.errors import DataError, RecipeError
from lorakit.families import family_named
from lorakit.jobs import queue
from lorakit.terminal.progress import Teller
from lorakit.training.text_examples import (
    TextExamples,
    answer_loss,
    check_packing,
    in_parts,
    packed,
)
from lorakit.ui.parts import pieces
from tests.training.tiny import recipe, tiny_text_base, tiny_texts

causal_lm = family_named("llm")


def prepared(**changes):
    base = tiny_text_base()
    return base, TextExamples.prepare(base, tiny_texts(), recipe(**changes), lambda event: None)


def test_packed_texts_have_the_loss_and_gradients_of_separate_ones():
    base, examples = prepared(max_length=120, held_out=0.0)
    texts = [row[0] for row in examples.rows]
    rows = packed(texts, 120)
    assert len(rows) < len(texts) and max(len(row) for row in rows) > 1
    weight = base.model.model.layers[0].self_attn.q_proj.weight.requires_grad_(True)
    found = []
    for these in ([[tokens] for tokens in texts], rows):
        loss, count = answer_loss(base, these, examples.pad)
        found.append((loss / count, torch.autograd.grad(loss / count, weight)[0], count))
    separate, together = found
    assert separate[2] == together[2]
    torch.testing.assert_close(together[0], separate[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(together[1], separate[1], rtol=0, atol=1e-5)


def test_every_text_is_in_one_row_and_no_row_is_too_long():
    texts = [Tokens(list(range(size)), [1] * size) for size in (5, 9, 3, 7, 2, 10)]
    rows = packed(texts, 12)
    assert sorted(len(tokens.ids) for row in rows for tokens in row) == [2, 3, 5, 7, 9, 10]
    assert all(sum(len(tokens.ids) for tokens in row) <= 12 for row in rows) and len(rows) == 3


def test_a_base_that_lets_packed_texts_see_each_other_is_refused(monkeypatch):
    base, examples = prepared()
    alone = causal_lm.predict
    monkeypatch.setattr(causal_lm, "predict", lambda base, ids, mask, positions=None: alone(base, ids, mask))
    with pytest.raises(RecipeError, match="turn packing off"):
        check_packing(base, [row[0] for row in examples.rows], examples.pad)


def test_an_update_does_not_depend_on_how_it_is_cut_into_batches():
    """Long answers in one half and short ones in the other: a mean of means would weigh them wrong."""
    base, examples = prepared(held_out=0.0, batch_size=8)
    rows = sorted(examples.rows, key=lambda row: len(row[0].ids))
    halves = [rows[:3], rows[3:]]
    whole = examples.loss(base, rows) / examples.weight(rows)
    cut = sum(examples.loss(base, half) for half in halves) / sum(examples.weight(half) for half in halves)
    torch.testing.assert_close(cut, whole)


@pytest.mark.battery(109, "texts longer than max_length")
def test_what_there_is_no_room_for_is_told_to_the_page_and_in_the_terminal(capsys):
    base = tiny_text_base()
    texts = TextSet([TextSample("say", "word " * 99), TextSample("say", "hi")])
    events = []
    examples = TextExamples.prepare(base, texts, recipe(held_out=0.0, max_length=64), events.append)
    assert len(examples.rows) == 2 and events[0]["event"] == "findings"
    job = queue.create("voice", {"base": "b", "name": "n", "texts": "t.csv", "recipe": {}})
    job.emit(events[0])
    job.emit(events[0])  # a training that is resumed says it again
    assert [finding.severity for finding in pieces.findings_of(job)] == ["warn"]
    Teller()(events[0])
    assert "warn: 1 of 2 texts is truncated to 64 tokens" in capsys.readouterr().out
    with pytest.raises(DataError, match="none of the texts fit"):
        TextExamples.prepare(base, TextSet([TextSample("a " * 99, "b")]), recipe(max_length=64), print)


def test_a_loss_without_gradients_takes_no_more_rows_and_logits_than_it_needs(monkeypatch):
    base, examples = prepared(held_out=0.0, batch_size=2, max_length=64)
    rows = examples.rows
    parts = [answer_loss(base, rows[i : i + 8], examples.pad) for i in range(0, len(rows), 8)]
    expected = float(sum(loss for loss, _ in parts) / sum(count for _, count in parts))
    made, fed = [], []
    base.model.lm_head.register_forward_hook(lambda *given: made.append(given[-1].shape[:2]))
    base.model.model.register_forward_pre_hook(
        lambda _, __, named: fed.append(named["input_ids"].shape), with_kwargs=True
    )
    assert examples.mean_loss(base, rows) == pytest.approx(expected, rel=1e-5)
    assert max(count for count, _ in fed) == 2 and len(fed) == -(-len(rows) // 2)
    answers = [max(sum(row[0].mask) for row in rows[i : i + 2]) for i in range(0, len(rows), 2)]
    for (_, width), (_, length), answer in zip(made, fed, answers, strict=True):
        assert answer <= width < length, "the head worked on places without an answer"


def test_rows_together_have_no_more_tokens_than_there_is_room_for():
    rows = [[Tokens([1] * size, [1] * size)] for size in (3, 4, 2, 9, 1, 1, 1, 1)]
    sizes = [[len(row[0].ids) for row in part] for part in in_parts(rows, 3, 8)]
    assert sizes == [[3, 4], [2], [9], [1, 1, 1], [1]]
