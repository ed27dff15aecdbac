"""The command line: fast help, and one sentence for what went wrong."""

import subprocess
import sys
import time

import pytest

from lorakit.store.store import Store
from lorakit.terminal.cli import main


def test_help_is_there_at_once_and_names_every_command():
    begun = time.monotonic()
    run = [sys.executable, "-X", "importtime", "-m", "lorakit", "--help"]
    shown = subprocess.run(run, capture_output=True, text=True, check=True)
    assert time.monotonic() - begun < 10  # 0.4 s on an idle machine
    for name in ("train", "voice", "render", "write", "adapters", "jobs", "worker", "doctor"):
        assert name in shown.stdout
    for heavy in ("torch", "diffusers", "transformers", "gradio", "numpy", "PIL"):
        assert f"| {heavy}\n" not in shown.stderr.replace("|   ", "| ").replace("  ", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "photos"], "--trigger"),
        (["train", "no-such-folder", "--trigger", "aurora"], "no-such-folder"),
        (["voice", "no-such-file.csv"], "no-such-file.csv"),
        (["adapters", "show", "gone"], "gone"),
        (["adapters", "add", "gone.safetensors"], "gone.safetensors"),
        (["jobs", "cancel", "gone"], "gone"),
        (["jobs", "show", "gone"], "gone"),
        (["combine", "aurora", "--name", "x", "--method", "concat", "--rank", "4"], "--rank: concat keeps"),
        (["write", " "], "product"),
        (["write", "Aurora", "--channel", "smoke-signals"], "smoke-signals"),
    ],
)
def test_what_went_wrong_is_one_sentence_and_exit_code_1(arguments, words, capsys):
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ") and words in told and "Traceback" not in told


def test_every_page_of_help_can_be_shown(capsys):
    names = [
        "train",
        "voice",
        "caption",
        "render",
        "write",
        "combine",
        "adapters",
        "jobs",
        "worker",
        "clean",
        "doctor",
    ]
    own = ["list", "add", "show", "rename", "trash", "restore", "export", "publish", "use-in-part"]
    pages = [[name] for name in names] + [["adapters", name] for name in own]
    for page in [[], *pages, *(["jobs", name] for name in ("list", "show", "cancel"))]:
        with pytest.raises(SystemExit) as ended:
            main([*page, "--help"])
        assert ended.value.code == 0 and capsys.readouterr().out.startswith("usage: "), page


def test_a_full_disk_is_a_sentence_too(monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device", "/secret")

    monkeypatch.setattr(Store, "list", full)
    assert main(["adapters"]) == 1
    told = capsys.readouterr().err
    assert "No space left" in told and "/secret" not in told
