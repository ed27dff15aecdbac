"""Cut-outs: from transparency, masks, boxes and plain backgrounds."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

import lorakit
from lorakit.data.photos import cutouts
from lorakit.errors import DataError

SIZE = 240


def drawn(background=(235, 235, 230), colour=(30, 90, 200), handle=True):
    """A photo of a mug with a handle before a plain wall, and its true alpha."""
    scale = 4
    shape = Image.new("L", (SIZE * scale, SIZE * scale))
    draw = ImageDraw.Draw(shape)
    draw.rounded_rectangle((280, 240, 600, 760), 60, fill=255)
    if handle:
        draw.ellipse((540, 360, 800, 640), outline=255, width=50)
    alpha = shape.resize((SIZE, SIZE), Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(0.6))
    photo = Image.composite(
        Image.new("RGB", (SIZE, SIZE), colour), Image.new("RGB", (SIZE, SIZE), background), alpha
    )
    noise = np.random.default_rng(0).normal(0, 2, (SIZE, SIZE, 3))
    return Image.fromarray((np.asarray(photo) + noise).clip(0, 255).astype(np.uint8)), alpha


def whole(cut, alpha):
    """The cut-out's alpha where it lay in the photo."""
    at = alpha.point([0] * 8 + [255] * 248).getbbox()
    placed = Image.new("L", alpha.size)
    placed.paste(cut.getchannel("A").resize((at[2] - at[0], at[3] - at[1])), at[:2])
    return np.asarray(placed, np.float32) / 255


def test_a_product_before_a_plain_wall_is_cut_out_with_its_handle_open():
    photo, alpha = drawn()
    found = cutouts.cut(photo)
    assert found.way == "plain background"
    true = np.asarray(alpha, np.float32) / 255
    assert np.abs(whole(found.image, alpha) - true).mean() < 0.015
    solved = whole(found.image, alpha)
    assert solved[125, 165] < 0.1, "the wall is seen through the handle"
    edge = np.asarray(found.image)[..., :3][(np.asarray(found.image.getchannel("A")) > 60)]
    assert np.percentile(edge[:, 0], 99) < 110, "no rim of the bright wall"


def test_a_transparent_picture_is_taken_as_it_is():
    image = Image.new("RGBA", (100, 80))
    image.paste((10, 200, 30, 255), (20, 20, 70, 60))
    cut = lorakit.cut_out(image)
    assert cut.size == (50, 40) and cut.getpixel((5, 5)) == (10, 200, 30, 255)


def test_a_mask_or_a_box_says_where_it_is():
    photo, alpha = drawn(handle=False)
    by_mask = cutouts.cut(photo, mask=alpha)
    by_box = cutouts.cut(photo, box=(0.2, 0.15, 0.75, 0.9))
    assert (by_mask.way, by_box.way) == ("mask", "box")
    for found in (by_mask, by_box):
        assert found.image.width == pytest.approx(80, abs=5) and found.image.height == pytest.approx(
            130, abs=5
        )


@pytest.mark.parametrize(
    ("made", "options", "words"),
    [
        (lambda: Image.new("RGBA", (60, 60)), {}, "transparent all over"),
        (lambda: Image.new("RGB", (90, 90), "grey"), {}, "no product stands out"),
        (lambda: drawn()[0], {"mask": Image.new("L", (10, 10), 255)}, "mask: is 10×10 pixels and the photo"),
        (lambda: drawn()[0], {"mask": Image.new("L", (SIZE, SIZE))}, "it has no white"),
        (lambda: drawn()[0], {"mask": Image.new("L", (SIZE, SIZE), 255)}, "fills the whole photo"),
        (lambda: drawn()[0], {"box": (0.5, 0.5, 0.51, 0.51)}, "box: it is too small"),
    ],
)
def test_what_cannot_be_cut_out_says_why(made, options, words):
    with pytest.raises(DataError, match=words):
        cutouts.cut_out(made(), **options)


def test_a_single_visible_pixel_is_no_product():
    image = Image.new("RGBA", (60, 60))
    image.putpixel((30, 30), (255, 0, 0, 255))
    with pytest.raises(DataError, match="too small to be a product"):
        cutouts.cut_out(image)


def test_a_file_that_is_no_picture_is_named(tmp_path):
    (tmp_path / "can.jpg").write_text("not a picture")
    with pytest.raises(DataError, match=r"can\.jpg"):
        cutouts.cut_out(tmp_path / "can.jpg")
