"""FLUX.1 on the true classes: training predicts what the pipeline computes, and a seed is a picture."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from diffusers import FluxPipeline

from lorakit import families
from lorakit.errors import BaseError, DataError
from lorakit.families import family_named, load_base

flux1 = family_named("flux")


@pytest.fixture(scope="module")
def base(flux_folder):
    return load_base(flux_folder, device="cpu")


@pytest.fixture(scope="module")
def guided(guided_folder):
    return load_base(guided_folder, device="cpu")


def moderate(size: int, height: int = 8, width: int = 8) -> torch.Tensor:
    return torch.randn(size, 4, height, width, generator=torch.Generator().manual_seed(1))


def as_arrays(images) -> list[np.ndarray]:
    return [np.asarray(image, dtype=np.int16) for image in images]


# Loading


def test_the_folder_states_its_settings_and_licence(base):
    assert base.family == "flux" and base.kind is flux1
    assert base.settings == families.Settings(64 * 64, 3, 2.0, 16, True)
    assert base.licence.name == "Apache-2.0" and base.licence.commercial is True
    assert base.model is base.pipeline.transformer and not any(
        p.requires_grad for p in base.model.parameters()
    )


def test_without_stated_settings_the_kind_of_base_decides(tmp_path, guided_folder, flux_folder):
    for source, name, steps, guidance, commercial in (
        (guided_folder, "FLUX.1-dev", 28, 3.5, False),
        (flux_folder, "FLUX.1-schnell", 4, 0.0, True),
        (flux_folder, "mine", 4, 0.0, None),
    ):
        shutil.copytree(source, tmp_path / name)
        (tmp_path / name / "lorakit.json").unlink()
        loaded = load_base(str(tmp_path / name), device="cpu")
        assert (loaded.settings.steps, loaded.settings.guidance) == (steps, guidance)
        assert loaded.licence.commercial is commercial and loaded.licence.name


def test_half_precision_weights_are_used_in_float32_on_the_cpu(tmp_path, make_base):
    source = make_base(tmp_path / "half", torch.bfloat16)
    loaded = load_base(source, device="cpu")
    kinds = {
        p.dtype
        for part in (loaded.model, loaded.pipeline.vae, loaded.pipeline.text_encoder_2)
        for p in part.parameters()
    }
    assert kinds == {torch.float32} and loaded.dtype == torch.float32
    assert load_base(source, device="cpu", dtype=torch.bfloat16).model.dtype == torch.bfloat16


def test_a_saved_pipeline_loads_to_the_same_weights(base, tmp_path):
    base.pipeline.save_pretrained(tmp_path / "again")
    again = load_base(str(tmp_path / "again"), device="cpu")
    own, other = base.model.state_dict(), again.model.state_dict()
    assert own.keys() == other.keys() and all(torch.equal(own[name], other[name]) for name in own)


@pytest.mark.parametrize("part", ["transformer", "vae", "text_encoder_2", "tokenizer"])
def test_a_missing_part_is_named(tmp_path, flux_folder, part):
    shutil.copytree(flux_folder, tmp_path / "base")
    shutil.rmtree(tmp_path / "base" / part)
    with pytest.raises(BaseError, match=rf"{part}.*again"):
        load_base(str(tmp_path / "base"), device="cpu")


def test_damaged_weights_and_a_wider_variant_are_refused(tmp_path, flux_folder, make_base):
    shutil.copytree(flux_folder, tmp_path / "base")
    weights = next((tmp_path / "base" / "transformer").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-500])
    with pytest.raises(BaseError, match="download them again") as caught:
        load_base(str(tmp_path / "base"), device="cpu")
    assert str(tmp_path) not in str(caught.value)
    fill = make_base(tmp_path / "fill", extra_channels=8)
    with pytest.raises(BaseError, match="variant"):
        load_base(fill, device="cpu")


def test_a_damaged_settings_file_is_named(tmp_path, flux_folder):
    shutil.copytree(flux_folder, tmp_path / "base")
    (tmp_path / "base" / "lorakit.json").write_text("{")
    with pytest.raises(BaseError, match=r"lorakit\.json"):
        load_base(str(tmp_path / "base"), device="cpu")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("./nowhere", "no such folder"),
        ("nonsense", "no such folder"),
        ("/no/such/folder", "no such folder"),
    ],
)
def test_what_is_not_there_is_said(source, says):
    with pytest.raises(BaseError, match=says):
        load_base(source)


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(BaseError, match="not a base as diffusers or transformers save it"):
        load_base(str(tmp_path))


def test_cuda_that_is_not_there_and_an_unknown_quantization(flux_folder, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BaseError, match="no CUDA device"):
        load_base(flux_folder, device="cuda")
    with pytest.raises(BaseError, match="nf4"):
        load_base(flux_folder, quantize="int3")


# Encoding


def test_targets_are_attention_and_feed_forward(base):
    found = flux1.targets(base)
    assert set(found) == {
        *(f"transformer_blocks.0.attn.{n}" for n in ("to_q", "to_k", "to_v", "to_out.0")),
        *(f"transformer_blocks.0.attn.{n}" for n in ("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")),
        *(
            f"transformer_blocks.0.{n}"
            for n in ("ff.net.0.proj", "ff.net.2", "ff_context.net.0.proj", "ff_context.net.2")
        ),
        *(f"single_transformer_blocks.0.attn.{n}" for n in ("to_q", "to_k", "to_v")),
        "single_transformer_blocks.0.proj_mlp",
        "single_transformer_blocks.0.proj_out",
    }
    assert len(found) == len(set(found))


def test_latents_are_the_vae_s_mode_shifted_and_scaled(base):
    pixels = torch.rand(2, 3, 48, 80) * 2 - 1
    latents = flux1.encode_images(base, pixels)
    assert latents.shape == (2, 4, 6, 10)
    mean, _ = base.pipeline.vae.encode(pixels).latent_dist.parameters.chunk(2, dim=1)
    assert torch.allclose(latents, (mean - 0.1) * 0.7, atol=1e-6)


def test_prompt_embeddings_do_not_depend_on_their_neighbours(base):
    both = flux1.encode_prompts(base, ["a red can", "a blue bottle on the table in snow"])
    alone = flux1.encode_prompts(base, ["a red can"])
    assert both["prompt_embeds"].shape == (2, 16, 24) and both["pooled_prompt_embeds"].shape == (2, 20)
    for key, rows in alone.items():
        assert torch.allclose(both[key][:1], rows, atol=1e-5)
    assert not torch.allclose(both["prompt_embeds"][0], both["prompt_embeds"][1], atol=1e-3)


def test_empty_and_endless_prompts_have_the_same_shape(base):
    shapes = {
        flux1.encode_prompts(base, [prompt])["prompt_embeds"].shape
        for prompt in ("", "a can " * 5000, "🫖\x00")
    }
    assert shapes == {(1, 16, 24)}


def test_sampling_needs_no_encoders_once_texts_are_encoded(flux_folder, base):
    fresh = load_base(flux_folder, device="cpu")
    conditioning = flux1.encode_prompts(fresh, ["a red can"])
    for encoder in (fresh.pipeline.text_encoder, fresh.pipeline.text_encoder_2):
        encoder.to("meta")  # as far away as an encoder can be
    (image,) = flux1.sample(fresh, conditioning, None, 64, 48, [5], 3, 1.0)
    assert np.array_equal(np.asarray(image), np.asarray(draw(base, [5])[0]))
    assert fresh.pipeline.text_encoder is not None and fresh.pipeline.text_encoder_2 is not None


def test_freed_encoders_come_back_by_themselves(base):
    before = flux1.encode_prompts(base, ["a red can"])
    flux1.free_encoders(base)
    after = flux1.encode_prompts(base, ["a red can"])
    assert torch.equal(before["prompt_embeds"], after["prompt_embeds"])


# Prediction


@pytest.mark.parametrize("which", ["base", "guided"])
@pytest.mark.parametrize(("height", "width"), [(8, 8), (6, 12)])
def test_predict_is_what_the_pipeline_computes_on_its_way(which, height, width, request):
    """Every step of the pipeline's own Euler sampler moves by exactly the predicted velocity."""
    base = request.getfixturevalue(which)
    conditioning = flux1.encode_prompts(base, ["a red can on the table"])
    scheduler, seen = base.pipeline.scheduler, []
    noise = moderate(1, height, width)
    base.pipeline(
        **conditioning, height=8 * height, width=8 * width, num_inference_steps=4, guidance_scale=1.0,
        latents=FluxPipeline._pack_latents(noise, 1, 4, height, width), output_type="latent",
        callback_on_step_end=lambda pipe, i, t, kept: (seen.append(kept["latents"].clone()), kept)[1],
    )  # fmt: skip
    latents = noise
    for i, packed in enumerate(seen):
        sigma, following = scheduler.sigmas[i], scheduler.sigmas[i + 1]
        velocity = flux1.predict(base, latents, sigma[None], conditioning)
        assert velocity.shape == latents.shape
        latents = latents + (following - sigma) * velocity
        expected = FluxPipeline._unpack_latents(packed, 8 * height, 8 * width, 8)
        assert torch.allclose(latents, expected, atol=1e-4), f"step {i}"
    assert not torch.allclose(latents, noise, atol=1e-2)


