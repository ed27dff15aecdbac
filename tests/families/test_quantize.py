"""NF4 on the CPU: what a 4-bit base computes and its gradients are those of its rounded weights."""

import pytest
import torch
from bitsandbytes.functional import dequantize_4bit
from bitsandbytes.nn import Linear4bit
from torch import nn
from transformers.quantizers.base import HfQuantizer

import lorakit
from lorakit.errors import AdapterError
from lorakit.families import load_base, memory, quantize
from lorakit.lora.inject import trainable
from tests.families import tiny_bases
from tests.families.learning import gradients, loss_of, texts, trained
from tests.families.tiny_language import LANGUAGE_MODELS, language_base, language_folder

CPU = torch.device("cpu")


def rounded(model) -> None:
    """Put a plain layer with the dequantized weight in place of every 4-bit one."""
    for path, layer in list(model.named_modules()):
        if isinstance(layer, Linear4bit):
            plain = nn.Linear(layer.in_features, layer.out_features, layer.bias is not None)
            plain.weight.data = dequantize_4bit(layer.weight.data, layer.weight.quant_state).float()
            if layer.bias is not None:
                plain.bias.data = layer.bias.data.float()
            parent, _, name = path.rpartition(".")
            setattr(model.get_submodule(parent), name, plain.requires_grad_(False))


def four_bit(model) -> set[str]:
    return {path for path, layer in model.named_modules() if isinstance(layer, Linear4bit)}


@pytest.fixture(scope="module")
def folders(tmp_path_factory, flux_folder):
    folder = tmp_path_factory.mktemp("bases")
    made = {kind: tiny_bases.write(folder / kind, build()) for kind, build in tiny_bases.BUILDERS.items()}
    made |= {kind: str(language_folder(kind, folder)) for kind in LANGUAGE_MODELS}
    return made | {"flux": flux_folder}


def injected(base):
    injection = trainable(base.model, base.kind.targets(base), 2, 2.0)
    for layer in injection.layers.values():
        layer.up.data.normal_(0, 0.2, generator=torch.Generator().manual_seed(0))
    return injection


@pytest.mark.parametrize("kind", ["flux", "flux2-klein", "sdxl", *LANGUAGE_MODELS])
def test_a_step_in_four_bits_is_a_step_on_the_rounded_weights(kind, folders):
    small, plain = (load_base(folders[kind], device="cpu", quantize="nf4") for _ in range(2))
    assert small.quantized == "nf4"
    assert set(small.kind.targets(small)) <= four_bit(small.model)
    rounded(plain.model)
    assert small.kind.targets(small) == plain.kind.targets(plain)
    with torch.no_grad():  # a preview before the step: it must not change how weights are kept
        loss_of(small)
    loss, found = gradients(small, injected(small))
    expected_loss, expected = gradients(plain, injected(plain))
    torch.testing.assert_close(loss, expected_loss, atol=1e-5, rtol=1e-5)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-6, rtol=1e-3)
    with memory.recomputing(small.model):
        again, recomputed = gradients(small, injected_again(small))
    torch.testing.assert_close(again, loss)
    assert all(torch.allclose(recomputed[name], found[name], atol=1e-6) for name in found)


def injected_again(base):
    """The updates that are in the model already."""
    from lorakit.lora.layers import LoraLinear

    layers = {path: layer for path, layer in base.model.named_modules() if isinstance(layer, LoraLinear)}

    class Found:
        def named_parameters(self):
            return {f"{path}.{name}": getattr(layer, name) for path, layer in layers.items()
                    for name in ("down", "up")}  # fmt: skip

    return Found()


def test_constants_are_quantized_too_and_the_size_is_known_beforehand():
    layer = nn.Sequential(nn.Linear(256, 512))
    before = layer[0].weight.detach().clone()
    quantize.nf4(layer, CPU, torch.bfloat16)
    weight, state = layer[0].weight, layer[0].weight.quant_state
    assert state.nested and state.quant_type == "nf4" and layer[0].compute_dtype == torch.bfloat16
    back = dequantize_4bit(weight.data, state).float()
    assert 0.05 < float((back - before).norm() / before.norm()) < 0.12
    parts = (weight.data, state.absmax, state.code, state.offset, state.state2.absmax, state.state2.code)
    assert sum(part.numel() * part.element_size() for part in parts) == quantize.bytes_of(512, 256)


