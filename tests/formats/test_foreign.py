"""Files as their tools write them today, by small writers of our own, against dense computations."""

import json

import pytest
import torch
from diffusers import Flux2Transformer2DModel, FluxTransformer2DModel, UNet2DConditionModel
from safetensors.torch import save_file
from torch import nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    LlamaConfig,
    LlamaForCausalLM,
    T5Config,
    T5EncoderModel,
)

import lorakit
from lorakit.errors import AdapterError
from lorakit.formats import NAMINGS, inspect
from tests.formats.authors import (
    FLUX_1,
    FLUX_2,
    XLABS,
    XLABS_SINGLE,
    numbered,
)

R = 3


def rand(*shape):
    return torch.randn(*shape)


def saved(tensors, tmp_path, name="x.safetensors", **metadata):
    tensors = {key: tensor.contiguous() for key, tensor in tensors.items()}
    save_file(tensors, tmp_path / name, metadata or None)
    return lorakit.load_adapter(tmp_path / name)


def check(found, wanted):
    assert found.keys() == wanted.keys()
    for name, delta in wanted.items():
        assert (found[name] - delta).norm() <= 1e-5 * delta.norm(), name


@pytest.fixture(scope="module")
def flux1():
    torch.manual_seed(0)
    return FluxTransformer2DModel(
        patch_size=1, in_channels=8, num_layers=1, num_single_layers=1, attention_head_dim=8,
        num_attention_heads=2, joint_attention_dim=12, pooled_projection_dim=10, guidance_embeds=True,
        axes_dims_rope=(2, 2, 4),
    )  # fmt: skip


@pytest.fixture(scope="module")
def flux2():
    torch.manual_seed(0)
    return Flux2Transformer2DModel(
        in_channels=8, num_layers=1, num_single_layers=1, attention_head_dim=8, num_attention_heads=2,
        joint_attention_dim=12, timestep_guidance_channels=8, axes_dims_rope=(2, 2, 2, 2),
    )  # fmt: skip


@pytest.fixture(scope="module")
def unet():
    torch.manual_seed(0)
    return UNet2DConditionModel(
        block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, cross_attention_dim=12,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), attention_head_dim=4,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip


SMALL = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
CLIP = CLIPTextConfig(vocab_size=20, projection_dim=8, bos_token_id=0, eos_token_id=1, **SMALL)


@pytest.fixture(scope="module")
def encoders():
    t5 = T5Config(d_model=8, d_kv=4, d_ff=16, num_layers=1, num_heads=2, vocab_size=20)
    return CLIPTextModel(CLIP), CLIPTextModelWithProjection(CLIP), T5EncoderModel(t5)


def linears(model):
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}


def pairs(layers, spell, a="lora_A.weight", b="lora_B.weight", alpha=None):
    """A file's tensors for linear layers, and their dense deltas."""
    torch.manual_seed(1)
    tensors, dense = {}, {}
    for name, layer in layers.items():
        down, up = rand(R, layer.in_features), rand(layer.out_features, R)
        tensors |= {f"{spell(name)}.{a}": down, f"{spell(name)}.{b}": up}
        if alpha is not None:
            tensors[f"{spell(name)}.alpha"] = torch.tensor(alpha)
        dense[name] = (1.0 if alpha is None else alpha / R) * up @ down
    return tensors, dense


@pytest.mark.parametrize("prefix", ["transformer.", "diffusion_model.", "", "base_model.model."])
@pytest.mark.parametrize("model", ["flux1", "flux2"])
def test_every_layer_under_diffusers_names(prefix, model, request, tmp_path):
    model = request.getfixturevalue(model)
    tensors, dense = pairs(linears(model), lambda name: prefix + name)
    adapter = saved(tensors, tmp_path)
    check(lorakit.deltas(adapter, model), dense)
    assert adapter.family == ("flux2" if isinstance(model, Flux2Transformer2DModel) else "flux")


