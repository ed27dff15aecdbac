"""Train a few steps of a large base's shape with random weights, and hold the peak against the arithmetic.

    python -m benchmarks.large llama-70b --quantize nf4 --rank 64
    python -m benchmarks.large flux --quantize nf4 --peer

Weights are drawn and quantized layer by layer, so no machine ever holds the model in 16 bits. `--peer` runs
the recipe of diffusers and PEFT (environment of tests/parity) at equal settings in the same process. Peaks
are CUDA's; on the CPU, where only the small shapes fit, they are left out.
"""

import argparse
import gc
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any

import torch
from accelerate import init_empty_weights
from diffusers import FluxTransformer2DModel
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from lorakit.families import (
    Base,
    Licence,
    Settings,
    quantize,
)
from lorakit.families.memory import recomputing, swap_blocks
from lorakit.lora.inject import trainable
from lorakit.training.arithmetic import precision, steady
from lorakit.training.forecast.footprint import footprint, image_step, text_step

LLAMA_70B = {
    "vocab_size": 128_256, "hidden_size": 8192, "intermediate_size": 28_672, "num_hidden_layers": 80,
    "num_attention_heads": 64, "num_key_value_heads": 8,
}  # fmt: skip
SMALL_LLAMA = LLAMA_70B | {
    "vocab_size": 512, "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2,
}  # fmt: skip
SMALL_FLUX = {
    "num_layers": 1, "num_single_layers": 1, "attention_head_dim": 16, "num_attention_heads": 4,
    "joint_attention_dim": 64, "pooled_projection_dim": 32, "axes_dims_rope": (4, 6, 6),
}  # fmt: skip
SHAPES: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "llama-70b": ("llm", lambda: LlamaForCausalLM(LlamaConfig(**LLAMA_70B))),
    "llama-small": ("llm", lambda: LlamaForCausalLM(LlamaConfig(**SMALL_LLAMA))),
    "flux": ("flux", lambda: FluxTransformer2DModel(guidance_embeds=True)),
    "flux-small": ("flux", lambda: FluxTransformer2DModel(**SMALL_FLUX)),
}


def random_base(shape: str, device: torch.device, dtype: torch.dtype, nf4: bool, offload: bool) -> Base:
    """A base of this shape with random weights, made one tensor at a time."""
    family, build = SHAPES[shape]
    with init_empty_weights(include_buffers=False):
        model: Any = build()
    place = torch.device("cpu") if offload else device
    fill(model, device, dtype, place, nf4)
    if offload:
        swap_blocks(model, device, place)
    return _base(family, model, device, dtype, offload)


def fill(model: Any, device: torch.device, dtype: torch.dtype, place: torch.device, nf4: bool) -> None:
    """Draw the weights that are on the meta device, on `device`, and let them lie on `place`."""
    random = torch.Generator(device).manual_seed(0)

    def drawn(part: Tensor, spread: float = 0.02) -> Tensor:
        return torch.empty(part.shape, device=device, dtype=dtype).normal_(0, spread, generator=random)

    for path, layer in quantize.linears(model) if nf4 else []:
        bias = None if layer.bias is None else drawn(layer.bias)
        quantize.replace(model, path, quantize.twin(drawn(layer.weight), bias, place, dtype))
    for path, part in list(model.named_parameters()):
        if part.device.type == "meta":
            value = torch.ones(part.shape, dtype=dtype, device=device) if part.dim() < 2 else drawn(part)
            owner, _, name = path.rpartition(".")
            model.get_submodule(owner)._parameters[name] = nn.Parameter(value.to(place), False)
    for name, buffer in model.named_buffers():
        buffer.data = buffer.data.to(device)
        assert not buffer.is_meta, name
    quantize.keep_readable(model)
    model.eval().requires_grad_(False)


def _base(family: str, model: Any, device: torch.device, dtype: torch.dtype, offload: bool = False) -> Base:
    pipeline = None if family == "llm" else SimpleNamespace(transformer=model)
    return Base(
        "random", family, model, device, dtype, Licence("", None), pipeline,
        offloaded=offload, settings=Settings(max_tokens=512),
    )  # fmt: skip


