"""Who judges the pictures: the starter's attribute classifier, with heads that know styles and the products.

Its trunk stays as it is. Two linear heads are trained on renders, never on samples: which product (one of
the study's or another), and which scene, whatever style or light lies over the picture. What they reach on
held-out renders is printed, and bounds what the study can tell.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.stability.adapters import SUBJECTS, Picture
from lorakit.starter.build import classifier
from lorakit.starter.build.render import (
    DISTANCES,
    LIGHTS,
    Product,
    random_product,
    render,
    variant,
)
from lorakit.starter.build.scenes import SCENES

PRODUCTS = [subject.id for subject in SUBJECTS if subject.product]
SCENE_IDS = [scene.id for scene in SCENES]
OTHER = len(PRODUCTS)
TRAINING, HELD_OUT = 6000, 600
Looks = tuple[Callable[[Picture], Picture], ...]


def _looks() -> list[Looks]:
    """No style, each style alone, and any two one after the other."""
    looks = [subject.look for subject in SUBJECTS if subject.look]
    return [(), *((look,) for look in looks), *combinations(looks, 2)]


def draw(random: np.random.Generator, looks: Looks, seed: int) -> tuple[Picture, int, int]:
    """A render with `looks` over it, and which product and scene it shows."""
    shown = variant(random_product(random), place="centre")
    which = int(random.integers(OTHER + 1))
    if which != OTHER:
        product = next(s.product for s in SUBJECTS if s.id == PRODUCTS[which])
        assert product is not None
        light, distance = list(LIGHTS)[random.integers(3)], list(DISTANCES)[random.integers(3)]
        shown = Product(product.shape, product.colour, product.pattern, shown.scene, light, distance)
    image, _ = render(shown, 128, 128, seed)
    for look in looks:
        image = look(image)
    return image, which, SCENE_IDS.index(shown.scene)


@dataclass
class Judge:
    """Features of the classifier's trunk (256,), standardised, and one linear head per question."""

    trunk: nn.Module
    mean: Tensor
    spread: Tensor
    product: nn.Linear
    scene: nn.Linear

    @torch.no_grad()
    def probabilities(self, images: np.ndarray) -> tuple[Tensor, Tensor]:
        """Of each product (N, products + 1) and of each scene (N, scenes), for (N, H, W, 3) uint8."""
        found = (features(self.trunk, images) - self.mean) / self.spread
        return self.product(found).softmax(1), self.scene(found).softmax(1)

    def scores(self, images: np.ndarray, products: list[str], scenes: list[str]) -> dict[str, float]:
        """Mean probability of the right answer, and the share of right answers, for both questions."""
        seen = self.probabilities(images)
        wanted = [PRODUCTS.index(p) for p in products], [SCENE_IDS.index(s) for s in scenes]
        rows = {}
        for name, found, right in zip(("product", "scene"), seen, wanted, strict=True):
            truth = torch.tensor(right)
            rows[name] = found[torch.arange(len(truth)), truth].mean().item()
            rows[f"{name}_right"] = (found.argmax(1) == truth).float().mean().item()
        return rows


@torch.no_grad()
def features(trunk: nn.Module, images: np.ndarray) -> Tensor:
    """What the classifier's heads see, (N, 256)."""
    parts = []
    for start in range(0, len(images), 50):
        found = trunk(classifier.to_pixels(images[start : start + 50]))
        parts.append(torch.cat([found.mean((2, 3)), found.amax((2, 3))], dim=1))
    return torch.cat(parts)


def _set(count: int, seed: int, disturb: bool) -> tuple[np.ndarray, Tensor, Tensor]:
    random, looks = np.random.default_rng(seed), _looks()
    rows = [draw(random, looks[i % len(looks)], seed * 100_000 + i) for i in range(count)]
    images = np.stack([image for image, _, _ in rows])
    if disturb:  # as soft as what comes out of the base's autoencoder
        pixels = classifier._disturbed(classifier.to_pixels(images), random)
        images = ((pixels.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return images, torch.tensor([row[1] for row in rows]), torch.tensor([row[2] for row in rows])


def make() -> Judge:
    """Train the heads (about a minute) and print what they reach on held-out renders, per look."""
    torch.manual_seed(0)
    trunk = classifier.load().trunk
    sets = [_set(500, 40 + i, disturb=True) for i in range(TRAINING // 500)]
    found = torch.cat([features(trunk, images) for images, _, _ in sets])
    products, scenes = torch.cat([s[1] for s in sets]), torch.cat([s[2] for s in sets])
    mean, spread = found.mean(0), found.std(0) + 1e-4
    judge = Judge(trunk, mean, spread, nn.Linear(256, OTHER + 1), nn.Linear(256, len(SCENE_IDS)))
    inputs = (found - mean) / spread
    for head, wanted in ((judge.product, products), (judge.scene, scenes)):
        optimizer = torch.optim.AdamW(head.parameters(), lr=5e-3, weight_decay=0.05)
        for _ in range(600):
            loss = nn.functional.cross_entropy(head(inputs), wanted, label_smoothing=0.02)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    _report(judge)
    return judge


def _report(judge: Judge) -> None:
    images, products, scenes = _set(HELD_OUT, 90, disturb=False)
    seen = judge.probabilities(images)
    names = ["none", *(" + ".join(look.__name__ for look in looks) for looks in _looks() if looks)]
    for number, name in enumerate(names):
        part = slice(number, None, len(names))
        shares = [(s.argmax(1) == w)[part].float().mean().item()
                  for s, w in zip(seen, (products, scenes), strict=True)]  # fmt: skip
        print(f"held-out renders, {name}: product {shares[0]:.1%}, scene {shares[1]:.1%}", flush=True)