@pytest.mark.parametrize("prefix", ["unet.", ""])
def test_diffusers_first_layout_on_attention_processors(prefix, unet, tmp_path):
    attention = {n: m for n, m in linears(unet).items() if ".attn1." in n or ".attn2." in n}

    def spell(name):  # ...attn1.to_out.0 was ...attn1.processor.to_out_lora
        block, _, last = name.removesuffix(".0").rpartition(".")
        return f"{prefix}{block}.processor.{last}_lora"

    tensors, dense = pairs(attention, spell, "down.weight", "up.weight")
    check(lorakit.deltas(saved(tensors, tmp_path), unet), dense)


@pytest.mark.parametrize("ending", ["lora_A.weight lora_B.weight", "lora.down.weight lora.up.weight"])
def test_layers_of_one_unet_file_in_two_spellings_as_diffusers_wrote_them(ending, unet, tmp_path):
    some = dict(list(linears(unet).items())[:3])
    a, b = ending.split()
    tensors, dense = pairs(some, lambda name: f"unet.{name}", a, b)
    more, dense_more = pairs(dict(list(linears(unet).items())[3:6]), lambda name: f"unet.{name}")
    check(lorakit.deltas(saved(tensors | more, tmp_path), unet), dense | dense_more)


@pytest.mark.parametrize("spelling", ["lora_linear_layer", "to_q_lora", "peft"])
@pytest.mark.parametrize("which", [0, 1])
def test_a_text_encoders_layers_alone(spelling, which, encoders, tmp_path):
    """Its names carry `text_model.`, which transformers 5 keeps in one of its two CLIP classes only."""
    encoder, component = encoders[which], "text_encoder" + ("_2" if which else "")
    names = {n: m for n, m in linears(encoder).items() if n.endswith(("q_proj", "out_proj"))}

    def spell(name):
        name = name if name.startswith("text_model.") else f"text_model.{name}"
        if spelling == "to_q_lora":
            name = name.replace("q_proj", "to_q_lora").replace("out_proj", "to_out_lora")
        return f"{component}.{name}" + (".lora_linear_layer" if spelling == "lora_linear_layer" else "")

    ends = ("lora_A.weight", "lora_B.weight") if spelling == "peft" else ("down.weight", "up.weight")
    tensors, dense = pairs(names, spell, *ends)
    check(lorakit.deltas(saved(tensors, tmp_path), encoder), dense)


def test_kohya_on_flux_with_clip_and_t5(flux1, encoders, tmp_path):
    clip, _, t5 = encoders

    class Pipeline:
        transformer, text_encoder, text_encoder_2 = flux1, clip, t5

    def spelling(start, level=""):
        return lambda name: start + (level + name).replace(".", "_")

    wanted, tensors = {}, {}
    for model, component, start, level in (
        (clip, "text_encoder", "lora_te1_", "text_model."), (t5, "text_encoder_2", "lora_te3_", ""),
    ):  # fmt: skip
        own, dense = pairs(linears(model), spelling(start, level), "lora_down.weight", "lora_up.weight", 1.0)
        tensors |= own
        wanted |= {f"{component}.{name}": delta for name, delta in dense.items()}
    qkv = {"lora_down.weight": rand(R, 16), "lora_up.weight": rand(48, R), "alpha": torch.tensor(1.0)}
    tensors |= {f"lora_unet_double_blocks_0_txt_attn_qkv.{leaf}": tensor for leaf, tensor in qkv.items()}
    whole = qkv["lora_up.weight"] @ qkv["lora_down.weight"] / R
    wanted |= {f"transformer.transformer_blocks.0.attn.add_{n}_proj": d
               for n, d in zip("qkv", whole.chunk(3), strict=True)}  # fmt: skip
    check(lorakit.deltas(saved(tensors, tmp_path), Pipeline()), wanted)


