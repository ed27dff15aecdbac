"""The command line: fast help, every setting an option, one sentence for what went wrong, no work lost."""

import json
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import torch

from lorakit import formats
from lorakit.errors import LoraKitError
from lorakit.jobs import queue
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.lora.mix_syntax import read_mix
from lorakit.lora.strength import Strength
from lorakit.store.store import Store
from lorakit.terminal.cli import main
from lorakit.terminal.mix_argument import mix_of
from lorakit.terminal.progress import Teller
from lorakit.terminal.stopping import STOPPED

COPY = {"base": "starter-text", "mix": {}, "brief": {"product": "Aurora bottle"}, "variants": 1, "seed": 0}


@pytest.fixture
def file(tmp_path):
    module = "transformer.single_transformer_blocks.0.attn.to_q"
    factors = Factors(torch.randn(4, 1600), torch.randn(1600, 4), 4.0)
    adapter = Adapter({module: factors}, Card(name="Aurora", family="flux", trigger="aurora bottle"))
    return formats.save(adapter, tmp_path / "made")


@pytest.fixture
def fake_training(monkeypatch, tmp_path):
    """Records how a training was called; a text file stands for its data."""
    calls = []

    def train(base, data, recipe, out, **options):
        calls.append(SimpleNamespace(recipe=recipe, out=out, **options))
        (out / ".training").mkdir(parents=True, exist_ok=True)
        if recipe.steps == 7:
            signal.raise_signal(signal.SIGINT)
        stopped = options["should_stop"]()
        if not stopped:
            (out / "adapter_model.safetensors").write_bytes(b"x")
        return SimpleNamespace(stopped=stopped, summary={"steps": recipe.steps}, folder=out)

    monkeypatch.setattr("lorakit.training.session.train", train)
    monkeypatch.setattr("lorakit.families.load_base", lambda source, quantize=None, offload=False: None)
    texts = tmp_path / "calm.txt"
    texts.write_text("Calm words for calm people.\n\nMore calm words for them.\n\nStill calm, always calm.\n")
    return calls, str(texts)


def test_help_is_there_at_once_and_names_every_command():
    begun = time.monotonic()
    run = [sys.executable, "-X", "importtime", "-m", "lorakit", "--help"]
    shown = subprocess.run(run, capture_output=True, text=True, check=True)
    assert time.monotonic() - begun < 10  # 0.4 s on an idle machine
    for name in ("train", "voice", "render", "write", "adapters", "jobs", "worker", "doctor"):
        assert name in shown.stdout
    for heavy in ("torch", "diffusers", "transformers", "gradio", "numpy", "PIL"):
        assert f"| {heavy}\n" not in shown.stderr.replace("|   ", "| ").replace("  ", "")


def test_a_setting_of_the_recipe_is_an_option(fake_training):
    calls, texts = fake_training
    assert main(["voice", texts, "--steps", "12", "--learning-rate", "0.002", "--rslora"]) == 0
    recipe = calls[0].recipe
    assert (recipe.steps, recipe.learning_rate, recipe.rslora) == (12, 0.002, True)
    assert calls[0].out == Store().folder / "calm"


def test_training_again_under_a_taken_name_leaves_the_finished_adapter(fake_training):
    calls, texts = fake_training
    assert [main(["voice", texts]), main(["voice", texts])] == [0, 0]
    assert [call.out.name for call in calls] == ["calm", "calm-2"]


def test_ctrl_c_stops_at_a_step_and_the_same_command_continues(fake_training, capsys):
    calls, texts = fake_training
    before = signal.getsignal(signal.SIGINT)
    assert main(["voice", texts, "--steps", "7"]) == STOPPED
    assert "run the same command again" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before
    assert main(["voice", texts, "--steps", "8"]) == 0
    assert calls[0].out == calls[1].out


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


def test_a_wrong_setting_is_named(fake_training, capsys):
    _, texts = fake_training
    assert main(["voice", texts, "--rank", "many"]) == 1
    assert "rank" in capsys.readouterr().err


