"""No handler is given a path that its visitor did not upload."""

import asyncio
from types import SimpleNamespace

import gradio as gr
import pytest

from lorakit.ui import page, visitors


@pytest.fixture
def reached(monkeypatch):
    """Which inputs Gradio itself gets to see; every path below "own/" is the visitor's."""
    seen = []

    async def process_api(self, block_fn, inputs, *args, **kwargs):
        seen.append(inputs)
        return {"data": []}

    monkeypatch.setattr(gr.Blocks, "process_api", process_api)
    monkeypatch.setattr(visitors, "may_read", lambda path, visitor: path.startswith("own/"))
    return seen


def send(inputs):
    with page.Page() as blocks:
        pass
    return asyncio.run(blocks.process_api(SimpleNamespace(), inputs))


@pytest.mark.parametrize(
    "inputs",
    [[], ["text", 3, None], [{"path": "own/a.png"}], [[{"image": {"path": "own/a.png"}, "caption": None}]],
     [{"path": None}], [{"path": {"path": "own/a.png"}}]],
)  # fmt: skip
def test_own_files_and_plain_values_pass(reached, inputs):
    assert send(inputs) == {"data": []} and reached == [inputs]


@pytest.mark.parametrize(
    "inputs",
    [[{"path": "/etc/passwd"}], [[{"image": {"path": "../a.png"}}]], ["text", {"a": [{"path": "other/a"}]}],
     [{"path": "own/a.png"}, {"path": "other/a.png"}]],
)  # fmt: skip
def test_any_other_file_is_refused_however_deep_it_stands(reached, inputs):
    with pytest.raises(gr.Error, match="not uploaded here"):
        send(inputs)
    assert reached == []
