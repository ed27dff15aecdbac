"""Texts of files without rows: plain text, Markdown, web pages, mails and Word documents.

What a text is, a file shows by its form: by paragraphs, by headings, by rules between, by line where no empty
line divides it, or a list of nothing but texts. What is not prose (front matter, tables without a column of
texts, lines with only an image or a link) is left out and reported.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from lorakit.data.findings import Finding
from lorakit.data.tables.lines import whole
from lorakit.data.texts import chats
from lorakit.data.texts.markdown_tables import Table, without_tables
from lorakit.data.texts.samples import DEFAULT_INSTRUCTION, SampleOrFinding, TextSample
from lorakit.errors import DataError

FRONT_MATTER = re.compile(r"\A\s*(---|\+\+\+)[ \t]*\n(.*?\n)?(---|\+\+\+|\.\.\.)[ \t]*(\n|\Z)", re.DOTALL)
RULE = re.compile(r"^[ \t]*([-*_=~#+])[ \t]*(\1[ \t]*){2,}$", re.MULTILINE)
HEADING = re.compile(r"^[ ]{0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*$")
ITEM = re.compile(r"^[ \t]*([-*+•–·]|\d{1,3}[.)])[ \t]+(?=\S)")
URL = r"(?:https?://|www\.)\S+"
PICTURE = re.compile(
    r"^[ \t]*(?:\[)?!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])(?:\]\([^)]*\))?[ \t]*$|^[ \t]*<img\b[^>]*>[ \t]*$"
)
LINK = re.compile(
    rf"^[ \t]*(?:[-*+•][ \t]+)?(?:\[[^\]]*\]\([^)]*\)|\[[^\]]*\]:[ \t]*\S+.*|<?{URL}>?)[ \t]*$", re.IGNORECASE
)
ENDS = re.compile(r"[.!?…。！？:;)\"”»’'】」』]$|[#@]\w+$|[^\w\s.,;:\-–—/&]$")
WRAPPED = 60  # characters: shorter lines without an end are no wrapped prose
LISTED = 8  # words: items of fewer are points of a text
BY_LINE = 3  # lines without an empty one between: as many texts


def read_plain(path: Path, encoding: str | None = None) -> Iterator[SampleOrFinding]:
    """The texts of a .txt or .md."""
    text, findings = whole(path, encoding)
    yield from findings
    yield from texts(text, path.name, markdown=path.suffix.lower() not in (".txt", ".text"))


def texts(text: str, name: str, markdown: bool = False) -> Iterator[SampleOrFinding]:
    """The texts of a file's prose, or of what was pasted; those of its Markdown tables last."""
    images, links = 0, 0
    matter = FRONT_MATTER.match(text)
    has_matter = bool(matter and (":" in matter[0] or "=" in matter[0]))
    if matter and has_matter:
        text = text[matter.end() :]
    if markdown:
        text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text, tables = without_tables(text)
    prose_lines = []
    for line in text.split("\n"):
        image, link = bool(PICTURE.match(line)), bool(LINK.match(line))
        images, links = images + image, links + (link and not image)
        prose_lines += [line] if not image and not link else []
    counted = [
        ("front matter", has_matter),
        (_lines(images, "an image"), images),
        (_lines(links, "a link"), links),
    ]
    if left_out := ", ".join(what for what, count in counted if count):
        yield Finding(name, "no-prose", "info", f"left out: {left_out}", "nothing to do")
    pieces, how = _divided("\n".join(prose_lines), markdown)
    if how:
        yield Finding(
            name, "division", "info", how, "put blank lines between texts to split them differently"
        )
    for one in pieces:
        yield TextSample(DEFAULT_INSTRUCTION, _unmarked(one) if markdown else one.strip())
    for number, table in enumerate(tables, start=1):
        yield from _of_table(table, name, f"table {number}")


def _of_table(table: Table, name: str, place: str) -> Iterator[SampleOrFinding]:
    records = table.records()
    if not records:
        what = f"{place} was left out: none of its columns is headed as texts"
        advice = "to train on a column, head it “text”, or save the table as CSV"
        yield Finding(name, "no-prose", "warn", what, advice)
    for row, cells in enumerate(records, start=1):
        yield chats.of_cells({field: _unmarked(cell) for field, cell in cells.items()}, f"{place}, row {row}")


def _lines(count: int, what: str) -> str:
    return f"{count} line{'s that are' if count != 1 else ' that is'} only {what}"