def test_every_wrong_setting_is_named_at_once(fake_training, capsys):
    calls, texts = fake_training
    wrong = ["--rank", "many", "--steps", "0", "--dora", "--pissa", "--optimizer", "magic"]
    assert main(["voice", texts, *wrong]) == 1 and not calls
    assert capsys.readouterr().err.splitlines() == [
        "error: recipe: steps is 0; it must be between 1 and 100000.",
        "rank is 'many'; it must be a number.",
        "optimizer is 'magic'; choose one of adamw, adamw-8bit, adamw-8bit-paged, prodigy, schedule-free.",
        "pissa and dora can't be combined; choose one",
    ]


def test_a_switch_is_on_or_off_and_takes_no_word(fake_training, capsys):
    calls, texts = fake_training
    large = ["--base", "owner/large", "--no-gradient-checkpointing", "--dora"]
    assert main(["voice", texts]) == main(["voice", texts, *large]) == 0
    assert [call.recipe.dora for call in calls] == [False, True]
    assert calls[1].recipe.gradient_checkpointing is False
    for arguments in ([texts, "--dora", "ture"], ["--dora", "ture", texts], [texts, "--dora", "true"]):
        with pytest.raises(SystemExit) as ended:
            main(["voice", *arguments])
        word = arguments[arguments.index("--dora") + 1]
        assert ended.value.code == 2 and len(calls) == 2
        assert f"--dora takes no value (here '{word}'); --no-dora switches it off" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["voice", texts, "--dora=ture"])
    assert "--dora" in capsys.readouterr().err.splitlines()[-1]


def test_a_mix_tells_every_word_that_cannot_be_meant():
    with pytest.raises(LoraKitError, match=r"(?s)^mix: aurora=strong: .*\.\n=0\.5: no adapter.*\.\nink=9: "):
        read_mix(["aurora=strong", "=0.5", "bottle", "ink=9"])


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


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("aurora=strong", r"'strong' is not a number; write aurora=0\.8"), ("aurora=nan", "nan"),
        ("aurora=3", "-2 to 2"), ("=0.5", "no adapter is named"),
        ("aurora=0.6@40", r"'@40'.*aurora=0\.8@40-100"),
        ("aurora=0.6@x-100", "'x'"), ("aurora=0.6@80-40", "'@80-40' must go up"),
        ("aurora=1@40-120", "@40-120"),
        ("aurora=0.6/double", "'double'"), ("aurora=0.6/", "no group"), ("aurora=1/double:x", "'double' 'x'"),
        ("aurora=0.6/middle:1", "middle.*double, single"), ("aurora=1/up:1,up:0", "'up' has two strengths"),
        ("aurora=1/0-7:1,4-9:1", "overlap"), ("aurora=0.6/double:9", "in double"),
    ],
)  # fmt: skip
def test_a_word_of_a_mix_that_cannot_be_meant_names_its_piece(word, said):
    with pytest.raises(LoraKitError, match=said):
        read_mix([word])


def test_a_word_of_a_mix_says_how_strongly_where_and_when():
    mix = read_mix(["bottle", "riso=0.6@40-100/double:0.2,single:0.8", "film=0.5/up:0", "ink=1@0-60"])
    assert mix == {
        "bottle": Strength(1.0), "riso": Strength(0.6, {"double": 0.2, "single": 0.8}, 0.4, 1.0),
        "film": Strength(0.5, {"up": 0.0}), "ink": Strength(1.0, end=0.6),
    }  # fmt: skip


def test_an_adapter_named_twice_is_in_the_mix_once_with_both_weights(file, capsys):
    Store().add(file, "Aurora")
    mix = mix_of(["aurora=0.5", "aurora=0.25"])
    assert list(mix.values()) == [Strength(0.75)] and "add up to 0.75" in capsys.readouterr().err
    with pytest.raises(LoraKitError, match="-2 to 2"):
        mix_of(["aurora=1.5", "aurora=1"])
    assert read_mix(["a=0.5/double:0.1", "a=0.25"])["a"] == Strength(0.75, {"double": 0.35})
    with pytest.raises(LoraKitError, match="twice, active during different steps"):
        read_mix(["a=0.5@0-40", "a=0.25"])


