"""The errors a person may see. Each message says what is wrong, in which file or field, and what to do."""

from collections.abc import Sequence


class LoraKitError(ValueError):
    """Base of every error that is meant to be read by the person at the keyboard."""


def all_of(where: str, problems: Sequence[str]) -> str:
    """One message that names every problem with `where`, a line each; a page may run the lines together."""
    return f"{where}: " + ".\n".join(problems)


class AdapterError(LoraKitError):
    """An adapter file or its content does not fit what was asked of it."""


class BaseError(LoraKitError):
    """A base model is missing, refused, or not of a supported kind."""


class DataError(LoraKitError):
    """Photos, texts or a request carry something that cannot be used."""


class RecipeError(LoraKitError):
    """A training or sampling setting is out of its range."""


# How torch and the libraries under it say that memory ran out, in lower case. cuDNN finds no engine when none
# of its plans gets the workspace it needs.
OUT_OF_MEMORY = (
    "out of memory", "allocate memory", "not enough memory", "alloc_failed", "unable to find an engine",
)  # fmt: skip


def is_out_of_memory(error: BaseException) -> bool:
    """Did the memory of the device or of the machine run out? Torch tells it in words only."""
    message = str(error).lower()
    return isinstance(error, MemoryError) or any(words in message for words in OUT_OF_MEMORY)


def is_device_lost(error: BaseException) -> bool:
    """Has this process lost its accelerator for good? Only a new process gets it back.

    "CUDA error: out of memory" from outside torch's allocator has the same type, but loses nothing.
    """
    return type(error).__name__ == "AcceleratorError" and not is_out_of_memory(error)
