"""A base's chat template, made to take every conversation that the product has with its base.

A base that was never taught to chat has none and gets a plain one. Others know no system role, demand that
turns alternate, want their content in parts, or have the model think first. What a template needs is found by
trying it, and is put in front of it in its own language, so that whoever renders it later need not know.
"""

from itertools import product
from typing import Any

from jinja2 import TemplateError

from lorakit.errors import BaseError
from lorakit.families.turns import silenced

PLAIN = (
    "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}"
    "{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
)
# Tokens by which a text may end where neither the tokenizer nor the model's configuration says so.
ENDS = ("<|endoftext|>", "</s>", "<eos>", "<|end_of_text|>", "<|im_end|>", "<|eot_id|>", "<|end|>", "[EOS]")
FAULTS = (TemplateError, LookupError, TypeError, ValueError, AttributeError)
USUAL = (("user",), ("user", "assistant"), ("user", "assistant", "user"))


def complete(tokenizer: Any, model: Any, shown: str) -> None:
    """Give `tokenizer` an end, padding and a template that renders, where it lacks them.

    Raises BaseError, naming the base `shown`, when texts could never end, or its template fails.
    """
    if tokenizer.eos_token_id is None:
        tokenizer.eos_token = _end(tokenizer, model, shown)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    stated = _chosen(tokenizer.chat_template)
    tokenizer.chat_template = _plain(tokenizer) if stated is None else _sound(tokenizer, stated, shown)
    tokenizer.chat_template = silenced(tokenizer)


def _end(tokenizer: Any, model: Any, shown: str) -> str:
    """The text of the end token that the model's own configuration names, or that is in the vocabulary."""
    for config in (getattr(model, "generation_config", None), model.config, model.config.get_text_config()):
        stated = getattr(config, "eos_token_id", None)
        first = stated[0] if isinstance(stated, list) and stated else stated
        if isinstance(first, int) and 0 <= first < len(tokenizer):
            return tokenizer.convert_ids_to_tokens(first)
    vocabulary = tokenizer.get_vocab()
    found = next((token for token in ENDS if token in vocabulary), None)
    if found is None:
        raise BaseError(
            f"{shown}: its tokenizer has no end-of-text token, so texts never end; use another base model"
        )
    return found


def _chosen(template: Any) -> str | None:
    """The one for conversations, where a tokenizer brings several."""
    if isinstance(template, dict):
        return template.get("default") or next(iter(template.values()), None)
    return template or None


def _plain(tokenizer: Any) -> str:
    """The plain template behind what the tokenizer itself puts before a text: such a base never saw another.

    GPT-2 begins with nothing, Llama and Gemma with BOS, GLM with two tokens.
    """
    alone = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    count = next((i for i in range(len(whole)) if whole[i : i + len(alone)] == alone), 0)
    first = "".join(tokenizer.convert_ids_to_tokens(whole[:count]))
    return f"{{{{ {first!r} }}}}{PLAIN}" if first else PLAIN


def _sound(tokenizer: Any, template: str, shown: str) -> str:
    """`template` behind the least that lets it render every kind of conversation whole."""
    parts = next(
        (parts for parts in (False, True)
         if all(_renders(tokenizer, _turns(parts=parts) + template, roles) for roles in USUAL)),
        None,
    )  # fmt: skip
    if parts is None:
        raise BaseError(
            f"{shown}: its chat template can't render a plain conversation ({_fault(tokenizer, template)}); "
            "use another base, or repair its chat_template"
        )
    for folded, merged in product((False, True), repeat=2):
        found = _turns(folded, merged, parts) + template
        wanted = (("system", "user"), ("user", "user", "assistant"), *USUAL)
        if all(_renders(tokenizer, found, roles) for roles in wanted):
            return found
    return _turns(parts=parts) + template


def _turns(folded: bool = False, merged: bool = False, parts: bool = False) -> str:
    """Template code that rewrites `messages`: `folded` gives the system's text to the user, `merged` joins
    neighbouring turns of one role (as folding must), `parts` wraps each content in a list.
    """
    if not (folded or merged or parts):
        return ""
    role = "'user' if m['role'] == 'system' else m['role']" if folded else "m['role']"
    joined = "true" if folded or merged else "false"
    content = "[{'type': 'text', 'text': t['content']}]" if parts else "t['content']"
    return (
        "{%- set told = namespace(turns=[], whole=[]) -%}{%- for m in messages -%}"
        f"{{%- set role = {role} -%}}"
        f"{{%- if {joined} and told.turns and told.turns[-1]['role'] == role -%}}"
        "{%- set told.turns = told.turns[:-1] + [{'role': role, 'content': told.turns[-1]['content'] + '\n\n'"
        " + m['content']}] -%}"
        "{%- else -%}{%- set told.turns = told.turns + [{'role': role, 'content': m['content']}] -%}"
        "{%- endif -%}{%- endfor -%}"
        "{%- for t in told.turns -%}"
        f"{{%- set told.whole = told.whole + [{{'role': t['role'], 'content': {content}}}] -%}}"
        "{%- endfor -%}{%- set messages = told.whole -%}"
    )


def _renders(tokenizer: Any, template: str, roles: tuple[str, ...]) -> bool:
    """Does a conversation of these roles come out, with every text in its place?"""
    texts = [f"probe{number}text" for number in range(len(roles))]
    try:
        whole = _rendered(tokenizer, template, roles, texts)
    except FAULTS:
        return False
    places = [whole.find(text) for text in texts]
    return -1 not in places and places == sorted(places)


def _rendered(tokenizer: Any, template: str, roles: tuple[str, ...], texts: list[str]) -> str:
    turns = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]
    asks = roles[-1] != "assistant"
    return tokenizer.apply_chat_template(
        turns, chat_template=template, tokenize=False, add_generation_prompt=asks
    )


def _fault(tokenizer: Any, template: str) -> str:
    try:
        _rendered(tokenizer, template, ("user",), ["probe"])
    except FAULTS as error:
        return str(error).split("\n")[0][:120] or type(error).__name__
    return "what is said does not appear in it"
