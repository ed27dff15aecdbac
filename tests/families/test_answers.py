"""What models write around their answers, as their makers document it; the right answer stands beside it."""

import pytest

from lorakit.families.answers import opens_thought, steady, taken_apart

TEA = "Warm tea, 900 ml"
FINAL = "<|start|>assistant<|channel|>final<|message|>"


@pytest.mark.battery(107, "answers with thoughts and channels")
@pytest.mark.parametrize(
    "says",
    [
        f"<think>\nA headline, so short.\n</think>\n\n{TEA}",
        f"A headline, so short.\n</think>\n\n{TEA}",
        f"<think>First.</think><think>Second.</think>{TEA}",
        f"<THINK>Loud.</THINK>{TEA}",
        f"<thinking>Hm.</thinking>\n{TEA}",
        f"<thought>Hm.</thought>\n{TEA}",
        f"<reasoning>Hm.</reasoning>\n<answer>{TEA}</answer>",
        f"<reflect>Hm.</reflect>{TEA}",
        f"<antThinking>Hm.</antThinking>{TEA}",
        f"<plan>Short.</plan>\n{TEA}",
        f"<redacted_thinking>Hm.</redacted_thinking>{TEA}",
        f"<｜begin▁of▁thought｜>Hm.<｜end▁of▁thought｜>{TEA}",
        f"<think:opensource>Hm.</think:opensource>{TEA}",
        f"<think>\nHm.\n</think>\n<answer>\n{TEA}\n</answer>",
        f"<seed:think>Hm.</seed:think>{TEA}",
        f"<mm:think>Hm.</mm:think>{TEA}",
        f"[THINK]Hm.[/THINK]{TEA}",
        f"<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>{TEA}<|END_RESPONSE|>",
        f"<|begin_of_thought|>Hm.<|end_of_thought|>\n<|begin_of_solution|>{TEA}<|end_of_solution|>",
        f"◁think▷Hm.◁/think▷{TEA}",
        f"<|open|>think<|sep|>Hm.<|close|>think<|sep|><|open|>response<|sep|>{TEA}<|close|>response<|sep|>",
        f"<|inner_prefix|>Hm.<|inner_suffix|>{TEA}",
        f"<|channel>thought\nHm.<channel|>{TEA}",
        f"<unused94>thought\nHm.<unused95>{TEA}",
        f"[unused16]Hm.[unused17]{TEA}",
        f"<|thinking|>Hm.<|/thinking|>{TEA}",
        f"Here is my thought process:\nHm.\n\nHere is my response:\n{TEA}",
        f"Here's my thought process: Hm. Here's my response: {TEA}",
        f"<|channel|>analysis<|message|>Hm.<|end|>{FINAL}{TEA}<|return|>",
        f"<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary<|message|>I write."
        f"<|end|>{FINAL}{TEA}",
        f"<|channel|>final <|constrain|>text<|message|>{TEA}",
        f"analysisThe user wants a headline.assistantfinal{TEA}",
        f"analysis The user wants a headline. assistantfinal {TEA}",
        f"to=self<|message|>Hm.<|eom|><|start|>assistant to=user<|message|>{TEA}<|eot|>",
        f"<|thought_start|>Hm.<|thought_end|>{TEA}",
        f"Thinking...\nHm.\n...done thinking.\n\n{TEA}",
        f"**Reasoning:**\nHm.\n\n**Final answer:** {TEA}",
        f"<REASONING>Hm.</REASONING><CONCLUSION>{TEA}</CONCLUSION>",
        f"<think>Maybe\nAnswer: no.\n</think>{TEA}",
        f"analysisWe write.assistantcommentaryHm.assistantfinal{TEA}",
    ],
)
def test_a_thought_is_no_part_of_the_answer(says):
    assert taken_apart(says).answer.strip() == TEA


@pytest.mark.parametrize(
    "says",
    [
        "<think>\nThe user wants a headline; it must be short and",
        "<|channel|>analysis<|message|>The user wants<|end|><|start|>assistant",
        "analysisThe user wants a headline",
        "<|START_THINKING|>The user",
        "<think>The user\nAnswer: no",
        "◁think▷The user",
        "Here is my thought process: the user",
    ],
)
def test_a_thought_that_never_ends_is_no_answer(says):
    said = taken_apart(says)
    assert said.thinking and not said.answer


def test_a_thought_that_the_prompt_opened_lasts_until_it_is_closed():
    assert taken_apart("The user wants a headline", opened=True).thinking
    assert taken_apart("Hm. </think> Tea", opened=True).answer.strip() == "Tea"


@pytest.mark.battery(107, "answers with ends that nobody lists")
@pytest.mark.parametrize(
    "rest",
    [
        "<|im_end|>\n<|im_start|>user", "<|eot_id|><|start_header_id|>user",
        "<end_of_turn>\n<start_of_turn>model", "<|end|>", "</s>", "<|return|>", "<|user|>\nMore",
        "<｜end▁of▁sentence｜>", "<｜User｜>", "[|endofturn|]", "<turn|>", "<|endoftext|>",
        "<|END_OF_TURN_TOKEN|>", "[INST] More [/INST]", "<seed:eos>", "<SPECIAL_12>", "\nUser: more",
        "\n\nHuman: more", "\n### Instruction:\nMore", "\n\n### User:\nMore", "\nAssistant: more",
        "\n**User:** more", "assistant\n\nIs there anything else?", "\nuser\nMore", "\nmodel\nMore",
        "\nBenutzer: mehr", "\nUtilisateur : encore", "\n用户：再来一个",
    ],
)  # fmt: skip
def test_an_answer_ends_where_the_next_turn_begins(rest):
    said = taken_apart(TEA + rest)
    assert (said.answer.strip(), said.ended) == (TEA, True)


@pytest.mark.parametrize(
    "lead",
    [
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<|im_start|>assistant\n",
        "assistant\n\n",
        "Assistant: ",
        "<start_of_turn>model\n",
        "### Response:\n",
        "<s> ",
    ],
)
def test_the_head_of_its_own_turn_is_no_part_of_the_answer(lead):
    assert taken_apart(lead + TEA).answer.strip() == TEA


@pytest.mark.parametrize(
    "copy",
    [
        "Think again. The Nordal teapot holds 900 ml.",
        "Analysis of a good morning: tea, then more tea.",
        "Your kitchen assistant\n\nMeet the Nordal mixer.",
        "Model: S24\nSystem: 5G\nColour: blue",
        "I <3 tea. 5 < 6 > 4 [new] #tea",
        "Ask the user manual: it knows.",
        "For every user\nand every assistant at home",
        "Question: too hot?\nAnswer: never.",
        "Thought: tea is warm.",
        "Our final thought: buy tea.\n\n# tea\n\n- 900 ml",
    ],
)
def test_copy_that_only_looks_a_little_like_it_stays(copy):
    assert taken_apart(copy).answer == copy


def test_what_a_person_wrote_cannot_open_a_thought():
    assert opens_thought("<u>Tea <think> more<a><think>\n", "Tea <think> more")
    assert not opens_thought("<u>Tea <think> more<a>", "Tea <think> more")
    assert not opens_thought("<u>Tea<a><think>\n\n</think>\n\n", "Tea")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Tea <|im_", "Tea "),
        ("Tea\nUs", "Tea"),
        ("Tea\n\n### Instruction", "Tea\n"),
        ("Tea <3 and", "Tea <3 and"),
        ("<thi", ""),
        ("ana", ""),
        ("Tea", "Tea"),
    ],
)
def test_half_a_marker_is_not_shown(text, shown):
    assert steady(text) == shown
