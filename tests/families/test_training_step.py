"""One training step against a plain one: the library's own model with W + scale * B A as its weights.

The plain step knows no injection, no family and no objective of ours: it adds the noise, packs the latents
and compares as the papers and diffusers' own schedulers do.
"""

import pytest
import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler, FluxPipeline
from torch.func import functional_call

from lorakit.families import load_base
from lorakit.lora.inject import trainable
from lorakit.training.objectives import draw_levels, image_loss, next_token
from tests.families import tiny_bases
from tests.families.tiny_language import LANGUAGE_MODELS, language_base

RANK, ALPHA = 4, 6.0


def injected(base):
    """The base's targets with updates that are not zero; and the same factors as leaves of a plain model."""
    paths = base.kind.targets(base)
    injection = trainable(base.model, paths, RANK, ALPHA)
    random = torch.Generator().manual_seed(0)
    for layer in injection.layers.values():
        layer.up.data.normal_(0, 0.2, generator=random)
    plain = {
        path: tuple(part.detach().clone().requires_grad_() for part in (layer.down, layer.up))
        for path, layer in injection.layers.items()
    }
    return injection, plain


def merged(model, plain):
    weights = dict(model.named_parameters())
    return {
        f"{path}.weight": weights[f"{path}.weight"].detach() + ALPHA / RANK * up @ down
        for path, (down, up) in plain.items()
    }


def assert_same(injection, plain, loss, expected):
    torch.testing.assert_close(loss, expected, atol=1e-6, rtol=1e-5)
    reached = 0
    for path, layer in injection.layers.items():
        for ours, theirs in zip((layer.down, layer.up), plain[path], strict=True):
            torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-6, rtol=2e-4)
            reached += int(theirs.grad.abs().max() > 0)
    assert reached >= 2 * len(injection.layers) - 8, "nearly every factor has a gradient"


def diffusion_loss(base, overrides, latents, noise, t, conditioning, prediction):
    scheduler = DDPMScheduler(prediction_type=prediction, **tiny_bases.SCALED)
    noisy = scheduler.add_noise(latents, noise, t)
    added = {}
    if base.family == "sdxl":
        time_ids = torch.tensor([[64.0, 128.0, 0.0, 0.0, 64.0, 128.0]] * len(t))
        added = {
            "added_cond_kwargs": {"text_embeds": conditioning["pooled_prompt_embeds"], "time_ids": time_ids}
        }
    inputs = {"encoder_hidden_states": conditioning["prompt_embeds"], **added}
    predicted = functional_call(base.model, overrides, (noisy, t), inputs).sample
    target = noise if prediction == "epsilon" else scheduler.get_velocity(latents, noise, t)
    kept = scheduler.alphas_cumprod[t]
    snr = kept / (1 - kept)
    weight = snr.clamp(max=5.0) / (snr if prediction == "epsilon" else snr + 1)
    return (F.mse_loss(predicted, target, reduction="none").mean(dim=(1, 2, 3)) * weight).mean()


@pytest.mark.parametrize("kind", ["sd15", "sdxl"])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_a_step_of_stable_diffusion(kind, prediction, tmp_path):
    base = load_base(tiny_bases.write(tmp_path / kind, tiny_bases.BUILDERS[kind](prediction)), device="cpu")
    plain_base = load_base(base.source, device="cpu")
    random = torch.Generator().manual_seed(1)
    latents, noise = (torch.randn(2, 4, 8, 16, generator=random) for _ in range(2))
    conditioning, t = base.kind.encode_prompts(base, ["red can", "blue"]), torch.tensor([40, 700])
    injection, plain = injected(base)
    loss = image_loss(base, latents, noise, t, conditioning).mean()
    expected = diffusion_loss(
        plain_base, merged(plain_base.model, plain), latents, noise, t, conditioning, prediction
    )
    loss.backward(), expected.backward()
    assert_same(injection, plain, loss, expected)


