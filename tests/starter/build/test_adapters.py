"""The adapters that ship, and the style they were made from."""

from pathlib import Path

import numpy as np
import pytest

import lorakit
from lorakit.starter.build import adapters
from lorakit.store.store import Store

SHIPPED = Path(__file__).parents[3] / "adapters"


def test_three_inks_by_lightness():
    ramp = np.repeat(np.array([[0], [120], [255]], np.uint8)[..., None], 3, axis=2)
    assert np.abs(adapters.riso(ramp)[:, 0].astype(int) - np.array(adapters.INKS)).max() <= 1


def test_the_styles_pictures_name_the_style_and_not_a_place_beside_the_centre(tmp_path):
    adapters.make_style_photos(tmp_path / "photos")
    captions = [path.read_text().strip() for path in sorted((tmp_path / "photos").glob("*.txt"))]
    assert len(captions) == adapters.COUNT and all(text.endswith(", riso print") for text in captions)
    assert len(list((tmp_path / "photos").glob("*.png"))) == adapters.COUNT


@pytest.mark.parametrize(("slug", "kind", "base"), [
    ("riso-print", "image", "starter-image"), ("ready-made-voice", "voice", "starter-text"),
])  # fmt: skip
def test_what_ships_opens_and_fits_its_base(slug, kind, base):
    entry = Store(SHIPPED).get(slug)
    assert (entry.kind, entry.base) == (kind, base) and entry.card["commercial"] is True
    model = lorakit.load_base(base).model
    adapter = Store(SHIPPED).load(slug)
    assert set(lorakit.deltas(adapter, model)) == {
        name.removeprefix("transformer.") for name in adapter.modules
    }
