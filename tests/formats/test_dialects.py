"""Every tool's way of writing: the deltas are those of a dense computation of the file's own tensors."""

import json

import pytest
import torch
from diffusers import Flux2Transformer2DModel, FluxTransformer2DModel, UNet2DConditionModel
from safetensors.torch import save_file
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, LlamaConfig, LlamaForCausalLM

import lorakit
from lorakit.errors import AdapterError
from lorakit.formats import inspect, unet
from tests.formats.authors import FLUX_1, FLUX_2, XLABS, numbered

HIDDEN, RANK, ALPHA = 16, 3, 6.0
BFL = "double_blocks.0.img_attn"


@pytest.fixture(scope="module")
def transformer():
    return FluxTransformer2DModel(
        patch_size=1, in_channels=8, num_layers=2, num_single_layers=2, attention_head_dim=8,
        num_attention_heads=2, joint_attention_dim=12, pooled_projection_dim=10, guidance_embeds=True,
        axes_dims_rope=(2, 2, 4),
    )  # fmt: skip


def small_unet(**changes):
    settings = {
        "block_out_channels": (8, 16, 16), "layers_per_block": 2, "norm_num_groups": 4,
        "cross_attention_dim": 12,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), "attention_head_dim": 4,
        "transformer_layers_per_block": (1, 2, 3), "use_linear_projection": True,
        "addition_embed_type": "text_time", "addition_time_embed_dim": 4,
        "projection_class_embeddings_input_dim": 36,
    }  # fmt: skip
    return UNet2DConditionModel(**settings | changes)


def layers(model):
    return {n: m for n, m in model.named_modules() if isinstance(m, (nn.Linear, nn.Conv2d))}


def rows_and_columns(row, model):
    modules = dict(model.named_modules())
    parts = [modules[name] for name, _ in row.ours]
    return sum(part.out_features for part in parts), parts[0].in_features


def bfl_rows():
    """All of the authors' layers of two double and two single blocks."""
    return numbered(FLUX_1, ("0", "1"))


def authors_file(model, key, ending=("lora_A.weight", "lora_B.weight"), keep=lambda row: True):
    """Tensors for all layers, and the dense delta of each of the authors' layers."""
    torch.manual_seed(1)
    tensors, dense = {}, {}
    for row in filter(keep, bfl_rows()):
        out, inner = rows_and_columns(row, model)
        down, up = torch.randn(RANK, inner), torch.randn(out, RANK)
        tensors[f"{key(row.theirs)}.{ending[0]}"], tensors[f"{key(row.theirs)}.{ending[1]}"] = down, up
        dense[row] = up @ down
    return tensors, dense


def expected(dense, scale):
    """The authors' dense deltas, cut into diffusers' modules by hand."""
    cut = {}
    for row, delta in dense.items():
        half = delta.shape[0] // 2
        right = torch.cat([delta[half:], delta[:half]]) if row.swapped else delta
        start, unit = 0, delta.shape[0] // sum(units for _, units in row.ours)
        for name, units in row.ours:
            cut[name] = scale * right[start : start + units * unit]
            start += units * unit
    return cut


def check(found, wanted):
    assert found.keys() == wanted.keys()
    for name, delta in wanted.items():
        assert (found[name] - delta).norm() <= 1e-5 * delta.norm(), name


@pytest.mark.parametrize("prefix", ["", "diffusion_model."])
def test_the_authors_names(transformer, prefix, tmp_path):
    tensors, dense = authors_file(transformer, lambda name: prefix + name)
    save_file(tensors, tmp_path / "bfl.safetensors")
    check(
        lorakit.deltas(lorakit.load_adapter(tmp_path / "bfl.safetensors"), transformer), expected(dense, 1.0)
    )
    assert inspect(tmp_path / "bfl.safetensors").tool == "BFL / ComfyUI"


def test_the_authors_names_of_flux_2(tmp_path):
    model = Flux2Transformer2DModel(
        in_channels=8, num_layers=1, num_single_layers=1, attention_head_dim=8, num_attention_heads=2,
        joint_attention_dim=12, timestep_guidance_channels=8, axes_dims_rope=(2, 2, 2, 2),
    )  # fmt: skip
    torch.manual_seed(1)
    tensors, dense = {}, {}
    for row in numbered(FLUX_2):
        out, inner = rows_and_columns(row, model)
        down, up = torch.randn(RANK, inner), torch.randn(out, RANK)
        tensors |= {
            f"diffusion_model.{row.theirs}.lora_A.weight": down,
            f"diffusion_model.{row.theirs}.lora_B.weight": up,
        }
        dense[row] = up @ down
    save_file(tensors, tmp_path / "flux2.safetensors")
    check(lorakit.deltas(lorakit.load_adapter(tmp_path / "flux2.safetensors"), model), expected(dense, 1.0))
    assert inspect(tmp_path / "flux2.safetensors").family == "flux2"
    assert {name for name, _ in layers(model).items()} == {name for row in dense for name, _ in row.ours}