def flux1_loss(base, overrides, latents, noise, t, conditioning):
    height, width = latents.shape[-2:]
    at = t.view(-1, 1, 1, 1)
    # "b c (h 2) (w 2) -> b (h w) (c 2 2)"
    patches = ((1 - at) * latents + at * noise).unfold(2, 2, 2).unfold(3, 2, 2)
    packed = patches.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)
    rows = torch.arange(height // 2).repeat_interleave(width // 2)
    columns = torch.arange(width // 2).repeat(height // 2)
    ids = torch.stack([torch.zeros_like(rows), rows, columns], dim=1).float()
    velocity = functional_call(base.model, overrides, (), {
        "hidden_states": packed, "timestep": t, "encoder_hidden_states": conditioning["prompt_embeds"],
        "pooled_projections": conditioning["pooled_prompt_embeds"], "img_ids": ids,
        "txt_ids": torch.zeros(conditioning["prompt_embeds"].shape[1], 3),
    }).sample  # fmt: skip
    target = (noise - latents).unfold(2, 2, 2).unfold(3, 2, 2).permute(0, 2, 3, 1, 4, 5)
    return F.mse_loss(velocity, target.flatten(3).flatten(1, 2))


def test_a_step_of_flux_1(flux_folder):
    base, plain_base = load_base(flux_folder, device="cpu"), load_base(flux_folder, device="cpu")
    assert isinstance(base.pipeline, FluxPipeline)
    random = torch.Generator().manual_seed(1)
    latents, noise = (torch.randn(2, 4, 6, 10, generator=random) for _ in range(2))
    t = draw_levels(base.kind.objective(base), 2, 64 * 64, random)
    conditioning = base.kind.encode_prompts(base, ["a red can", "a blue bottle"])
    injection, plain = injected(base)
    loss = image_loss(base, latents, noise, t, conditioning).mean()
    expected = flux1_loss(plain_base, merged(plain_base.model, plain), latents, noise, t, conditioning)
    loss.backward(), expected.backward()
    assert_same(injection, plain, loss, expected)


def flux2_loss(base, overrides, latents, noise, t, conditioning):
    batch, _, height, width = latents.shape
    at, text = t.view(-1, 1, 1, 1), conditioning["prompt_embeds"]
    noisy = ((1 - at) * latents + at * noise).flatten(2).transpose(1, 2)
    rows = torch.arange(height).repeat_interleave(width)
    columns = torch.arange(width).repeat(height)
    zero, words = torch.zeros_like(rows), torch.arange(text.shape[1])
    guided = base.model.config.guidance_embeds
    velocity = functional_call(base.model, overrides, (), {
        "hidden_states": noisy, "timestep": t, "encoder_hidden_states": text,
        "guidance": torch.ones(batch) if guided else None,
        "img_ids": torch.stack([zero, rows, columns, zero], dim=1),
        "txt_ids": torch.stack([words * 0, words * 0, words * 0, words], dim=1),
    }).sample  # fmt: skip
    return F.mse_loss(velocity, (noise - latents).flatten(2).transpose(1, 2))


@pytest.mark.parametrize("kind", ["flux2-klein", "flux2-dev"])
def test_a_step_of_flux_2(kind, tmp_path):
    base = load_base(tiny_bases.write(tmp_path / kind, tiny_bases.BUILDERS[kind]()), device="cpu")
    plain_base = load_base(base.source, device="cpu")
    random = torch.Generator().manual_seed(1)
    latents, noise = (torch.randn(2, 16, 3, 5, generator=random) for _ in range(2))
    t, conditioning = torch.tensor([0.3, 0.8]), base.kind.encode_prompts(base, ["red can", "blue"])
    injection, plain = injected(base)
    loss = image_loss(base, latents, noise, t, conditioning).mean()
    expected = flux2_loss(plain_base, merged(plain_base.model, plain), latents, noise, t, conditioning)
    loss.backward(), expected.backward()
    assert_same(injection, plain, loss, expected)


@pytest.mark.parametrize("kind", LANGUAGE_MODELS)
def test_a_step_of_a_language_model(kind, tmp_path):
    base, plain_base = (language_base(kind, tmp_path) for _ in range(2))
    tokens = torch.randint(4, 100, (2, 9), generator=torch.Generator().manual_seed(1))
    mask, answer = torch.ones_like(tokens), torch.zeros_like(tokens)
    mask[1, 6:], answer[:, 3:6] = 0, 1
    injection, plain = injected(base)
    total, count = next_token(base.kind.predict(base, tokens, mask), tokens, answer)
    loss = total / count
    labels = torch.where(answer.bool(), tokens, -100)
    expected = functional_call(
        plain_base.model, merged(plain_base.model, plain), (),
        {"input_ids": tokens, "attention_mask": mask, "labels": labels},
    ).loss  # fmt: skip
    loss.backward(), expected.backward()
    assert_same(injection, plain, loss, expected)
