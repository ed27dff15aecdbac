"""Names as wrappers, trainers and other programs leave them: each is read, with the value of a dense product.

What a name means is written out by hand: `wanted` are diffusers' and transformers' own names.
"""

import json

import pytest
import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

import lorakit
from lorakit.errors import AdapterError

R = 2
PEFT, KOHYA = ("lora_A.weight", "lora_B.weight"), ("lora_down.weight", "lora_up.weight")
Q = "transformer.transformer_blocks.0.attn.to_q"
CLIP = "text_encoder.text_model.encoder.layers.0.self_attn.q_proj"


def update(name, ends, rows=8, columns=8, rank=R):
    random = torch.Generator().manual_seed(len(name))
    down, up = torch.randn(rank, columns, generator=random), torch.randn(rows, rank, generator=random)
    return {f"{name}.{ends[0]}": down, f"{name}.{ends[1]}": up}, up @ down


def loaded(tensors, tmp_path, **options):
    save_file(tensors, tmp_path / "x.safetensors")
    return lorakit.load_adapter(tmp_path / "x.safetensors", **options)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        # what training wraps around a model
        ("transformer._orig_mod.transformer_blocks.0.attn.to_q", Q),
        ("_orig_mod.transformer_blocks.0.attn.to_q", Q),
        ("diffusion_model._orig_mod.double_blocks.0.img_attn.proj",
         "transformer.transformer_blocks.0.attn.to_out.0"),
        ("transformer.transformer_blocks.0._orig_mod.attn.to_q", Q),
        ("transformer._fsdp_wrapped_module.transformer_blocks.0._checkpoint_wrapped_module.attn.to_q", Q),
        ("module.transformer_blocks.0.attn.to_q", Q),
        ("transformer.module.transformer_blocks.0.attn.to_q", Q),
        # PEFT inside a component, and around a wrapper
        ("transformer.base_model.model.transformer_blocks.0.attn.to_q", Q),
        ("base_model.model.transformer.transformer_blocks.0.attn.to_q", Q),
        ("base_model.model.base_model.model.transformer_blocks.0.attn.to_q", Q),
        ("diffusion_model.transformer_blocks.0.attn.to_q", Q),
        ("pipe.dit.transformer_blocks.0.attn.to_q", Q),
        ("pipeline.transformer.transformer_blocks.0.attn.to_q", Q),
        ("denoiser.transformer_blocks.0.attn.to_q", Q),
        ("student.transformer_blocks.0.attn.to_q", Q),
        ("flux.transformer_blocks.0.attn.to_q", Q),
        ("unet.base_model.model.down_blocks.1.attentions.0.proj_in",
         "unet.down_blocks.1.attentions.0.proj_in"),
        ("text_encoder.base_model.model.text_model.encoder.layers.0.self_attn.q_proj", CLIP),
        # the authors' names in every wrapping, SD's too
        ("model.diffusion_model.double_blocks.0.txt_attn.proj",
         "transformer.transformer_blocks.0.attn.to_add_out"),
        ("diffusion_model.input_blocks.4.1.transformer_blocks.1.ff.net.2",
         "unet.down_blocks.1.attentions.0.transformer_blocks.1.ff.net.2"),
        ("model.diffusion_model.middle_block.1.proj_out", "unet.mid_block.attentions.0.proj_out"),
        ("diffusion_model.output_blocks.3.1.transformer_blocks.0.attn2.to_out.0",
         "unet.up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_out.0"),
        # ComfyUI's and the checkpoints' names of text encoders
        ("text_encoders.clip_l.transformer.text_model.encoder.layers.0.self_attn.q_proj", CLIP),
        ("text_encoders.clip_g.transformer.text_model.encoder.layers.0.mlp.fc1",
         "text_encoder_2.text_model.encoder.layers.0.mlp.fc1"),
        ("text_encoders.t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q",
         "text_encoder_2.encoder.block.0.layer.0.SelfAttention.q"),
        ("text_encoders.qwen3_4b.transformer.model.layers.0.self_attn.q_proj",
         "text_encoder.model.layers.0.self_attn.q_proj"),
        ("text_encoders.mistral3_24b.transformer.model.layers.0.mlp.up_proj",
         "text_encoder.model.layers.0.mlp.up_proj"),
        ("cond_stage_model.transformer.text_model.encoder.layers.0.self_attn.q_proj", CLIP),
        ("conditioner.embedders.0.transformer.text_model.encoder.layers.0.self_attn.q_proj", CLIP),
        # kohya's, with dots
        ("lora_te1.text_model.encoder.layers.0.self_attn.q_proj", CLIP),
        ("lora_te1_text_model.encoder.layers.0.self_attn.q_proj", CLIP),
        ("lora_te2.text_model.encoder.layers.0.mlp.fc2",
         "text_encoder_2.text_model.encoder.layers.0.mlp.fc2"),
        ("lora_unet.down_blocks.1.attentions.0.proj_in", "unet.down_blocks.1.attentions.0.proj_in"),
        ("clip_l.text_model.encoder.layers.0.self_attn.q_proj", CLIP),
        ("t5.encoder.block.0.layer.0.SelfAttention.q",
         "text_encoder_2.encoder.block.0.layer.0.SelfAttention.q"),
        ("lora_unet_single_transformer_blocks_0_attn_to_k_",
         "transformer.single_transformer_blocks.0.attn.to_k"),
        ("lora_unet__down_blocks_1_attentions_0_proj_in", "unet.down_blocks.1.attentions.0.proj_in"),
        ("lycoris_text_model_encoder_layers_0_self_attn_q_proj", CLIP),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ends", [PEFT, KOHYA], ids=["peft", "kohya"])
