"""Several processes that train one adapter together, as `accelerate launch` starts them. No torch at the top.

Every process computes its share of an update's batches; gradients are added up, so all hold the same factors.
Only the first one writes and tells. One process alone imports nothing for this. On CPUs the launcher's option
is --multi_gpu too: with --cpu accelerate 1.15 starts one process, unless there is an MPI.
"""

import os
from datetime import timedelta
from typing import Any

from lorakit.errors import RecipeError

PATIENCE = timedelta(hours=4)  # the longest that processes wait for each other


def rank() -> int:
    """The number of this process, before anything has been joined."""
    return int(os.environ.get("RANK", "0")) if launched() else 0


def launched() -> bool:
    """Was this process started as one of several?"""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


class SingleProcess:
    """One process: there is nobody to agree with."""

    rank, count = 0, 1

    def add_up(self, tensors: list[Any]) -> None:
        """Replace each tensor by its sum over all processes."""

    def agree(self, flag: bool) -> bool:
        """Does any process say yes?"""
        return flag

    def from_first(self, value: Any) -> Any:
        """What the first process has."""
        return value


class ProcessGroup(SingleProcess):
    """Several processes, joined by accelerate; on CUDA each has a device of its own."""

    def __init__(self) -> None:
        import torch
        from accelerate import PartialState

        if os.environ.get("ACCELERATE_MIXED_PRECISION") == "fp16":
            raise RecipeError("mixed_precision fp16 is not supported; use bf16 or no")
        # Unasked, accelerate joins nothing where there is no GPU: each process would train for itself. The
        # others wait while the first draws previews, which on a large base takes longer than the default.
        self.state = PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE)
        self.rank, self.count = self.state.process_index, self.state.num_processes

    def add_up(self, tensors: list[Any]) -> None:
        import torch
        from accelerate.utils import reduce

        # In one message: a LoRA has hundreds of small tensors.
        flat = reduce(torch.cat([tensor.flatten() for tensor in tensors]), reduction="sum")
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def agree(self, flag: bool) -> bool:
        import torch
        from accelerate.utils import reduce

        return bool(reduce(torch.tensor(float(flag), device=self.state.device), reduction="sum") > 0)

    def from_first(self, value: Any) -> Any:
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value if self.rank == 0 else None])[0]


_joined: SingleProcess | None = None


def join() -> SingleProcess:
    """The processes of this training. Waits, the first time, until all of them are there."""
    global _joined
    if _joined is None:
        _joined = ProcessGroup() if launched() else SingleProcess()
    return _joined