def test_only_pictures_have_a_part_of_the_sampling(file, capsys):
    Store().add(file, "Aurora")
    assert main(["combine", "aurora=1@40-100", "--name", "x"]) == 1
    assert "aurora: only images are generated in steps" in capsys.readouterr().err
    assert list(mix_of(["aurora=1@40-100"], sampled=True).values()) == [Strength(start=0.4)]


def test_several_mixes_are_compared_and_drawn_as_a_grid(file, monkeypatch, tmp_path, capsys):
    Store().add(file, "Aurora")
    asked = []

    class Campaign:
        stopped = False

        def __init__(self, base, mixes, *rest, **options):
            self.mixes = mixes
            asked.append([list(mix.values()) for mix in mixes])

        def run(self, **hooks):
            return [{}]

    monkeypatch.setattr("lorakit.families.load_base", lambda source, **how: None)
    monkeypatch.setattr("lorakit.generation.pictures.campaign.Campaign", Campaign)
    monkeypatch.setattr("lorakit.generation.pictures.export.grid_picture", lambda folder, out: out)
    arguments = ["render", "--scenes", "snow", "--out", str(tmp_path / "c")]
    assert main([*arguments, "--mix", "aurora=0.5", "--mix"]) == 0
    assert "grid.png" in capsys.readouterr().out
    assert main(arguments) == 0 and main([*arguments, "--mix", "aurora"]) == 0
    assert asked == [[[Strength(0.5)], []], [[]], [[Strength(1.0)]]]


def test_an_adapter_is_made_smaller_from_the_terminal(file, capsys):
    Store().add(file, "Aurora")
    assert main(["combine", "aurora", "--rank", "1", "--name", "Aurora small"]) == 0
    assert Store().get("aurora-small").rank == 1
    assert "% kept" in capsys.readouterr().out


