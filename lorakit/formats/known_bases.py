"""The bases that adapters in circulation were made for, by their names, widths and numbers of blocks."""

import re
from dataclasses import dataclass, field

FLUX_2 = (
    r"(double|single)_stream_modulation|time_guidance_embed|transformer_blocks_\d+_ff(_context)?_linear_(in|out)"
    r"|single_transformer_blocks_\d+_attn_to_(qkv_mlp|out\b)"
)


@dataclass(frozen=True)
class Base:
    """One row: every condition that is stated must hold.

    `name`: a regular expression that one of the flattened names matches from its start. `width`: columns of
    the attention's queries. `cross`: columns of a U-Net's attn2.to_k, which are as wide as the prompt's
    embedding. `doubles`, `singles`: the least and most blocks of a kind, counted by the highest number seen.
    """

    family: str  # as lorakit.families calls it, where it is one of those
    words: str
    name: str = ""
    without: str = ""  # matched by none of the names
    width: frozenset[int] = frozenset()
    cross: frozenset[int] = frozenset()
    doubles: tuple[int, int] | None = None
    singles: tuple[int, int] | None = None
    certain: bool = True  # else what the file says of itself comes first
    rival: str = ""  # a base whose adapter would look the same

    def fits(self, seen: "Seen") -> bool:
        return (
            (not self.name or seen.has(self.name))
            and not (self.without and seen.has(self.without))
            and (not self.width or bool(self.width & seen.widths))
            and (not self.cross or bool(self.cross & seen.cross))
            and (self.doubles is None or self.doubles[0] <= seen.doubles <= self.doubles[1])
            and (self.singles is None or self.singles[0] <= seen.singles <= self.singles[1])
        )


@dataclass(frozen=True)
class Seen:
    """What a file shows: its names, flattened and without what tools put before them, and its sizes."""

    text: str
    widths: frozenset[int] = frozenset()
    cross: frozenset[int] = frozenset()
    doubles: int = 0
    singles: int = 0
    found: dict[str, bool] = field(default_factory=dict, compare=False)

    def has(self, pattern: str) -> bool:
        if pattern not in self.found:
            self.found[pattern] = re.search(rf"^(?:{pattern})", self.text, re.M) is not None
        return self.found[pattern]


MANY = 10_000
DIT = r"transformer_blocks_\d+_attn_(to|add)_"  # attention of the MM-DiTs as diffusers names it
ONE_ATTENTION = r"transformer_blocks_\d+_attn[12]_"
ONE = r"transformer_blocks_\d+_(attn[12]|ff_net)_"
TWO = r"(transformer_blocks|double_blocks)_\d+_"
BEYOND_ATTENTION = rf"single_|{TWO}(ff|img_m|txt_m|norm)"
UNET = r"(down_blocks|up_blocks|mid_block|input_blocks|output_blocks|middle_block)_"


def _of(*sizes: int) -> frozenset[int]:
    return frozenset(sizes)


