"""What a training will take, before it starts: memory, time, file size, and what to change when it won't fit.

Memory is arithmetic on the base's shapes (`footprint`, `families.shapes`): no weights are read. Time is
measured, three steps on a base that is in memory anyway. Not counted: the allocator's rounding, what the
driver, the interpreter and the libraries themselves take, and the photos' own preparation time.
"""

import json
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException

from lorakit.errors import BaseError
from lorakit.families import Base, host
from lorakit.families.numbers import best_dtype, check_trains
from lorakit.families.shapes import pretending, shape_of
from lorakit.formats.layouts import LAYOUTS
from lorakit.lora.adapter import Adapter, Card
from lorakit.lora.inject import Injection, trainable
from lorakit.training.arithmetic import precision
from lorakit.training.coverage import notes, targets
from lorakit.training.forecast import moments
from lorakit.training.forecast.footprint import footprint
from lorakit.training.forecast.length import updates
from lorakit.training.forecast.moments import Placement
from lorakit.training.medium import medium_of
from lorakit.training.recipe import Recipe

ROOM = 0.95  # of the free memory: the rest is the allocator's rounding (assumption)
FULL = 16  # bytes a parameter with AdamW in mixed precision: ZeRO, arXiv 1910.02054, section 3.1


@dataclass(frozen=True)
class Remedy:
    """Settings that make a training fit: `changes` of the recipe, and how the base is loaded."""

    label: str
    changes: dict[str, Any]
    quantize: str | None
    offload: bool
    peak: int


@dataclass(frozen=True)
class Forecast:
    """`moments`: bytes at the fullest instant of each part of the work. `parts`: those of a training step."""

    moments: dict[str, int]
    parts: dict[str, int]
    host: int  # bytes that the host holds beside the device; 0 when the host is the device
    file: int
    trained: int
    parameters: int
    full: int  # bytes that training the whole base would take, activations apart
    steps: int
    capacity: int | None = None  # bytes free on the device
    step_seconds: float | None = None
    seconds: float | None = None
    ways: list[Remedy] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what of the base gets a smaller rank, or no update

    @property
    def peak(self) -> int:
        """Bytes at the fullest moment of all."""
        return max(self.moments.values())

    @property
    def fits(self) -> bool | None:
        """None when the device's memory is not known."""
        return None if self.capacity is None else self.peak <= ROOM * self.capacity

    def to_dict(self) -> dict[str, Any]:
        """What a job's result keeps."""
        return {**asdict(self), "peak": self.peak, "fits": self.fits}


def forecast(
    source: str,
    recipe: Recipe,
    *,
    device: torch.device,
    quantize: str | None = None,
    offload: bool = False,
    data: Any = None,
    capacity: int | None = None,
) -> Forecast:
    """The forecast of training `recipe` on the base `source`.

    `data`: a PhotoSet or TextSet; without one, full batches of the recipe's size. `offload`: the base's
    blocks wait in the host's memory, and its text encoders work there. `capacity`: bytes that may be used on
    the device. Raises BaseError when the base's shapes are not known or the device cannot train it, and
    AdapterError for a rank too large.
    """
    check_trains(device)
    dtype = best_dtype(device)
    placement = Placement(quantize, offload and device.type == "cuda")
    shape = shape_of(source, dtype)
    # Experts' products have no form on "meta", so a language model for a GPU claims to be on the CPU, too.
    claims = device.type == "cpu" or shape.kind.may_have_experts
    with pretending(shape, torch.device("cpu")) if claims else nullcontext(shape) as shape:
        found = replace(_measured(shape, recipe, device, placement, data), capacity=capacity)
        if found.fits is False:
            found = replace(found, ways=_ways(shape, recipe, device, placement, data, found))
    return found


def _ways(
    shape: Base, recipe: Recipe, device: torch.device, placement: Placement, data: Any, now: Forecast
) -> list[Remedy]:
    """The first settings that fit, from the least to the greatest sacrifice; each adds to those before it."""
    changes: dict[str, Any] = {}
    labels: list[str] = []
    for label, change, keeping in _sacrifices(shape, recipe, placement, device):
        changes, labels, placement = changes | change, [*labels, label], replace(placement, **keeping)
        tried = _measured(shape, replace(recipe, **changes), device, placement, data)
        waits = moments.weights(shape.model, placement.quantize is not None) if placement.offload else 0
        if tried.peak <= ROOM * (now.capacity or 0) and waits <= host.free_bytes():
            return [Remedy(" and ".join(labels), changes, placement.quantize, placement.offload, tried.peak)]
    return []


