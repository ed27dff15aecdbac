"""The arithmetic of memory against what autograd really keeps, and the sizes that the big bases need."""

from types import SimpleNamespace

import pytest
import torch
from diffusers import DDPMScheduler, Flux2Transformer2DModel, FluxTransformer2DModel, UNet2DConditionModel
from transformers import LlamaConfig, LlamaForCausalLM

from lorakit.families import Base, Licence, Settings
from lorakit.lora.inject import trainable
from lorakit.training.forecast.footprint import footprint, image_step, text_step

META, CPU = torch.device("meta"), torch.device("cpu")
GB = 10**9


def base_of(family, build, device, dtype=torch.float32, tokens=512):
    with device:
        model = build().to(dtype).eval().requires_grad_(False)
    parts = SimpleNamespace(transformer=model, unet=model, scheduler=DDPMScheduler())
    settings = Settings(max_tokens=tokens)
    return Base(
        "shape", family, model, device, dtype, Licence("", None),
        pipeline=None if family == "llm" else parts, settings=settings,
    )  # fmt: skip


def with_updates(base, rank):
    with base.device:
        return trainable(base.model, base.kind.targets(base), rank, float(rank))


SMALL = {
    "flux": lambda: FluxTransformer2DModel(
        in_channels=16, num_layers=2, num_single_layers=2, attention_head_dim=16, num_attention_heads=4,
        joint_attention_dim=32, pooled_projection_dim=16, axes_dims_rope=(4, 6, 6),
    ),
    "flux2": lambda: Flux2Transformer2DModel(
        in_channels=16, num_layers=2, num_single_layers=2, attention_head_dim=16, num_attention_heads=4,
        joint_attention_dim=24, axes_dims_rope=(4, 4, 4, 4),
    ),
    "sd15": lambda: UNet2DConditionModel(
        block_out_channels=(16, 32), layers_per_block=1, norm_num_groups=4, cross_attention_dim=16,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), attention_head_dim=4,
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    ),
    "llm": lambda: LlamaForCausalLM(
        LlamaConfig(
            vocab_size=200, hidden_size=64, intermediate_size=128, num_hidden_layers=3,
            num_attention_heads=4, num_key_value_heads=2,
        )
    ),
}  # fmt: skip


@pytest.mark.parametrize("family", SMALL)
def test_what_is_counted_is_what_autograd_keeps(family):
    def step(base):
        return text_step(base, 2, 64) if family == "llm" else image_step(base, 2, 256, 128)

    shape = base_of(family, SMALL[family], META, tokens=32)
    counted = footprint(shape.model, with_updates(shape, 4), step(shape), torch.float32, False, False)

    real = base_of(family, SMALL[family], CPU, tokens=32)
    injection, kept = with_updates(real, 4), {}
    weights = {p.untyped_storage()._cdata for p in real.model.parameters()}

    def pack(value):
        kept[value.untyped_storage()._cdata] = value
        return value

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
        loss = step(real)()
    held = sum(v.untyped_storage().nbytes() for key, v in kept.items() if key not in weights)
    # Grouped keys and values are counted once per head, as a batch of unlike lengths keeps them.
    assert 0 <= counted.activations / held - 1 < (0.07 if family == "llm" else 0.001)
    frozen = [p for p in real.model.parameters() if not p.requires_grad]
    buffers = sum(b.numel() * b.element_size() for b in real.model.buffers())
    assert counted.weights == sum(p.numel() * p.element_size() for p in frozen) + buffers
    loss.backward()
    found = sum(p.grad.numel() * 4 for p in injection.named_parameters().values())
    assert counted.gradients == counted.factors == found and counted.optimizer == 2 * found


def test_a_70b_language_model_trains_on_one_gpu_of_48_gb():
    """Llama 3's 70B in NF4, all linear layers at rank 64, one text of 512 tokens, paged 8-bit AdamW."""
    config = LlamaConfig(
        vocab_size=128_256, hidden_size=8192, intermediate_size=28_672, num_hidden_layers=80,
        num_attention_heads=64, num_key_value_heads=8,
    )  # fmt: skip
    base = base_of("llm", lambda: LlamaForCausalLM(config), META, torch.bfloat16)
    injection = with_updates(base, 64)
    assert sum(p.numel() for p in injection.named_parameters().values()) == 828_375_040
    size = footprint(
        base.model, injection, text_step(base, 1, 512), torch.bfloat16, True, True, "adamw-8bit-paged"
    )
    assert 39 * GB < size.weights < 40 * GB and size.total < 47.2 * GB
    plain = footprint(base.model, injection, text_step(base, 1, 512), torch.bfloat16, True, False)
    assert plain.total > 60 * GB, "keeping the activations would not fit"


def test_flux_at_1024_pixels_fits_12_gb_in_four_bits_and_much_less_with_blocks_that_wait():
    base = base_of("flux", lambda: FluxTransformer2DModel(guidance_embeds=True), META, torch.bfloat16)
    injection, step = with_updates(base, 16), image_step(base, 1, 1024, 1024)

    def size(quantized, offloaded=False):
        return footprint(
            base.model, injection, step, torch.bfloat16, quantized, True, "adamw-8bit", offloaded=offloaded
        ).total / GB  # fmt: skip

    assert 8.5 < size(True) < 9.5
    assert 26 < size(False) < 27.5
    assert size(True, offloaded=True) < 4
