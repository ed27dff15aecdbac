"""The page's frame: what a browser sends is looked at before any handler, or Gradio itself, opens it."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from lorakit.ui import visitors

REFUSED = "This file was not uploaded here; upload it again."


class Page(gr.Blocks):
    """Blocks whose handlers are given uploads and a visitor's own pictures, and no other file.

    Gradio checks that itself, but for the folders of `set_static_paths`, which hold everybody's pictures.
    """

    async def process_api(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> Any:
        """As Gradio's own."""
        requests = kwargs.get("request")
        request = requests[0] if isinstance(requests, list) else requests
        visitor = visitors.of_request(request)
        for path in _paths(inputs):
            if not visitors.may_read(path, visitor):
                raise gr.Error(REFUSED, print_exception=False)
        return await super().process_api(block_fn, inputs, *args, **kwargs)


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
