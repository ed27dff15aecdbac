"""What can be trained: a product, a style or a voice, a row for each with the words of its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lorakit.starter import SAMPLE_PHOTOS, SAMPLE_TRIGGER, SAMPLE_VOICE


@dataclass(frozen=True)
class Sample:
    """What to try it with: a name, the data, and the base model that it is for."""

    name: str
    data: str
    base: str
    invitation: str
    button: str


@dataclass(frozen=True)
class Subject:
    """One kind of training, as its page puts it."""

    id: str
    choice: str  # as it is offered
    kind: str  # "image" | "text": what it learns from
    job: str  # the kind of its job
    question: str
    question_hint: str
    name: str  # what the field for its name is called
    example: str
    data: str  # what it learns from
    data_hint: str
    upload: str
    captions_hint: str = ""
    sample: Sample | None = None
    next: str = "Make scenes with it"  # what a finished training leads to


PRODUCT = Subject(
    "product", "A product, from photos", "image", "train",
    "What is it?", "A made-up name works best. You’ll type it in prompts to show the product.",
    "Product name", "aurora bottle",
    "Photos", "About 30, from different angles, in different places and light. Each card shows how it will "
    "be cropped.",
    "Photos or a ZIP file",
    "Describe what surrounds the product: place, light, angle. What you name here isn’t learned as part of "
    "it. Blanks are fine.",
    Sample(
        SAMPLE_TRIGGER, str(SAMPLE_PHOTOS), "starter-image",
        "Teach the studio a product it has never seen, from 30 photos. It takes a few minutes.",
        "Try it with the sample product",
    ),
)  # fmt: skip
STYLE = Subject(
    "style", "A style, from pictures", "image", "train",
    "What is the style called?", "One or two made-up words work best. You’ll type them in prompts to get "
    "this look.",
    "Style name", "zelto print",
    "Pictures", "About 30 that share one look and show different things. Whatever most of them show is "
    "learned along with the look.",
    "Pictures or a ZIP file",
    "Describe what each picture shows, not how it looks. What you name here isn’t learned as part of the "
    "style; where a caption is blank, the things in the picture can be learned along with it.",
)  # fmt: skip
VOICE = Subject(
    "voice", "A voice, from texts", "text", "voice",
    "Whose voice?", "",
    "Voice name", "Nordal voice",
    "Texts", "About 60 that sound like you: posts, ads, emails. A table can have columns for channel, "
    "product and facts.",
    "CSV, XLSX, TXT, MD, DOCX or JSONL",
    sample=Sample(
        "Nordal voice", str(SAMPLE_VOICE), "starter-text",
        "Teach the studio the dry voice of a made-up brand, from its 60 texts. It takes a few minutes.",
        "Try it with the sample voice",
    ),
    next="Write with it",
)  # fmt: skip
SUBJECTS = {row.id: row for row in (PRODUCT, STYLE, VOICE)}
FIRST = {"image": PRODUCT, "text": VOICE}  # of those that learn from the same


def subject_of(job: str, spec: Mapping[str, Any]) -> Subject:
    """What a training of this kind and with this spec teaches."""
    return VOICE if job == VOICE.job else STYLE if spec.get("subject") == STYLE.id else PRODUCT
