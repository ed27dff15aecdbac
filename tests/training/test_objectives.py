"""Objectives against formulas written out here."""

import math

import torch

from lorakit.training.objectives import flow_matching, flow_times, next_token


def test_flow_matching_is_zero_for_the_true_velocity_and_its_square_otherwise():
    latents, noise, t = torch.randn(3, 2, 4, 4), torch.randn(3, 2, 4, 4), torch.tensor([0.1, 0.5, 0.9])
    assert flow_matching(lambda x, at: noise - latents, latents, noise, t).abs().max() == 0
    loss = flow_matching(lambda x, at: noise - latents + 2.0, latents, noise, t)
    torch.testing.assert_close(loss, torch.full((3,), 4.0))


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
