"""Training the starter's autoencoder: 8x smaller, 16 channels, from random crops of renders.

Crops give four times the pictures per second of whole images, and a convolutional model does not mind. The
product's region weighs more, because a person looks there. With `decoder_only` the encoder stays as it is,
so that cached latents and all that was trained on them stay valid.
"""

import logging
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from lorakit.starter.build.arithmetic import precision
from lorakit.starter.build.dataset import Bucket
from lorakit.starter.build.saving import read, save

log = logging.getLogger(__name__)

CROP = 64
BATCH = 8
PEAK_RATE = 2e-3
MASK_WEIGHT = 2.0
AVERAGE_EVERY = 5  # steps
KL_WEIGHT = 2e-6


def new_autoencoder() -> AutoencoderKL:
    """An untrained autoencoder of the starter's size (about 1.6 M parameters)."""
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 32, 64, 96),
        layers_per_block=1,
        latent_channels=16,
        norm_num_groups=8,
        mid_block_add_attention=False,
        use_quant_conv=False,
        use_post_quant_conv=False,
        sample_size=128,
    )


def crops(
    buckets: dict[tuple[int, int], Bucket], random: np.random.Generator, count: int
) -> tuple[Tensor, Tensor]:
    """`count` random crops: pixels (B, 3, CROP, CROP) in -1..1 and loss weights (B, 1, CROP, CROP)."""
    sizes = list(buckets)
    pixels, weights = [], []
    for _ in range(count):
        bucket = buckets[sizes[random.integers(len(sizes))]]
        i = random.integers(len(bucket.products))
        height, width = bucket.masks.shape[1:]
        top, left = random.integers(height - CROP + 1), random.integers(width - CROP + 1)
        area = np.s_[i, top : top + CROP, left : left + CROP]
        flip = -1 if random.random() < 0.5 else 1
        pixels.append(bucket.images[area][:, ::flip].astype(np.float32))
        weights.append(bucket.masks[area][:, ::flip].astype(np.float32))
    images = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2) / 127.5 - 1
    return images, 1 + MASK_WEIGHT * torch.from_numpy(np.stack(weights))[:, None] / 255


def train(
    buckets: dict[tuple[int, int], Bucket],
    work: Path,
    seconds: float,
    device: str = "cpu",
    decoder_only: bool = False,
) -> AutoencoderKL:
    """Train for about `seconds`, continuing what `work` holds; returns the autoencoder with averaged
    weights.
    """
    torch.manual_seed(0)
    model = new_autoencoder().to(device)
    path = work / ("decoder.pt" if decoder_only else "autoencoder.pt")
    if decoder_only:
        model.load_state_dict(
            torch.load(work / "autoencoder.pt", weights_only=True, map_location=device)["average"]
        )
        model.encoder.requires_grad_(False)
    trained = [p for p in model.parameters() if p.requires_grad]
    named = list(model.named_parameters())
    optimizer = torch.optim.AdamW(trained, lr=PEAK_RATE, weight_decay=1e-4, betas=(0.9, 0.98), fused=True)
    average = {name: value.detach().clone() for name, value in model.state_dict().items()}
    spent, step = 0.0, 0
    if state := read(path, device):
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average, spent, step = state["average"], state["spent"], state["step"]
    random = np.random.default_rng(step)
    saved = time.time()
    while spent < seconds:
        begun = time.time()
        rate = float(_rate(spent / seconds)) * (0.4 if decoder_only else 1.0)
        for group in optimizer.param_groups:
            group["lr"] = rate
        images, weights = crops(buckets, random, BATCH)
        loss = _loss(model, images.to(device), weights.to(device))
        _step(loss, optimizer, trained)
        step += 1
        if step % AVERAGE_EVERY == 0:
            _average(average, named, min(0.99, step / (step + 200)))
        spent += time.time() - begun
        if step % 200 == 0:
            log.info("autoencoder step %d, %.0f s, loss %.4f, rate %.1e", step, spent, loss.item(), rate)
        if time.time() - saved > 60 or spent >= seconds:
            saved = time.time()
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "average": average,
                     "spent": spent, "step": step}  # fmt: skip
            save(state, path)
    model.load_state_dict(average)
    return model.eval()


def _step(loss: Tensor, optimizer: torch.optim.Optimizer, trained: list[Tensor]) -> None:
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()


@torch.no_grad()
def _average(average: dict[str, Tensor], named: list[tuple[str, Tensor]], decay: float) -> None:
    torch._foreach_lerp_([average[name] for name, _ in named], [value for _, value in named], 1 - decay)


def _loss(model: AutoencoderKL, images: Tensor, weights: Tensor) -> Tensor:
    with precision(images.device.type):
        posterior = model.encode(images).latent_dist
        decoded = model.decode(posterior.sample()).sample.float()
    error = decoded - images
    reconstruction = (weights * (error.square() + 0.1 * error.abs())).mean()
    return reconstruction + KL_WEIGHT * posterior.kl().mean()


def _rate(done: float) -> float:
    """A short warm-up, then cosine decay to zero."""
    if done < 0.04:
        return PEAK_RATE * done / 0.04
    return PEAK_RATE * 0.5 * (1 + np.cos(np.pi * (done - 0.04) / 0.96)) + 1e-6


@torch.no_grad()
def psnr(model: AutoencoderKL, images: np.ndarray) -> float:
    """Peak signal-to-noise ratio over whole images (N, H, W, 3) uint8, in dB."""
    errors = []
    for image in images:
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float().to(model.device) / 127.5 - 1
        decoded = model.decode(model.encode(pixels).latent_dist.mode()).sample.clamp(-1, 1)
        errors.append(((decoded - pixels) / 2).square().mean().item())
    return float(-10 * np.log10(np.mean(errors)))


@torch.no_grad()
def latents(model: AutoencoderKL, images: np.ndarray) -> Tensor:
    """The posterior means of images (N, H, W, 3) uint8: (N, 16, H / 8, W / 8), float32, not normalised."""
    pixels = torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
    pixels = pixels.to(model.device)
    with precision(pixels.device.type):
        return model.encode(pixels).latent_dist.mode().float().cpu()
