"""What a family of bases is, as plain facts: the columns of `table`. No torch here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Makes = Literal["image", "text"]

# What a family's bases can do beside drawing from words.
INPAINTS = "inpaints"  # paints into a mask
REFERENCES = "references"  # takes pictures of a product beside the words


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
class Settings:
    """What a base works best with; a base folder may state its own in `lorakit.json`."""

    area: int = 1024 * 1024  # pixels of the pictures it was trained on
    steps: int = 28
    guidance: float = 3.5
    max_tokens: int = 512
    demonstration: bool = False  # a small model that shows the way, not the quality
    stage: str = ""  # the adapter, in the store or beside the package, that keeps its scenes empty
    stage_area: int = 0  # pixels of an empty scene; 0 is `area`


@dataclass(frozen=True)
class Known:
    """A base that the choosers offer."""

    id: str
    label: str
    kind: Makes
    needs: str = ""  # in words: what it runs on
    gated: bool = False  # its owner asks for a consent on the hub first


@dataclass(frozen=True)
class BlockGroup:
    """A group of blocks that an adapter may have a strength of its own in."""

    name: str  # as a mix names it: "double"
    title: str  # as a page does
    pattern: str  # a regular expression that its modules' names match from their start


@dataclass(frozen=True)
class Preset:
    """A named starting point of a training: what it is for, and the settings it changes."""

    id: str
    label: str
    kind: Makes
    starter: bool  # for the starter bases, which learn faster and need their own settings
    settings: dict[str, Any]
    quantize: str | None = None  # "nf4": meant for a base in 4 bits
    first_for: tuple[str, ...] = ()  # parts of the ids of bases whose first choice it is
    only_for: tuple[str, ...] = ()  # the same, and of the listed bases it is for no others
    style: bool = False  # for a style from pictures, and not for a product


@dataclass(frozen=True)
class FamilyRow:
    """One family of bases. Its class, which `where` names, is imported when it is first needed."""

    name: str  # as an adapter's card keeps it
    label: str  # as a person reads it
    makes: Makes
    where: str  # module:class
    holds: tuple[str, ...]  # what `source.Source.holds` says of its bases: classes of pipelines or models
    settings: Settings  # of a base that states none
    ids: tuple[str, ...] = ()  # parts of hub ids, in lower case
    variants: Mapping[str, str] = field(default_factory=dict)  # parts of ids that are not supported -> why
    instead: str = ""  # what to use in their place
    plural: str = ""  # of the label, where that is no name
    # Of adapters
    component: str = ""  # of the pipeline, that they are for; a language model is the whole
    modules: str = ""  # a regular expression for the names at the top of that component
    layout: str = "diffusers"  # that the store keeps them in
    architecture: str = ""  # of the Stability AI model metadata standard
    architectures: Mapping[str, str] = field(default_factory=dict)  # the same, by a part of a base's id
    stated: tuple[str, ...] = ()  # how files name it, in lower case without signs
    blocks: tuple[BlockGroup, ...] = ()
    widened: tuple[int, ...] = ()  # inputs of the first layer of control models, which take pictures too
    kohya_text: tuple[str, ...] = ("lora_te1_", "lora_te2_")  # kohya's first words for its text encoders
    kohya_sgm: bool = False  # kohya's scripts call its modules by Stability's own names
    # Of bases
    licences: tuple[tuple[str, Licence], ...] = ()  # by a part of an id, in lower case; the first counts
    bases: tuple[Known, ...] = ()
    presets: tuple[Preset, ...] = ()
    can: frozenset[str] = frozenset()

    @property
    def words(self) -> str:
        """What one of its bases is, within a sentence."""
        return f"a {self.label}" if self.plural else self.label

    def is_called(self, id: str) -> bool:
        """Does a hub id, in lower case, name one of its bases?"""
        return any(part in id for part in self.ids) or any(id == base.id.lower() for base in self.bases)

    def has_module(self, name: str) -> bool:
        """Can its component have a module of this name?"""
        return bool(self.modules) and re.match(self.modules, name) is not None
