"""What is odd about a set's captions, and what to do about it. It changes nothing and stops nothing.

Covers captions that are missing, all the same or too long, triggers that are misspelt or ordinary words,
phrases that say nothing of the photo, and words that stand in every caption. Counting and comparing only:
whether a caption is true of its photo is not looked at. The lists of phrases are English.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from lorakit.data.findings import Finding
from lorakit.data.photos.wording import names

ENOUGH = 4  # captions, before anything is said of what they share
MOSTLY = 0.8  # share of the captions that are one and the same
MISSPELT = 0.82  # likeness of a few words and the trigger (difflib's ratio; assumption)
CLIP_TOKENS = 77  # that CLIP's text encoder reads, start and end among them (arXiv 2103.00020, section 2.4)
LETTERS = 9  # of a word, about, that one token of CLIP's holds; a longer one is read in pieces (assumption)
QUOTED = 3  # words or names in a sentence

PHRASES = (  # what it is called, and what it looks like
    ("words saying that it is a photo", r"\b(?:the|this|an?) (?:image|photo|picture|photograph)\b.{0,12}\b(?:"
     r"shows?|showing|features?|depicts?|displays?|captures?|contains?)\b|"
     r"\bin (?:the|this) (?:image|photo|picture)"),
    ("praise of the photo", r"\b(?:masterpiece|best quality|high quality|award[- ]winning|ultra[- ]?hd|[48]k|"
     r"highly detailed|hyper-?realistic|professional photo(?:graphy)?|trending on \w+|stunning)\b"),
    ("a source or credit", r"\b(?:stock photo|shutterstock|getty ?images|adobe ?stock|istock|copyright)\b|©"),
    ("a file name", r"\b(?:img|dsc[nf]?|pxl|dcim|screenshot|untitled)[_-]?\d+\b|\.(?:jpe?g|png|webp)\b"),
    ("a link or hashtag", r"https?://|\bwww\.|#\w+"),
)  # fmt: skip
ORDINARY = """
    product products item thing object bottle can cup mug glass jar box bag shoe shoes watch ring lamp chair
    table sofa bike car phone laptop camera teapot plate bowl knife pen book toy shirt dress hat perfume cream
    soap candle vase person man woman dog cat red green blue black white new my our
"""
SMALL = """
    a an the and or of on in at by to with without for from near next under over above behind before beside
    between into onto its it is are as this that there one two some no not being while very front side top
    back left right photo picture image close up view standing sitting lying placed
