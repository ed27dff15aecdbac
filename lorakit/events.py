"""What happens in a training, a campaign or a job, one dataclass a kind of event.

Some kinds have several shapes under one name, each told from the others by a field only it has.
"""

from dataclasses import dataclass, field
from typing import Any

from lorakit.event import Emit, Event, ignore, read

__all__ = ["Emit", "Event", "ignore", "read"]  # beside the kinds below


@dataclass(frozen=True)
class Started(Event, kind="started"):
    """A worker took the job up, for the `attempt`-th time since it last made something."""

    attempt: int | None = None


@dataclass(frozen=True)
class Reopened(Event, kind="reopened"):
    """A person lets a job go on that had failed or was cancelled."""


@dataclass(frozen=True)
class Interrupted(Event, kind="interrupted"):
    """An orderly stop; the next worker goes on."""


@dataclass(frozen=True)
class Cancelled(Event, kind="cancelled"):
    """A person stopped the job."""


@dataclass(frozen=True)
class Failed(Event, kind="failed"):
    """The job ended with an error; `advice` is what to do, where that is known."""

    error: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Done(Event, kind="done"):
    """The end. A campaign tells how many images were made, of how many, and how many failed."""

    done: int | None = None
    failed: int | None = None
    total: int | None = None


@dataclass(frozen=True)
class Phase(Event, kind="phase"):
    """What is being done and how far it is; `seconds_left` where it can be said."""

    name: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


@dataclass(frozen=True)
class Note(Event, kind="note"):
    """A sentence for a person; of a `shot` that failed with its `error`, too."""

    shot: str | None = None
    text: str = ""
    error: str | None = None


@dataclass(frozen=True)
class Checkpoint(Event, kind="checkpoint"):
    """From here on a crash takes nothing back of what was done; a training tells its step."""

    step: int | None = None


@dataclass(frozen=True)
class Step(Event, kind="step", always=("loss", "seconds_left")):
    """A training step, with the smoothed loss."""

    step: int = 0
    total: int = 0
    loss: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True)
class HeldOut(Event, kind="held_out", always=("loss",)):
    """The loss on the data that is held out."""

    step: int = 0
    loss: float | None = None


@dataclass(frozen=True)
class ImagePreview(Event, kind="preview", by="path"):
    """An image made in between, as a file."""

    step: int = 0
    path: str = ""
    prompt: str = ""


@dataclass(frozen=True)
class TextPreview(Event, kind="preview"):
    """A text written in between."""

    step: int = 0
    prompt: str = ""
    text: str = ""


@dataclass(frozen=True)
class Health(Event, kind="health"):
    """Each block's `[name, ||delta W|| / ||W||]`, None where it is broken; `said`: what is wrong."""

    step: int = 0
    blocks: list[Any] = field(default_factory=list)
    said: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class LongestCopy(Event, kind="memory", by="words"):
    """The longest `run` of words that previews share with a text learned from, and how many words are
    `usual` among those texts. `close`: is it too long?
    """

    step: int = 0
    close: bool = False
    words: int = 0
    usual: int = 0
    run: str = ""


@dataclass(frozen=True)
class NearestPhoto(Event, kind="memory"):
    """The preview nearest to a photo, in multiples of the photos' usual distance. `close`: is it a copy?"""

    step: int = 0
    close: bool = False
    distance: float = 0.0
    preview: str = ""
    photo: str = ""


@dataclass(frozen=True)
class Compared(Event, kind="compared"):
    """The same prompt answered in several ways: `texts` by the way's name."""

    step: int = 0
    prompt: str = ""
    texts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Slug(Event, kind="slug"):
    """The name in the store that a training writes to."""

    slug: str = ""


@dataclass(frozen=True)
class Saved(Event, kind="saved"):
    """The adapter's file is written."""

    slug: str = ""


@dataclass(frozen=True)
class Image(Event, kind="image"):
    """A finished image of a campaign."""

    shot: str = ""
    path: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


@dataclass(frozen=True)
class Findings(Event, kind="findings"):
    """What was found in the data: the fields of each `Finding`."""

    rows: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Caption(Event, kind="caption"):
    """A proposed caption of a photo."""

    file_name: str = ""
    text: str = ""


@dataclass(frozen=True)
class Text(Event, kind="text"):
    """The next piece of the variant `index` of a copy."""

    index: int = 0
    piece: str = ""


@dataclass(frozen=True)
class Combined(Event, kind="result", by="rank", always=("error",)):
    """The adapter made of a mix: its relative `error`, bytes before and after, what was `removed` of each
    adapter, and the same sample of both, or why there is none (`unseen`).
    """

    slug: str = ""
    name: str = ""
    rank: int = 0
    error: float | None = None
    size_before: int = 0
    removed: dict[str, Any] = field(default_factory=dict)
    size_after: int = 0
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    unseen: str | None = None


@dataclass(frozen=True)
class Captioned(Event, kind="result", by="described"):
    """How many of a job's photos have a caption proposed."""

    photos: int = 0
    described: int = 0


@dataclass(frozen=True)
class Catalogued(Event, kind="result", by="briefs"):
    """How many briefs of a table are written, and how many of its rows are none."""

    briefs: int = 0
    written: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class Trained(Event, kind="result"):
    """The trained adapter and the figures of its training."""

    slug: str = ""
    summary: dict[str, Any] = field(default_factory=dict)


# What a job that ended well says it made.
Result = Trained | Combined | Captioned | Catalogued
