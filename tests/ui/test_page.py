"""No handler is given a path that its visitor did not upload, and no plain string becomes HTML."""

import ast
import asyncio
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from markupsafe import Markup

from lorakit import ui
from lorakit.ui import build_app, page, visitors


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


HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.mark.battery(81, "a plain string where the page shows HTML")
def test_only_markup_becomes_html():
    with page.Page() as blocks:
        one, other = gr.HTML(HOSTILE), gr.HTML()
        blocks.load(lambda: None, [], [one, other])
    handler = next(iter(blocks.fns.values()))
    for sent in ([HOSTILE, gr.skip()], [gr.update(value=HOSTILE), gr.skip()], {one: HOSTILE}):
        shown = str(asyncio.run(blocks.postprocess_data(handler, sent, None)))
        assert "<img" not in shown and "&lt;img" in shown
    assert "<img" not in one.value
    shown = asyncio.run(blocks.postprocess_data(handler, {one: Markup("<b>bold</b>"), other: ""}, None))
    assert shown == ["<b>bold</b>", ""]
    assert asyncio.run(blocks.postprocess_data(handler, gr.skip(), None))


def test_every_html_part_of_the_studio_begins_as_markup_or_text():
    parts = [block for block in build_app().blocks.values() if isinstance(block, gr.HTML)]
    assert len(parts) > 20
    assert [part.value for part in parts if "&lt;" in (part.value or "")] == []


def test_markup_is_only_ever_made_of_literals():
    """What comes from elsewhere goes in by `format`, which escapes it."""
    made = []
    for path in sorted(Path(ui.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Markup":
                made += [(path.name, node.lineno, all(isinstance(arg, ast.Constant) for arg in node.args))]
    assert len(made) > 50 and [place for place in made if not place[2]] == []