def test_every_row_has_its_own_time_and_text(base):
    conditioning = flux1.encode_prompts(base, ["a red can", "a blue bottle"])
    t, latents = torch.tensor([0.2, 0.9]), moderate(2)
    both = flux1.predict(base, latents, t, conditioning)
    for i in range(2):
        row = {key: value[i : i + 1] for key, value in conditioning.items()}
        assert torch.allclose(
            flux1.predict(base, latents[i : i + 1], t[i : i + 1], row), both[i : i + 1], atol=1e-5
        )


def test_gradients_reach_the_latents(base):
    latents = moderate(1).requires_grad_()
    flux1.predict(base, latents, torch.tensor([0.5]), flux1.encode_prompts(base, ["a can"])).sum().backward()
    assert latents.grad.abs().sum() > 0


# Sampling


def draw(base, seeds, width=64, height=48, prompts=("a red can",), negative=None, guidance=1.0, **more):
    conditioning = flux1.encode_prompts(base, list(prompts))
    negative = None if negative is None else flux1.encode_prompts(base, [negative])
    return flux1.sample(base, conditioning, negative, width, height, seeds, 3, guidance, **more)


def test_pictures_have_exactly_the_asked_size_one_per_seed(base):
    images = draw(base, [1, 2, 3], 80, 48)
    assert [image.size for image in images] == [(80, 48)] * 3 and images[0].mode == "RGB"
    first, second, _ = as_arrays(images)
    assert np.abs(first - second).max() > 0


