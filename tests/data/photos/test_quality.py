"""The quality gate finds what spoils a training, and leaves good photos alone."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from lorakit.data.findings import Finding
from lorakit.data.photos.photo import Photo
from lorakit.data.photos.quality import QualityReport, assess
from lorakit.data.photos.sets import PhotoSet
from lorakit.errors import DataError


def photo(seed: int, size=(256, 256), background=None) -> Image.Image:
    """A can with red and blue stripes in a place of its own: sharp, well lit, turned for every seed."""
    random = np.random.default_rng(seed)
    width, height = size
    tones = random.integers(60, 220, (4, 4, 3), dtype=np.uint8)
    image = Image.fromarray(tones).resize(size, Image.Resampling.BICUBIC)
    if background is not None:
        image = Image.new("RGB", size, background)
    draw = ImageDraw.Draw(image)
    wide, high = int(width * random.uniform(0.25, 0.4)), int(height * random.uniform(0.4, 0.6))
    left, top = (
        int(random.uniform(0.15, 0.85) * (width - wide)),
        int(random.uniform(0.2, 0.8) * (height - high)),
    )
    draw.rectangle((left, top, left + wide, top + high), fill=(190, 40, 50))
    tones = ((30, 60, 170), (225, 215, 200), (120, 20, 40))
    for line in range(top, top + high, max(4, height // 40)):
        tone = tones[random.integers(3)]
        draw.line((left, line, left + wide, line + int(random.integers(0, 9))), fill=tone, width=2)
    return image


def lit_in_the_middle(image: Image.Image, light: float) -> Image.Image:
    """A flash (or, below zero, a shadow) that takes all detail but at the border."""
    y, x = np.mgrid[-1 : 1 : image.height * 1j, -1 : 1 : image.width * 1j]
    lit = np.asarray(image, float) + light * (1 - np.maximum(abs(x), abs(y)) ** 6)[..., None]
    return Image.fromarray(lit.clip(0, 255).astype(np.uint8))


def moved_across(image: Image.Image, length: int) -> Image.Image:
    """The camera moved sideways: edges that run along its way stay sharp."""
    pixels = np.asarray(image, float)
    return Image.fromarray(np.mean([np.roll(pixels, n, 1) for n in range(length)], 0).astype(np.uint8))


def saved_again(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB")


def saved(folder, images) -> PhotoSet:
    for number, image in enumerate(images):
        image.save(folder / f"{number:03}.png", compress_level=1)
    return PhotoSet.from_folder(folder, "zelto")


def kinds(report: QualityReport, severity="warn") -> set[tuple[str, str]]:
    return {(f.file, f.kind) for f in report.findings if f.severity == severity}


def test_thirty_good_photos_have_no_warning_and_the_full_score(tmp_path):
    report = saved(tmp_path, [photo(seed) for seed in range(30)]).report()
    assert kinds(report) == set() and report.score == 100 and report.photos == 30


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("blurred", lambda image: image.filter(ImageFilter.GaussianBlur(4))),
        ("blocky", lambda image: saved_again(saved_again(image, 10), 92)),
        ("overexposed", lambda image: lit_in_the_middle(image, 400)),
        ("underexposed", lambda image: lit_in_the_middle(image, -400)),
        ("blank", lambda image: Image.new("RGB", image.size, (90, 120, 130))),
        ("small", lambda image: image.resize((60, 60), Image.Resampling.LANCZOS)),
        ("odd-ratio", lambda image: image.crop((0, 80, 256, 167))),
    ],
)
def test_one_spoiled_photo_is_the_one_that_is_named(tmp_path, kind, spoil):
    images = [photo(seed) for seed in range(12)]
    images[4] = spoil(images[4])
    report = saved(tmp_path, images).report()
    assert kinds(report) == {("004.png", kind)}
    (found,) = report.of("004.png")
    assert found.what and found.advice
    assert 90 <= report.score < 100
    spoiled = report.judged[4]
    assert spoiled.name == "004.png" and spoiled.findings == (found,) and spoiled.score < 80
    assert spoiled.verdict == ("remove" if kind == "blank" else "retake")
    assert report.verdicts()["keep"] == 11
    assert all(one.score == 100 for one in report.judged if one is not spoiled)


def test_a_sharp_product_before_a_soft_background_is_not_blurred(tmp_path):
    soft = photo(1).filter(ImageFilter.GaussianBlur(12))
    soft.paste(photo(2).crop((60, 60, 160, 180)), (90, 70))
    assert kinds(saved(tmp_path, [soft]).report()) == {("", "few")}


def test_a_dark_photo_with_lights_in_it_is_not_underexposed(tmp_path):
    dark = photo(3).point(lambda v: v // 4)
    assert ("000.png", "underexposed") in kinds(saved(tmp_path, [dark]).report())
    dark.paste((230, 210, 160), (20, 20, 60, 60))
    assert ("000.png", "underexposed") not in kinds(saved(tmp_path, [dark]).report())


@pytest.mark.parametrize("seed", [6, 8])
def test_a_moved_camera_blurs_along_its_way_alone(tmp_path, seed):
    report = saved(tmp_path, [moved_across(photo(seed), 12), photo(seed + 20)]).report()
    assert kinds(report) == {("", "few"), ("000.png", "blurred")}


def test_a_white_studio_background_is_not_overexposed(tmp_path):
    report = saved(tmp_path, [photo(seed, background="white") for seed in range(4)]).report()
    assert not {kind for _, kind in kinds(report)} - {"few"}


@pytest.mark.battery(38, "small images")
def test_small_is_measured_against_the_base(tmp_path):
    photos = saved(tmp_path, [photo(seed, (256, 256)) for seed in range(10)])
    assert not photos.report(area=128 * 128).of("000.png")
    (found,) = photos.report(area=1024 * 1024).of("000.png")
    assert found.kind == "small" and "256×256" in found.what and "1024×1024" in found.advice


def test_near_duplicates_name_each_other(tmp_path):
    images = [photo(seed) for seed in range(11)]
    lighter = images[2].point(lambda v: min(255, int(v * 1.06)))
    images.append(lighter.resize((200, 200), Image.Resampling.LANCZOS))
    report = saved(tmp_path, images).report()
    assert kinds(report) == {("011.png", "duplicate")}
    assert "002.png" in report.of("011.png")[0].what


def test_one_product_turned_on_a_white_table_is_not_the_same_photo(tmp_path):
    images = [photo(7, background="white") for _ in range(10)]
    for number, image in enumerate(images):
        image.paste(photo(100 + number, (96, 110)), (80, 80))
    assert not {kind for _, kind in kinds(saved(tmp_path, images).report())} - {"one-background"}


@pytest.mark.battery(41, "all the same photo")
def test_the_same_photo_twelve_times_counts_as_one(tmp_path):
    report = saved(tmp_path, [photo(1)] * 12).report()
    few = next(finding for finding in report.findings if finding.kind == "few")
    assert "12 photos, 1 of them different" in few.what and report.score < 30


@pytest.mark.battery(40, "1 photo")
@pytest.mark.parametrize(("count", "severity"), [(1, "warn"), (9, "warn"), (12, "info"), (20, None)])
def test_too_few_photos(tmp_path, count, severity):
    report = saved(tmp_path, [photo(seed) for seed in range(count)]).report()
    assert [f.severity for f in report.findings if f.kind == "few"] == ([severity] if severity else [])


def test_words_laid_over_a_photo_are_lettering_and_a_flat_drawing_has_no_blocks(tmp_path):
    plain = Image.new("RGB", (640, 640), (200, 190, 180))
    draw = ImageDraw.Draw(plain)
    draw.rectangle((200, 120, 420, 500), fill=(40, 90, 160))
    worded = plain.copy()
    ImageDraw.Draw(worded).text((60, 560), "SUMMER SALE", font=ImageFont.load_default(40), fill=(20, 20, 20))
    report = saved(tmp_path, [plain, worded]).report(area=512 * 512)
    assert {kind for name, kind in kinds(report) if name == "001.png"} - {"duplicate"} == {"lettering"}
    assert not {kind for name, kind in kinds(report) if name == "000.png"}


def test_one_background_everywhere_is_said(tmp_path):
    same = saved(tmp_path, [photo(seed, background=(180, 170, 160)) for seed in range(12)])
    assert ("", "one-background") in kinds(same.report())
    assert any("part of the style" in finding.advice for finding in same.report(style=True).findings)
    for number in range(5):
        photo(90 + number).save(tmp_path / f"other-{number}.png")
    assert ("", "one-background") not in kinds(PhotoSet.from_folder(tmp_path, "zelto").report())


def test_nothing_is_dropped_but_what_a_person_leaves_out(tmp_path):
    photos = saved(tmp_path, [Image.new("RGB", (1, 1)), photo(1, (600, 20)), photo(2)])
    report = photos.report()
    assert [one.name for one in report.judged] == ["000.png", "001.png", "002.png"]
    assert len(photos.photos) == 3
    removed = [one.name for one in report.judged if one.verdict == "remove"]
    assert [photo.name for photo in photos.without(removed).photos] == ["001.png", "002.png"]
    with pytest.raises(DataError, match="keep at least one"):
        photos.without([photo.name for photo in photos.photos])


def test_the_exact_crop_or_padding_is_shown(tmp_path):
    report = saved(tmp_path, [photo(1, (250, 200)), photo(2, (1200, 100))]).report()
    first, second = (one.framing for one in report.judged)
    assert first.size == (144, 112) and 0 < first.lost < 0.1 and not any(first.padding)
    assert second.lost == 0 and second.inner == (256, 21)
    (found,) = [f for f in report.of("001.png") if f.kind == "odd-ratio"]
    assert "padded by 21 px above and 22 px below" in found.advice


def test_what_could_not_be_read_comes_first_and_an_empty_set_scores_nothing():
    broken = Finding("a.jpg", "unreadable", "error", "is empty", "copy it again")
    report = assess([], [broken])
    assert report.findings[0] is broken and report.score == 0
    assert report.counts() == {"info": 0, "warn": 1, "error": 1}
    assert str(broken) == "a.jpg: is empty; copy it again"


@pytest.mark.battery(40, "5,000 photos")
def test_five_thousand_photos_are_compared_in_seconds(tmp_path):
    photo(1).save(tmp_path / "a.png")
    (one,) = PhotoSet.from_folder(tmp_path, "zelto").photos
    random = np.random.default_rng(0)
    many = []
    for number in range(5000):
        mark = random.integers(0, 2**63, 4, dtype=np.uint64)
        copy = Photo(one.path, "", one.width, one.height, f"{number}.png")
        thumb = random.integers(0, 256, one.look.thumb.shape, dtype=np.uint8)
        copy.look = replace(one.look, fingerprint=mark, thumb=thumb, figure=None)
        many.append(copy)
    report = assess(many)
    assert {finding.kind for finding in report.findings} == {"many", "one-background"}
