"""What the known bases are, and what their licences allow: rows of tables. No torch here.

The names and terms are those of the models' pages on the hub; a base that is not listed is "unknown".
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Licence:
    """What a base's licence allows. `commercial` is None when lorakit does not know.

    `terms` says what else it asks, in a sentence.
    """

    name: str
    commercial: bool | None
    url: str = ""
    terms: str = ""


@dataclass(frozen=True)
class Known:
    """A base that the choosers offer."""

    id: str
    label: str
    kind: str  # "image" | "text"
    needs: str = ""  # in words: what it runs on
    gated: bool = False  # its owner asks for a consent on the hub first


UNKNOWN = Licence("unknown: ask the model's owner", None)

FLUX_1_DEV = "FLUX.1 [dev] Non-Commercial License"
FLUX_2 = "FLUX Non-Commercial License"
LLAMA = Licence(
    "Llama Community License", True, "https://www.llama.com/license/",
    "If you share an adapter made for it, pass on its licence, show “Built with Llama” and let the adapter's "
    "name begin with “Llama”; very large companies need a separate licence.",
)  # fmt: skip
GEMMA = Licence(
    "Gemma Terms of Use", True, "https://ai.google.dev/gemma/terms",
    "If you share an adapter made for it, pass on its terms and its prohibited-use policy.",
)  # fmt: skip
OPENRAIL = "If you share an adapter made for it, pass on its list of prohibited uses."


def _hub(name: str) -> str:
    return f"https://huggingface.co/{name}"


# A part of a base's id or folder name, in lower case; the first that occurs counts.
LICENCES: tuple[tuple[str, Licence], ...] = (
    ("flux.1-dev", Licence(FLUX_1_DEV, False, _hub("black-forest-labs/FLUX.1-dev"))),
    ("flux.1-krea-dev", Licence(FLUX_1_DEV, False, _hub("black-forest-labs/FLUX.1-Krea-dev"))),
    ("flux.1-schnell", Licence("Apache-2.0", True, _hub("black-forest-labs/FLUX.1-schnell"))),
    ("flux.2-klein-4b", Licence("Apache-2.0", True, _hub("black-forest-labs/FLUX.2-klein-4B"))),
    ("flux.2-klein-base-4b", Licence("Apache-2.0", True, _hub("black-forest-labs/FLUX.2-klein-base-4B"))),
    ("flux.2-klein-9b", Licence(FLUX_2, False, _hub("black-forest-labs/FLUX.2-klein-9B"))),
    ("flux.2-klein-base-9b", Licence(FLUX_2, False, _hub("black-forest-labs/FLUX.2-klein-base-9B"))),
    ("flux.2-dev", Licence(FLUX_2, False, _hub("black-forest-labs/FLUX.2-dev"))),
    (
        "stable-diffusion-xl-base",
        Licence("OpenRAIL++-M", True, _hub("stabilityai/stable-diffusion-xl-base-1.0"), OPENRAIL),
    ),
    (
        "stable-diffusion-v1",
        Licence("OpenRAIL-M", True, _hub("stable-diffusion-v1-5/stable-diffusion-v1-5"), OPENRAIL),
    ),
    # Qwen's 2.5 sizes with other licences stand before the family.
    ("qwen/qwen2.5-3b", Licence("Qwen Research License", False, _hub("Qwen/Qwen2.5-3B"))),
    ("qwen/qwen2.5-72b", Licence("Qwen License", True, _hub("Qwen/Qwen2.5-72B"))),
    ("qwen/qwen2.5", Licence("Apache-2.0", True, _hub("Qwen"))),
    ("qwen/qwen3", Licence("Apache-2.0", True, _hub("Qwen"))),
    ("mistralai/mistral-7b", Licence("Apache-2.0", True, _hub("mistralai"))),
    ("mistralai/mistral-nemo", Licence("Apache-2.0", True, _hub("mistralai"))),
    ("mistralai/mistral-small-24b", Licence("Apache-2.0", True, _hub("mistralai"))),
    ("mistralai/", Licence("see the model's page", None, _hub("mistralai"))),
    ("meta-llama/", LLAMA),
    ("google/gemma-4", Licence("Apache-2.0", True, "https://ai.google.dev/gemma/apache_2")),
    ("google/gemma", GEMMA),
)

BFL = "black-forest-labs"
KNOWN: tuple[Known, ...] = (
    Known("starter-image", "Starter image model (built in, small)", "image"),
    Known(f"{BFL}/FLUX.2-klein-base-4B", "FLUX.2-klein-base 4B", "image", "a GPU, 8 GB in 4-bit"),
    Known(f"{BFL}/FLUX.2-klein-4B", "FLUX.2-klein 4B, distilled", "image", "a GPU, 8 GB in 4-bit"),
    Known(f"{BFL}/FLUX.2-klein-base-9B", "FLUX.2-klein-base 9B", "image", "a GPU, 16 GB in 4-bit", True),
    Known(f"{BFL}/FLUX.2-klein-9B", "FLUX.2-klein 9B, distilled", "image", "a GPU, 16 GB in 4-bit", True),
    Known(f"{BFL}/FLUX.1-dev", "FLUX.1-dev", "image", "a GPU, 12 GB in 4-bit", True),
    Known(f"{BFL}/FLUX.1-schnell", "FLUX.1-schnell, distilled", "image", "a GPU, 12 GB in 4-bit", True),
    Known(f"{BFL}/FLUX.2-dev", "FLUX.2-dev", "image", "a GPU, 32 GB in 4-bit", True),
    Known("stabilityai/stable-diffusion-xl-base-1.0", "SDXL", "image", "a GPU, 12 GB"),
    Known("stable-diffusion-v1-5/stable-diffusion-v1-5", "Stable Diffusion 1.5", "image", "a GPU, 8 GB"),
    Known("starter-text", "Starter text model (built in, small)", "text"),
    Known("Qwen/Qwen3-0.6B", "Qwen3-0.6B", "text"),
    Known("Qwen/Qwen3-4B-Instruct-2507", "Qwen3-4B-Instruct", "text", "a GPU, 8 GB in 4-bit"),
    Known("Qwen/Qwen3-8B", "Qwen3-8B", "text", "a GPU, 12 GB in 4-bit"),
    Known("meta-llama/Llama-3.2-3B-Instruct", "Llama 3.2 3B", "text", "a GPU, 8 GB in 4-bit", True),
    Known("meta-llama/Llama-3.3-70B-Instruct", "Llama 3.3 70B", "text", "a GPU, 48 GB in 4-bit", True),
    Known("mistralai/Mistral-7B-Instruct-v0.3", "Mistral 7B", "text", "a GPU, 12 GB in 4-bit"),
    Known("google/gemma-3-4b-it", "Gemma 3 4B", "text", "a GPU, 8 GB in 4-bit", True),
)


def licence_of(source: str) -> Licence:
    """The licence of a hub id, or of a folder or file that carries the id's name; else UNKNOWN."""
    asked = source.lower()
    return next((licence for part, licence in LICENCES if part in asked), UNKNOWN)
