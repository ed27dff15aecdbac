"""The texts of web pages and of mails, without what surrounds them."""

import codecs
import email
import email.policy
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from lorakit.data.findings import Finding
from lorakit.data.tables.lines import MOST_BYTES, whole
from lorakit.data.texts import prose
from lorakit.data.texts.samples import DEFAULT_INSTRUCTION, SampleOrFinding, TextSample
from lorakit.errors import DataError

SKIPPED = {
    "script", "style", "head", "title", "nav", "footer", "aside", "form", "button", "select", "noscript",
    "template", "svg", "iframe",
}  # fmt: skip
BLOCKS = {
    "p", "div", "section", "article", "main", "header", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol",
    "table", "blockquote", "pre", "figure", "figcaption", "dl", "dd", "dt", "tr", "address",
}  # fmt: skip
QUOTED = re.compile(
    r"^(On .+ wrote:|Am .+ schrieb.*:|Le .+ a écrit ?:|.*-{3,} ?(Original|Forwarded|Ursprüng).*)$"
)
CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


def read_page(path: Path, encoding: str | None = None) -> Iterator[SampleOrFinding]:
    """The texts of a web page: each of its articles, or its paragraphs."""
    if not encoding:
        with open(path, "rb") as file:
            head = file.read(4096)
        named = None if head.startswith(codecs.BOM_UTF8) else CHARSET.search(head)
        encoding = named[1].decode() if named else None
    try:
        text, findings = whole(path, encoding)
    except DataError:  # a page may name an encoding that nobody knows
        text, findings = whole(path)
    yield from findings
    articles = _articles(text)
    if len(articles) > 1:
        yield from (TextSample(DEFAULT_INSTRUCTION, article) for article in articles)
    else:
        yield from prose.texts(plain(text), path.name)


def read_mail(path: Path, encoding: str | None = None) -> Iterator[SampleOrFinding]:
    """A mail as one text, its subject first, without what it quotes and without a signature."""
    if path.stat().st_size > MOST_BYTES:
        raise DataError(f"{path.name} is larger than {MOST_BYTES // 10**6} MB; save its text as TXT")
    with open(path, "rb") as file:
        mail = email.message_from_binary_file(file, policy=email.policy.default)
    body = mail.get_body(preferencelist=("plain", "html"))
    if body is None:
        raise DataError(f"{path.name} is an email without text; save its text as TXT")
    try:
        text = body.get_content()
    except (LookupError, UnicodeError):  # an encoding that nobody knows
        text = bytes(body.get_payload(decode=True)).decode("utf-8", "replace")
    if body.get_content_subtype() == "html":
        text = plain(text)
    lines, cut = [], False
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.rstrip() == "--" or QUOTED.match(line.strip()):
            cut = True
            break
        lines.append(line)
    own_lines = [line for line in lines if not line.startswith(">")]
    if cut or len(own_lines) < len(lines):
        what = "a signature or quoted text was left out"
        yield Finding(path.name, "no-prose", "info", what, "nothing to do")
    words = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in own_lines)).strip()
    subject = " ".join(str(mail["subject"] or "").split())
    yield TextSample("Write: email", f"Subject: {subject}\n\n{words}" if subject and words else words)


def plain(html: str) -> str:
    """HTML as plain text: paragraphs with an empty line between, list items with a dash."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    return parser.text()


def _articles(html: str) -> list[str]:
    articles = re.findall(r"<article\b[^>]*>(.*?)</article\s*>", html, flags=re.DOTALL | re.IGNORECASE)
    return [text for article in articles if (text := plain(article))]


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.skipping: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SKIPPED:
            self.skipping.append(tag)
        elif tag in BLOCKS:
            self.parts.append("\n\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "br":
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.skipping:
            while self.skipping.pop() != tag:
                pass
        elif tag in BLOCKS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.parts.append(re.sub(r"\s+", " ", data))

    def text(self) -> str:
        lines = [" ".join(line.split()) for line in "".join(self.parts).split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(line for line in lines if line != "-")).strip()