def step_of(base: Base, options: argparse.Namespace) -> Callable[[], Tensor]:
    """The loss of one batch, the same for everyone who asks."""
    torch.manual_seed(0)
    if base.family == "llm":
        return text_step(base, 1, options.length)
    return image_step(base, 1, options.side, options.side)


def measured(
    step: Callable[[], Tensor],
    parameters: list[nn.Parameter],
    device: torch.device,
    options: argparse.Namespace,
    kind: Callable[[], AbstractContextManager[Any]],
) -> dict[str, Any]:
    """A few steps in the arithmetic `kind`: losses, seconds of the fastest, and CUDA's peak."""
    optimizer: Any
    on_gpu = device.type == "cuda"
    if on_gpu:
        from bitsandbytes.optim import PagedAdamW8bit

        torch.cuda.reset_peak_memory_stats()
        optimizer = PagedAdamW8bit(parameters, lr=options.rate)
    else:
        optimizer = torch.optim.AdamW(parameters, lr=options.rate)
    losses, times = [], []
    for _ in range(options.steps):
        begun = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with kind():
            loss = step()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        times.append(time.perf_counter() - begun)
    peak = torch.cuda.max_memory_allocated() / 1e9 if on_gpu else None
    return {"losses": losses, "seconds_per_step": min(times), "peak_gb": peak}


def counted(options: argparse.Namespace, dtype: torch.dtype) -> dict[str, float]:
    """The arithmetic for the same run, in GB."""
    family, build = SHAPES[options.shape]
    with torch.device("meta"):
        model = build().to(dtype).eval().requires_grad_(False)
    base = _base(family, model, torch.device("meta"), dtype)
    with base.device:
        injection = trainable(base.model, base.kind.targets(base), options.rank, float(options.rank))
    size = footprint(
        base.model, injection, step_of(base, options), dtype, bool(options.quantize), True,
        "adamw-8bit-paged", offloaded=options.offload,
    )  # fmt: skip
    return {name: value / 1e9 for name, value in vars(size).items()} | {"total": size.total / 1e9}


def ours(options: argparse.Namespace, device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """Our way: factors beside the layers, blocks recomputed."""
    base = random_base(options.shape, device, dtype, bool(options.quantize), options.offload)
    injection = trainable(base.model, base.kind.targets(base), options.rank, float(options.rank))
    parameters = list(injection.named_parameters().values())
    with recomputing(base.model), steady(device):
        return measured(step_of(base, options), parameters, device, options, lambda: precision(base))


def peer(options: argparse.Namespace, device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """PEFT on the same layers of the same model, with the library's own gradient checkpointing."""
    from peft import LoraConfig, get_peft_model

    base = random_base(options.shape, device, dtype, bool(options.quantize), False)
    model: Any = base.model
    targets = base.kind.targets(base)
    if base.family == "llm":
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.train()
    else:
        model.enable_gradient_checkpointing()
    config = LoraConfig(r=options.rank, lora_alpha=options.rank, target_modules=targets)
    wrapped = get_peft_model(model, config)
    parameters = [p for p in wrapped.parameters() if p.requires_grad]
    for p in parameters:
        p.data = p.data.float()

    def autocast() -> AbstractContextManager[Any]:
        return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")

    with steady(device):  # cuDNN's attention ended this recipe with an illegal memory access
        return measured(step_of(base, options), parameters, device, options, autocast)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--quantize", choices=["nf4"])
    parser.add_argument("--offload", action="store_true", help="let the blocks wait in the host's memory")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--length", type=int, default=512, help="tokens of the text")
    parser.add_argument("--side", type=int, default=1024, help="pixels of the picture's side")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rate", type=float, default=1e-4, help="the learning rate")
    parser.add_argument("--peer", action="store_true", help="also run diffusers and PEFT")
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    report = {"device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu", **vars(options)}
    report["counted_gb"] = counted(options, dtype)
    report["ours"] = ours(options, device, dtype)
    if options.peer:
        gc.collect()
        torch.cuda.empty_cache()
        report["peer"] = peer(options, device, dtype)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
