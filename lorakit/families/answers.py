"""What a language model writes before, around and after its answer: thoughts, control tokens, the next turn.

The markers are those of the makers' own chat templates and model cards; a new kind is one row. Not covered: a
model that thinks aloud without any marker.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Thought:
    """How some makers' models open and close a thought; both are regular expressions."""

    makers: str
    opens: str
    closes: str


_WORD = (
    "(?:think|thinking|thoughts?|thought_process|reasoning|reason|reasoning_content|reflection|scratchpad|"
    "inner_monologue|internal_monologue|analysis|deliberation|cot|chain_of_thought|redacted_reasoning)"
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
    Thought(
        "others that use bars", rf"<\|(?:(?:begin|start)_(?:of_)?|cot_)?{_WORD}\|>",
        rf"<\|(?:/|(?:end|close)_(?:of_)?){_WORD}\|>|<\|(?:cot_)?{_WORD}_end\|>",
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
_ANSWER = "(?:answer|response|final|final_answer|output)"
# What some models put around the answer that follows a thought.
WRAPS = (
    (rf"<{_ANSWER}(?::\w+)?>", rf"</{_ANSWER}(?::\w+)?>"),
    (r"<\|begin_of_solution\|>", r"<\|end_of_solution\|>"),
    (r"<\|START_(?:RESPONSE|TEXT)\|>", r"<\|END_(?:RESPONSE|TEXT)\|>"),
    (r"<\|open\|>response<\|sep\|>", r"<\|close\|>response<\|sep\|>"),
)  # fmt: skip
# These end one part of an answer, such as a thought, where they stand in it; elsewhere they end the answer.
PART_ENDS = ("<|end|>", "<|eom|>", "<|end_message|>")

# Nobody writes these in copy: `<|im_end|>`, `<｜User｜>`, `[|endofturn|]`, `<end_of_turn>`, `</s>`, ...
CONTROL = (
    r"<[|｜][^<>|｜\n]{1,40}[|｜]?>|<[\w/:]{1,30}[|｜]>|\[\|[^\[\]|\n]{1,40}\|\]"
    r"|</?(?:s|bos|eos|pad|unk|mask|bot|eot|sep|cls)>|</?(?:start|end)_of_\w+>|</?(?:seed|role|turn|extra_id_\d|unused\d+|SPECIAL_\d+)(?::\w+)?>"
    r"|</?\[?/?INST\]?>|\[/?INST\]|\[/?(?:EOS|BOS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|gMASK|PAD|EOT)\]|<</?SYS>>"
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

OPENS = "|".join(row.opens for row in THOUGHTS)
CLOSES = "|".join(row.closes for row in THOUGHTS)
_FLAGS = re.IGNORECASE | re.DOTALL
_ANY = re.compile(f"(?P<open>{OPENS})|(?P<close>{CLOSES})", _FLAGS)
_CLOSE = re.compile(CLOSES, _FLAGS)
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
_END = re.compile(f"{CONTROL}|{TURN}", re.IGNORECASE)
# What may still become a marker, or the line that begins the next turn.
_HALF = re.compile(r"(?:[<\[◁][^>\]▷\s]*|\n[ \t]*(?:#+[ \t]*)?\**\w*\**[ \t]?)\Z")
# A text that holds none of these holds no marker: nothing has to be looked for, as in nearly all copy.
_SIGNS = re.compile(r"[<\[◁#\n]|my (?:thought process|response):|analysis|assistant")


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
    if (
        not opened
        and not _SIGNS.search(text)
        and not text.lower().lstrip().startswith(("ass", "asis", "asys"))
    ):
        return Said(text)
    answer, thinking = _outside(text, opened)
    ended = False
    if opening := list(_WRAP_OPENS.finditer(answer)):
        answer = answer[opening[-1].end() :]
    if closing := _WRAP_CLOSES.search(answer):
        answer, ended = answer[: closing.start()], bool(opening) or not answer[closing.end() :].strip()
    answer = _LEAD.sub("", answer, count=1)
    answer = _LEAD_ROLE.sub("", answer, count=1)
    found = [match.start() for match in [_END.search(answer)] if match] + [
        answer.find(stop) for stop in stops
    ]
    cuts = [at for at in found if answer[: max(0, at)].strip()]
    if cuts:
        answer, ended, thinking = answer[: min(cuts)], True, False
    return Said(answer, thinking, ended)


def _outside(text: str, thinking: bool) -> tuple[str, bool]:
    kept: list[str] = []
    at = 0
    while True:
        match = (_CLOSE if thinking else _ANY).search(text, at)
        if match is None:
            return "".join([*kept, "" if thinking else text[at:]]), thinking
        if thinking:
            thinking = False
        elif match["open"] is None:
            kept.clear()
        else:
            kept.append(text[at : match.start()])
            thinking = True
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
