"""Tables of captions: which photo each row names, and what it says of it.

Read are the csv, tsv and jsonl files of Hugging Face's imagefolder (`file_name`, `text`) and of other
trainers (`image_path`, `caption`), and JSON files: lists of rows, a mapping of names to captions (kohya's
meta_cap.json), the annotations of COCO, and conversations about a picture (LLaVA). Tags count where there is
no caption. Not read: parquet.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from lorakit.data.tables import delimited
from lorakit.data.tables.lines import Lines
from lorakit.errors import DataError

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")  # what may be one
# A table of such a name is meant as one, so what is wrong with it is said.
NAMED = ("captions", "caption", "metadata", "meta_cap", "meta_clean", "meta_lat")
NAME_COLUMNS = (
    "file_name", "filename", "file", "image", "photo", "path", "image_path", "image_file", "image_name",
    "img_path", "img", "file_path", "filepath", "media_path", "name",
)  # fmt: skip
TEXT_COLUMNS = ("text", "caption", "prompt", "description", "captions", "image_caption", "long_caption")
TAGS = ("tags", "tag_string")
ANSWERERS = ("gpt", "assistant")  # who says what is in the picture, in a conversation about it
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic", ".heif", ".tif", ".tiff", ".bmp", ".gif")

CaptionRow = tuple[str, str]  # a photo's name as written, and its caption


def is_named(name: str) -> bool:
    """Does a file of this name say that it is a table of captions?"""
    return PurePosixPath(name).stem.casefold() in NAMED


def rows(text: str, ending: str) -> Iterator[CaptionRow | str]:
    """The rows of a table by its ending, and a sentence for each that is none. Raises DataError where it is
    no table of captions at all.
    """
    if ending == ".json":
        yield from _of_json(parsed(text))
    elif ending in (".jsonl", ".ndjson"):
        yield from _of_lines(text)
    else:
        yield from _of_csv(text)


def parsed(text: str) -> Any:
    """The JSON of a file. Raises DataError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(f"not valid JSON{where}") from None


def caption_in(value: Any) -> str | None:
    """What a JSON value says of a photo: a sentence, or else its tags; None where it says nothing."""
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping):
        return None
    row = {_plain(key): entry for key, entry in value.items()}
    for key in TEXT_COLUMNS:
        entry = row.get(key)
        if isinstance(entry, list):
            entry = next((one for one in entry if isinstance(one, str) and one.strip()), None)
        if isinstance(entry, str) and entry.strip():
            return entry
    spoken = _answer(row.get("conversations", row.get("messages")))
    if spoken is not None:
        return spoken
    for key in TAGS:
        entry = row.get(key)
        if isinstance(entry, (list, Mapping)):
            entry = ", ".join(str(one) for one in entry)
        if isinstance(entry, str) and entry.strip():
            return entry
    return "" if any(isinstance(row.get(key), str) for key in (*TEXT_COLUMNS, *TAGS)) else None


def _answer(turns: Any) -> str | None:
    for turn in turns if isinstance(turns, list) else ():
        who = turn.get("from", turn.get("role")) if isinstance(turn, Mapping) else None
        if who in ANSWERERS:
            said = turn.get("value", turn.get("content"))
            return said if isinstance(said, str) else None
    return None


def _name_in(row: Mapping[str, Any]) -> str | None:
    plain = {_plain(key): value for key, value in row.items()}
    return next((plain[key] for key in NAME_COLUMNS if isinstance(plain.get(key), str)), None)


def _plain(key: Any) -> str:
    return str(key).strip().casefold().replace(" ", "_").replace("-", "_")


def _of_json(data: Any) -> Iterator[CaptionRow]:
    found = False
    for row in _json_rows(data):
        found = True
        yield row
    if not found:
        raise DataError("lists no photos with captions")


def _json_rows(data: Any) -> Iterator[CaptionRow]:
    if isinstance(data, Mapping):
        if isinstance(data.get("images"), list) and isinstance(data.get("annotations"), list):
            yield from _of_coco(data["images"], data["annotations"])
            return
        for key, value in data.items():
            if isinstance(value, list):
                yield from _json_rows(value)
            elif (caption := caption_in(value)) is not None and _is_a_name(str(key), value):
                yield str(key), caption
    elif isinstance(data, list):
        for row in data:
            name = _name_in(row) if isinstance(row, Mapping) else None
            caption = caption_in(row) if name is not None else None
            if name is not None and caption is not None:
                yield name, caption


def _is_a_name(key: str, value: Any) -> bool:
    """A photo's name among the keys of an object? A setting's name is followed by a text, too."""
    return isinstance(value, Mapping) or PurePosixPath(key).suffix.casefold() in PICTURES


def _of_coco(images: list[Any], annotations: list[Any]) -> Iterator[CaptionRow]:
    names = {image.get("id"): image.get("file_name") for image in images if isinstance(image, Mapping)}
    told = set()
    for row in annotations:
        name = names.get(row.get("image_id")) if isinstance(row, Mapping) else None
        if isinstance(name, str) and name not in told and (caption := caption_in(row)) is not None:
            told.add(name)  # the first of several captions, as everywhere
            yield name, caption


def _of_lines(text: str) -> Iterator[CaptionRow | str]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        name = _name_in(row) if isinstance(row, Mapping) else None
        caption = caption_in(row)
        if name is None or caption is None:
            yield f"line {number} is not a JSON object with file_name and text"
        else:
            yield name, caption


def _of_csv(text: str) -> Iterator[CaptionRow | str]:
    lines = Lines(io.StringIO(text.lstrip("\r\n"), newline=None))
    separator = delimited.separator_of(lines, _known)
    table = delimited.rows(lines, separator)
    header, _ = next(table, ([], False))
    file_at = next((at for name in NAME_COLUMNS for at in _places(header, name)), None)
    text_at = next((at for name in (*TEXT_COLUMNS, *TAGS) for at in _places(header, name)), None)
    if (file_at is None or text_at is None) and len(header) > 1 and _is_picture(header[0]):
        file_at, text_at = 0, 1  # no heading: the first row is one already
        yield header[0], separator.join(header[1:])
    if file_at is None or text_at is None:
        missing = "file_name" if file_at is None else "text"
        columns = ", ".join(cell.strip().casefold() for cell in header) or "none"
        raise DataError(f"no {missing} column (found: {columns})")
    for number, (row, unclosed) in enumerate(table, start=2):
        if unclosed:
            yield f"row {number} opens a quote that is never closed; it was read to the end of its line"
        if len(row) > max(file_at, text_at) and row[file_at].strip():
            last = text_at == len(header) - 1 or len(header) < 2
            yield row[file_at], separator.join(row[text_at:]) if last else row[text_at]


def _known(cells: Sequence[str]) -> int:
    columns = {*NAME_COLUMNS, *TEXT_COLUMNS, *TAGS}
    return sum(_plain(cell) in columns or _is_picture(cell) for cell in cells)


def _places(header: list[str], name: str) -> list[int]:
    return [at for at, cell in enumerate(header) if _plain(cell) == name]


def _is_picture(name: str) -> bool:
    return PurePosixPath(name.strip()).suffix.casefold() in PICTURES
