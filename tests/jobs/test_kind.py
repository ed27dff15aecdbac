"""Each kind of job says whether it trains, and whether somebody waits for it."""

import pytest

from lorakit.jobs.kind import Kind
from lorakit.jobs.kinds import KINDS


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_found_by_its_own_name_and_explains_its_request(name):
    kind = KINDS[name]
    assert isinstance(kind, Kind) and kind.name == name and kind.label
    assert (kind.spec.__doc__ or "").strip(), "what its request means"
    assert kind.needs in (None, "image", "text")


def test_only_trainings_are_shared_by_several_processes():
    assert {name for name, kind in KINDS.items() if kind.trains} >= {"voice", "train"} & set(KINDS)
    assert not any(KINDS[name].trains for name in ("copy", "campaign", "combine", "check"))


def test_what_the_page_asks_for_itself_is_passing_and_short():
    passing = {name for name, kind in KINDS.items() if kind.passing}
    assert {"check", "forecast"} <= passing
    assert all(KINDS[name].is_short({}) for name in passing)
