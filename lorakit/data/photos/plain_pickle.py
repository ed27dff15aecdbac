"""Answers of helper processes, read as plain values only: a helper has opened what strangers sent."""

import pickle
from typing import Any

# What an answer may be made of: figures, texts and arrays, so that a helper that a picture took over can run
# nothing here.
PLAIN = {
    ("numpy._core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"), ("numpy", "ndarray"), ("numpy", "dtype"),
    ("pathlib", "PosixPath"), ("pathlib", "WindowsPath"),
}  # fmt: skip
OURS = "lorakit.data."


class Plainly(pickle.Unpickler):
    """Reads plain values and this package's data classes, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Raises UnpicklingError for anything else."""
        found = super().find_class(module, name) if module.startswith(OURS) else None
        if (module, name) in PLAIN or hasattr(found, "__dataclass_fields__"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not a plain value")
