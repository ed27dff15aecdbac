"""One answer while it is drawn, token by token: when it is over, and what of it may be shown.

A thought has room of its own, so that a long one takes nothing from the answer and no answer ends in one.
"""

import re
from dataclasses import dataclass
from typing import Any

from lorakit.families.answers import (
    PART_ENDS,
    is_control,
    is_marker,
    steady,
    taken_apart,
)

_TELLING = re.compile(r"[<>\[\]◁▷|:：#\n]")  # a piece with none of these begins, closes and ends nothing ...
_TELLING_WORDS = re.compile(r"assistant|final", re.IGNORECASE)  # ... unless it completes one of these


class Answer(str):
    """The text of an answer. `ended`: it came to its end; `thinking`: it holds a thought and nothing else."""

    ended: bool
    thinking: bool

    def __new__(cls, text: str, ended: bool = True, thinking: bool = False) -> "Answer":
        made = super().__new__(cls, text)
        made.ended, made.thinking = ended, thinking
        return made


@dataclass(frozen=True)
class Ends:
    """What ends an answer: `tokens` wherever they come, any of `special` once it has begun, and `words`."""

    tokens: set[int]
    special: dict[int, str]
    words: tuple[str, ...] = ()


class Reply:
    """The tokens of one row so far. `room` and `thought_room` are what an answer and its thoughts may take,
    `most` what both may take together. `opened` says that the prompt has opened a thought.
    """

    def __init__(
        self, tokenizer: Any, ends: Ends, opened: bool, room: int, thought_room: int, most: int
    ) -> None:
        self.tokenizer, self.ends, self.opened = tokenizer, ends, opened
        self.room, self.thought_room, self.most = room, thought_room, most
        self.tokens: list[int] = []
        self.running, self.ended, self.thinking = True, False, opened
        self._text = self._answer = self._shown = ""
        self._unclear = 0  # tokens at the start that may turn out to be the marker of a thought
        self._decoded = (0, 0)  # tokens[first:last] give context to what is decoded next

    def add(self, token: int) -> None:
        """Take the next token."""
        if self._is_end(token):
            self.running, self.ended = False, True
            return
        self.tokens.append(token)
        thought = self.thinking
        self._read()
        if thought or self.thinking:
            self.thought_room -= 1
            self.room += self._unclear
            self._unclear = 0
        else:
            self.room -= 1
            self._unclear += not steady(self._answer).strip()
        if self.room <= 0 or self.thought_room <= 0 or len(self.tokens) >= self.most:
            self.running = False

    def more(self) -> str:
        """What can be shown more than at the last call. Never a thought, or half of a marker or character."""
        text = steady(self._answer).strip() if self.running else self.answer()
        if len(text) <= len(self._shown) or not text.startswith(self._shown):
            return ""
        piece, self._shown = text[len(self._shown) :], text
        return piece

    def answer(self) -> Answer:
        """The answer so far, without what does not belong to it."""
        said = taken_apart(self.tokenizer.decode(self.tokens), self.opened, self.ends.words)
        text = said.answer
        for name in {self.ends.special[t] for t in self.tokens if t in self.ends.special}:
            text = text.replace(name, "")
        text = text.strip().rstrip("\ufffd").rstrip()  # half of a character, where room ran out in it
        return Answer(text, self.ended or said.ended, said.thinking and not text)

    def _is_end(self, token: int) -> bool:
        name = self.ends.special.get(token, "")
        if token in self.ends.tokens:
            return not (self.thinking and name in PART_ENDS)
        begun = not self.thinking and bool(self._answer.strip()) and not is_control(self._answer.strip())
        return bool(name) and begun and not is_marker(name)

    def _read(self) -> None:
        first, last = self._decoded
        known, text = (self.tokenizer.decode(self.tokens[first:end]) for end in (last, None))
        if len(text) <= len(known) or text.endswith("\ufffd"):
            return  # a part of a multi-byte character shows as U+FFFD until the rest has come
        piece = text[len(known) :]
        self._decoded = last, len(self.tokens)
        self._text += piece
        tail = self._text[-len(piece) - 12 :]
        if _TELLING.search(piece) or _TELLING_WORDS.search(tail):
            said = taken_apart(self._text, self.opened, self.ends.words)
            self._answer, self.thinking = said.answer, said.thinking
            if said.ended:
                self.running, self.ended = False, True
        elif not self.thinking:
            self._answer += piece