def _sacrifices(
    shape: Base, recipe: Recipe, placement: Placement, device: torch.device
) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    rows: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    if not recipe.gradient_checkpointing:
        rows.append(("turn on gradient checkpointing", {"gradient_checkpointing": True}, {}))
    if recipe.batch_size > 1:
        together = recipe.accumulate * recipe.batch_size  # the same update, in more and smaller parts
        rows.append(("use batch size 1", {"batch_size": 1, "accumulate": min(together, 1024)}, {}))
    if placement.quantize is None and find_spec("bitsandbytes") is not None:
        rows.append(("load the base model in 4-bit", {}, {"quantize": "nf4"}))
    rows += [(label, changes, {}) for label, changes in medium_of(shape).smaller(shape, recipe)]
    if device.type == "cuda" and not placement.offload:
        rows.append(("offload to system memory", {}, {"offload": True}))
    return rows


def _measured(shape: Base, recipe: Recipe, device: torch.device, placement: Placement, data: Any) -> Forecast:
    medium, layers = medium_of(shape), targets(shape, recipe)
    told = notes(shape, recipe, layers)
    with shape.device:
        injection = trainable(
            shape.model, layers, recipe.rank, recipe.alpha, rslora=recipe.rslora, dora=recipe.dora,
            dropout=recipe.dropout,
        )  # fmt: skip
    try:
        file = file_bytes(shape, injection)
        trained = sum(p.numel() for p in injection.parameters())
        batch = medium.largest_batch(shape, recipe, data)
        step = medium.step(shape, batch)

        def loss() -> Tensor:
            with precision(shape):
                return step()

        counted = footprint(
            shape.model, injection, loss, shape.dtype, placement.quantize is not None,
            recipe.gradient_checkpointing or placement.offload, recipe.optimizer, offloaded=placement.offload,
        )  # fmt: skip
    except (DataDependentOutputException, DynamicOutputShapeException) as error:
        raise BaseError(
            f"{shape.source}: its training can't be estimated in advance, because the experts used "
            "depend on the text"
        ) from error
    finally:
        injection.remove()
    counted = replace(counted, waiting=counted.gradients if recipe.accumulate > 1 else 0)
    file *= 2 if recipe.pissa else 1  # what the base was moved by is undone by as many directions again
    average = 4 * trained if recipe.ema else 0
    fullest = medium.moments(shape, recipe, batch, placement, counted, average)
    whole = sum(p.numel() for p in shape.model.parameters())
    parts = {name: size for name, size in asdict(counted).items() if name not in ("block", "waiting")}
    parts["average"] = average
    steps, held = updates(shape, recipe, data), _host(shape, device)
    return Forecast(fullest, parts, held, file, trained, whole, FULL * whole, steps, notes=told)


def _host(shape: Base, device: torch.device) -> int:
    """Bytes that the host holds beside a GPU: the base as it is read, before anything is in 4 bits."""
    return 0 if device.type == "cpu" else sum(moments.bytes_of_parts(shape, Placement()).values())


def file_bytes(shape: Base, injection: Injection) -> int:
    """Size of the adapter's file: its tensors and their names, without the few hundred bytes of its card."""
    modules = {shape.kind.prefix + name: factors for name, factors in injection.factors().items()}
    written = LAYOUTS[shape.kind.layout].write(Adapter(modules, Card()))[0]
    size, header = 0, {}
    for name, tensor in written.items():
        end = size + 4 * tensor.numel()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [size, end]}
        size = end
    return 8 + len(json.dumps(header, separators=(",", ":"))) + size


def free_bytes(device: torch.device, holding: int = 0) -> int:
    """Bytes that a training may use on the device; `holding`: those that this process' base takes already."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device)
    return host.free_bytes() + holding
