"""What trainers and cameras leave beside photos: known by name, passed over, and said in one line.

kohya's scripts and fluxgym, ai-toolkit, OneTrainer, SimpleTuner, musubi-tuner and EveryDream keep latents,
settings, models and previews of a training among the photos. Nobody means those as photos.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from lorakit.data.findings import Finding
from lorakit.data.photos.names import shown

ENDINGS = (  # of files that are no photos and no captions
    ".npz", ".npy", ".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".onnx", ".gguf", ".pkl", ".pickle",
    ".parquet", ".arrow", ".feather", ".toml", ".yaml", ".yml", ".ini", ".cfg", ".conf", ".env", ".lock",
    ".sh", ".bat", ".ps1", ".cmd", ".py", ".ipynb", ".log", ".out", ".err", ".cache", ".db", ".sqlite",
    ".sqlite3", ".md", ".rst", ".html", ".htm", ".xml", ".xmp", ".aae", ".thm", ".url", ".webloc", ".lnk",
    ".part", ".tmp", ".temp", ".crdownload", ".bak", ".orig", ".swp", ".sha256", ".md5", ".cos", ".cop",
    ".dop", ".pp3", ".lrcat",
)  # fmt: skip
TEXTS = (  # names of .txt files that are no caption, where no photo is called so
    "sample_prompts", "sample_prompt", "prompts", "prompt", "user_prompt", "readme", "read_me", "license",
    "licence", "requirements", "multiply", "cond_dropout", "shuffle", "flip_p", "batch_id", "wildcards",
    "notes", "blacklist",
)  # fmt: skip
TRACES = re.compile(r"^events\.out\.tfevents\b", re.IGNORECASE)
# Folders whose pictures were made while training, or are kept for it; and what to call those pictures.
FOLDERS = (
    (re.compile(r"^(?:samples?|previews?|sample_images|training[-_ ]samples)$"), "previews from a training"),
    (re.compile(r"^_?(?:.*[-_ ])?cache(?:s|d)?$"), "a trainer's own cache"),
    (
        re.compile(r"^(?:reg|reg[-_ ]images?|regulari[sz]ation(?:[-_ ]images?)?|class[-_ ]images?)$"),
        "class images, which are added separately",
    ),
    (re.compile(r"^(?:thumb(?:nail)?s|contact[-_ ]sheets?)$"), "thumbnails"),
)
# Pictures that trainers name so: kohya's and musubi's "last_000100_00_20240815120000_1.png" and
# "..._e000004_...", ai-toolkit's "1723456789012__000000250_0.jpg", OneTrainer's "...-training-sample-...".
PREVIEW = re.compile(
    r"(?:^|_)e?\d{6}_\d{2}_\d{14}(?:_\d+)?$|^\d{13}__\d{9}_\d+$|(?:^|-)training-sample-", re.IGNORECASE
)
REPEATS = re.compile(r"^([1-9]\d{0,2})_(\S.*)$")  # kohya's folders: how often, and what is in it
KEPT_BESIDE = ("-condlabel", "-depth")  # what OneTrainer and others keep beside a photo under its name


def is_leftover(name: str) -> bool:
    """Is a file, by its name alone, neither a photo nor a caption?"""
    path = PurePosixPath(name)
    return path.suffix.casefold() in ENDINGS or bool(TRACES.match(path.name))


def is_instruction(name: str) -> bool:
    """Is a text that no photo is called like for a trainer, or for people, and no lost caption?"""
    return PurePosixPath(name).stem.casefold() in TEXTS


def made_by_a_training(name: str) -> str:
    """What a picture is that is not meant to be learned, by where it lies or what it is called; else ""."""
    path = PurePosixPath(name)
    for part in path.parts[:-1]:
        for called, what in FOLDERS:
            if called.match(part.casefold()):
                return f"{what} (in {shown(part)}/)"
    return "previews from a training" if PREVIEW.search(path.stem) else ""


def summary(files: Sequence[str], pictures: Sequence[tuple[str, str]]) -> list[Finding]:
    """One line about all that was passed over: `files` by name, and `pictures` as (name, what they are)."""
    parts = [
        _counted(Counter(PurePosixPath(name).suffix.casefold() or "without an extension" for name in files))
    ]
    for what, count in Counter(what for _, what in pictures).items():
        parts.append(f"{count} image{'s' if count > 1 else ''}: {what}")
    listed = "; ".join(part for part in parts if part)
    if not listed:
        return []
    count = len(files) + len(pictures)
    number = f"{count} files that are neither training photos nor captions were"
    if count == 1:
        number = "1 file that is neither a training photo nor a caption was"
    advice = "nothing to do; move any photo you want to train on out of such a folder"
    return [
        Finding(
            "",
            "passed-over",
            "info",
            f"{number} ignored ({listed})",
            advice if pictures else "nothing to do",
        )
    ]


def _counted(endings: Counter[str]) -> str:
    return ", ".join(f"{count} {ending}" for ending, count in sorted(endings.items()))


def repeats(names: Sequence[str]) -> list[Finding]:
    """A remark where photos lie in folders such as "10_aurora bottle", whose number other trainers use."""
    found: dict[str, int] = {}
    for name in names:
        for part in PurePosixPath(name).parts[:-1]:
            if match := REPEATS.match(part):
                found[part] = int(match[1])
    if not found:
        return []
    folders = ", ".join(f"“{shown(part)}”" for part in list(found)[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    what = f"{folders}{more}: other trainers repeat photos by the leading number; here each counts once"
    same = len(set(found.values())) == 1
    advice = "set the number of steps to train longer or shorter" + (
        "" if same else "; to show some photos more often, train on those alone or add more like them"
    )
    return [Finding("", "repeats", "info", what, advice)]