BASES = (
    # Names that only one kind of base has.
    Base("stable-cascade", "Stable Cascade",
         r"prior_|down_blocks_\d+_\d+_(attention|channelwise|kv_mapper|mapper)|clip_txt"),
    Base("hunyuan-image", "HunyuanImage 2.1", r".*(byt5_in|dual_attention)|" + TWO, width=_of(3584)),
    Base("hunyuan-video", "HunyuanVideo",
         r".*(_(img|txt)_mlp_fc[12]|_(img|txt)_mod_linear|token_refiner|clean_x_embedder|cond_type_embed)"
         r"|single_blocks_\d+_modulation_linear"),
    Base("qwen-image", "Qwen-Image", r"transformer_blocks_\d+_(img|txt)_(mlp_(net|gate|proj)|mod_1)"),
    Base("kandinsky-5", "Kandinsky 5", r"(visual|text)_transformer_blocks_"),
    Base("chroma", "Chroma", r"distilled_guidance_layer|nerf_|approximator"),
    Base("hidream", "HiDream",
         r"(double|single)_stream_blocks_|.*_(to_[qkv]_t|ff_[it]_(experts|shared|w\d))"),
    Base("auraflow", "AuraFlow", r"joint_transformer_blocks_|(double|single)_layers_\d|.*_ff_out_projection"),
    Base("sd3", "Stable Diffusion 3", r"joint_blocks_\d|.*_(x_block|context_block)_"),
    Base("krea-2", "Krea 2", r"txtfusion|text_fusion|blocks_\d+_attn_(w[qkvo]|gate)\b|.*_attn_to_gate"),
    Base("bria", "Bria", r"caption_projection_\d+_linear"),
    Base("omnigen", "OmniGen", r"ref_image_refiner_|llm_layers_"),
    Base("z-image", "Z-Image", r"(layers|noise_refiner|context_refiner)_\d+_(attention|feed_forward|adaLN)",
         width=_of(3840)),
    Base("z-image", "Z-Image", r"(layers|noise_refiner|context_refiner)_\d+_attention_to_(q|k|v|out)"),
    Base("lumina-2", "Lumina 2",
         r"(layers|noise_refiner|context_refiner)_\d+_(attn_to_|attention_(qkv|out)\b|feed_forward_linear_"
         r"|adaLN_)|(noise|context)_refiner_|cap_embedder"),
    Base("ltx", "LTX-Video", r".*(audio_attn|audio_ff|audio_to_video|video_to_audio)|patchify_proj"),
    Base("sana", "Sana", r".*_ff_conv_(inverted|depth|point)"),
    Base("mochi", "Mochi", r"blocks_\d+_(attn_)?(qkv|proj|mlp)_[xy]|transformer_blocks_\d+_attn1_add_"),
    Base("wan", "Wan",
         r"blocks_\d+_(self_attn_[qkvo]\b|cross_attn_([qkvo]|k_img|v_img)\b|ffn_([02]\b|net_)|attn[12]_(to|add)_)"
         r"|vace_blocks_"),
    Base("cosmos", "Cosmos", r"blocks_\d+_((self|cross)_attn_\w+_proj|mlp_layer[12]|adaln_mod)|llm_adapter_"),
    Base("pixart", "PixArt", r"blocks_\d+_(attn_qkv|cross_attn_(q|kv)_linear)"),
    Base("hunyuan-dit", "HunyuanDiT",
         r"blocks_\d+_(attn[12]_(Wqkv|[qk]_?v?_proj|out_proj)|default_modulation)"),
    # One stream of blocks with self- and cross-attention: by their width.
    Base("pixart", "PixArt", ONE, width=_of(1152)),
    Base("sana", "Sana", ONE, width=_of(2240)),
    Base("ltx", "LTX-Video", ONE, without=DIT, width=_of(2048, 4096)),
    Base("cogvideox", "CogVideoX", ONE, without=DIT, width=_of(1920)),
    Base("cogvideox", "CogVideoX", ONE_ATTENTION, without=DIT, width=_of(3072)),
    Base("cogview", "CogView", ONE, without=DIT, width=_of(2560)),
    # Two streams of blocks: FLUX and those that look like it, by width and numbers of blocks.
    Base("sd3", "Stable Diffusion 3.5 Large", DIT, width=_of(2432)),
    Base("sd3", "Stable Diffusion 3", DIT, width=_of(1536)),
    Base("flux2", "FLUX.2 dev", FLUX_2, width=_of(6144)),
    Base("flux2", "FLUX.2 klein 9B", FLUX_2, width=_of(4096)),
    Base("flux2", "FLUX.2 klein 4B", FLUX_2, width=_of(3072)),
    Base("flux2", "FLUX.2", FLUX_2),
    Base("flux2", "FLUX.2 dev", TWO, width=_of(6144)),
    Base("flux2", "FLUX.2 klein 9B", TWO, width=_of(4096)),
    Base("hunyuan-video-1.5", "HunyuanVideo 1.5", TWO, width=_of(2048)),
    Base("hunyuan-video", "HunyuanVideo", singles=(39, MANY)),
    Base("hunyuan-video", "HunyuanVideo", TWO, doubles=(20, 20)),
    Base("qwen-image", "Qwen-Image", TWO, doubles=(21, MANY)),
    # FLUX.2 klein 4B is as wide as FLUX.1, and has 5 double blocks, whose attention is FLUX.1's.
    Base("flux2", "FLUX.2 klein 4B", TWO, without=BEYOND_ATTENTION, width=_of(3072), doubles=(5, 5),
         certain=False, rival="FLUX.1"),
    Base("flux", "FLUX.1", TWO, without=BEYOND_ATTENTION, width=_of(3072), doubles=(1, 4), certain=False,
         rival="FLUX.2 klein 4B"),
    Base("flux", "FLUX.1",
         r"transformer_blocks_\d+_(ff_|norm1_)|single_transformer_blocks_\d+_(proj_|norm_)|time_text_embed"
         r"|single_blocks_\d+_(linear|modulation_lin\b)|double_blocks_\d+_(img|txt)_m(od_lin|lp)"),
    Base("flux", "FLUX.1", rf"single_(transformer_)?blocks_|double_blocks_|{DIT}", certain=False),
    Base("", "", ONE_ATTENTION),
    # U-Nets, by the width of the prompt's embedding; without it by where their attention is.
    Base("kolors", "Kolors", r"encoder_hid_proj"),
    Base("if", "DeepFloyd IF or Kandinsky 2", rf"{UNET}.*attentions_\d+_(add_[kv]_proj|to_[qkv]\b)"),
    Base("animatediff", "AnimateDiff", r".*motion_modules_"),
    Base("sdxl-refiner", "the SDXL refiner", UNET, cross=_of(1280)),
    Base("sd2", "Stable Diffusion 2", UNET, cross=_of(1024)),
    Base("sdxl", "SDXL", UNET, cross=_of(2048)),
    Base("sd15", "Stable Diffusion 1.5", UNET, cross=_of(768)),
    Base("sdxl", "SDXL",
         rf"{UNET}.*transformer_blocks_[1-9]|label_emb|add_embedding|up_blocks_0_attentions_"
         r"|output_blocks_([01]_1_|2_1_(transformer|proj|norm))"),
    Base("sd15", "Stable Diffusion 1.5",
         r"down_blocks_(0_attentions|3)_|up_blocks_3_|input_blocks_([12]_1|1[01]_[01])_"
         r"|output_blocks_(9|1[01])_", certain=False),
    Base("sd15", "Stable Diffusion 1.5", UNET, certain=False),
)  # fmt: skip
WORDS = {base.family: base.words for base in reversed(BASES)}
