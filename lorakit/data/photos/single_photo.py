"""What is wrong with one photo by itself, and what to do about it."""

from lorakit.data.findings import Finding
from lorakit.data.photos.buckets import Framing
from lorakit.data.photos.lettering import Lettering
from lorakit.data.photos.look import HasLook

# The limits below were set on renders and on real photos; docs/gates.md has the figures.
# Sigma in the worst direction, of the longer side; most sharp renders have less than 0.003, photos 0.0015.
BLURRED = 0.0037
BLURRED_PIXELS = 1.5  # of a photo so small that its own pixels are larger than that
BLACK = 0.5  # share of the photo that has lost its detail to black
# Of 255, what is white three and a half stops too dark; low-key photos have lights above 100.
DIM = 88.0
BLOCKY = 0.87  # of `Look.blocks`: qualities of about 20 and less, also saved again
COMPRESSED = 25  # JPEG quality, of 100
BLOCKS_SHOW = 2048  # pixels of the longer side up to which blocks are still seen when it is made smaller
WIDEST = 2.5  # longer side over shorter side


def findings_of(photo: HasLook, framing: Framing, area: int) -> list[Finding]:
    look, name, found = photo.look, photo.name, []
    pixels, side = photo.width * photo.height, round(area**0.5)
    size = f"{photo.width}×{photo.height} pixels"
    if pixels < 0.8 * area:
        severity = "warn" if pixels < 0.5 * area else "info"
        advice = f"use a photo of at least {side}×{side} pixels"
        found.append(
            Finding(name, "small", severity, f"only {size}; this base model works at {side}×{side}", advice)
        )
    longer, shorter = max(photo.width, photo.height), min(photo.width, photo.height)
    if longer > WIDEST * shorter:
        advice = f"crop it closer to the product; as is, it will be {framing}"
        found.append(Finding(name, "odd-ratio", "warn", f"very long and narrow ({size})", advice))
    if look.spread < 3:
        found.append(Finding(name, "blank", "warn", "almost a single flat colour", "remove it"))
    if look.bright:
        what = f"overexposed: {look.bright:.0%} of it has no detail left"
        found.append(Finding(name, "overexposed", "warn", what, "retake it with less light"))
    elif look.spread < 3:
        return found
    elif look.dark > BLACK or look.level < DIM:
        what = "underexposed: almost everything in it is dark"
        found.append(Finding(name, "underexposed", "warn", what, "retake it with more light"))
    elif look.blur > max(BLURRED, BLURRED_PIXELS / longer):
        advice = "retake it with a steady camera, or leave it out: blur is learned too"
        found.append(Finding(name, "blurred", "warn", "the product looks blurred", advice))
    if longer <= BLOCKS_SHOW and (look.blocks > BLOCKY or look.quality < COMPRESSED):
        what = "visible blocks from heavy JPEG compression"
        advice = "use the original file: the blocks would be learned too"
        found.append(Finding(name, "blocky", "warn", what, advice))
    if look.lettering.letters:
        found.append(_of_lettering(name, look.lettering))
    return found


def _of_lettering(name: str, seen: Lettering) -> Finding:
    what = f"possible text or watermark {seen.place}"
    if not seen.outside:
        advice = "nothing to do if it is printed on the product; if added to the photo, use one without"
        return Finding(name, "print", "info", f"{what}, probably on the product", advice)
    advice = "use a photo without, if it is a watermark: it would be learned as part of the product"
    return Finding(name, "lettering", "warn", f"{what}, outside the product", advice)
