"""What is refused before a combination waits, and an adapter made smaller without its base."""

import json
import shutil
from pathlib import Path

import pytest

from lorakit.errors import LoraKitError
from lorakit.jobs.kinds import checked
from lorakit.store.store import Store

SHIPPED = Path(__file__).parents[3] / "adapters"
SPEC = {"base": "starter-text", "mix": {"voice": 1.0}, "method": "svd", "name": "Small"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mix": {}}, "the mix is empty; choose at least one adapter"),
        ({"method": "sum"}, "method is 'sum'; use one of"),
        ({"method": "project"}, "'project' keeps a product from the other adapters; add another one"),
        ({"product": "gone"}, "the product 'gone' is not in the mix; choose one of voice"),
        ({"rank": 0}, "rank is 0; it must be a whole number from 1 to"),
        ({"name": " "}, "name is empty"),
    ],
)
def test_a_request_that_cannot_work_says_what_to_do(changes, said):
    with pytest.raises(LoraKitError) as caught:
        checked("combine", SPEC | changes)
    assert said in str(caught.value)


def test_an_adapter_is_made_smaller_though_its_base_is_not_here(ran, held):
    shutil.copytree(SHIPPED / "ready-made-voice", Store().folder / "voice")
    job = ran("combine", SPEC | {"rank": 2}, held())
    assert job.state == "done"
    result = next(event for event in job.events() if event["event"] == "result")
    assert result["rank"] == 2 and result["size_after"] < result["size_before"]
    assert "not here" in result["unseen"], "why nothing is shown"
    assert Store().get(result["slug"]).name == "Small"
    assert json.dumps(result), "the page gets it as JSON"


def test_two_adapters_need_their_base(ran, held):
    for slug in ("voice", "other"):
        shutil.copytree(SHIPPED / "ready-made-voice", Store().folder / slug)
    job = ran("combine", SPEC | {"mix": {"voice": 1.0, "other": 0.5}}, held())
    assert job.state == "failed"
    assert {entry.slug for entry in Store().list()} == {"voice", "other"}, "nothing was added"