def test_kohya_names_for_flux_2(flux2, tmp_path):
    """musubi-tuner keeps FLUX.2's layers fused under the authors' names."""
    layers, wanted, tensors = linears(flux2), {}, {}
    for row in numbered(FLUX_2):
        rows, inner = sum(layers[n].out_features for n, _ in row.ours), layers[row.ours[0][0]].in_features
        down, up = rand(R, inner), rand(rows, R)
        key = "lora_unet_" + row.theirs.replace(".", "_")
        tensors |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up}
        half = rows // 2
        up = torch.cat([up[half:], up[:half]]) if row.swapped else up
        for (name, _), part in zip(row.ours, up.chunk(len(row.ours)), strict=True):
            wanted[name] = part @ down
    check(lorakit.deltas(saved(tensors, tmp_path), flux2), wanted)
    assert wanted.keys() == layers.keys()
    assert inspect(tmp_path / "x.safetensors").family == "flux2"


def test_onetrainers_numbered_parts_of_fused_layers(flux1, tmp_path):
    start = "transformer.double_blocks.0.img_attn"
    tensors, wanted = {}, {}
    names = [(f"{start}.qkv.{i}", f"transformer_blocks.0.attn.to_{n}", 16, 16) for i, n in enumerate("qkv")]
    single = "single_transformer_blocks.0"
    names += [("transformer.single_blocks.0.linear1.3", f"{single}.proj_mlp", 64, 16),
              ("transformer.single_blocks.0.linear1.1", f"{single}.attn.to_k", 16, 16),
              ("transformer.single_blocks.0.linear2", f"{single}.proj_out", 16, 80)]  # fmt: skip
    for theirs, ours, rows, inner in names:
        down, up = rand(R, inner), rand(rows, R)
        tensors |= {f"{theirs}.lora_down.weight": down, f"{theirs}.lora_up.weight": up,
                    f"{theirs}.alpha": torch.tensor(2.0)}  # fmt: skip
        wanted[ours] = up @ down * 2 / R
    check(lorakit.deltas(saved(tensors, tmp_path), flux1), wanted)
    assert inspect(tmp_path / "x.safetensors").tool == "OneTrainer"


def dora(weight, delta, magnitude, by_column):
    updated = weight + delta
    flat = updated.transpose(0, 1).flatten(1) if by_column else updated.flatten(1)
    shape = (1, -1) if by_column else (-1, 1)
    kernel = [1] * (weight.dim() - 2)
    return updated * (magnitude.flatten() / flat.norm(dim=1)).view(*shape, *kernel) - weight


@pytest.mark.parametrize("by_column", [True, False])
@pytest.mark.parametrize("kind", ["linear", "convolution"])
def test_dora_scale_of_columns_and_of_rows(by_column, kind, unet, tmp_path):
    """OneTrainer and LyCORIS norm over the inputs unless told otherwise, so dora_scale is (1, in)."""
    ending = "conv1" if kind == "convolution" else "ff.net.0.proj"
    name, layer = next((n, m) for n, m in unet.named_modules() if n.endswith(ending))
    weight = layer.weight.detach()
    kernel = weight.shape[2:]
    down, up = rand(R, weight.shape[1], *kernel), rand(weight.shape[0], R, *[1] * len(kernel))
    size = weight.shape[1] if by_column else weight.shape[0]
    magnitude = torch.rand(size) + 0.5
    scale = magnitude.view(*((1, size) if by_column else (size, 1)), *[1] * len(kernel))
    key = "lora_unet_" + name.replace(".", "_")
    adapter = saved({f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up,
                     f"{key}.alpha": torch.tensor(1.5), f"{key}.dora_scale": scale}, tmp_path)  # fmt: skip
    delta = 1.5 / R * (up.flatten(1) @ down.flatten(1)).view(weight.shape)
    wanted = dora(weight, delta, magnitude, by_column)
    check(lorakit.deltas(adapter, unet), {name: wanted})
    x = rand(2, weight.shape[1], *([5, 5] if kernel else []))
    with torch.no_grad():
        plain = layer(x)
        op = torch.conv2d if kernel else torch.nn.functional.linear
        padding = {"padding": layer.padding} if kernel else {}
        for amount in (1.0, 0.4):
            with lorakit.applied(unet, {adapter: amount}):
                live = unet.get_submodule(name)(x)
            torch.testing.assert_close(
                live, plain + amount * op(x, wanted, None, **padding), rtol=1e-4, atol=1e-4
            )


