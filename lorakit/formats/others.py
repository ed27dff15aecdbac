"""What a file is that holds no adapter, or more than one: said in words, by its keys.

Each row is a regular expression of one of its keys; the first row that fits counts.
"""

import math
import re
from collections.abc import Sequence

from lorakit.families.table import ROWS
from lorakit.formats.reading import Header

# Whole models and other files of the trade, told when hardly anything in them is a low-rank update.
BASE = "choose it as the base model, and add adapters made for it here"
OTHER = "add a LoRA here"
WHOLE = (
    (
        r"lora_controlnet|control_model\.|controlnet_(cond|blocks|single|down|mid|x_)|input_hint_block\.",
        "a ControlNet",
        OTHER,
    ),
    (r"lllite_", "a ControlNet-LLLite", OTHER),
    (r"(.*\.)?(ip_adapter|image_proj|image_proj_model)\.|.*\.to_k_ip\.", "an IP-Adapter", OTHER),
    (r"pulid_|id_adapter|.*\.id_embedding_mapping", "a face adapter (PuLID or InstantID)", OTHER),
    (r"(adapter\.)?body\.\d+\.(in_conv|resnets|block\d)|adapter\.conv_in", "a T2I-Adapter", OTHER),
    (r".*motion_modules?\.", "a motion module (AnimateDiff)", OTHER),
    (r"(320|640|768|1024|1280)\.", "a hypernetwork", OTHER),
    (
        r"emb_params|string_to_param|clip_[lg]$|<[^.]+>$|t5xxl$|learned_embeds",
        "a textual-inversion embedding",
        OTHER,
    ),
    (r"conditioner\.embedders\.1\.", "a whole SDXL checkpoint", BASE),
    (r"conditioner\.embedders\.0\.model\.", "a whole checkpoint of the SDXL refiner", BASE),
    (r"cond_stage_model\.model\.", "a whole Stable Diffusion 2 checkpoint", BASE),
    (r"cond_stage_model\.transformer\.", "a whole Stable Diffusion 1.5 checkpoint", BASE),
    (r"(model\.)?(diffusion_model\.)?joint_blocks\.\d+", "a whole Stable Diffusion 3 model", BASE),
    (
        r"(model\.)?(diffusion_model\.)?(double_stream_modulation|.*\.to_qkv_mlp_proj)",
        "a whole FLUX.2 transformer",
        BASE,
    ),
    (
        r"(model\.)?(diffusion_model\.)?double_blocks\.\d+\.img_attn_",
        "a whole HunyuanVideo transformer",
        OTHER,
    ),
    (r"(model\.)?(diffusion_model\.)?distilled_guidance_layer", "a whole Chroma transformer", OTHER),
    (
        r"(model\.)?(diffusion_model\.)?double_blocks\.\d+|(transformer\.)?single_transformer_blocks\.",
        "a whole FLUX transformer",
        BASE,
    ),
    (
        r"(model\.)?(diffusion_model\.)?transformer_blocks\.\d+\.img_mlp\.",
        "a whole Qwen-Image transformer",
        OTHER,
    ),
    (
        r"(model\.)?(diffusion_model\.)?blocks\.\d+\.(self_attn|cross_attn|attn[12])\.",
        "a whole video transformer",
        OTHER,
    ),
    (
        r"(model\.)?(diffusion_model\.)?(noise|context)_refiner\.",
        "a whole Z-Image or Lumina transformer",
        OTHER,
    ),
    (r"(model\.)?(diffusion_model\.)?(joint_)?transformer_blocks\.\d+", "a whole image transformer", OTHER),
    (
        r"model\.diffusion_model\.|(unet\.)?(down_blocks|up_blocks|mid_block|input_blocks|output_blocks)\.",
        "a whole U-Net",
        BASE,
    ),
    (
        r"(first_stage_model|vae)\.|(encoder|decoder)\.(down|up|mid|conv_in|conv_out|down_blocks|up_blocks|mid_block)\b"
        r"|(post_)?quant_conv\.|encoder\.downsamples|taesd",
        "a VAE (an image autoencoder)",
        OTHER,
    ),
    (
        r"(text_encoders?(_\d)?\..*|.*)vision_(model|tower)\.|.*visual\.",
        "an image encoder, or a model with one",
        OTHER,
    ),
    (
        r".*(text_model\.(encoder|embeddings)|resblocks\.\d|token_embedding|encoder\.block\.\d+\.layer|SelfAttention)",
        "a text encoder",
        OTHER,
    ),
    (
        r"conv_first\.|model\.\d+\.(weight|sub\.)|.*(RDB\d|rdb\d|residual_group|rstb)|upconv|conv_up\d|conv_last",
        "an upscaler",
        OTHER,
    ),
    (
        r"state\.\d+|optimizer|exp_avg",
        "the state of an optimizer",
        "add the adapter saved next to it",
    ),
    (
        r"(.*\.)?(model\.)?(embed_tokens|layers\.\d+|lm_head|h\.\d+|wte|word_embeddings|blocks\.\d+)\b",
        "a whole language model",
        BASE,
    ),
)

