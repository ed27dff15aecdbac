"""What goes wrong while a base is fetched is said in words that help."""

import errno

import httpx
import pytest
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from lorakit.errors import BaseError, DataError
from lorakit.families.hub import loading


def refused(kind: type, status: int) -> Exception:
    request = httpx.Request("GET", "https://example.org/owner/name")
    return kind("refused, token=secret", response=httpx.Response(status, request=request))


@pytest.mark.battery(85, "each cause of a failed download has its words")
@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            refused(GatedRepoError, 403),
            "access is restricted; accept the terms on its Hugging Face page and set HF_TOKEN",
        ),
        (refused(RepositoryNotFoundError, 404), "not found on Hugging Face"),
        (HFValidationError("bad"), "neither a folder nor a Hugging Face ID"),
        (OfflineModeIsEnabled("off"), "Hugging Face can't be reached"),
        (LocalEntryNotFoundError("none"), "Hugging Face can't be reached"),
        (OSError("We couldn't connect to 'https://example.org'"), "Hugging Face can't be reached"),
        (
            OSError("Cannot load model: the model is not fully cached locally"),
            "Hugging Face can't be reached",
        ),
        (ImportError("no", name="bitsandbytes"), "bitsandbytes.*install it"),
        (MemoryError(), "out of memory; .*nf4"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "out of memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full; free up space, or set HF_HOME"),
        (
            OSError("owner/name does not appear to have a file named model.safetensors."),
            "no .safetensors weights; pickled",
        ),
        (
            OSError("Error no file named model.safetensors found in directory x."),
            "no .safetensors weights; pickled",
        ),
        (KeyError("weight"), "incomplete, download them again"),
    ],
)
def test_every_cause_has_its_words(error, says):
    with pytest.raises(BaseError, match=f"owner/name: .*{says}") as caught, loading("owner/name"):
        raise error
    assert "secret" not in str(caught.value) and "; " in str(caught.value)


def test_the_cause_beneath_counts_and_own_errors_pass_unchanged():
    with pytest.raises(BaseError, match="HF_TOKEN"), loading("owner/name"):
        try:
            raise refused(GatedRepoError, 403)
        except GatedRepoError as error:
            raise OSError("cannot load") from error
    with pytest.raises(DataError, match="as it is"), loading("owner/name"):
        raise DataError("as it is")
