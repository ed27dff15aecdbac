"""Every causal language model of transformers that can be built small: a table of what makes each small.

Left out, with the reason, are those in `LEFT_OUT`. What the others need beyond `SMALL` is in `OWN`.
"""

from typing import Any

import torch
from transformers import AutoModelForCausalLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

# By every name that a configuration has for it; those that a configuration does not know are passed over.
SMALL: dict[str, Any] = {
    "vocab_size": 260, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2,
    **dict.fromkeys(("hidden_size", "n_embd", "d_model", "dim", "embedding_size"), 32),
    **dict.fromkeys(("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size", "d_ff", "dim_ff",
                     "decoder_ffn_dim", "encoder_ffn_dim", "dff"), 48),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers", "decoder_layers",
                     "num_decoder_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads", "decoder_attention_heads",
                     "num_decoder_attention_heads"), 4),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"), 128),
    "encoder_layers": 1, "encoder_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 8,
    **dict.fromkeys(("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"), 4),
    "num_experts_per_tok": 2, "moe_intermediate_size": 24, "shared_expert_intermediate_size": 24, "moe_k": 2,
    "q_lora_rank": 16, "kv_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 8,
    "n_group": 1, "topk_group": 1, "first_k_dense_replace": 1, "sliding_window": 16, "mamba_d_state": 8,
    "state_size": 8, "num_ln_in_parallel_attn": None,
}  # fmt: skip
LATENT: dict[str, Any] = {"num_key_value_heads": 4}  # attention from a latent has no groups
MAMBA: dict[str, Any] = {"mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_ssm": 64, "mamba_n_groups": 1}
HYBRID: dict[str, Any] = {
    "layer_types": ["linear_attention", "full_attention"], "linear_num_key_heads": 2,
    "linear_key_head_dim": 8, "linear_num_value_heads": 2, "linear_value_head_dim": 8,
}  # fmt: skip
OWN: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("axk1", "axk2", "deepseek_v2", "deepseek_v3", "deepseek_v32", "dots3_note_text",
                     "glm4_moe_lite", "glm_moe_dsa", "longcat_flash", "minicpm3", "youtu"), LATENT),
    **dict.fromkeys(("qwen3_5_text", "qwen3_5_moe_text", "qwen3_next", "qwen4_exp_text"), HYBRID),
    "bamba": MAMBA | {"attn_layer_indices": [1]},
    "granitemoehybrid": MAMBA | {"layer_types": ["mamba", "attention"]},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "expert_layer_offset": 1},
    "falcon_h1": MAMBA, "mamba2": {"num_heads": 8, "head_dim": 8}, "dots1": {"n_shared_experts": 1},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]}, "zaya": {"num_experts_per_tok": 1},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"]},
    "codegen": {"rotary_dim": 4}, "gptj": {"rotary_dim": 4}, "reformer": {"is_decoder": True},
}  # fmt: skip
SEES = "also sees or hears, and is too large to be built small in a line; its text model is built instead"
ENCODED = "is the decoder of an encoder-decoder: no language model by itself, refused as it is loaded"
TWO_WAYS = "looks at the words that follow, or takes no padding: refused as it is loaded"
RECURRENT = "is recurrent, without a cache of attention: refused as it is loaded"
MORE = "needs more of its configuration than a line can say"
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys((
        "blt", "dots3_note", "emu3", "fuyu", "gemma3", "gemma3n", "gemma4", "gemma4_unified", "git",
        "got_ocr2", "gemma4_assistant", "gemma4_unified_assistant", "llama4", "mllama", "musicgen",
        "moss_transcribe_diarize", "musicgen_melody", "phi4_multimodal", "qwen3_5", "qwen3_5_moe",
        "qwen4_exp", "gemma4_text",
    ), SEES),
    **dict.fromkeys((
        "bart", "bigbird_pegasus", "blenderbot", "blenderbot-small", "marian", "mbart", "moshi", "mvp",
        "pegasus", "plbart", "prophetnet", "trocr", "whisper",
    ), ENCODED),
    **dict.fromkeys((
        "bert", "bert-generation", "big_bird", "camembert", "cpmant", "data2vec-text", "electra", "ernie",
        "megatron-bert", "rembert", "roberta", "roberta-prelayernorm", "roc_bert", "roformer", "xlm",
        "xlm-roberta", "xlm-roberta-xl", "xlnet", "xmod",
    ), TWO_WAYS),
    **dict.fromkeys(("falcon_mamba", "mamba", "mamba2", "recurrent_gemma", "rwkv", "xlstm"), RECURRENT),
    **dict.fromkeys((
        "bailing_hybrid", "cohere_compass_text", "dbrx", "gemma3n_text", "kimi_linear", "lfm3",
        "qwen4_exp_text", "reformer", "zamba", "zamba2",
    ), MORE),
}  # fmt: skip
# PEFT 0.21.2 opens ours of these without some layers: it takes them for experts, or renames them.
NOT_IN_PEFT = ("beam", "laguna")


def kinds() -> list[str]:
    """The model types that are built here."""
    return [kind for kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES if kind not in LEFT_OUT]


def tiny(kind: str) -> torch.nn.Module:
    """A model of this type with random weights, the same every time."""
    torch.manual_seed(0)
    config_class = CONFIG_MAPPING[kind]
    known = config_class().to_dict()
    names = getattr(config_class, "attribute_map", {})
    stated = {names.get(name, name): value for name, value in SMALL.items() if names.get(name, name) in known}
    config = config_class(**stated | OWN.get(kind, {}))
    return AutoModelForCausalLM.from_config(config).eval()
