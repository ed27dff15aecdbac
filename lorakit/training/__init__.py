"""Training an adapter.

`train` is imported when it is first used, because a page that shows recipes needs no torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lorakit.training.session import TrainResult, train

__all__ = ["TrainResult", "train"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from lorakit.training import session

        return getattr(session, name)
    raise AttributeError(f"module 'lorakit.training' has no attribute {name!r}")
