"""Ctrl+C ends at a step, and loses nothing."""

import signal

from lorakit.terminal.cli import main
from lorakit.terminal.stopping import STOPPED


def test_ctrl_c_stops_at_a_step_and_the_same_command_continues(fake_training, capsys):
    calls, texts = fake_training
    before = signal.getsignal(signal.SIGINT)
    assert main(["voice", texts, "--steps", "7"]) == STOPPED
    assert "run the same command again" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before
    assert main(["voice", texts, "--steps", "8"]) == 0
    assert calls[0].out == calls[1].out
