"""Chat templates of the kinds that makers ship, and tokenizers that lack what others have."""

import json

import pytest
from tokenizers.processors import TemplateProcessing

from lorakit.data.texts.sets import TextSample, conversation_tokens
from lorakit.errors import BaseError
from lorakit.families import load_base
from lorakit.families.shapes import shape_of
from tests.families.tiny_language import byte_tokenizer, language_folder

# In the manner of Gemma's: no system role, strict alternation, the model's turns are called "model".
GEMMA = (
    "{{ bos_token }}"
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}"
    "{{ '<b>' + ('model' if m['role'] == 'assistant' else m['role']) + '\n' + m['content'] + '<c>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<b>model\n' }}{% endif %}"
)
# In the manner of models that also see: content is a list of parts, and a plain string gives nothing.
PARTS = (
    "{% for m in messages %}<b>{{ m['role'] }}: {% for part in m['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}<b>assistant: {% endif %}"
)
# In the manner of Qwen3's: thinks unless it is told not to.
THINKS = (
    "{% for m in messages %}<b>{{ m['role'] + '\n' }}"
    "{% if m['role'] == 'assistant' and loop.last %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{{ m['content'] + '<c>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}<b>assistant{{ '\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}"
    "{% endif %}{% endif %}"
)
# In the manner of early ones: what is not a user's or an assistant's turn is passed over without a word.
DEAF = (
    "{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]"
    "{% elif m['role'] == 'assistant' %} {{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
)


@pytest.fixture
def folder(tmp_path):
    return language_folder("llama", tmp_path)


def loaded(folder, tokenizer=None, **stated):
    """The folder's base with another tokenizer, or with other statements about it (None takes them out)."""
    if tokenizer is not None:
        for old in folder.glob("*template*"):
            old.unlink()
        tokenizer.save_pretrained(folder)
    config = json.loads((folder / "tokenizer_config.json").read_text()) | stated
    kept = {name: value for name, value in config.items() if value is not None}
    (folder / "tokenizer_config.json").write_text(json.dumps(kept))
    return load_base(str(folder), device="cpu")


def chat(*texts, first="user"):
    roles = ["user", "assistant"] if first == "user" else [first, "user", "assistant"]
    return [
        {"role": roles[i] if i < len(roles) else roles[-2 + (i - len(roles)) % 2], "content": text}
        for i, text in enumerate(texts)
    ]


def asked(tokenizer, messages):
    return tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)


def beginning(*tokens):
    """A byte tokenizer that puts these special tokens before a text by itself, as Llama's and GLM's do."""
    tokenizer = byte_tokenizer(template=None)
    ids = [(token, tokenizer.convert_tokens_to_ids(token)) for token in tokens]
    tokenizer._tokenizer.post_processor = TemplateProcessing(single=[*tokens, "$A"], special_tokens=ids)
    return tokenizer


@pytest.mark.battery(109, "a base without a template whose tokenizer begins with BOS")
@pytest.mark.parametrize("tokens", [(), ("<b>",), ("<c>", "<b>")])
def test_a_base_without_a_template_begins_as_its_tokenizer_alone_would(folder, tokens):
    base = loaded(folder, beginning(*tokens))
    prompt = asked(base.tokenizer, chat("Hi"))
    as_asked = base.tokenizer(prompt, add_special_tokens=False).input_ids
    assert as_asked == base.tokenizer("user: Hi\nassistant: ").input_ids
    trained = conversation_tokens(base.tokenizer, TextSample("Hi", "Ho"), 100).ids
    assert trained[: len(as_asked)] == as_asked
    assert [trained.count(i) for i in as_asked[: len(tokens)]] == [1] * len(tokens)
    assert shape_of(str(folder), base.dtype).tokenizer.chat_template == base.tokenizer.chat_template


def test_a_template_that_writes_bos_itself_is_left_as_it_is(folder):
    tokenizer = beginning("<b>")
    tokenizer.bos_token = "<b>"
    tokenizer.chat_template = "{{ bos_token }}" + DEAF
    base = loaded(folder, tokenizer)
    ids = base.tokenizer(asked(base.tokenizer, chat("Hi")), add_special_tokens=False).input_ids
    assert ids.count(base.tokenizer.bos_token_id) == 1 == ids.index(base.tokenizer.bos_token_id) + 1