def test_column_magnitudes_of_a_fused_layer_are_refused(tmp_path):
    key = "lora_unet_double_blocks_0_img_attn_qkv"
    with pytest.raises(AdapterError, match="per column"):
        saved({f"{key}.lora_down.weight": rand(R, 16), f"{key}.lora_up.weight": rand(48, R),
               f"{key}.dora_scale": torch.rand(1, 16)}, tmp_path)  # fmt: skip


def core(t, a, b):  # LyCORIS' rebuild_tucker
    return torch.einsum("i j k l, i p, j r -> p r k l", t, a, b).contiguous()


def test_loha_and_lokr_with_tucker_cores(unet, tmp_path):
    name, layer = next((n, m) for n, m in unet.named_modules() if n.endswith("conv1"))
    out, inner = layer.out_channels, layer.in_channels
    key = "lora_unet_" + name.replace(".", "_")
    t1, t2 = rand(R, R, 3, 3), rand(R, R, 3, 3)
    a1, b1, a2, b2 = rand(R, out), rand(R, inner), rand(R, out), rand(R, inner)
    adapter = saved({f"{key}.hada_t1": t1, f"{key}.hada_w1_a": a1, f"{key}.hada_w1_b": b1,
                     f"{key}.hada_t2": t2, f"{key}.hada_w2_a": a2, f"{key}.hada_w2_b": b2,
                     f"{key}.alpha": torch.tensor(1.0)},
                    tmp_path)  # fmt: skip
    check(lorakit.deltas(adapter, unet), {name: core(t1, a1, b1) * core(t2, a2, b2) / R})
    w1, a, b = rand(2, 2), rand(R, out // 2), rand(R, inner // 2)
    adapter = saved({f"{key}.lokr_w1": w1, f"{key}.lokr_t2": t2, f"{key}.lokr_w2_a": a, f"{key}.lokr_w2_b": b,
                     f"{key}.alpha": torch.tensor(1.0)}, tmp_path)  # fmt: skip
    check(lorakit.deltas(adapter, unet), {name: torch.kron(w1[:, :, None, None], core(t2, a, b)) / R})


def test_lycoris_convolutions_with_flat_factors(unet, tmp_path):
    """Without a core, LyCORIS keeps a convolution's second factor flat: (r, in * kh * kw)."""
    name, layer = next((n, m) for n, m in unet.named_modules() if n.endswith("conv1"))
    shape, key = layer.weight.shape, "lora_unet_" + name.replace(".", "_")
    a1, b1, a2, b2 = rand(shape[0], R), rand(R, shape[1] * 9), rand(shape[0], R), rand(R, shape[1] * 9)
    adapter = saved({f"{key}.hada_w1_a": a1, f"{key}.hada_w1_b": b1, f"{key}.hada_w2_a": a2,
                     f"{key}.hada_w2_b": b2, f"{key}.alpha": torch.tensor(1.0)}, tmp_path)  # fmt: skip
    check(lorakit.deltas(adapter, unet), {name: ((a1 @ b1) * (a2 @ b2) / R).view(shape)})
    w1, a, b = rand(2, 2), rand(shape[0] // 2, R), rand(R, shape[1] // 2 * 9)
    adapter = saved({f"{key}.lokr_w1": w1, f"{key}.lokr_w2_a": a, f"{key}.lokr_w2_b": b,
                     f"{key}.alpha": torch.tensor(1.0)}, tmp_path)  # fmt: skip
    check(lorakit.deltas(adapter, unet), {name: (torch.kron(w1, a @ b) / R).view(shape)})


@pytest.mark.parametrize("start", ["lycoris_", "lora_unet_", "diffusion_model."])
def test_lokr_on_flux_2_whoever_named_it(start, flux2, tmp_path):
    dotted = start.endswith(".")
    theirs, ours = ("single_blocks.0.linear1", "single_transformer_blocks.0.attn.to_qkv_mlp_proj")
    name = ours if start == "lycoris_" else theirs
    layer = flux2.get_submodule(ours)
    w1, w2 = rand(4, 4), rand(layer.out_features // 4, layer.in_features // 4)
    key = start + (name if dotted else name.replace(".", "_"))
    adapter = saved({f"{key}.lokr_w1": w1, f"{key}.lokr_w2": w2, f"{key}.alpha": torch.tensor(9e9)}, tmp_path)
    check(lorakit.deltas(adapter, flux2), {ours: torch.kron(w1, w2)})


def test_a_kronecker_products_parts_are_split_by_rows(flux1, tmp_path):
    w1, a, b = rand(3, 4), rand(16, 2), rand(2, 4)
    key = "diffusion_model.double_blocks.0.img_attn.qkv"
    adapter = saved({f"{key}.lokr_w1": w1, f"{key}.lokr_w2_a": a, f"{key}.lokr_w2_b": b,
                     f"{key}.alpha": torch.tensor(1.0)}, tmp_path)  # fmt: skip
    q, k, v = (torch.kron(w1, a @ b) / 2).chunk(3)
    block = "transformer_blocks.0.attn"
    check(lorakit.deltas(adapter, flux1), {f"{block}.to_q": q, f"{block}.to_k": k, f"{block}.to_v": v})


def llama():
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(vocab_size=32, **SMALL))


def test_mlx_dora_and_its_checkpoints_beside_it(tmp_path):
    model, name = llama(), "model.layers.0.self_attn.q_proj"
    a, b, m = rand(8, R), rand(R, 8), torch.rand(8) + 0.5
    for file in ("adapters.safetensors", "0000100_adapters.safetensors"):
        save_file({f"{name}.lora_a": a, f"{name}.lora_b": b, f"{name}.m": m}, tmp_path / file)
    config = {"fine_tune_type": "dora", "lora_parameters": {"rank": R, "scale": 2.0}}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    weight = model.get_submodule(name).weight.detach()
    wanted = dora(weight, 2.0 * (a @ b).T, m, by_column=False)
    check(lorakit.deltas(lorakit.load_adapter(tmp_path), model), {name: wanted})


PEFT = "base_model.model.model.layers.0.self_attn.q_proj"


def peft_folder(tmp_path, tensors=None, **config):
    tensors = tensors or {f"{PEFT}.lora_A.weight": rand(4, 8), f"{PEFT}.lora_B.weight": rand(8, 4)}
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    stated = {"peft_type": "LORA", "r": 4, "lora_alpha": 6} | config
    (tmp_path / "adapter_config.json").write_text(json.dumps(stated))
    return tensors


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({}, 6 / 4),
        ({"use_rslora": True}, 6 / 2),
        ({"alpha_pattern": {"q_proj": 3}}, 3 / 4),
        ({"alpha_pattern": {r".*layers\.\d\.self_attn\.(q|v)_proj": 5}}, 5 / 4),
        ({"alpha_pattern": {"^model.layers.1.self_attn.q_proj": 5}}, 6 / 4),
        ({"alpha_pattern": {"v_proj": 9}, "target_modules": ".*(q|v)_proj"}, 6 / 4),
        ({"lora_alpha": 7.5, "fan_in_fan_out": True, "modules_to_save": []}, 7.5 / 4),
    ],
)
def test_a_peft_folders_settings(config, scale, tmp_path):
    tensors = peft_folder(tmp_path, **config)
    delta = scale * tensors[f"{PEFT}.lora_B.weight"] @ tensors[f"{PEFT}.lora_A.weight"]
    check(lorakit.deltas(lorakit.load_adapter(tmp_path), llama()), {PEFT[len("base_model.model.") :]: delta})


