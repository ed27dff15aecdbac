"""Which base a file was made for, from the key listings of each base's own tools: names, widths and numbers
of blocks as the makers publish them. A width is that of the true model, a rank is 2.
"""

import pytest
import torch
from diffusers import FluxTransformer2DModel, QwenImageTransformer2DModel
from safetensors.torch import save_file

import lorakit
from lorakit.errors import AdapterError
from lorakit.families.table import ROWS
from lorakit.formats import inspect
from lorakit.formats.bases import detect
from lorakit.lora import matching
from lorakit.store.store import Store

DIFFUSERS, KOHYA = ("lora_A.weight", "lora_B.weight"), ("lora_down.weight", "lora_up.weight")


def listing(names, columns, rows=None, count=1, **metadata):
    """Tensors under `names`, in which N counts up; as wide as asked, of values that take no memory."""
    tensors = {}
    for name in [names] if isinstance(names, str) else names:
        for number in range(count) if "N" in name else (0,):
            own = name.replace("N", str(number))
            down, up = KOHYA if own.startswith(("lora_", "lycoris_")) else DIFFUSERS
            tensors[f"{own}.{down}"] = torch.ones(2, columns, dtype=torch.bfloat16)
            tensors[f"{own}.{up}"] = torch.ones(rows or columns, 2, dtype=torch.bfloat16)
    return tensors, metadata


def written(tensors, tmp_path, metadata=None):
    file = tmp_path / "riso.safetensors"
    save_file(tensors, file, metadata or None)
    return file


