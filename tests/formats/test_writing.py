"""What is written in each layout: round trips are exact, and names are those the layout's tool looks for."""

import json

import pytest
import torch
from diffusers import Flux2Transformer2DModel, UNet2DConditionModel
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

import lorakit
from lorakit.errors import AdapterError
from lorakit.formats import inspect
from lorakit.lora.adapter import Adapter, Card, Factors

R = 3


def factors(out, inner, kernel=(), dtype=torch.float32, **kinds):
    down, up = torch.randn(R, inner, *kernel), torch.randn(out, R, *[1] * len(kernel))
    if kinds.pop("magnitude", False):
        kinds["magnitude"] = torch.rand(out) + 0.5
    return Factors(down.to(dtype), up.to(dtype), 2.0, **kinds)


def unet(levels=3):
    blocks = [4, 8, 8][:levels]
    return UNet2DConditionModel(
        block_out_channels=blocks, layers_per_block=2, norm_num_groups=2, cross_attention_dim=6,
        down_block_types=["DownBlock2D"] + ["CrossAttnDownBlock2D"] * (levels - 1),
        up_block_types=["CrossAttnUpBlock2D"] * (levels - 1) + ["UpBlock2D"], attention_head_dim=2,
        transformer_layers_per_block=[1, 2, 2][:levels], use_linear_projection=True,
        addition_embed_type="text_time", addition_time_embed_dim=4, projection_class_embeddings_input_dim=30,
    )  # fmt: skip


def of_layers(model, component, family, dtype=torch.float32, **kinds):
    torch.manual_seed(0)
    modules = {}
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear):
            modules[f"{component}.{name}"] = factors(
                layer.out_features, layer.in_features, (), dtype, **kinds
            )
        elif isinstance(layer, nn.Conv2d):
            size = layer.out_channels, layer.in_channels
            modules[f"{component}.{name}"] = factors(*size, layer.kernel_size, dtype, **kinds)
    return Adapter(modules, Card(name="all layers", family=family))


def same(one, other):
    assert one.modules.keys() == other.modules.keys()
    for name, expected in one.modules.items():
        found = other.modules[name]
        assert torch.equal(found.delta(), expected.delta()), name
        assert (found.magnitude is None) == (expected.magnitude is None)
        if expected.magnitude is not None:
            assert torch.equal(found.magnitude.flatten(), expected.magnitude.flatten())


def keys(path):
    with safe_open(path, "pt") as file:
        return list(file.keys())


