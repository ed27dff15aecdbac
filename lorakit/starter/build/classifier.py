"""A small network that tells shape, colour, pattern and scene of a picture: how the starter base is measured.

Trained on renders only; its own accuracy on held-out renders is part of the report.
"""

import argparse
import logging
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from lorakit.starter import HERE
from lorakit.starter.build.arithmetic import precision
from lorakit.starter.build.dataset import Bucket
from lorakit.starter.build.dataset import load as load_buckets
from lorakit.starter.build.render import COLOURS, PATTERNS, Product
from lorakit.starter.build.scenes import SCENES
from lorakit.starter.build.shapes import SHAPES

log = logging.getLogger(__name__)

WEIGHTS = HERE / "classifier.safetensors"
LABELS = {
    "shape": [shape.name for shape in SHAPES],
    "colour": list(COLOURS),
    "pattern": list(PATTERNS),
    "scene": [scene.id for scene in SCENES],
}
BATCH = 32
SHAPE_WEIGHT = 3.0  # of the loss: the other three are soon learned, while a box and a can differ in an edge
RATE, GO_ON_RATE = 2e-3, 1e-3


class Classifier(nn.Module):
    """Five strided convolutions, mean and maximum over the picture, one linear head per attribute."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in ((3, 24), (24, 48), (48, 96), (96, 128), (128, 128)):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.SiLU()]
        self.trunk = nn.Sequential(*layers)
        self.heads = nn.ModuleDict({name: nn.Linear(256, len(values)) for name, values in LABELS.items()})

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        features = self.trunk(pixels)
        pooled = torch.cat([features.mean((2, 3)), features.amax((2, 3))], dim=1)
        return {name: head(pooled) for name, head in self.heads.items()}


def train(
    buckets: dict[tuple[int, int], Bucket], seconds: float, start: Classifier | None = None
) -> Classifier:
    """Train for about `seconds` on renders, with flips, small blurs, noise and brightness changes; from
    nothing or on from `start`.
    """
    torch.manual_seed(0)
    model = (start or Classifier()).train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    peak = GO_ON_RATE if start else RATE
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=0.01)
    random, sizes, begun, step = np.random.default_rng(5), list(buckets), time.time(), 0
    while (spent := time.time() - begun) < seconds:
        for group in optimizer.param_groups:
            group["lr"] = peak * min(1.0, spent / 5 + 0.01, 1.02 - spent / seconds)
        bucket = buckets[sizes[random.integers(len(sizes))]]
        chosen = random.choice(len(bucket.products), min(BATCH, len(bucket.products)), replace=False)
        pixels = _disturbed(to_pixels(bucket.images[np.sort(chosen)]), random)
        wanted = labels([bucket.products[i] for i in np.sort(chosen)])
        with precision("cpu"):
            found = model(pixels.contiguous(memory_format=torch.channels_last))
        loss = sum(
            (
                (SHAPE_WEIGHT if name == "shape" else 1.0)
                * nn.functional.cross_entropy(found[name].float(), wanted[name], label_smoothing=0.02)
                for name in LABELS
            ),
            torch.zeros(()),
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 100 == 0:
            log.info("classifier step %d, %.0f s, loss %.3f", step, spent, loss.item())
    return model.eval()


def save(model: Classifier) -> None:
    save_file(
        {
            name: (value.half() if value.is_floating_point() else value).contiguous()
            for name, value in model.state_dict().items()
        },
        WEIGHTS,
    )


def load(path: Path = WEIGHTS) -> Classifier:
    """The trained classifier."""
    model = Classifier()
    model.load_state_dict({n: v.float() if v.is_floating_point() else v for n, v in load_file(path).items()})
    return model.eval()


@torch.no_grad()
def seen(model: Classifier, pixels: Tensor) -> dict[str, Tensor]:
    """Probabilities (N, labels) per attribute, the mean over the picture and its mirror image: no attribute
    depends on the side.
    """
    found, mirrored = model(pixels), model(pixels.flip(3))
    return {name: (found[name].softmax(1) + mirrored[name].softmax(1)) / 2 for name in LABELS}


@torch.no_grad()
def attributes(model: Classifier, images: list[np.ndarray]) -> list[dict[str, str]]:
    """What each picture (H, W, 3) uint8 shows: shape, colour, pattern and scene."""
    rows = []
    for image in images:
        found = seen(model, to_pixels(image[None]))
        rows.append({name: LABELS[name][int(found[name].argmax())] for name in LABELS})
    return rows


@torch.no_grad()
def accuracy(model: Classifier, buckets: dict[tuple[int, int], Bucket]) -> dict[str, float]:
    """Share of right answers per attribute over all pictures of `buckets`."""
    right, total = dict.fromkeys(LABELS, 0), 0
    for bucket in buckets.values():
        for start in range(0, len(bucket.products), 50):
            wanted = labels(bucket.products[start : start + 50])
            found = seen(model, to_pixels(bucket.images[start : start + 50]))
            total += len(wanted["shape"])
            for name in LABELS:
                right[name] += int((found[name].argmax(1) == wanted[name]).sum())
    return {name: count / total for name, count in right.items()}


def labels(products: list[Product]) -> dict[str, Tensor]:
    return {
        name: torch.tensor([values.index(getattr(p, name)) for p in products])
        for name, values in LABELS.items()
    }


def to_pixels(images: np.ndarray) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) in -1..1."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float() / 127.5 - 1


def _disturbed(pixels: Tensor, random: np.random.Generator) -> Tensor:
    if random.random() < 0.5:
        pixels = pixels.flip(3)
    if random.random() < 0.5:
        small = nn.functional.avg_pool2d(pixels, 2)
        blurred = nn.functional.interpolate(
            small, size=pixels.shape[2:], mode="bilinear", align_corners=False
        )
        pixels = torch.lerp(pixels, blurred, float(random.uniform(0, 1)))
    return pixels * float(random.uniform(0.92, 1.08)) + 0.04 * torch.randn_like(pixels) * float(
        random.uniform(0, 1)
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="train the attribute classifier on from its weights")
    parser.add_argument("--work", type=Path, default=Path("build/starter"), help="folder of the renders")
    parser.add_argument("--seconds", type=float, default=600)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    trained = train(load_buckets(options.work / "train"), options.seconds, load())
    save(trained)
    print(accuracy(trained, load_buckets(options.work / "held")))
