"""Whole pipelines built small: diffusers and PEFT open what we save, we open theirs, and outputs agree."""

import pytest
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from peft import AdaLoraConfig, LoHaConfig, LoKrConfig, LoraConfig, PeftModel, get_peft_model
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    LlamaConfig,
    LlamaForCausalLM,
)

import lorakit
from lorakit.lora.adapter import Adapter, Card, Factors

CLIP = CLIPTextConfig(
    vocab_size=20, projection_dim=8, bos_token_id=0, eos_token_id=1, hidden_size=8, intermediate_size=16,
    num_hidden_layers=2, num_attention_heads=2,
)  # fmt: skip
UNET = {
    "block_out_channels": (8, 16, 16), "layers_per_block": 2, "norm_num_groups": 4, "cross_attention_dim": 12,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), "attention_head_dim": 4,
}  # fmt: skip
SDXL = {
    "transformer_layers_per_block": (1, 1, 2), "use_linear_projection": True,
    "addition_embed_type": "text_time", "addition_time_embed_dim": 4,
    "projection_class_embeddings_input_dim": 36,
}  # fmt: skip


def pipeline(family):
    torch.manual_seed(0)
    if family == "flux":
        transformer = FluxTransformer2DModel(
            patch_size=1, in_channels=16, num_layers=2, num_single_layers=2, attention_head_dim=16,
            num_attention_heads=2, joint_attention_dim=24, pooled_projection_dim=12, guidance_embeds=True,
            axes_dims_rope=(4, 6, 6),
        )  # fmt: skip
        return FluxPipeline(
            FlowMatchEulerDiscreteScheduler(), AutoencoderKL(latent_channels=4), CLIPTextModel(CLIP), None,
            None, None, transformer,
        )  # fmt: skip
    if family == "sd15":
        parts = CLIPTextModel(CLIP), None, UNet2DConditionModel(**UNET), DDIMScheduler(), None, None
        return StableDiffusionPipeline(AutoencoderKL(), *parts, requires_safety_checker=False)
    encoders = CLIPTextModel(CLIP), CLIPTextModelWithProjection(CLIP)
    return StableDiffusionXLPipeline(
        AutoencoderKL(), *encoders, None, None, UNet2DConditionModel(**UNET | SDXL), DDIMScheduler()
    )


def outputs(pipe):
    """What the denoiser and each text encoder answer."""
    torch.manual_seed(3)
    found = {}
    with torch.no_grad():
        if hasattr(pipe, "transformer"):
            found["transformer"] = pipe.transformer.eval()(
                hidden_states=torch.randn(1, 4, 16), encoder_hidden_states=torch.randn(1, 3, 24),
                pooled_projections=torch.randn(1, 12), timestep=torch.tensor([0.5]),
                img_ids=torch.zeros(4, 3), txt_ids=torch.zeros(3, 3), guidance=torch.tensor([1.0]),
                return_dict=False,
            )[0]  # fmt: skip
        else:
            inputs = torch.randn(1, 4, 16, 16), torch.tensor([500]), torch.randn(1, 5, 12)
            more = {"text_embeds": torch.randn(1, 12), "time_ids": torch.randn(1, 6)}
            found["unet"] = pipe.unet.eval()(*inputs, added_cond_kwargs=more).sample
        tokens = torch.arange(2, 9)[None]
        for part in ("text_encoder", "text_encoder_2"):
            encoder = getattr(pipe, part, None)
            if encoder is not None:
                found[part] = encoder.eval()(tokens, output_hidden_states=True).hidden_states[-1]
    return found


def adapter(pipe, family, *, dora=False, rslora=False, text=True, convolutions=False):
    generator = torch.Generator().manual_seed(1)
    modules = {}
    for part in ("transformer", "unet", "text_encoder", "text_encoder_2"):
        model = getattr(pipe, part, None)
        if not isinstance(model, nn.Module) or (part.startswith("text") and not text):
            continue
        for name, layer in model.named_modules():
            linear = isinstance(layer, nn.Linear) and ("attn" in name or ".ff." in name or "proj" in name)
            conv = convolutions and isinstance(layer, nn.Conv2d) and name.endswith(("conv1", "conv2"))
            if not linear and not conv:
                continue
            weight = layer.weight.detach()
            kernel = weight.shape[2:]
            down = torch.randn(4, *weight.shape[1:], generator=generator) / 4
            up = torch.randn(weight.shape[0], 4, *[1] * len(kernel), generator=generator) / 4
            magnitude = weight.flatten(1).norm(dim=1) * 1.3 if dora else None
            modules[f"{part}.{name}"] = Factors(down, up, 3.0, magnitude, rslora)
    return Adapter(modules, Card(name="parity", family=family))


