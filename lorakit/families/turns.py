"""How a base's chat template opens an answer and ends it: thoughts switched off, and what follows an answer.

Nothing is known of a template beforehand: it is rendered, and what it renders is read. Not covered: templates
that need tools or pictures in a conversation.
"""

import re
from typing import Any

from lorakit.families.answers import CONTROL, taken_apart

# What a template may read to switch thoughts off -> the values that do so, the most silent first. Of several
# values that one is taken that the template names; the last when it names none.
SWITCHES: dict[str, tuple[Any, ...]] = {
    "enable_thinking": (
        False,
    ),  # Qwen 3, GLM 4.5, SmolLM 3, EXAONE 4, Hunyuan, ERNIE 4.5, Gemma 4, Nemotron 3
    "thinking": (False,),  # DeepSeek V3.1, Granite 3.2, Kimi K2.5, HyperCLOVA X
    "thinking_budget": (0,),  # Seed-OSS
    "thinking_mode": ("disabled", "off", "chat", "no_think"),  # MiniMax M3, DeepSeek V4
    "thinking_effort": ("none", "minimal", "low"),
    "reasoning": (False,),  # Command A Reasoning
    "reasoning_effort": ("none", "no_think", "minimal", "low"),  # Mistral Small 4, Hunyuan 3, gpt-oss
    "reasoning_mode": ("disabled", "off", "none"),
    "reasoning_budget": (0,),
    "skip_reasoning": (True,),  # HyperCLOVA X 14B
    "force_reasoning": (False,),
    "enable_reasoning": (False,),
    "enable_thought": (False,),
    "use_thinking": (False,),
    "use_reasoning": (False,),
    "with_thinking": (False,),
    "thinking_enabled": (False,),
    "reasoning_enabled": (False,),
    "is_thinking": (False,),
    "think": (False,),
    "no_think": (True,),
    "no_thinking": (True,),
    "disable_thinking": (True,),
    "disable_reasoning": (True,),
}
# What a template may look for in a message of the system instead.
WORDS = ("/no_think", "/nothink", "detailed thinking off")
_MARK = "{#- thoughts are switched off -#}"
ASKED, ANSWERED = "Qz4 asks", "Qz5 answers"  # words that no template holds itself


def silenced(tokenizer: Any) -> str:
    """The tokenizer's chat template with thoughts switched off, as far as it can be told to."""
    template = _template(tokenizer)
    if not template or template.startswith(_MARK):
        return template
    chosen = _MARK
    for name, values in SWITCHES.items():
        if re.search(rf"(?<![\w.'\"</|]){name}(?![\w'\"|>])", template):
            value = next((v for v in values if re.search(rf"['\"]{v}['\"]", template)), values[-1])
            tried = f"{chosen}{{%- set {name} = {value!r} -%}}"
            chosen = tried if _rendered(tokenizer, tried + template) else chosen
    for words in WORDS:
        if words in template:
            told = "{%- set messages = [{'role': 'system', 'content': '" + words + "'}] + messages -%}"
            before, after = (_rendered(tokenizer, t + template) for t in (chosen, chosen + told))
            # The template takes the words out and leaves the prompt another way: it has understood them.
            if after and words not in after and after != before:
                chosen += told
    return chosen + template if chosen != _MARK else template


def ends_of(tokenizer: Any, template: str) -> tuple[set[int], tuple[str, ...]]:
    """What the template puts after an answer: its end tokens, and words that begin the next turn."""
    tokens: set[int] = set()
    words: list[str] = []
    turns = [{"role": "user", "content": ASKED}, {"role": "assistant", "content": ANSWERED}]
    control = _control_tokens(tokenizer)
    for conversation in (turns, [*turns, {"role": "user", "content": "Qz6 more"}]):
        text = _rendered(tokenizer, template, conversation)
        after = text.partition(ANSWERED)[2].partition("Qz6 more")[0]
        found = [(after.index(name), -len(name), name) for name in control if name in after]
        if found:
            tokens.add(control[min(found)[2]])
        elif re.search(r"\w", after) and not re.search(CONTROL, after):
            words.append(_next_turn(after))
    return tokens, tuple(dict.fromkeys(word for word in words if word))


def special_tokens(tokenizer: Any) -> dict[int, str]:
    """Tokens that are no part of any text, by their ids."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    found = {int(id): str(token) for id, token in added.items() if token.special}
    for name in getattr(tokenizer, "all_special_tokens", ()):
        found.setdefault(int(tokenizer.convert_tokens_to_ids(name)), name)
    return {id: name for id, name in found.items() if len(name.strip()) > 1}


def named_ends(tokenizer: Any) -> set[int]:
    """Added tokens whose name says that a turn or a text ends with them, whatever else lists them or not."""
    said = re.compile(
        r"im_end|eot_id|eom_id|end_of_turn|end▁of▁|endof|end_of_text|\Wend\W|\Weot\W|\Weos\W|return|END_OF_TURN"
        r"|assistant_end|</s>|\Wturn\|",
        re.IGNORECASE,
    )
    return {id for name, id in _control_tokens(tokenizer).items() if said.search(name)}


def _next_turn(after: str) -> str:
    """The line that begins the next turn, if its words are sure to be no part of an answer."""
    line = next((line for line in after.splitlines() if re.search(r"\w", line)), "").strip()
    return "\n" + line if after[: after.find(line)].endswith("\n") and re.search(r"[:：#]", line) else ""


def _control_tokens(tokenizer: Any) -> dict[str, int]:
    added = getattr(tokenizer, "added_tokens_decoder", {})
    shaped = re.compile(CONTROL, re.IGNORECASE)
    return {
        str(token): int(id)
        for id, token in added.items()
        if len(str(token).strip()) > 1
        and (token.special or shaped.fullmatch(str(token)))
        and not taken_apart(str(token)).thinking
    }


def _template(tokenizer: Any) -> str:
    template = getattr(tokenizer, "chat_template", None)
    if isinstance(template, dict):  # some makers give one for tools beside the plain one
        template = template.get("default")
    return template or ""


def _rendered(tokenizer: Any, template: str, conversation: list[dict[str, str]] | None = None) -> str:
    """The prompt of a conversation, or nothing where the template refuses it."""
    chat = conversation or [{"role": "user", "content": ASKED}]
    try:
        return tokenizer.apply_chat_template(
            chat, chat_template=template, add_generation_prompt=conversation is None, tokenize=False
        )
    except Exception:  # a template may raise anything in its own words
        return ""
