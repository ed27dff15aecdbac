"""The forecast's bytes of small bases of the true classes against exact sums of the same bases, loaded."""

import itertools
from dataclasses import replace

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from lorakit.families import load_base
from lorakit.families.shapes import shape_of
from lorakit.training.forecast.forecast import forecast
from lorakit.training.forecast.moments import Placement, bytes_of_parts, coder_bytes
from lorakit.training.recipe import Recipe
from tests.families import tiny_bases
from tests.families.tiny_language import language_folder

CUDA = torch.device("cuda")
BUILDERS = tiny_bases.BUILDERS | {"flux": lambda: tiny_bases.flux1(guidance_embeds=True)}
KINDS = [*BUILDERS, "llama"]
KEPT = [(torch.float32, None), (torch.bfloat16, None), (torch.bfloat16, "nf4")]
RECIPE = Recipe(rank=2, alpha=2.0, batch_size=1, max_length=32, held_out=0.2)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    made = {kind: tiny_bases.write(folder / kind, build()) for kind, build in BUILDERS.items()}
    return made | {"llama": str(language_folder("llama", folder))}


def held(model):
    """Every tensor of a loaded model, once; of 4-bit weights their constants too."""
    tensors = {}
    for part in (*model.parameters(), *model.buffers()):
        tensors[id(part)] = part.numel() * part.element_size()
        state = getattr(part, "quant_state", None)
        while state is not None:
            for value in vars(state).values():
                if isinstance(value, torch.Tensor):
                    tensors[id(value)] = value.numel() * value.element_size()
            state = state.state2
    return sum(tensors.values())


def loaded_parts(base):
    names = ("vae", "text_encoder", "text_encoder_2")
    parts = {name: getattr(base.pipeline, name, None) for name in names}
    return {"model": held(base.model)} | {
        name: held(part) for name, part in parts.items() if part is not None
    }


@pytest.mark.parametrize(("dtype", "quantize"), KEPT)
@pytest.mark.parametrize("kind", KINDS)
def test_every_part_is_counted_to_the_byte(kind, dtype, quantize, folders):
    counted = bytes_of_parts(shape_of(folders[kind], dtype), Placement(quantize))
    base = load_base(folders[kind], device="cpu", dtype=dtype, quantize=quantize)
    assert counted == loaded_parts(base)


@pytest.mark.parametrize(
    ("kind", "quantize"), [("sdxl", None), ("flux", "nf4"), ("flux2-klein", None), ("llama", "nf4")]
)
def test_each_moment_has_room_for_all_that_is_on_the_device_then(kind, quantize, folders):
    base = load_base(folders[kind], device="cpu", dtype=torch.bfloat16, quantize=quantize)
    parts = loaded_parts(base)
    whole, texts = sum(parts.values()), sum(size for name, size in parts.items() if "text" in name)
    recipe = RECIPE if kind == "llama" else replace(RECIPE, class_images=1, class_prompt="a bottle")
    here, away = (
        forecast(folders[kind], recipe, device=CUDA, quantize=quantize, offload=offload)
        for offload in (False, True)
    )
    assert here.parts["weights"] == parts["model"] > away.parts["weights"]
    if kind == "llama":
        assert here.moments.keys() == {"Training", "Measuring held-out texts"}
        assert here.moments["Measuring held-out texts"] > parts["model"] + 2 * here.parts["factors"]
        return
    learned = 2 * here.parts["factors"] + here.parts["optimizer"]
    assert here.moments["Preparing photos"] > whole
    assert here.moments["Generating class images"] > whole
    assert here.moments["Previews"] > whole - texts + learned
    saved = here.moments["Preparing photos"] - away.moments["Preparing photos"]
    assert saved >= texts + here.parts["weights"] - away.parts["weights"] > 0, "encoders stay on the host"


def measured(work):
    """The most that the CPU's allocator gave out during `work` beyond what was there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        work()
    events = seen.profiler.kineto_results.events()
    memory = sorted((event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]")
    return max(itertools.accumulate(size for _, size in memory))


@pytest.mark.parametrize("kind", ["sdxl", "flux2-dev"])
def test_encoding_and_decoding_make_what_is_counted_but_for_what_convolutions_need_inside(kind, folders):
    base = load_base(folders[kind], device="cpu", dtype=torch.float32)
    counted = coder_bytes(shape_of(folders[kind], torch.float32), 256, 256)
    pixels, vae = torch.zeros(1, 3, 256, 256), base.pipeline.vae
    latents = torch.zeros(1, vae.config.latent_channels, 32, 32)
    with torch.no_grad():
        encoded = measured(lambda: base.kind.encode_images(base, pixels))
        decoded = measured(lambda: vae.decode(latents).sample)
    for expected, found in zip(counted, (encoded, decoded), strict=True):
        assert 0.6 < expected / found < 1.05


def test_sdxl_encodes_in_wider_numbers_than_it_is_kept_in(folders):
    """Twice the bytes of a float32 base's pass would be missed, and the weights themselves grow."""
    narrow, wide = (shape_of(folders["sdxl"], dtype) for dtype in (torch.bfloat16, torch.float32))
    grown = held(wide.pipeline.vae)
    assert coder_bytes(narrow, 256, 256)[0] >= coder_bytes(wide, 256, 256)[0] + grown
    assert coder_bytes(narrow, 256, 256)[1] * 2 == pytest.approx(coder_bytes(wide, 256, 256)[1], rel=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_forecast_for_a_cpu(kind, folders):
    found = forecast(folders[kind], RECIPE, device=torch.device("cpu"))
    assert found.host == 0 and found.peak > found.parts["weights"] > 0
