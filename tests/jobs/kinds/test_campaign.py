"""A campaign's job checks what would fail each of its images before it loads anything."""

from types import SimpleNamespace

import pytest

from lorakit.errors import LoraKitError
from lorakit.jobs.kinds import campaign


def test_a_pair_that_cannot_sign_ends_the_job_before_a_model_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("LORAKIT_SIGN_KEY", str(tmp_path / "missing.key"))
    monkeypatch.delenv("LORAKIT_SIGN_CERT", raising=False)
    context = SimpleNamespace(job=None, base=lambda: pytest.fail("loaded"))
    with pytest.raises(LoraKitError, match="LORAKIT_SIGN_KEY: the file can't be read"):
        campaign.run(context)
