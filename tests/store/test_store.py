"""The store: names, adds that collide, foreign folders, zips, the trash."""

import json
import os
import re
import stat
import threading
import zipfile
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

from lorakit import durable, formats
from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.store.model_card import model_card
from lorakit.store.store import DEVICES, Store, slug_of


def adapter(name="Aurora bottle", family="flux", **card):
    torch.manual_seed(0)
    module = (
        "transformer.single_transformer_blocks.0.attn.to_q"
        if family == "flux"
        else "model.layers.0.self_attn.q_proj"
    )
    factors = Factors(torch.randn(4, 1600), torch.randn(1600, 4), 4.0)
    fields = {"trigger": "aurora bottle", "base": "starter-image"} | card
    return Adapter({module: factors}, Card(name=name, family=family, rank=4, alpha=4.0, **fields))


@pytest.fixture
def folder(tmp_path):
    target = tmp_path / "trained"
    formats.save(adapter(), target)
    return target


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../../etc/passwd", "a/b\\c", "con", "NUL", "com1", "\U0001f600\U0001f680", "日本",
     "x" * 300, "-- --", "\0", "Crème brûlée №5", ".hidden", " lead", "COM9.txt", "con."],
)  # fmt: skip
def test_every_name_becomes_a_safe_folder_name(name):
    slug = slug_of(name)
    assert slug and len(slug) <= 70 and set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug[0] != "-" and slug[-1] != "-" and not DEVICES.match(slug)
    assert slug_of(slug) == slug


def test_an_added_adapter_is_listed_loaded_and_described(folder):
    entry = Store().add(folder)
    assert (entry.slug, entry.name, entry.kind, entry.rank) == ("aurora-bottle", "Aurora bottle", "image", 4)
    assert Store().list() == [entry]
    loaded = Store().load(entry.slug)
    assert torch.equal(next(iter(loaded.modules.values())).down, next(iter(adapter().modules.values())).down)
    assert len(entry.card["sha256"]) == 64
    readme = (Store().folder / entry.slug / "README.md").read_text()
    assert 'instance_prompt: "aurora bottle"' in readme and "base_model:" not in readme


def test_a_voice_keeps_the_layout_that_peft_reads(tmp_path):
    formats.save(adapter("Calm", "llm", trigger=""), tmp_path / "voice", "peft")
    entry = Store().add(tmp_path / "voice")
    assert entry.kind == "voice"
    assert (Store().folder / "calm" / "adapter_config.json").is_file()


def test_a_taken_name_gets_a_number_even_a_very_long_one(folder):
    store, name = Store(), "n" * 300
    first, second = store.add(folder, name), store.add(folder, name)
    assert second.slug == first.slug + "-2"
    assert store.get(second.slug).name == name
    store.trash(second.slug)


def test_adds_at_the_same_time_all_arrive(folder):
    errors = []

    def add():
        try:
            Store().add(folder)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    slugs = {entry.slug for entry in Store().list()}
    assert slugs == {"aurora-bottle"} | {f"aurora-bottle-{n}" for n in range(2, 7)}


def test_a_held_name_is_not_listed_and_not_given_away(folder):
    assert Store().reserve("Aurora bottle") == "aurora-bottle"
    assert Store().list() == []
    assert Store().add(folder).slug == "aurora-bottle-2"


def test_listing_reads_cards_and_never_weights(folder, monkeypatch):
    Store().add(folder)
    for name in ("load", "inspect"):
        monkeypatch.setattr(formats, name, None)
    assert [entry.name for entry in Store().list()] == ["Aurora bottle"]


def test_a_foreign_folder_is_shown_from_its_header_under_its_own_name(folder):
    place = Store().folder / "Some_Tool.v1"
    place.mkdir(parents=True)
    (folder / "pytorch_lora_weights.safetensors").rename(place / "pytorch_lora_weights.safetensors")
    (place / "README.md").write_text("theirs")
    entry = Store().list()[0]
    assert (entry.slug, entry.family, entry.rank) == ("Some_Tool.v1", "flux", 4)
    assert Store().load(entry.slug).rank == 4
    renamed = Store().rename(entry.slug, "Ours now")
    assert renamed.slug == "ours-now"
    assert (Store().folder / "ours-now" / "README.md").read_text() == "theirs"


@pytest.mark.parametrize(
    "card", ["", "[]", "{", "null", '{"name": 7, "rank": "x", "family": null, "scores": 3, "data": []}']
)
def test_a_damaged_card_hides_no_adapter(folder, card):
    entry = Store().add(folder)
    (Store().folder / entry.slug / "card.json").write_text(card)
    listed = Store().list()
    assert [each.slug for each in listed] == [entry.slug]
    assert Store().rename(entry.slug, "Better").name == "Better"


