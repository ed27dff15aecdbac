"""A FLUX.1 pipeline of the true classes, small enough to build in a second, with random weights."""

import json

import pytest
import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast, T5Config, T5EncoderModel

WORDS = [
    "<pad>",
    "</s>",
    "<s>",
    "<unk>",
    *["a", "red", "blue", "bottle", "can", "on", "the", "table", "in", "snow", "studio", "photo", "of"],
]
MAX_TOKENS = 16


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        "<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", bos_token="<s>", unk_token="<unk>",
        model_max_length=MAX_TOKENS, padding_side="right",
    )  # fmt: skip


def tiny_pipeline(
    guidance_embeds: bool = False, extra_channels: int = 0, dynamic: bool = False
) -> FluxPipeline:
    torch.manual_seed(0)
    channels = 4
    transformer = FluxTransformer2DModel(
        patch_size=1, in_channels=4 * channels + extra_channels, out_channels=4 * channels, num_layers=1,
        num_single_layers=1, attention_head_dim=16, num_attention_heads=2, joint_attention_dim=24,
        pooled_projection_dim=20, guidance_embeds=guidance_embeds, axes_dims_rope=(4, 6, 6),
    )  # fmt: skip
    vae = AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=channels, block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1, norm_num_groups=4, mid_block_add_attention=False,
        use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.1, scaling_factor=0.7,
    )  # fmt: skip
    clip = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(WORDS), hidden_size=20, intermediate_size=40, num_hidden_layers=1,
            num_attention_heads=2, max_position_embeddings=MAX_TOKENS, projection_dim=20,
            bos_token_id=2, eos_token_id=1, pad_token_id=0,
        )
    )  # fmt: skip
    t5 = T5EncoderModel(
        T5Config(vocab_size=len(WORDS), d_model=24, d_kv=8, d_ff=48, num_layers=1, num_heads=3)
    )
    scheduler = FlowMatchEulerDiscreteScheduler(shift=1.0, use_dynamic_shifting=dynamic)
    pipeline = FluxPipeline(scheduler, vae, clip, tiny_tokenizer(), t5, tiny_tokenizer(), transformer)
    # diffusers starts the last layer at zero, which would make every velocity zero.
    torch.nn.init.normal_(pipeline.transformer.proj_out.weight, std=0.05)
    return pipeline.to(torch.float32)


def write_base(folder, pipeline: FluxPipeline, **stated) -> str:
    pipeline.save_pretrained(folder)
    settings = {"area": 64 * 64, "steps": 3, "guidance": 2.0, "max_tokens": MAX_TOKENS, "demonstration": True}
    (folder / "lorakit.json").write_text(json.dumps(settings | stated))
    return str(folder)


@pytest.fixture(scope="session")
def flux_folder(tmp_path_factory) -> str:
    return write_base(
        tmp_path_factory.mktemp("bases") / "tiny-flux",
        tiny_pipeline(),
        licence={"name": "Apache-2.0", "commercial": True},
    )


@pytest.fixture(scope="session")
def guided_folder(tmp_path_factory) -> str:
    """A base distilled for guidance, like FLUX.1-dev."""
    return write_base(
        tmp_path_factory.mktemp("bases") / "my-FLUX.1-dev", tiny_pipeline(guidance_embeds=True, dynamic=True)
    )


@pytest.fixture(scope="session")
def make_base():
    """Writes a tiny pipeline of given kind into a folder and returns its name."""

    def make(folder, dtype=torch.float32, stated=None, **kind) -> str:
        return write_base(folder, tiny_pipeline(**kind).to(dtype), **(stated or {}))

    return make
