"""What a language model writes before, around and after its answer: thoughts, control tokens, the next turn.

The markers are those of the makers' own chat templates and model cards; a new kind is one row. Not covered: a
model that thinks aloud without any marker.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Thought:
    """How some makers' models open and close a thought; both are regular expressions.

    `alone`: what closes it stands in no copy, and so closes a thought that the prompt has opened.
    """

    makers: str
    opens: str
    closes: str
    alone: bool = True


_WORD = (
    "(?:think|thinking|thoughts?|thought_process|reasoning|reason|reasoning_content|reflection|scratchpad|"
    "inner_monologue|internal_monologue|monologue|inner_thoughts?|analysis|deliberation|cot|chain_of_thought|"
    "redacted_reasoning|redacted_thinking|ant_?thinking|reflect|plan|planning|brainstorm|rationale|"
    "thinking_process|reasoning_process|reasoning_trace|introspection)"
)
_FINALLY = (
    r"[ \t#*]*(?:final (?:answer|response|output|version|copy)|answer|response|回答|最终答案|答案)"
    r"[*]*[ \t]*[:：][*]*"
)
THOUGHTS = (
    Thought(
        "DeepSeek, Qwen, GLM, Hunyuan, EXAONE, ERNIE, MiniMax, Nemotron, Phi, SmolLM, OLMo, Seed and more",
        rf"<(?:\w+:)?{_WORD}(?::\w+)?>", rf"</(?:\w+:)?{_WORD}(?::\w+)?>",
    ),
    Thought("Magistral, Ministral", rf"\[{_WORD}\]", rf"\[/{_WORD}\]"),
    Thought("Command A", r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
    Thought("OpenThinker, Sky-T1", r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    Thought("Kimi-VL, Kimi 1.5", "◁think▷", "◁/think▷"),
    Thought("Kimi K3", r"<\|open\|>think<\|sep\|>", r"<\|close\|>think<\|sep\|>"),
    Thought("Apertus", r"<\|inner_prefix\|>", r"<\|inner_suffix\|>"),
    Thought("Gemma 4", r"<\|channel>", r"<channel\|>"),
    Thought("MedGemma", r"<unused94>", r"<unused95>"),
    Thought("openPangu", r"\[unused16\]", r"\[unused17\]"),
    Thought("Solar Open", r"<\|think\|>", r"<\|/think\|>|<\|content\|>"),
    Thought("Inkling", r"<\|content_thinking\|>", r"<\|content_text\|>"),
    Thought("Muse", r"(?:<\|start\|>\s*assistant\s*|\A\s*)to=self<\|message\|>", r"to=user<\|message\|>"),
    Thought(
        "others that use bars or tags of their own",
        rf"<[|｜]?(?:begin|start)[_▁](?:of[_▁])?{_WORD}[|｜]?>|<\|(?:cot_)?{_WORD}(?:_(?:start|begin))?\|>",
        rf"<[|｜]?(?:end|close)[_▁](?:of[_▁])?{_WORD}[|｜]?>|<\|/{_WORD}\|>|<\|(?:cot_)?{_WORD}_end\|>",
    ),
    Thought("Open WebUI", r"<details[^>]*reasoning[^>]*>", r"</details>", alone=False),
    Thought("Ollama", r"\A\s*Thinking\.\.\.\s", r"\.\.\.done thinking\."),
    Thought(
        "models that name the parts of their answer",
        rf"\A\W*(?:thinking|thoughts?|thought process|reasoning|analysis|思考(?:过程|過程)?)\W*[:：\n]"
        rf"(?=.*(?:\A|\n){_FINALLY})",
        rf"(?:\A|\n){_FINALLY}", alone=False,
    ),
    Thought("Granite 3", r"Here(?:['’]s| is) my thought process:", r"Here(?:['’]s| is) my response:"),
    Thought(
        "gpt-oss", r"<\|channel\|>\s*(?:analysis|commentary)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>",
        r"<\|channel\|>\s*final[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>",
    ),
    Thought(
        "gpt-oss, its control tokens left out",
        r"\A\s*(?-i:analysis(?=\s*[A-Z\"“]|.*assistant\s?final))",
        r"(?-i:assistantfinal|(?<=[.!?] )assistant final\b)",
    ),
)  # fmt: skip
_ANSWER = "(?:answer|response|final|final_answer|output|conclusion)"
# What some models put around the answer that follows a thought.
WRAPS = (
    (rf"<{_ANSWER}(?::\w+)?>", rf"</{_ANSWER}(?::\w+)?>"),
    (r"<\|begin_of_solution\|>", r"<\|end_of_solution\|>"),
    (r"<\|START_(?:RESPONSE|TEXT)\|>", r"<\|END_(?:RESPONSE|TEXT)\|>"),
    (r"<\|begin_of_box\|>", r"<\|end_of_box\|>"),
    (r"<\|open\|>response<\|sep\|>", r"<\|close\|>response<\|sep\|>"),
)  # fmt: skip
# These end one part of an answer, such as a thought, where they stand in it; elsewhere they end the answer.
PART_ENDS = ("<|end|>", "<|eom|>", "<|end_message|>")

# Nobody writes these in copy: `<|im_end|>`, `<｜User｜>`, `[|endofturn|]`, `<end_of_turn>`, `</s>`, ...
CONTROL = (
    r"<[|｜][^<>|｜\n]{1,40}[|｜]?>|<[\w/:]{1,30}[|｜]>|\[\|[^\[\]|\n]{1,40}\|\]"
    r"|</?(?:s|bos|eos|pad|unk|mask|bot|eot|sep|cls)>|</?(?:start|end)_of_\w+>|</?(?:seed|role|turn|"
    r"extra_id_\d|unused\d+|SPECIAL_\d+)(?::\w+)?>"
    r"|</?\[?/?INST\]?>|\[/?INST\]|\[/?(?:EOS|BOS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|gMASK|PAD|"
    r"EOT)\]|<</?SYS>>"
    r"|<end_of_utterance>|<\|endoftext\|>?|<human>:|<bot>:"
)  # fmt: skip
_USER = (
    "(?:user|human|benutzer|nutzer|mensch|utilisateur|humain|usuario|humano|utente|umano|usuário|gebruiker|"
    "użytkownik|człowiek|ユーザー|用户|人类)"
)
_ASSISTANT = "(?:assistant|chatbot|assistent|asistente|assistente|asystent|アシスタント|助手)"
_ROLE = f"(?:{_USER}|{_ASSISTANT}|system|model|bot)"  # beside control tokens
# The next turn in plain words: on a line of its own, or as the name of a role that lost its control tokens.
# "Model:" and "System:" stay, as they are lines of a data sheet.
TURN = (
    rf"(?:^|\n)[ \t]*(?:\*\*)?(?:{_USER}|{_ASSISTANT})(?:\*\*)?[ \t]?[:：]"
    rf"|(?:^|\n)[ \t]*#{{2,4}}[ \t]*(?:{_ROLE}|instructions?|input|response|output)[ \t]*(?::|(?=\n|$))"
    r"|(?:^|\n)(?-i:user|assistant|model)[ \t]*(?=\n|$)"
    r"|(?-i:(?<=[^\s\-])assistant)(?=\n|\Z)|(?-i:(?<=[.!?…\"”])user)(?=\n)"
)

_FLAGS = re.IGNORECASE | re.DOTALL
_CLOSERS = [re.compile(row.closes, _FLAGS) for row in THOUGHTS]
_CLOSER = re.compile("|".join(row.closes for row in THOUGHTS if row.alone), _FLAGS)
# Nearly every text holds none of these, and then nothing else has to be looked for.
_HINT = re.compile(
    r"[<\[◁]|\A\W*(?:think|thought|reason|analysis|here|to=|思考)|assistant\s?final|my response:", _FLAGS
)
_ANY = re.compile(
    "|".join(f"(?P<open{i}>{row.opens})" for i, row in enumerate(THOUGHTS))
    + f"|(?P<close>{_CLOSER.pattern})",
    _FLAGS,
)
_WRAP_OPENS = re.compile("|".join(f"(?:{opens})" for opens, _ in WRAPS), _FLAGS)
_WRAP_CLOSES = re.compile("|".join(f"(?:{closes})" for _, closes in WRAPS), _FLAGS)
_LEAD = re.compile(rf"\A(?:\s*(?:{CONTROL})\s*(?:{_ROLE}(?=\s*(?:\n|<|\[)))?)+", re.IGNORECASE)
_LEAD_ROLE = re.compile(
    rf"\A\s*(?:(?:{_ASSISTANT})\s*(?:[:：]|(?=\n))|#{{2,4}}\s*(?:response|{_ASSISTANT})\s*:?(?=\s))\s*",
    re.IGNORECASE,
)
_CONTROL = re.compile(f"(?:{CONTROL})+", re.IGNORECASE)
_PARTS = (
    "<|start|>",
    "<|channel|>",
    "<|message|>",
    "<|constrain|>",
    "<|open|>",
    "<|sep|>",
    "<|close|>",
    "<|message_model|>",
)
_TURN = re.compile(TURN, re.IGNORECASE)
# What may still become a marker, or the line that begins the next turn.
_HALF = re.compile(r"(?:[<\[◁][^>\]▷\s]*|\n[ \t]*(?:#+[ \t]*)?\**\w*\**[ \t]?)\Z")
# A text that holds none of these holds no marker: nothing has to be looked for, as in nearly all copy.
_SIGNS = re.compile(
    rf"[<\[◁#\n]|my (?:thought process|response):|analysis|assistant|\A\W*{_ASSISTANT}", re.IGNORECASE
)


@dataclass(frozen=True)
class Said:
    """A model's words taken apart. `thinking`: they end in a thought. `ended`: the next turn was begun."""

    answer: str
    thinking: bool = False
    ended: bool = False


