"""What the page keeps of a visitor who came once."""

import tracemalloc

import gradio as gr
import pytest
from gradio.state_holder import StateHolder

from lorakit.ui import build_app, launch_options

EACH = 60_000  # bytes; 500 visitors are to take less than 60 MB with all that the server keeps beside this


@pytest.mark.battery(98, "500 fresh sessions")
def test_a_visitor_who_came_once_takes_little_memory(record_property):
    app = build_app()
    states = [block for block in app.blocks.values() if isinstance(block, gr.State)]
    holder = StateHolder()
    holder.set_blocks(app)
    holder["first"]
    tracemalloc.start()
    begun, _ = tracemalloc.get_traced_memory()
    for number in range(20):
        session = holder[f"visitor {number}"]
        for state in states:
            session[state._id] = ["chosen"]
            session._update_value_in_config(state._id, ["chosen"])
    taken = (tracemalloc.get_traced_memory()[0] - begun) / 20
    tracemalloc.stop()
    record_property("told", f"{taken / 1000:.0f} kB")
    assert taken < EACH
    assert session[states[0]._id] == ["chosen"] and holder["visitor 0"][states[0]._id] == ["chosen"]


def test_the_visitors_of_long_ago_give_way():
    capacity = launch_options()["state_session_capacity"]
    assert 100 <= capacity <= 60e6 / EACH, "even all of them stay below 60 MB"
    holder = StateHolder()
    with gr.Blocks() as small:
        gr.State()
    holder.set_blocks(small)
    holder.capacity = 3
    for name in "abcd":
        holder[name]
    assert list(holder.session_data) == ["b", "c", "d"]
