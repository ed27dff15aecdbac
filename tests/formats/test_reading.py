"""Broken and hostile adapter files: each is refused in words that name the file."""

import json
import pickle
import struct

import pytest
import torch
from safetensors.torch import save_file

from lorakit.errors import AdapterError
from lorakit.formats import load
from lorakit.formats.reading import read_header, read_tensors

GOOD = {"transformer.a.lora_A.weight": torch.ones(2, 4), "transformer.a.lora_B.weight": torch.ones(3, 2)}


def raw(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(start, end, shape=(2,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


CASES = {
    "empty file": (b"", "empty or incomplete"),
    "header larger than the file": (struct.pack("<Q", 10_000) + b"{}", "header claims"),
    "header of 2^63 bytes": (struct.pack("<Q", 2**63) + b"{}", "header claims"),
    "header that is not JSON": (raw(b"not json"), "not that of a safetensors file"),
    "header that is not UTF-8": (raw(b'{"\xff": 1}'), "not that of a safetensors file"),
    "deeply nested header": (raw(b"[" * 100_000), "header"),
    "header that is a list": (raw([1]), "not a table"),
    "overlapping tensors": (raw({"a": entry(0, 8), "b": entry(4, 12)}, b"\0" * 12), "overlaps"),
    "offsets past the end": (raw({"a": entry(0, 8)}, b"\0" * 4), "ends before the end of a"),
    "size against shape": (raw({"a": entry(0, 12)}, b"\0" * 12), "doesn't match its shape"),
    "negative offsets": (raw({"a": entry(-8, 0)}, b"\0" * 8), "doesn't match its shape"),
    "same key twice": (raw(b'{"a": {}, "a": {}}'), "lists a twice"),
    "unknown type": (raw({"a": entry(0, 8, dtype="F7")}, b"\0" * 8), "unknown type"),
    "entry without a shape": (raw({"a": {"dtype": "F32"}}), "entry for a is broken"),
    "climbing name": (raw({"../../x": entry(0, 8)}, b"\0" * 8), "invalid name"),
    "NUL in a name": (raw({"a\0b": entry(0, 8)}, b"\0" * 8), "invalid name"),
    "name of 10,000 characters": (raw({"a" * 10_000: entry(0, 8)}, b"\0" * 8), "invalid name"),
    "100,000 tensors": (raw({f"t{i}": entry(0, 0, (0,)) for i in range(100_000)}), "more .*than any adapter"),
    "metadata that is no table": (raw({"__metadata__": {"a": [1]}}), "metadata"),
    "pickle renamed": (pickle.dumps({"a": 1}), "pickle"),
    "archive renamed": (b"PK\x03\x04" + b"\0" * 50, "archive"),
    "a full checkpoint": (
        raw({"model.diffusion_model.out.weight": entry(0, 8)}, b"\0" * 8),
        "is a whole U-Net",
    ),
}


ROWS = {  # of the battery
    "empty file": 1, "header larger than the file": 2, "header of 2^63 bytes": 3,
    "header that is not JSON": 5,
    "header that is not UTF-8": 5, "overlapping tensors": 6, "offsets past the end": 7, "same key twice": 9,
    "unknown type": 10, "pickle renamed": 19, "archive renamed": 19, "a full checkpoint": 20,
    "climbing name": 21, "NUL in a name": 21, "name of 10,000 characters": 21, "100,000 tensors": 22,
}  # fmt: skip


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=[pytest.mark.battery(ROWS[c], c)] if c in ROWS else []) for c in CASES],
)
def test_it_is_refused_by_name(case, tmp_path, record_property):
    content, words = CASES[case]
    file = tmp_path / "weird.safetensors"
    file.write_bytes(content)
    with pytest.raises(AdapterError, match=rf"(?s)^weird\.safetensors:? .*{words}") as caught:
        load(file)
    record_property("told", caught.value)


@pytest.mark.parametrize("ending", ["pt", "bin", "ckpt", "pth"])
@pytest.mark.battery(19, "pickles")
def test_pickles_are_never_opened(ending, tmp_path):
    ran = tmp_path / "ran"
    file = tmp_path / f"adapter.{ending}"

    class Evil:
        def __reduce__(self):
            return open, (str(ran), "w")

    file.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(AdapterError, match="convert it to safetensors"):
        load(file)
    assert not ran.exists()


@pytest.mark.battery(8, "truncated by one byte")
def test_one_missing_byte_is_noticed(tmp_path):
    file = tmp_path / "short.safetensors"
    save_file(GOOD, file)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(AdapterError, match=r"short\.safetensors ends before the end of"):
        load(file)


def case(row, title, change, words):
    return pytest.param(change, words, marks=pytest.mark.battery(row, title))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        case(11, "NaN", {"transformer.a.lora_B.weight": torch.full((3, 2), float("nan"))}, "NaN"),
        case(11, "NaN", {"transformer.a.dora_scale": torch.full((3, 1), float("nan"))}, "NaN"),
        case(
            12,
            "infinite values",
            {"transformer.a.lora_A.weight": torch.full((2, 4), float("inf"))},
            "infinite",
        ),
        case(13, "all-zero B", {"transformer.a.lora_B.weight": torch.zeros(3, 2)}, "zero.*no effect"),
        case(13, "all-zero A", {"transformer.a.lora_A.weight": torch.zeros(2, 4)}, "zero.*no effect"),
        case(
            14,
            "A without B",
            {"transformer.b.lora_A.weight": torch.ones(2, 4)},
            "transformer.b has no lora_B",
        ),
        ({"transformer.a.lora_B.weight": torch.ones(3, 5)}, "don't form an update"),
        case(17, "alpha 0", {"transformer.a.alpha": torch.tensor(0.0)}, "alpha 0"),
        case(17, "alpha negative", {"transformer.a.alpha": torch.tensor(-1.0)}, "alpha -1"),
        case(17, "alpha NaN", {"transformer.a.alpha": torch.tensor(float("nan"))}, "alpha nan"),
        ({"something.else": torch.ones(2)}, "something.else"),
        (
            {"transformer.a.lora_A.weight": torch.ones(2, 4, dtype=torch.int32)},
            "I32, which isn't a weight type",
        ),
    ],
)
def test_sound_files_with_unsound_content_are_refused(change, words, tmp_path, record_property):
    save_file(GOOD | change, tmp_path / "content.safetensors")
    with pytest.raises(AdapterError, match=words) as caught:
        load(tmp_path / "content.safetensors")
    record_property("told", caught.value)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_every_storage_type_is_read_as_it_is(dtype, tmp_path):
    values = torch.tensor([[0.5, -1.0], [2.0, 0.25]]).to(dtype)
    save_file({"a": values}, tmp_path / "types.safetensors")
    found = read_tensors(read_header(tmp_path / "types.safetensors"))["a"]
    assert found.dtype == dtype and torch.equal(found.float(), values.float())


def test_a_header_of_128_bytes_is_no_pickle(tmp_path):
    text = json.dumps({"a": entry(0, 8)}).encode().ljust(128)
    (tmp_path / "short.safetensors").write_bytes(struct.pack("<Q", 128) + text + b"\0" * 8)
    assert read_header(tmp_path / "short.safetensors").tensors["a"].shape == (2,)