def taken_apart(text: str, opened: bool = False, stops: tuple[str, ...] = ()) -> Said:
    """The answer in what a model wrote: without thoughts, what is wrapped around it and the next turn.

    `opened` says that the prompt has opened a thought; `stops` are what a base's template puts between turns.
    A closing marker alone closes a thought that began before `text`.
    """
    if not opened and not _SIGNS.search(text):
        return Said(text)
    answer, thinking = _outside(text, opened)
    ended = False
    if "<" in answer:
        answer, ended = _unwrapped(answer)
    answer = _LEAD_ROLE.sub("", _LEAD.sub("", answer, count=1), count=1)
    cuts = [at for at in _ends(answer, stops) if answer[:at].strip()]
    if cuts:
        answer, ended, thinking = answer[: min(cuts)], True, False
    answer = re.sub(r"<[|｜][^<>\s]*\Z", "", answer)  # room may run out within a token's name
    return Said(answer, thinking, ended)


def _unwrapped(answer: str) -> tuple[str, bool]:
    """What stands between the marks of an answer, and whether the mark that ends it was there."""
    opening = list(_WRAP_OPENS.finditer(answer))
    answer = answer[opening[-1].end() :] if opening else answer
    closing = _WRAP_CLOSES.search(answer)
    if closing is None:
        return answer, False
    return answer[: closing.start()], bool(opening) or not answer[closing.end() :].strip()


