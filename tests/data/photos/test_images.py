"""Every kind of picture file is opened as what a person sees, or refused in words."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from lorakit.data.photos.buckets import frame
from lorakit.data.photos.file_types import formats
from lorakit.data.photos.images import MOST_PIXELS, fit, read_picture
from lorakit.data.photos.pixels import TURNS
from lorakit.errors import DataError


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours of the four corner areas, clockwise from the upper left."""
    w, h = image.size
    spots = [
        (w // 8, h // 8),
        (w - w // 8 - 1, h // 8),
        (w - w // 8 - 1, h - h // 8 - 1),
        (w // 8, h - h // 8 - 1),
    ]
    return [image.getpixel(spot) for spot in spots]


def four_colours(width=120, height=80) -> Image.Image:
    image = Image.new("RGB", (width, height))
    for colour, box in zip(
        ((200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0)),
        ((0, 0), (width // 2, 0), (width // 2, height // 2), (0, height // 2)),
        strict=True,
    ):
        image.paste(colour, (*box, box[0] + width // 2, box[1] + height // 2))
    return image


@pytest.mark.battery(36, "EXIF rotation 1-8")
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "jpg", "tiff"])
def test_every_exif_orientation_stands_upright(tmp_path, orientation, ending):
    upright = four_colours()
    # The inverse of each turn, so that a correct reader gives the upright picture back.
    inverse = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    turn = inverse.get(orientation, TURNS.get(orientation))
    stored = upright.transpose(turn) if turn is not None else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(
        tmp_path / f"a.{ending}", exif=exif, **({"quality": 95, "subsampling": 0} if ending == "jpg" else {})
    )
    picture = read_picture(tmp_path / f"a.{ending}")
    assert (picture.width, picture.height) == picture.image.size == (120, 80)
    assert np.allclose(corners(picture.image), corners(upright), atol=6)


def test_a_jpeg_decoded_smaller_still_tells_its_real_size(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    four_colours(1600, 800).save(tmp_path / "a.jpg", exif=exif)
    picture = read_picture(tmp_path / "a.jpg", at_least=(100, 100))
    assert (picture.width, picture.height) == (800, 1600)
    assert picture.image.size == (100, 200)


@pytest.mark.battery(37, "palette, LA and RGBA")
@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_transparency_is_put_on_white_and_kept_as_mask(tmp_path, mode):
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    image.paste((10, 10, 10, 255), (10, 10, 30, 30))
    converted = image.quantize(16) if mode in ("P", "PA") else image.convert(mode)
    ending = "webp" if mode == "RGBA" else "png"
    converted.save(tmp_path / f"a.{ending}", **({"lossless": True} if ending == "webp" else {}))
    picture = read_picture(tmp_path / f"a.{ending}")
    assert picture.image.getpixel((2, 2)) == (255, 255, 255)
    assert max(picture.image.getpixel((20, 20))) < 20
    assert picture.mask.getpixel((2, 2)) == 0 and picture.mask.getpixel((20, 20)) == 255


def test_half_transparent_edges_blend_with_white(tmp_path):
    Image.new("RGBA", (8, 8), (0, 0, 0, 128)).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").image.getpixel((4, 4)) == (127, 127, 127)


def test_opaque_alpha_gives_no_mask_and_a_wholly_transparent_picture_is_said(tmp_path):
    four_colours().convert("RGBA").save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").mask is None
    image = four_colours()
    image.putalpha(0)
    image.save(tmp_path / "b.png")
    picture = read_picture(tmp_path / "b.png")
    assert corners(picture.image) == corners(four_colours()) and "transparent" in picture.notes[0]


@pytest.mark.battery(37, "CMYK")
def test_cmyk(tmp_path):
    four_colours().convert("CMYK").save(tmp_path / "a.jpg", quality=95, subsampling=0)
    assert np.allclose(corners(read_picture(tmp_path / "a.jpg").image), corners(four_colours()), atol=8)


@pytest.mark.battery(37, "16-bit")
@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_sixteen_bit_grey(tmp_path, ending):
    Image.fromarray(np.full((20, 20), 32768, np.uint16)).save(tmp_path / f"a.{ending}")
    assert read_picture(tmp_path / f"a.{ending}").image.getpixel((5, 5)) == (128, 128, 128)


def test_float_tiff_and_one_bit(tmp_path):
    Image.fromarray(np.full((20, 20), 0.5, np.float32)).save(tmp_path / "a.tiff")
    assert read_picture(tmp_path / "a.tiff").image.getpixel((5, 5)) == (128, 128, 128)
    Image.new("1", (20, 20), 1).save(tmp_path / "b.png")
    assert read_picture(tmp_path / "b.png").image.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.battery(37, "animated GIF and WebP")
@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_the_first_frame_of_an_animation_counts_and_that_is_said(tmp_path, ending):
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / f"a.{ending}", save_all=True, append_images=frames[1:], lossless=True)
    picture = read_picture(tmp_path / f"a.{ending}")
    assert picture.image.getpixel((10, 10))[0] > 240 and "first" in picture.notes[0]


@pytest.mark.battery(111, "HEIC and AVIF")
@pytest.mark.parametrize("ending", ["heic", "HEIF", "avif"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_heic_and_avif_are_read(tmp_path, ending, mode):
    formats()
    four_colours().convert(mode).save(tmp_path / f"a.{ending}", quality=90)
    picture = read_picture(tmp_path / f"a.{ending}", (64, 64))
    assert (picture.width, picture.height) == (120, 80) and picture.notes == () and picture.mask is None
    assert np.allclose(corners(picture.image), corners(four_colours().convert(mode).convert("RGB")), atol=12)


@pytest.mark.battery(111, "HEIC that is turned, deep, of several pictures, with a profile")
def test_a_heic_of_a_phone_is_what_the_phone_shows(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # HEIF turns by a property of its own; what the EXIF block says beside it does not count
    formats()
    four_colours().save(tmp_path / "a.heic", exif=exif, quality=90)
    assert np.allclose(corners(read_picture(tmp_path / "a.heic").image), corners(four_colours()), atol=12)

    deep = pillow_heif.from_bytes("RGB;16", (64, 48), np.full((48, 64, 3), 32768, np.uint16).tobytes())
    deep.save(tmp_path / "deep.heic", quality=-1)
    assert np.allclose(read_picture(tmp_path / "deep.heic").image.getpixel((9, 9)), 128, atol=2)

    several = pillow_heif.from_pillow(Image.new("RGB", (60, 60), "green"))
    several.add_from_pillow(four_colours())
    several.save(tmp_path / "b.heic", primary_index=1, quality=90)
    picture = read_picture(tmp_path / "b.heic")
    assert picture.image.size == (120, 80) and "several" in picture.notes[0]

    Image.new("RGB", (64, 64), (220, 20, 20)).save(tmp_path / "c.heic", icc_profile=swapped_profile())
    red, green, _ = read_picture(tmp_path / "c.heic").image.getpixel((5, 5))
    assert green > 180 > red


def swapped_profile() -> bytes:
    """The sRGB profile with its red and green primaries exchanged (tags of ICC.1:2010, 7.3)."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for i in range(struct.unpack(">I", data[128:132])[0]):
        at = 132 + 12 * i
        names = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ", b"desc": b"xxxx"}
        data[at : at + 4] = names.get(bytes(data[at : at + 4]), data[at : at + 4])
    return bytes(data)


def test_a_colour_profile_is_applied(tmp_path):
    Image.new("RGB", (20, 20), (220, 20, 20)).save(tmp_path / "a.png", icc_profile=swapped_profile())
    red, green, _ = read_picture(tmp_path / "a.png").image.getpixel((5, 5))
    assert green > 200 > red


@pytest.mark.battery(44, "wrong ICC profile")
@pytest.mark.parametrize("profile", [b"nonsense", b"\0" * 200])
def test_a_broken_profile_leaves_the_colours(tmp_path, profile):
    four_colours().save(tmp_path / "a.png", icc_profile=profile)
    picture = read_picture(tmp_path / "a.png")
    assert corners(picture.image) == corners(four_colours()) and "profile" in picture.notes[0]


def test_a_profile_of_another_colour_space_leaves_the_colours(tmp_path):
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[16:20] = b"CMYK"
    four_colours().save(tmp_path / "a.png", icc_profile=bytes(profile))
    assert corners(read_picture(tmp_path / "a.png").image) == corners(four_colours())


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is huge and holds almost nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.battery(29, "text named .jpg")
@pytest.mark.battery(31, "0-byte image")
@pytest.mark.battery(32, "decompression bomb")
@pytest.mark.battery(37, "HEIC, named as unsupported")
@pytest.mark.battery(45, "SVG, PDF, MOV (named)")
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jpg", b"just a few words", "text"),
        ("a.jpg", b"", "empty"),
        ("a.jpg", b"\x00\x01\x02\x03" * 50, "not a readable image"),
        ("a.png", bomb(50_000, 50_000), "megapixels"),
        ("a.png", bomb(11_000, 10_000), "megapixels"),
        ("a.svg", b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        ("a.jpg", b"<svg width='1'></svg>", "SVG"),
        ("a.pdf", b"%PDF-1.7\n", "PDF"),
        ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0", "video"),
        ("a.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        ("a.heic", b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC photo that can't be read; .*iPhone"),
        ("a.jpg", b"\xff\x0a\x10\x20", "JPEG XL.*Save as"),
        ("a.jxl", b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        ("a.cr2", b"II*\0broken raw", "raw"),
        ("a.zip", b"PK\x03\x04....", "archive"),
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "EPS"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_to_do(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        read_picture(tmp_path / name)
    assert "; " in str(caught.value) and str(tmp_path) not in str(caught.value)


@pytest.mark.battery(30, "truncated JPEG")
@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "gif", "tiff"])
def test_a_truncated_file_is_refused_not_half_used(tmp_path, ending):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, {"jpg": "jpeg"}.get(ending, ending))
    (tmp_path / f"a.{ending}").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    with pytest.raises(DataError, match=r"damaged|no picture"):
        read_picture(tmp_path / f"a.{ending}")


def test_the_limit_is_about_100_megapixels():
    assert 90e6 <= MOST_PIXELS <= 110e6


def rising(width: int, height: int) -> Image.Image:
    """Black at the left edge, white at the right one."""
    row = np.linspace(0, 255, width, dtype=np.float32)[None, :, None]
    return Image.fromarray(np.tile(row, (height, 1, 3)).astype(np.uint8))


def test_fit_keeps_the_shape_and_cuts_only_what_is_left_over():
    framing = frame(240, 100, (144, 64))
    fitted = np.asarray(fit(rising(240, 100), framing), dtype=np.float32)
    assert fitted.shape == (64, 144, 3)
    # 144:64 of 240x100 keeps 225 columns in the middle: 7.5 are cut at each side.
    assert framing.box == (7.5, 0, 232.5, 100) and framing.lost == pytest.approx(15 / 240)
    assert fitted[:, 0].mean() == pytest.approx(255 * 7.5 / 240, abs=3)
    assert fitted[:, -1].mean() == pytest.approx(255 * (1 - 7.5 / 240), abs=3)
    assert str(framing) == "trained at 144×64, cropped by 8 px left and 8 px right"


def test_what_is_too_long_for_any_bucket_is_padded_and_not_cut():
    framing = frame(900, 100, (256, 64))
    fitted = np.asarray(fit(rising(900, 100), framing), dtype=np.float32)
    assert framing.lost == 0 and framing.padding == (0, 18, 0, 18) and framing.inner == (256, 28)
    assert fitted.shape == (64, 256, 3)
    assert fitted[:, 0].max() < 3 and fitted[:, -1].min() > 252, "both ends of the photo are there"
    assert np.array_equal(fitted[0], fitted[18]), "the padding repeats the photo's edge"
    assert str(framing) == "trained at 256×64, padded by 18 px above and 18 px below"


def test_a_smaller_decoding_is_cut_at_the_same_places():
    framing = frame(2400, 1000, (144, 64))
    small, whole = fit(rising(300, 125), framing), fit(rising(2400, 1000), framing)
    assert np.abs(np.asarray(small, float) - np.asarray(whole, float)).max() <= 2


@pytest.mark.parametrize("ending", ["jpeg", "png", "webp", "gif", "tiff", "bmp"])
def test_damaged_bytes_anywhere_give_a_picture_or_words(tmp_path, ending):
    buffer, random = io.BytesIO(), np.random.default_rng(3)
    four_colours(40, 30).save(buffer, ending)
    for _ in range(60):
        data = bytearray(buffer.getvalue())
        for at in random.integers(0, len(data), 4):
            data[at] = random.integers(256)
        (tmp_path / f"a.{ending}").write_bytes(data)
        try:
            assert read_picture(tmp_path / f"a.{ending}", (64, 64)).image.mode == "RGB"
        except DataError as error:
            assert "; " in str(error)
