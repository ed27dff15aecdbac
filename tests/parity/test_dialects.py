"""Foreign adapter files: diffusers' own converters and PEFT read the same updates out of them as we do."""

import pytest
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    Flux2Pipeline,
    FluxPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

import lorakit
from tests.formats.authors import FLUX_1, FLUX_2, XLABS

HIDDEN, RANK = 3072, 2  # diffusers' converters know FLUX in its true width only


def shapes(row):
    """(out, in) of the authors' layer in the true FLUX."""
    if "img_mod" in row or "txt_mod" in row:
        return 6 * HIDDEN, HIDDEN
    return {
        "qkv": (3 * HIDDEN, HIDDEN), "proj": (HIDDEN, HIDDEN), "0": (4 * HIDDEN, HIDDEN),
        "2": (HIDDEN, 4 * HIDDEN), "linear1": (7 * HIDDEN, HIDDEN), "linear2": (HIDDEN, 5 * HIDDEN),
        "lin": (3 * HIDDEN, HIDDEN),
    }[row.rpartition(".")[2]]  # fmt: skip


def blocks():
    return [layer.at("0").theirs for layer in FLUX_1 if layer.repeats]


def kohya(name, down, up):
    key = "lora_unet_" + name.replace(".", "_")
    return {
        f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up, f"{key}.alpha": torch.tensor(1.0)
    }  # fmt: skip


def authors(name, down, up):
    return {f"diffusion_model.{name}.lora_A.weight": down, f"diffusion_model.{name}.lora_B.weight": up}


def xlabs(name, down, up):
    names = {layer.at("0").theirs: ours.replace("N", "0") for ours, layer in XLABS.items()}
    return {f"{names[name]}.down.weight": down, f"{names[name]}.up.weight": up}


@pytest.mark.parametrize("spelling", [kohya, xlabs])  # the authors' names it does not read
def test_flux_files_mean_what_diffusers_reads_in_them(spelling, tmp_path):
    torch.manual_seed(0)
    names = [n for n in blocks() if spelling is not xlabs or "attn" in n]
    tensors = {}
    for name in names:
        out, inner = shapes(name)
        tensors |= spelling(name, torch.randn(RANK, inner), torch.randn(out, RANK))
    save_file(tensors, tmp_path / "lora.safetensors")
    theirs = FluxPipeline.lora_state_dict(dict(tensors))
    ours = lorakit.load_adapter(tmp_path / "lora.safetensors").modules
    read = {key.removesuffix(".lora_A.weight") for key in theirs if key.endswith(".lora_A.weight")}
    assert read == set(ours)
    probe = torch.Generator().manual_seed(1)
    for name, factors in ours.items():
        down, up = theirs[f"{name}.lora_A.weight"], theirs[f"{name}.lora_B.weight"]
        x = torch.randn(factors.down.shape[1], 4, generator=probe)
        expected = up.float() @ (down.float() @ x)
        torch.testing.assert_close(
            factors.scale * (factors.up @ (factors.down @ x)), expected, rtol=1e-4, atol=1e-3
        )


def test_flux_2_files_mean_what_diffusers_reads_in_them(tmp_path):
    torch.manual_seed(0)
    hidden = 16
    shapes = {"qkv": (3, 1), "proj": (1, 1), "0": (6, 1), "2": (1, 3), "linear1": (9, 1), "linear2": (1, 4)}
    tensors = {}
    for row in FLUX_2:
        if row.repeats:
            out, inner = shapes[row.theirs.rpartition(".")[2]]
            down, up = torch.randn(RANK, inner * hidden), torch.randn(out * hidden, RANK)
            tensors |= authors(row.theirs.replace("N", "0"), down, up)
    save_file(tensors, tmp_path / "lora.safetensors")
    theirs = Flux2Pipeline.lora_state_dict(dict(tensors))
    ours = lorakit.load_adapter(tmp_path / "lora.safetensors").modules
    assert {key.removesuffix(".lora_A.weight") for key in theirs if key.endswith("lora_A.weight")} == set(
        ours
    )
    for name, factors in ours.items():
        expected = theirs[f"{name}.lora_B.weight"] @ theirs[f"{name}.lora_A.weight"]
        torch.testing.assert_close(factors.delta(), expected, rtol=1e-4, atol=1e-4)


