"""What lies in a folder or file is told without loading it."""

import json

import pytest
import torch
from safetensors.torch import save_file

from lorakit.errors import BaseError
from lorakit.families.facts import Settings
from lorakit.families.source import (
    CHECKPOINTS,
    INDEX,
    Source,
    check_parts,
    pipeline_class,
    read_settings,
)
from lorakit.families.table import CAUSAL_LM


@pytest.fixture
def folder(tmp_path):
    """Writes a folder with these JSON files."""

    def write(**files):
        for name, data in files.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(data))
        return tmp_path

    return write


def holds(path):
    return Source(str(path), path).holds


def test_a_folder_is_told_by_its_pipeline_or_its_architecture(folder):
    assert holds(folder()) == ""
    assert holds(folder(config={"architectures": ["BertModel"]})) == ""
    assert holds(folder(config={"architectures": ["LlamaForCausalLM"]})) == CAUSAL_LM
    assert holds(folder(model_index={"_class_name": "FluxPipeline"})) == "FluxPipeline"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"_class_name": 3}'])
def test_a_broken_index_names_no_pipeline(tmp_path, text):
    (tmp_path / INDEX).write_text(text)
    assert pipeline_class(tmp_path / INDEX) == ""
    assert pipeline_class(tmp_path / "gone.json") == ""


@pytest.mark.parametrize(("key", "what"), CHECKPOINTS)
def test_a_checkpoint_is_told_by_its_keys(tmp_path, key, what):
    file = tmp_path / "model.safetensors"
    save_file({key: torch.zeros(1), "something.else": torch.zeros(1)}, file)
    assert holds(file) == what


def test_half_a_download_says_so(tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"half")
    with pytest.raises(BaseError, match=r"model\.safetensors is not a complete .* download it again"):
        holds(file)


def test_a_shown_name_gives_no_folder_away(tmp_path):
    assert Source(str(tmp_path), tmp_path).shown == tmp_path.name
    assert Source("owner/name", repo="owner/name").shown == "owner/name"
    assert Source("owner/name", repo="owner/name").place == "owner/name"


def test_a_part_that_is_missing_is_named(folder):
    index = {"_class_name": "X", "unet": ["diffusers", "U"], "vae": ["diffusers", "V"], "none": [None, None]}
    place = folder(model_index=index)
    (place / "vae").mkdir()
    (place / "unet").mkdir()
    (place / "unet" / "config.json").write_text("{}")
    with pytest.raises(BaseError, match="its vae is missing"):
        check_parts(place)
    (place / "vae" / "config.json").write_text("{}")
    check_parts(place)


def test_stated_settings_come_before_the_familys_own(folder):
    default = Settings(steps=30, guidance=5.0)
    assert read_settings(None, default) == (default, None)
    place = folder(lorakit={"steps": 3, "unknown": 1, "licence": {"name": "MIT", "commercial": True}})
    settings, licence = read_settings(place, default)
    assert (settings.steps, settings.guidance) == (3, 5.0)
    assert licence is not None and licence.commercial
    with pytest.raises(BaseError, match=r"lorakit\.json of this base cannot be read"):
        read_settings(folder(lorakit={"licence": {"colour": "red"}}), default)
