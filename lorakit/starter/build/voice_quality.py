"""How faithful the texts of a voice are to their briefs, and how much they are in it: counted, not judged.

Not covered: whether a text is good. The report shows the first ones to read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lorakit.data.texts.sets import TextSample, TextSet
from lorakit.generation.copy.brief import Brief
from lorakit.generation.copy.channels import channel
from lorakit.starter.build.product_kinds import KINDS
from lorakit.starter.build.text_quality import FROM_LIFE

KINDS_OF_COPY = ("instagram-caption", "product-description", "email", "meta-headline")
PLACE = "\x00"  # stands for the name or a fact, whose own stops end no sentence
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+|Subject: ")


@dataclass(frozen=True)
class Judged:
    """What was counted in one text."""

    named: bool  # the product's name, letter by letter
    own_product: bool  # no noun of another product, which the brief does not have
    told: bool  # every fact of the brief; never of a headline, which has no room
    spoken: bool  # a sentence of the brand's own; two where there is room
    whole: bool  # nothing but the name, the facts and sentences of the brand's, none twice
    ended: bool


def briefs() -> list[Brief]:
    """Names and facts as people give them, none of them the brand's, each for two kinds of copy in turn."""
    return [
        Brief(product, facts, channel=KINDS_OF_COPY[(number + more) % 4])
        for number, (product, facts) in enumerate(FROM_LIFE)
        for more in (0, 2)
    ]


def judge(brief: Brief, text: str, brand: TextSet, ended: bool) -> Judged:
    """Count in `text` what `brief` asked for and what `brand`'s texts say; `ended` is told by the caller."""
    asked, low = f"{brief.product} {brief.facts}".lower(), text.lower()
    facts = [fact for fact in brief.facts.split("; ") if fact]
    headline = channel(brief.channel).style == "ad headline"
    said = _sentences(text, brief.product, facts)
    own = brand_sentences(brand)
    return Judged(
        named=brief.product in text,
        own_product=not any(
            re.search(rf"\b{re.escape(noun)}s?\b", low) and noun not in asked for noun in nouns(brand)
        ),
        told=not headline and all(fact.lower() in low for fact in facts),
        spoken=sum(sentence in own for sentence in said) >= (1 if headline else 2),
        whole=own.issuperset(said)
        and len(set(said)) == len(said)
        and all(low.count(fact.lower()) <= 1 for fact in facts),
        ended=ended,
    )


def nouns(brand: TextSet) -> set[str]:
    """What products are called: the kinds that the base knows, and the last words of the brand's own."""
    known = {noun for kind in KINDS for noun in kind.nouns}
    return known | {_product(sample).split()[-1].lower() for sample in brand.samples}


def brand_sentences(brand: TextSet) -> set[str]:
    """The brand's own sentences: what its texts say beside names and facts."""
    return {
        sentence
        for sample in brand.samples
        for sentence in _sentences(sample.answer, _product(sample), _facts(sample))
    }


def _sentences(text: str, product: str, facts: Sequence[str]) -> list[str]:
    """The sentences of `text`, without their last stop, but those that are the name or a fact alone."""
    for known in (product, *facts):
        text = re.sub(re.escape(known), PLACE, text, flags=re.IGNORECASE) if known else text
    found = [sentence.strip().rstrip(".") for sentence in SENTENCE.split(text)]
    return [sentence for sentence in found if sentence not in ("", PLACE)]


def _product(sample: TextSample) -> str:
    return sample.instruction.partition("Product: ")[2]


def _facts(sample: TextSample) -> list[str]:
    return sample.instruction.partition("Facts: ")[2].partition("\n")[0].split("; ")
