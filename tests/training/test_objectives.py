"""Objectives against formulas written out here."""

import math

import torch

from lorakit.families import Objective
from lorakit.training.objectives import (
    draw_levels,
    epsilon,
    even_levels,
    flow_matching,
    flow_times,
    next_token,
    v_prediction,
    weighted_mean,
)


def test_flow_matching_is_zero_for_the_true_velocity_and_its_square_otherwise():
    latents, noise, t = torch.randn(3, 2, 4, 4), torch.randn(3, 2, 4, 4), torch.tensor([0.1, 0.5, 0.9])
    assert flow_matching(lambda x, at: noise - latents, latents, noise, t).abs().max() == 0
    loss = flow_matching(lambda x, at: noise - latents + 2.0, latents, noise, t)
    torch.testing.assert_close(loss, torch.full((3, 2, 4, 4), 4.0))


def test_flow_matching_walks_the_straight_path():
    latents, noise, t = torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2), torch.tensor([0.25])
    seen = []
    flow_matching(lambda x, at: seen.append((x, at)) or x, latents, noise, t)
    torch.testing.assert_close(seen[0][0], torch.full((1, 1, 2, 2), 0.25))


def test_only_the_answer_is_learned():
    logits = torch.randn(2, 5, 7)
    tokens = torch.randint(0, 7, (2, 5))
    answer = torch.tensor([[0, 0, 1, 1, 0], [0, 0, 0, 0, 1]])
    loss, count = next_token(logits, tokens, answer)
    expected = sum(
        -torch.log_softmax(logits[b, i - 1], -1)[tokens[b, i]] for b, i in ((0, 2), (0, 3), (1, 4))
    )
    assert count == 3
    torch.testing.assert_close(loss, expected)


def test_large_pictures_are_trained_nearer_to_noise():
    small = flow_times(20_000, 512 * 512, torch.Generator().manual_seed(0))
    large = flow_times(20_000, 1024 * 1024, torch.Generator().manual_seed(0))
    assert abs(small.median().item() - 0.5) < 0.01
    # exp(1.15) * 0.5 / (1 + (exp(1.15) - 1) * 0.5)
    assert abs(large.median().item() - math.exp(1.15) / (1 + math.exp(1.15))) < 0.01


SIGNAL = torch.linspace(0.999, 0.01, 10)


def batch():
    random = torch.Generator().manual_seed(0)
    latents, noise = (torch.randn(3, 2, 4, 4, generator=random) for _ in range(2))
    return latents, noise, torch.tensor([0, 4, 9])


def test_epsilon_sees_the_noised_latents_and_weighs_clean_levels_down():
    latents, noise, t = batch()
    seen = []
    off = epsilon(lambda x, at: seen.append(x) or noise + 2.0, latents, noise, t, SIGNAL, 5.0)
    for i, (level, kept) in enumerate(zip(t.tolist(), SIGNAL[t].tolist(), strict=True)):
        torch.testing.assert_close(seen[0][i], kept**0.5 * latents[i] + (1 - kept) ** 0.5 * noise[i])
        snr = kept / (1 - kept)
        torch.testing.assert_close(off[i], torch.full((2, 4, 4), 4.0 * min(snr, 5.0) / snr), msg=f"{level}")
    plain = epsilon(lambda x, at: noise + 2.0, latents, noise, t, SIGNAL, 0.0)
    torch.testing.assert_close(plain, torch.full_like(plain, 4.0))


def test_v_is_the_direction_from_picture_to_noise_on_the_circle():
    latents, noise, t = batch()
    kept = SIGNAL[t].view(-1, 1, 1, 1)
    true = kept.sqrt() * noise - (1 - kept).sqrt() * latents
    assert v_prediction(lambda x, at: true, latents, noise, t, SIGNAL).abs().max() == 0
    off = v_prediction(lambda x, at: true + 1.0, latents, noise, t, SIGNAL, 5.0)
    snr = SIGNAL[t] / (1 - SIGNAL[t])
    torch.testing.assert_close(off[:, 0, 0, 0], snr.clamp(max=5.0) / (snr + 1))


def test_a_level_without_any_signal_or_any_noise_has_a_finite_weight():
    latents, noise, _ = batch()
    ends, t = torch.tensor([1.0, 0.0]), torch.tensor([0, 1, 1])
    for compare in (epsilon, v_prediction):
        assert compare(lambda x, at: x + 1.0, latents, noise, t, ends).isfinite().all()


def test_a_weight_counts_places_and_not_the_size_of_a_product():
    errors = torch.zeros(2, 3, 4, 4)
    errors[:, :, :2] = 1.0
    errors[1, :, 0] = 5.0
    weight = torch.zeros(2, 1, 4, 4)
    weight[0, :, :2] = 7.0
    weight[1, :, 0] = 1.0
    torch.testing.assert_close(weighted_mean(errors, weight), torch.tensor([1.0, 5.0]))
    torch.testing.assert_close(weighted_mean(errors, None), errors.mean(dim=(1, 2, 3)))
    assert weighted_mean(errors, torch.zeros(2, 1, 4, 4)).tolist() == [0.0, 0.0]


def test_even_levels_are_the_quantiles_of_the_drawn_ones():
    random = torch.Generator().manual_seed(0)
    for objective, area in (
        (Objective("flow_matching"), 512 * 512),
        (Objective("flow_matching"), 1024 * 1024),
        (Objective("epsilon", torch.linspace(1, 0, 1000)), 512 * 512),
    ):
        drawn = draw_levels(objective, 40_000, area, random).double()
        even = even_levels(objective, 8, area).double()
        expected = torch.quantile(drawn, (torch.arange(8, dtype=torch.float64) + 0.5) / 8)
        assert (even - expected).abs().max() < 0.01 * drawn.max()
        assert bool((even.diff() > 0).all())


def test_timesteps_are_whole_and_all_of_them_are_drawn():
    objective = Objective("epsilon", torch.linspace(1, 0, 20))
    drawn = draw_levels(objective, 2000, 0, torch.Generator().manual_seed(0))
    assert drawn.dtype == torch.long and set(drawn.tolist()) == set(range(20))
