"""Progress in lines, not too many."""

from lorakit.terminal.progress import Teller


def test_progress_lines_tell_the_remaining_time(capsys):
    tell = Teller()
    for step in range(1, 101):
        tell({"event": "step", "step": step, "total": 100, "loss": 0.5, "seconds_left": 240.0})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "step 1 of 100, loss 0.5000, about 4 min left"
    assert lines[-1].startswith("step 100 of 100") and len(lines) < 5