def test_kohya_on_flux_with_its_alphas(transformer, tmp_path):
    tensors, dense = authors_file(
        transformer,
        lambda name: "lora_unet_" + name.replace(".", "_"),
        ("lora_down.weight", "lora_up.weight"),
    )
    alphas = {
        key.replace("lora_up.weight", "alpha"): torch.tensor(ALPHA) for key in tensors if "lora_up" in key
    }
    save_file(tensors | alphas, tmp_path / "kohya.safetensors")
    found = lorakit.load_adapter(tmp_path / "kohya.safetensors")
    check(lorakit.deltas(found, transformer), expected(dense, ALPHA / RANK))
    seen = inspect(tmp_path / "kohya.safetensors")
    assert (seen.tool, seen.family, seen.rank) == ("kohya", "flux", RANK)


def test_xlabs_on_flux(transformer, tmp_path):
    torch.manual_seed(2)
    tensors, wanted = {}, {}
    for number in ("0", "1"):
        for xlabs, general in XLABS.items():
            row = general.at(number)
            out, inner = rows_and_columns(row, transformer)
            down, up = torch.randn(RANK, inner), torch.randn(out, RANK)
            name = xlabs.replace("N", number)
            tensors |= {f"{name}.down.weight": down, f"{name}.up.weight": up}
            wanted |= expected({row: up @ down}, 1.0)
        down, up = torch.randn(RANK, HIDDEN), torch.randn(3 * HIDDEN, RANK)
        single = f"single_blocks.{number}.processor.qkv_lora"
        tensors |= {f"{single}.down.weight": down, f"{single}.up.weight": up}
        delta = up @ down
        for part, name in enumerate(("to_q", "to_k", "to_v")):
            wanted[f"single_transformer_blocks.{number}.attn.{name}"] = delta[
                part * HIDDEN : (part + 1) * HIDDEN
            ]
    save_file(tensors, tmp_path / "xlabs.safetensors")
    check(lorakit.deltas(lorakit.load_adapter(tmp_path / "xlabs.safetensors"), transformer), wanted)


@pytest.mark.parametrize("spelling", ["onetrainer", "toolkit", "bare", "first diffusers"])
def test_diffusers_names_in_other_tools_spellings(transformer, spelling, tmp_path):
    name = "transformer_blocks.1.attn.to_q"
    down, up = torch.randn(RANK, HIDDEN), torch.randn(HIDDEN, RANK)
    tensors = {
        "onetrainer": {
            "lora_transformer_transformer_blocks_1_attn_to_q.lora_down.weight": down,
            "lora_transformer_transformer_blocks_1_attn_to_q.lora_up.weight": up,
            "lora_transformer_transformer_blocks_1_attn_to_q.alpha": torch.tensor(ALPHA),
        },
        "toolkit": {f"transformer.{name}.lora_A.weight": down, f"transformer.{name}.lora_B.weight": up},
        "bare": {f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up},
        "first diffusers": {
            "transformer.transformer_blocks.1.attn.processor.to_q_lora.down.weight": down,
            "transformer.transformer_blocks.1.attn.processor.to_q_lora.up.weight": up,
        },
    }[spelling]
    save_file(tensors, tmp_path / "x.safetensors")
    scale = ALPHA / RANK if spelling == "onetrainer" else 1.0
    check(
        lorakit.deltas(lorakit.load_adapter(tmp_path / "x.safetensors"), transformer),
        {name: scale * up @ down},
    )


SD15 = {"use_linear_projection": False, "addition_embed_type": None, "transformer_layers_per_block": 1}


@pytest.mark.parametrize("changes", [pytest.param({}, id="sdxl-like"), pytest.param(SD15, id="sd15-like")])
def test_every_flattened_unet_name_is_read_back(changes):
    for name in layers(small_unet(**changes)):
        assert unet.dotted(name.replace(".", "_")) == name