@pytest.mark.parametrize("kind", ["LORA", "LOKR"])
def test_a_config_without_an_alpha_means_pefts_default_and_the_card_says_so(kind, tmp_path):
    tensors = peft_folder(tmp_path)
    if kind == "LOKR":
        tensors = {
            f"{PEFT}.lokr_w1": rand(2, 2),
            f"{PEFT}.lokr_w2_a": rand(4, 2),
            f"{PEFT}.lokr_w2_b": rand(2, 4),
        }
        save_file(tensors, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": kind, "r": 2}))
    with pytest.warns(UserWarning, match="PEFT's default of 8 was used"):
        adapter = lorakit.load_adapter(tmp_path)
    assert "state no alpha" in adapter.card.notes
    parts = list(tensors.values())
    delta = parts[1] @ parts[0] / 4 if kind == "LORA" else torch.kron(parts[0], parts[1] @ parts[2]) / 2
    check(lorakit.deltas(adapter, llama()), {PEFT[len("base_model.model.") :]: 8 * delta})


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"trainable_token_indices": [1]}, "trainable_token_indices"),
        ({"layer_replication": [[0, 1]]}, "layer_replication"),
        ({"alora_invocation_tokens": [1, 2]}, "aLoRA"),
        ({"lora_bias": True}, "lora_bias"),
        ({"init_lora_weights": "pissa_niter_16"}, "pissa_niter_16.*weight_conversion"),
        ({"init_lora_weights": "olora"}, "olora"),
        ({"use_dora": True}, "no magnitude"),
        ({"peft_type": "IA3"}, "IA3"),
        ({"alpha_pattern": {"(a+)+$": 1}}, "run forever"),
        ({"alpha_pattern": {".*.*.*.*x": 1}}, "run forever"),
        ({"alpha_pattern": {"(": 1}}, "not a valid pattern"),
        ({"alpha_pattern": [1]}, "can't be read"),
        ({"lora_alpha": "six"}, "can't be read"),
        ({"lora_alpha": float("inf")}, "alpha inf"),
        ({"lora_alpha": -1}, "alpha -1"),
    ],
)
@pytest.mark.battery(23, "PEFT settings that cannot be followed")
def test_peft_settings_that_change_what_the_factors_mean_are_refused(
    config, words, tmp_path, record_property
):
    peft_folder(tmp_path, **config)
    with pytest.raises(AdapterError, match=words) as caught:
        lorakit.load_adapter(tmp_path)
    record_property("told", caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\xff", "[" * 100_000])
@pytest.mark.battery(23, "PEFT folder with a wrong adapter_config.json")
def test_a_damaged_config_is_told_in_words(text, tmp_path, record_property):
    peft_folder(tmp_path)
    (tmp_path / "adapter_config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(
        AdapterError, match=r"adapter_model.safetensors: its settings file can't be read"
    ) as caught:
        lorakit.load_adapter(tmp_path)
    record_property("told", caught.value)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("base_model.model.model.layers.0.mlp.weight", "modules_to_save"),
        (f"{PEFT}.lora_B.bias", "lora_bias"),
        ("base_model.model.model.embed_tokens.lora_embedding_A", "word embeddings"),
        (f"{PEFT}.bias", "whole layers"),
    ],
)
def test_peft_tensors_that_are_no_updates_are_named(key, words, tmp_path):
    peft_folder(tmp_path, {f"{PEFT}.lora_A.weight": rand(4, 8), f"{PEFT}.lora_B.weight": rand(8, 4),
                           key: rand(2, 2)})  # fmt: skip
    with pytest.raises(AdapterError, match=words):
        lorakit.load_adapter(tmp_path)


