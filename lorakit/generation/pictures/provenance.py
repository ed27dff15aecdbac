"""What made a picture, kept inside its file, and the mark that it was made by AI.

Every file carries an XMP packet with IPTC's DigitalSourceType "trainedAlgorithmicMedia" and the whole
record; PNG has the record also as text chunks (`parameters` as other image tools read it, `lorakit` as
JSON), JPEG and WebP have `parameters` as EXIF user comment. Where the operator has a certificate, the whole
file is signed (`credentials`). No torch here.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, unescape

from PIL import Image, PngImagePlugin

import lorakit
from lorakit import durable
from lorakit.errors import AdapterError, DataError
from lorakit.generation.pictures import credentials
from lorakit.generation.pictures.signer import signer
from lorakit.lora.strength import Strength

# IPTC NewsCodes, digital source type: made by a model trained on sampled content, and composed of such
# content and of what a camera took.
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
COMPOSITE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
TOOL = "LoraKit Studio"
XMP_KEY = "XML:com.adobe.xmp"
USER_COMMENT = 0x9286  # EXIF tag
EXIF_FOLDER = 0x8769
QUALITY = 94  # of JPEG and WebP
SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2
OPENING, CLOSING = "<lorakit:record>", "</lorakit:record>"

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:lorakit="urn:lorakit:record#">
   <Iptc4xmpExt:DigitalSourceType>{source_type}</Iptc4xmpExt:DigitalSourceType>
   <Iptc4xmpExt:AISystemUsed>{tool}, {base}</Iptc4xmpExt:AISystemUsed>
   <Iptc4xmpExt:AIPromptInformation>{prompt}</Iptc4xmpExt:AIPromptInformation>
   <xmp:CreatorTool>{tool} {version}</xmp:CreatorTool>
   <xmp:CreateDate>{created}</xmp:CreateDate>
   <dc:creator><rdf:Seq><rdf:li>{tool}</rdf:li></rdf:Seq></dc:creator>
   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">{prompt}</rdf:li></rdf:Alt></dc:description>
   {opening}{record}{closing}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Provenance:
    """What made one image. `adapters`: {name, weight, sha256}; `size`: width and height as generated.

    `product`: what was put into it of a real product: cut, placement, match_light; empty where none was.
    `signed` is whether Content Credentials were put into its file; `save_image` sets it.
    """

    prompt: str
    seed: int
    base: str
    adapters: list[dict[str, Any]] = field(default_factory=list)
    steps: int = 0
    guidance: float = 0.0
    size: tuple[int, int] = (0, 0)
    negative: str = ""
    created: str = field(default_factory=_now)
    version: str = lorakit.__version__
    product: dict[str, Any] = field(default_factory=dict)
    signed: bool = False

    @property
    def source_type(self) -> str:
        """What the image is made of, as IPTC's digital source type."""
        return COMPOSITE_TYPE if self.product else SOURCE_TYPE

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON-able data."""
        return {**asdict(self), "size": list(self.size), "tool": TOOL, "source_type": self.source_type}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Provenance":
        """A record from JSON data; unknown fields (of a later version) are left out."""
        known = {f.name: data[f.name] for f in fields(cls) if f.name in data}
        if "size" in known:
            known["size"] = tuple(known["size"])
        return cls(**known)

    def parameters(self) -> str:
        """The record in the layout that other image tools show and read back."""
        tags = "".join(f" <lora:{a['name']}:{a['weight']:g}>" for a in self.adapters)
        negative = f"\nNegative prompt: {self.negative}" if self.negative else ""
        hashes = ", ".join(f"{a['name']}: {str(a.get('sha256', ''))[:12]}" for a in self.adapters)
        settings = {
            "Steps": self.steps, "Sampler": "Euler", "CFG scale": f"{self.guidance:g}", "Seed": self.seed,
            "Size": f"{self.size[0]}x{self.size[1]}", "Model": self.base,
        }  # fmt: skip
        if hashes:
            settings["Lora hashes"] = f'"{hashes}"'
        settings["Version"] = f"{TOOL} {self.version}"
        return f"{self.prompt}{tags}{negative}\n" + ", ".join(
            f"{key}: {value}" for key, value in settings.items()
        )

    def xmp(self) -> bytes:
        """The XMP packet."""
        plain = {"prompt": self.prompt, "base": self.base, "version": self.version, "created": self.created}
        safe = {key: escape(NOT_IN_XML.sub("", str(value))) for key, value in plain.items()}
        record = escape(json.dumps(self.to_dict(), ensure_ascii=True))
        return XMP.format(
            source_type=self.source_type, tool=TOOL, opening=OPENING, closing=CLOSING, record=record, **safe
        ).encode()


def save_image(image: Image.Image, path: str | Path, provenance: Provenance, dpi: int = 0) -> Path:
    """Write `image` to `path` (PNG, JPEG or WebP by its suffix) with `provenance` in it, all or nothing.

    `dpi` is the resolution noted for printing, 0 for none. It is signed where the operator has a certificate.
    Raises DataError for another suffix, LoraKitError when it could not be signed.
    """
    path = Path(path)
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise DataError(f"{path.name}: images are saved as PNG, JPEG or WebP; use one of these extensions")
    author = signer()
    provenance = replace(provenance, signed=author is not None)
    options: dict[str, Any] = {"dpi": (dpi, dpi)} if dpi and kind != "WEBP" else {}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt(XMP_KEY, provenance.xmp().decode())
        text.add_text("parameters", provenance.parameters())
        text.add_text("lorakit", json.dumps(provenance.to_dict(), ensure_ascii=True))
        options |= {"pnginfo": text, "compress_level": 4}
    else:
        exif = Image.Exif()
        exif.get_ifd(EXIF_FOLDER)[USER_COMMENT] = b"UNICODE\0" + provenance.parameters().encode("utf-16-be")
        options |= {"xmp": provenance.xmp(), "exif": exif.tobytes(), "quality": QUALITY}
        options |= {"subsampling": 0} if kind == "JPEG" else {"method": 4}
    with durable.replacing(path) as unfinished:
        image.convert("RGB").save(unfinished, kind, **options)
        if author is not None:
            credentials.sign(unfinished, kind, provenance.to_dict(), author)
    return path


def read_provenance(path: str | Path) -> Provenance | None:
    """What made the picture at `path`, None when it does not say. Raises DataError when it cannot be read."""
    path = Path(path)
    try:
        with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:
            if image.format == "PNG":
                image.load()  # text may stand behind the pixels
            info = dict(image.info)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path.name} is not a readable PNG, JPEG or WebP image") from error
    record = info.get("lorakit") or _record_of(info.get("xmp") or info.get(XMP_KEY) or b"")
    try:
        return Provenance.from_dict(json.loads(record)) if record else None
    except (ValueError, TypeError, AttributeError):
        return None


def _record_of(packet: bytes | str) -> str:
    # Found by its marks, not parsed: a stranger's XML never reaches a parser.
    text = packet.decode("utf-8", "replace") if isinstance(packet, bytes) else packet
    _, found, rest = text.partition(OPENING)
    return unescape(rest.partition(CLOSING)[0]) if found else ""


def public_name(source: str) -> str:
    """A base's name without the folders of this machine: a hub id stays, a path becomes its last part."""
    if Path(source).exists() or source.startswith((".", "/", "~")) or "\\" in source or source.count("/") > 1:
        return source.replace("\\", "/").rstrip("/").rpartition("/")[2] or "base"
    return source


def adapter_row(adapter: Any, strength: float | Strength) -> dict[str, Any]:
    """How a record names an adapter: never by where it lies on this machine. What is not constant in its
    strength (`blocks`, `start`, `end`) stands beside the weight.
    """
    name = adapter.card.name or Path(adapter.source or "adapter").stem
    try:
        stated = Strength.of(strength).to_dict()
    except AdapterError as error:
        raise AdapterError(f"{name}: {error}") from None
    more = stated if isinstance(stated, dict) else {"weight": round(stated, 6)}
    return {"name": name, **more, "sha256": adapter.card.sha256 or _content(adapter)}


def effect(row: dict[str, Any]) -> list[Any]:
    """What a picture depends on of an adapter: its content and its strength, not its name."""
    more = [{name: value for name, value in row.items() if name not in ("name", "weight", "sha256")}]
    return [row["sha256"], row["weight"], *(more if more[0] else [])]


def _content(adapter: Any) -> str:
    """A hash of an adapter's tensors, for one whose file's own is not known."""
    digest = hashlib.sha256()
    for name, factors in sorted(adapter.modules.items()):
        digest.update(f"{name} {factors.scale}".encode())
        for tensor in (factors.down, factors.up, factors.magnitude):
            if tensor is not None:
                digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
