"""Parts of the sampling and groups of blocks, through every image family's own sampler."""

import numpy as np
import pytest
import torch

from lorakit.families import load_base
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.lora.layers import weight_shape
from lorakit.lora.live import applied
from lorakit.lora.strength import Strength, is_in
from tests.families import tiny_bases

STEPS = 5
GROUP = {"flux": "single", "flux2": "double", "sdxl": "up", "sd15": "down"}


@pytest.fixture(scope="module", params=["flux", *tiny_bases.BUILDERS])
def base(request, tmp_path_factory):
    build = {"flux": tiny_bases.flux1, **tiny_bases.BUILDERS}[request.param]
    return load_base(tiny_bases.write(tmp_path_factory.mktemp("bases") / request.param, build()))


def adapter(base, name, seed):
    generator = torch.Generator().manual_seed(seed)
    modules = {}
    for target in base.kind.targets(base):
        out, inner = weight_shape(base.model.get_submodule(target))
        down, up = (torch.randn(shape, generator=generator) for shape in ((2, inner), (out, 2)))
        modules[target] = Factors(down / inner**0.5, up / 4, 2.0)
    return Adapter(modules, Card(name=name, family=base.family))


def draw(base, mix, again=False):
    """The picture, and what the denoiser said at each of its steps, of the second picture with `again`."""
    family, said = base.kind, []
    words = [family.encode_prompts(base, [text]) for text in ("a red can", "")]
    hook = base.model.register_forward_hook(lambda module, inputs, out: said.append(out[0].clone()))
    try:
        with applied(base.model, mix):
            for _ in range(1 + again):
                said.clear()
                picture = family.sample(base, *words, 64, 64, [3], STEPS, 1.0)[0]
    finally:
        hook.remove()
    return np.asarray(picture), said


def test_a_style_from_60_percent_on_leaves_the_first_steps_to_the_product(base):
    product, style = adapter(base, "Bottle", 1), adapter(base, "Riso", 2)
    alone, structure = draw(base, {product: 0.9})
    late = {product: 0.9, style: Strength(1.0, start=0.6)}
    mixed, said = draw(base, late)
    begin = next(i for i in range(len(said)) if i / len(said) >= 0.6)
    assert len(said) == len(structure) >= STEPS
    assert [torch.equal(*pair) for pair in zip(said, structure, strict=True)][: begin + 1] == [
        *[True] * begin, False,
    ]  # fmt: skip
    assert (mixed != alone).any()
    assert np.array_equal(draw(base, late, again=True)[0], mixed), "each picture begins at the beginning"
    assert (draw(base, {product: 0.9, style: 1.0})[0] != mixed).any()


def test_a_group_of_blocks_has_a_weight_of_its_own(base):
    style, group = adapter(base, "Riso", 2), GROUP[base.family]
    rest = {name: factors for name, factors in style.modules.items() if not is_in(name, group)}
    assert 0 < len(rest) < len(style.modules)
    without = draw(base, {Adapter(rest, style.card): 0.8})[0]
    assert np.array_equal(draw(base, {style: Strength(0.8, {group: 0.0})})[0], without)
    assert (draw(base, {style: 0.8})[0] != without).any()
