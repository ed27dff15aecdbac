"""A brand's texts as samples, and as tokens through a base's chat template.

Files are read by `textfiles`. Nothing is dropped silently: what cannot be used is a Finding.
"""

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lorakit.data.findings import Finding, Findings
from lorakit.data.texts import files, known_words, quality
from lorakit.data.texts.near_texts import nearest_earlier
from lorakit.data.texts.quality import TextReport
from lorakit.data.texts.samples import SampleOrFinding, TextSample
from lorakit.errors import DataError

LONGEST = 20_000  # characters; a longer "text" is a whole document in one cell
MANY = 20_000  # samples; a voice is learned from far fewer


@dataclass(frozen=True)
class Tokens:
    """Token ids of a whole conversation; `mask` is 1 on the tokens of the answer, which are learned.

    `lost`: tokens at the answer's end that there was no room for; `forgotten`: earlier turns likewise.
    """

    ids: list[int]
    mask: list[int]
    lost: int = 0
    forgotten: int = 0


@dataclass
class TextSet:
    """The usable texts, and what was found wrong with the others."""

    samples: list[TextSample]
    skipped: list[Finding] = field(default_factory=list)

    @classmethod
    def from_file(cls, path: str | Path, encoding: str | None = None) -> "TextSet":
        """Read a file by its ending. `encoding`: of its text ("cp1251"), told from its bytes when not given.

        Raises DataError, naming the file, when nothing in it can be used.
        """
        path = Path(path)
        if not path.is_file():
            raise DataError(f"{path.name}: no such file; choose a {files.KINDS} file")
        return _collected(path.name, files.read(path, encoding))

    def report(self, vocabulary: Path | None = None) -> TextReport:
        """The quality gate: each text's score and verdict, and what was found. Nothing is dropped.

        `vocabulary`: the tokenizer.json of a base that cannot spell words it was not trained on
        (families.sources.vocabulary_of), against which the words are judged too.
        """
        strange = known_words.findings(self.samples, vocabulary) if vocabulary else []
        return quality.assess(self.samples, [*self.skipped, *strange])

    def without(self, indices: Iterable[int]) -> "TextSet":
        """The set without the texts at these places. Raises DataError when none would be left."""
        out = set(indices)
        kept = [sample for index, sample in enumerate(self.samples) if index not in out]
        if not kept:
            raise DataError("all texts were left out; keep at least one, better about 60")
        return replace(self, samples=kept)

    def split(self, share: float, seed: int) -> tuple["TextSet", "TextSet"]:
        """Training and held-out part. Texts of one group stay together: none is tested on its own campaign.

        Without at least three groups the texts themselves are divided, near duplicates together. At least
        one text stays for training; with a share of 0 all do.
        """
        if not share:
            return self, TextSet([])
        groups = sorted({sample.group for sample in self.samples})
        shuffled = random.Random(seed)
        if len(groups) >= 3:
            shuffled.shuffle(groups)
            held_out = set(groups[: min(max(1, round(len(groups) * share)), len(groups) - 1)])
            chosen = [sample.group in held_out for sample in self.samples]
        else:
            chosen = self._set_aside(share, shuffled)
        kept = [s for s, out in zip(self.samples, chosen, strict=True) if not out]
        held = [s for s, out in zip(self.samples, chosen, strict=True) if out]
        return TextSet(kept, self.skipped), TextSet(held)

    def _set_aside(self, share: float, shuffled: random.Random) -> list[bool]:
        twins = nearest_earlier([sample.answer for sample in self.samples])
        first = [index if twin is None else twin for index, twin in enumerate(twins)]
        begun: dict[Any, int] = {}  # turns of one conversation stay together
        for index, sample in enumerate(self.samples):
            first[index] = begun.setdefault(sample.conversation, first[index])
        order, count = sorted(set(first)), len(first)
        shuffled.shuffle(order)
        wanted, sizes = min(max(1, round(count * share)), count - 1), Counter(first)
        held_out: set[int] = set()
        taken = 0
        for index in order:
            if taken < wanted and taken + sizes[index] <= max(wanted, count // 4) and sizes[index] < count:
                held_out.add(index)
                taken += sizes[index]
        return [index in held_out for index in first]

    def tokenize(self, tokenizer: Any, max_length: int) -> list[Tokens]:
        """Tokens through the chat template, cut to `max_length`; only the answer and its end are learned.

        A text whose brief fills it is not among them; `fitting.findings` tells how many are cut or left out.
        """
        found = (conversation_tokens(tokenizer, sample, max_length) for sample in self.samples)
        return [tokens for tokens in found if any(tokens.mask)]


def conversation_tokens(
    tokenizer: Any, sample: TextSample, max_length: int, shots: Sequence[TextSample] = ()
) -> Tokens:
    """Tokens of one brief and its answer, behind `shots` and the sample's own history as earlier turns.

    Where they are longer than `max_length` the oldest turns go first, then the answer's end. Special tokens
    inside a person's text are made plain text first.
    """
    turns = [(shot.instruction, shot.answer) for shot in shots] + list(sample.history)
    for forgotten in range(len(turns) + 1):
        first, rest = _turn_tokens(tokenizer, turns[forgotten:], sample)
        if len(first) + len(rest) <= max_length or not sample.history:
            break
    ids = (first + rest)[:max_length]
    mask = ([0] * len(first) + [1] * len(rest))[:max_length]
    return Tokens(ids, mask, len(rest) - sum(mask), forgotten)


def _turn_tokens(
    tokenizer: Any, turns: Sequence[tuple[str, str]], sample: TextSample
) -> tuple[list[int], list[int]]:
    """The tokens before an answer, and those of the answer with its end."""
    brief = [
        {"role": role, "content": plain(tokenizer, text)}
        for turn in turns
        for role, text in zip(("user", "assistant"), turn, strict=True)
    ]
    brief += [{"role": "user", "content": plain(tokenizer, sample.instruction)}]
    answer = [{"role": "assistant", "content": plain(tokenizer, sample.answer)}]
    before = tokenizer.apply_chat_template(brief, add_generation_prompt=True, tokenize=False)
    whole = tokenizer.apply_chat_template(brief + answer, tokenize=False)
    said = answer[0]["content"]
    # The end is the one that the template gives a turn; without any a text would never learn to stop.
    _, found, end = whole.rpartition(said.strip()) if said.strip() else ("", "", "")
    end = end if found and end.strip() else tokenizer.eos_token or ""
    # Some templates put an empty thinking block into the prompt only: learn what follows it. Others leave one
    # open: it is closed at once, or the voice would learn to answer within a thought.
    learned = whole[len(before) :] if whole.startswith(before) else _closing(before) + said
    learned = learned if learned.endswith(end) else learned + end
    first = tokenizer(before, add_special_tokens=False)["input_ids"]
    rest = tokenizer(learned, add_special_tokens=False)["input_ids"]
    return first, rest


def _closing(prompt: str) -> str:
    """What closes the thought that `prompt` ends with, if it ends with one."""
    opened = re.search(
        r"([<\[])(\|?)((?:\w+:)?(?i:[a-z_]*(?:think|thought|reason)[a-z_]*))(\|?[>\]])\s*\Z", prompt
    )
    if opened is None:
        return ""
    first, bar, name, last = opened.groups()
    if bar:
        return f"{first}{bar}{name.replace('START', 'END').replace('begin', 'end')}{last}"
    return f"\n{first}/{name}{last}\n\n"


def plain(tokenizer: Any, text: str) -> str:
    """`text` with the tokenizer's control tokens broken up, so that a text cannot end or open a turn.

    Llama 3 and others list their turn markers only among the added tokens, so those count too.
    """
    added = getattr(tokenizer, "added_tokens_decoder", {}).values()
    control = {str(token) for token in added if token.special} | set(tokenizer.all_special_tokens)
    for token in sorted(control, key=len, reverse=True):
        if len(token) > 1 and token in text:
            text = text.replace(token, token[0] + " " + token[1:])
    return text


def _collected(name: str, rows: Iterator[SampleOrFinding]) -> TextSet:
    samples, found, seen = [], Findings(name), set()
    for row in rows:
        if isinstance(row, Finding):
            found.append(row)
        elif not row.answer.strip():
            found.add("empty", "info", f"{row.place or 'a text'} is empty and was left out", "nothing to do")
        elif len(row.answer) > LONGEST:
            what = f"{row.place or 'a text'} was left out: it has {len(row.answer):,} characters"
            found.add("too long", "warn", what, f"split it into texts of at most {LONGEST:,} characters")
        elif (key := (row.history, row.instruction, " ".join(row.answer.lower().split()))) in seen:
            what = f"{row.place or 'a text'} repeats an earlier text and was left out: {row.answer[:60]!r}"
            found.add("duplicate", "info", what, "nothing to do")
        else:
            seen.add(key)
            samples.append(replace(row, answer=row.answer.strip()))
        if len(samples) >= MANY:
            found.add("too many", "warn", f"only the first {MANY:,} texts are used", "choose the best")
            break
    if not samples:
        why = next((f"{one.what}; {one.advice}" for one in found.first if one.severity != "info"), "")
        todo = why or "add at least a few texts in the brand's voice"
        raise DataError(f"{name} contains no usable text{': ' if why else '; '}{todo}")
    return TextSet(samples, found.listed())