ATTENTION = "transformer.transformer_blocks.N.attn.to_q"
CROSS = "attentions.0.transformer_blocks.0.attn2.to_k"
OPENED = {  # their modules are called as diffusers calls them
    "Qwen-Image": listing(ATTENTION, 3072, count=60),
    "Qwen-Image, the last block alone": listing("transformer.transformer_blocks.59.attn.to_q", 3072),
    "Qwen-Image, feed-forward": listing(
        "diffusion_model.transformer_blocks.0.img_mlp.net.0.proj", 3072, 12288),
    "Stable Diffusion 3.5 Large": listing(ATTENTION, 2432, count=38),
    "Stable Diffusion 3": listing("transformer.transformer_blocks.N.attn.add_k_proj", 1536, count=24),
    "HunyuanVideo": listing([ATTENTION, "transformer.single_transformer_blocks.N.attn.to_q"], 3072, count=40),
    "HunyuanVideo, 20 double blocks": listing(ATTENTION, 3072, count=20),
    "HunyuanVideo, kohya": listing("lora_unet_single_blocks_N_linear1", 3072, 21504, count=40),
    "Wan": listing("transformer.blocks.0.attn1.to_q", 5120),
    "Z-Image": listing("transformer.layers.0.attention.to_q", 3840),
    "Lumina 2": listing("transformer.layers.0.attn.to_q", 2304),
    "HiDream": listing("transformer.double_stream_blocks.0.block.attn1.to_q", 2560),
    "LTX-Video": listing("transformer.transformer_blocks.0.attn1.to_q", 2048),
    "LTX-Video, 13B": listing("diffusion_model.transformer_blocks.0.attn1.to_q", 4096),
    "PixArt": listing("transformer.transformer_blocks.0.attn1.to_q", 1152),
    "PixArt, by PEFT": listing("unet.base_model.model.transformer_blocks.0.attn2.to_q", 1152),
    "Sana": listing("transformer.transformer_blocks.0.attn1.to_q", 2240),
    "CogVideoX": listing("transformer.transformer_blocks.0.attn1.to_q", 1920),
    "AuraFlow": listing(["transformer.joint_transformer_blocks.0.attn.to_q",
                         "transformer.single_transformer_blocks.0.ff.linear_1"], 3072),
    "Chroma": listing(ATTENTION, 3072, count=19, ss_base_model_version="chroma"),
    "Kolors": listing(f"unet.down_blocks.1.{CROSS}", 2048, 640, ss_base_model_version="Kwai-Kolors/Kolors"),
    "Stable Diffusion 2": listing(f"unet.down_blocks.0.{CROSS}", 1024, 320),
    "the SDXL refiner": listing(f"unet.down_blocks.1.{CROSS}", 1280, 768),
}  # fmt: skip
REFUSED = {  # their modules have names that only their makers' code knows
    "Qwen-Image": listing(["lora_unet_transformer_blocks_0_attn_to_q",
                           "lora_unet_transformer_blocks_0_img_mod_1"], 3072),
    "HunyuanVideo": listing(["diffusion_model.double_blocks.0.img_attn_qkv",
                             "diffusion_model.double_blocks.0.img_mlp.fc1"], 3072, 9216),
    "HunyuanVideo, by a trainer of its own": listing(
        ["transformer.double_blocks.0.img_attn_qkv", "transformer.double_blocks.0.img_mod.linear"], 3072, 9216
    ),
    "Stable Diffusion 3": listing("diffusion_model.joint_blocks.0.x_block.attn.qkv", 1536, 4608),
    "Wan": listing("diffusion_model.blocks.0.self_attn.q", 1536),
    "Wan, kohya": listing("lora_unet_blocks_0_cross_attn_k", 5120),
    "Wan Fun": listing("lora_unet__blocks_0_cross_attn_k", 5120),
    "Wan, bare": listing("blocks.0.cross_attn.k_img", 5120),
    "Z-Image": listing("diffusion_model.layers.0.attention.qkv", 3840, 11520),
    "Lumina 2": listing("diffusion_model.layers.0.attention.qkv", 2304, 4608),
    "HiDream": listing("lycoris_double_stream_blocks_0_block_attn1_to_q", 2560),
    "Chroma": listing(["diffusion_model.double_blocks.0.img_attn.qkv",
                       "diffusion_model.distilled_guidance_layer.in_proj"], 3072, 9216),
    "Krea 2": listing("diffusion_model.blocks.0.attn.wq", 6144),
    "Cosmos": listing("lora_unet_blocks_0_self_attn_q_proj", 2048),
    "OmniGen": listing("diffusion_model.ref_image_refiner.0.attn.to_q", 2520),
    "Mochi": listing("blocks.0.attn.qkv_x", 3072, 9216),
    "Stable Cascade": listing("lora_prior_unet_down_blocks_0_0_channelwise_0", 2048),
    "AuraFlow": listing("diffusion_model.double_layers.0.attn.w1q", 3072),
    "a base model with another text encoder": listing(
        "text_encoders.qwen25_7b.transformer.model.layers.0.self_attn.q_proj", 3584
    ),
}  # fmt: skip
HERE = {
    "FLUX.1, attention": ("flux", listing(ATTENTION, 3072, count=19)),
    "FLUX.1, kohya": ("flux", listing(["lora_unet_double_blocks_0_img_attn_qkv",
                                       "lora_unet_single_blocks_37_linear1"], 3072, 21504)),
    "FLUX.1, one underscore too many": ("flux", listing("double_blocks.0.img_attn_qkv", 3072, 9216)),
    "FLUX.2 dev, attention": ("flux2", listing(ATTENTION, 6144, count=8)),
    "FLUX.2 dev, one key": ("flux2", listing("transformer.transformer_blocks.0.attn.to_q", 6144)),
    "FLUX.2 dev, single blocks": ("flux2", listing(
        "transformer.single_transformer_blocks.47.attn.to_out", 24576, 6144)),
    "FLUX.2 klein 9B": ("flux2", listing("diffusion_model.double_blocks.0.img_attn.qkv", 4096, 12288)),
    "FLUX.2 klein 4B, attention": ("flux2", listing(ATTENTION, 3072, count=5)),
    "FLUX.2 klein 4B, attention, stated otherwise": ("flux", listing(
        ATTENTION, 3072, count=5, ss_base_model_version="flux1")),
    "FLUX.2, stated": ("flux2", listing(
        ATTENTION, 3072, count=3, **{"modelspec.architecture": "Flux.2-klein-base-4b/lora"})),
    "SDXL": ("sdxl", listing(f"unet.down_blocks.1.{CROSS}", 2048, 640)),
    "SDXL, of a checkpoint's names": ("sdxl", listing(
        "diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k", 2048, 640)),
    "SDXL, without the prompt's layers": ("sdxl", listing(
        "lora_unet_output_blocks_0_1_transformer_blocks_9_attn1_to_q", 1280)),
    "Stable Diffusion 1.5": ("sd15", listing(f"unet.down_blocks.0.{CROSS}", 768, 320)),
    "Stable Diffusion 1.5, of a checkpoint's names": ("sd15", listing(
        "diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k", 768, 320)),
    "SDXL, second text encoder": ("sdxl", listing(
        "lora_te2_text_model_encoder_layers_0_self_attn_q_proj", 1280)),
    "FLUX.1, T5": ("flux", listing(
        "text_encoders.t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q", 4096)),
    "a language model's head": ("llm", listing("lm_head", 2048, 32000)),
    "a language model with blocks": ("llm", listing("model.layers.0.attention.wqkv", 2048)),
}  # fmt: skip


@pytest.mark.parametrize("case", HERE)
def test_a_supported_base_is_told(case, tmp_path):
    family, (tensors, metadata) = HERE[case]
    file = written(tensors, tmp_path, metadata)
    assert inspect(file).family == lorakit.load_adapter(file).family == family


