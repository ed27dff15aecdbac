"""What the bases allow, as their pages on the hub say."""

import pytest

from lorakit.families import load_base, row_of
from lorakit.families.licences import UNKNOWN, known_bases, licence_of


@pytest.mark.parametrize(
    ("base", "name", "commercial"),
    [
        ("black-forest-labs/FLUX.1-dev", "FLUX.1 [dev] Non-Commercial License", False),
        ("black-forest-labs/FLUX.1-schnell@main", "Apache-2.0", True),
        ("black-forest-labs/FLUX.2-dev", "FLUX Non-Commercial License", False),
        ("black-forest-labs/FLUX.2-klein-4B", "Apache-2.0", True),
        ("black-forest-labs/FLUX.2-klein-base-4B", "Apache-2.0", True),
        ("black-forest-labs/FLUX.2-klein-base-9B", "FLUX Non-Commercial License", False),
        ("stabilityai/stable-diffusion-xl-base-1.0", "OpenRAIL++-M", True),
        ("stable-diffusion-v1-5/stable-diffusion-v1-5", "OpenRAIL-M", True),
        ("Qwen/Qwen3-8B", "Apache-2.0", True),
        ("Qwen/Qwen2.5-3B-Instruct", "Qwen Research License", False),
        ("meta-llama/Llama-3.3-70B-Instruct", "Llama Community License", True),
        ("mistralai/Mistral-7B-Instruct-v0.3", "Apache-2.0", True),
        ("mistralai/Mistral-Large-Instruct-2411", "see the model's page", None),
        ("google/gemma-3-4b-it", "Gemma Terms of Use", True),
        ("somebody/model", UNKNOWN.name, None),
    ],
)
def test_a_base_s_licence_is_known_by_its_id(base, name, commercial):
    licence = licence_of(base)
    assert (licence.name, licence.commercial) == (name, commercial)


def test_every_base_on_offer_has_a_stated_licence_and_a_family():
    for known in known_bases():
        if known.id.startswith("starter-"):
            assert load_base(known.id, device="cpu").licence.commercial is True
        else:
            assert licence_of(known.id).commercial is not None and licence_of(known.id).url
        assert row_of(known.id).makes == known.kind
