"""Which rank to train with, and whether the one that was used was right, and how large photos are to be.

Before a training the data is all there is to go by, so the figures below are rules of thumb and say so;
after it, the spectrum of what was learned tells. No torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lorakit import units
from lorakit.lora.ranks import ranks_used

CROWDED = 0.85  # share of the ranks in use from which on more would have been used
RANKS = (2, 4, 8, 16, 32, 64, 128)
# Assumptions, in line with the presets: a product of 30 photos and a voice of a hundred texts take 16.
FEW_PHOTOS, MANY_PHOTOS = 10, 60
FEW_WORDS, MANY_WORDS, VERY_MANY_WORDS = 2_000, 40_000, 400_000
VARIED = 0.5  # share of captions that differ, from which on pictures show many things, as a style's do

# Pixels that a listed base model was trained on, where it is not a million.
AREAS = {"starter-image": 128 * 128, "stable-diffusion-v1-5/stable-diffusion-v1-5": 512 * 512}
USUAL_AREA = 1024 * 1024


@dataclass(frozen=True)
class Advice:
    """A rank and why, in a sentence for a person. `change`: "shrink", "raise", or "" when all is well."""

    rank: int
    sentence: str
    change: str = ""


def advise_rank(kind: str, count: int, distinct: int, words: int = 0) -> Advice:
    """A rank for a training on `count` photos or texts ("image" | "text"), of which `distinct` have a caption
    or a text of their own; `words`: of all texts together.
    """
    if kind == "image":
        varied = count >= MANY_PHOTOS or (count > FEW_PHOTOS and distinct > VARIED * count)
        if count < FEW_PHOTOS:
            number = f"{count} photo{'s' if count != 1 else ''}"
            return Advice(8, f"Rank 8: {number}, so little to learn, and a small adapter overfits less.")
        if varied:
            captions = f"{distinct} different captions"
            return Advice(32, f"Rank 32: {count} photos with {captions} are a lot to learn.")
        return Advice(16, f"Rank 16: the usual rank for {count} photos of one product.")
    if words < FEW_WORDS:
        number = f"{count} text{'s' if count != 1 else ''} of {words:,} words in all"
        return Advice(8, f"Rank 8: {number}, so little to learn.")
    rank = 16 if words < MANY_WORDS else 32 if words < VERY_MANY_WORDS else 64
    return Advice(rank, f"Rank {rank}: suits {count} texts with {words:,} words in total.")


def photo_advice(captions: Sequence[str], style: bool = False) -> Advice:
    """`advise_rank` for photos of a product, or pictures in one `style`, with these captions."""
    if style and len(captions) >= FEW_PHOTOS:
        return Advice(32, f"Rank 32: the usual one for a style, here from {len(captions)} pictures.")
    return advise_rank("image", len(captions), len({caption.strip().lower() for caption in captions}))


def text_advice(answers: Sequence[str]) -> Advice:
    """`advise_rank` for texts."""
    words = sum(len(answer.split()) for answer in answers)
    return advise_rank("text", len(answers), len(set(answers)), words)


def photo_area(base: str) -> int:
    """Pixels of the pictures that a base model was trained on, which photos for it are judged by."""
    return AREAS.get(base, USUAL_AREA)


def rank_advice(shares: Sequence[float], rank: int) -> Advice:
    """After a training with `rank`: was it right? `shares`: of the squared size, by rank, summing to 1
    (`scores["spectrum"]["shares"]` of a card).
    """
    count = ranks_used(shares)
    told = f"It uses {count} of its {rank} ranks"
    if count >= CROWDED * rank:
        more = next((r for r in RANKS if r > rank), rank)
        if more > rank:
            return Advice(more, f"{told}. To let it learn more, train with rank {more}.", "raise")
    fits = next((r for r in RANKS if r >= count), rank)
    if fits <= rank // 2:
        return Advice(fits, f"{told}. Shrink it to rank {fits}: {rank / fits:.0f}x smaller file.", "shrink")
    return Advice(rank, f"{told}: rank {rank} is right.")


def shrink_advice(shares: Sequence[float], rank: int, size_bytes: int, to: int = 0) -> str:
    """What an adapter of `size_bytes` would keep at rank `to`; with 0, what is best for it."""
    advice = rank_advice(shares, rank)
    if not to and advice.change != "shrink":
        return advice.sentence
    chosen = min(to or advice.rank, rank)
    smaller = f"{units.size(size_bytes * chosen / rank)} instead of {units.size(size_bytes)}"
    return (
        f"It uses {ranks_used(shares)} of its {rank} ranks. At rank {chosen} it keeps "
        f"{sum(shares[:chosen]):.1%} of its effect, in {smaller}."
    )
