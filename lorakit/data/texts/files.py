"""Which reader reads a file of texts: tables, chats, prose, pages, mails and documents.

Each reader yields texts, and a Finding for every part that is not one. A table or a list is read row by row,
so that a large file costs no memory. Not covered: PDF, mailboxes.
"""

from collections.abc import Iterator
from pathlib import Path

from lorakit.data.findings import Finding
from lorakit.data.tables import reading, records
from lorakit.data.tables.headings import TEXTS
from lorakit.data.texts import chats, prose, web
from lorakit.data.texts.samples import SampleOrFinding
from lorakit.errors import DataError

KINDS = "CSV, TSV, XLSX, JSON, JSONL, TXT, MD, HTML, EML or DOCX"


def read(path: Path, encoding: str | None = None) -> Iterator[SampleOrFinding]:
    """The texts of a file by its ending. Raises DataError, naming the file, for an ending nobody can read."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        kind = path.suffix or "this type of file"
        raise DataError(f"{path.name}: {kind} can't be read; save it as {KINDS}")
    return reader(path, encoding)


def _table(path: Path, encoding: str | None) -> Iterator[SampleOrFinding]:
    for found in reading.read(path, TEXTS, encoding):
        yield found if isinstance(found, Finding) else chats.of_cells(found.cells, found.place)


def _json(path: Path, encoding: str | None) -> Iterator[SampleOrFinding]:
    for found in records.read(path, encoding):
        if isinstance(found, Finding):
            yield found
        else:
            yield from chats.samples(path.name, *found)


def _plain(path: Path, encoding: str | None) -> Iterator[SampleOrFinding]:
    is_table = reading.is_table(path, TEXTS, encoding)
    return _table(path, encoding) if is_table else prose.read_plain(path, encoding)


READERS = {
    ".txt": _plain, ".text": _plain, ".md": prose.read_plain, ".markdown": prose.read_plain, ".csv": _table,
    ".tsv": _table, ".tab": _table, ".xlsx": _table, ".xlsm": _table, ".xls": _table, ".ods": _table,
    ".numbers": _table, ".json": _json, ".jsonl": _json, ".ndjson": _json, ".docx": prose.read_document,
    ".html": web.read_page, ".htm": web.read_page, ".eml": web.read_mail,
}  # fmt: skip