def _divided(text: str, markdown: bool) -> tuple[list[str], str]:
    """The single texts, and how they were told apart when it was not by empty lines."""
    parts = [part for part in RULE.sub("\x1e", text).split("\x1e") if part.strip()]
    if len(parts) > 2 or (len(parts) == 2 and markdown):
        return [
            part.strip("\n") for part in parts
        ], f"each of the {len(parts)} parts between rules is one text"
    text = "\n\n".join(parts)
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) >= BY_LINE and all(ITEM.match(line) for line in lines):
        items = [ITEM.sub("", line).strip() for line in lines]
        return items, f"each of the {len(items)} list items is one text"
    if markdown and (sections := _sections(text)):
        return sections, f"each of the {len(sections)} headings starts one text"
    blocks = _blocks(text)
    undivided = not re.search(r"\n\s*\n", text.strip())
    if undivided and len(lines) >= BY_LINE and _one_each(lines):
        return [line.strip() for line in lines], f"each of the {len(lines)} lines is one text"
    return blocks, ""


def _one_each(lines: list[str]) -> bool:
    """Is every line a text? Wrapped prose breaks in the middle of sentences, near one width."""
    ended = sum(bool(ENDS.search(line.strip())) for line in lines)
    if ended >= 0.6 * len(lines):
        return True
    short = [line for line in lines[:-1] if len(line.strip()) < WRAPPED]
    uneven = max(map(len, lines)) - min(map(len, lines[:-1])) > 30
    capital = sum(line.strip()[:1].isupper() or not line.strip()[:1].isalpha() for line in lines)
    return uneven and capital >= 0.9 * len(lines) and bool(short)


def _sections(text: str) -> list[str]:
    """The texts that begin with a heading of the highest level there twice; none for a file with one."""
    levels = [len(match[1]) for line in text.split("\n") if (match := HEADING.match(line))]
    level = next((level for level in range(1, 7) if levels.count(level) > 1), 0)
    if not level:
        return []
    sections: list[list[str]] = [[]]
    for line in text.split("\n"):
        match = HEADING.match(line)
        if match and len(match[1]) <= level:
            if len(match[1]) < level:  # the title of what follows, no text
                sections.append([])
                continue
            sections.append([])
        sections[-1].append(line)
    texts = ["\n".join(section).strip("\n") for section in sections]
    return [section for section in texts if section.strip()]


def _blocks(text: str) -> list[str]:
    """Paragraphs; a heading belongs to what follows it, and a list of short points to what stands above."""
    blocks: list[str] = []
    waiting = ""
    for block in filter(str.strip, re.split(r"\n\s*\n", text.strip("\n"))):
        if HEADING.match(block) and "\n" not in block.strip():
            waiting = f"{waiting}\n{block}" if waiting else block
            continue
        if not waiting and blocks and _is_list(block):
            if _is_list(blocks[-1]):
                blocks[-1] += f"\n{block}"
                continue
            if len(block.split()) < LISTED * (block.count("\n") + 1):  # points of the text above, no texts
                blocks[-1] += f"\n\n{block}"
                continue
        blocks.append(f"{waiting}\n{block}" if waiting else block)
        waiting = ""
    return [block.strip() for block in (*blocks, waiting) if block.strip()]


def _is_list(block: str) -> bool:
    last = block.rsplit("\n\n", 1)[-1]  # a text may end with one
    return bool(ITEM.match(last)) and bool(ITEM.match(last.rsplit("\n", 1)[-1]))


def _unmarked(text: str) -> str:
    """Markdown as a reader sees it: headings, emphasis and links without their signs; lists stay lists."""
    lines = [match[2] if (match := HEADING.match(line)) else line for line in text.split("\n")]
    text = "\n".join(re.sub(r"^>[ ]?", "", line) for line in lines)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    text = re.sub(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])", r"\1", text)
    text = re.sub(r"(?<![\w_])_(?=[^\s_])([^_\n]+?)(?<=[^\s_])_(?![\w_])", r"\1", text)
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)).strip()


def read_document(path: Path, encoding: str | None = None) -> Iterator[SampleOrFinding]:
    """The paragraphs of a .docx, those of its tables last."""
    import docx

    try:
        document = docx.Document(str(path))
    except Exception as error:
        raise DataError(f"{path.name} is not a Word document; save it again as DOCX or TXT") from error
    cells = [paragraph for table in document.tables for cell in table._cells for paragraph in cell.paragraphs]
    for paragraph in [*document.paragraphs, *cells]:
        if paragraph.text.strip():
            yield TextSample(DEFAULT_INSTRUCTION, paragraph.text.strip())