def sgm_names(levels=3, layers_per_level=2):
    """SDXL's own names with underscores, and what diffusers calls them, from the U-Net's plan."""
    yield "input_blocks_0_0", "conv_in"
    yield "out_2", "conv_out"
    for theirs, ours in (("time_embed", "time_embedding"), ("label_emb_0", "add_embedding")):
        yield f"{theirs}_0", f"{ours}.linear_1"
        yield f"{theirs}_2", f"{ours}.linear_2"
    inner = {"in_layers_2": "conv1", "emb_layers_1": "time_emb_proj", "out_layers_3": "conv2",
             "skip_connection": "conv_shortcut"}  # fmt: skip
    block = 1
    for level in range(levels):
        for layer in range(layers_per_level):
            for theirs, ours in inner.items():
                yield f"input_blocks_{block}_0_{theirs}", f"down_blocks.{level}.resnets.{layer}.{ours}"
            if level:
                yield f"input_blocks_{block}_1", f"down_blocks.{level}.attentions.{layer}"
            block += 1
        if level < levels - 1:
            yield f"input_blocks_{block}_0_op", f"down_blocks.{level}.downsamplers.0.conv"
            block += 1
    for part, ours in enumerate(("mid_block.resnets.0", "mid_block.attentions.0", "mid_block.resnets.1")):
        if part == 1:
            yield "middle_block_1", ours
        else:
            for theirs, name in inner.items():
                yield f"middle_block_{part}_{theirs}", f"{ours}.{name}"
    block = 0
    for level in range(levels):
        for layer in range(layers_per_level + 1):
            for theirs, ours in inner.items():
                yield f"output_blocks_{block}_0_{theirs}", f"up_blocks.{level}.resnets.{layer}.{ours}"
            if level < levels - 1:
                yield f"output_blocks_{block}_1", f"up_blocks.{level}.attentions.{layer}"
            if layer == layers_per_level and level < levels - 1:
                yield f"output_blocks_{block}_2_conv", f"up_blocks.{level}.upsamplers.0.conv"
            block += 1


def test_sdxls_own_block_numbers():
    names = layers(small_unet())
    attention = [
        name.partition("attentions.0.")[2] for name in names if name.startswith("mid_block.attentions.0.")
    ]
    reached = set()
    for theirs, ours in sgm_names():
        inside = ours.endswith(tuple(f"attentions.{i}" for i in range(3)))
        for tail in attention if inside else [""]:
            wanted = f"{ours}.{tail}" if tail else ours
            if wanted in names:
                flat = f"{theirs}_{tail.replace('.', '_')}" if tail else theirs
                assert unet.from_sgm(flat) == wanted
                reached.add(wanted)
    assert reached == set(names)


def test_kohya_on_a_unet_with_convolutions_and_text_encoder(tmp_path):
    model, torch_names = small_unet(), {}
    for name, layer in list(layers(model).items())[::5]:
        key = "lora_unet_" + name.replace(".", "_")
        if isinstance(layer, nn.Conv2d):
            down = torch.randn(RANK, layer.in_channels, *layer.kernel_size)
            up = torch.randn(layer.out_channels, RANK, 1, 1)
            delta = torch.einsum("or,rikl->oikl", up[:, :, 0, 0], down)
        else:
            down, up = torch.randn(RANK, layer.in_features), torch.randn(layer.out_features, RANK)
            delta = up @ down
        torch_names[name] = (key, down, up, delta / RANK)
    tensors = {}
    for key, down, up, _ in torch_names.values():
        tensors |= {
            f"{key}.lora_down.weight": down,
            f"{key}.lora_up.weight": up,
            f"{key}.alpha": torch.tensor(1.0),
        }
    clip = "lora_te1_text_model_encoder_layers_0_self_attn_q_proj"
    q = torch.randn(8, RANK) @ torch.randn(RANK, 8)
    tensors |= {f"{clip}.lora_down.weight": torch.eye(8), f"{clip}.lora_up.weight": q}
    save_file(tensors, tmp_path / "sdxl.safetensors")
    adapter = lorakit.load_adapter(tmp_path / "sdxl.safetensors")
    assert adapter.family == "sdxl"
    found = lorakit.deltas(adapter, model)
    check(found, {name: delta for name, (_, _, _, delta) in torch_names.items()})
    small = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    encoder = CLIPTextModel(CLIPTextConfig(vocab_size=20, **small))

    class Pipeline:
        def __init__(self):
            self.unet, self.text_encoder = model, encoder

    both = lorakit.deltas(adapter, Pipeline())
    name = next(name for name in both if name.startswith("text_encoder"))
    assert name.endswith("encoder.layers.0.self_attn.q_proj") and torch.allclose(both[name], q, atol=1e-5)


