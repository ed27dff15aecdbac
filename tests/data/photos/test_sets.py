"""Photo sets from folders, zips and uploads; captions; and the sizes they are learned at."""

import io
import json
import math
import os
import stat
import zipfile

import numpy as np
import pytest
from PIL import Image

from lorakit.data.photos import archives
from lorakit.data.photos.buckets import bucket_sizes
from lorakit.data.photos.photo import Photo
from lorakit.data.photos.sets import PhotoSet
from lorakit.errors import DataError


def jpeg(size=(60, 40), colour=(200, 30, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return buffer.getvalue()


def put(folder, **files) -> None:
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def captions_of(photos: PhotoSet) -> dict[str, str]:
    return {photo.name: photo.caption for photo in photos.photos}


def kinds(findings) -> list[tuple[str, str]]:
    return [(finding.file, finding.kind) for finding in findings]


# Folders


def test_a_folder_is_read_in_natural_order_with_folders_below_it(tmp_path):
    (tmp_path / "more").mkdir()
    put(tmp_path, p10__jpg=jpeg(), p2__jpg=jpeg(), P1__jpg=jpeg())
    put(tmp_path / "more", a__png=jpeg())
    put(tmp_path, **{"._p1__jpg": b"litter", "Thumbs__db": b"litter"})
    photos = PhotoSet.from_folder(tmp_path, "can")
    assert [photo.name for photo in photos.photos] == ["more/a.png", "P1.jpg", "p2.jpg", "p10.jpg"]
    assert photos.skipped == []


def test_unreadable_files_are_named_and_the_rest_goes_on(tmp_path):
    put(tmp_path, a__jpg=jpeg(), b__jpg="no picture", c__jpg=b"", d__jpg=jpeg()[:300], e__pdf="%PDF-1.4")
    photos = PhotoSet.from_folder(tmp_path, "can")
    assert [photo.name for photo in photos.photos] == ["a.jpg"]
    assert kinds(photos.skipped) == [
        (f"{name}", "unreadable") for name in ("b.jpg", "c.jpg", "d.jpg", "e.pdf")
    ]
    assert all(finding.severity == "error" and finding.advice for finding in photos.skipped)
    assert photos.report().findings[:4] == photos.skipped


@pytest.mark.battery(40, "empty set")
@pytest.mark.parametrize("content", [{}, {"a__jpg": "no picture"}])
def test_a_folder_without_a_readable_photo_is_an_error_that_names_it(tmp_path, content):
    folder = tmp_path / "spring shoot"
    folder.mkdir()
    put(folder, **content)
    with pytest.raises(DataError, match="spring shoot") as caught:
        PhotoSet.from_folder(folder, "can")
    assert str(tmp_path) not in str(caught.value)
    assert ("a.jpg" in str(caught.value)) == bool(content)


def test_a_missing_folder_and_a_file_in_its_place(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such folder"):
        PhotoSet.from_folder(tmp_path / "nowhere", "can")
    put(tmp_path, a__zip=b"PK")
    with pytest.raises(DataError, match=r"a\.zip is not a folder"):
        PhotoSet.from_folder(tmp_path / "a.zip", "can")


@pytest.mark.battery(42, "names in any script, quotes, newlines, dashes")
@pytest.mark.parametrize(
    "name",
    ["产品 фото صورة.jpg", 'it\'s "new".jpg', "two\nlines.jpg", "-rf.jpg", "🫖.jpg", "a" * 240 + ".jpg"],
)
def test_file_names_of_any_kind(tmp_path, name):
    (tmp_path / name).write_bytes(jpeg())
    (photo,) = PhotoSet.from_folder(tmp_path, "can").photos
    assert photo.open().size == (60, 40)
    assert photo.name.isprintable() and len(photo.name) <= 120


def test_a_name_that_is_no_unicode(tmp_path):
    with open(os.path.join(os.fsencode(tmp_path), b"\xff\xfe.jpg"), "wb") as file:
        file.write(jpeg())
    (photo,) = PhotoSet.from_folder(tmp_path, "can").photos
    assert json.dumps(photo.name).encode("utf-8")


def test_special_files_do_not_hang(tmp_path):
    put(tmp_path, a__jpg=jpeg())
    os.mkfifo(tmp_path / "b.jpg")
    (tmp_path / "c.jpg").symlink_to(tmp_path / "gone.jpg")
    photos = PhotoSet.from_folder(tmp_path, "can")
    assert len(photos.photos) == 1 and [f.file for f in photos.skipped] == ["b.jpg", "c.jpg"]


def test_a_photo_that_goes_away_later_is_named(tmp_path):
    put(tmp_path, a__jpg=jpeg())
    (photo,) = PhotoSet.from_folder(tmp_path, "can").photos
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(DataError, match=r"a\.jpg: no longer there"):
        photo.open()


def test_files_as_an_upload_gives_them(tmp_path):
    put(tmp_path, a__jpg=jpeg(), a__txt="can on a table", b__jpg="nothing")
    photos = PhotoSet.from_files([tmp_path / name for name in ("a.jpg", "a.txt", "b.jpg", "gone.jpg")], "can")
    assert captions_of(photos) == {"a.jpg": "can on a table"}
    assert [finding.file for finding in photos.skipped] == ["b.jpg", "gone.jpg"]
    with pytest.raises(DataError, match="chosen files"):
        PhotoSet.from_files([], "can")


# Captions


def test_captions_beside_photos_in_tables_and_by_trigger(tmp_path):
    put(tmp_path, a__jpg=jpeg(), b__jpg=jpeg(), c__jpg=jpeg(), d__jpg=jpeg(), e__png=jpeg())
    put(tmp_path, a__txt="Aurora Bottle\non a table\n", **{"d.jpg__txt": "in snow"})
    put(
        tmp_path,
        captions__csv="\ufefffile_name;text\nb.jpg;a photo of aurora bottle\na.jpg;the text file wins\n",
    )
    put(tmp_path, metadata__jsonl='{"file_name": "c.jpg", "text": "at the beach"}\n')
    photos = PhotoSet.from_folder(tmp_path, " aurora  bottle ")
    assert photos.trigger == "aurora bottle"
    assert captions_of(photos) == {
        "a.jpg": "Aurora Bottle on a table",
        "b.jpg": "a photo of aurora bottle",
        "c.jpg": "aurora bottle, at the beach",
        "d.jpg": "aurora bottle, in snow",
        "e.png": "aurora bottle",
    }
    said = {finding.kind: finding.what for finding in photos.report().findings}
    assert "2 of 4 captions don't mention 'aurora bottle'" in said["trigger-added"] and said[
        "no-caption"
    ].startswith("1 photo has")


@pytest.mark.battery(43, "captions that name missing photos")
def test_captions_that_name_missing_photos_are_said(tmp_path):
    put(tmp_path, a__jpg=jpeg(), gone__txt="can", captions__csv="file_name,text\nlost.jpg,can\na.jpg,can\n")
    photos = PhotoSet.from_folder(tmp_path, "can")
    said = {finding.file for finding in photos.notes if finding.kind == "caption-without-photo"}
    assert said == {"lost.jpg", "gone.txt"} and photos.skipped == []


def test_captions_given_by_the_caller(tmp_path):
    put(tmp_path, a__jpg=jpeg(), b__jpg=jpeg(), table__csv="image\tcaption\nb.jpg\tcan in a forest\n")
    photos = PhotoSet.from_files([tmp_path / "a.jpg"], "can", {"a.jpg": "can by the sea"})
    assert captions_of(photos) == {"a.jpg": "can by the sea"}
    photos = PhotoSet.from_files([tmp_path / "b.jpg"], "can", tmp_path / "table.csv")
    assert captions_of(photos) == {"b.jpg": "can in a forest"}
    with pytest.raises(DataError, match=r"other\.csv"):
        PhotoSet.from_folder(tmp_path, "can", tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("table", "content", "says"),
    [
        ("captions.csv", "file_name,words\na.jpg,x\n", "no text column"),
        ("captions.csv", "", "no file_name column"),
        ("metadata.jsonl", '{"file_name": "a.jpg"}\nnot json\n', "line 1"),
    ],
)
def test_a_table_that_cannot_be_used_is_named_and_the_photos_stay(tmp_path, table, content, says):
    put(tmp_path, a__jpg=jpeg())
    (tmp_path / table).write_text(content)
    photos = PhotoSet.from_folder(tmp_path, "can")
    assert captions_of(photos) == {"a.jpg": "can"}
    found = next(finding for finding in photos.notes if finding.kind == "captions")
    assert found.file == table and says in found.what


def test_captions_in_other_encodings_and_of_any_length(tmp_path):
    put(tmp_path, a__jpg=jpeg(), b__jpg=jpeg(), c__jpg=jpeg(), d__jpg=jpeg())
    put(tmp_path, a__txt="can café".encode("cp1252"), b__txt="can café".encode("utf-16"))
    put(tmp_path, c__txt="can " + "é word " * 100_000, d__txt=b"can \x00\x1b[31m red")
    photos = captions_of(PhotoSet.from_folder(tmp_path, "can"))
    assert photos["a.jpg"] == photos["b.jpg"] == "can café"
    assert 1500 < len(photos["c.jpg"]) <= 2000 and photos["d.jpg"] == "can [31m red"


# Zips


def zipped(path, entries: dict, compress=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compress) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_a_zip_is_unpacked_and_read_with_its_captions(tmp_path):
    path = zipped(
        tmp_path / "p.zip",
        {"set/a.jpg": jpeg(), "set/a.txt": "can, red", "__MACOSX/._a.jpg": b"x", "产品.png": jpeg()},
    )
    photos = PhotoSet.from_zip(path, "can", tmp_path / "into")
    assert captions_of(photos) == {"set/a.jpg": "can, red", "产品.png": "can"}
    assert photos.skipped == [] and all(
        photo.path.is_relative_to(tmp_path / "into") for photo in photos.photos
    )


@pytest.mark.battery(33, "nested zip")
@pytest.mark.battery(34, "zip with .., absolute paths, symlinks")
def test_entries_that_climb_out_link_or_nest_are_left_out_and_named(tmp_path):
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    entries = {
        "../out.jpg": jpeg(),
        "/abs.jpg": jpeg(),
        "C:\\win.jpg": jpeg(),
        "a/../../b.jpg": jpeg(),
        "..\\d.jpg": jpeg(),
    }
    path = zipped(tmp_path / "p.zip", {**entries, link: "/etc/passwd", "in.zip": b"PK", "ok.jpg": jpeg()})
    before = set(tmp_path.iterdir())
    photos = PhotoSet.from_zip(path, "can", tmp_path / "into")
    assert [photo.name for photo in photos.photos] == ["ok.jpg"]
    assert sorted(kinds(photos.skipped)) == sorted(
        [(name, "unsafe-path") for name in entries] + [("link.jpg", "link"), ("in.zip", "nested-archive")]
    )
    assert set(tmp_path.iterdir()) - before == {tmp_path / "into"}
    assert [file.name for file in (tmp_path / "into").rglob("*")] == ["ok.jpg"]


@pytest.mark.battery(33, "zip bomb")
def test_a_zip_bomb_is_refused_before_anything_of_it_is_unpacked(tmp_path, monkeypatch, record_property):
    monkeypatch.setattr(archives, "LARGEST_ENTRY", 3_000_000)
    monkeypatch.setattr(archives, "LARGEST_WHOLE", 5_000_000)
    zeros = {f"{i}.bin": bytes(2_000_000) for i in range(4)}
    path = zipped(tmp_path / "p.zip", {"a.jpg": jpeg(), "big.jpg": bytes(4_000_000), **zeros})
    with pytest.raises(DataError, match=r"max\. 0\.0 GB") as caught:
        PhotoSet.from_zip(path, "can", tmp_path / "into")
    record_property("told", caught.value)
    assert list((tmp_path / "into").rglob("*")) == []


def test_one_entry_that_is_too_large_is_left_out_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_ENTRY", 3_000_000)
    path = zipped(tmp_path / "p.zip", {"a.jpg": jpeg(), "big.jpg": bytes(4_000_000)})
    photos = PhotoSet.from_zip(path, "can", tmp_path / "into")
    assert [photo.name for photo in photos.photos] == ["a.jpg"]
    assert kinds(photos.skipped) == [("big.jpg", "entry-too-large")]


@pytest.mark.battery(99, "a zip of zeros")
def test_a_small_zip_that_unpacks_to_very_much_is_refused(tmp_path, monkeypatch, record_property):
    monkeypatch.setattr(archives, "HARMLESS", 1_000_000)
    path = zipped(tmp_path / "p.zip", {"a.jpg": jpeg(), **{f"{i}.jpg": bytes(2_000_000) for i in range(9)}})
    with pytest.raises(DataError, match="times its size") as caught:
        PhotoSet.from_zip(path, "can", tmp_path / "into")
    record_property("told", caught.value)
    assert list((tmp_path / "into").rglob("*")) == []


@pytest.mark.battery(99, "a zip that unpacks to more than it says")
def test_what_is_unpacked_is_counted_and_removed_when_it_is_too_much(tmp_path, monkeypatch):
    size = 1_000_000
    path = zipped(tmp_path / "p.zip", {"a.jpg": jpeg(), "b.jpg": bytes(size), "c.jpg": bytes(size)})
    monkeypatch.setattr(archives, "_room", lambda *_: 1_500_000)  # it was believed
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / "earlier.jpg").write_bytes(jpeg())
    with pytest.raises(DataError, match="larger when unpacked than it declares"):
        PhotoSet.from_zip(path, "can", tmp_path / "into")
    assert [file.name for file in (tmp_path / "into").iterdir()] == ["earlier.jpg"]


@pytest.mark.battery(99, "a zip larger than the free disk")
def test_a_zip_that_the_disk_has_no_room_for_says_so(tmp_path, monkeypatch, record_property):
    monkeypatch.setattr(archives, "SPARE", 10**18)
    path = zipped(tmp_path / "p.zip", {"a.jpg": jpeg()})
    with pytest.raises(DataError, match="GB of disk") as caught:
        PhotoSet.from_zip(path, "can", tmp_path / "into")
    record_property("told", caught.value)


def test_a_zip_that_lies_about_its_sizes_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_ENTRY", 100_000)
    data = bytearray(zipped(tmp_path / "p.zip", {"a.jpg": jpeg(), "big.jpg": bytes(1_000_000)}).read_bytes())
    size = (1_000_000).to_bytes(4, "little")
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = (10).to_bytes(4, "little")
    (tmp_path / "p.zip").write_bytes(data)
    photos = PhotoSet.from_zip(tmp_path / "p.zip", "can", tmp_path / "into")
    assert [photo.name for photo in photos.photos] == ["a.jpg"]
    assert [finding.file for finding in photos.skipped] == ["big.jpg"]


@pytest.mark.battery(35, "encrypted zip")
def test_encrypted_and_damaged_entries_are_named(tmp_path):
    path = zipped(
        tmp_path / "p.zip",
        {"a.jpg": jpeg(), "b.jpg": jpeg((61, 41)), "c.jpg": jpeg((62, 42))},
        zipfile.ZIP_STORED,
    )
    data = bytearray(path.read_bytes())
    central = data.find(b"PK\x01\x02")
    data[central + 8] |= 1  # the first entry says that it is encrypted
    data[data.find(b"b.jpg") + 5 + 200] ^= 0xFF  # the second fails its checksum
    path.write_bytes(data)
    photos = PhotoSet.from_zip(path, "can", tmp_path / "into")
    assert [photo.name for photo in photos.photos] == ["c.jpg"]
    assert kinds(photos.skipped) == [("a.jpg", "encrypted"), ("b.jpg", "damaged")]


def test_names_are_made_safe_and_stay_apart(tmp_path):
    names = [
        "con.jpg",
        "a?.jpg",
        "a_.jpg",
        "A_.JPG",
        "x" * 400 + ".jpg",
        "dir",
        "dir/e.jpg",
        "/".join("abcdefgh") + ".jpg",
    ]
    path = zipped(tmp_path / "p.zip", {name: jpeg() for name in names})
    photos = PhotoSet.from_zip(path, "can", tmp_path / "into")
    assert len(photos.photos) == len(names) - 1
    assert kinds(photos.skipped) == [("dir/e.jpg", "unsafe-path")]
    assert not (tmp_path / "into" / "con.jpg").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"just text"])
