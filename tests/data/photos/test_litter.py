"""What systems leave in folders of their own accord is nobody's photo."""

import pytest

from lorakit.data.photos.litter import is_litter


@pytest.mark.parametrize(
    "path",
    [".DS_Store", "set/._a.jpg", "Thumbs.db", "desktop.INI", "__MACOSX/a.jpg", "@eaDir\\a.jpg", "~$a.docx",
     ".git/a.jpg", "Icon\r"],
)  # fmt: skip
def test_litter(path):
    assert is_litter(path)


@pytest.mark.parametrize("path", ["a.jpg", "./a.jpg", "../set/a.jpg", "set/thumbs/a.jpg", "a.b.jpg", ""])
def test_no_litter(path):
    assert not is_litter(path)