"""


def lint(written: Sequence[str], trigger: str) -> list[Finding]:
    """Findings of the whole set, for the captions as they were written ("" where there is none)."""
    captions = [caption for caption in written if caption]
    findings = [*_of_trigger(captions, trigger), *_of_missing(len(written) - len(captions), trigger)]
    same = list(_all_the_same(captions))
    findings += same or _of_shared(captions, trigger)
    return [*findings, *_of_phrases(captions), *_of_length(captions, trigger)]


def _finding(kind: str, severity: str, what: str, advice: str) -> Finding:
    return Finding("", kind, severity, what, advice)


def _of_missing(bare: int, trigger: str) -> Iterator[Finding]:
    if bare:
        have = "photos have" if bare > 1 else "photo has"
        what = f"{bare} {have} no caption" + (f" and will be learned as {trigger!r} alone" if trigger else "")
        advice = "describe what surrounds the product in a caption, so it isn't learned as part of it"
        yield _finding("no-caption", "info", what, advice)


def _of_trigger(captions: Sequence[str], trigger: str) -> Iterator[Finding]:
    if not trigger:
        return
    if set(_words(trigger)) <= {*_words(ORDINARY), *_words(SMALL)}:
        what = f"{trigger!r} is an ordinary word that the base model already knows"
        advice = "choose a made-up name, such as a nonsense word followed by the kind of product"
        yield _finding("trigger-ordinary", "warn", what, advice)
    without = [caption for caption in captions if not names(caption, trigger)]
    misspelt = {near for caption in without if (near := _nearly(caption, trigger))}
    if misspelt:
        what = f"{_quoted(sorted(misspelt))} in the captions is close to {trigger!r}, but spelt differently"
        advice = "spell the name the same way everywhere: to the model, another spelling is another word"
        yield _finding("trigger-misspelt", "warn", what, advice)
    if without:
        number = f"{len(without)} of {len(captions)} caption{'s' if len(captions) > 1 else ''}"
        do = "don't" if len(without) > 1 else "doesn't"
        what = f"{number} {do} mention {trigger!r}; it will be added in front"
        yield _finding("trigger-added", "info", what, "nothing to do, unless you want it elsewhere")


def _nearly(caption: str, trigger: str) -> str:
    """The words of the caption that are the trigger but for a letter or two; "" when none are."""
    words, number = re.findall(r"[\w'-]+", caption), len(trigger.split())
    wanted = _plain(trigger)
    if len(wanted) < 5:  # too short to tell a slip from another word
        return ""
    for count in {max(1, number - 1), number, number + 1}:
        for start in range(len(words) - count + 1):
            near = " ".join(words[start : start + count])
            if SequenceMatcher(None, _plain(near), wanted).ratio() >= (MISSPELT if count == number else 0.95):
                return near
    return ""


def _all_the_same(captions: Sequence[str]) -> Iterator[Finding]:
    if len(captions) < ENOUGH:
        return
    (most, count), *_ = Counter(_plain(caption) for caption in captions).most_common(1)
    if count >= MOSTLY * len(captions):
        first = next(caption for caption in captions if _plain(caption) == most)
        what = f"{count} of {len(captions)} captions are the same: {_start(first)}"
        advice = "describe what differs from photo to photo: the place, the light, the side you see"
        yield _finding("captions-alike", "warn", what, advice)


def _of_shared(captions: Sequence[str], trigger: str) -> list[Finding]:
    """Words besides the trigger that stand in every caption: what is named is not learned as the product."""
    if len(captions) < ENOUGH:
        return []
    first, *others = [set(_words(caption)) for caption in captions]
    shared = first.intersection(*others) - {*_words(SMALL), *_words(trigger)}
    words = [word for word in dict.fromkeys(_words(captions[0])) if word in shared and len(word) > 2]
    if not words:
        return []
    appear = "appears" if len(words) == 1 else "appear"
    what = f"{_quoted(words)} {appear} in every caption"
    advice = (
        "leave out what belongs to the product itself, so its name comes to stand for it; name what "
        "surrounds it, and let that vary"
    )
    return [_finding("constant-named", "warn" if len(captions) > 2 * ENOUGH else "info", what, advice)]


def _of_phrases(captions: Sequence[str]) -> Iterator[Finding]:
    for called, expression in PHRASES:
        hits = [match[0] for caption in captions if (match := re.search(expression, caption, re.IGNORECASE))]
        if hits:
            number = f"{len(hits)} of {len(captions)} captions"
            what = f"{number} contain{'s' * (len(hits) == 1)} {called} ({_quoted(list(dict.fromkeys(hits)))})"
            advice = "remove it: it doesn't describe the photo, and is learned with the product"
            yield _finding("caption-boilerplate", "info", what, advice)


def _of_length(captions: Sequence[str], trigger: str) -> Iterator[Finding]:
    long = sum(tokens(caption) + tokens(trigger) > CLIP_TOKENS for caption in captions)
    if long:
        what = f"{long} caption{'s are' if long > 1 else ' is'} longer than about 60 words"
        advice = (
            "put what matters first, or shorten: Stable Diffusion ignores the rest; FLUX reads "
            "about six times as much"
        )
        yield _finding("caption-long", "info", what, advice)


def tokens(text: str) -> int:
    """About how many tokens CLIP makes of a text, with its start and end: a guess, without its vocabulary."""
    words = re.findall(r"[^\W\d_]+|\d|[^\w\s]+", text)
    return 2 + sum(1 + (len(word) - 1) // LETTERS for word in words)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.casefold())


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _quoted(words: Sequence[str]) -> str:
    more = f" and {len(words) - QUOTED} more" if len(words) > QUOTED else ""
    return ", ".join(repr(word[:40]) for word in words[:QUOTED]) + more


def _start(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
