"""A mix reaches the denoiser, the text encoders or both, by the names of its modules."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from lorakit.generation.pictures.request import Request


@pytest.fixture
def asked(base_of, adapter):
    """A request with three mixes: of the denoiser, of the text encoder alone, and none."""
    drawing, words = adapter("drawing"), adapter("words", module="text_encoder.layer")
    base = base_of()
    request = Request(
        base, None, Path(), [], {}, [{drawing: 0.5, words: 1.0}, {words: 1.0}, {}], [], 3, 2.0, "", "png"
    )
    return SimpleNamespace(request=request, drawing=drawing, layer=base.model.layer)


def test_the_denoiser_is_given_what_has_modules_of_it(asked):
    assert asked.request.drawing_mix(0) == {asked.drawing: 0.5}
    assert asked.request.drawing_mix(1) == {}


def test_prompts_are_read_anew_only_for_a_mix_that_reaches_the_encoders(asked):
    assert [asked.request.words_mix(number) for number in range(3)] == [0, 1, -1]
    with asked.request.mixed_words(-1) as pipeline:
        assert pipeline is None, "no pipeline is touched"


def test_the_mix_is_on_the_base_inside_the_block_alone(asked):
    ones = torch.ones(1, 4)
    bare = asked.layer(ones)
    with asked.request.mixed(0):
        assert not torch.equal(asked.request.base.model.layer(ones), bare)
    with asked.request.mixed(1):
        assert torch.equal(asked.request.base.model.layer(ones), bare)
    assert torch.equal(asked.request.base.model.layer(ones), bare)
