"""Bases of true size with random weights, made on the device; tiny ones elsewhere."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import torch
from accelerate import init_empty_weights
from diffusers import DDPMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from transformers import Qwen3Config, Qwen3ForCausalLM

import lorakit
from benchmarks import large, large_training
from benchmarks.gpu.check import Here
from lorakit.families import Base, Licence, Settings
from lorakit.lora.adapter import Adapter, Card, Factors

SDXL = {
    "sample_size": 128, "block_out_channels": (320, 640, 1280), "layers_per_block": 2,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10), "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048, "use_linear_projection": True, "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}  # fmt: skip
SMALL_SDXL = SDXL | {
    "block_out_channels": (16, 16, 32), "transformer_layers_per_block": 1, "attention_head_dim": (2, 2, 4),
    "cross_attention_dim": 64, "addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 80,
    "layers_per_block": 1, "norm_num_groups": 8,
}  # fmt: skip
QWEN3 = {
    "vocab_size": 151_936, "hidden_size": 4096, "intermediate_size": 12_288, "num_hidden_layers": 36,
    "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
}  # fmt: skip
SMALL_QWEN3 = QWEN3 | {
    "vocab_size": 4096, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
}  # fmt: skip
RANK = 16
WHOLE = tuple(large_training.FULL)  # the parts of FLUX.1


def flux(here: Here, *full: str, side: int = 1024, tiny_side: int = 64) -> Base:
    """FLUX.1's pipeline; only the parts named `full` have their true size: vae, clip, t5, transformer."""
    sizes = {
        name: large_training.FULL[name] if name in full and not here.tiny else small
        for name, small in large_training.SMALL.items()
    }
    pipe = large_training.pipeline(sizes, here.device, here.dtype)
    side = here.of(side, tiny_side)
    settings = Settings(area=side * side, steps=here.of(8, 2), max_tokens=words_of(here))
    return Base(
        "random", "flux", pipe.transformer, here.device, here.dtype, Licence("", None), pipe,
        settings=settings,
    )  # fmt: skip


def words_of(here: Here) -> int:
    """Tokens of a prompt of FLUX.1."""
    return here.of(large_training.TOKENS, 16)


def flux_denoiser(here: Here, offload: bool = False) -> Base:
    """FLUX.1's transformer alone; offloaded it is in 4 bits."""
    shape = here.of("flux", "flux-small")
    base = large.random_base(shape, here.device, here.dtype, offload, offload)
    base.settings = replace(base.settings, max_tokens=words_of(here))
    return base


def sdxl(here: Here) -> Base:
    """The denoiser of SDXL, with the schedule that it learns by."""
    with init_empty_weights(include_buffers=False):
        unet = UNet2DConditionModel(**here.of(SDXL, SMALL_SDXL))
    large.fill(unet, here.device, here.dtype, here.device, nf4=False)
    pipe = SimpleNamespace(unet=unet, scheduler=DDPMScheduler(beta_schedule="scaled_linear"))
    settings = Settings(max_tokens=here.of(77, 16))
    return Base(
        "random", "sdxl", unet, here.device, here.dtype, Licence("", None), pipe, settings=settings
    )  # fmt: skip


def qwen3(here: Here) -> Base:
    """Qwen3 8B with the starter's tokenizer, whose words are the first few of its vocabulary."""
    tokenizer = lorakit.load_base("starter-text", device="cpu").tokenizer
    with init_empty_weights(include_buffers=False):
        model: Any = Qwen3ForCausalLM(Qwen3Config(**here.of(QWEN3, SMALL_QWEN3)))
    large.fill(model, here.device, here.dtype, here.device, nf4=False)
    model.generation_config.eos_token_id = None
    model.config.eos_token_id = None
    return Base(
        "random", "llm", model, here.device, here.dtype, Licence("", None), tokenizer=tokenizer,
        settings=Settings(max_tokens=1024),
    )  # fmt: skip


def adapter(name: str, places: dict[str, nn.Module], device: torch.device, seed: int = 0) -> Adapter:
    """A rank-16 adapter with random updates of the linear layers at these full names."""
    random = torch.Generator(device).manual_seed(seed)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random, device=device).bfloat16() / 64

    modules = {
        place: Factors(drawn(RANK, layer.in_features), drawn(layer.out_features, RANK), float(RANK))
        for place, layer in places.items()
        if isinstance(layer, nn.Linear)
    }
    return Adapter(modules, Card(name=name, family="flux"))


def denoiser_adapter(base: Base, seed: int) -> Adapter:
    """One for all layers that are usually trained."""
    return adapter(f"bench {seed}", denoiser_layers(base), base.device, seed)


def denoiser_layers(base: Base) -> dict[str, nn.Module]:
    """The layers that are usually trained by their full names."""
    names = base.kind.targets(base)
    return {f"transformer.{name}": base.model.get_submodule(name) for name in names}


def encoder_layers(base: Base) -> dict[str, nn.Module]:
    """The linear layers of the first text encoder by their full names."""
    modules = base.pipeline.text_encoder.named_modules()
    return {f"text_encoder.{name}": part for name, part in modules if isinstance(part, nn.Linear)}
