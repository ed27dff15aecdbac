"""Tiny bases with the templates of many makers, made to say things: what is delivered of them."""

import pytest

from lorakit.generation.copy.writing import Brief, write_batch, write_copy
from tests.families import templates_of_makers as made
from tests.families.saying import saying

TEA = "Warm tea, 900 ml"
IM = ["<|im_start|>", "<|im_end|>"]


def written(says, channel="google-headline", product="Tea", template=made.CHATML, **options):
    base = saying(template, *([says] if isinstance(says, str) else says), special=IM, **options)
    only = write_copy(base, {}, Brief(product, facts="holds 900 ml", channel=channel), 1)[0]
    return only, base.model


@pytest.mark.battery(107, "a thought that never ends")
def test_a_thought_that_never_ends_is_tried_once_more_and_then_said():
    copy, model = written("<think>\nThe user wants a headline; let me think about~", max_tokens=60)
    assert (copy.text, copy.fits) == ("", False)
    assert "wrote no text" in copy.note and "another seed" in copy.note
    assert model.calls == 2


def test_a_second_try_that_answers_is_taken():
    copy, model = written(["<think>\nThe user wants~", f"<think>Short.</think>{TEA}"], max_tokens=60)
    assert (copy.text, copy.fits, model.calls) == (TEA, True, 2)
    assert copy.note == "rewritten, because the first attempt was reasoning without a text"


def test_a_thought_that_the_prompt_opened_never_reaches_the_caption():
    says = f"The user wants a caption.\n</think>\n\n{TEA}"
    copy, _ = written(says, "instagram-caption", template=made.OPENED)
    assert (copy.text, copy.fits, copy.note) == (TEA, True, "")
    copy, _ = written("The user wants a caption", "instagram-caption", template=made.OPENED)
    assert (copy.text, copy.fits) == ("", False)


def test_a_copy_does_not_run_on_into_the_next_turn():
    copy, _ = written(f"{TEA}<|im_end|>assistant\n\nIs there anything else?", "instagram-caption")
    assert (copy.text, copy.fits, copy.note) == (TEA, True, "")


def test_what_was_taken_away_is_said():
    copy, model = written(f'Here is a headline for you:\n\n"{TEA}"')
    assert (copy.text, copy.fits, model.calls) == (TEA, True, 1)
    assert copy.note == "removed: an introduction, quotation marks"
    copy, _ = written(f"1. {TEA}\n2. Hot tea\n3. Tea")
    assert (copy.text, copy.note) == (TEA, "removed: all but the first of 3 suggestions")


def test_what_is_no_copy_is_written_again_and_never_passes():
    copy, model = written(["I'm sorry, but I can't help.", TEA])
    assert (copy.text, copy.fits, model.calls) == (TEA, True, 2)
    assert copy.note == "rewritten, because the first attempt contained more than the text"
    copy, model = written("I'm sorry, but I can't help.")
    assert not copy.fits and "needs checking" in copy.note and model.calls == 3


def test_a_text_that_breaks_off_is_finished_by_a_shorter_try():
    copy, model = written(["Warm tea for everyone who~", "Warm tea."], "instagram-caption", max_tokens=30)
    assert (copy.text, copy.fits) == ("Warm tea.", True)
    assert copy.note == "rewritten, because the first attempt broke off"
    assert "At most 2200 characters" in model.prompts[0][0] and "At most 24 characters" in model.prompts[1][0]


def test_a_text_that_stays_broken_off_ends_where_it_was_last_whole_and_says_so():
    copy, _ = written("Warm tea. For early risers and night o~", "instagram-caption", max_tokens=40)
    assert (copy.text, copy.fits) == ("Warm tea. For early risers", True)
    assert copy.note == "cut off, because the model ran out of tokens"
    copy, _ = written("Warmteaforeveryone~", "instagram-caption", max_tokens=12)
    assert not copy.fits and "ran out of tokens, mid-phrase" in copy.note


def test_half_a_character_never_leaves():
    copy, _ = written("Für 5 €€€€€€€€€€€€€~", "instagram-caption", max_tokens=19)
    assert "\ufffd" not in copy.text
    copy, _ = written("Warm te\ufffd for you")
    assert (copy.text, copy.fits) == ("Warm te for you", False)


def test_another_product_s_name_stays_and_is_marked():
    copy, _ = written("Twice as fast as the Galaxy S23.", "meta-primary", "Galaxy S24")
    assert (copy.text, copy.fits) == ("Twice as fast as the Galaxy S23.", True)
    assert copy.note == "“Galaxy S23” is not in the brief"
    copy, _ = written("Mercdes-Benz is here", "meta-primary", "Mercedes-Benz")
    assert (copy.text, copy.note) == ("Mercedes-Benz is here", "the spelling of the name was corrected")


def test_a_cut_does_not_dangle_and_one_that_must_is_no_fit():
    copy, _ = written("Wasserdichte Regenjacke für lange Wanderungen")
    assert (copy.text, copy.fits) == ("Wasserdichte Regenjacke", True)
    assert copy.note == "shortened from 45 characters"
    copy, _ = written("Extra starke wasserdichte Regenjacken")
    assert not copy.fits and copy.note == "shortened from 37 characters, mid-phrase"


def test_one_more_try_is_only_for_the_rows_that_need_it_and_for_all_of_them_at_once():
    base = saying(made.CHATML, TEA, special=IM)
    briefs = [({}, Brief("Tea", channel="google-headline")), ({}, Brief("Pot", channel="google-headline"))]
    write_batch(base, briefs, 1)
    assert base.model.calls == 1
    base = saying(made.CHATML, "I'm sorry, but I can't.", TEA, special=IM)
    write_batch(base, briefs, 1)
    assert [len(prompts) for prompts in base.model.prompts] == [2, 2]


def test_a_thought_is_not_streamed():
    heard = []
    base = saying(made.CHATML, f"<think>Hm.</think>{TEA}", special=IM)
    write_copy(base, {}, Brief("Tea"), 1, on_text=lambda row, piece: heard.append(piece))
    assert "".join(heard) == TEA