def test_each_component_has_its_own_alpha_in_diffusers_metadata(flux1, encoders, tmp_path):
    clip = encoders[0]

    class Pipeline:
        transformer, text_encoder = flux1, clip

    first, second = "transformer_blocks.0.attn.to_q", "encoder.layers.0.self_attn.q_proj"
    (one, d1), (two, d2) = (
        pairs({n: m.get_submodule(n)}, lambda name, c=c: f"{c}.{name}")
        for m, n, c in ((flux1, first, "transformer"), (clip, second, "text_encoder"))
    )
    stated = {
        "transformer.r": R,
        "transformer.lora_alpha": 6,
        "text_encoder.r": R,
        "text_encoder.lora_alpha": 12,
    }
    adapter = saved(one | two, tmp_path, lora_adapter_metadata=json.dumps(stated))
    wanted = {f"transformer.{first}": 6 / R * d1[first], f"text_encoder.{second}": 12 / R * d2[second]}
    check(lorakit.deltas(adapter, Pipeline()), wanted)


@pytest.mark.battery(24, "half of the keys of one dialect, half of another")
def test_half_of_two_layouts_is_refused(tmp_path, record_property):
    kohya, other = "lora_unet_double_blocks_0_img_attn_proj", "transformer.transformer_blocks.0.attn.to_q"
    tensors = {f"{kohya}.lora_down.weight": rand(R, 4), f"{kohya}.lora_up.weight": rand(4, R),
               f"{other}.lora_A.weight": rand(R, 4), f"{other}.lora_B.weight": rand(4, R)}  # fmt: skip
    with pytest.raises(AdapterError, match=r"mixes layouts.*kohya.*diffusers") as caught:
        saved(tensors, tmp_path)
    record_property("told", caught.value)


