"""What we save, PEFT and diffusers open, and compute the same as we do."""

import pytest
import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
from peft import PeftModel
from transformers import LlamaConfig, LlamaForCausalLM

import lorakit
from lorakit.lora.adapter import Adapter, Card, Factors


def llama():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4
    )
    return LlamaForCausalLM(config).eval()


def flux():
    torch.manual_seed(0)
    return FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=24,
        pooled_projection_dim=12,
        guidance_embeds=False,
        axes_dims_rope=(4, 6, 6),
    ).eval()


def adapter(model, endings, prefix="", *, rank=4, alpha=4.0, rslora=False, dora=False, family=""):
    random = torch.Generator().manual_seed(1)
    modules = {}
    for name, layer in model.named_modules():
        if not name.endswith(endings) or not isinstance(layer, torch.nn.Linear):
            continue
        here = rank + 2 * name.endswith(
            "0.self_attn.q_proj"
        )  # one layer of another rank: rank_pattern is written
        down = torch.randn(here, layer.in_features, generator=random) / 4
        up = torch.randn(layer.out_features, here, generator=random) / 4
        magnitude = layer.weight.detach().norm(dim=1) * 1.2 if dora else None
        modules[prefix + name] = Factors(down, up, alpha, magnitude, rslora)
    return Adapter(modules, Card(name="parity", family=family))


@pytest.mark.parametrize("kinds", [{}, {"alpha": 10.0}, {"alpha": 3.0, "rslora": True}, {"dora": True}])
def test_peft_computes_the_same_from_our_folder(kinds, tmp_path):
    tokens = torch.arange(10)[None]
    ours = adapter(llama(), ("q_proj", "v_proj", "down_proj"), family="llm", **kinds)
    lorakit.save_adapter(ours, tmp_path, format="peft")
    base = llama()
    with torch.no_grad():
        with lorakit.applied(base, {ours: 1.0}):
            expected = base(tokens).logits
        theirs = PeftModel.from_pretrained(llama(), tmp_path).eval()
        torch.testing.assert_close(theirs(tokens).logits, expected, rtol=1e-4, atol=1e-5)
        again = lorakit.load_adapter(tmp_path)
        with lorakit.applied(base, {again: 1.0}):
            torch.testing.assert_close(base(tokens).logits, expected)


@pytest.mark.parametrize("kinds", [{}, {"alpha": 10.0}, {"alpha": 3.0, "rslora": True}])
def test_diffusers_computes_the_same_from_our_folder(kinds, tmp_path):
    ours = adapter(flux(), ("to_q", "to_v", "to_out.0", "proj_mlp"), "transformer.", family="flux", **kinds)
    lorakit.save_adapter(ours, tmp_path, format="diffusers")
    inputs = {
        "hidden_states": torch.randn(1, 4, 16),
        "encoder_hidden_states": torch.randn(1, 3, 24),
        "pooled_projections": torch.randn(1, 12),
        "timestep": torch.tensor([0.5]),
        "img_ids": torch.zeros(4, 3),
        "txt_ids": torch.zeros(3, 3),
        "return_dict": False,
    }
    pipeline = FluxPipeline(
        FlowMatchEulerDiscreteScheduler(), AutoencoderKL(latent_channels=4), None, None, None, None, flux()
    )
    pipeline.load_lora_weights(tmp_path)
    model = flux()
    with torch.no_grad():
        before = model(**inputs)[0]
        with lorakit.applied(model, {ours: 1.0}):
            expected = model(**inputs)[0]
        assert (expected - before).abs().max() > 1e-3
        torch.testing.assert_close(pipeline.transformer(**inputs)[0], expected, rtol=1e-4, atol=1e-5)
