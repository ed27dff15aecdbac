"""What is no adapter of additions is said to be what it is, by keys as its own tool writes them."""

import json

import pytest
import torch
from safetensors.torch import save_file

import lorakit
from lorakit.errors import AdapterError

PEFT = "base_model.model.model.layers.0.self_attn.q_proj"
LORA = {f"{PEFT}.lora_A.weight": (2, 8), f"{PEFT}.lora_B.weight": (8, 2)}


def save(shapes, path):
    tensors = {key: torch.ones(*shape) for key, shape in shapes.items()}
    save_file(tensors, path)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            [
                "conditioner.embedders.1.model.ln_final.weight",
                "model.diffusion_model.out.2.weight",
                "first_stage_model.encoder.norm_out.weight",
            ],
            "a whole SDXL checkpoint",
        ),
        (
            ["cond_stage_model.model.ln_final.weight", "model.diffusion_model.out.2.weight"],
            "a whole Stable Diffusion 2 checkpoint",
        ),
        (
            [
                "cond_stage_model.transformer.text_model.final_layer_norm.weight",
                "first_stage_model.quant_conv.weight",
            ],
            "a whole Stable Diffusion 1.5 checkpoint",
        ),
        (
            ["double_blocks.0.img_attn.qkv.weight", "single_blocks.0.norm.key_norm.scale"],
            "a whole FLUX transformer",
        ),
        (
            ["double_stream_modulation_img.lin.weight", "double_blocks.0.img_attn.qkv.weight"],
            "a whole FLUX.2 transformer",
        ),
        (["transformer_blocks.0.img_mlp.net.0.proj.weight"], "a whole Qwen-Image transformer"),
        (
            ["model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight"],
            "a whole Stable Diffusion 3 model",
        ),
        (["down_blocks.0.resnets.0.conv1.weight", "mid_block.resnets.0.norm1.weight"], "a whole U-Net"),
        (
            ["encoder.down_blocks.0.resnets.0.conv1.weight", "decoder.mid_block.attentions.0.to_q.weight"],
            "a VAE",
        ),
        (["decoder.up.0.block.0.conv1.weight", "post_quant_conv.bias"], "a VAE"),
        (
            ["text_model.encoder.layers.0.self_attn.q_proj.weight", "text_model.final_layer_norm.weight"],
            "a text encoder",
        ),
        (["encoder.block.0.layer.0.SelfAttention.q.weight", "shared.weight"], "a text encoder"),
        (
            ["controlnet_cond_embedding.conv_in.weight", "down_blocks.0.resnets.0.conv1.weight"],
            "a ControlNet",
        ),
        (["control_model.input_blocks.0.0.weight"], "a ControlNet"),
        (["controlnet_blocks.0.weight", "transformer_blocks.0.attn.to_q.weight"], "a ControlNet"),
        (["ip_adapter.1.to_k_ip.weight", "image_proj.proj.weight"], "an IP-Adapter"),
        (["adapter.body.0.resnets.0.block1.weight"], "a T2I-Adapter"),
        (["down_blocks.0.motion_modules.0.proj_in.weight"], "a motion module"),
        (["conv_first.weight", "body.0.rdb1.conv1.weight"], "an upscaler"),
        (["model.0.weight", "model.1.sub.0.RDB1.conv1.0.weight"], "an upscaler"),
        (
            ["model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight", "model.norm.weight"],
            "a whole language model",
        ),
        (["transformer.h.0.attn.c_attn.weight", "transformer.wte.weight"], "a whole language model"),
        (["emb_params"], "a textual-inversion embedding"),
        (["clip_l", "clip_g"], "a textual-inversion embedding"),
        (["768.linear.0.weight", "320.linear.0.weight"], "a hypernetwork"),
    ],
)
@pytest.mark.battery(20, "a full checkpoint, or another kind of file, instead of an adapter")
def test_a_file_of_another_kind_is_named(keys, words, tmp_path, record_property):
    save({key: (4, 4) for key in keys}, tmp_path / "whole.safetensors")
    with pytest.raises(
        AdapterError, match=rf"whole\.safetensors is {words}.*numbers\), not an adapter"
    ) as caught:
        lorakit.load_adapter(tmp_path / "whole.safetensors")
    assert "diff" not in str(caught.value) and "control adapter" not in str(caught.value)
    record_property("told", caught.value)