def agree(found, expected, before, untouched=()):
    for part, answer in expected.items():
        assert part in untouched or (answer - before[part]).abs().max() > 1e-2, part
        scale = answer.abs().max().item()
        torch.testing.assert_close(
            found[part], answer, rtol=1e-4, atol=1e-4 * scale, msg=lambda m, p=part: f"{p}: {m}"
        )


KINDS = [
    pytest.param({}, id="lora"),
    pytest.param({"dora": True}, id="dora"),
    pytest.param({"rslora": True}, id="rs"),
]


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("family", ["flux", "sd15", "sdxl"])
def test_diffusers_opens_what_we_save_under_its_names(family, kinds, tmp_path):
    """DoRA on the denoiser only: diffusers 0.42 loses a text encoder's magnitudes, its own files' too."""
    pipe = pipeline(family)
    before, ours = outputs(pipe), adapter(pipe, family, **kinds, text="dora" not in kinds)
    with lorakit.applied(pipe, {ours: 1.0}):
        expected = outputs(pipe)
    lorakit.save_adapter(ours, tmp_path, format="diffusers")
    theirs = pipeline(family)
    theirs.load_lora_weights(tmp_path)
    agree(outputs(theirs), expected, before, ("text_encoder", "text_encoder_2") if "dora" in kinds else ())


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
@pytest.mark.parametrize("convolutions", [False, True])
def test_diffusers_opens_what_we_save_under_kohyas_names(family, convolutions, tmp_path):
    pipe = pipeline(family)
    before, ours = outputs(pipe), adapter(pipe, family, convolutions=convolutions)
    with lorakit.applied(pipe, {ours: 1.0}):
        expected = outputs(pipe)
    written = lorakit.save_adapter(ours, tmp_path, format="kohya")
    theirs = pipeline(family)
    theirs.load_lora_weights(written)
    agree(outputs(theirs), expected, before)


def added(pipe, dense):
    """The pipeline with dense updates added to its weights, whatever they come from."""
    for name, delta in dense.items():
        part, _, module = name.partition(".")
        with torch.no_grad():
            getattr(pipe, part).get_submodule(module).weight.add_(delta)
    return pipe


def layers_of(pipe, *ends):
    for part in ("transformer", "unet", "text_encoder", "text_encoder_2"):
        model = getattr(pipe, part, None)
        for name, layer in model.named_modules() if isinstance(model, nn.Module) else ():
            if isinstance(layer, nn.Linear) and name.endswith(ends):
                yield part, name, layer


KOHYA = {"unet": "lora_unet_", "transformer": "lora_transformer_", "text_encoder": "lora_te1_",
         "text_encoder_2": "lora_te2_"}  # fmt: skip