def test_folders_without_weights_and_hidden_ones_are_left_out(folder):
    entry = Store().add(folder)
    (Store().folder / "empty").mkdir()
    (Store().folder / ".git").mkdir()
    (Store().folder / "note.txt").write_text("x")
    assert Store().list() == [entry]


@pytest.mark.parametrize("slug", ["", ".", "..", "../x", "a/b", "a\\b", "\0", ".trash", "x" * 500, "gone"])
def test_unknown_and_climbing_names_are_refused(slug):
    with pytest.raises(AdapterError):
        Store().get(slug)
    with pytest.raises(AdapterError):
        Store().restore(slug)


def test_renaming_moves_the_folder_and_keeps_the_rest(folder):
    store = Store()
    old = store.add(folder)
    new = store.rename(old.slug, "  Café bottle ")
    assert (new.slug, new.name, new.trigger) == ("cafe-bottle", "Café bottle", old.trigger)
    assert "Café bottle" in (store.folder / new.slug / "README.md").read_text()
    with pytest.raises(AdapterError, match="renamed or moved to trash"):
        store.get(old.slug)
    with pytest.raises(AdapterError, match="empty"):
        store.rename(new.slug, "  ")


def test_the_trash_gives_back_what_it_took_beside_what_came_since(folder):
    store = Store()
    for _ in range(2):
        store.trash(store.add(folder).slug)
    assert store.list() == [] and list(store.trashed()) == ["aurora-bottle", "aurora-bottle-2"]
    store.add(folder)
    assert store.restore("aurora-bottle").slug == "aurora-bottle-2"
    assert list(store.trashed()) == ["aurora-bottle-2"]


def test_another_family_is_refused_with_both_names(folder):
    entry = Store().add(folder)
    Store().check_base(entry, "flux")
    with pytest.raises(AdapterError, match=r"Aurora bottle.*FLUX.1.*language model"):
        Store().check_base(entry, "llm")


def test_an_exported_adapter_comes_back_whole(folder, tmp_path):
    from PIL import Image

    store = Store()
    (folder / "previews").mkdir()
    Image.new("RGB", (8, 8)).save(folder / "previews" / "00.png")
    first = store.add(folder)
    archive = store.export(first.slug, tmp_path / "out")
    second = store.add(archive)
    assert second.slug == "aurora-bottle-2" and second.name == first.name and second.preview is not None
    for name, factors in store.load(first.slug).modules.items():
        assert torch.equal(factors.delta(), store.load(second.slug).modules[name].delta())
    assert [path.name for path in store.folder.iterdir() if path.name.startswith(".incoming")] == []


def zipped(path, entries):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def test_a_zip_that_climbs_out_is_taken_by_its_last_names_only(folder, tmp_path):
    weights = (folder / "pytorch_lora_weights.safetensors").read_bytes()
    archive = zipped(
        tmp_path / "x.zip", {"../../evil.safetensors": weights, "/etc/previews/a.png": b"not a picture"}
    )
    entry = Store().add(archive)
    assert entry.slug == "x" and entry.preview is None
    assert (
        not (tmp_path / "evil.safetensors").exists() and not (tmp_path.parent / "evil.safetensors").exists()
    )


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"readme.txt": b"x"}, "no .safetensors"),
        ({"a.safetensors": b"x", "b.safetensors": b"y"}, "2 .safetensors"),
        ({"a.safetensors": b""}, "a.safetensors"),
    ],
)
def test_a_zip_without_exactly_one_adapter_is_refused_by_name(tmp_path, entries, words):
    with pytest.raises(AdapterError, match=words):
        Store().add(zipped(tmp_path / "pack.zip", entries))
    assert Store().list() == []


def test_a_zip_that_is_none_or_encrypted_is_refused(tmp_path, folder):
    (tmp_path / "no.zip").write_bytes(b"hello")
    with pytest.raises(AdapterError, match=r"no\.zip"):
        Store().add(tmp_path / "no.zip")
    data = bytearray(zipped(tmp_path / "a.zip", {"a.safetensors": b"x" * 50}).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(data)
    with pytest.raises(AdapterError, match=r"locked\.zip is encrypted"):
        Store().add(tmp_path / "locked.zip")


@pytest.mark.parametrize("name", ["model.pt", "model.bin", "model.ckpt", "renamed.safetensors"])
def test_a_pickle_is_refused_and_never_unpickled(tmp_path, name):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    torch.save({"x": Bomb()}, tmp_path / name)
    with pytest.raises(AdapterError):
        Store().add(tmp_path / name)
    assert not (tmp_path / "exploded").exists() and Store().list() == []


def test_what_cannot_be_used_leaves_nothing_behind(tmp_path):
    save_file({"model.embed.weight": torch.zeros(2, 2)}, tmp_path / "full.safetensors")
    with pytest.raises(AdapterError, match="full"):
        Store().add(tmp_path / "full.safetensors")
    with pytest.raises(AdapterError, match="missing"):
        Store().add(tmp_path / "missing.safetensors")
    assert Store().list() == []


def test_a_disk_that_fills_up_leaves_the_store_as_it_was(folder, monkeypatch):
    first = Store().add(folder)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, "write_json", full)
    with pytest.raises(AdapterError, match="free up space"):
        Store().add(folder)
    assert Store().list() == [first]
    assert [path.name for path in Store().folder.iterdir() if path.name != ".lock"] == [first.slug]


