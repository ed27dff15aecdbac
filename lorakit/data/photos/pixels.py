"""Pixels of any mode and colour profile as upright sRGB without transparency."""

import io

import numpy as np
from PIL import Image, ImageCms


def plain_mode(image: Image.Image) -> Image.Image:
    """A mode that means can be taken in."""
    if image.has_transparency_data and image.mode not in ("RGBA", "LA"):
        return image.convert("RGBA")
    if image.mode.startswith("I;16"):
        return Image.fromarray(np.asarray(image).astype(np.int32))
    return image.convert({"1": "L", "P": "RGB", "PA": "RGBA"}.get(image.mode, image.mode))


# EXIF tag 0x0112 (Exif 2.32, 4.6.4): how the stored picture has to be turned to stand upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SWAPS = {TURNS[5], TURNS[6], TURNS[7], TURNS[8]}


def orientation(image: Image.Image) -> Image.Transpose | None:
    try:
        return TURNS.get(image.getexif().get(0x0112, 1))
    except Exception:  # a broken EXIF block is no reason to lose the photo
        return None


def alpha_mask(image: Image.Image) -> tuple[Image.Image | None, list[str]]:
    """The alpha channel when it hides something."""
    if not image.has_transparency_data:
        return None, []
    alpha = (image if image.mode == "RGBA" else image.convert("RGBA")).getchannel("A")
    values = np.asarray(alpha)
    if values.max() < 8:
        return None, ["fully transparent: the transparency is ignored"]
    return (alpha if values.min() < 250 else None), []


def to_srgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """RGB of any mode, through the colour profile when it fits the picture."""
    if image.mode.startswith(("I", "F")):
        return _from_deep(image), []
    if image.mode in ("P", "PA", "LA", "La", "RGBa", "1"):
        plain = image.convert("RGBA").convert("RGB")
    else:
        plain = image.convert("RGB")
    profile = image.info.get("icc_profile")
    if not profile:
        return plain, []
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return plain, []
        colours = image if image.mode in ("CMYK", "LAB") else plain
        if source.profile.xcolor_space.strip() == "GRAY":
            colours = image.convert("L")
        converted = ImageCms.profileToProfile(
            colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        return converted or plain, []
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        return plain, ["invalid colour profile: its colours are used as they are"]


def _from_deep(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits, or of floats, to 8 bits. Which range is meant shows in the values."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    highest = float(values.max(initial=0.0))
    if image.mode.startswith("I;16") or (image.mode == "I" and 255 < highest <= 65535):
        full = 65535.0
    elif image.mode == "F" and highest <= 1.0:
        full = 1.0
    else:
        full = max(255.0, highest)
    grey = (values / full * 255).round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")
