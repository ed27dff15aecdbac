"""Fields that several kinds of job share. No torch here."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator

from lorakit.errors import LoraKitError, RecipeError
from lorakit.generation.copy.writing import MOST_VARIANTS
from lorakit.generation.pictures.plan import MAX_SEED
from lorakit.jobs.spec import AsItIs, Blank, OnThisMachine, Spec
from lorakit.lora.mix_syntax import MOST_ADAPTERS, check_strength, check_whole
from lorakit.lora.strength import Strength
from lorakit.training.recipe import Recipe

TEXT_LIMIT = 200  # characters of a name or of trigger words
PATH_LIMIT = 1000  # characters of a folder or file
NOT_A_MIX = "mix: give a table of adapters with their strengths"


def filled(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; fill it in")
    return text


def _place(value: Any) -> str:
    if not isinstance(value, str) or len(value) > PATH_LIMIT:
        raise ValueError(f"must be text of at most {PATH_LIMIT:,} characters")
    return filled(value)


def _no_address(base: str) -> str:
    if "://" in base:
        raise ValueError("must be a folder or a Hugging Face ID such as owner/name, not an address")
    return base


def _names(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("must be a list of the names of photos to leave out")
    return value


def places(value: Any) -> list[str]:
    """The texts to leave out. Raises ValueError."""
    if not isinstance(value, list) or not all(isinstance(n, str) and n.isdecimal() for n in value):
        raise ValueError("must be a list of the places of texts to leave out, counted from 0, as text")
    return value


def _captions(value: Any) -> dict[str, str] | str:
    texts = value.values() if isinstance(value, dict) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("must be a table of photos' names with their captions, or a captions file")
    return value


def _recipe(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be a table of settings")
    return Recipe.from_dict(value).to_dict()


def checked_mix(
    mix: Any, check: Callable[[str, Strength], None] = lambda name, strength: None
) -> dict[str, Any]:
    """A mix as it is stored. Raises RecipeError, one line for each adapter that cannot be as it is stated;
    `check` raises it for one that cannot be in this kind of job.
    """
    if not isinstance(mix, dict):
        raise RecipeError(NOT_A_MIX)
    wrong = []
    for name, stated in mix.items():
        try:
            check(f"mix: {name}", check_strength(name, stated))
        except LoraKitError as error:
            wrong.append(str(error))
    if len(mix) > MOST_ADAPTERS:
        wrong.append(f"mix: {len(mix)} adapters; at most {MOST_ADAPTERS} are mixed")
    if wrong:
        raise RecipeError("\n".join(wrong))
    return mix


def _whole_mix(mix: Any) -> dict[str, Any]:
    return checked_mix(mix, check_whole)


BaseModelName = Annotated[
    str, Field(max_length=PATH_LIMIT), AfterValidator(filled), AfterValidator(_no_address)
]
Name = Annotated[str, Field(max_length=TEXT_LIMIT), AfterValidator(filled)]
Trigger = Annotated[str, Field(max_length=TEXT_LIMIT)]
Place = Annotated[str, PlainValidator(_place), AsItIs(), OnThisMachine()]
LeftOut = Annotated[list[str], PlainValidator(_names), AsItIs(), Field(default_factory=list)]
LeftOutTexts = Annotated[list[str], PlainValidator(places), AsItIs(), Field(default_factory=list)]
Captions = Annotated[
    dict[str, str] | str, PlainValidator(_captions), OnThisMachine(), Field(default_factory=dict)
]
Settings = Annotated[dict[str, Any], PlainValidator(_recipe), Blank({})]
MixOfVoices = Annotated[dict[str, Any], PlainValidator(_whole_mix), Blank({})]
Variants = Annotated[int, Field(ge=1, le=MOST_VARIANTS), Blank(1)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED), Blank(0)]


class OnBase(Spec):
    """What a job on a base model says of it: where it is, and how it is kept in memory."""

    base: BaseModelName
    quantize: Literal["nf4"] | None = None
    offload: bool = False


def mixes_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The mixes of a job: those that a campaign compares, or the one it has; none for a training."""
    mix = spec.get("mix")
    return list(mix) if isinstance(mix, list) else [] if mix is None else [mix]
