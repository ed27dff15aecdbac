"""Which base an adapter was made for, told by its names, widths and numbers of blocks together.

Names alone do not tell it: FLUX.1, FLUX.2, Qwen-Image, HunyuanVideo and Chroma share those of their attention
layers, and Stable Diffusion 1.5, 2 and XL share most of theirs. The first row of `BASES` whose conditions all
hold is the base. Widths and numbers of blocks are those of the makers' configurations, as diffusers has them.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from lorakit.families.table import ROWS
from lorakit.formats.known_bases import BASES, WORDS, Base, Seen
from lorakit.formats.stated import named, named_exactly

# Bases whose adapters look the same, so that what a file says decides: where names and sizes leave it open,
# and where they do not.
MM_DITS = {"flux", "flux2", "chroma", "bria", "qwen-image", "hunyuan-video", "hunyuan-image", "sd3"}
ALIKE = {"flux": MM_DITS, "flux2": MM_DITS, "sd15": {"sdxl", "sd2", "kolors"}}
ALIKE_CERTAINLY = {"flux": {"chroma", "bria", "hunyuan-video"}, "sdxl": {"kolors"}}


@dataclass(frozen=True)
class DetectedBase:
    """The base that a file was made for: its family, and what it is within a sentence; empty when nothing
    tells it. `note` says, in a sentence, which other base the file fits equally well.
    """

    family: str = ""
    words: str = ""
    note: str = ""


def unsupported(words: str) -> str:
    """What to tell about an adapter for a base that has no family here; follows the file's name."""
    *first, last = (row.plural or row.label for row in ROWS.values())
    return (
        f"was made for {words}, which the studio doesn't support; supported are {', '.join(first)} and {last}"
    )


BEFORE = re.compile(
    r"^(?:(?:lora_(?:unet|transformer)|lycoris)[_.]+|lora_(?=prior_)"
    r"|(?:(?:module|base_model\.model|model\.diffusion_model|diffusion_model|transformer|unet|model|pipe\.dit"
    r"|dit)\.)+)"
)
TEXT = re.compile(
    r"lora_(prior_)?te\d?[_.]|text_encoders?(_\d)?\.|cond_stage_model\.|conditioner\.|(clip_[lg]|t5(xxl)?|te\d)\."
)
QUERY = re.compile(
    r"(.*_)?(to_q|to_k|to_v|add_[qkv]_proj|(img|txt)_attn_(qkv|q|proj)|attention_(qkv|to_q|wq)|wq|self_attn_q"
    r"|to_qkv|qkv|to_qkv_mlp_proj|linear1|processor_qkv_lora\d?|feed_forward_w1|ff_net_0_proj|ff(_context)?_linear_in|(img|txt)_mlp_0)"
)
CROSS = re.compile(r"(.*_)?attn2_(processor_)?to_[kv]")
LARGE = re.compile(r"(?<!\d)(?:1[2-9]|[2-9]\d|\d{3,})(?!\d)")
NUMBER = re.compile(r"(single_)?(?:transformer_|stream_)?(?:double_)?blocks_(\d+)_")


def seen_in(shapes: Mapping[str, tuple[int, int]]) -> Seen:
    """What the names of a file show, with the shapes (rows, columns) of the weights they are for."""
    flat, widths, cross, counts = [], Counter[int](), set(), {True: 0, False: 0}
    for name, (_, columns) in shapes.items():
        if TEXT.match(name):
            continue
        bare = BEFORE.sub("", name).replace(".", "_")
        flat.append(bare)
        if CROSS.fullmatch(bare):
            cross.add(columns)
        elif QUERY.fullmatch(bare):
            widths[columns] += 1
        block = NUMBER.match(bare)
        if block and re.match(r"(single_)?(transformer_|double_)?blocks_", bare):
            single = bool(block[1])
            counts[single] = max(counts[single], int(block[2]) + 1)
    # Of a mixture of experts, 40,000 names are the same few: no condition asks for a number beyond 11.
    flat = list(dict.fromkeys(LARGE.sub("12", name) for name in flat))
    commonest = frozenset(width for width, _ in widths.most_common(2))
    return Seen("\n".join(flat), commonest, frozenset(cross), counts[False], counts[True])


def detect(shapes: Mapping[str, tuple[int, int]], *metadata: Mapping[str, object]) -> DetectedBase:
    """The base that a file with these names and shapes (rows, columns) was made for. `metadata` are the
    tables in which the file states it.
    """
    seen = seen_in(shapes)
    base = next((base for base in BASES if seen.text and base.fits(seen)), None)
    stated = named(metadata)
    if base is not None:
        others = (ALIKE_CERTAINLY if base.certain else ALIKE).get(base.family, set())
        if stated in others:
            return DetectedBase(stated, _words(stated))
        return DetectedBase(base.family, base.words, "" if stated == base.family else _doubt(base))
    if any(FOREIGN.match(name) for name in shapes):
        return DetectedBase("foreign", "a base model with another text encoder")
    if all(TEXT.match(name) for name in shapes):
        family = stated or _of_text_encoders(shapes)
    else:
        is_decoder = re.search(r"(^|_)(layers|h)_\d+_|^(lm_head|embed_tokens|wte)$", seen.text, re.M)
        family = named_exactly(metadata) or ("llm" if is_decoder else stated)
    return DetectedBase(family, _words(family))


def _words(family: str) -> str:
    return ROWS[family].words if family in ROWS else WORDS.get(family, "")


def _doubt(base: Base) -> str:
    if not base.rival:
        return ""
    return (
        f"Its layers fit {base.words} and {base.rival} alike, and the file does not state its base model; it "
        f"is treated as an adapter for {base.words}."
    )


# Columns of a text encoder's query where only one base has it: OpenCLIP H, OpenCLIP G, T5.
ENCODERS = (
    (r"lora_te_|text_encoder\.|.*clip_h", 1024, "sd2"),
    (r"lora_te2_text|text_encoder_2\.text_model|.*clip_g", 1280, "sdxl"),
    (r"lora_te[23]_encoder_block|text_encoder_2\.encoder\.block|.*t5xxl", 4096, "flux"),
    (r"lora_te_text", 768, "sd15"),
)


# ComfyUI's names of text encoders that no base here has.
FOREIGN = re.compile(
    r"text_encoders\.(qwen25|qwen2vl|umt5|gemma|llama|byt5|pile_t5|jina|hydit|chatglm|qwen3vl)"
)


def _of_text_encoders(shapes: Mapping[str, tuple[int, int]]) -> str:
    for pattern, width, family in ENCODERS:
        if any(columns == width and re.match(pattern, name) for name, (_, columns) in shapes.items()):
            return family
    return ""