# Pieces of an adapter that are no low-rank update, and what they are.
TRAIN = "train a LoRA instead"
PIECES = (
    (
        # torchtune interleaves the rows of each head of q and k; no tensor tells how many heads there are.
        r"\.lora_[ab]\.weight$",
        "torchtune's own names, which state neither its alpha nor its number of heads; add the "
        "adapter_model.safetensors and adapter_config.json that torchtune saves for PEFT",
    ),
    (
        r"\.lora_(down|up)$",
        "factors packed for Nunchaku; add the LoRA it was converted from",
    ),
    (
        r"\.lora_([AB]|up|down)(\.\w+)?\.bias$",
        "new biases in addition to its updates (lora_bias), which a mix can't include; train it without",
    ),
    (r"bundle_emb\.", "added tokens (a bundled embedding), which aren't supported; save it without them"),
    (r"lllite_", f"a ControlNet-LLLite, which isn't supported; {OTHER}"),
    (r"\.boft_", f"a BOFT adapter (rotations, not additions), which isn't supported; {TRAIN}"),
    (r"\.oft_", f"an OFT adapter (rotations, not additions), which isn't supported; {TRAIN}"),
    (r"\.ia3_l|\.on_input$", f"an IA3 adapter (it scales, it does not add), which isn't supported; {TRAIN}"),
    (
        r"prompt_embeddings|prompt_encoder|adaption_prompt|prefix_",
        f"a learned prompt, which isn't supported; {TRAIN}",
    ),
    (r"vera_lambda|vera_[AB]", f"a VeRA adapter (shared random factors), which isn't supported; {TRAIN}"),
    (r"vblora_", f"a VB-LoRA adapter (a shared bank of vectors), which isn't supported; {TRAIN}"),
    (r"randlora_", f"a RandLoRA adapter (shared random factors), which isn't supported; {TRAIN}"),
    (r"\.hra_u", f"an HRA adapter (reflections, not additions), which isn't supported; {TRAIN}"),
    (
        r"fourierft_|waveft_|c3a_kernel",
        f"an adapter of frequencies (FourierFT, WaveFT or C3A), which isn't supported; {TRAIN}",
    ),
    (r"\.(bone|miss)_", f"a Bone or MiSS adapter (blocks, not low rank), which isn't supported; {TRAIN}"),
    (r"shira_weight", f"a SHiRA adapter (single numbers, not low rank), which isn't supported; {TRAIN}"),
    (r"\.road_(theta|alpha)", f"a RoAd adapter (rotations, not additions), which isn't supported; {TRAIN}"),
    (r"\.delora_", f"a DeLoRA adapter (normalised factors), which isn't supported; {TRAIN}"),
    (r"\.gralora_", f"a GraLoRA adapter (factors block by block), which isn't supported; {TRAIN}"),
    (r"\.poly_lora_", f"a Poly adapter (a router over several LoRAs), which isn't supported; {TRAIN}"),
    (
        r"xlora|internal_xlora",
        "an X-LoRA (a router over other adapters), which isn't supported; add those themselves",
    ),
    (
        r"\.reshape_weight$",
        "widened layers, as control adapters (FLUX.1 Canny, Depth) have: not supported; add a plain LoRA",
    ),
    (r"\.lokr_t1$", f"a LoKr with a core of its first factor, which no tool is known to write; {TRAIN}"),
    (
        r"\.diff_b$|\.b_norm$",
        "whole new biases in addition to its updates, which a mix can't include; extract a plain LoRA",
    ),
    (r"\.(diff|set_weight)$", "whole new weights instead of low-rank updates; extract a LoRA from it"),
    (r"\.a[12]\.weight$|\.b[12]\.weight$", f"a GLoRA, which isn't supported; {TRAIN}"),
    (
        r"lora_embedding_",
        "an update of the word embeddings, which isn't supported; train without added tokens",
    ),
    (r"trainable_tokens", "added tokens (trainable tokens), which aren't supported; train without them"),
)
# Of what is left beside updates, by its place or its name.
REMAINS = (
    (
        r"norm\w*\.(scale|weight|bias)$|\.w_norm$",
        "whole new norm layers in addition to its updates, which a mix can't include; train it without",
    ),
    (
        r"base_model\.model\.|modules_to_save|original_module",
        "whole layers in addition to its updates (modules_to_save, bias, added tokens); train it without",
    ),
)

