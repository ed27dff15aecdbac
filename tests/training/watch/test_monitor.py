"""What is said of a training while it runs: sizes per block, and what it repeats."""

import math

import pytest
import torch
from torch import nn

from lorakit.lora.inject import trainable
from lorakit.training.watch import health
from lorakit.training.watch.memorised import PhotoMemory, TextMemory


class Blocks(nn.Module):
    def __init__(self, count=4):
        super().__init__()
        torch.manual_seed(0)
        self.blocks = nn.ModuleList(
            nn.ModuleDict({"q": nn.Linear(12, 8), "v": nn.Linear(12, 8)}) for _ in range(count)
        )


@pytest.fixture
def injection():
    model = Blocks()
    names = [f"blocks.{i}.{leaf}" for i in range(4) for leaf in "qv"]
    injection = trainable(model, names, 4, 8.0)
    with torch.no_grad():
        for layer in injection.layers.values():
            layer.up.normal_(std=0.02)
    return injection


def test_a_blocks_size_is_that_of_its_dense_updates_beside_its_weights(injection):
    block = [injection.layers[f"blocks.2.{leaf}"] for leaf in "qv"]
    update = math.sqrt(sum((layer.scale * layer.up @ layer.down).norm().item() ** 2 for layer in block))
    weight = math.sqrt(sum(layer.base.weight.norm().item() ** 2 for layer in block))
    found = health.BlockSizes(injection).measure()
    assert list(found.blocks) == [f"blocks.{i}" for i in range(4)] and found.said == []
    assert found.blocks["blocks.2"] == pytest.approx(update / weight, rel=1e-5)


@pytest.mark.parametrize(("value", "word"), [(float("nan"), "Broken"), (0.0, "Inactive"), (9.0, "Saturated")])
def test_a_block_that_goes_wrong_is_named(injection, value, word):
    for leaf in "qv":
        injection.layers[f"blocks.1.{leaf}"].up.data.fill_(value)
    found = health.BlockSizes(injection).measure()
    assert len(found.said) == 1 and found.said[0].startswith(word) and "blocks.1" in found.said[0]
    assert all(size is None or math.isfinite(size) for _, size in found.to_event(3).blocks)


def test_before_the_first_step_nothing_has_been_learned(injection):
    for layer in injection.layers.values():
        layer.up.data.zero_()
    assert health.BlockSizes(injection).measure().said == [
        "Nothing has been learned yet: no block has changed."
    ]


@pytest.mark.parametrize(
    ("module", "block"),
    [
        ("transformer_blocks.0.attn.to_q", "transformer_blocks.0"),
        ("model.layers.11.mlp.up_proj", "model.layers.11"),
        ("down_blocks.1.attentions.0.proj_in", "down_blocks.1"),
        ("mid_block.proj", "mid_block"),
        ("head", "head"),
    ],
)
def test_modules_are_gathered_by_block(module, block):
    assert health.block_of(module) == block


def latents(count):
    random = torch.Generator().manual_seed(1)
    return [torch.randn(4, 16, 12 + 4 * (i % 2), generator=random) for i in range(count)]


def test_a_preview_that_is_a_photo_with_grain_is_close_and_a_new_one_is_as_far_as_photos_are():
    photos = latents(9)
    memory = PhotoMemory(photos)
    again = memory.nearest(photos[5] + 0.1 * torch.randn_like(photos[5]))
    assert again.photo == 5 and again.close and again.distance < 0.2
    new = memory.nearest(torch.randn(4, 16, 16, generator=torch.Generator().manual_seed(2)))
    assert not new.close and 0.8 < new.distance < 1.5


@pytest.mark.parametrize("count", [1, 2])
def test_few_photos_or_the_same_one_twice_still_give_an_answer(count):
    memory = PhotoMemory(latents(1) * count)
    assert memory.nearest(latents(1)[0]).close
    assert not memory.nearest(latents(3)[2]).close


TEXTS = [
    "The mug. It holds tea, and it holds its tongue.",
    "The lamp. It gives light, and it asks for nothing in return but a wall.",
    "A chair. You sit on it. That is the whole idea, and it works.",
]


def test_the_longest_copied_run_of_words_is_found_whatever_its_punctuation():
    memory = TextMemory(TEXTS)
    copied = memory.longest("Behold: it gives LIGHT and it asks for nothing, in return for money.")
    assert (copied.words, copied.run) == (10, "it gives light and it asks for nothing in return")
    assert memory.is_long(copied)


def test_what_the_texts_repeat_themselves_is_no_copy():
    boilerplate = "made by hand in our own workshop by the sea since nineteen hundred and ten"
    memory = TextMemory([f"{thing} {boilerplate}" for thing in ("mug", "lamp", "chair", "pan")])
    assert memory.usual == 15
    assert not memory.is_long(memory.longest(f"a spoon {boilerplate}"))


def test_a_text_of_its_own_copies_nothing():
    memory = TextMemory(TEXTS)
    assert memory.longest("Short words").words == 0
    assert not memory.is_long(memory.longest("the mug it holds soup"))