@pytest.mark.parametrize(("negative", "guidance"), [(None, 1.0), ("snow", 3.0)])
def test_a_seed_s_picture_does_not_depend_on_its_batch(base, negative, guidance):
    together = as_arrays(draw(base, [7, 8, 9], negative=negative, guidance=guidance))
    for seed, expected in zip((7, 8, 9), together, strict=True):
        (alone,) = as_arrays(draw(base, [seed], negative=negative, guidance=guidance))
        assert np.abs(alone - expected).max() <= 1, "rounding of a last bit is all that may differ"


def test_one_prompt_per_seed(base):
    red, blue = as_arrays(draw(base, [5, 5], prompts=("a red can", "a blue bottle in snow")))
    (alone,) = as_arrays(draw(base, [5], prompts=("a blue bottle in snow",)))
    assert np.abs(blue - alone).max() <= 1 and np.abs(red - blue).max() > 0


def test_guidance_uses_the_negative_prompt_on_an_undistilled_base(base):
    plain, guided = draw(base, [5], negative="snow"), draw(base, [5], negative="snow", guidance=6.0)
    assert np.abs(as_arrays(plain)[0] - as_arrays(guided)[0]).max() > 0


def test_guidance_is_embedded_on_a_distilled_base(guided):
    calls = []
    hook = guided.model.register_forward_pre_hook(
        lambda module, args, kwargs: calls.append(kwargs["guidance"]), with_kwargs=True
    )
    draw(guided, [5], negative="snow", guidance=6.0)
    hook.remove()
    assert len(calls) == 3, "one forward per step: no second one for a negative prompt"
    assert all(float(value[0]) == 6.0 for value in calls)


def test_progress_is_told_and_may_stop_the_sampling(base):
    steps = []
    draw(base, [1], on_step=steps.append)
    assert steps == [0, 1, 2]

    def stop(step):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw(base, [1], on_step=stop)
    assert np.array_equal(as_arrays(draw(base, [1]))[0], as_arrays(draw(base, [1]))[0])


@pytest.mark.parametrize(("width", "height"), [(0, 64), (64, -16), (70, 64), (64, 65)])
def test_sizes_that_cannot_be_made_are_refused(base, width, height):
    with pytest.raises(DataError, match="multiples of 16"):
        draw(base, [1], width, height)


def test_nothing_is_printed(flux_folder, capfd):
    draw(load_base(flux_folder, device="cpu"), [1], prompts=("a can " * 100,))
    out, err = capfd.readouterr()
    assert out == "" and err == ""


def test_the_settings_file_may_state_a_part_only(tmp_path, flux_folder):
    shutil.copytree(flux_folder, tmp_path / "base")
    (tmp_path / "base" / "lorakit.json").write_text(json.dumps({"steps": 9, "unknown": 1}))
    loaded = load_base(str(tmp_path / "base"), device="cpu")
    assert loaded.settings.steps == 9 and loaded.settings.area == 1024 * 1024


def test_the_libraries_are_quiet_from_the_first_import(flux_folder):
    code = f"from lorakit import load_base; load_base({flux_folder!r}, device='cpu')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "" and done.stderr == ""
