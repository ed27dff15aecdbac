"""The hub: what a model there holds, and words for what goes wrong when a base is loaded from anywhere."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from lorakit.errors import BaseError, LoraKitError, is_out_of_memory
from lorakit.families.source import INDEX, Source, pipeline_class
from lorakit.families.table import CAUSAL_LM

FULL = (errno.ENOSPC, errno.EDQUOT)
UNREACHABLE = (
    "not on this machine, and Hugging Face can't be reached; check the connection or use a local folder"
)


def holds(source: Source) -> str:
    """The class of pipeline of a model on the hub; a language model is one that has no model_index.json.

    Raises BaseError when the model is missing, gated, or out of reach and not on this machine.
    """
    known = try_to_load_from_cache(source.repo, INDEX, revision=source.revision)
    if known is None and isinstance(
        try_to_load_from_cache(source.repo, "config.json", revision=source.revision), str
    ):
        return CAUSAL_LM  # on this machine already; pipelines have no configuration of their own at the top
    if known is None:
        with loading(source.text):
            try:
                known = hf_hub_download(source.repo, INDEX, revision=source.revision)
            except LocalEntryNotFoundError:
                raise
            except EntryNotFoundError:
                return CAUSAL_LM
    return pipeline_class(Path(known)) if isinstance(known, str) else CAUSAL_LM


@contextmanager
def loading(source: str) -> Iterator[None]:
    """Turn the libraries' errors into a BaseError that names the base and what to do."""
    try:
        yield
    except LoraKitError:
        raise
    except (Exception, SystemExit) as error:
        raise BaseError(f"{source}: {_advice(error)}") from error


def _advice(error: BaseException) -> str:
    for cause in _chain(error):
        if isinstance(cause, GatedRepoError):
            return "access is restricted; accept the terms on its Hugging Face page and set HF_TOKEN"
        if isinstance(cause, RevisionNotFoundError):
            return "no such revision; check the part after the @"
        if isinstance(cause, RepositoryNotFoundError):
            return "not found on Hugging Face; check the name, or set HF_TOKEN if it is private"
        if isinstance(cause, HFValidationError):
            return "neither a folder nor a Hugging Face ID; use the form owner/name"
        if isinstance(cause, (LocalEntryNotFoundError, HfHubHTTPError, ConnectionError)):
            return UNREACHABLE
        if isinstance(cause, ImportError):
            return f"missing package ({cause.name or cause}); install it and try again"
        if isinstance(cause, OSError) and cause.errno in FULL:
            return "the disk is full; free up space, or set HF_HOME to a larger disk, and try again"
        if is_out_of_memory(cause):
            return "out of memory; load it in 4-bit (quantize='nf4'), or use a larger GPU"
    text = str(error).lower()
    if "safetensors" in text and any(words in text for words in ("no file named", "does not appear to have")):
        return "no .safetensors weights; pickled ones (.bin) are not opened, because they can run code"
    if any(words in text for words in ("couldn't connect", "offline", "not fully cached")):
        return UNREACHABLE
    return f"loading failed ({type(error).__name__}); its files may be incomplete, download them again"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
