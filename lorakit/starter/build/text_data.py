"""Neutral product copy for the starter text base: instruction in, copy out.

Products, facts, audiences and sentence frames are combined at random. Most product names and a third of the
facts are made up, and half of the briefs hold names and facts that no list foresees (`text_names`), so that
the model learns to copy them from the brief instead of remembering them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from lorakit.data.texts.samples import brief_text
from lorakit.starter.build import text_names as names
from lorakit.starter.build import text_words as words
from lorakit.starter.build.text_words import AUDIENCES, KINDS

CHANNELS = ("ad headline", "social post", "product description", "email")
TONES = ("friendly", "elegant", "playful", "plain", "warm", "confident")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Sample:
    """One brief and its copy. `name` must appear in `answer`."""

    instruction: str
    answer: str
    name: str
    channel: str


@dataclass(frozen=True)
class Topic:
    """What one piece of copy is about; every text field may go into a sentence as it is."""

    name: str
    noun: str
    facts: tuple[str, ...]
    audience: str
    use: str
    benefit: str
    tone: str


def sample(random: np.random.Generator, odd: float = 0.5) -> Sample:
    """A random brief with the copy that answers it; with chance `odd`, of names that no list foresees."""
    topic = _topic(random)
    if odd and random.random() < odd:
        topic = _made_odd(topic, random)
    channel = _pick(CHANNELS, random)
    answer = WRITERS[channel](topic, random)
    tone = topic.tone if random.random() < 0.9 else ""
    brief = brief_text(channel, tone, topic.audience, "; ".join(topic.facts), topic.name)
    return Sample(brief, answer, topic.name, channel)


def brand(random: np.random.Generator) -> str:
    """A brand: mostly one to four made-up syllables, now and then a word of the language; with a capital."""
    if random.random() < 0.15:
        plain = _pick((words.MATERIALS, words.ADJECTIVES, words.PARTS, words.PLACES), random)
        return _pick(plain, random).capitalize()
    count = (1, 2, 2, 2, 2, 3, 3)[int(random.integers(7))]
    return "".join(_syllable(random, last=i == count - 1) for i in range(count)).capitalize()


def _syllable(random: np.random.Generator, last: bool) -> str:
    onset, vowel = _pick(words.ONSETS, random), _pick(words.VOWELS, random)
    closed = random.random() < (0.6 if last else 0.25)
    return onset + vowel + (_pick(words.CODAS, random) if closed else "")


def made_up_fact(random: np.random.Generator) -> str:
    """A fact that no product is known for, so that it can only be copied."""
    number = int(random.integers(2, 100)) if random.random() < 0.6 else int(random.integers(1, 40)) * 50
    adjective, part, material = (
        _pick(row, random) for row in (words.ADJECTIVES, words.PARTS, words.MATERIALS)
    )
    unit, place = _pick(words.UNITS, random), _pick(words.PLACES, random)
    substance, other = _pick(words.SUBSTANCES, random), _pick(words.ADJECTIVES, random)
    frames = (
        f"made of {material}", f"made of {adjective} {material}", f"with a {adjective} {part}",
        f"{adjective} {part}",
        f"{material} {part}", f"{number} {unit}", f"with {number} {unit}", f"free of {substance}",
        f"no {substance}",
        f"made in {place}", f"designed in {place}", f"lasts {number} {unit}", f"{adjective} and {other}",
        f"with {material} and {_pick(words.MATERIALS, random)}", f"up to {number} {unit}",
        f"only {number} {unit}",
        f"{part} made of {material}", f"guaranteed for {number} years", f"in {adjective} {material}",
        f"by {brand(random)}",
        f"{number} percent {material}", f"{adjective}", f"ready in {number} minutes", f"from {number} euros",
        f"made of {brand(random).lower()}", f"with {brand(random).lower()} {part}", f"{brand(random)} {part}",
    )  # fmt: skip
    return _pick(frames, random)


def _topic(random: np.random.Generator) -> Topic:
    kind = _pick(KINDS, random)
    noun = _pick(kind.nouns, random)
    called = noun if random.random() < 0.8 else _pick(words.PARTS + words.MATERIALS, random)
    name = _name(called, random)
    facts = [kind.facts[i] for i in random.permutation(len(kind.facts))[: random.integers(1, 4)]]
    facts = [made_up_fact(random) if random.random() < 0.35 else fact for fact in facts]
    if random.random() < 0.15:  # facts of other things must be repeated just as faithfully
        facts[-1] = _pick(_pick(KINDS, random).facts, random)
    fitting = random.random() < 0.75 and noun in name.lower()
    return Topic(
        name=name,
        noun=noun if noun in name.lower() else "",
        facts=tuple(dict.fromkeys(facts)) if random.random() < 0.94 else (),
        audience=_pick(AUDIENCES, random) if random.random() < 0.8 else "",
        use=_pick(kind.uses if fitting else words.GENERAL_USES, random),
        benefit=_pick(kind.benefits if fitting else words.GENERAL_BENEFITS, random),
        tone=_pick(TONES, random) if random.random() < 0.85 else "",
    )


def _made_odd(topic: Topic, random: np.random.Generator) -> Topic:
    """The same with another name, other facts and other people: each of them often, so that they also mix."""
    noun = topic.noun or _pick(_pick(KINDS, random).nouns, random)
    name = names.name(noun, random) if random.random() < 0.8 else topic.name
    kept = [fact for fact in topic.facts if random.random() < 0.5]
    facts = kept + [names.fact(random) for _ in range(random.integers(0, 4 - len(kept)))]
    known = topic.noun if topic.noun in name.lower() else ""
    return replace(
        topic,
        name=name,
        noun=known,
        facts=tuple(dict.fromkeys(facts)),
        audience=names.audience(random) if random.random() < 0.3 else topic.audience,
        use=topic.use if known else _pick(words.GENERAL_USES, random),
        benefit=topic.benefit if known else _pick(words.GENERAL_BENEFITS, random),
    )


def _name(noun: str, random: np.random.Generator) -> str:
    """Names as people write them: brand and noun, brand alone, two words, a model's number, any capitals."""
    style, first = random.random(), brand(random)
    if style < 0.5:
        return f"{first} {noun}"
    if style < 0.62:
        return f"{first} {noun.title()}"
    if style < 0.68:
        return f"{first} {brand(random)} {noun}"
    if style < 0.74:
        return f"{first} {int(random.integers(1, 1000))}"
    if style < 0.77:
        return f"{first}{brand(random)} {noun}"
    if style < 0.84:
        return first
    if style < 0.91:
        return f"{first} {brand(random)}"
    if style < 0.95:
        return f"{_pick(words.ADJECTIVES, random).capitalize()} {noun}"
    return f"{first.lower()} {noun}"