def test_a_full_disk_is_a_sentence_too(monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device", "/secret")

    monkeypatch.setattr(Store, "list", full)
    assert main(["adapters"]) == 1
    told = capsys.readouterr().err
    assert "No space left" in told and "/secret" not in told


def test_the_store_can_be_kept_from_the_terminal(file, tmp_path, capsys):
    for arguments in (
        ["add", str(file), "--name", "Sea"],
        ["rename", "sea", "Ocean"],
        ["use-in-part", "ocean"],
        ["trash", "ocean"],
        ["list", "--trash"],
        ["restore", "ocean"],
        ["export", "ocean", str(tmp_path)],
        ["export", "ocean", str(tmp_path), "--layout", "kohya"],
        ["show", "ocean"],
        ["list"],
        [],
    ):
        assert main(["adapters", *arguments]) == 0
    assert (tmp_path / "ocean.zip").is_file() and (tmp_path / "ocean-kohya.zip").is_file()
    said = capsys.readouterr().out
    assert said.count("aurora bottle") >= 3 and "adapters restore ocean brings it back\nocean\n" in said
    assert main(["adapters", "export", "ocean", str(tmp_path), "--layout", "comfy"]) == 1
    assert "use one of peft, diffusers, kohya" in capsys.readouterr().err
    assert Store().load("ocean").card.partial is True
    assert (
        main(["adapters", "use-in-part", "ocean", "--undo"]) == 0
        and Store().load("ocean").card.partial is False
    )


def test_an_adapter_of_a_name_that_is_in_the_trash_already_comes_back_by_its_own(file, capsys):
    for _ in range(2):
        Store().add(file, "Sea")
        assert main(["adapters", "trash", "sea"]) == 0
    assert "adapters restore sea-2 brings it back" in capsys.readouterr().out
    assert main(["adapters", "restore", "sea-2"]) == 0 and Store().trashed() == ["sea"]


def test_jobs_are_listed_and_cancelled(capsys):
    job = queue.create("copy", COPY)
    for arguments in (["jobs"], ["jobs", "list"]):
        assert main(arguments) == 0 and f"{job.id} " in (said := capsys.readouterr().out) and "queued" in said
    assert main(["jobs", "show", job.id]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["id"], shown["kind"], shown["state"]) == (job.id, "copy", "queued")
    assert shown["spec"]["brief"]["product"] == "Aurora bottle"
    assert main(["jobs", "cancel", job.id]) == 0 and "cancelled" in capsys.readouterr().out


def test_a_job_folder_is_run_where_it_lies_and_only_once(monkeypatch, capsys, runs):
    job = queue.create("copy", COPY)
    calls = []

    def run(context):
        calls.append(1)
        context.job.emit({"event": "note", "text": "half way"})
        return True

    runs(copy=run)
    assert [main(["train", str(job.folder)]) for _ in range(2)] == [0, 0]
    assert calls == [1] and job.state == "done"
    assert "half way" in capsys.readouterr().out


def test_a_failed_job_folder_may_be_tried_again_a_running_or_cancelled_one_not(monkeypatch, capsys, runs):
    job = queue.create("copy", COPY)
    job.emit({"event": "started"})
    job.emit({"event": "failed", "error": "no memory"})
    runs(copy=lambda context: True)
    other = queue.get(job.id)
    assert other.acquire()
    assert main(["train", str(job.folder)]) == 1 and "another process" in capsys.readouterr().err
    other.release()
    assert main(["train", str(job.folder)]) == 0 and job.state == "done"
    cancelled = queue.create("copy", COPY)
    cancelled.cancel()
    assert main(["train", str(cancelled.folder)]) == 1 and "cancelled" in capsys.readouterr().err


def test_progress_lines_tell_the_remaining_time(capsys):
    tell = Teller()
    for step in range(1, 101):
        tell({"event": "step", "step": step, "total": 100, "loss": 0.5, "seconds_left": 240.0})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "step 1 of 100, loss 0.5000, about 4 min left"
    assert lines[-1].startswith("step 100 of 100") and len(lines) < 5


def test_doctor_says_what_there_is(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("LORAKIT_HOME", str(tmp_path / "not" / "yet" / "there"))
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    for word in ("lorakit", "torch", "device", "memory", "workspace", "starter-image", "starter-text"):
        assert word in told
    assert not (tmp_path / "not").exists()


def test_texts_and_briefs_are_read_in_the_encoding_that_is_named(fake_training, tmp_path, capsys):
    (tmp_path / "a.csv").write_bytes("text\nЧАЙНИК\n".encode("koi8-r"))
    assert main(["voice", str(tmp_path / "a.csv"), "--encoding", "KOI8-R"]) == 0
    said = capsys.readouterr().out
    assert "1 text is ready" in said and "read as" not in said
    assert main(["voice", str(tmp_path / "a.csv"), "--encoding", "klingon"]) == 1
    assert "encoding 'klingon' is not known" in capsys.readouterr().err


def test_a_row_whose_voice_is_gone_is_named_and_the_others_are_written(monkeypatch, tmp_path, capsys):
    def run(base, lines, voices, out, variants, seed, on_event, should_stop):
        assert [line.brief.product for line in lines] == ["Mug", "Pot"] and voices([]) == {}
        return len(lines)

    monkeypatch.setattr("lorakit.generation.copy.catalogue.run", run)
    monkeypatch.setattr("lorakit.families.load_base", lambda source, **how: None)
    table = tmp_path / "b.csv"
    table.write_text('product,voice,size\nMug,,"1\nPan,gone,2\nPot,,3\n')
    assert main(["write", "--catalogue", str(table)]) == 0
    said = capsys.readouterr().out
    assert "error: b.csv: row 3 was left out: " in said and "row 2 opens a quote" in said
    assert "columns not used: 'size'" in said and "copy for 2 of 2 briefs" in said
    table.write_text("product,voice\nPan,gone\n")
    assert main(["write", "--catalogue", str(table)]) == 1
    assert "none of the rows can be written: row 2" in capsys.readouterr().err
