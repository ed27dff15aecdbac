"""Where a base comes from: folders, one-file checkpoints, hub ids with revisions, and what is refused."""

import re
import shutil

import pytest
import torch
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
from safetensors.torch import save_file

from lorakit.errors import BaseError
from lorakit.families import (
    hub,
    load_base,
    pictures,
    row_of,
    sources,
)
from tests.families import tiny_bases

RESNET = (
    ("norm1", "in_layers.0"), ("conv1", "in_layers.2"), ("time_emb_proj", "emb_layers.1"),
    ("norm2", "out_layers.0"), ("conv2", "out_layers.3"), ("conv_shortcut", "skip_connection"),
)  # fmt: skip
UNET = (
    ("conv_in.", "input_blocks.0.0."), ("conv_norm_out.", "out.0."), ("conv_out.", "out.2."),
    ("time_embedding.linear_1.", "time_embed.0."), ("time_embedding.linear_2.", "time_embed.2."),
    ("add_embedding.linear_1.", "label_emb.0.0."), ("add_embedding.linear_2.", "label_emb.0.2."),
    ("mid_block.resnets.0.", "middle_block.0."), ("mid_block.attentions.0.", "middle_block.1."),
    ("mid_block.resnets.1.", "middle_block.2."),
)  # fmt: skip
VAE = (
    ("conv_norm_out", "norm_out"), ("conv_shortcut", "nin_shortcut"), ("mid_block.resnets.0", "mid.block_1"),
    ("mid_block.resnets.1", "mid.block_2"), ("mid_block.attentions.0", "mid.attn_1"),
    ("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_out.0", "proj_out"),
    (".resnets.", ".block."), ("downsamplers.0", "downsample"), ("upsamplers.0", "upsample"),
    ("down_blocks.", "down."),
)  # fmt: skip
OPEN_CLIP = (
    ("self_attn.out_proj", "attn.out_proj"), ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"),
    ("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"),
    ("text_model.encoder.layers", "transformer.resblocks"), ("text_model.final_layer_norm", "ln_final"),
    ("text_model.embeddings.token_embedding", "token_embedding"),
    ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
)  # fmt: skip


def original_unet(name: str) -> str:
    for own, other in UNET:
        if name.startswith(own):
            name = other + name.removeprefix(own)
    found = re.match(
        r"(down|up)_blocks\.(\d)\.(resnets|attentions|downsamplers|upsamplers)\.(\d)\.(.*)", name
    )
    if found:
        side, level, kind, layer, rest = found.groups()
        first = 3 * int(level)
        if kind == "downsamplers":
            name = f"input_blocks.{first + 3}.0.op.{rest.removeprefix('conv.')}"
        elif kind == "upsamplers":
            name = f"output_blocks.{first + 2}.1.{rest}"  # after a block without attention
        else:
            block = first + int(layer) + (side == "down")
            place = "input_blocks" if side == "down" else "output_blocks"
            name = f"{place}.{block}.{int(kind == 'attentions')}.{rest}"
    if re.match(r"(in|out)put_blocks\.\d+\.0\.|middle_block\.[02]\.", name):
        for own, other in RESNET:
            name = re.sub(rf"\.{own}\.", f".{other}.", name)
    return f"model.diffusion_model.{name}"


def original_vae(name: str, value: torch.Tensor):
    for own, other in VAE:
        name = name.replace(own, other)
    name = re.sub(r"up_blocks\.(\d)", lambda found: f"up.{3 - int(found[1])}", name)
    attends = re.search(r"attn_1\.(q|k|v|proj_out)\.weight", name)
    return f"first_stage_model.{name}", value[:, :, None, None] if attends else value


def open_clip(weights):
    """The weights of a CLIPTextModelWithProjection under OpenCLIP's names: q, k and v in one tensor."""
    given, layers = {}, {}
    for name, value in weights.items():
        found = re.match(r"text_model\.encoder\.layers\.(\d)\.self_attn\.([qkv])_proj\.(weight|bias)", name)
        if found:
            layers.setdefault((found[1], found[3]), {})[found[2]] = value
            continue
        if name == "text_projection.weight":
            given["text_projection"] = value.T.contiguous()
            continue
        other_name = name
        for own, other in OPEN_CLIP:
            other_name = other_name.replace(own, other)
        given[other_name] = value
    for (layer, kind), parts in layers.items():
        joined = torch.cat([parts[part] for part in "qkv"])
        given[f"transformer.resblocks.{layer}.attn.in_proj_{kind}"] = joined
    return {f"conditioner.embedders.1.model.{name}": value for name, value in given.items()}


