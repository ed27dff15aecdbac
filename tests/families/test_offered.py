"""What a visitor's job may load: nothing of this machine that is not offered, and nothing by its token."""

import os

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import get_token_to_send

from lorakit.errors import BaseError
from lorakit.families import hub, offered
from lorakit.families.sources import resolve
from lorakit.jobs import queue
from lorakit.jobs.loaded_bases import Bases
from lorakit.jobs.run import run_job

SECRET = "hf_" + "t" * 34


@pytest.fixture
def token(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", SECRET)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_IMPLICIT_TOKEN", False)


@pytest.mark.battery(93, "a visitor's job and the owner's hub token")
def test_a_visitors_job_runs_without_the_token_and_the_operators_within_it_with_it(token, runs):
    seen = []

    def look(context):
        seen.append((context.job.owner, get_token_to_send(None)))
        if context.between:
            context.between()
        return True

    spec = {"base": "starter-text", "mix": {}, "brief": {"product": "x"}, "variants": 1, "seed": 0}
    mine, theirs = queue.create("copy", spec), queue.create("copy", spec, "visitor")

    def run(job, between=None):
        assert job.acquire()
        run_job(job, Bases(), between=between)

    runs(copy=look)
    run(theirs, lambda: run(mine))
    run(queue.create("copy", spec), lambda: run(queue.create("copy", spec, "visitor")))
    assert seen == [("visitor", None), ("", SECRET), ("", SECRET), ("visitor", None)]
    assert get_token_to_send(None) == SECRET


@pytest.mark.battery(105, "local paths typed as base, in the worker")
def test_a_visitors_base_is_no_folder_of_this_machine(tmp_path, monkeypatch):
    folder = tmp_path / "own" / "model"
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    assert resolve(str(folder)).path == folder
    with offered.working_for(visitor=True):
        for source in (folder, tmp_path / "none", "own", "~/x", "../x"):
            with pytest.raises(BaseError) as error:
                resolve(str(source))
            assert str(error.value) == offered.NOT_OFFERED
        assert resolve("starter-image").path is not None
        assert resolve("owner/name@main").revision == "main"
        monkeypatch.setenv("LORAKIT_BASES", os.pathsep.join(["/srv/none", str(tmp_path / "own")]))
        assert resolve(str(folder)).path == folder
        with pytest.raises(BaseError, match="no such folder"):
            resolve(str(tmp_path / "own" / "none"))  # within an offered folder, one is told
    assert resolve(str(folder)).path == folder


def test_a_folder_with_the_name_of_a_hub_id_is_not_opened(tmp_path, monkeypatch):
    (tmp_path / "owner" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert resolve("owner/model").path is not None
    answers = []
    for name in ("owner/model", "owner/none"):
        with offered.working_for(visitor=True), pytest.raises(BaseError) as error:
            source = resolve(name)
            hub.holds(source)
        answers.append(str(error.value).replace(name, "ID"))
    assert answers[0] == answers[1], "there or not, it is one answer"


@pytest.mark.parametrize("text", ["owner/name", "owner/name@v1.0", "o-1/n_2.x"])
def test_hub_ids_may_be_named(text):
    offered.check(text)


@pytest.mark.parametrize(
    "text",
    ["", "name", "/owner/name", "./name", "../name", "owner/..", ".git/config", "a/b/c", "owner/na me",
     "~/name", "owner\\name", "owner/name\n", "C:/x"],
)  # fmt: skip
def test_anything_else_may_not(text):
    with pytest.raises(BaseError) as error:
        offered.check(text)
    assert str(error.value) == offered.NOT_OFFERED
