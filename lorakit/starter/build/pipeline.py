"""The starter image base as a diffusers FluxPipeline folder."""

import copy
from pathlib import Path

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxPipeline
from transformers import PreTrainedTokenizerFast

from lorakit import durable
from lorakit.starter.build.captions import MAX_TOKENS
from lorakit.starter.build.flow import FlowModel

STEPS = 16
GUIDANCE = 3.0
SHARD = "8MB"  # a Space refuses plain files over 10 MB


def assemble(
    autoencoder: AutoencoderKL,
    flow: FlowModel,
    tokenizer: PreTrainedTokenizerFast,
    shift: float,
    spread: float,
) -> FluxPipeline:
    """The pipeline around trained parts; `shift` and `spread` are the latents' mean and deviation."""
    autoencoder.register_to_config(shift_factor=shift, scaling_factor=1 / spread)
    scheduler = FlowMatchEulerDiscreteScheduler(shift=1.0, use_dynamic_shifting=False)
    pipeline = FluxPipeline(
        scheduler, autoencoder, flow.clip, tokenizer, flow.t5, copy.deepcopy(tokenizer), flow.transformer
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def export(pipeline: FluxPipeline, folder: Path) -> None:
    """Write the folder in bf16, all or nothing."""
    with durable.replacing_folder(folder) as aside:
        half = copy.deepcopy(pipeline).to(torch.bfloat16)
        half.save_pretrained(aside, max_shard_size=SHARD)
        stated = {"area": 128 * 128, "steps": STEPS, "guidance": GUIDANCE, "max_tokens": MAX_TOKENS,
                  "demonstration": True, "licence": {"name": "Apache-2.0", "commercial": True}}  # fmt: skip
        durable.write_json(aside / "lorakit.json", stated)