def test_the_size_of_a_checkpoint_is_said(tmp_path):
    save({"conditioner.embedders.1.model.x.weight": (1500, 1000)}, tmp_path / "whole.safetensors")
    with pytest.raises(AdapterError, match=r"a whole SDXL checkpoint \(1\.5 million numbers\)"):
        lorakit.load_adapter(tmp_path / "whole.safetensors")


def test_one_learned_word_is_called_one(tmp_path):
    save({"aurora-bottle": (3, 768)}, tmp_path / "word.safetensors")
    with pytest.raises(AdapterError, match="textual-inversion embedding"):
        lorakit.load_adapter(tmp_path / "word.safetensors")


@pytest.mark.parametrize(
    ("kind", "key", "words"),
    [
        ("IA3", f"{PEFT}.ia3_l", "IA3, which scales"),
        ("OFT", f"{PEFT}.oft_R.weight", "OFT, which rotates"),
        ("BOFT", f"{PEFT}.boft_R", "BOFT, which rotates"),
        ("HRA", f"{PEFT}.hra_u", "HRA, which reflects"),
        ("PROMPT_TUNING", "prompt_embeddings", "a learned prompt"),
        ("PREFIX_TUNING", "prompt_embeddings", "prefix tuning"),
        ("P_TUNING", "prompt_embeddings", "P-tuning"),
        ("VERA", f"{PEFT}.vera_lambda_b", "VeRA"),
        ("VBLORA", f"{PEFT}.vblora_logits_A", "VB-LoRA"),
        ("RANDLORA", f"{PEFT}.randlora_lambda", "RandLoRA"),
        ("POLY", f"{PEFT}.poly_lora_A", "Poly, a router"),
        ("FOURIERFT", f"{PEFT}.fourierft_spectrum", "FourierFT"),
        ("C3A", f"{PEFT}.c3a_kernel", "C3A"),
        ("WAVEFT", f"{PEFT}.waveft_spectrum", "WaveFT"),
        ("SHIRA", f"{PEFT}.shira_weight", "SHiRA"),
        ("BONE", f"{PEFT}.bone_block", "Bone"),
        ("MISS", f"{PEFT}.miss_block", "MiSS"),
        ("ROAD", f"{PEFT}.road_theta", "RoAd"),
        ("DELORA", f"{PEFT}.delora_A", "DeLoRA"),
        ("GRALORA", f"{PEFT}.gralora_A", "GraLoRA"),
        ("XLORA", "internal_xlora_classifier.0.weight", "X-LoRA"),
        ("LN_TUNING", "base_model.model.model.norm.weight", "LN tuning"),
        (
            "TRAINABLE_TOKENS",
            "base_model.model.model.embed_tokens.trainable_tokens_delta",
            "trainable tokens",
        ),
    ],
)
@pytest.mark.battery(23, "a PEFT adapter of another kind")
def test_another_kind_of_peft_adapter_is_named(kind, key, words, tmp_path, record_property):
    save({key: (4, 4)}, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": kind}))
    with pytest.raises(
        AdapterError, match=f"PEFT adapter of {words}.*peft_type {kind}" if "learned" not in words else words
    ) as caught:
        lorakit.load_adapter(tmp_path)
    record_property("told", caught.value)
    assert "whole layers" not in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        f"{PEFT}.ia3_l",
        f"{PEFT}.oft_R.weight",
        f"{PEFT}.vera_lambda_d",
        f"{PEFT}.fourierft_spectrum",
        f"{PEFT}.road_alpha",
        "prompt_embeddings",
    ],
)
def test_it_is_named_without_its_config_too(key, tmp_path):
    save({key: (4, 4)}, tmp_path / "lone.safetensors")
    with pytest.raises(AdapterError, match="isn't supported; train a LoRA") as caught:
        lorakit.load_adapter(tmp_path / "lone.safetensors")
    assert "whole layers" not in str(caught.value)


def test_torchtunes_own_names_are_refused_with_the_files_to_add_instead(tmp_path):
    shapes = {"layers.0.attn.q_proj.lora_a.weight": (2, 8), "layers.0.attn.q_proj.lora_b.weight": (8, 2)}
    save(shapes, tmp_path / "adapter_0.safetensors")
    with pytest.raises(AdapterError, match=r"torchtune's own names.*add the adapter_model\.safetensors"):
        lorakit.load_adapter(tmp_path / "adapter_0.safetensors")


