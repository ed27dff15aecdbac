"""The page's frame: what a browser sends is looked at before any handler, or Gradio itself, opens it; and
what a handler returns is HTML only where it says so by its type.
"""

from collections.abc import Iterator
from typing import Any

import gradio as gr
from markupsafe import escape

from lorakit.ui import visitors

REFUSED = "This file was not uploaded here; upload it again."


class Page(gr.Blocks):
    """Blocks whose handlers are given uploads and a visitor's own pictures, and no other file, and in which a
    plain string never becomes HTML.

    Gradio checks files itself, but for the folders of `set_static_paths`, which hold everybody's pictures.
    """

    def __exit__(self, *args: Any) -> None:
        """As Gradio's own."""
        for block in self.blocks.values():
            if isinstance(block, gr.HTML):
                block.value = as_html(block.value)
        super().__exit__(*args)

    async def process_api(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> Any:
        """As Gradio's own."""
        requests = kwargs.get("request")
        request = requests[0] if isinstance(requests, list) else requests
        visitor = visitors.of_request(request)
        for path in _paths(inputs):
            if not visitors.may_read(path, visitor):
                raise gr.Error(REFUSED, print_exception=False)
        return await super().process_api(block_fn, inputs, *args, **kwargs)

    async def postprocess_data(self, block_fn: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """As Gradio's own."""
        sent = await super().postprocess_data(block_fn, *args, **kwargs)
        for place, block in enumerate(block_fn.outputs):
            if isinstance(block, gr.HTML):
                sent[place] = as_html(sent[place])
        return sent


def as_html(shown: Any) -> Any:
    """What an HTML part of the page is sent, a value or an update: markup as it is, other text escaped."""
    if isinstance(shown, dict):
        return shown | {"value": as_html(shown["value"])} if "value" in shown else shown
    return None if shown is None else escape(shown)


def _paths(sent: Any) -> Iterator[str]:
    """Every path in what a browser sent, however deep."""
    waiting = [sent]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("path"), str):
                yield value["path"]
            waiting.extend(value.values())
        elif isinstance(value, (list, tuple)):
            waiting.extend(value)
