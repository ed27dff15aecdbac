"""Templates in the shapes of many makers: thoughts switched off, turns ended, through the true generation."""

from types import SimpleNamespace

import pytest

from lorakit.families import family_named
from lorakit.families.turns import ASKED, ends_of, silenced
from tests.families import templates_of_makers as made
from tests.families.saying import byte_tokenizer, saying

causal_lm = family_named("llm")

TEA = "Warm tea, 900 ml"
IM = ["<|im_start|>", "<|im_end|>"]


def answer(base, room=60):
    shown = []
    chat = [[{"role": "user", "content": "A headline"}]]
    text = causal_lm.generate(base, chat, [0], room, 0.7, 0.9, lambda row, piece: shown.append(piece))[0]
    assert text.startswith("".join(shown))
    return text


def prompt(template):
    tokenizer = byte_tokenizer(template)
    return tokenizer.apply_chat_template(
        [{"role": "user", "content": ASKED}],
        chat_template=silenced(tokenizer), add_generation_prompt=True, tokenize=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("template", "tail"),
    [
        (made.SWITCHED, "<|im_start|>assistant\n<think>\n\n</think>\n\n"),
        (made.DEEPSEEK, "<｜Assistant｜></think>"),
        (made.SEED, "<seed:bos>assistant\n<seed:think><seed:cot_budget_reflect>"),
        (made.COMMAND, "<|CHATBOT_TOKEN|><|START_THINKING|><|END_THINKING|>"),
        (made.NEMOTRON, "<SPECIAL_11>Assistant\n<think></think>"),
        (made.CHATML, "<|im_start|>assistant\n"),
    ],
)
def test_thoughts_are_switched_off_where_the_template_can_be_told_to(template, tail):
    assert prompt(template).endswith(tail)


def test_of_several_efforts_the_least_that_a_template_names_is_taken():
    assert "Reasoning: low" in prompt(made.HARMONY)
    assert "Reasoning: none" in prompt(
        made.HARMONY
        + "{% if reasoning_effort not in ['none', 'high'] %}{{ raise_exception('no') }}{% endif %}"
    )


def test_a_template_that_refuses_a_switch_is_used_without_it():
    template = made.CHATML + "{% if enable_thinking is defined %}{{ raise_exception('unknown') }}{% endif %}"
    assert prompt(template).endswith("assistant\n")


def test_switching_off_twice_is_switching_off_once():
    tokenizer = byte_tokenizer(made.SWITCHED)
    tokenizer.chat_template = silenced(tokenizer)
    assert silenced(tokenizer) == tokenizer.chat_template


@pytest.mark.battery(107, "an end of turn that generation_config does not list")
@pytest.mark.parametrize(
    ("template", "special", "end"),
    [
        (made.CHATML, IM, "<|im_end|>"),
        (made.LLAMA, ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], "<|eot_id|>"),
        (made.GEMMA, ["<start_of_turn>", "<end_of_turn>"], "<end_of_turn>"),
        (made.PHI, ["<|user|>", "<|assistant|>", "<|end|>"], "<|end|>"),
        (made.PHI, ["<|user|>", "<|assistant|>", "<|end|>"], "<|user|>"),
        (made.MISTRAL, ["</s>", "[INST]", "[/INST]"], "</s>"),
        (made.EXAONE, ["[|user|]", "[|assistant|]", "[|endofturn|]"], "[|endofturn|]"),
        (made.DEEPSEEK, ["<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"], "<｜end▁of▁sentence｜>"),
        (made.COMMAND, ["<|END_OF_TURN_TOKEN|>"], "<|END_OF_TURN_TOKEN|>"),
        (made.NEMOTRON, ["<SPECIAL_11>", "<SPECIAL_12>"], "<SPECIAL_12>"),
        (made.CHATML, ["(end)"], "(end)"),
    ],
)
def test_a_turn_ends_with_whatever_token_its_makers_end_it(template, special, end):
    base = saying(template, f"{TEA}{end}assistant\n\nIs there anything else?", special=special)
    text = answer(base)
    assert (text, text.ended) == (TEA, True)
    assert base.model.steps == len(TEA) + 1


def test_end_tokens_that_count_as_text_end_a_turn_too():
    assert answer(saying(made.CHATML, f"{TEA}<|im_end|>More", plain=IM)) == TEA
    tokenizer = byte_tokenizer(made.CHATML, plain=IM)
    assert ends_of(tokenizer, made.CHATML)[0] == {tokenizer.convert_tokens_to_ids("<|im_end|>")}


@pytest.mark.parametrize("template", [made.ALPACA, made.VICUNA])
@pytest.mark.parametrize("rest", ["\n\n### Instruction:\nAnother", "\nUSER: Another", "\nHuman: Another"])
def test_a_base_without_end_tokens_stops_at_the_next_turn(template, rest):
    base = saying(template, TEA + rest)
    text = answer(base)
    assert (text, text.ended) == (TEA, True)
    assert base.model.steps < len(TEA + rest)


def test_a_thought_has_room_of_its_own():
    text = answer(saying(made.CHATML, f"<think>{'Hm. ' * 20}</think>{TEA}", special=IM), room=len(TEA))
    assert text == TEA


def test_a_thought_that_takes_all_its_room_leaves_no_text():
    base = saying(made.CHATML, "<think>The user wants~", special=IM, max_tokens=50)
    text = answer(base)
    assert (text, text.ended, text.thinking) == ("", False, True)
    assert base.model.steps <= 60
    text = answer(saying(made.OPENED, "The user wants a headline", special=IM))
    assert (text, text.thinking) == ("", True)


def test_a_thought_that_the_prompt_opened_is_left_out():
    assert answer(saying(made.OPENED, f"A caption.\n</think>\n\n{TEA}", special=IM)) == TEA


def test_the_parts_of_a_channelled_answer_do_not_end_it():
    special = ["<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|return|>"]
    says = (
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>"
        f"{TEA}<|return|>more"
    )
    base = saying(made.HARMONY, says, special=special)
    assert answer(base) == TEA
    assert answer(saying(made.HARMONY, says.replace("<|return|>", "<|end|>"), special=special)) == TEA


def test_out_of_room_is_said_and_half_a_character_left_out():
    text = answer(saying(made.CHATML, "Für 5 € und mehr", special=IM), room=9)
    assert (text, text.ended) == ("Für 5", False)


def test_prompt_and_answer_stay_within_the_positions_of_the_model():
    base = saying(made.CHATML, "x~", special=IM)
    long = len(base.tokenizer(prompt(made.CHATML)).input_ids)
    config = SimpleNamespace(max_position_embeddings=long + 20)
    config.get_text_config = lambda: config
    base.model.config = config
    text = answer(base, room=60)
    assert (len(text), text.ended) == (20 + len(ASKED) - len("A headline"), False)
