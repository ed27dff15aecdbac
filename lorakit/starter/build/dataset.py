"""Rendered training pictures on disk: one array of pictures and one of masks per bucket, and their
attributes.
"""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lorakit import durable
from lorakit.starter.build.render import Product, random_product, render

# (width, height): about 128 x 128 pixels of area, sides multiples of 16; the share of pictures each gets.
BUCKETS = {
    (128, 128): 0.28, (112, 144): 0.14, (144, 112): 0.10, (96, 176): 0.18, (176, 96): 0.18, (192, 80): 0.06,
    (80, 192): 0.06,
}  # fmt: skip
CHUNK = 500


@dataclass
class Bucket:
    """Pictures of one size: (N, H, W, 3) uint8, masks (N, H, W) uint8, and what each shows."""

    images: np.ndarray
    masks: np.ndarray
    products: list[Product]


def make(folder: Path, count: int, seed: int, workers: int = 2) -> None:
    """Render `count` pictures into `folder`; buckets that are already there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, ((width, height), share) in enumerate(BUCKETS.items()):
        target = folder / f"{width}x{height}.json"
        if not target.exists():
            _make_bucket(folder, (width, height), round(count * share), seed * 100 + number, workers)


def load(folder: Path) -> dict[tuple[int, int], Bucket]:
    """Open the rendered buckets without reading them into memory."""
    buckets = {}
    for width, height in BUCKETS:
        name = f"{width}x{height}"
        products = [Product(**row) for row in json.loads((folder / f"{name}.json").read_text())]
        images = np.load(folder / f"{name}-images.npy", mmap_mode="r")
        masks = np.load(folder / f"{name}-masks.npy", mmap_mode="r")
        buckets[width, height] = Bucket(images, masks, products)
    return buckets


def _make_bucket(folder: Path, size: tuple[int, int], count: int, seed: int, workers: int) -> None:
    chunks = [(size, min(CHUNK, count - start), seed * 1_000_000 + start) for start in range(0, count, CHUNK)]
    with ProcessPoolExecutor(workers) as pool:
        parts = list(pool.map(_render_chunk, chunks))
    name = f"{size[0]}x{size[1]}"
    np.save(folder / f"{name}-images.npy", np.concatenate([images for images, _, _ in parts]))
    np.save(folder / f"{name}-masks.npy", np.concatenate([masks for _, masks, _ in parts]))
    durable.write_json(folder / f"{name}.json", [p.to_dict() for _, _, products in parts for p in products])


def _render_chunk(job: tuple[tuple[int, int], int, int]) -> tuple[np.ndarray, np.ndarray, list[Product]]:
    (width, height), count, seed = job
    random = np.random.default_rng(seed)
    products = [random_product(random) for _ in range(count)]
    pictures = [render(product, width, height, seed + i) for i, product in enumerate(products)]
    return np.stack([image for image, _ in pictures]), np.stack([mask for _, mask in pictures]), products
