"""What is measured on: FLUX's 57 blocks, narrow or in full width, and adapters for them."""

from pathlib import Path
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
from torch import nn

import lorakit
from lorakit.lora.adapter import Adapter, Card, Factors

NARROW, FULL, HEAD = 4, 24, 128  # attention heads, and the width of one: FLUX.1 has 24, which is width 3072
RANK = 16
# The layers that FLUX adapters usually train: attention and feed-forward of both kinds of block.
ENDINGS = (
    "to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out",
    "net.0.proj", "net.2", "proj_mlp", "proj_out",
)  # fmt: skip


def transformer(heads: int = NARROW) -> FluxTransformer2DModel:
    """All blocks of FLUX.1, with constant weights; those of the full width are on the meta device."""
    with torch.device("meta"):
        model = FluxTransformer2DModel(
            num_attention_heads=heads,
            attention_head_dim=HEAD,
            joint_attention_dim=512,
            guidance_embeds=False,
        ).to(torch.bfloat16)
    model.eval().requires_grad_(False)
    if heads != FULL:
        model = model.to_empty(device="cpu")
        for parameter in model.parameters():
            parameter.data.fill_(0.01)
    return model


def small() -> tuple[FluxTransformer2DModel, dict[str, Any]]:
    """A FLUX of 35 million parameters with random weights, and the inputs of one step of it."""
    torch.manual_seed(0)
    model = FluxTransformer2DModel(
        num_layers=2, num_single_layers=4, num_attention_heads=NARROW, attention_head_dim=HEAD,
        joint_attention_dim=512, pooled_projection_dim=64, guidance_embeds=False,
    )  # fmt: skip
    tokens, words = 256, 64
    inputs = {
        "hidden_states": torch.randn(1, tokens, 64), "encoder_hidden_states": torch.randn(1, words, 512),
        "pooled_projections": torch.randn(1, 64), "timestep": torch.full((1,), 0.5),
        "img_ids": torch.zeros(tokens, 3), "txt_ids": torch.zeros(words, 3), "return_dict": False,
    }  # fmt: skip
    return model.requires_grad_(False), inputs


def targets(model: nn.Module) -> list[str]:
    """The layers of all blocks that adapters usually train."""
    return [
        name for name, _ in model.named_modules() if "transformer_blocks." in name and name.endswith(ENDINGS)
    ]


def pipeline(model: FluxTransformer2DModel) -> FluxPipeline:
    """The least that diffusers loads an adapter into."""
    return FluxPipeline(FlowMatchEulerDiscreteScheduler(), None, None, None, None, None, model)


def adapter(model: nn.Module, seed: int) -> Adapter:
    """A rank-16 adapter on the usual layers of every block."""
    random = torch.Generator().manual_seed(seed)
    modules = {}
    for name in targets(model):
        layer = model.get_submodule(name)
        down = torch.randn(RANK, layer.in_features, generator=random).bfloat16() / 64
        up = torch.randn(layer.out_features, RANK, generator=random).bfloat16() / 64
        modules[f"transformer.{name}"] = Factors(down, up, float(RANK))
    return Adapter(modules, Card(name=f"bench {seed}", family="flux"))


def adapter_file(model: nn.Module, folder: Path, seed: int) -> Path:
    """The same, in the layout that diffusers reads."""
    return lorakit.save_adapter(adapter(model, seed), folder)