@pytest.mark.battery(113, "wrapped names")
def test_a_name_is_read_whatever_was_put_around_it(name, wanted, ends, tmp_path):
    tensors, dense = update(name, ends)
    found = loaded(tensors, tmp_path).modules
    assert found.keys() == {wanted}
    torch.testing.assert_close(found[wanted].delta(), dense)


@pytest.mark.parametrize("name", ["double_blocks.3.img_attn_qkv", "transformer.double_blocks.3.img_attn_qkv",
                                  "diffusion_model.double_blocks.3.img_attn.qkv",
                                  "lora_unet.double_blocks.3.img_attn.qkv"])  # fmt: skip
def test_a_fused_layer_with_an_underscore_for_its_last_dot(name, tmp_path):
    tensors, dense = update(name, KOHYA, rows=24)
    found = loaded(tensors, tmp_path).modules
    for part, last in zip(dense.chunk(3), ("to_q", "to_k", "to_v"), strict=True):
        torch.testing.assert_close(found[f"transformer.transformer_blocks.3.attn.{last}"].delta(), part)
    assert len(found) == 3


def test_comfyuis_first_three_parts_of_a_single_block(tmp_path):
    tensors, dense = update("diffusion_model.single_blocks.7.linear1_qkv", KOHYA, rows=24)
    found = loaded(tensors, tmp_path).modules
    names = [f"transformer.single_transformer_blocks.7.attn.{last}" for last in ("to_q", "to_k", "to_v")]
    assert list(found) == names
    for name, part in zip(names, dense.chunk(3), strict=True):
        torch.testing.assert_close(found[name].delta(), part)


def test_a_denoiser_and_text_encoders_in_one_comfyui_file(tmp_path):
    one, first = update("diffusion_model.double_blocks.0.img_mlp.0", KOHYA, rows=32)
    two, second = update("text_encoders.clip_l.transformer.text_model.encoder.layers.1.mlp.fc1", KOHYA)
    found = loaded(one | two, tmp_path).modules
    assert found.keys() == {"transformer.transformer_blocks.0.ff.net.0.proj",
                            "text_encoder.text_model.encoder.layers.1.mlp.fc1"}  # fmt: skip
    for factors, dense in zip(found.values(), (first, second), strict=True):
        torch.testing.assert_close(factors.delta(), dense)