@pytest.mark.parametrize(
    "key",
    ["transformer.x_embedder", "diffusion_model.img_in"],
)
def test_a_control_adapter_is_refused_by_name(key, tmp_path):
    inner = "double_blocks.0.img_mlp.0" if "img_in" in key else "transformer_blocks.0.ff.net.0.proj"
    other = f"{key.partition('.')[0]}.{inner}"
    tensors = {f"{key}.lora_A.weight": rand(R, 128), f"{key}.lora_B.weight": rand(16, R),
               f"{other}.lora_A.weight": rand(R, 16), f"{other}.lora_B.weight": rand(64, R)}  # fmt: skip
    with pytest.raises(AdapterError, match="control"):
        saved(tensors, tmp_path)


def test_no_name_means_different_things_to_two_layouts(flux1, unet):
    """All names of all layouts, asked of every row: where two rows know one, they agree."""
    names = [
        f"{p}{n}"
        for p in ("", "transformer.", "diffusion_model.", "base_model.model.")
        for n in linears(flux1)
    ]
    names += [f"{p}{n}" for p in ("", "unet.", "base_model.model.") for n in linears(unet)]
    names += [f"lora_unet_{n.replace('.', '_')}" for m in (flux1, unet) for n in linears(m)]
    for row in numbered((*FLUX_1, *FLUX_2)):
        theirs = row.theirs
        names += [f"{p}{theirs}" for p in ("", "diffusion_model.", "transformer.", "base_model.model.")]
        names.append("lora_unet_" + theirs.replace(".", "_"))
    names += [f"{theirs.replace('N', '0')}" for theirs in (*XLABS, *XLABS_SINGLE)]
    for flux2 in (False, True):
        for name in names:
            asked = [naming for naming in NAMINGS if not naming.general and naming.flux2 in (None, flux2)]
            found = {naming.name: row.ours for naming in asked if (row := naming.resolve(name)) is not None}
            assert len(set(found.values())) <= 1, (name, found)


@pytest.mark.battery(16, "rank larger than the layer")
def test_a_rank_no_layer_has_is_refused(tmp_path, record_property):
    with pytest.raises(AdapterError, match="rank 99") as caught:
        saved(
            {"transformer.a.lora_A.weight": rand(99, 4), "transformer.a.lora_B.weight": rand(8, 99)}, tmp_path
        )
    record_property("told", caught.value)