@pytest.mark.parametrize("layout", ["diffusers", "peft", "kohya"])
@pytest.mark.parametrize("kinds", [{}, {"magnitude": True}], ids=["lora", "dora"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_layer_of_a_unet_comes_back_exactly(layout, kinds, dtype, tmp_path):
    before = of_layers(unet(), "unet", "sdxl", dtype, **kinds)
    same(before, lorakit.load_adapter(lorakit.save_adapter(before, tmp_path, format=layout).parent))
    assert inspect(tmp_path).family == "sdxl"


def test_kohyas_sdxl_has_the_authors_block_numbers_and_sd15_has_diffusers(tmp_path):
    sdxl = of_layers(unet(), "unet", "sdxl")
    names = {
        key.partition(".")[0] for key in keys(lorakit.save_adapter(sdxl, tmp_path / "a", format="kohya"))
    }
    assert "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q" in names
    assert "lora_unet_output_blocks_2_2_conv" in names and "lora_unet_middle_block_1_proj_in" in names
    assert not any("down_blocks" in name or "up_blocks" in name or "mid_block" in name for name in names)
    sd15 = of_layers(unet(2), "unet", "sd15")
    names = keys(lorakit.save_adapter(sd15, tmp_path / "b", format="kohya"))
    assert any(key.startswith("lora_unet_down_blocks_1_attentions_0_") for key in names)


@pytest.mark.parametrize(
    ("family", "component", "module", "key"),
    [
        ("sd15", "text_encoder", "text_model.encoder.layers.0.mlp.fc1",
         "lora_te_text_model_encoder_layers_0_mlp_fc1"),
        ("sd15", "text_encoder", "encoder.layers.0.mlp.fc1", "lora_te_text_model_encoder_layers_0_mlp_fc1"),
        ("sdxl", "text_encoder", "encoder.layers.0.mlp.fc1", "lora_te1_text_model_encoder_layers_0_mlp_fc1"),
        ("sdxl", "text_encoder_2", "text_model.encoder.layers.0.mlp.fc1",
         "lora_te2_text_model_encoder_layers_0_mlp_fc1"),
        ("flux", "text_encoder_2", "encoder.block.0.layer.0.SelfAttention.q",
         "lora_te3_encoder_block_0_layer_0_SelfAttention_q"),
    ],
)  # fmt: skip
def test_kohyas_names_of_text_encoders(family, component, module, key, tmp_path):
    adapter = Adapter({f"{component}.{module}": factors(4, 4)}, Card(family=family))
    written = lorakit.save_adapter(adapter, tmp_path, format="kohya")
    assert f"{key}.lora_up.weight" in keys(written)
    (found,) = lorakit.load_adapter(tmp_path).modules.values()
    assert torch.equal(found.delta(), next(iter(adapter.modules.values())).delta())


@pytest.mark.parametrize("layout", ["diffusers", "peft", "kohya"])
def test_flux_2_comes_back_exactly(layout, tmp_path):
    model = Flux2Transformer2DModel(
        in_channels=8, num_layers=1, num_single_layers=1, attention_head_dim=8, num_attention_heads=2,
        joint_attention_dim=12, timestep_guidance_channels=8, axes_dims_rope=(2, 2, 2, 2),
    )  # fmt: skip
    before = of_layers(model, "transformer", "flux2")
    after = lorakit.load_adapter(lorakit.save_adapter(before, tmp_path, format=layout).parent)
    for name, delta in lorakit.deltas(before, model).items():
        torch.testing.assert_close(lorakit.deltas(after, model)[name], delta, rtol=1e-5, atol=1e-6)
    assert after.family == "flux2" and after.modules.keys() == before.modules.keys()


def test_a_fused_layer_that_was_split_is_joined_at_its_own_rank(tmp_path):
    down, up = torch.randn(R, 16), torch.randn(48, R)
    block = "transformer.transformer_blocks.0.attn"
    modules = {f"{block}.to_{n}": Factors(down, part, 2.0, part[:, 0].abs())
               for n, part in zip("qkv", up.chunk(3), strict=True)}  # fmt: skip
    lorakit.save_adapter(Adapter(modules, Card(family="flux")), tmp_path, format="kohya")
    with safe_open(tmp_path / "lora.safetensors", "pt") as file:
        key = "lora_unet_double_blocks_0_img_attn_qkv"
        assert torch.equal(file.get_tensor(f"{key}.lora_down.weight"), down)
        assert torch.equal(file.get_tensor(f"{key}.lora_up.weight"), up)
        assert torch.equal(file.get_tensor(f"{key}.dora_scale"), up[:, :1].abs())


def test_column_magnitudes_travel_in_kohyas_layout_alone(tmp_path):
    name = "unet.mid_block.attentions.0.proj_in"
    adapter = Adapter({name: factors(4, 6)}, Card(family="sd15"))
    column = Adapter({name: Factors(*adapter.modules[name].tensors(), 2.0, torch.rand(1, 6))}, adapter.card)
    same(column, lorakit.load_adapter(lorakit.save_adapter(column, tmp_path, format="kohya")))
    for layout in ("peft", "diffusers"):
        with pytest.raises(AdapterError, match="kohya"):
            lorakit.save_adapter(column, tmp_path, format=layout)


def test_peft_holds_one_model(tmp_path):
    two = {f"{part}.a": factors(4, 4) for part in ("transformer", "text_encoder")}
    with pytest.raises(AdapterError, match="a single model"):
        lorakit.save_adapter(Adapter(two), tmp_path, format="peft")
    one = {"transformer.transformer_blocks.0.attn.to_q": factors(4, 4)}
    lorakit.save_adapter(Adapter(one), tmp_path, format="peft")
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    assert config["target_modules"] == ["transformer_blocks.0.attn.to_q"] and config["task_type"] is None
    assert lorakit.load_adapter(tmp_path).modules.keys() == one.keys()


@pytest.mark.parametrize("layout", ["diffusers", "peft", "kohya"])
def test_what_is_known_of_an_adapter_travels_in_the_file_itself(layout, tmp_path):
    card = Card(
        name="Autumn", trigger="aurora bottle", base="black-forest-labs/FLUX.1-dev", family="flux",
        rank=R, alpha=2.0,
        recipe={"steps": 1500, "learning_rate": 1e-4}, licence="FLUX.1 [dev]", created="2026-01-02T03:04:05",
    )  # fmt: skip
    adapter = Adapter({"transformer.transformer_blocks.0.attn.to_q": factors(4, 4)}, card)
    written = lorakit.save_adapter(adapter, tmp_path, format=layout)
    with safe_open(written, "pt") as file:
        said = file.metadata()
    assert said["modelspec.trigger_phrase"] == "aurora bottle" and said["modelspec.title"] == "Autumn"
    assert said["ss_network_dim"] == str(R) and said["ss_network_alpha"] == "2"
    assert said["modelspec.architecture"].startswith("flux-1")
    (tmp_path / "card.json").unlink()
    assert lorakit.load_adapter(tmp_path).card == card


def mixed(dtype=torch.float32):
    random = torch.Generator().manual_seed(2)
    kinds = {"attn1.to_q": (2, 3.0, False), "attn1.to_k": (4, 1.0, False), "attn2.to_v": (4, 1.0, True)}
    place = "unet.down_blocks.1.attentions.0.transformer_blocks.0"
    modules = {}
    for name, (rank, alpha, rslora) in kinds.items():
        down, up = torch.randn(rank, 6, generator=random), torch.randn(5, rank, generator=random)
        modules[f"{place}.{name}"] = Factors(down.to(dtype), up.to(dtype), alpha, None, rslora)
    return Adapter(modules, Card(name="mixed", family="sd15"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float8_e4m3fn])
def test_kohyas_layout_has_one_alpha_for_all_and_the_same_deltas(dtype, tmp_path):
    """Diffusers' converter looks for an alpha that differs under a name that it does not use."""
    ours = mixed(dtype)
    path = lorakit.save_adapter(ours, tmp_path, format="kohya")
    alphas = [tensor.item() for key, tensor in load_file(path).items() if key.endswith(".alpha")]
    assert len(alphas) == 3 and len(set(alphas)) == 1
    again = lorakit.load_adapter(path)
    for name, factors in ours.modules.items():
        down, up = factors.down.float(), factors.up.float()
        dense = factors.alpha / factors.rank ** (0.5 if factors.rslora else 1) * up @ down
        torch.testing.assert_close(again.modules[name].delta(), dense, rtol=1e-6, atol=1e-6)


def test_clip_layers_have_their_level_in_the_tensors_and_not_in_the_settings(tmp_path):
    """With it PEFT would not find them in transformers 5, without it diffusers would not before."""
    names = ["text_encoder.encoder.layers.0.mlp.fc1", "text_encoder_2.text_model.encoder.layers.0.mlp.fc1",
             "text_encoder_2.encoder.block.0.layer.0.SelfAttention.q"]  # fmt: skip
    parts = [Factors(torch.randn(rank, 6), torch.randn(5, rank), 2.0) for rank in (2, 3, 4)]
    ours = Adapter(dict(zip(names, parts, strict=True)), Card(name="clip"))
    path = lorakit.save_adapter(ours, tmp_path, format="diffusers")
    assert {key.partition(".lora_")[0] for key in load_file(path)} == {
        "text_encoder.text_model.encoder.layers.0.mlp.fc1", names[1], names[2]
    }  # fmt: skip
    with safe_open(path, "pt") as file:
        stated = json.loads(file.metadata()["lora_adapter_metadata"])
    assert stated["text_encoder.target_modules"] == ["encoder.layers.0.mlp.fc1"]
    assert stated["text_encoder_2.target_modules"] == [
        "encoder.block.0.layer.0.SelfAttention.q", "encoder.layers.0.mlp.fc1"
    ]  # fmt: skip
    assert not any("text_model" in text for text in map(str, stated.values()))
    again = {name.replace("text_model.", ""): f for name, f in lorakit.load_adapter(path).modules.items()}
    for name, before in ours.modules.items():
        torch.testing.assert_close(again[name.replace("text_model.", "")].delta(), before.delta())
