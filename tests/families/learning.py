"""One step and one short training of a tiny base: what the tests of learning share."""

import numpy as np
import torch

import lorakit
from lorakit.data.texts.sets import TextSample, TextSet
from lorakit.training.objectives import image_loss, next_token

RECIPE = {
    "steps": 3, "rank": 2, "alpha": 2.0, "learning_rate": 0.02, "batch_size": 2, "preview_every": 0,
    "caption_dropout": 0.3, "warmup": 0.0,
}  # fmt: skip


def texts():
    things = ("mug", "lamp", "chair", "soap", "pan")
    return TextSet([TextSample(f"write {thing}", f"look: a {thing}.", thing) for thing in things])


def trained(base, data, out, **changes):
    before = {name: value.clone() for name, value in base.model.state_dict().items()}
    result = lorakit.train(base, data, lorakit.Recipe(**(RECIPE | changes)), out=out)
    after = base.model.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert result.steps == 3 and np.isfinite(result.final_loss)
    return result


def loss_of(base):
    random, family = torch.Generator().manual_seed(1), base.kind
    if base.pipeline is None:
        tokens = torch.randint(4, 100, (2, 9), generator=random)
        ones = torch.ones_like(tokens)
        total, count = next_token(family.predict(base, tokens, ones), tokens, ones)
        return total / count
    shape = (2, 16, 4, 8) if base.family == "flux2" else (2, 4, 8, 16)
    latents, noise = (torch.randn(shape, generator=random) for _ in range(2))
    t = torch.tensor([0.2, 0.9]) if family.objective(base).signal is None else torch.tensor([20, 900])
    return image_loss(base, latents, noise, t, family.encode_prompts(base, ["red can", "blue"])).mean()


def gradients(base, injection):
    loss = loss_of(base)
    loss.backward()
    found = {name: p.grad.clone() for name, p in injection.named_parameters().items()}
    for p in injection.named_parameters().values():
        p.grad = None
    return loss.detach(), found