def _headline(topic: Topic, random: np.random.Generator) -> str:
    name, benefit = topic.name, topic.benefit
    fact = _pick(topic.facts, random) if topic.facts else benefit
    frames = (
        f"{name}: {fact}", f"{name}: {benefit}", f"Meet {name}", f"{_up(benefit)} with {name}",
        f"{name}, {fact}",
        f"{name} for {topic.audience or 'every day'}", f"{name}. {_up(fact)}.", f"New: {name}",
    )  # fmt: skip
    return _pick(frames, random)


OPENINGS = {
    "playful": ("Guess who is coming along {use}? {name}!", "Hello, {name}!", "Plot twist: {name} is here.",
                "Psst. Have you seen {name}?", "Ready, steady, {name}!"),
    "elegant": ("{name}. Made with care.", "A quiet pleasure: {name}.", "Introducing {name}.",
    "The art of less: {name}."),
    "confident": ("{name} does more.", "This is {name}.", "You will not want to be without {name}.",
                  "{name} sets the standard."),
    "warm": ("For the moments that matter: {name}.", "Say hello to {name}.",
    "{name} is made for days like this.",
             "A little warmth for you: {name}."),
    "friendly": ("Meet {name}.", "Here is something for you: {name}.",
    "{name} is here, and we are happy about it.",
                 "You and {name}? A good match."),
    "plain": ("This is {name}.", "New: {name}.", "{name} is here.", "Now available: {name}."),
}  # fmt: skip