@pytest.mark.battery(71, "missing permissions at the store")
@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_store_is_told_in_a_sentence(folder):
    Store().folder.mkdir(parents=True)
    Store().folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(AdapterError, match="can't be saved"):
        Store().add(folder)
    Store().folder.chmod(stat.S_IRWXU)


def front_matter(text):
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(text.split("---\n")[1])


def test_the_model_card_is_yaml_that_the_hub_reads():
    card = adapter(base="black-forest-labs/FLUX.1-dev", licence="FLUX.1 [dev] Non-Commercial License").card
    front = front_matter(model_card(card.to_dict(), []))
    assert front["base_model"] == "black-forest-labs/FLUX.1-dev" and front["library_name"] == "diffusers"
    assert front["license"] == "other" and front["license_name"] == "flux.1-dev-non-commercial-license"
    assert {"lora", "text-to-image"} <= set(front["tags"])
    assert "also works on `black-forest-labs/FLUX.1-schnell`" in model_card(card.to_dict(), [])


@pytest.mark.parametrize("revision", ["a1b2c3d", "v1.0", "refs/pr/3"])
def test_a_base_pinned_to_a_revision_is_the_hubs_base_model(tmp_path, revision):
    pinned = adapter("Calm", "llm", base=f"Qwen/Qwen3-0.6B@{revision}")
    front = front_matter(model_card(pinned.card.to_dict(), []))
    assert front["base_model"] == "Qwen/Qwen3-0.6B" and front["base_model_relation"] == "adapter"
    assert f"`Qwen/Qwen3-0.6B@{revision}`" in model_card(pinned.card.to_dict(), [])
    formats.save(pinned, tmp_path, "peft")
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("Qwen/Qwen3-0.6B", revision)


@pytest.mark.parametrize("base", ["starter-image", "/models/a/b", "flux1", "owner/name/more", "", "a/b@"])
def test_a_base_that_is_not_on_the_hub_is_no_base_model(base):
    assert "base_model" not in front_matter(model_card(adapter(base=base).card.to_dict(), []))


def test_what_a_person_typed_stays_text_in_the_model_card():
    nasty = 'x"\n---\nlicense: mit\n<script>alert(1)</script> [a](javascript:b) `c`'
    text = model_card(adapter(nasty, trigger=nasty, licence=nasty, base=nasty).card.to_dict(), [])
    front = front_matter(text)
    assert front["instance_prompt"] == nasty and front["license"] == "other"
    outside_code = re.sub(r"`[^`]*`", "", text.split("\n---\n", 1)[1])
    assert not re.search(r"(?<!\\)<script|(?<!\\)\[a", outside_code)


def test_a_card_of_nothing_still_makes_a_model_card():
    for card in ({}, {"name": 3, "recipe": "x", "scores": {"share": "y"}, "data": 4, "rank": None}):
        assert "## Use" in model_card(json.loads(json.dumps(card)), [])


@pytest.fixture
def hub(monkeypatch, folder):
    """A hub with one repository; it remembers what was uploaded."""
    sent = {}

    class Api:
        def model_info(self, repo, revision=None, files_metadata=False):
            sent["asked"] = repo, revision
            siblings = [SimpleNamespace(rfilename=name, size=size) for name, size in self.files.items()]
            return SimpleNamespace(sha="f" * 40, siblings=siblings)

        def create_repo(self, repo, **settings):
            sent["made"] = repo, settings["private"]

        def upload_folder(self, *, folder_path, repo_id, **settings):
            sent["files"] = sorted(path.name for path in folder_path.iterdir())
            sent["card"] = (folder_path / "card.json").read_text()

    def download(repo, **settings):
        sent["downloaded"] = settings
        return str(commit)

    Api.files = {"pytorch_lora_weights.safetensors": 100, "card.json": 100, "README.md": 100}
    sent["api"] = Api
    commit = folder.parent / ("f" * 40)
    folder.rename(commit)
    monkeypatch.setattr("lorakit.formats.hub.snapshot_download", download)
    monkeypatch.setattr("lorakit.formats.hub.HfApi", Api)
    return sent