@pytest.mark.parametrize("family", ["flux", "sd15", "sdxl"])
def test_clip_layers_of_another_tool_are_in_the_file_that_diffusers_opens(family, tmp_path):
    """Kohya's names have the level `text_model.`, which transformers 5 has in one of its two classes only."""
    torch.manual_seed(7)
    pipe, tensors, dense = pipeline(family), {}, {}
    before = outputs(pipe)
    for number, (part, name, layer) in enumerate(layers_of(pipe, "to_q", "q_proj", "fc1")):
        rank, alpha = 2 + number % 2, 3.0 - number % 3
        level = "text_model." if part.startswith("text") and not name.startswith("text_model.") else ""
        start = "lora_te_" if family == "sd15" and part == "text_encoder" else KOHYA[part]
        key = start + f"{level}{name}".replace(".", "_")
        down, up = torch.randn(rank, layer.in_features) / 2, torch.randn(layer.out_features, rank) / 2
        tensors |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up}
        tensors[f"{key}.alpha"] = torch.tensor(alpha)
        dense[f"{part}.{name}"] = alpha / rank * up @ down
    save_file(tensors, tmp_path / "kohya.safetensors")
    opened = lorakit.load_adapter(tmp_path / "kohya.safetensors")
    lorakit.save_adapter(opened, tmp_path / "out", format="diffusers")
    theirs = pipeline(family)
    theirs.load_lora_weights(tmp_path / "out")
    agree(outputs(theirs), outputs(added(pipe, dense)), before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", ["sd15", "sdxl"])
@pytest.mark.parametrize("mixed", ["ranks", "alphas", "both"])
def test_mixed_ranks_and_alphas_under_kohyas_names_are_right_in_diffusers(mixed, family, dtype, tmp_path):
    torch.manual_seed(8)
    pipe, modules, dense = pipeline(family), {}, {}
    before = outputs(pipe)
    for number, (part, name, layer) in enumerate(layers_of(pipe, "to_q", "to_out.0", "ff.net.2", "_proj")):
        rank = 2 + number % 3 if mixed != "alphas" else 3
        alpha = 1.0 + number % 4 if mixed != "ranks" else 5.0
        down = (torch.randn(rank, layer.in_features) / 2).to(dtype)
        up = (torch.randn(layer.out_features, rank) / 2).to(dtype)
        modules[f"{part}.{name}"] = Factors(down, up, alpha)
        dense[f"{part}.{name}"] = alpha / rank * up.float() @ down.float()
    ours = Adapter(modules, Card(name="mixed", family=family))
    written = lorakit.save_adapter(ours, tmp_path, format="kohya")
    theirs = pipeline(family)
    theirs.load_lora_weights(written)
    agree(outputs(theirs), outputs(added(pipe, dense)), before)


@pytest.mark.parametrize("kinds", [{}, {"use_dora": True}, {"use_rslora": True}])
@pytest.mark.parametrize("family", ["flux", "sd15", "sdxl"])
def test_we_open_what_diffusers_saves(family, kinds, tmp_path):
    theirs = pipeline(family)
    before = outputs(theirs)
    config = LoraConfig(r=3, lora_alpha=7, target_modules=["to_q", "to_out.0", "q_proj", "fc1"], **kinds)
    parts = [
        p
        for p in ("transformer", "unet", "text_encoder", "text_encoder_2")
        if getattr(theirs, p, None) is not None
    ]
    for part in parts:
        model = getattr(theirs, part)
        model.add_adapter(config)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "lora_B" in name:
                    parameter.normal_(std=0.5)
                if "magnitude" in name:
                    parameter.mul_(1.2)
    from peft.utils import get_peft_model_state_dict

    layers = {f"{p}_lora_layers": get_peft_model_state_dict(getattr(theirs, p)) for p in parts}
    from diffusers.training_utils import _collate_lora_metadata

    metadata = _collate_lora_metadata({p: getattr(theirs, p) for p in parts})
    type(theirs).save_lora_weights(tmp_path, **layers, **metadata)
    pipe = pipeline(family)
    with lorakit.applied(pipe, {lorakit.load_adapter(tmp_path): 1.0}):
        agree(outputs(pipe), outputs(theirs), before)


@pytest.mark.parametrize("kinds", KINDS)
def test_peft_opens_our_folder_of_a_flux_transformer(kinds, tmp_path):
    pipe = pipeline("flux")
    before, ours = outputs(pipe), adapter(pipe, "flux", text=False, **kinds)
    with lorakit.applied(pipe, {ours: 1.0}):
        expected = outputs(pipe)["transformer"]
    lorakit.save_adapter(ours, tmp_path, format="peft")
    theirs = pipeline("flux")
    theirs.transformer = PeftModel.from_pretrained(theirs.transformer, tmp_path)
    agree(outputs(theirs), {"transformer": expected}, before)


def llama():
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4
    )).eval()  # fmt: skip


@pytest.mark.parametrize("config", [
    LoHaConfig(r=3, alpha=5, target_modules=["q_proj", "down_proj"]),
    LoKrConfig(r=3, alpha=5, target_modules=["q_proj", "down_proj"], decompose_both=True),
    LoKrConfig(r=32, alpha=5, target_modules=["q_proj", "down_proj"]),
    LoraConfig(r=3, lora_alpha=5, target_modules=r".*\.(q|down)_proj", use_rslora=True,
               rank_pattern={"q_proj": 6}),
    LoraConfig(r=3, lora_alpha=5, target_modules="all-linear", alpha_pattern={r".*1\.mlp\.down_proj": 9}),
    AdaLoraConfig(init_r=4, target_r=2, lora_alpha=6, total_step=10, target_modules=["q_proj", "down_proj"]),
], ids=["loha", "lokr", "lokr-full", "regex", "pattern", "adalora"])  # fmt: skip
def test_every_kind_of_peft_folder(config, tmp_path):
    theirs = get_peft_model(llama(), config).eval()
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in theirs.parameters():
            if parameter.requires_grad:
                parameter.normal_(std=0.3)
    theirs.save_pretrained(tmp_path)
    tokens, base = torch.arange(12)[None], llama()
    with torch.no_grad(), lorakit.applied(base, {lorakit.load_adapter(tmp_path): 1.0}):
        torch.testing.assert_close(base(tokens).logits, theirs(tokens).logits, rtol=1e-4, atol=1e-4)


def test_trigger_and_base_are_still_in_a_file_that_diffusers_read(tmp_path):
    pipe = pipeline("sd15")
    ours = adapter(pipe, "sd15")
    ours.card.trigger = "aurora bottle"
    with safe_open(lorakit.save_adapter(ours, tmp_path, format="diffusers"), "pt") as file:
        assert file.metadata()["modelspec.trigger_phrase"] == "aurora bottle"
