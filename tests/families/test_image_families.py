"""Stable Diffusion and FLUX.2 on the true classes: what training predicts is what the pipelines compute."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, Flux2Pipeline

from lorakit.errors import BaseError, DataError
from lorakit.families import Settings, load_base
from lorakit.families.shapes import shape_of
from tests.families import tiny_bases

KINDS = tuple(tiny_bases.BUILDERS)


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    return {
        kind: load_base(tiny_bases.write(folder / f"tiny-{kind}", build()), device="cpu")
        for kind, build in tiny_bases.BUILDERS.items()
    }


@pytest.fixture(params=KINDS)
def base(request, bases):
    return bases[request.param]


def pictures(count: int, height: int = 64, width: int = 128) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(3)) * 2 - 1


def draw(base, seeds, prompts=("a red can",), negative="", guidance=2.0, width=128, height=64, **more):
    family = base.kind
    unwanted = None if negative is None else family.encode_prompts(base, [negative])
    return family.sample(
        base, family.encode_prompts(base, list(prompts)), unwanted, width, height, seeds, 3, guidance, **more
    )


def apart(first, second) -> int:
    return int(np.abs(np.asarray(first, dtype=np.int16) - np.asarray(second, dtype=np.int16)).max())


# Loading


def test_a_folder_is_told_by_its_pipeline_and_keeps_its_settings(bases):
    assert [base.family for base in bases.values()] == ["sd15", "sdxl", "flux2", "flux2"]
    for base in bases.values():
        assert base.settings == Settings(64 * 64, 3, 2.0, 16, True)
        assert base.model is getattr(base.pipeline, base.kind.component)
        assert not any(p.requires_grad for p in base.model.parameters())


def test_without_stated_settings_the_kind_of_base_decides(tmp_path):
    for name, build, area, steps, guidance, commercial in (
        ("stable-diffusion-v1-5", tiny_bases.sd15, 512, 30, 7.5, True),
        ("stable-diffusion-xl-base-1.0", tiny_bases.sdxl, 1024, 30, 5.0, True),
        ("FLUX.2-klein-4B", lambda: tiny_bases.klein(distilled=True), 1024, 4, 1.0, True),
        ("FLUX.2-klein-base-9B", tiny_bases.klein, 1024, 50, 4.0, False),
    ):
        build().save_pretrained(tmp_path / name)
        loaded = load_base(str(tmp_path / name), device="cpu")
        assert loaded.settings.area == area**2
        assert (loaded.settings.steps, loaded.settings.guidance) == (steps, guidance)
        assert shape_of(str(tmp_path / name), torch.float32).settings == loaded.settings
        assert loaded.licence.commercial is commercial and loaded.licence.url.startswith("https://")


def test_files_of_the_half_precision_variant_are_enough(tmp_path, bases):
    tiny_bases.sdxl().to(torch.float16).save_pretrained(tmp_path / "half", variant="fp16")
    loaded = load_base(str(tmp_path / "half"), device="cpu")
    assert loaded.model.dtype == torch.float32
    whole = bases["sdxl"].model.state_dict()
    for name, value in loaded.model.state_dict().items():
        torch.testing.assert_close(value, whole[name], atol=1e-3, rtol=1e-3)


def test_bases_that_are_something_else_are_refused_in_words(tmp_path, bases):
    for name, change, says in (
        ("inpainting", lambda pipeline: pipeline.unet.register_to_config(in_channels=9), "inpainting"),
        ("sd2", lambda pipeline: pipeline.unet.register_to_config(cross_attention_dim=1024), "Diffusion 2"),
    ):
        pipeline = tiny_bases.sd15()
        change(pipeline)
        with pytest.raises(BaseError, match=f"{name}:? .*{says}"):
            bases["sd15"].kind.check(pipeline, name)
    shutil.copytree(bases["sd15"].source, tmp_path / "other")
    (tmp_path / "other" / "model_index.json").write_text('{"_class_name": "KandinskyPipeline"}')
    with pytest.raises(BaseError, match=r"other: is a KandinskyPipeline; supported are flux, flux2, sdxl"):
        load_base(str(tmp_path / "other"), device="cpu")


# Encoding


def test_targets_are_attention_and_feed_forward(bases):
    for kind in ("sd15", "sdxl"):
        found = bases[kind].kind.targets(bases[kind])
        assert {".".join(path.split(".")[-2:]) for path in found} == {
            *(f"attn{n}.{name}" for n in (1, 2) for name in ("to_q", "to_k", "to_v")),
            "to_out.0", "0.proj", "net.2",
        }  # fmt: skip
        wide = bases[kind].kind.targets(bases[kind], convolutions=True)
        added = set(wide) - set(found)
        assert added and all("resnets" in path or "sampler" in path or "proj_" in path for path in added)
    found = bases["flux2-dev"].kind.targets(bases["flux2-dev"])
    assert set(found) == {
        *(f"transformer_blocks.0.attn.{n}" for n in ("to_q", "to_k", "to_v", "to_out.0")),
        *(f"transformer_blocks.0.attn.{n}" for n in ("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")),
        *(f"transformer_blocks.0.{n}.linear_{side}" for n in ("ff", "ff_context") for side in ("in", "out")),
        "single_transformer_blocks.0.attn.to_qkv_mlp_proj", "single_transformer_blocks.0.attn.to_out",
    }  # fmt: skip


def test_latents_are_what_the_autoencoder_gives_back_as_the_picture(base):
    family, pixels = base.kind, pictures(2)
    latents = family.encode_images(base, pixels)
    assert latents.shape[-2:] == (64 // family.cell, 128 // family.cell)
    pipeline, vae = base.pipeline, base.pipeline.vae
    mean = vae.encode(pixels).latent_dist.mode()
    if base.family == "flux2":
        spread = (vae.bn.running_var + vae.config.batch_norm_eps).sqrt().view(1, -1, 1, 1)
        back = pipeline._unpatchify_latents(latents * spread + vae.bn.running_mean.view(1, -1, 1, 1))
    else:
        back = latents / vae.config.scaling_factor
    torch.testing.assert_close(back, mean, atol=1e-5, rtol=1e-5)


def test_half_precision_autoencoders_encode_in_float32(bases):
    base, pixels = bases["sdxl"], pictures(1)
    expected = base.kind.encode_images(base, pixels)
    base.pipeline.vae.to(torch.bfloat16)
    try:
        seen = []
        base.pipeline.vae.encoder.register_forward_hook(lambda module, args, out: seen.append(out.dtype))
        base.kind.encode_images(base, pixels)
        assert seen == [torch.float32] and base.pipeline.vae.dtype == torch.bfloat16
    finally:
        base.pipeline.vae.to(torch.float32)
    assert expected.dtype == torch.float32


def test_prompt_embeddings_do_not_depend_on_their_neighbours(base):
    family = base.kind
    both = family.encode_prompts(base, ["red can", "blue bottle on the table"])
    alone = family.encode_prompts(base, ["red can"])
    for key, rows in alone.items():
        torch.testing.assert_close(both[key][:1], rows, atol=1e-5, rtol=1e-4)
    if "dev" not in base.source:  # its system message alone is longer than this tokenizer's sixteen words
        assert not torch.allclose(both["prompt_embeds"][0], both["prompt_embeds"][1], atol=1e-3)


def test_dev_reads_the_prompt_behind_its_system_message(tmp_path):
    folder = tiny_bases.write(tmp_path / "dev", tiny_bases.flux2_dev(), max_tokens=160)
    base = load_base(folder, device="cpu")
    both = base.kind.encode_prompts(base, ["red can", "blue bottle"])["prompt_embeds"]
    assert both.shape == (2, 160, 24) and not torch.allclose(both[0], both[1], atol=1e-4)


def test_no_prompt_is_zeros_for_an_sdxl_that_was_trained_so(bases, tmp_path):
    zeros = bases["sdxl"].kind.encode_prompts(bases["sdxl"], ["", "red can"])
    assert zeros["prompt_embeds"][0].abs().max() == 0 and zeros["pooled_prompt_embeds"][0].abs().max() == 0
    assert zeros["prompt_embeds"][1].abs().max() > 0
    other = load_base(tiny_bases.write(tmp_path / "own", tiny_bases.sdxl(zeros=False)), device="cpu")
    assert other.kind.encode_prompts(other, [""])["prompt_embeds"].abs().max() > 0


def test_sdxl_is_told_the_size_of_the_photo_and_of_what_it_learns(bases):
    base = bases["sdxl"]
    told = base.kind.describe_photo(base, (4000, 3000), (1152, 896))
    own = base.pipeline._get_add_time_ids((3000, 4000), (0, 0), (896, 1152), torch.float32, 12)
    assert torch.equal(told["time_ids"], own)
    conditioning = base.kind.encode_prompts(base, ["red can"])
    latents, t = torch.randn(1, 4, 8, 16), torch.tensor([300])
    plain = base.kind.predict(base, latents, t, conditioning)
    same = base.kind.describe_photo(base, (128, 64), (128, 64))
    torch.testing.assert_close(plain, base.kind.predict(base, latents, t, conditioning | same))
    assert not torch.allclose(plain, base.kind.predict(base, latents, t, conditioning | told))


# Prediction


@pytest.mark.parametrize("kind", ["sd15", "sdxl"])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_predict_is_what_the_pipeline_s_sampler_steps_by(kind, prediction, tmp_path):
    base = load_base(tiny_bases.write(tmp_path / kind, tiny_bases.BUILDERS[kind](prediction)), device="cpu")
    family, pipeline = base.kind, base.pipeline
    assert family.objective(base).name == prediction
    pipeline.scheduler = DDIMScheduler(
        prediction_type=prediction, clip_sample=False, set_alpha_to_one=False, steps_offset=1,
        **tiny_bases.SCALED,
    )  # fmt: skip
    conditioning, seen = family.encode_prompts(base, ["red can"]), []
    latents = torch.randn(1, 4, 8, 16, generator=torch.Generator().manual_seed(0))
    pipeline(
        **conditioning, width=128, height=64, num_inference_steps=3, guidance_scale=1.0, latents=latents,
        output_type="latent",
        callback_on_step_end=lambda pipe, i, t, kept: (seen.append((t, kept["latents"].clone())), kept)[1],
    )  # fmt: skip
    signal = family.objective(base).signal
    for t, following in seen:
        predicted = family.predict(base, latents, t[None], conditioning)
        kept, after = signal[t], signal[max(int(t) - 333, 0)]
        if prediction == "v_prediction":
            predicted = kept.sqrt() * predicted + (1 - kept).sqrt() * latents
        clean = (latents - (1 - kept).sqrt() * predicted) / kept.sqrt()
        expected = after.sqrt() * clean + (1 - after).sqrt() * predicted
        torch.testing.assert_close(following, expected, atol=1e-4, rtol=1e-4)
        latents = following


@pytest.mark.parametrize("kind", ["flux2-klein", "flux2-dev"])
def test_the_velocity_is_what_flux_2_s_pipeline_moves_by(kind, bases):
    base = bases[kind]
    family, pipeline = base.kind, base.pipeline
    conditioning, seen = family.encode_prompts(base, ["red can"]), []
    latents = torch.randn(1, 16, 4, 8, generator=torch.Generator().manual_seed(0))
    pipeline(
        **conditioning, width=128, height=64, num_inference_steps=3, guidance_scale=1.0, latents=latents,
        output_type="latent",
        callback_on_step_end=lambda pipe, i, t, kept: (seen.append(kept["latents"].clone()), kept)[1],
    )  # fmt: skip
    for i, packed in enumerate(seen):
        sigma, after = pipeline.scheduler.sigmas[i], pipeline.scheduler.sigmas[i + 1]
        latents = latents + (after - sigma) * family.predict(base, latents, sigma[None], conditioning)
        torch.testing.assert_close(Flux2Pipeline._pack_latents(latents), packed, atol=1e-4, rtol=1e-4)


def test_a_base_that_predicts_something_else_cannot_be_trained(tmp_path):
    base = load_base(tiny_bases.write(tmp_path / "x0", tiny_bases.sd15("sample")), device="cpu")
    with pytest.raises(BaseError, match="predicts 'sample'"):
        base.kind.objective(base)


def test_every_row_has_its_own_time_and_text(base):
    family = base.kind
    conditioning = family.encode_prompts(base, ["red can", "blue bottle"])
    latents = family.encode_images(base, pictures(2))
    t = torch.tensor([0.2, 0.9]) if family.objective(base).signal is None else torch.tensor([20, 900])
    both = family.predict(base, latents, t, conditioning)
    for i in range(2):
        row = {key: value[i : i + 1] for key, value in conditioning.items()}
        alone = family.predict(base, latents[i : i + 1], t[i : i + 1], row)
        torch.testing.assert_close(alone, both[i : i + 1], atol=1e-5, rtol=1e-4)


# Sampling


def test_a_seed_s_picture_does_not_depend_on_its_batch(base):
    together = draw(base, [7, 8])
    assert [image.size for image in together] == [(128, 64)] * 2
    assert apart(*together) > 0
    for seed, expected in zip((7, 8), together, strict=True):
        assert apart(draw(base, [seed])[0], expected) <= 1, "a last bit may round otherwise"


def test_guidance_uses_the_negative_prompt_where_the_base_has_none_of_its_own(bases):
    for kind in ("sd15", "sdxl", "flux2-klein"):
        base = bases[kind]
        plain, weak = draw(base, [5], negative=None), draw(base, [5], negative="snow", guidance=1.0)
        strong = draw(base, [5], negative="snow", guidance=6.0)
        assert apart(plain[0], weak[0]) == 0 and apart(plain[0], strong[0]) > 0
    calls = []
    hook = bases["flux2-dev"].model.register_forward_pre_hook(
        lambda module, args, kwargs: calls.append(float(kwargs["guidance"][0])), with_kwargs=True
    )
    draw(bases["flux2-dev"], [5], negative="snow", guidance=6.0)
    hook.remove()
    assert calls == [6.0] * 3


def test_sampling_needs_no_encoders_and_tells_its_progress(base):
    family, steps = base.kind, []
    expected = draw(base, [1], on_step=steps.append)
    assert steps == list(range(len(steps))) and len(steps) >= 3  # SD 1.5's own sampler takes one more
    conditioning, negative = (family.encode_prompts(base, [text]) for text in ("a red can", ""))
    names = [name for name in ("text_encoder", "text_encoder_2") if hasattr(base.pipeline, name)]
    kept = {name: getattr(base.pipeline, name) for name in names}
    try:
        for name in names:
            base.pipeline.register_modules(**{name: None})
        drawn = family.sample(base, conditioning, negative, 128, 64, [1], 3, 2.0)
    finally:
        base.pipeline.register_modules(**kept)
    assert apart(drawn[0], expected[0]) == 0


def test_sizes_that_cannot_be_made_are_refused(base):
    with pytest.raises(DataError, match="multiples of"):
        draw(base, [1], width=120)


def test_nothing_is_printed(bases, capfd):
    for base in bases.values():
        draw(load_base(base.source, device="cpu"), [1], prompts=("a can " * 100,))
    out, err = capfd.readouterr()
    assert out == "" and err == "" and Path(base.source).is_dir()