def test_what_is_no_zip_is_said(tmp_path, content):
    (tmp_path / "photos.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"photos\.zip: .*ZIP"):
        PhotoSet.from_zip(tmp_path / "photos.zip", "can", tmp_path / "into")
    with pytest.raises(DataError, match=r"none\.zip: no such file"):
        PhotoSet.from_zip(tmp_path / "none.zip", "can", tmp_path / "into")


def test_too_many_entries_and_an_empty_zip(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_ENTRIES", 3)
    with pytest.raises(DataError, match="4 files in it"):
        PhotoSet.from_zip(
            zipped(tmp_path / "p.zip", {f"{i}": b"" for i in range(4)}), "can", tmp_path / "into"
        )
    with pytest.raises(DataError, match=r"empty\.zip contains no readable photos"):
        PhotoSet.from_zip(zipped(tmp_path / "empty.zip", {}), "can", tmp_path / "other")


# Uploads


def test_an_upload_of_photos_captions_and_zips_is_one_set(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    put(tmp_path / "one", a__jpg=jpeg(), a__txt="can, red", bad__jpg="nothing", broken__zip="nothing")
    put(tmp_path / "two", a__jpg=jpeg((50, 50)))
    zipped(tmp_path / "two" / "more.zip", {"b.jpg": jpeg(), "../c.jpg": jpeg()})
    files = [
        *sorted((tmp_path / "one").iterdir()),
        *sorted((tmp_path / "two").iterdir()),
        tmp_path / "gone.jpg",
    ]
    photos = PhotoSet.from_upload(files, "can", tmp_path / "into")
    assert captions_of(photos) == {"a.jpg": "can, red", "a-2.jpg": "can", "more/b.jpg": "can"}
    assert sorted(kinds(photos.skipped)) == [
        ("../c.jpg", "unsafe-path"),
        *((name, "unreadable") for name in ("bad.jpg", "broken.zip", "gone.jpg")),
    ]
    again = PhotoSet.from_folder(tmp_path / "into", "can")
    assert captions_of(again) == captions_of(photos), "a job reads the folder later"
    assert ("../c.jpg", "unsafe-path") in kinds(again.skipped), "and still knows what the zip held back"
    with pytest.raises(DataError, match="the upload contains no readable photos"):
        PhotoSet.from_upload([tmp_path / "one" / "broken.zip"], "can", tmp_path / "other")


# Sizes


def sized(width: int, height: int) -> PhotoSet:
    return PhotoSet([Photo("p.jpg", "", width, height, "p.jpg")])


@pytest.mark.parametrize("area", [128 * 128, 512 * 512, 768 * 768, 1024 * 1024])
@pytest.mark.parametrize("step", [16, 64])
def test_sizes_are_multiples_around_one_area_and_come_in_both_directions(area, step):
    sizes = bucket_sizes(area, step)
    assert all(w % step == 0 and h % step == 0 and (h, w) in sizes for w, h in sizes)
    if step**2 * 64 <= area:
        assert all(0.72 <= w * h / area <= 1.4 for w, h in sizes)
        assert (math.isqrt(area),) * 2 in sizes


@pytest.mark.parametrize(
    "ratio", [(1, 1), (4, 5), (3, 4), (2, 3), (9, 16), (16, 9), (3, 2), (1.91, 1), (1, 2.4)]
)
@pytest.mark.parametrize(("area", "most"), [(128 * 128, 0.08), (512 * 512, 0.03), (1024 * 1024, 0.02)])
def test_only_a_few_per_cent_are_cut(ratio, area, most):
    photos = sized(round(3000 * ratio[0]), round(3000 * ratio[1]))
    ((width, height),) = photos.buckets(area, 16)
    kept = (width / height) / (ratio[0] / ratio[1])
    assert 1 - min(kept, 1 / kept) <= most


def test_the_nearest_shape_is_taken():
    for width, height in [(1500, 1000), (997, 1301), (2400, 1111), (800, 2100)]:
        ((w, h),) = sized(width, height).buckets(256 * 256, 16)
        apart = {abs(math.log(a / b) - math.log(width / height)) for a, b in bucket_sizes(256 * 256, 16)}
        assert abs(math.log(w / h) - math.log(width / height)) == pytest.approx(min(apart), abs=1e-6)


@pytest.mark.parametrize(
    ("photo", "bucket"),
    [
        ((4000, 4000), 1024),
        ((940, 940), 1024),
        ((800, 800), 768),
        ((600, 600), 512),
        ((300, 300), 256),
        ((20, 20), 256),
    ],
)
def test_small_photos_are_learned_smaller_rather_than_enlarged(photo, bucket):
    assert list(sized(*photo).buckets(1024 * 1024, 16)) == [(bucket, bucket)]


def test_a_small_base_keeps_its_size():
    assert list(sized(60, 60).buckets(128 * 128, 16)) == [(128, 128)]


@pytest.mark.battery(39, "300:1 ratios")
def test_extreme_ratios_still_have_a_size():
    for width, height in [(3000, 10), (10, 3000), (1, 1)]:
        ((w, h),) = sized(width, height).buckets(128 * 128, 16)
        assert max(w, h) <= 4 * min(w, h)


def test_every_photo_is_in_one_bucket_and_keeps_its_order():
    photos = PhotoSet([Photo(f"{i}.jpg", "", 400 + 40 * (i % 3), 400, f"{i}.jpg") for i in range(9)])
    grouped = photos.buckets(128 * 128, 16)
    assert sorted(photo.name for members in grouped.values() for photo in members) == sorted(
        f"{i}.jpg" for i in range(9)
    )
    assert [photo.name for photo in grouped[128, 128]] == ["0.jpg", "3.jpg", "6.jpg"]


def test_pixels_are_the_upright_photo_in_minus_one_to_one(tmp_path):
    image = Image.new("RGB", (300, 200), (255, 0, 0))
    image.paste((0, 0, 255), (0, 0, 150, 200))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif, quality=95, subsampling=0)
    (photo,) = PhotoSet.from_folder(tmp_path, "can").photos
    pixels = photo.pixels(64, 96)
    assert pixels.shape == (3, 96, 64) and pixels.dtype == np.float32 and pixels.flags.c_contiguous
    assert pixels.min() >= -1.0 and pixels.max() <= 1.0
    assert np.allclose(pixels[:, 5].mean(1), (-1, -1, 1), atol=0.05), "left of the stored photo is up"
    assert np.allclose(pixels[:, 90].mean(1), (1, -1, -1), atol=0.05)


def test_a_cut_out_product_keeps_its_mask(tmp_path):
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    image.paste((10, 20, 30, 255), (10, 10, 30, 30))
    image.save(tmp_path / "a.png")
    put(tmp_path, b__jpg=jpeg())
    first, second = PhotoSet.from_folder(tmp_path, "can").photos
    assert first.open().getpixel((0, 0)) == (255, 255, 255)
    assert first.mask().getpixel((20, 20)) == 255 and first.mask().getpixel((0, 0)) == 0
    assert second.mask() is None