def checkpoint(pipeline) -> dict[str, torch.Tensor]:
    """A pipeline's weights as the original repositories' one-file checkpoints have them."""
    weights = {original_unet(name): value for name, value in pipeline.unet.state_dict().items()}
    weights |= dict(original_vae(name, value) for name, value in pipeline.vae.state_dict().items())
    if hasattr(pipeline, "text_encoder_2"):
        weights |= open_clip(pipeline.text_encoder_2.state_dict())
        clip = "conditioner.embedders.0.transformer.text_model."
    else:
        clip = "cond_stage_model.transformer.text_model."
    weights |= {
        clip + name.removeprefix("text_model."): v for name, v in pipeline.text_encoder.state_dict().items()
    }
    return {name: value.contiguous().clone() for name, value in weights.items()}


@pytest.mark.parametrize("kind", ["sd15", "sdxl"])
@pytest.mark.parametrize("beside", ["in the same folder", "in a folder of its name"])
def test_one_file_and_the_configurations_beside_it_are_a_base(kind, beside, tmp_path):
    pipeline = tiny_bases.BUILDERS[kind]()
    file = tmp_path / "my-model.safetensors"
    save_file(checkpoint(pipeline), file)
    pipeline.save_pretrained(tmp_path if beside == "in the same folder" else tmp_path / "my-model")
    for weights in tmp_path.rglob("*/*.safetensors"):
        weights.unlink()
    base = load_base(str(file), device="cpu")
    assert base.family == kind and row_of(str(file)) is base.kind.row
    for part in ("unet", "vae", "text_encoder", *(["text_encoder_2"] if kind == "sdxl" else [])):
        loaded, own = getattr(base.pipeline, part).state_dict(), getattr(pipeline, part).state_dict()
        assert loaded.keys() == own.keys()
        assert all(torch.equal(loaded[name], own[name]) for name in own), part
    assert base.kind.encode_prompts(base, ["red can"])["prompt_embeds"].shape[0] == 1


@pytest.mark.parametrize(
    ("marks", "predicts", "whole"),
    [
        ((), "epsilon", False),
        (("v_pred",), "v_prediction", False),
        (("v_pred", "ztsnr"), "v_prediction", True),
    ],
)
def test_marks_in_one_file_say_what_it_predicts(marks, predicts, whole, tmp_path):
    pipeline = tiny_bases.sdxl()
    save_file(checkpoint(pipeline) | {mark: torch.zeros(0) for mark in marks}, tmp_path / "model.safetensors")
    pipeline.save_pretrained(tmp_path)
    base = load_base(str(tmp_path / "model.safetensors"), device="cpu")
    assert base.kind.objective(base).signal is not None
    assert base.pipeline.scheduler.config.prediction_type == predicts
    assert base.pipeline.scheduler.config.get("rescale_betas_zero_snr", False) is whole


def test_one_file_without_configurations_and_offline_is_said(tmp_path):
    save_file(checkpoint(tiny_bases.sd15()), tmp_path / "alone.safetensors")
    with pytest.raises(
        BaseError, match=r"alone\.safetensors: .*configurations.*put model_index\.json"
    ) as said:
        load_base(str(tmp_path / "alone.safetensors"), device="cpu")
    assert str(tmp_path) not in str(said.value)


@pytest.mark.parametrize("ending", ["ckpt", "pt", "bin"])
def test_a_pickle_is_refused_and_what_to_do_is_said(ending, tmp_path):
    (tmp_path / f"model.{ending}").write_bytes(b"\x80\x04.")
    with pytest.raises(BaseError, match=rf"model\.{ending} is a pickle.*convert it to \.safetensors"):
        load_base(str(tmp_path / f"model.{ending}"))