def test_tucker_convolutions(tmp_path):
    model = small_unet()
    name, layer = next((n, m) for n, m in layers(model).items() if n.endswith("conv1"))
    down, mid, up = (
        torch.randn(2, layer.in_channels, 1, 1),
        torch.randn(4, 2, 3, 3),
        torch.randn(layer.out_channels, 4, 1, 1),
    )
    key = "lora_unet_" + name.replace(".", "_")
    save_file({f"{key}.lora_down.weight": down, f"{key}.lora_mid.weight": mid, f"{key}.lora_up.weight": up,
               f"{key}.alpha": torch.tensor(4.0)}, tmp_path / "x.safetensors")  # fmt: skip
    wanted = torch.einsum("or,rskl,si->oikl", up[:, :, 0, 0], mid, down[:, :, 0, 0])
    check(lorakit.deltas(lorakit.load_adapter(tmp_path / "x.safetensors"), model), {name: wanted})


def test_loha_is_the_product_of_its_two_halves(transformer, tmp_path):
    key, r = "lora_unet_double_blocks_0_img_mlp_0", 2
    a1, a2 = torch.randn(4 * HIDDEN, r), torch.randn(4 * HIDDEN, r)
    b1, b2 = torch.randn(r, HIDDEN), torch.randn(r, HIDDEN)
    save_file({f"{key}.hada_w1_a": a1, f"{key}.hada_w1_b": b1, f"{key}.hada_w2_a": a2, f"{key}.hada_w2_b": b2,
               f"{key}.alpha": torch.tensor(1.0)}, tmp_path / "x.safetensors")  # fmt: skip
    wanted = (a1 @ b1) * (a2 @ b2) * (1.0 / r)
    adapter = lorakit.load_adapter(tmp_path / "x.safetensors")
    check(lorakit.deltas(adapter, transformer), {"transformer_blocks.0.ff.net.0.proj": wanted})
    assert inspect(tmp_path / "x.safetensors").tool == "LyCORIS (LoHa)"


@pytest.mark.parametrize("first", ["whole", "factored"])
@pytest.mark.parametrize("second", ["whole", "factored"])
@pytest.mark.parametrize("outer", [(2, 8), (8, 2), (4, 4)])
def test_lokr_is_a_kronecker_product(transformer, first, second, outer, tmp_path):
    key, r = "lora_unet_double_blocks_0_img_mlp_0", 2
    out, inner = 4 * HIDDEN, HIDDEN
    shape = out // outer[0], inner // outer[1]
    tensors = {f"{key}.alpha": torch.tensor(3.0)}
    scale = 1.0 if (first, second) == ("whole", "whole") else 3.0 / r
    pieces = []
    for number, size, how in ((1, outer, first), (2, shape, second)):
        a, b = torch.randn(size[0], r), torch.randn(r, size[1])
        whole = a @ b
        pieces.append(whole)
        tensors |= (
            {f"{key}.lokr_w{number}": whole.contiguous()} if how == "whole"
            else {f"{key}.lokr_w{number}_a": a, f"{key}.lokr_w{number}_b": b}
        )  # fmt: skip
    save_file(tensors, tmp_path / "x.safetensors")
    found = lorakit.deltas(lorakit.load_adapter(tmp_path / "x.safetensors"), transformer)
    check(found, {"transformer_blocks.0.ff.net.0.proj": scale * torch.kron(*pieces)})


def test_mlx_adapters_stand_the_other_way_round(tmp_path):
    small = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=32, **small))
    name = "model.layers.0.self_attn.q_proj"
    a, b = torch.randn(8, RANK), torch.randn(RANK, 8)
    save_file({f"{name}.lora_a": a, f"{name}.lora_b": b}, tmp_path / "adapters.safetensors")
    (tmp_path / "adapter_config.json").write_text(
        json.dumps({"lora_parameters": {"rank": RANK, "scale": 20.0}})
    )
    check(lorakit.deltas(lorakit.load_adapter(tmp_path), model), {name: 20.0 * (a @ b).T})
    assert inspect(tmp_path).tool == "mlx-lm"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_every_storage_type_can_be_used(transformer, dtype, tmp_path):
    down = torch.randint(-4, 5, (RANK, HIDDEN)).to(dtype)
    up = torch.randint(-4, 5, (HIDDEN, RANK)).to(dtype)
    name = "transformer.transformer_blocks.0.attn.to_q"
    save_file({f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up}, tmp_path / "x.safetensors")
    found = lorakit.deltas(lorakit.load_adapter(tmp_path / "x.safetensors"), transformer)
    check(found, {"transformer_blocks.0.attn.to_q": up.float() @ down.float()})