def small_unet():
    torch.manual_seed(0)
    return UNet2DConditionModel(
        block_out_channels=(8, 16, 16), layers_per_block=2, norm_num_groups=4, cross_attention_dim=12,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=4,
        transformer_layers_per_block=(1, 1, 2), use_linear_projection=True, addition_embed_type="text_time",
        addition_time_embed_dim=4, projection_class_embeddings_input_dim=36,
    ).eval()  # fmt: skip


def answer(unet):
    torch.manual_seed(3)
    inputs = torch.randn(1, 4, 16, 16), torch.tensor([500]), torch.randn(1, 5, 12)
    more = {"text_embeds": torch.randn(1, 12), "time_ids": torch.randn(1, 6)}
    with torch.no_grad():
        return unet(*inputs, added_cond_kwargs=more).sample


def test_a_kohya_file_for_sdxl_gives_diffusers_picture(tmp_path):
    torch.manual_seed(4)
    tensors = {}
    for name, layer in small_unet().named_modules():
        key = "lora_unet_" + name.replace(".", "_")
        if "attentions" in name and isinstance(layer, nn.Linear):
            down, up = torch.randn(RANK, layer.in_features), torch.randn(layer.out_features, RANK)
        elif "resnets" in name and isinstance(layer, nn.Conv2d) and "shortcut" not in name:
            down = torch.randn(RANK, layer.in_channels, *layer.kernel_size)
            up = torch.randn(layer.out_channels, RANK, 1, 1)
        else:
            continue
        tensors |= {f"{key}.lora_down.weight": down / 8, f"{key}.lora_up.weight": up / 8}
        tensors[f"{key}.alpha"] = torch.tensor(1.0)
    save_file(tensors, tmp_path / "sdxl.safetensors")
    pipeline = StableDiffusionXLPipeline(
        AutoencoderKL(), None, None, None, None, small_unet(), DDIMScheduler()
    )
    pipeline.load_lora_weights(tmp_path / "sdxl.safetensors")
    model = small_unet()
    before = answer(model)
    with lorakit.applied(model, {lorakit.load_adapter(tmp_path / "sdxl.safetensors"): 1.0}):
        ours = answer(model)
    assert (ours - before).abs().max() > 1e-2
    torch.testing.assert_close(ours, answer(pipeline.unet), rtol=1e-4, atol=1e-5)


def llama():
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4
    )).eval()  # fmt: skip


@pytest.mark.parametrize("changes", [
    {}, {"use_rslora": True}, {"use_dora": True},
    {"rank_pattern": {"layers.0.self_attn.q_proj": 7}, "alpha_pattern": {r".*v_proj": 3}},
])  # fmt: skip
def test_a_peft_folder_computes_here_what_it_computes_there(changes, tmp_path):
    config = LoraConfig(r=4, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"], **changes)
    theirs = get_peft_model(llama(), config).eval()
    torch.manual_seed(5)
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.2)
            if "magnitude" in name:
                parameter.mul_(1.3)
    theirs.save_pretrained(tmp_path)
    tokens, base = torch.arange(12)[None], llama()
    with torch.no_grad(), lorakit.applied(base, {lorakit.load_adapter(tmp_path): 1.0}):
        torch.testing.assert_close(base(tokens).logits, theirs(tokens).logits, rtol=1e-4, atol=1e-5)


def test_our_kohya_file_is_read_by_diffusers(tmp_path):
    torch.manual_seed(6)
    tensors = {}
    for name in blocks():
        out, inner = shapes(name)
        tensors |= authors(name, torch.randn(RANK, inner), torch.randn(out, RANK))
    save_file(tensors, tmp_path / "bfl.safetensors")
    adapter = lorakit.load_adapter(tmp_path / "bfl.safetensors")
    lorakit.save_adapter(adapter, tmp_path / "out", format="kohya")
    theirs = FluxPipeline.lora_state_dict(str(tmp_path / "out" / "lora.safetensors"))
    probe = torch.Generator().manual_seed(1)
    for name, factors in adapter.modules.items():
        down, up = theirs[f"{name}.lora_A.weight"], theirs[f"{name}.lora_B.weight"]
        x = torch.randn(factors.down.shape[1], 4, generator=probe)
        expected = factors.scale * (factors.up @ (factors.down @ x))
        torch.testing.assert_close(up.float() @ (down.float() @ x), expected, rtol=1e-4, atol=1e-3)