def test_what_comes_from_the_hub_is_pinned_to_its_commit(hub):
    entry = Store().add("somebody/aurora@v1")
    assert hub["asked"] == ("somebody/aurora", "v1")
    assert hub["downloaded"]["revision"] == "f" * 40  # what was looked at, even if the tag moves meanwhile
    assert hub["downloaded"]["allow_patterns"] == ["pytorch_lora_weights.safetensors", "card.json"]
    assert entry.card["data"] == {"hub": "somebody/aurora@v1", "revision": "f" * 40}
    assert Store().load(entry.slug).card.data["revision"] == "f" * 40


def test_publishing_uploads_the_folder_with_its_model_card(hub):
    entry = Store().add("somebody/aurora")
    assert Store().publish(entry.slug, "me/aurora") == "https://huggingface.co/me/aurora"
    assert hub["made"] == ("me/aurora", True)
    assert {"README.md", "card.json", "pytorch_lora_weights.safetensors"} <= set(hub["files"])
    with pytest.raises(AdapterError, match="isn't a Hugging Face ID"):
        Store().publish(entry.slug, "not a name")


@pytest.mark.parametrize(
    ("files", "asked", "words"),
    [
        ({"model.gguf": 9}, "a/b", "no adapter"),
        ({"one.safetensors": 9, "two.safetensors": 9}, "a/b", r"several adapters.*a/b:one\.safetensors"),
        ({"flux1-dev.safetensors": 23 * 2**30}, "a/b", "23 GB.*base model"),
        ({"unet/diffusion_pytorch_model.safetensors": 9}, "a/b", "no adapter"),
        ({"one.safetensors": 9}, "a/b:two.safetensors", "several adapters|no adapter"),
    ],
)
def test_a_repository_that_is_no_single_adapter_is_not_downloaded(hub, files, asked, words):
    hub["api"].files = files
    with pytest.raises(AdapterError, match=words):
        Store().add(asked)
    assert "downloaded" not in hub and Store().list() == []


def test_one_of_several_adapters_of_a_repository_is_added_by_its_file(hub):
    hub["api"].files = {"pytorch_lora_weights.safetensors": 9, "other.safetensors": 9, "card.json": 9}
    entry = Store().add("a/b@v2:pytorch_lora_weights.safetensors")
    assert entry.card["data"]["hub"] == "a/b@v2:pytorch_lora_weights.safetensors"
    assert hub["asked"] == ("a/b", "v2")


def test_a_base_in_a_folder_of_this_machine_is_told_by_its_name_only(hub, tmp_path):
    formats.save(adapter("Own", base="/home/someone/models/flux-dev"), tmp_path / "own")
    entry = Store().add(tmp_path / "own")
    assert entry.base == "/home/someone/models/flux-dev"
    Store().publish(entry.slug, "me/own")
    assert "someone" not in hub["card"] and "flux-dev" in hub["card"]
    for layout in (None, "kohya"):
        with zipfile.ZipFile(Store().export(entry.slug, tmp_path / "out", layout)) as archive:
            assert not [n for n in archive.namelist() if b"someone" in archive.read(n)]


def test_what_its_usual_layout_cannot_hold_is_kept_as_the_very_file(tmp_path):
    """DoRA's magnitudes of columns, and a LoKr that would take many times its space multiplied out."""
    key = "lora_unet_double_blocks_0_img_attn_proj"
    column = {f"{key}.lora_down.weight": torch.ones(2, 8), f"{key}.lora_up.weight": torch.ones(8, 2),
              f"{key}.dora_scale": torch.rand(1, 8)}  # fmt: skip
    product = {f"{key}.lokr_w1": torch.randn(4, 4), f"{key}.lokr_w2": torch.randn(16, 16)}
    for name, tensors in (("column", column), ("product", product)):
        save_file(tensors, tmp_path / f"{name}.safetensors")
        entry = Store().add(tmp_path / f"{name}.safetensors")
        kept = Store().folder / entry.slug / "lora.safetensors"
        assert kept.read_bytes() == (tmp_path / f"{name}.safetensors").read_bytes()
        assert Store().list()[-1].slug == entry.slug == name
        (found,) = Store().load(entry.slug).modules.values()
        (wanted,) = formats.load(tmp_path / f"{name}.safetensors").modules.values()
        assert torch.equal(found.delta(), wanted.delta())