def test_a_swapped_layer_keeps_its_magnitudes_with_its_rows(transformer, tmp_path):
    rows = 2 * HIDDEN
    down, up, scale = torch.randn(RANK, HIDDEN), torch.randn(rows, RANK), torch.arange(1.0, rows + 1)
    key = "lora_unet_final_layer_adaLN_modulation_1"
    tensors = {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up}
    save_file(tensors | {f"{key}.dora_scale": scale[:, None]}, tmp_path / "x.safetensors")
    (factors,) = lorakit.load_adapter(tmp_path / "x.safetensors").modules.values()
    assert torch.equal(factors.magnitude, torch.cat([scale[HIDDEN:], scale[:HIDDEN]]))


def test_a_round_trip_through_kohyas_layout_is_exact(transformer, tmp_path):
    tensors, _ = authors_file(transformer, lambda name: name)
    save_file(tensors, tmp_path / "bfl.safetensors")
    before = lorakit.load_adapter(tmp_path / "bfl.safetensors")
    lorakit.save_adapter(before, tmp_path / "out", format="kohya")
    after = lorakit.load_adapter(tmp_path / "out")
    check(lorakit.deltas(after, transformer), lorakit.deltas(before, transformer))


def test_what_kohya_cannot_hold_is_said(tmp_path, transformer):
    tensors, _ = authors_file(transformer, lambda name: name)
    save_file(tensors, tmp_path / "bfl.safetensors")
    adapter = lorakit.load_adapter(tmp_path / "bfl.safetensors")
    adapter.modules["model.layers.0.q_proj"] = next(iter(adapter.modules.values()))
    with pytest.raises(AdapterError, match=r"kohya.*model\.layers\.0\.q_proj"):
        lorakit.save_adapter(adapter, tmp_path / "out", format="kohya")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ([f"{BFL}.qkv.lora_A.weight", f"{BFL}.qkv.lora_down.weight"], "same thing"),
        ([f"{BFL}.{name}.lora_{leaf}.weight" for name in ("other", "proj") for leaf in "AB"], "bfl.*other"),
        (["lora_unet_x_y.lora_down.weight", "lora_unet_x_y.lora_up.weight"], "no known name"),
        (["a.b.lora_A.weight", "a.b.lora_B.weight", "a.norm.weight"], "whole new norm layers"),
        (["lora_unet_mid_block_attentions_0_proj_in.diff"], "whole new weights"),
        (["a.b.hada_t1", "a.b.hada_w1_a", "a.b.hada_w1_b", "a.b.hada_w2_a", "a.b.hada_w2_b"], "no hada_t2"),
        (["a.b.oft_blocks"], "OFT"),
        (["model.embed_tokens.lora_embedding_A"], "word embeddings"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_in_words(keys, words, tmp_path):
    save_file({key: torch.ones(2, 2) for key in keys}, tmp_path / "odd.safetensors")
    with pytest.raises(AdapterError, match=words) as caught:
        lorakit.load_adapter(tmp_path / "odd.safetensors")
    assert "odd.safetensors" in str(caught.value)


def test_two_names_for_one_module_are_no_guess(tmp_path):
    one, two = "transformer.transformer_blocks.0.attn.to_q", "transformer_blocks.0.attn.to_q"
    tensors = {f"{name}.lora_{leaf}.weight": torch.ones(2, 2) for name in (one, two) for leaf in "AB"}
    save_file(tensors, tmp_path / "x.safetensors")
    with pytest.raises(AdapterError, match="both update"):
        lorakit.load_adapter(tmp_path / "x.safetensors")


def test_rows_that_cannot_be_shared_are_refused(tmp_path):
    name = "double_blocks.0.img_attn.qkv"
    save_file({f"{name}.lora_A.weight": torch.ones(2, 4), f"{name}.lora_B.weight": torch.ones(10, 2)},
              tmp_path / "x.safetensors")  # fmt: skip
    with pytest.raises(AdapterError, match="10 rows"):
        lorakit.load_adapter(tmp_path / "x.safetensors")
