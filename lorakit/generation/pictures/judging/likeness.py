"""Whether an image shows this product or rather one that looks like it.

One similarity to the product's photos does not tell look-alikes apart: a red mug is similar to any red mug.
So the product is ranked among its look-alikes, by which of them the image is most similar to.
"""

from collections.abc import Mapping

import numpy as np

from lorakit.generation.pictures.judging.scores import Likeness


def similarity(image: np.ndarray, photos: np.ndarray) -> float:
    """The mean cosine between an image (D,) and the nearer half of the photos (N, D), all unit vectors.

    Half, because a product has sides that no single image shows; the best alone would favour whichever has
    more photos.
    """
    cosines = np.sort(photos @ image)[::-1]
    return float(cosines[: (len(cosines) + 1) // 2].mean())


def likeness(image: np.ndarray, product: np.ndarray, look_alikes: Mapping[str, np.ndarray]) -> Likeness:
    """Rank the product (N, D) among the look-alikes, each (N, D). Raises ValueError without any."""
    own = similarity(image, product)
    others = {name: similarity(image, photos) for name, photos in look_alikes.items()}
    nearest = max(others, key=lambda name: others[name])
    rank = 1 + sum(other > own for other in others.values())
    return Likeness(rank, len(others), own - others[nearest], nearest)
