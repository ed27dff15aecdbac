"""What the generated product copy says: one writer for each channel, of sentence frames chosen at random."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

TONES = ("friendly", "elegant", "playful", "plain", "warm", "confident")
Item = TypeVar("Item")


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


def _headline(topic: Topic, random: np.random.Generator) -> str:
    name, benefit = topic.name, topic.benefit
    fact = pick(topic.facts, random) if topic.facts else benefit
    frames = (
        f"{name}: {fact}", f"{name}: {benefit}", f"Meet {name}", f"{_up(benefit)} with {name}",
        f"{name}, {fact}",
        f"{name} for {topic.audience or 'every day'}", f"{name}. {_up(fact)}.", f"New: {name}",
    )  # fmt: skip
    return pick(frames, random)


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
    opening = pick(OPENINGS[topic.tone or pick(TONES, random)], random).format(name=topic.name, use=use)
    place = pick(
        (f"Perfect {use}.", f"Just right {use}.", f"Take it with you {use}.", f"At its best {use}."), random
    )
    closing = pick(
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
    first = pick(
        (f"{name} helps you {benefit}, {use} and wherever you need it.", f"With {name} you {benefit}.",
         f"{name} was made for one thing: to help you {benefit}.",
         f"Say yes to {name}, made to help you {benefit}.",
         f"Looking for a way to {benefit}? {name} is the answer.", f"{name} is made to {benefit}."),
        random,
    )  # fmt: skip
    last = pick(
        (f"A good choice for {topic.audience or 'every day'}.", f"Ideal {use}.",
         f"{_up(topic.audience or 'people')} will love it.", f"Try {name} {use}.", "You will see why.",
         f"Made for {topic.audience or 'everyone'} and built to stay."),
        random,
    )  # fmt: skip
    return " ".join(part for part in (first, _told(topic, random), last) if part)


def _email(topic: Topic, random: np.random.Generator) -> str:
    name, use, benefit = topic.name, topic.use, topic.benefit
    subjects = [f"{name} is here", f"{_up(benefit)} with {name}", f"New: {name}", f"Have you met {name}?"]
    subject = pick(subjects + [f"{name}: {fact}" for fact in topic.facts[:1]], random)
    greeting = pick(("Hello,", "Hi there,", "Good morning,", "Dear friends,"), random)
    body = pick(
        (f"we made {name} so that you can {benefit}.", f"{name} has arrived, just in time.",
         f"you asked for it, and here it is: {name}.", f"today we would like to show you {name}."),
        random,
    )  # fmt: skip
    closing = pick(
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
        return pick(
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


def pick(options: Sequence[Item], random: np.random.Generator) -> Item:
    return options[int(random.integers(len(options)))]
