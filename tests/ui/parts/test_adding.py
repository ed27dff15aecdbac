"""An adapter is added from files or from the hub, and never from a path that somebody types."""

import shutil
from pathlib import Path

import pytest

from lorakit.errors import AdapterError
from lorakit.store.store import Store
from lorakit.ui import visitors
from lorakit.ui.parts import adding

VOICE = Path(__file__).parents[3] / "adapters" / "ready-made-voice"


@pytest.fixture
def uploaded(tmp_path):
    """The files of the shipped voice, each in an upload's folder of its own."""
    files = []
    for number, name in enumerate(("adapter_model.safetensors", "adapter_config.json")):
        target = tmp_path / str(number) / name
        target.parent.mkdir()
        shutil.copy2(VOICE / name, target)
        files.append(str(target))
    return files


def test_files_that_belong_together_are_one_adapter(uploaded):
    entry = adding.add(uploaded, "", " Calm ")
    assert [one.slug for one in Store().list()] == [entry.slug] and entry.name == "Calm"
    told = adding.told(entry)
    assert "Calm was added" in told and f"rank {entry.rank}" in told


def test_half_of_what_belongs_together_says_what_is_missing(uploaded):
    with pytest.raises(AdapterError, match=r"needs adapter_config\.json next to it"):
        adding.add(uploaded[:1], "", "")
    assert Store().list() == []


@pytest.mark.parametrize("repo", ["", "/etc", "../owner/name", str(VOICE), "name"])
def test_a_path_on_the_server_is_no_hub_id(repo):
    with pytest.raises(AdapterError, match=r"isn't a Hugging Face ID\. Use the form owner/name"):
        adding.add(None, repo, "")


@pytest.mark.parametrize(("visitor", "token"), [(visitors.OPERATOR, None), (visitors.Visitor("x"), False)])
def test_the_machines_token_is_used_for_its_operator_alone(monkeypatch, visitor, token):
    asked = []
    monkeypatch.setattr(visitors, "asking", lambda: visitor)
    monkeypatch.setattr(Store, "add_from_hub", lambda self, *given: asked.append(given))
    adding.add(None, "owner/name@v2", "Calm")
    assert asked == [("owner/name@v2", "Calm", token)]
