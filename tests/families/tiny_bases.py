"""Pipelines of the true classes, small enough to build in a second, with random weights."""

import json
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLFlux2,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Pipeline,
    Flux2Transformer2DModel,
    FluxPipeline,
    FluxTransformer2DModel,
    PNDMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    Mistral3Config,
    Mistral3ForConditionalGeneration,
    MistralConfig,
    PixtralVisionConfig,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
    T5Config,
    T5EncoderModel,
)

WORDS = [
    *["<pad>", "</s>", "<s>", "<unk>", "[IMG]", "[IMG_BREAK]", "[IMG_END]"],
    *["a", "red", "blue", "bottle", "can", "on", "the", "table", "in", "snow", "studio", "photo", "of"],
]
CHAT = (
    "{{ bos_token }}{% for m in messages %}{% if m['content'] is string %}{{ m['content'] }} {% else %}"
    "{% for part in m['content'] %}{{ part['text'] }} {% endfor %}{% endif %}{% endfor %}"
)
TOKENS = 16
SCALED = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def tokenizer() -> PreTrainedTokenizerFast:
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.post_processor = processors.TemplateProcessing(
        "<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 1)]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", bos_token="<s>", unk_token="<unk>",
        model_max_length=TOKENS, padding_side="right",
    )  # fmt: skip
    wrapped.chat_template = CHAT
    return wrapped


def clip(kind, width: int):
    return kind(
        CLIPTextConfig(
            vocab_size=len(WORDS), hidden_size=width, intermediate_size=2 * width, num_hidden_layers=2,
            num_attention_heads=2, max_position_embeddings=TOKENS, projection_dim=width,
            bos_token_id=2, eos_token_id=1, pad_token_id=0,
        )
    )  # fmt: skip


def vae(kind=AutoencoderKL, channels: int = 4, **more):
    return kind(
        in_channels=3, out_channels=3, latent_channels=channels, block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1, norm_num_groups=4, **more,
    )  # fmt: skip


def unet(text: int, **more) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=16, in_channels=4, out_channels=4, block_out_channels=(8, 16), layers_per_block=2,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), norm_num_groups=4,
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), attention_head_dim=4,
        cross_attention_dim=text, **more,
    )  # fmt: skip


def sd15(prediction: str = "epsilon") -> StableDiffusionPipeline:
    torch.manual_seed(0)
    scheduler = PNDMScheduler(skip_prk_steps=True, steps_offset=1, prediction_type=prediction, **SCALED)
    return StableDiffusionPipeline(
        vae(scaling_factor=0.2), clip(CLIPTextModel, 16), tokenizer(), unet(16), scheduler, None, None,
        requires_safety_checker=False,
    )  # fmt: skip


def sdxl(prediction: str = "epsilon", zeros: bool = True) -> StableDiffusionXLPipeline:
    torch.manual_seed(0)
    denoiser = unet(
        16 + 12, addition_embed_type="text_time", addition_time_embed_dim=4, use_linear_projection=True,
        projection_class_embeddings_input_dim=12 + 6 * 4, transformer_layers_per_block=2,
    )  # fmt: skip
    return StableDiffusionXLPipeline(
        vae(scaling_factor=0.13), clip(CLIPTextModel, 16), clip(CLIPTextModelWithProjection, 12),
        tokenizer(), tokenizer(), denoiser,
        EulerDiscreteScheduler(prediction_type=prediction, steps_offset=1, **SCALED),
        force_zeros_for_empty_prompt=zeros, add_watermarker=False,
    )  # fmt: skip


def flux1(guidance_embeds: bool = False, extra_channels: int = 0, dynamic: bool = False) -> FluxPipeline:
    torch.manual_seed(0)
    transformer = FluxTransformer2DModel(
        patch_size=1, in_channels=16 + extra_channels, out_channels=16, num_layers=1,
        num_single_layers=1, attention_head_dim=16, num_attention_heads=2, joint_attention_dim=24,
        pooled_projection_dim=20, guidance_embeds=guidance_embeds, axes_dims_rope=(4, 6, 6),
    )  # fmt: skip
    # diffusers starts the last layer at zero, which would make every velocity zero.
    torch.nn.init.normal_(transformer.proj_out.weight, std=0.05)
    autoencoder = vae(
        mid_block_add_attention=False, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.1,
        scaling_factor=0.7,
    )  # fmt: skip
    t5 = T5EncoderModel(
        T5Config(vocab_size=len(WORDS), d_model=24, d_kv=8, d_ff=48, num_layers=1, num_heads=3)
    )
    scheduler = FlowMatchEulerDiscreteScheduler(shift=1.0, use_dynamic_shifting=dynamic)
    return FluxPipeline(
        scheduler, autoencoder, clip(CLIPTextModel, 20), tokenizer(), t5, tokenizer(), transformer
    )


def flux2_transformer(text: int, guided: bool) -> Flux2Transformer2DModel:
    transformer = Flux2Transformer2DModel(
        in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=text, timestep_guidance_channels=16, axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=guided,
    )  # fmt: skip
    torch.nn.init.normal_(transformer.proj_out.weight, std=0.05)
    return transformer


def flux2_vae() -> AutoencoderKLFlux2:
    autoencoder = vae(AutoencoderKLFlux2)
    autoencoder.bn.running_mean.normal_(0, 0.2)
    autoencoder.bn.running_var.uniform_(0.5, 2.0)
    return autoencoder


def klein(distilled: bool = False) -> Flux2KleinPipeline:
    torch.manual_seed(0)
    encoder = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(WORDS), hidden_size=8, intermediate_size=16, num_hidden_layers=28,
            num_attention_heads=2, num_key_value_heads=1, head_dim=4, max_position_embeddings=64,
        )
    )  # fmt: skip
    return Flux2KleinPipeline(
        FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True), flux2_vae(), encoder, tokenizer(),
        flux2_transformer(24, guided=False), is_distilled=distilled,
    )  # fmt: skip


def flux2_dev() -> Flux2Pipeline:
    torch.manual_seed(0)
    text = MistralConfig(
        vocab_size=len(WORDS), hidden_size=8, intermediate_size=16, num_hidden_layers=31,
        num_attention_heads=2, num_key_value_heads=1, head_dim=4, max_position_embeddings=64,
    )  # fmt: skip
    vision = PixtralVisionConfig(
        hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1, image_size=28,
        patch_size=14,
    )  # fmt: skip
    encoder = Mistral3ForConditionalGeneration(
        Mistral3Config(text_config=text, vision_config=vision, image_token_index=4)
    )
    return Flux2Pipeline(
        FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True), flux2_vae(), encoder, tokenizer(),
        flux2_transformer(24, guided=True),
    )  # fmt: skip


BUILDERS = {"sd15": sd15, "sdxl": sdxl, "flux2-klein": klein, "flux2-dev": flux2_dev}


def write(folder: Path, pipeline, **stated) -> str:
    """Save a pipeline with the settings of a small base, and give its folder."""
    pipeline.save_pretrained(folder)
    settings = {"area": 64 * 64, "steps": 3, "guidance": 2.0, "max_tokens": TOKENS, "demonstration": True}
    (folder / "lorakit.json").write_text(json.dumps(settings | stated))
    return str(folder)