def _post(topic: Topic, random: np.random.Generator) -> str:
    use, benefit = topic.use, topic.benefit
    opening = _pick(OPENINGS[topic.tone or _pick(TONES, random)], random).format(name=topic.name, use=use)
    place = _pick(
        (f"Perfect {use}.", f"Just right {use}.", f"Take it with you {use}.", f"At its best {use}."), random
    )
    closing = _pick(
        (f"{_up(benefit)}.", f"Made for {topic.audience or 'you'}.", f"Because you deserve to {benefit}.",
         f"One for {topic.audience or 'everyone'}.", "Who would you share it with?", "Which one is yours?",
         f"Here is to {topic.audience or 'good days'}."),
        random,
    )  # fmt: skip
    parts = [opening, _told(topic, random), place if random.random() < 0.6 else "", closing]
    if topic.noun and random.random() < 0.7:
        parts.append("#" + "".join(part.capitalize() for part in topic.noun.replace("-", " ").split()))
    return " ".join(part for part in parts if part)


def _description(topic: Topic, random: np.random.Generator) -> str:
    name, use, benefit = topic.name, topic.use, topic.benefit
    first = _pick(
        (f"{name} helps you {benefit}, {use} and wherever you need it.", f"With {name} you {benefit}.",
         f"{name} was made for one thing: to help you {benefit}.",
         f"Say yes to {name}, made to help you {benefit}.",
         f"Looking for a way to {benefit}? {name} is the answer.", f"{name} is made to {benefit}."),
        random,
    )  # fmt: skip
    last = _pick(
        (f"A good choice for {topic.audience or 'every day'}.", f"Ideal {use}.",
         f"{_up(topic.audience or 'people')} will love it.", f"Try {name} {use}.", "You will see why.",
         f"Made for {topic.audience or 'everyone'} and built to stay."),
        random,
    )  # fmt: skip
    return " ".join(part for part in (first, _told(topic, random), last) if part)


def _email(topic: Topic, random: np.random.Generator) -> str:
    name, use, benefit = topic.name, topic.use, topic.benefit
    subjects = [f"{name} is here", f"{_up(benefit)} with {name}", f"New: {name}", f"Have you met {name}?"]
    subject = _pick(subjects + [f"{name}: {fact}" for fact in topic.facts[:1]], random)
    greeting = _pick(("Hello,", "Hi there,", "Good morning,", "Dear friends,"), random)
    body = _pick(
        (f"we made {name} so that you can {benefit}.", f"{name} has arrived, just in time.",
         f"you asked for it, and here it is: {name}.", f"today we would like to show you {name}."),
        random,
    )  # fmt: skip
    closing = _pick(
        (f"Enjoy it {use}.", f"See how it helps you {benefit}.",
        f"Made for {topic.audience or 'you'}, {use}.",
         "Take a look today.", f"We think {topic.audience or 'you'} will like it."),
        random,
    )  # fmt: skip
    return f"Subject: {subject}\n\n{greeting}\n" + " ".join(
        p for p in (body, _told(topic, random), closing) if p
    )


def _told(topic: Topic, random: np.random.Generator) -> str:
    """All facts, in one sentence or in several."""
    facts = topic.facts
    if not facts:
        return ""
    if len(facts) == 1:
        return _pick(
            (f"{_up(facts[0])}.", f"Good to know: {facts[0]}.", f"The best part: {facts[0]}."), random
        )
    if random.random() < 0.5:
        return f"{_up(', '.join(facts[:-1]))} and {facts[-1]}."
    return " ".join(f"{_up(fact)}." for fact in facts)


WRITERS = {
    "ad headline": _headline,
    "social post": _post,
    "product description": _description,
    "email": _email,
}


def _up(text: str) -> str:
    return text[:1].upper() + text[1:]


def _pick(options: Sequence[Item], random: np.random.Generator) -> Item:
    return options[int(random.integers(len(options)))]
