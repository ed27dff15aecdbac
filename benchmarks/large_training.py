"""A whole training of FLUX.1's true size with random weights, beside the recipe of diffusers and PEFT.

    python -m benchmarks.large_training

Transformer, VAE and both text encoders have the sizes of FLUX.1; the tokenizers are the starter's, filled up
to 512 tokens. Ours is `lorakit.train` from photos on, in bf16 with recomputed blocks; the peer is
`training.peer`, once with a caption for each picture (encoded in every step) and once with everything encoded
before. Preparation and steps are told apart, and both are put together for a training of 1,000 steps.
"""

import argparse
import gc
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast, T5Config, T5EncoderModel

import lorakit
from benchmarks import training
from benchmarks.large import SMALL_FLUX, fill
from lorakit.families import Base, Licence, Settings
from lorakit.families.pictures import bring
from lorakit.training.arithmetic import steady

TOKENS, PHOTOS, STEPS = 512, 10, 1000
RUNS = ("ours", "peer, cached", "peer")
VAE = {
    "block_out_channels": (128, 256, 512, 512), "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4, "layers_per_block": 2, "latent_channels": 16,
    "scaling_factor": 0.3611, "shift_factor": 0.1159, "use_quant_conv": False, "use_post_quant_conv": False,
}  # fmt: skip
CLIP = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12}
T5 = {
    "d_model": 4096, "d_ff": 10_240, "d_kv": 64, "num_heads": 64, "num_layers": 24, "vocab_size": 32_128,
    "feed_forward_proj": "gated-gelu",
}  # fmt: skip
SMALL = {
    "vae": VAE | {"block_out_channels": (16, 16, 16, 16), "norm_num_groups": 8},
    "clip": CLIP | {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4},
    "t5": T5 | {"d_model": 64, "d_ff": 64, "d_kv": 16, "num_heads": 4, "num_layers": 1},
    "transformer": SMALL_FLUX,
}  # fmt: skip
FULL: dict[str, dict[str, Any]] = {"vae": VAE, "clip": CLIP, "t5": T5, "transformer": {}}


def pipeline(sizes: dict[str, dict[str, Any]], device: torch.device, dtype: torch.dtype) -> FluxPipeline:
    """FLUX.1's parts with random weights on `device`."""
    starter = Path(lorakit.__file__).parent / "starter" / "image"
    words = [PreTrainedTokenizerFast.from_pretrained(starter / n) for n in ("tokenizer", "tokenizer_2")]
    words[1].model_max_length = TOKENS
    with init_empty_weights(include_buffers=False):
        parts = [
            AutoencoderKL(**sizes["vae"]),
            CLIPTextModel(CLIPTextConfig(max_position_embeddings=words[0].model_max_length, **sizes["clip"])),
            T5EncoderModel(T5Config(**sizes["t5"])),
            FluxTransformer2DModel(guidance_embeds=True, **sizes["transformer"]),
        ]
    for part in parts:
        fill(part, device, dtype, device, nf4=False)
        if hasattr(part, "tie_weights"):
            part.tie_weights()
    vae, clip, t5, transformer = parts
    pipe = FluxPipeline(
        FlowMatchEulerDiscreteScheduler(), vae, clip, words[0], t5, words[1], transformer
    )  # fmt: skip
    pipe.set_progress_bar_config(disable=True)
    return pipe


def measured(
    sizes: dict[str, dict[str, Any]],
    side: int,
    steps: int,
    runs: Sequence[str] = RUNS,
    tell: Callable[[str, dict[str, Any]], Any] = lambda name, found: None,
) -> dict[str, Any]:
    """Seconds of preparation and of a step, ours and the peer's, and CUDA's peaks.

    `tell` gets the figures of each run as soon as there are any.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    pipe = pipeline(sizes, device, dtype)
    settings = Settings(area=side * side, steps=1, max_tokens=TOKENS)
    base = Base("random", "flux", pipe.transformer, device, dtype, Licence("", None), pipe, settings=settings)
    names = base.kind.targets(base)
    recipe = replace(training.RECIPE, steps=steps, batch_size=1, gradient_checkpointing=True, resolution=side)
    found = {}
    with tempfile.TemporaryDirectory() as place:
        folder = training.photos(Path(place) / "photos", PHOTOS, side)
        for name in runs:
            bring(base)  # ours sends the text encoders away
            _forget(device)
            if name == "ours":
                whole, step = training.ours(base, folder, Path(place) / "out", recipe)
            else:
                with steady(device):  # cuDNN's attention ended the recipe with an illegal memory access
                    whole, step = training.peer(pipe, names, folder, steps, "cached" in name, 1, True)
            found[name] = figures = _figures(whole, step, steps, device)
            tell(name, figures)
    return found


def _figures(whole: float, step: float, steps: int, device: torch.device) -> dict[str, Any]:
    prepared = whole - step * steps
    peak = torch.cuda.max_memory_allocated() / 1e9 if device.type == "cuda" else None
    return {"preparation": prepared, "step": step, "1000 steps": prepared + STEPS * step, "peak_gb": peak}


def _forget(device: torch.device) -> None:
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, default=1024, help="pixels of the photos' side")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--small", action="store_true", help="small parts, to try it without a GPU")
    options = parser.parse_args()
    sizes = SMALL if options.small else FULL
    found = measured(
        sizes, options.side, options.steps, tell=lambda *figures: print(*figures, flush=True)
    )  # fmt: skip
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
