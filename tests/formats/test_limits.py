"""Hostile and unlucky files: what opening may cost, and that only words come back."""

import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

import lorakit
from lorakit.errors import AdapterError
from lorakit.formats import inspect, reading
from lorakit.formats.reading import read_header, read_tensors
from lorakit.formats.sizes import check_sizes, entry
from lorakit.lora.adapter import Factors
from lorakit.store.store import Store

ROOT = Path(__file__).parents[2]
MB = 2**20
NAME = "transformer.transformer_blocks.0.attn.to_q"


def good(rank=2, inner=4, out=3):
    return {f"{NAME}.lora_A.weight": torch.ones(rank, inner), f"{NAME}.lora_B.weight": torch.ones(out, rank)}


def raw(text, data=b""):
    return struct.pack("<Q", len(text)) + text + data


# Opens files in a process of its own and prints by how much its memory grew at most, in bytes: the whole
# process (its high-water mark, reset for each file), and Python's objects alone (tracemalloc).
MEASURE = """
import gc, json, sys, tracemalloc
import torch, lorakit
from lorakit import formats
from lorakit.errors import LoraKitError

def field(name):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(name))

def opened(file):
    try:
        return formats.load(file) and ""
    except LoraKitError as error:
        return str(error)

opened(sys.argv[1])  # what the first use of the libraries takes is no file's
found = []
for file in sys.argv[2:]:
    gc.collect()
    with open("/proc/self/clear_refs", "w") as reset:
        reset.write("5")
    before = field("VmRSS")
    said = opened(file)
    process = field("VmHWM") - before
    tracemalloc.start()
    opened(file)
    found.append([process, tracemalloc.get_traced_memory()[1], said])
    tracemalloc.stop()
print(json.dumps(found))
"""


def lora(path):
    save_file(good(64, 100_000, 100_000), path)


def loha(path):
    """Multiplied out it would take rank / 2 times its file."""
    tensors = {}
    for layer in range(12):
        key = f"lora_unet_double_blocks_{layer}_img_mlp_0"
        for half in ("1", "2"):
            tensors |= {f"{key}.hada_w{half}_a": torch.randn(12288, 16),
                        f"{key}.hada_w{half}_b": torch.randn(16, 3072)}  # fmt: skip
    save_file(tensors, path)


def lokr(path):
    """A FLUX layer's is 0.15 MB, and 38 MB or more multiplied out."""
    tensors = {}
    for layer in range(19):
        key = f"lora_unet_double_blocks_{layer}_img_attn_proj"
        tensors |= {f"{key}.lokr_w1": torch.randn(16, 16), f"{key}.lokr_w2": torch.randn(192, 192)}
    save_file(tensors, path)


def mlx(path):
    name = "model.layers.0.self_attn.q_proj"
    save_file({f"{name}.lora_a": torch.ones(100_000, 64), f"{name}.lora_b": torch.ones(64, 100_000)}, path)


def lists(path):
    path.write_bytes(raw(b'{"a":[' + b"[]," * 2_500_000 + b"[]]}"))


def tables(path):
    path.write_bytes(raw(b"{" + b",".join(b'"%x":1' % n for n in range(700_000)) + b"}"))


def wide_text(path):
    """Each character takes four bytes once there is one beyond the basic plane."""
    said = {"__metadata__": {"note": "\U0001f600" + "x" * (7 * MB)}}
    path.write_bytes(raw(json.dumps(said, ensure_ascii=False).encode()))


def long_header(path):
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", 200 * MB))
        file.truncate(8 + 200 * MB)


SOUND = (lora, loha, lokr, mlx)
HOSTILE = (lists, tables, wide_text, long_header)


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """{name: (bytes the process grew by, bytes of Python's objects, what was said, bytes of the file)}."""
    folder = tmp_path_factory.mktemp("files")
    files = {make.__name__: folder / f"{make.__name__}.safetensors" for make in (*SOUND, *HOSTILE)}
    for make in (*SOUND, *HOSTILE):
        make(files[make.__name__])
    save_file(good(), folder / "warm.safetensors")
    command = [sys.executable, "-c", MEASURE, folder / "warm.safetensors", *files.values()]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if "clear_refs" in found.stderr:
        pytest.skip("the high-water mark of a process cannot be reset here")
    measured = zip(files, json.loads(found.stdout), files.values(), strict=True)
    return {name: (*figures, file.stat().st_size) for name, figures, file in measured}


@pytest.mark.parametrize("name", [make.__name__ for make in SOUND])
def test_opening_takes_no_more_than_the_file_and_64_mb(name, grown):
    process, objects, said, size = grown[name]
    assert said == "" and process <= size + 64 * MB and objects <= size + 64 * MB