def _ends(answer: str, stops: tuple[str, ...]) -> Iterator[int]:
    """Where control tokens and the next turn begin."""
    yield from (at for stop in stops if (at := answer.find(stop)) >= 0)
    if ("<" in answer or "[" in answer) and (control := _CONTROL.search(answer)):
        yield control.start()
    if ("\n" in answer or "assistant" in answer) and (turn := _TURN.search(answer)):
        yield turn.start()


def _outside(text: str, thinking: bool) -> tuple[str, bool]:
    """What is said outside of thoughts, and whether the text ends in one."""
    if not thinking and not _HINT.search(text):
        return text, False
    kept: list[str] = []
    at, closer = 0, _CLOSER
    while True:
        match = (closer if thinking else _ANY).search(text, at)
        if match is None:
            return "".join([*kept, "" if thinking else text[at:]]), thinking
        if thinking:
            thinking = False
        elif match["close"] is not None:
            kept.clear()
        else:
            kept.append(text[at : match.start()])
            thinking, closer = True, _CLOSERS[int((match.lastgroup or "").removeprefix("open"))]
        at = match.end()


def is_marker(token: str) -> bool:
    """Is this special token one of those that stand around thoughts and answers, or a part of one?"""
    return token in _PARTS or any(pattern.search(token) for pattern in (_ANY, _WRAP_OPENS, _WRAP_CLOSES))


def is_control(text: str) -> bool:
    """Is this nothing but control tokens?"""
    return bool(_CONTROL.fullmatch(text))


def opens_thought(prompt: str, asked: str) -> bool:
    """Does a rendered prompt end inside a thought? `asked` is the last thing that the person said in it."""
    place = prompt.rfind(asked) if asked else -1
    return _outside(prompt[place + len(asked) :] if place >= 0 else prompt[-300:], False)[1]


def steady(text: str) -> str:
    """`text` without an end that may still become a marker, for showing it while it grows."""
    for start in ("analysis", "Here is my thought process:", "Here's my thought process:"):
        if start.startswith(text.lstrip()):
            return ""
    if half := _HALF.search(text, max(0, len(text) - 48)):
        return text[: half.start()]
    return text