@pytest.mark.battery(109, "a template without a system role")
@pytest.mark.parametrize("template", [GEMMA, DEAF])
def test_a_system_text_becomes_part_of_the_user_s_turn(folder, template):
    base = loaded(folder, byte_tokenizer(template))
    folded = asked(base.tokenizer, chat("Be brief.", "A teapot", first="system"))
    assert folded == asked(base.tokenizer, chat("Be brief.\n\nA teapot"))


def test_a_system_role_that_a_template_knows_stays(folder):
    template = "{% for m in messages %}<b>{{ m['role'] }}: {{ m['content'] }}{% endfor %}"
    base = loaded(folder, byte_tokenizer(template))
    assert base.tokenizer.chat_template == template


@pytest.mark.battery(109, "a template that demands alternation")
def test_neighbouring_turns_of_one_role_are_joined_where_a_template_demands_alternation(folder):
    base = loaded(folder, byte_tokenizer(GEMMA))
    turns = [{"role": "user", "content": "One"}, {"role": "user", "content": "Two"}]
    assert asked(base.tokenizer, turns) == "<b>user\nOne\n\nTwo<c>\n<b>model\n"
    assert asked(base.tokenizer, chat("One")) == "<b>user\nOne<c>\n<b>model\n"


@pytest.mark.battery(109, "a template that reads content in parts only")
def test_a_template_for_parts_gets_parts(folder):
    base = loaded(folder, byte_tokenizer(PARTS))
    assert asked(base.tokenizer, chat("A teapot")) == "<b>user: A teapot</s><b>assistant: "


@pytest.mark.battery(109, "a template that fails")
def test_a_template_that_fails_is_refused_with_its_own_words(folder, record_property):
    with pytest.raises(BaseError, match=r"tiny-llama.*chat template.*only with tools") as told:
        loaded(folder, byte_tokenizer("{{ raise_exception('only with tools') }}"))
    record_property("told", str(told.value))


def test_thinking_is_off_in_training_as_in_asking(folder):
    base = loaded(folder, byte_tokenizer(THINKS))
    tokens = conversation_tokens(base.tokenizer, TextSample("A teapot", "Warm."), 500)
    learned = base.tokenizer.decode([i for i, mask in zip(tokens.ids, tokens.mask, strict=True) if mask])
    shown = base.tokenizer.decode([i for i, mask in zip(tokens.ids, tokens.mask, strict=True) if not mask])
    assert shown == asked(base.tokenizer, chat("A teapot"))
    assert shown.endswith("</think>\n\n") and learned == "Warm.<c>\n"


def test_of_several_templates_the_one_for_conversations_is_taken(folder):
    base = loaded(folder, byte_tokenizer({"tool_use": "T", "default": DEAF}))
    assert asked(base.tokenizer, chat("Hi")) == "[INST] Hi [/INST]"


@pytest.mark.battery(109, "a tokenizer without padding")
def test_a_tokenizer_without_padding_pads_with_its_end(folder):
    base = loaded(folder, pad_token=None)
    assert base.tokenizer.pad_token_id == base.tokenizer.eos_token_id


@pytest.mark.battery(109, "a tokenizer without an end")
def test_an_end_that_only_the_model_s_configuration_names_is_taken(folder):
    assert loaded(folder, eos_token=None).tokenizer.eos_token == "</s>"


def test_an_end_that_nobody_names_is_found_in_the_vocabulary(folder):
    for name in ("config.json", "generation_config.json"):
        stated = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(stated | {"eos_token_id": None}))
    assert loaded(folder, eos_token=None).tokenizer.eos_token == "</s>"


def test_an_answer_ends_with_the_template_s_own_end_or_with_the_tokenizer_s(folder):
    for template, end in (
        (THINKS, "<c>\n"),
        (DEAF, "</s>"),
        ("{% for m in messages %}<b>{{ m['content'] }}{% endfor %}", "</s>"),
    ):
        base = loaded(folder, byte_tokenizer(template))
        tokens = conversation_tokens(base.tokenizer, TextSample("A teapot", "Warm."), 500)
        assert base.tokenizer.decode(tokens.ids).endswith(f"Warm.{end}")
        assert tokens.mask[-len(base.tokenizer(end, add_special_tokens=False).input_ids) :].count(0) == 0