@pytest.mark.parametrize(("count", "taken_for"), [(4, "FLUX.1"), (5, "FLUX.2 klein 4B")])
def test_a_file_that_fits_flux_1_and_flux_2_klein_is_not_taken_for_one_of_them_silently(
    count, taken_for, tmp_path
):
    tensors, _ = listing(ATTENTION, 3072, count=count)
    with pytest.warns(UserWarning, match=f"treated as an adapter for {taken_for}"):
        adapter = lorakit.load_adapter(written(tensors, tmp_path))
    assert f"for {taken_for}." in adapter.card.notes
    stated = written(tensors, tmp_path, {"ss_base_model_version": "flux1"})
    assert lorakit.load_adapter(stated).card.notes == ""


@pytest.mark.parametrize("case", OPENED)
@pytest.mark.battery(113, "an adapter of a base that is not supported")
def test_an_unsupported_base_is_told_and_not_taken_into_the_store(case, tmp_path, record_property):
    tensors, metadata = OPENED[case]
    file, words = written(tensors, tmp_path, metadata), case.partition(",")[0]
    adapter = lorakit.load_adapter(file)
    assert adapter.family not in ROWS and adapter.family == inspect(file).family
    with pytest.raises(AdapterError, match=rf"riso.*made for {words}.*doesn't support") as caught:
        Store().add(file)
    record_property("told", caught.value)


@pytest.mark.parametrize("case", REFUSED)
def test_an_unsupported_base_is_named_where_its_names_cannot_be_read(case, tmp_path):
    tensors, metadata = REFUSED[case]
    words = case.partition(",")[0].removesuffix(" Fun")
    with pytest.raises(AdapterError, match=f"was made for {words}, which the studio doesn't support"):
        lorakit.load_adapter(written(tensors, tmp_path, metadata))


def test_a_file_for_qwen_image_is_refused_on_flux_by_name_and_read_on_its_own_base(tmp_path):
    """FLUX.1 has 19 double blocks, Qwen-Image 60; of the layers that both have, names and shapes agree."""
    tensors, _ = listing(ATTENTION, 3072, count=21)
    adapter = lorakit.load_adapter(written(tensors, tmp_path))
    with torch.device("meta"):
        flux = FluxTransformer2DModel(num_layers=19, num_single_layers=0)
        qwen = QwenImageTransformer2DModel(num_layers=21)
    for partial in (False, True):
        with pytest.raises(AdapterError, match=r"2 of its 21 modules.*blocks\.19\..*made for Qwen-Image"):
            lorakit.deltas(adapter, flux, partial=partial)
    matched = matching.match(adapter, qwen)
    assert len(matched.modules) == 21 and not matched.unmatched


@pytest.mark.parametrize(("width", "blocks", "words"), [
    (6144, 8, "FLUX.2 dev"), (4096, 8, "FLUX.2 klein 9B"), (3072, 5, "FLUX.2 klein 4B"),
])  # fmt: skip
def test_the_sizes_of_flux_2_are_told_apart_and_named_where_one_does_not_fit(width, blocks, words, tmp_path):
    names = [ATTENTION, "transformer.transformer_blocks.N.ff.linear_in"]
    file = written(listing(names, width, count=blocks)[0], tmp_path)
    assert (inspect(file).family, inspect(file).base) == ("flux2", words)
    with torch.device("meta"):
        other = FluxTransformer2DModel(
            num_layers=1,
            num_single_layers=0,
            attention_head_dim=8,
            num_attention_heads=2,
            axes_dims_rope=(2, 2, 4),
        )
    with pytest.raises(
        AdapterError, match=rf"shape \({width}, {width}\).*made for another base model \({words}\)"
    ):
        lorakit.deltas(lorakit.load_adapter(file), other)


def test_a_large_adapter_is_told_in_a_moment():
    """40,000 names of a mixture of experts pass through the table's expressions one by one."""
    names = [f"model.layers.{i % 48}.mlp.experts.{i // 48}.up_proj" for i in range(40_000)]
    base = detect({name: (64, 64) for name in names})
    assert (base.family, base.words) == ("llm", "a language model")


def test_an_adapter_is_opened_to_be_used_in_part(tmp_path):
    tensors, _ = listing(ATTENTION, 3072, count=6)
    file = written(tensors, tmp_path)
    with torch.device("meta"):
        model = FluxTransformer2DModel(num_layers=4, num_single_layers=0)
    with pytest.raises(AdapterError, match=r"2 of its 6 modules.*made for FLUX.1"):
        lorakit.deltas(lorakit.load_adapter(file), model)
    matched = matching.match(lorakit.load_adapter(file, partial=True), model)
    assert len(matched.modules) == 4 and len(matched.missing) == 2
