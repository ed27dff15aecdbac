"""What made a picture travels inside the file, and is read back from it."""

import json
from xml.etree.ElementTree import fromstring

import pytest
from PIL import Image

from lorakit.errors import DataError
from lorakit.generation.pictures.provenance import (
    SOURCE_TYPE,
    Provenance,
    public_name,
    read_provenance,
    save_image,
)

RECORD = Provenance(
    prompt='aurora bottle <b>&"\u0000 in 雪, "soft" ]]> light',
    negative="blurry",
    seed=2**63 - 1,
    base="starter-image",
    adapters=[{"name": "Aurora & Söhne", "weight": 0.8, "sha256": "ab" * 32}],
    steps=16,
    guidance=3.0,
    size=(96, 176),
    created="2026-01-02T03:04:05+00:00",
)
KINDS = ["png", "jpg", "jpeg", "webp", "PNG"]


def picture():
    return Image.new("RGB", (32, 20), (200, 40, 90))


@pytest.mark.parametrize("kind", KINDS)
def test_the_record_comes_back_from_every_kind_of_file(tmp_path, kind):
    path = save_image(picture(), tmp_path / f"a.{kind}", RECORD)
    assert read_provenance(path) == RECORD
    assert list(tmp_path.iterdir()) == [path], "nothing temporary is left"


@pytest.mark.parametrize("kind", KINDS)
def test_the_ai_mark_is_valid_xmp_where_other_tools_look_for_it(tmp_path, kind):
    path = save_image(picture(), tmp_path / f"a.{kind}", RECORD)
    with Image.open(path) as image:
        packet = image.info["xmp"] if "xmp" in image.info else image.info["XML:com.adobe.xmp"].encode()
    told = {
        element.tag.rpartition("}")[2]: "".join(element.itertext()).strip()
        for element in fromstring(packet).iter()
    }
    assert told["DigitalSourceType"] == SOURCE_TYPE
    assert told["CreatorTool"].startswith("LoraKit Studio")
    assert "雪" in told["description"] and '<b>&"' in told["description"]


def test_png_text_is_what_other_image_tools_read(tmp_path):
    with Image.open(save_image(picture(), tmp_path / "a.png", RECORD)) as image:
        text = image.info["parameters"]
        assert json.loads(image.info["lorakit"])["seed"] == RECORD.seed
    first, negative, settings = text.split("\n")
    assert first.endswith("<lora:Aurora & Söhne:0.8>") and negative == "Negative prompt: blurry"
    assert f"Steps: 16, Sampler: Euler, CFG scale: 3, Seed: {RECORD.seed}, Size: 96x176" in settings


def test_jpeg_keeps_the_parameters_as_exif_comment(tmp_path):
    with Image.open(save_image(picture(), tmp_path / "a.jpg", RECORD)) as image:
        comment = image.getexif().get_ifd(0x8769)[0x9286]
    assert "Steps: 16" in comment[8:].decode("utf-16-be")


def test_print_resolution_is_noted(tmp_path):
    for kind in ("png", "jpg"):
        with Image.open(save_image(picture(), tmp_path / f"a.{kind}", RECORD, dpi=300)) as image:
            assert round(image.info["dpi"][0]) == 300


def test_pictures_without_a_record_and_files_that_are_none(tmp_path):
    picture().save(tmp_path / "plain.png")
    assert read_provenance(tmp_path / "plain.png") is None
    for content in ("[]", "not json", '{"prompt": 1}', "{}"):
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text("lorakit", content)
        picture().save(tmp_path / "odd.png", pnginfo=info)
        assert read_provenance(tmp_path / "odd.png") is None
    (tmp_path / "text.png").write_text("hello")
    for name in ("text.png", "missing.png"):
        with pytest.raises(DataError, match=name):
            read_provenance(tmp_path / name)
    with pytest.raises(DataError, match=r"a\.gif: images are saved as PNG"):
        save_image(picture(), tmp_path / "a.gif", RECORD)


def test_no_folder_of_this_machine_is_told(tmp_path):
    assert public_name("black-forest-labs/FLUX.1-dev") == "black-forest-labs/FLUX.1-dev"
    assert public_name("starter-image") == "starter-image"
    for path in (
        str(tmp_path / "my base"),
        f"{tmp_path}/my base/",
        "/home/me/models/my base",
        "C:\\models\\my base",
        "./my base",
    ):
        assert public_name(path) == "my base"
