"""Every kind of adapter that PEFT can save is either read as a sum of low-rank updates or named as it is."""

import pytest

from lorakit.errors import AdapterError
from lorakit.formats.tuners import SUMS, TUNERS, check_supported, tuner_of


@pytest.mark.parametrize("kind", SUMS)
def test_sums_of_low_rank_updates_are_read_however_their_kind_is_spelled(kind):
    assert tuner_of("x", {"peft_type": f"PeftType.{kind.lower()}"}) == kind
    assert tuner_of("x", {}) == "LORA"


def test_any_other_kind_is_named_also_one_that_is_not_listed():
    for kind in (*TUNERS, "QUANTUM"):
        with pytest.raises(AdapterError, match=rf"PEFT adapter of .*peft_type {kind}\); supported: LORA"):
            tuner_of("x", {"peft_type": kind})


def test_a_start_that_moves_the_base_is_refused_and_a_plain_one_is_not():
    with pytest.raises(AdapterError, match="initialised as pissa_niter_4"):
        check_supported("x", {"init_lora_weights": "pissa_niter_4"})
    check_supported("x", {"init_lora_weights": "gaussian", "modules_to_save": []})