def test_other_files_are_named(tmp_path):
    for name, content, says in (
        ("broken.safetensors", b"\x00" * 3, "is not a complete .safetensors file"),
        ("notes.txt", b"hello", "is a file"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BaseError, match=re.escape(f"{name} {says}")):
            load_base(str(tmp_path / name))
    save_file({"double_blocks.0.img_attn.qkv.weight": torch.zeros(1)}, tmp_path / "flux.safetensors")
    save_file({"something": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(BaseError, match="FLUX checkpoint without text encoders"):
        load_base(str(tmp_path / "flux.safetensors"))
    with pytest.raises(BaseError, match=r"other\.safetensors: not a base"):
        load_base(str(tmp_path / "other.safetensors"))


def test_a_hub_id_may_carry_a_revision():
    found = sources.resolve("owner/name@refs/pr/3")
    assert (found.repo, found.revision, found.place) == ("owner/name", "refs/pr/3", "owner/name")
    assert sources.resolve("owner/name").revision is None
    for wrong in ("owner/name/more", "/owner", "owner/", "./a/b", "a@b"):
        with pytest.raises(BaseError, match="no such folder"):
            sources.resolve(wrong)


@pytest.mark.parametrize(
    ("source", "family"),
    [
        ("black-forest-labs/FLUX.1-dev@0ef5fff", "flux"),
        ("black-forest-labs/FLUX.2-klein-base-4B", "flux2"),
        ("stabilityai/stable-diffusion-xl-base-1.0", "sdxl"),
        ("stable-diffusion-v1-5/stable-diffusion-v1-5", "sd15"),
    ],
)
def test_well_known_ids_need_no_look_at_the_hub(source, family, monkeypatch):
    monkeypatch.setattr(hub, "holds", lambda found: pytest.fail("asked the hub"))
    assert row_of(source).name == family


@pytest.mark.parametrize("name", ["Kontext-dev", "Fill-dev", "Canny-dev", "Depth-dev", "Redux-dev"])
def test_variants_of_flux_that_take_pictures_are_named_and_refused(name, monkeypatch):
    monkeypatch.setattr(hub, "holds", lambda found: pytest.fail("asked the hub"))
    with pytest.raises(BaseError, match=rf"{name}: is FLUX\.1 {name[:-4]}, .* use FLUX\.1-dev"):
        row_of(f"black-forest-labs/FLUX.1-{name}")


def test_a_variant_of_flux_under_another_name_is_refused_before_its_weights_are_fetched(monkeypatch):
    monkeypatch.setattr(hub, "holds", lambda found: "FluxKontextPipeline")
    monkeypatch.setattr(pictures, "open_pipeline", lambda *_: pytest.fail("fetched the base"))
    with pytest.raises(BaseError, match=r"someone/flux\.1-edit is a FluxKontextPipeline; use FLUX\.1-dev"):
        load_base("someone/flux.1-edit", device="cpu")


def test_any_other_id_is_told_by_what_the_hub_holds(tmp_path, monkeypatch):
    asked = []

    def answer(repo, name, revision):
        asked.append((repo, name, revision))
        if repo == "owner/words":
            raise EntryNotFoundError("no model_index.json")
        if repo == "owner/away":
            raise LocalEntryNotFoundError("offline")
        (tmp_path / "model_index.json").write_text(
            '{"_class_name": "StableDiffusionXLPipeline"}' if repo == "owner/pictures" else
            '{"_class_name": "WanPipeline"}'
        )  # fmt: skip
        return str(tmp_path / "model_index.json")

    monkeypatch.setattr(hub, "hf_hub_download", answer)
    assert row_of("owner/pictures@v2").name == "sdxl"
    assert row_of("owner/words").name == "llm"
    assert asked == [
        ("owner/pictures", "model_index.json", "v2"), ("owner/words", "model_index.json", None),
    ]  # fmt: skip
    with pytest.raises(BaseError, match="owner/film is a WanPipeline, which is not supported"):
        row_of("owner/film")
    with pytest.raises(BaseError, match=r"owner/away: .*Hugging Face can't be reached"):
        row_of("owner/away")


def test_a_language_model_that_is_here_already_needs_no_connection(monkeypatch):
    cached = {"config.json": "/somewhere/config.json"}
    monkeypatch.setattr(hub, "try_to_load_from_cache", lambda repo, name, revision: cached.get(name))
    monkeypatch.setattr(hub, "hf_hub_download", lambda *args, **more: pytest.fail("asked the hub"))
    assert row_of("owner/words").name == "llm"


def test_other_folders_are_not_taken_for_bases(tmp_path):
    for name, content in (
        ("config.json", '{"architectures": ["T5EncoderModel"]}'),
        ("config.json", '{"architectures": ["T5ForConditionalGeneration"]}'),
        ("config.json", "[broken"),
        ("model_index.json", "[]"),
        ("model_index.json", "not json"),
        ("model_index.json", '{"_class_name": 3}'),
    ):
        folder = tmp_path / "folder"
        folder.mkdir()
        (folder / name).write_text(content)
        with pytest.raises(BaseError, match="folder: not a base"):
            load_base(str(folder))
        shutil.rmtree(folder)