WIDENED = {inputs for row in ROWS.values() for inputs in row.widened}
FLUX2_NAMES = re.compile(r"stream_modulation|to_qkv_mlp_proj|time_guidance_embed")  # FLUX.2 has 128 by itself
FIRST = re.compile(r"(.*[._])?(img_in|x_embedder)\.lora_(A|down)(\.default)?\.weight")
CONTROL = (
    "widens the base model's first layer to {} inputs, as control adapters (FLUX.1 Canny, Depth, Fill) do; "
    "these aren't supported"
)


def control_in(header: Header) -> str:
    """Of a control adapter, words that say so; they are told by the widened first layer alone."""
    if any(FLUX2_NAMES.search(key) for key in header.tensors):
        return ""
    for key, stored in header.tensors.items():
        if FIRST.fullmatch(key) and len(stored.shape) == 2 and stored.shape[1] in WIDENED:
            return CONTROL.format(stored.shape[1])
    return ""


def what_else(header: Header, unknown: Sequence[str], updates: int) -> str:
    """What a file is, in words that follow its name: its tensors `unknown` belong to no adapter; it also has
    `updates` low-rank updates.
    """
    if control := control_in(header):
        return control
    looks = _first(PIECES, unknown)
    if not looks and updates < len(unknown):
        for pattern, words, todo in WHOLE:
            if any(re.match(pattern, key) for key in unknown):
                return f"is {words} ({_size(header)}), not an adapter; {todo}"
        if len(header.tensors) <= 2 and all(_is_a_word(header, key) for key in unknown):
            return f"looks like a textual-inversion embedding ({_size(header)}), not an adapter; {OTHER}"
    looks = looks or _first(REMAINS, unknown)
    what = f"it has {looks}" if looks else "export it as a LoRA from the tool that made it"
    return (
        f"has tensors that don't belong to a LoRA ({len(unknown)} of {len(header.tensors)}), such as "
        f"{unknown[0][:100]}; {what}"
    )


def _first(rows: Sequence[tuple[str, str]], keys: Sequence[str]) -> str:
    return next((words for pattern, words in rows if any(re.search(pattern, key) for key in keys)), "")


def _is_a_word(header: Header, key: str) -> bool:
    shape = header.tensors[key].shape
    return 1 <= len(shape) <= 2 and shape[-1] in (768, 1024, 1280, 4096)


def _size(header: Header) -> str:
    count = sum(math.prod(stored.shape) for stored in header.tensors.values())
    for unit, words in ((1e9, "billion numbers"), (1e6, "million numbers")):
        if count >= unit:
            return f"{count / unit:.1f} {words}"
    return f"{count:,} numbers"