@pytest.mark.parametrize(
    "ends",
    [
        ("lora_A.default.weight", "lora_B.default.weight"),
        ("lora_A.my_name.weight", "lora_B.my_name.weight"),
        ("lora_A.v1.2.weight", "lora_B.v1.2.weight"),
        ("lora_A", "lora_B"),
    ],
)
def test_an_adapters_own_name_in_its_keys(ends, tmp_path):
    tensors, dense = update(Q, ends)
    found = loaded(tensors, tmp_path).modules
    torch.testing.assert_close(found[Q].delta(), dense)


def test_two_adapters_in_one_file_are_told_apart_and_refused(tmp_path):
    tensors = update(Q, ("lora_A.red.weight", "lora_B.red.weight"))[0]
    tensors |= update(Q.replace("to_q", "to_k"), ("lora_A.blue.weight", "lora_B.blue.weight"))[0]
    with pytest.raises(AdapterError, match=r"several adapters \(blue, red\)"):
        loaded(tensors, tmp_path)


def test_the_same_layer_inside_and_outside_a_wrapper_is_no_guess(tmp_path):
    name = "transformer_blocks.0.attn.to_q"
    tensors = update(f"transformer.{name}", PEFT)[0] | update(f"transformer._orig_mod.{name}", PEFT)[0]
    with pytest.raises(AdapterError, match="same thing"):
        loaded(tensors, tmp_path)


@pytest.mark.parametrize("ending", ["diff_b", "lora_B.bias", "lora_up.bias"])
def test_a_zero_difference_is_passed_over_with_a_note(ending, tmp_path):
    tensors, dense = update(Q, PEFT)
    tensors[f"{Q}.{ending}"] = torch.zeros(8)
    tensors["transformer.transformer_blocks.0.norm1.diff"] = torch.zeros(8)
    with pytest.warns(UserWarning, match="2 stored differences.*zero.*ignored"):
        adapter = loaded(tensors, tmp_path)
    torch.testing.assert_close(adapter.modules[Q].delta(), dense)
    assert "ignored" in adapter.card.notes


@pytest.mark.parametrize(
    ("ending", "words"),
    [("diff_b", "whole new biases"), ("lora_B.bias", "lora_bias"), ("diff", "whole new weights"),
     ("w_norm", "norm layers"), ("b_norm", "whole new biases")],
)  # fmt: skip
def test_a_difference_that_is_not_zero_is_refused_with_its_reason(ending, words, tmp_path):
    tensors, _ = update(Q, PEFT)
    tensors[f"{Q}.{ending}"] = torch.tensor([0.0, 0.0, 1e-8])
    with pytest.raises(AdapterError, match=words):
        loaded(tensors, tmp_path)


def llama(words=32, tied=False):
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=words, hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        tie_word_embeddings=tied,
    ))  # fmt: skip


def head_file(tmp_path, weight, base="base_model.model.lm_head.base_layer.weight", **config):
    """As PEFT saves an adapter of the head: save_embedding_layers='auto' puts the head itself beside it."""
    tensors, dense = update("base_model.model.lm_head", PEFT, rows=len(weight))
    save_file(tensors | {base: weight.contiguous().clone()}, tmp_path / "adapter_model.safetensors")
    stated = {"peft_type": "LORA", "r": R, "lora_alpha": 2 * R, "target_modules": ["lm_head"]} | config
    (tmp_path / "adapter_config.json").write_text(json.dumps(stated))
    return 2 * dense


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("key", ["lm_head.base_layer.weight", "model.embed_tokens.weight"])
def test_a_head_that_is_the_bases_own_is_passed_over(key, dtype, tmp_path):
    model = llama(tied=True)
    dense = head_file(tmp_path, model.lm_head.weight.detach().to(dtype), f"base_model.model.{key}")
    adapter = lorakit.load_adapter(tmp_path)
    found = lorakit.deltas(adapter, model)
    assert found.keys() == {"lm_head"}
    torch.testing.assert_close(found["lm_head"], dense)
    lorakit.save_adapter(adapter, tmp_path / "again", format="peft")  # and it is still known then
    torch.testing.assert_close(
        lorakit.deltas(lorakit.load_adapter(tmp_path / "again"), model)["lm_head"], dense
    )
    with pytest.raises(AdapterError, match="differs from this base model's"):
        with torch.no_grad():
            model.lm_head.weight[3, 3] += 1
        lorakit.deltas(lorakit.load_adapter(tmp_path / "again"), model)