@pytest.mark.battery(4, "a header of 200 MB, and shorter ones that parse to as much")
@pytest.mark.parametrize("name", [make.__name__ for make in HOSTILE])
def test_refusing_takes_no_more_either(name, grown, record_property):
    process, objects, said, size = grown[name]
    assert re.match(rf"{name}\.safetensors(:| is| contains| lists) ", said)
    assert process <= size + 64 * MB and objects <= size + 64 * MB
    record_property("told", said)


def test_the_first_of_many_keys_named_twice_is_found_at_once(tmp_path):
    text = b"{" + b",".join(b'"k%d":0' % (n % 200_000) for n in range(200_001)) + b"}"
    (tmp_path / "x.safetensors").write_bytes(raw(text))
    with pytest.raises(AdapterError, match="lists k0 twice"):
        read_header(tmp_path / "x.safetensors")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["F32", "BF16", 10**30, -1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
ENTRY = JSON | st.fixed_dictionaries(
    {"dtype": JSON | st.sampled_from(["F32", "F8_E4M3", "I64", "BOOL"]),
     "shape": JSON | st.lists(st.integers(-1, 5), max_size=4),
     "data_offsets": JSON | st.lists(st.integers(-1, 40), min_size=2, max_size=2)}
)  # fmt: skip
KEYS = st.text(max_size=8) | st.sampled_from(
    [f"{NAME}.{leaf}" for leaf in ("lora_A.weight", "lora_B.weight", "alpha", "dora_scale", "lokr_w1",
                                   "lokr_w2", "hada_w1_a", "hada_t1", "lora_mid.weight", "m")]
    + ["__metadata__"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(rows=JSON | st.dictionaries(KEYS, ENTRY, max_size=6), data=st.binary(max_size=40))
def test_whatever_a_header_says_only_words_come_back(rows, data, tmp_path_factory):
    file = tmp_path_factory.mktemp("any") / "any.safetensors"
    file.write_bytes(raw(json.dumps(rows).encode(), data))
    for opened in (inspect, lorakit.load_adapter):
        try:
            opened(file)
        except AdapterError as error:
            assert str(error).startswith("any.safetensors")


@pytest.mark.parametrize("text", [
    b'{"a": {"dtype": "F32", "shape": [' + b"9" * 5000 + b'], "data_offsets": [0, 4]}}',
    b'{"a": {"dtype": [], "shape": [1], "data_offsets": [0, 4]}}',
    b'{"a": {"dtype": "F32", "shape": [1e999], "data_offsets": [0, 4]}}',
    b'{"a": {"dtype": "F32", "shape": [' + b"1," * 50_000 + b'1], "data_offsets": [0, 4]}}',
    '{"a": 1}'.encode("utf-16"),
])  # fmt: skip
def test_odd_numbers_types_and_encodings_are_told_in_words(text, tmp_path):
    (tmp_path / "odd.safetensors").write_bytes(raw(text, b"\0" * 4))
    with pytest.raises(AdapterError, match=r"^odd\.safetensors: "):
        lorakit.load_adapter(tmp_path / "odd.safetensors")


@pytest.mark.battery(15, "shapes that don't fit the base")
def test_a_shape_that_does_not_fit_is_told_with_both(tmp_path, record_property):
    save_file(good(), tmp_path / "x.safetensors")
    model = nn.ModuleDict({"transformer_blocks": nn.ModuleList(
        [nn.ModuleDict({"attn": nn.ModuleDict({"to_q": nn.Linear(5, 3)})})]
    )})  # fmt: skip
    with pytest.raises(AdapterError, match=r"to_q.*\(3, 4\).*\(3, 5\).*another base") as caught:
        lorakit.deltas(lorakit.load_adapter(tmp_path / "x.safetensors"), model)
    record_property("told", caught.value)


@pytest.mark.battery(18, "adapter for another base family")
def test_an_adapter_of_another_family_is_refused_before_anything_is_loaded(
    tmp_path, record_property, monkeypatch
):
    save_file(good(), tmp_path / "x.safetensors")
    entry = Store().add(tmp_path / "x.safetensors")
    monkeypatch.setattr("lorakit.formats.load", None)
    with pytest.raises(AdapterError, match=r"made for FLUX.1, not a language model") as caught:
        Store().check_base(Store().get(entry.slug), "llm")
    record_property("told", caught.value)


@pytest.mark.battery(20, "a full checkpoint under each tool's names")
@pytest.mark.parametrize(
    ("key", "words"),
    [("model.diffusion_model.x.weight", "a whole U-Net"),
     ("transformer_blocks.0.attn.to_q.weight", "a whole image transformer"),
     ("model.embed_tokens.weight", "a whole language model"),
     ("double_blocks.0.img_attn.qkv.weight", "a whole FLUX transformer")],
)  # fmt: skip
def test_a_checkpoint_is_no_adapter(key, words, tmp_path, record_property):
    save_file({key: torch.ones(2, 2)}, tmp_path / "base.safetensors")
    with pytest.raises(
        AdapterError, match=rf"base\.safetensors is {words} \(4 numbers\), not an adapter"
    ) as caught:
        lorakit.load_adapter(tmp_path / "base.safetensors")
    record_property("told", caught.value)


@pytest.mark.battery(23, "PEFT folder without adapter_config.json")
def test_a_peft_file_alone_asks_for_its_config(tmp_path, record_property):
    key = "base_model.model.model.layers.0.q_proj"
    save_file({f"{key}.lora_A.weight": torch.ones(2, 4), f"{key}.lora_B.weight": torch.ones(3, 2)},
              tmp_path / "adapter_model.safetensors")  # fmt: skip
    with pytest.raises(AdapterError, match=r"needs adapter_config\.json next to it") as caught:
        lorakit.load_adapter(tmp_path)
    record_property("told", caught.value)


@pytest.mark.battery(25, "metadata with HTML, markdown links, 5 MB of text")
def test_metadata_of_any_kind_stays_text(tmp_path):
    nasty = "<script>alert(1)</script> [x](javascript:alert(1)) " + "y" * (5 * MB)
    short = nasty[:3000]
    said = {"modelspec.title": short, "modelspec.trigger_phrase": short, "ss_tag_frequency": "{" + nasty}
    save_file(good(), tmp_path / "x.safetensors", metadata=said)
    card = lorakit.load_adapter(tmp_path / "x.safetensors").card
    assert card.trigger.startswith("<script>") and len(card.trigger) <= 2000 and len(card.name) <= 2000
    entry = Store().add(tmp_path / "x.safetensors")
    readme = (Store().folder / entry.slug / "README.md").read_text()
    body = readme.split("\n---\n", 1)[1]
    outside_code = re.sub(r"`[^`]*`", "", body)
    assert "](javascript" not in outside_code.replace("\\]", "") and "<script" not in outside_code.replace(
        "\\<", ""
    )
    assert len(readme) < 20_000 and len(entry.name) <= 200


@pytest.mark.battery(26, "file replaced while it is read")
@pytest.mark.parametrize("how", ["renamed over", "written over"])
def test_a_file_that_changes_while_it_is_read_is_refused(how, tmp_path, monkeypatch, record_property):
    file, other = tmp_path / "x.safetensors", tmp_path / "other.safetensors"
    save_file(good(), file)
    save_file(good(rank=3), other)
    header = read_header(file)
    if how == "renamed over":
        other.rename(file)
    else:
        file.write_bytes(other.read_bytes())
    with pytest.raises(AdapterError, match="changed while it was being read") as caught:
        read_tensors(header)
    record_property("told", caught.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    save_file(good(), tmp_path / "x.safetensors")

    def refuse(*_):
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(reading, "open", refuse, raising=False)
    with pytest.raises(AdapterError, match=r"^x\.safetensors can't be opened \(Permission denied\)"):
        lorakit.load_adapter(tmp_path / "x.safetensors")


@pytest.mark.battery(17, "an alpha that no base survives")
@pytest.mark.parametrize("alpha", [1e38, 1e30, 1e9, 3e7])
@pytest.mark.parametrize("kind", ["lora", "loha", "lokr"])
def test_an_alpha_that_makes_nonsense_of_a_base_is_refused_at_reading(kind, alpha, tmp_path, record_property):
    torch.manual_seed(0)
    name = "transformer.transformer_blocks.0.attn.to_q"
    pieces = {
        "lora": {"lora_A.weight": (4, 64), "lora_B.weight": (64, 4)},
        "loha": {"hada_w1_a": (64, 4), "hada_w1_b": (4, 64), "hada_w2_a": (64, 4), "hada_w2_b": (4, 64)},
        "lokr": {"lokr_w1": (8, 8), "lokr_w2_a": (8, 4), "lokr_w2_b": (4, 8)},
    }[kind]
    tensors = {f"{name}.{leaf}": torch.randn(shape) * 0.2 for leaf, shape in pieces.items()}
    save_file(tensors | {f"{name}.alpha": torch.tensor(alpha)}, tmp_path / "mug.safetensors")
    with pytest.raises(AdapterError) as error:
        lorakit.load_adapter(tmp_path / "mug.safetensors")
    record_property("told", error.value)
    assert (
        "mug.safetensors" in str(error.value) and "alpha" in str(error.value) and "to_q" in str(error.value)
    )
    save_file(tensors | {f"{name}.alpha": torch.tensor(64.0)}, tmp_path / "fine.safetensors")
    assert lorakit.load_adapter(tmp_path / "fine.safetensors").modules


def test_the_size_of_an_update_is_that_of_the_dense_one():
    torch.manual_seed(1)
    factors = Factors(torch.randn(4, 6, 3, 3), torch.randn(5, 4, 1, 1), 12.0)
    assert entry(factors) == pytest.approx(factors.delta().square().mean().sqrt().item(), rel=1e-5)


def test_an_untrained_update_is_not_refused_for_its_alpha():
    check_sizes("x", {"a": Factors(torch.randn(4, 6), torch.zeros(5, 4), 1e9)})
