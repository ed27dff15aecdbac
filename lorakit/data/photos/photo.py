"""One photo of a set: opened when it is asked for, cut as it is learned, with its mask."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from lorakit.data.photos import (
    look,
    masks,
    sight,
    subject,
)
from lorakit.data.photos.backdrops import put_before
from lorakit.data.photos.buckets import frame
from lorakit.data.photos.images import Picture, fit, read_picture
from lorakit.data.photos.look import Look
from lorakit.data.photos.names import shown
from lorakit.errors import DataError


@dataclass
class Photo:
    """One photo; `width` and `height` in pixels, upright. It is learned with `caption`, which is what
    somebody wrote (`written`, "" when nobody did) and the trigger.
    """

    path: Path
    caption: str
    width: int
    height: int
    name: str = ""  # within its set, as it is shown; no two are alike
    written: str = ""
    mask_path: Path | None = None  # of a mask in a file of its own
    real_name: str = ""  # the file's own name within its set

    def __post_init__(self) -> None:
        self.name = self.name or shown(Path(self.path).name)
        self.real_name = self.real_name or self.name

    def open(self) -> Image.Image:
        """The whole photo as upright sRGB on white. Raises DataError when the file has changed or gone."""
        return self._read(None)[0]

    @cached_property
    def has_mask(self) -> bool:
        """Is it known where the product is?"""
        return self.mask() is not None

    def mask(self) -> Image.Image | None:
        """Where the product is (L, 255), of the whole photo's size: from a mask beside it, from the file's
        transparency, or because it stands before a plain background. None when nothing tells.
        """
        if self.mask_path is not None:
            try:
                return masks.read_mask(self.mask_path, self.width, self.height)
            except DataError as error:
                raise DataError(f"{self.mask_path.name}: {error}") from None
        image, mask = self._read(None)
        return mask if mask is not None else subject.plain_mask(image)

    def pixels(self, width: int, height: int, backdrop: int | None = None) -> np.ndarray:
        """The photo at a bucket's size: float32 (3, height, width) in -1..1.

        With a `backdrop` the product stands before a background made from that seed, when it is known where
        it is.
        """
        framing = frame(self.width, self.height, (width, height))
        image = fit(self._read((2 * width, 2 * height))[0], framing)
        mask = self.mask() if backdrop is not None else None
        if mask is not None and backdrop is not None:
            image = put_before(image, fit(mask, framing), backdrop)
        return np.ascontiguousarray(np.asarray(image, dtype=np.float32).transpose(2, 0, 1) / 127.5 - 1.0)

    def places(self, width: int, height: int, background: float = 1.0) -> np.ndarray:
        """How much each place of `pixels` counts: float32 (height, width). 1 on the product, `background`
        around it when it is known where it is, and 0 where the photo was padded.
        """
        framing = frame(self.width, self.height, (width, height))
        counts = np.ones((height, width), np.float32)
        mask = self.mask() if background < 1 else None
        if mask is not None:
            counts += (1 - background) * (np.asarray(fit(mask, framing), np.float32) / 255 - 1)
        left, top, right, bottom = framing.padding
        inside = np.zeros((height, width), np.float32)
        inside[top : height - bottom, left : width - right] = 1
        return counts * inside

    @cached_property
    def look(self) -> Look:
        """What the quality check judges by; slower than reading the photo, so taken when it is asked for."""
        try:
            return sight.look_at(self.path)
        except DataError as error:
            raise DataError(f"{self.name}: {error}") from None

    @cached_property
    def fingerprint(self) -> np.ndarray:
        """256 bits as four uint64, nearly the same for photos that look the same."""
        return look.fingerprint(self._read((256, 256))[0])

    def _read(self, at_least: tuple[int, int] | None) -> tuple[Image.Image, Image.Image | None]:
        picture = self._picture(at_least)
        return picture.image, picture.mask

    def _picture(self, at_least: tuple[int, int] | None) -> Picture:
        try:
            return read_picture(self.path, at_least)
        except DataError as error:
            raise DataError(f"{self.name}: {error}") from None
