"""What was changed after signing is found, and said in words."""

import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import lorakit
from lorakit.errors import DataError
from lorakit.generation.pictures.provenance import Provenance, save_image
from lorakit.generation.pictures.verifying import Verification
from lorakit.terminal.cli import main
from tests.generation.pictures.certificates import Pair

RECORD = Provenance(
    prompt="aurora bottle", seed=7, base="starter-image",
    adapters=[{"name": "Aurora", "weight": 0.8, "sha256": "ab" * 32}],
)  # fmt: skip
SIGNED = replace(RECORD, signed=True)
KINDS = ["png", "jpg", "webp"]


@pytest.fixture
def pair(tmp_path_factory, monkeypatch):
    return Pair(tmp_path_factory.mktemp("keys"), monkeypatch)


def saved(tmp_path, kind="png", record=RECORD):
    image = Image.effect_noise((64, 48), 60).convert("RGB")
    return save_image(image, tmp_path / f"a.{kind}", record)


def chunks(content):
    """A PNG file's chunks: type and data."""
    at = 8
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        yield content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        at += length + 12


def as_png(rows):
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in rows
    )


def with_another_seed(path):
    """Change the record wherever the file has it, and nothing of its signature."""
    old, new, content = b'"seed": 7', b'"seed": 8', path.read_bytes()
    if path.suffix == ".png":
        changed = as_png(
            (kind, data if kind == b"caBX" else data.replace(old, new)) for kind, data in chunks(content)
        )
    else:
        head, opening, rest = content.partition(b"<lorakit:record>")
        record, closing, tail = rest.partition(b"</lorakit:record>")
        changed = head + opening + record.replace(old, new) + closing + tail
    assert changed != content and len(changed) == len(content)
    path.write_bytes(changed)


def with_other_pixels(path):
    content = path.read_bytes()
    if path.suffix == ".png":
        other = io.BytesIO()
        Image.new("RGB", (64, 48), "red").save(other, "PNG")
        pixels = dict(chunks(other.getvalue()))[b"IDAT"]
        changed = as_png((kind, pixels if kind == b"IDAT" else data) for kind, data in chunks(content))
    else:
        at = content.index(b"VP8 ") + 200 if path.suffix == ".webp" else len(content) - 100
        changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    path.write_bytes(changed)


@pytest.mark.parametrize("kind", KINDS)
def test_an_untouched_image_holds(tmp_path, pair, kind, capsys):
    path = saved(tmp_path, kind)
    found = lorakit.verify(str(path))
    assert (found.record, found.signed, found.holds, found.signed_by) == (SIGNED, True, True, "Nordal GmbH")
    assert found.problems == ()
    assert main(["verify", str(path)]) == 0
    told = capsys.readouterr().out
    assert "signed by Nordal GmbH: the signature holds" in told and "seed 7" in told and "ab" * 32 in told


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_record_is_found_and_named(tmp_path, pair, kind, capsys):
    path = saved(tmp_path, kind)
    with_another_seed(path)
    found = lorakit.verify(path)
    assert found.signed and found.holds is False and found.record.seed == 8
    assert found.problems == ("its record was changed after signing: it does not match its signature (seed)",)
    assert main(["verify", str(path)]) == 1
    assert "does not match its signature" in capsys.readouterr().out


@pytest.mark.parametrize("kind", KINDS)
def test_changed_pixels_are_found(tmp_path, pair, kind):
    path = saved(tmp_path, kind)
    with_other_pixels(path)
    found = lorakit.verify(path)
    assert found.signed and found.holds is False and found.record == SIGNED
    assert found.problems == ("it was changed after signing: it does not match its signature",)


def test_a_record_that_was_taken_out_is_found(tmp_path, pair):
    path = saved(tmp_path)
    kept = [row for row in chunks(path.read_bytes()) if row[0] not in (b"tEXt", b"iTXt")]
    path.write_bytes(as_png(kept))
    found = lorakit.verify(path)
    assert found.record is None and found.holds is False
    assert found.problems == ("its record was changed after signing: it does not match its signature",)


@pytest.mark.parametrize("place", [b"lorakit.record", b"Nordal GmbH"])
def test_a_changed_signature_is_found(tmp_path, pair, place):
    path = saved(tmp_path, "jpg")
    content = path.read_bytes()
    path.write_bytes(content.replace(place, place[:-1] + b"x"))
    found = lorakit.verify(path)
    assert found.signed and found.holds is False
    assert found.problems == ("its signature itself was changed or is damaged",)


def test_a_signature_that_was_taken_out_is_found_by_the_record(tmp_path, pair, capsys):
    path = saved(tmp_path)
    path.write_bytes(as_png(row for row in chunks(path.read_bytes()) if row[0] != b"caBX"))
    found = lorakit.verify(path)
    assert (found.record, found.signed, found.holds) == (SIGNED, False, None)
    assert found.problems == ("its record says that it was signed, but its signature was removed",)
    assert main(["verify", str(path)]) == 1


def test_a_signature_outlives_its_certificate_with_a_note():
    # Written by `save_image` with a certificate that was valid for two seconds.
    found = lorakit.verify(Path(__file__).with_name("expired.png"))
    assert found.signed and found.holds and found.record.seed == 7
    assert len(found.problems) == 1 and "certificate has expired" in found.problems[0]


def test_an_image_with_an_expired_certificate_can_be_tampered_with_too(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(Path(__file__).with_name("expired.png").read_bytes())
    with_another_seed(path)
    found = lorakit.verify(path)
    assert found.holds is False and len(found.problems) == 2


def test_an_unsigned_image_and_one_without_a_record_have_no_problems(tmp_path):
    path = saved(tmp_path)
    assert lorakit.verify(path) == Verification(RECORD)
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    assert lorakit.verify(tmp_path / "plain.png") == Verification(None)


def test_a_file_that_is_no_image_is_refused(tmp_path):
    (tmp_path / "notes.png").write_text("hello")
    with pytest.raises(DataError, match=r"notes\.png is not a readable"):
        lorakit.verify(tmp_path / "notes.png")