def test_a_vocabulary_that_grew_is_the_reason_given(tmp_path):
    head_file(tmp_path, torch.randn(35, 8))
    with pytest.raises(
        AdapterError, match=r"lm_head has 35 tokens, this base model's has 32.*vocabulary grew"
    ):
        lorakit.deltas(lorakit.load_adapter(tmp_path), llama())


def test_a_compiled_language_models_adapter(tmp_path):
    place = "model.layers.0.self_attn.q_proj"
    tensors, dense = update(f"base_model.model._orig_mod.{place}", PEFT)
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": R, "lora_alpha": R}))
    torch.testing.assert_close(lorakit.deltas(lorakit.load_adapter(tmp_path), llama())[place], dense)


NUMBERS = [
    torch.tensor(4), torch.tensor([4], dtype=torch.int32), torch.tensor([[4]], dtype=torch.int16),
    torch.tensor(4, dtype=torch.int8), torch.tensor(4, dtype=torch.uint8), torch.tensor(4.0),
    torch.tensor([4.0], dtype=torch.bfloat16), torch.tensor([[4.0]], dtype=torch.float16),
    torch.tensor(4.0, dtype=torch.float64), torch.tensor(4.0).to(torch.float8_e4m3fn),
    torch.tensor(4.0).to(torch.float8_e5m2), torch.tensor(4, dtype=torch.uint16),
]  # fmt: skip


@pytest.mark.parametrize("alpha", NUMBERS, ids=lambda t: f"{t.dtype}-{t.dim()}")
@pytest.mark.battery(113, "whole-number alphas")
def test_an_alpha_is_a_number_of_whatever_type_and_shape(alpha, tmp_path):
    """sd-scripts' merging and extracting scripts write torch.tensor(rank), a whole number."""
    name = "lora_unet_double_blocks_0_img_attn_proj"
    tensors, dense = update(name, KOHYA, rank=8)
    tensors[f"{name}.alpha"] = alpha
    found = loaded(tensors, tmp_path).modules["transformer.transformer_blocks.0.attn.to_out.0"]
    torch.testing.assert_close(found.delta(), dense * 4 / 8)


def test_a_scalar_beside_the_factors_multiplies_them(tmp_path):
    """LyCORIS' use_scalar: delta = scalar * alpha / rank * up @ down."""
    name = "lora_unet_double_blocks_0_img_attn_proj"
    tensors, dense = update(name, KOHYA)
    tensors |= {f"{name}.alpha": torch.tensor(1), f"{name}.scalar": torch.tensor(3)}
    found = loaded(tensors, tmp_path).modules["transformer.transformer_blocks.0.attn.to_out.0"]
    torch.testing.assert_close(found.delta(), 3 * dense / R)


@pytest.mark.parametrize(("name", "value"), [("alpha", [1, 2]), ("weight", [[1] * 8] * 2)])
def test_whole_numbers_are_no_weights(name, value, tmp_path):
    key = "lora_unet_double_blocks_0_img_attn_proj"
    tensors = update(key, KOHYA)[0]
    tensors[f"{key}.{name}" if name == "alpha" else f"{key}.lora_down.weight"] = torch.tensor(value)
    with pytest.raises(AdapterError, match=r"stored as I64|no single number"):
        loaded(tensors, tmp_path)


@pytest.mark.parametrize(
    "around",
    [
        "llm.base_model.model.", "pretrained_model.base_model.model.", "base_model.model.pretrained_model.",
        "policy.base_model.model.", "language_model.base_model.model.", "base_model.model.backbone.",
    ],
)  # fmt: skip
def test_a_language_model_within_another_module_is_read(around, tmp_path):
    name = "model.layers.0.self_attn.q_proj"
    tensors, dense = update(f"{around}{name}", PEFT)
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": R, "lora_alpha": 2 * R}
    (tmp_path / "adapter_config.json").write_text(json.dumps(settings))
    found = lorakit.load_adapter(tmp_path).modules
    assert found.keys() == {name}
    torch.testing.assert_close(found[name].delta(), 2 * dense)
