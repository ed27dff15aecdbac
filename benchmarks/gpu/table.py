"""The checks in the order in which they run, with the seconds that each may take: ten minutes together."""

from benchmarks.gpu import campaigns, lost, peers, resuming, steps, texts
from benchmarks.gpu.check import Check

CHECKS = (
    Check(
        "first-scene", "the first scene of a campaign with an adapter of a text encoder", 20,
        campaigns.first_scene,
    ),
    Check(
        "resume", "10 + 10 steps beside 20, every optimizer, both starter bases", 55, resuming.optimizers,
        needs_gpu=False,
    ),
    Check("flux-step", "a step of FLUX.1, bf16, 1024 px, exact and not", 45, steps.flux_step),
    Check("sdxl-step", "a step of SDXL, 1024 px, recomputed and kept, exact and not", 35, steps.sdxl_step),
    Check(
        "batch", "four seeds of FLUX.1 at once and alone; decoding with and without slices", 55,
        campaigns.batches, needs_gpu=False,
    ),
    Check("offload", "FLUX.1 in 4 bits with its blocks on the host: step, pass, copies", 45, steps.offloaded),
    Check("encoders-on-host", "T5-XXL of an offloaded FLUX.1 stays on the host", 20, steps.encoders_on_host),
    Check(
        "out-of-memory", "a campaign with room for two of a batch's four pictures", 25,
        campaigns.out_of_memory,
    ),
    Check("texts", "Qwen3 8B: held-out loss of 8 x 1024 tokens, 16 texts at once", 45, texts.eight_billion),
    Check("mixing", "mixes on FLUX.1 beside PEFT: live, merged, switching", 65, peers.mixing),
    Check("training", "a whole training of FLUX.1 beside diffusers' script", 65, peers.training),
    Check(
        "campaign", "pictures per second of FLUX.1: bare, mixed, with step caching", 45,
        campaigns.pictures_per_second,
    ),
    Check("resume-flux", "2 + 2 steps of FLUX.1 beside 4, paged optimizer", 35, resuming.true_size),
    # Last, as some drivers take a while to recover.
    Check("lost-device", "a device lost in mid-training: worker, job, continuation", 45, lost.lost),
)  # fmt: skip
