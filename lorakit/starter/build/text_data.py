"""Neutral product copy for the starter text base: instruction in, copy out.

Products, facts, audiences and sentence frames are combined at random. Most product names and a third of the
facts are made up, and half of the briefs hold names and facts that no list foresees (`text_names`), so that
the model learns to copy them from the brief instead of remembering them.
"""

from dataclasses import dataclass, replace

import numpy as np

from lorakit.data.texts.samples import brief_text
from lorakit.starter.build import text_names as names
from lorakit.starter.build import text_words as words
from lorakit.starter.build.product_kinds import KINDS
from lorakit.starter.build.text_words import AUDIENCES
from lorakit.starter.build.text_writers import TONES, WRITERS, Topic, pick

CHANNELS = ("ad headline", "social post", "product description", "email")


@dataclass(frozen=True)
class Sample:
    """One brief and its copy. `name` must appear in `answer`."""

    instruction: str
    answer: str
    name: str
    channel: str


def sample(random: np.random.Generator, odd: float = 0.5) -> Sample:
    """A random brief with the copy that answers it; with chance `odd`, of names that no list foresees."""
    topic = _topic(random)
    if odd and random.random() < odd:
        topic = _made_odd(topic, random)
    channel = pick(CHANNELS, random)
    answer = WRITERS[channel](topic, random)
    tone = topic.tone if random.random() < 0.9 else ""
    brief = brief_text(channel, tone, topic.audience, "; ".join(topic.facts), topic.name)
    return Sample(brief, answer, topic.name, channel)


def brand(random: np.random.Generator) -> str:
    """A brand: mostly one to four made-up syllables, now and then a word of the language; with a capital."""
    if random.random() < 0.15:
        plain = pick((words.MATERIALS, words.ADJECTIVES, words.PARTS, words.PLACES), random)
        return pick(plain, random).capitalize()
    count = (1, 2, 2, 2, 2, 3, 3)[int(random.integers(7))]
    return "".join(_syllable(random, last=i == count - 1) for i in range(count)).capitalize()


def _syllable(random: np.random.Generator, last: bool) -> str:
    onset, vowel = pick(words.ONSETS, random), pick(words.VOWELS, random)
    closed = random.random() < (0.6 if last else 0.25)
    return onset + vowel + (pick(words.CODAS, random) if closed else "")


def made_up_fact(random: np.random.Generator) -> str:
    """A fact that no product is known for, so that it can only be copied."""
    number = int(random.integers(2, 100)) if random.random() < 0.6 else int(random.integers(1, 40)) * 50
    adjective, part, material = (
        pick(row, random) for row in (words.ADJECTIVES, words.PARTS, words.MATERIALS)
    )
    unit, place = pick(words.UNITS, random), pick(words.PLACES, random)
    substance, other = pick(words.SUBSTANCES, random), pick(words.ADJECTIVES, random)
    frames = (
        f"made of {material}", f"made of {adjective} {material}", f"with a {adjective} {part}",
        f"{adjective} {part}",
        f"{material} {part}", f"{number} {unit}", f"with {number} {unit}", f"free of {substance}",
        f"no {substance}",
        f"made in {place}", f"designed in {place}", f"lasts {number} {unit}", f"{adjective} and {other}",
        f"with {material} and {pick(words.MATERIALS, random)}", f"up to {number} {unit}",
        f"only {number} {unit}",
        f"{part} made of {material}", f"guaranteed for {number} years", f"in {adjective} {material}",
        f"by {brand(random)}",
        f"{number} percent {material}", f"{adjective}", f"ready in {number} minutes", f"from {number} euros",
        f"made of {brand(random).lower()}", f"with {brand(random).lower()} {part}", f"{brand(random)} {part}",
    )  # fmt: skip
    return pick(frames, random)


def _topic(random: np.random.Generator) -> Topic:
    kind = pick(KINDS, random)
    noun = pick(kind.nouns, random)
    called = noun if random.random() < 0.8 else pick(words.PARTS + words.MATERIALS, random)
    name = _name(called, random)
    facts = [kind.facts[i] for i in random.permutation(len(kind.facts))[: random.integers(1, 4)]]
    facts = [made_up_fact(random) if random.random() < 0.35 else fact for fact in facts]
    if random.random() < 0.15:  # facts of other things must be repeated just as faithfully
        facts[-1] = pick(pick(KINDS, random).facts, random)
    fitting = random.random() < 0.75 and noun in name.lower()
    return Topic(
        name=name,
        noun=noun if noun in name.lower() else "",
        facts=tuple(dict.fromkeys(facts)) if random.random() < 0.94 else (),
        audience=pick(AUDIENCES, random) if random.random() < 0.8 else "",
        use=pick(kind.uses if fitting else words.GENERAL_USES, random),
        benefit=pick(kind.benefits if fitting else words.GENERAL_BENEFITS, random),
        tone=pick(TONES, random) if random.random() < 0.85 else "",
    )


def _made_odd(topic: Topic, random: np.random.Generator) -> Topic:
    """The same with another name, other facts and other people: each of them often, so that they also mix."""
    noun = topic.noun or pick(pick(KINDS, random).nouns, random)
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
        use=topic.use if known else pick(words.GENERAL_USES, random),
        benefit=topic.benefit if known else pick(words.GENERAL_BENEFITS, random),
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
        return f"{pick(words.ADJECTIVES, random).capitalize()} {noun}"
    return f"{first.lower()} {noun}"
