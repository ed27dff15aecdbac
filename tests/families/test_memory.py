"""Computing activations again and swapping blocks change what is held, never what comes out."""

import pytest
import torch

from lorakit.families import load_base, memory, pictures
from lorakit.lora.inject import trainable
from tests.families import tiny_bases
from tests.families.learning import gradients, loss_of
from tests.families.tiny_language import LANGUAGE_MODELS, language_base

KINDS = (*tiny_bases.BUILDERS, "flux", *LANGUAGE_MODELS)
CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=KINDS)
def base(request, tmp_path_factory, flux_folder):
    folder = tmp_path_factory.mktemp("bases")
    if request.param == "flux":
        return load_base(flux_folder, device="cpu")
    if request.param in LANGUAGE_MODELS:
        return language_base(request.param, folder)
    return load_base(
        tiny_bases.write(folder / request.param, tiny_bases.BUILDERS[request.param]()), device="cpu"
    )


@pytest.fixture
def injection(base):
    injection = trainable(base.model, base.kind.targets(base), 2, 2.0)
    for layer in injection.layers.values():
        layer.up.data.normal_(0, 0.2, generator=torch.Generator().manual_seed(0))
    yield injection
    injection.remove()


def test_recomputing_gives_the_same_gradients_and_holds_fewer_activations(base, injection):
    loss, expected = gradients(base, injection)
    held = {}
    for on in (False, True):
        sizes = []

        def pack(tensor, sizes=sizes):
            sizes.append(tensor.numel())
            return tensor

        with (
            memory.recomputing(base.model, on),
            torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        ):
            kept = loss_of(base)
        held[on] = sum(sizes)
        del kept
    assert held[True] < 0.75 * held[False]
    with memory.recomputing(base.model):
        again, found = gradients(base, injection)
    assert torch.equal(loss, again)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-7, rtol=1e-5)
    assert all(block.forward.__name__ == "forward" for block in memory.blocks_of(base.model))


def test_only_one_block_is_ever_on_the_device(base, injection, monkeypatch):
    """The "device" and the place where blocks wait are both the CPU here; what waits is made unusable."""
    loss, expected = gradients(base, injection)
    blocks, store, most, put_away = memory.blocks_of(base.model), {}, [], []
    rest = torch.device("meta")

    def move(part, device):
        if device == rest:
            put_away.append(part)
            store[id(part)] = part.data
            part.data = torch.full_like(part.data, torch.nan)
        elif id(part) in store:
            part.data = store[id(part)]
            present = [b for b in blocks if not any(p.isnan().all() for p in b.parameters() if p.numel())]
            most.append(len(present))

    monkeypatch.setattr(memory, "move", move)
    memory.swap_blocks(base.model, CPU, rest)
    try:
        frozen = [p for block in blocks for p in block.parameters() if not p.requires_grad]
        assert len(blocks) > 1 and all(bool(p.isnan().all()) for p in frozen)
        put_away.clear()
        with memory.recomputing(base.model):
            again, found = gradients(base, injection)
            with torch.no_grad():
                assert torch.equal(loss_of(base), loss)
        assert torch.equal(loss, again)
        for name, gradient in expected.items():
            torch.testing.assert_close(found[name], gradient, atol=1e-7, rtol=1e-5)
        assert max(most) == 1 and not put_away, "what is frozen is never copied back"
    finally:
        for block in blocks:
            memory.put(block, CPU)
            del block.forward


def test_a_block_that_leaves_has_the_very_weights_that_waited_its_4_bit_constants_too(flux_folder):
    base = load_base(flux_folder, device="cpu", quantize="nf4")
    memory.swap_blocks(base.model, CPU, CPU)
    parts = [part for block in memory.blocks_of(base.model) for part in memory.frozen(block)]
    before = [[value.data_ptr() for *_, value in memory.places(part)] for part in parts]
    assert max(map(len, before)) > 4, "codes, constants, and constants of the constants"
    loss_of(base)
    assert before == [[value.data_ptr() for *_, value in memory.places(part)] for part in parts]


def test_encoders_of_an_offloaded_base_stay_in_the_hosts_memory(flux_folder):
    base = load_base(flux_folder, device="cpu", offload=True)
    plain = base.kind.encode_prompts(base, ["red can"])
    base.device = torch.device("meta")  # stands in for a small card
    again = base.kind.encode_prompts(base, ["red can"])
    assert all(torch.equal(plain[name], again[name]) for name in plain)
    base.offloaded = False
    assert pictures.bring(base) == torch.device("meta")
    assert {
        p.device.type for part in pictures.encoders(base.pipeline).values() for p in part.parameters()
    } == {"meta"}


def test_updates_belong_where_a_waiting_layer_will_compute(flux_folder):
    base = load_base(flux_folder, device="cpu", offload=True)
    assert base.offloaded
    path = base.kind.targets(base)[0]
    base.model.get_submodule(path).works_on = torch.device("meta")
    injection = trainable(base.model, [path], 2, 2.0)
    assert {p.device.type for p in injection.named_parameters().values()} == {"meta"}
    injection.remove()
