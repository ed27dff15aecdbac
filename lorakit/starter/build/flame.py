"""The flame of a candle."""

import numpy as np

from lorakit.starter.build.scenes import rgb


def flame(image: np.ndarray, u: np.ndarray, s: np.ndarray) -> np.ndarray:
    """The picture (H, W, 3) with a burning wick on top of the product; `u`, `s`: places across and up."""
    wick = (
        np.clip((0.02 - np.abs(u)) * 60 + 0.5, 0, 1)
        * np.clip((s - 1.0) * 30, 0, 1)
        * np.clip((1.12 - s) * 30, 0, 1)
    )
    image = image * (1 - wick[..., None]) + rgb(0.15, 0.12, 0.10) * wick[..., None]
    height = np.clip((s - 1.06) / 0.36, 0, 1)
    half = 0.095 * np.sin(np.pi * height**0.6)
    share = np.clip((half - np.abs(u)) * 40 + 0.2, 0, 1)
    share *= (s > 1.06) & (s < 1.42)
    tone = rgb(1.0, 0.95, 0.70) * (1 - height[..., None]) + rgb(1.0, 0.62, 0.12) * height[..., None]
    return image * (1 - share[..., None]) + tone * share[..., None]
