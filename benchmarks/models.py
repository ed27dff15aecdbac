"""What is measured on: FLUX's 57 blocks at half its width, and an adapter file for it."""

from pathlib import Path

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
from torch import nn

import lorakit
from lorakit.lora.adapter import Adapter, Card, Factors

HEADS, HEAD = 12, 128  # half of FLUX.1's 24 heads: 3 B parameters, 6 GB in bf16
RANK = 16
# The layers that FLUX adapters usually train: attention and feed-forward of both kinds of block.
ENDINGS = (
    "to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out",
    "net.0.proj", "net.2", "proj_mlp", "proj_out",
)  # fmt: skip


def transformer() -> FluxTransformer2DModel:
    """All blocks of FLUX.1, with constant weights."""
    with torch.device("meta"):
        model = FluxTransformer2DModel(
            num_attention_heads=HEADS,
            attention_head_dim=HEAD,
            joint_attention_dim=2048,
            guidance_embeds=False,
        )
    model = model.to(torch.bfloat16).to_empty(device="cpu").eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.data.fill_(0.01)
    return model


def pipeline(model: FluxTransformer2DModel) -> FluxPipeline:
    """The least that diffusers loads an adapter into."""
    return FluxPipeline(FlowMatchEulerDiscreteScheduler(), None, None, None, None, None, model)


def adapter_file(model: nn.Module, folder: Path, seed: int) -> Path:
    """A rank-16 adapter on the usual layers of every block, in the layout that diffusers reads."""
    random = torch.Generator().manual_seed(seed)
    modules = {}
    for name, layer in model.named_modules():
        if "transformer_blocks." in name and name.endswith(ENDINGS):
            down = torch.randn(RANK, layer.in_features, generator=random).bfloat16() / 64
            up = torch.randn(layer.out_features, RANK, generator=random).bfloat16() / 64
            modules[f"transformer.{name}"] = Factors(down, up, float(RANK))
    return lorakit.save_adapter(Adapter(modules, Card(name=f"bench {seed}", family="flux")), folder)