def test_text_encoders_are_in_four_bits_but_for_what_t5_wants_in_full(folders):
    base, plain = (load_base(folders["flux"], device="cpu", quantize=q) for q in ("nf4", None))
    t5 = {path.rpartition(".")[2] for path in four_bit(base.pipeline.text_encoder_2)}
    assert t5 == {"q", "k", "v", "o", "wi"} and four_bit(base.pipeline.text_encoder)
    rounded(base.pipeline.text_encoder)
    rounded(base.pipeline.text_encoder_2)
    four = load_base(folders["flux"], device="cpu", quantize="nf4")
    prompts = ["a red can", "a blue bottle"]
    expected = base.kind.encode_prompts(base, prompts)
    found, full = (b.kind.encode_prompts(b, prompts) for b in (four, plain))
    for key, rows in expected.items():
        torch.testing.assert_close(found[key], rows, atol=1e-4, rtol=1e-3)
        assert not torch.allclose(full[key], rows, atol=1e-4), "four bits were used"


def test_t5_cannot_have_its_last_layers_in_four_bits_and_transformers_leaves_them_out_too(folders):
    """Its feed-forward turns activations into the type of `wo`'s weight, whose packed bytes are of uint8."""
    base = load_base(folders["flux"], device="cpu", quantize="nf4")
    t5, family = base.pipeline.text_encoder_2, base.kind
    left = [(path, layer) for path, layer in t5.named_modules() if path.endswith(".wo")]
    assert left and "wo" in HfQuantizer.get_modules_to_not_convert(t5, None, t5._keep_in_fp32_modules)
    given = set()
    for path, layer in left:
        small = quantize.twin(layer.weight.data, None, CPU, torch.float32)
        small.register_forward_pre_hook(lambda _, inputs: given.add(inputs[0].dtype))
        quantize.replace(t5, path, small)
    family.encode_prompts(base, ["a red can"])
    assert given == {torch.uint8}, "it is possible now: do it, which saves 1.5 GB of FLUX.1's encoder"


@pytest.mark.parametrize("kind", ["flux", "llama"])
def test_numbers_in_four_bits_count_in_full_and_their_bytes_with_their_constants(kind, folders):
    base, plain = (load_base(folders[kind], device="cpu", quantize=q) for q in ("nf4", None))
    true = sum(p.numel() for p in plain.model.parameters())
    assert (
        quantize.numbers_in(base.model.parameters()) == true > sum(p.numel() for p in base.model.parameters())
    )
    expected = sum(
        quantize.bytes_of(layer.out_features, layer.in_features)
        if layer is not None and isinstance(layer, Linear4bit) and name.endswith("weight")
        else p.numel() * p.element_size()
        for name, p in base.model.named_parameters()
        for layer in [base.model.get_submodule(name.rpartition(".")[0])]
    )
    assert quantize.bytes_in(base.model.parameters()) == expected


def test_a_language_model_keeps_its_head_and_packs_nothing(folders):
    base = load_base(folders["llama"], device="cpu", quantize="nf4")
    assert "lm_head" not in four_bit(base.model) and len(four_bit(base.model)) == 14
    assert not any(getattr(m, "support_avx512bf16_for_cpu", False) for m in base.model.modules())


@pytest.mark.parametrize("kind", ["flux", "sd15", "flux2-klein"])
def test_photos_train_a_base_in_four_bits(kind, folders, photos, tmp_path):
    base = load_base(folders[kind], device="cpu", quantize="nf4")
    trained(base, photos, tmp_path / "out", gradient_checkpointing=True)
    adapter = lorakit.load_adapter(tmp_path / "out")
    with pytest.raises(AdapterError, match=r"4 bits|quantized"):
        lorakit.merge(base.model, {adapter: 1.0})


@pytest.mark.parametrize("kind", ["llama", "qwen3"])
def test_texts_train_a_base_in_four_bits(kind, tmp_path):
    base = language_base(kind, tmp_path, quantize="nf4")
    found = trained(base, texts(), tmp_path / "out", caption_dropout=0.0, gradient_checkpointing=True)
    whole = sum(p.numel() for p in LANGUAGE_MODELS[kind]().parameters())
    assert found.summary["base_parameters"] == whole
    assert found.summary["share"] == found.summary["trained_parameters"] / whole
    assert found.summary["base_bytes"] == quantize.bytes_in(base.model.parameters())
    assert len(lorakit.load_adapter(tmp_path / "out").modules) == 14


@pytest.mark.parametrize("kind", ["flux", "flux2-klein", "flux2-dev", "sdxl"])
def test_a_base_in_four_bits_and_bf16_draws_and_keeps_to_bf16(kind, folders):
    """The arithmetic of a GPU: a float32 norm inside must not make what follows float32."""
    base = load_base(folders[kind], device="cpu", dtype=torch.bfloat16, quantize="nf4")
    put_out = {
        layer: layer.register_forward_hook(lambda layer, _, y: found.add(y.dtype))
        for layer in base.model.modules()
        if isinstance(layer, Linear4bit)
    }
    found: set[torch.dtype] = set()
    family = base.kind
    (image,) = family.sample(base, family.encode_prompts(base, ["a jar"]), None, 64, 64, [1], 1, 1.0)
    assert put_out and found == {torch.bfloat16}
    assert image.size == (64, 64)
