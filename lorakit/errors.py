"""The errors a person may see. Each message says what is wrong, in which file or field, and what to do."""


class LoraKitError(ValueError):
    """Base of every error that is meant to be read by the person at the keyboard."""


class AdapterError(LoraKitError):
    """An adapter file or its content does not fit what was asked of it."""


class BaseError(LoraKitError):
    """A base model is missing, refused, or not of a supported kind."""


class DataError(LoraKitError):
    """Photos, texts or a request carry something that cannot be used."""


class RecipeError(LoraKitError):
    """A training or sampling setting is out of its range."""


def is_out_of_memory(error: BaseException) -> bool:
    """Did the memory of the device or of the machine run out? Torch tells it in words only."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or any(
        words in said for words in ("out of memory", "allocate memory", "not enough memory")
    )
