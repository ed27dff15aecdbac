"""Images are signed with the operator's certificate, as c2pa's own reader finds."""

import json
from dataclasses import replace

import c2pa
import pytest
from PIL import Image

from lorakit.errors import LoraKitError
from lorakit.generation.pictures import credentials
from lorakit.generation.pictures.provenance import (
    COMPOSITE_TYPE,
    SOURCE_TYPE,
    Provenance,
    read_provenance,
    save_image,
)
from tests.generation.pictures.certificates import Pair, key_pem

RECORD = Provenance(
    prompt="aurora bottle <b>\u0000 雪",
    seed=2**63 - 1,
    base="starter-image",
    adapters=[{"name": "Aurora", "weight": 0.8, "sha256": "ab" * 32}],
    size=(96, 176),
)
COMPOSITE = replace(
    RECORD, product={"cut": "cd" * 8, "placement": {"layout": "centred"}, "match_light": True}
)


@pytest.fixture
def pair(tmp_path_factory, monkeypatch):
    return Pair(tmp_path_factory.mktemp("keys"), monkeypatch)


def manifest_of(path):
    with c2pa.Reader(str(path)) as reader:
        assert reader.get_validation_state() == "Valid"
        return reader.get_active_manifest()


def actions_of(manifest):
    return next(a["data"]["actions"] for a in manifest["assertions"] if a["label"].startswith("c2pa.actions"))


def picture():
    return Image.new("RGB", (32, 20), (200, 40, 90))


@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
def test_the_reader_of_c2pa_finds_who_what_and_from_what(tmp_path, pair, kind):
    path = save_image(picture(), tmp_path / f"a.{kind}", RECORD)
    assert list(tmp_path.iterdir()) == [path]
    manifest = manifest_of(path)
    assert manifest["signature_info"]["common_name"] == "Nordal GmbH"
    maker = manifest["claim_generator_info"][0]
    assert (maker["name"], maker["version"]) == ("LoraKit Studio", RECORD.version)
    (created,) = actions_of(manifest)
    assert (created["action"], created["digitalSourceType"]) == ("c2pa.created", SOURCE_TYPE)
    assert len(created["parameters"]["ingredients"]) == 2
    assert [(one["title"], one["relationship"]) for one in manifest["ingredients"]] == [
        ("starter-image", "inputTo"), ("Aurora", "inputTo"),
    ]  # fmt: skip
    stated = next(row["data"] for row in manifest["assertions"] if row["label"] == credentials.RECORD)
    assert stated["ingredients"][1] == {"kind": "adapter", "name": "Aurora", "sha256": "ab" * 32}
    assert Provenance.from_dict(json.loads(stated["record"])) == replace(RECORD, signed=True)
    assert read_provenance(path) == replace(RECORD, signed=True)
    with Image.open(path) as image:
        assert image.size == (32, 20)


def test_a_composite_says_what_was_placed_in_it(tmp_path, pair):
    manifest = manifest_of(save_image(picture(), tmp_path / "a.png", COMPOSITE))
    created, placed = actions_of(manifest)
    assert created["digitalSourceType"] == COMPOSITE_TYPE and placed["action"] == "c2pa.placed"
    cutout = manifest["ingredients"][-1]
    assert (cutout["relationship"], cutout["instance_id"]) == ("componentOf", "sha256:" + "cd" * 8)
    assert placed["parameters"]["ingredients"][0]["url"].endswith(cutout["label"])


def test_without_a_certificate_the_record_says_that_it_is_unsigned(tmp_path):
    path = save_image(picture(), tmp_path / "a.png", RECORD)
    assert c2pa.Reader.try_create(str(path)) is None
    with Image.open(path) as image:
        assert json.loads(image.info["lorakit"])["signed"] is False


def test_an_image_that_cannot_be_signed_is_not_there(tmp_path, pair):
    save_image(picture(), tmp_path / "a.png", RECORD)
    before = (tmp_path / "a.png").read_bytes()
    pair.write(pair.issue(purpose=False))
    with pytest.raises(LoraKitError, match="LORAKIT_SIGN_CERT"):
        save_image(picture(), tmp_path / "a.png", COMPOSITE)
    with pytest.raises(LoraKitError, match="LORAKIT_SIGN_CERT"):
        save_image(picture(), tmp_path / "b.png", RECORD)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == before


def test_a_campaign_is_signed_and_no_file_or_event_of_it_knows_the_key(tmp_path, pair, campaign):
    events = []
    entries = campaign(tmp_path / "c").run(events.append)
    assert entries and all("error" not in entry for entry in entries)
    manifest_of(tmp_path / "c" / entries[0]["path"])
    lines = [line for line in key_pem(pair.key).splitlines() if not line.startswith(b"-")]
    told = [path.read_bytes() for path in (tmp_path / "c").rglob("*") if path.is_file()]
    told.append(json.dumps([events, entries]).encode())
    for secret in (*lines, b"PRIVATE KEY", str(pair.key_file).encode()):
        assert not any(secret in content for content in told)