def test_norm_layers_beside_an_update_make_no_control_adapter(tmp_path):
    name = "transformer.transformer_blocks.0"
    shapes = {
        f"{name}.attn.to_q.lora_A.weight": (2, 16),
        f"{name}.attn.to_q.lora_B.weight": (16, 2),
        f"{name}.attn.norm_q.weight": (4,),
    }
    save(shapes, tmp_path / "x.safetensors")
    with pytest.raises(AdapterError, match="whole new norm layers") as caught:
        lorakit.load_adapter(tmp_path / "x.safetensors")
    assert "control" not in str(caught.value)


@pytest.mark.parametrize("width", [128, 384])
def test_a_true_control_adapter_is_called_one(width, tmp_path):
    """FLUX.1 Canny's and Depth's as their authors store it: norms and biases beside a widened first layer."""
    shapes = {
        "img_in.lora_A.weight": (2, width),
        "img_in.lora_B.weight": (16, 2),
        "img_in.lora_B.bias": (16,),
        "single_blocks.0.norm.key_norm.scale": (4,),
    }
    save(shapes, tmp_path / "x.safetensors")
    with pytest.raises(AdapterError, match=f"first layer to {width} inputs, as control adapters"):
        lorakit.load_adapter(tmp_path / "x.safetensors")


def test_the_first_layer_of_flux_2_has_128_inputs_by_itself(tmp_path):
    names = {"x_embedder": (16, 128), "double_stream_modulation_img.linear": (96, 16)}
    shapes = {}
    for name, (rows, columns) in names.items():
        shapes |= {
            f"transformer.{name}.lora_A.weight": (2, columns),
            f"transformer.{name}.lora_B.weight": (rows, 2),
        }
    save(shapes, tmp_path / "x.safetensors")
    assert lorakit.load_adapter(tmp_path / "x.safetensors").family == "flux2"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.gguf", b"GGUF\3\0\0\0", "is a GGUF file"),
        ("a.pt", b"\x80\2", "is a pickle"),
        ("a.ckpt", b"PK\3\4", "is a pickle"),
        ("a.onnx", b"\x08\x07", "is an ONNX model"),
        ("a.npz", b"PK\3\4", "is a NumPy archive"),
        ("a.zip", b"PK\3\4", "is a ZIP file"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c", "is an archive; unpack it"),
        ("a.tar.gz", b"\x1f\x8b", "unpack it"),
        ("a.json", b"{}", "is a text file"),
        ("a.png", b"\x89PNG", "is an image"),
        ("a.safetensors", b"GGUF\3\0\0\0" + b"\xff" * 32, "is a GGUF file"),
        ("a.safetensors", b"<!DOCTYPE html><html>log in</html>", "is a web page"),
        (
            "a.safetensors",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n",
            "a Git LFS pointer",
        ),
        ("a.safetensors", b"SQLite format 3\0" + b"\0" * 20, "Draw Things"),
        ("a.safetensors", b"7z\xbc\xaf\x27\x1c\0\4" + b"\0" * 24, "unpack it"),
        ("a.safetensors", b'{"peft_type": "LORA", "r": 8}', "is a text file"),
    ],
)
@pytest.mark.battery(19, "a file of another kind by its name or its first bytes")
def test_a_file_of_another_format_is_named(name, content, words, tmp_path, record_property):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AdapterError, match=words) as caught:
        lorakit.load_adapter(tmp_path / name)
    record_property("told", caught.value)
    assert "download it again" not in str(caught.value)


def test_adalora_is_read_as_the_product_that_it_is(tmp_path):
    """delta = alpha / (rank + 1e-5) * B diag(E) A (PEFT's adalora/layer.py, with which parity compares)."""
    a, b, e = torch.randn(3, 8), torch.randn(8, 3), torch.randn(3, 1)
    save_file(
        {f"{PEFT}.lora_A": a, f"{PEFT}.lora_B": b, f"{PEFT}.lora_E": e},
        tmp_path / "adapter_model.safetensors",
    )
    config = {"peft_type": "ADALORA", "lora_alpha": 6, "rank_pattern": {"q_proj": [True, True, True, False]}}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    found = lorakit.load_adapter(tmp_path).modules[PEFT.removeprefix("base_model.model.")]
    torch.testing.assert_close(found.delta(), 6 / (3 + 1e-5) * b @ (e * a))
