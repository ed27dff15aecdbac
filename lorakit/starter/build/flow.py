"""Training the starter's flow transformer and its two text encoders, jointly, on cached latents.

Rectified flow (arXiv 2403.03206) with logit-normal times; a share of the captions is left out, so that
classifier-free guidance works (arXiv 2207.12598). The product's region weighs more. Hidden matrices are
updated by Muon, which needs about half the examples of AdamW; all else by AdamW. The run fits a time budget
and continues from its last checkpoint.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast, T5Config, T5EncoderModel

from lorakit.starter.build.arithmetic import matrix_optimizer, precision
from lorakit.starter.build.autoencoder import latents
from lorakit.starter.build.captions import MAX_TOKENS, caption
from lorakit.starter.build.dataset import Bucket
from lorakit.starter.build.render import Product
from lorakit.starter.build.saving import read, save

log = logging.getLogger(__name__)

BATCH = 48
CAPTION_DROPOUT = 0.1
MASK_WEIGHT = 4.0
TIME_SHIFT = 0.3  # towards noise, where a picture's shapes are decided
MUON_RATE = 2e-3
ADAM_RATE = 1e-3
WARMUP, STABLE = 0.02, 0.55  # shares of the time; after them the rate falls to zero


@dataclass
class Cached:
    """Latents (N, 16, h, w) normalised, product weights (N, 1, h, w), and what each picture shows."""

    latents: Tensor
    weights: Tensor
    products: list[Product]


class FlowModel(nn.Module):
    """The three trained parts of the pipeline as one module: tokens and noisy latents in, velocity out."""

    def __init__(self, vocabulary: int, eos: int):
        super().__init__()
        self.clip = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=vocabulary, hidden_size=128, intermediate_size=384, num_hidden_layers=1,
                num_attention_heads=4, max_position_embeddings=MAX_TOKENS, projection_dim=128,
                eos_token_id=eos, bos_token_id=eos, pad_token_id=0,
            )
        )  # fmt: skip
        self.t5 = T5EncoderModel(
            T5Config(
                vocab_size=vocabulary, d_model=160, d_kv=32, d_ff=384, num_layers=2, num_heads=5,
                dropout_rate=0.0, feed_forward_proj="gated-gelu", pad_token_id=0,
                eos_token_id=eos, decoder_start_token_id=0,
            )
        )  # fmt: skip
        self.transformer = FluxTransformer2DModel(
            patch_size=1, in_channels=64, num_layers=2, num_single_layers=5, attention_head_dim=32,
            num_attention_heads=8, joint_attention_dim=160, pooled_projection_dim=128, guidance_embeds=False,
            axes_dims_rope=(8, 12, 12),
        )  # fmt: skip
        # Zero output and zero modulation: every block starts as the identity (adaLN-Zero, arXiv 2212.09748).
        nn.init.zeros_(self.transformer.proj_out.weight)
        nn.init.zeros_(self.transformer.proj_out.bias)
        for name, module in self.transformer.named_modules():
            if isinstance(module, nn.Linear) and is_modulation(name):
                nn.init.zeros_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, noisy: Tensor, t: Tensor, tokens: Tensor) -> Tensor:
        batch, channels, height, width = noisy.shape
        pooled = self.clip(tokens).pooler_output
        text = self.t5(tokens).last_hidden_state
        image_ids = torch.zeros(height // 2, width // 2, 3, device=noisy.device)
        image_ids[..., 1] += torch.arange(height // 2, device=noisy.device)[:, None]
        image_ids[..., 2] += torch.arange(width // 2, device=noisy.device)[None]
        out = self.transformer(
            hidden_states=pack(noisy), timestep=t, encoder_hidden_states=text, pooled_projections=pooled,
            txt_ids=torch.zeros(text.shape[1], 3, device=noisy.device), img_ids=image_ids.view(-1, 3),
            return_dict=False,
        )[0]  # fmt: skip
        out = out.view(batch, height // 2, width // 2, channels, 2, 2).permute(0, 3, 1, 4, 2, 5)
        return out.reshape(batch, channels, height, width)


def is_modulation(name: str) -> bool:
    """Is this the linear layer of an adaptive norm?"""
    return ".norm" in name and name.endswith(".linear")


def pack(x: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, h/2 * w/2, 4 C): FLUX's 2 x 2 patches."""
    batch, channels, height, width = x.shape
    x = x.view(batch, channels, height // 2, 2, width // 2, 2).permute(0, 2, 4, 1, 3, 5)
    return x.reshape(batch, (height // 2) * (width // 2), channels * 4)


def cache(
    autoencoder: AutoencoderKL, buckets: dict[tuple[int, int], Bucket]
) -> tuple[dict[tuple[int, int], Cached], float, float]:
    """Encode all pictures once. Also gives the latents' mean and spread: the pipeline's shift and 1 /
    scaling factor.
    """
    raw = {
        size: torch.cat([latents(autoencoder, b.images[i : i + 100]) for i in range(0, len(b.products), 100)])
        for size, b in buckets.items()
    }
    sample = torch.cat([value[:400].flatten() for value in raw.values()])
    shift, spread = sample.mean().item(), sample.std().item()
    cached = {}
    for size, bucket in buckets.items():
        masks = torch.from_numpy(np.array(bucket.masks)).float()[:, None] / 255
        weights = 1 + MASK_WEIGHT * nn.functional.avg_pool2d(masks, 8)
        normal = ((raw[size] - shift) / spread).half()
        cached[size] = Cached(normal, (weights / weights.mean()).half(), bucket.products)
    return cached, shift, spread


def batches(
    data: dict[tuple[int, int], Cached], tokenizer: PreTrainedTokenizerFast, random: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Endless batches of one size each: latents, weights, tokens."""
    sizes = list(data)
    shares = np.array([len(data[size].products) for size in sizes], float)
    while True:
        part = data[sizes[random.choice(len(sizes), p=shares / shares.sum())]]
        chosen = random.choice(len(part.products), min(BATCH, len(part.products)), replace=False)
        texts = [
            caption(part.products[i], random) if random.random() >= CAPTION_DROPOUT else "" for i in chosen
        ]
        yield part.latents[chosen].float(), part.weights[chosen].float(), tokenize(tokenizer, texts)


def tokenize(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> Tensor:
    """Token ids (B, MAX_TOKENS), padded and cut as the pipeline does."""
    return tokenizer(
        texts, padding="max_length", max_length=MAX_TOKENS, truncation=True, return_tensors="pt"
    ).input_ids


def optimizers(model: FlowModel, device: str) -> list[torch.optim.Optimizer]:
    """Muon (where the device is made for it) for the matrices inside the blocks, AdamW for all else."""
    hidden, rest = [], []
    for name, p in model.named_parameters():
        inside = name.startswith("transformer.") and "transformer_blocks." in name
        (
            hidden if inside and p.ndim == 2 and not is_modulation(name.removesuffix(".weight")) else rest
        ).append(p)
    return [
        matrix_optimizer(hidden, MUON_RATE, ADAM_RATE, device),
        torch.optim.AdamW(rest, lr=ADAM_RATE, weight_decay=0.01, betas=(0.9, 0.98), fused=True),
    ]


def train(
    data: dict[tuple[int, int], Cached],
    tokenizer: PreTrainedTokenizerFast,
    work: Path,
    seconds: float,
    device: str = "cpu",
) -> FlowModel:
    """Train for about `seconds` in all, continuing `work`/flow.pt; gives the model with averaged weights."""
    torch.manual_seed(0)
    model = FlowModel(len(tokenizer), tokenizer.eos_token_id).to(device).train()
    path = work / "flow.pt"
    opts = optimizers(model, device)
    base_rates = [opt.param_groups[0]["lr"] for opt in opts]
    average = {name: value.detach().clone() for name, value in model.state_dict().items()}
    spent, step, smooth = 0.0, 0, None
    if state := read(path, device):
        model.load_state_dict(state["model"])
        for opt, saved_state in zip(opts, state["optimizers"], strict=True):
            opt.load_state_dict(saved_state)
        average, spent, step = state["average"], state["spent"], state["step"]
    torch.manual_seed(step)
    source = batches(data, tokenizer, np.random.default_rng(step))
    saved = time.time()
    while spent < seconds:
        begun = time.time()
        for opt, rate in zip(opts, base_rates, strict=True):
            opt.param_groups[0]["lr"] = rate * _rate(spent / seconds)
        loss = _loss(model, *(part.to(device) for part in next(source)))
        model.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for opt in opts:
            opt.step()
        step += 1
        decay = min(0.999, step / (step + 20))
        with torch.no_grad():
            values = dict(model.named_parameters())
            torch._foreach_lerp_([average[n] for n in values], list(values.values()), 1 - decay)
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        spent += time.time() - begun
        if step % 50 == 0:
            log.info("flow step %d (%d pictures), %.0f s, loss %.4f", step, step * BATCH, spent, smooth)
        if time.time() - saved > 150 or spent >= seconds:
            saved = time.time()
            state = {"model": model.state_dict(), "optimizers": [opt.state_dict() for opt in opts],
                     "average": average, "spent": spent, "step": step}  # fmt: skip
            save(state, path)
    model.load_state_dict(average)
    return model.eval()


def _loss(model: FlowModel, clean: Tensor, weights: Tensor, tokens: Tensor) -> Tensor:
    t = torch.sigmoid(TIME_SHIFT + torch.randn(len(clean), device=clean.device))
    noise = torch.randn_like(clean)
    along = t.view(-1, 1, 1, 1)
    with precision(clean.device.type):
        velocity = model((1 - along) * clean + along * noise, t, tokens)
    return (weights * (velocity.float() - (noise - clean)).square()).mean()


def _rate(done: float) -> float:
    if done < WARMUP:
        return done / WARMUP + 1e-3
    return 1.0 if done < STABLE else max(1e-3, (1 - done) / (1 - STABLE))
