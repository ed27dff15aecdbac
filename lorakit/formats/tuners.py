"""PEFT's kinds of adapter and settings: which are a sum of low-rank updates, and what the others are."""

from collections.abc import Mapping
from typing import Any

from lorakit.errors import AdapterError

# Settings of PEFT under which an update is not what its factors say, and what to do.
UNSUPPORTED = {
    "modules_to_save": "also replaces whole layers (modules_to_save); train it without them",
    "trainable_token_indices": "trains added tokens (trainable_token_indices); train it without them",
    "layer_replication": "repeats layers of its base model (layer_replication); train it without",
    "alora_invocation_tokens": "is active after certain tokens only (aLoRA); train a plain LoRA",
    "lora_bias": "has biases in addition to its updates (lora_bias); train it without",
    "use_qalora": "is a QA-LoRA, which pools its inputs; train a plain LoRA",
    "use_bdlora": "has block-diagonal factors (use_bdlora); train a plain LoRA",
    "arrow_config": "is a router over other adapters (arrow_config); add those instead",
    "kasa_config": "also changes its base model's weights (kasa_config); train a plain LoRA",
}
# PEFT's other kinds of adapter, and why they cannot be a sum of low-rank updates.
TUNERS = {
    "IA3": "IA3, which scales activations",
    "LN_TUNING": "LN tuning, which trains the norm layers",
    "PREFIX_TUNING": "prefix tuning, a learned prompt",
    "PROMPT_TUNING": "prompt tuning, a learned prompt",
    "P_TUNING": "P-tuning, a learned prompt",
    "CPT": "CPT, a learned prompt",
    "MULTITASK_PROMPT_TUNING": "multitask prompt tuning, a learned prompt",
    "ADAPTION_PROMPT": "LLaMA-Adapter, a learned prompt",
    "CARTRIDGE": "a cartridge, a learned cache",
    "OFT": "OFT, which rotates weights",
    "BOFT": "BOFT, which rotates weights",
    "HRA": "HRA, which reflects weights",
    "ROAD": "RoAd, which rotates activations",
    "PSOFT": "PSOFT, which rotates weights",
    "OSF": "OSF, which changes whole weights",
    "VERA": "VeRA, whose factors are shared random numbers",
    "PVERA": "PVeRA, whose factors are random",
    "VBLORA": "VB-LoRA, whose factors come from a shared bank",
    "TINYLORA": "TinyLoRA, with shared numbers",
    "RANDLORA": "RandLoRA, whose factors are shared random numbers",
    "FOURIERFT": "FourierFT, made of frequencies",
    "WAVEFT": "WaveFT, made of wavelets",
    "C3A": "C3A, made of circular convolutions",
    "SHIRA": "SHiRA, made of single numbers",
    "BONE": "Bone, made of blocks",
    "MISS": "MiSS, made of blocks",
    "DELORA": "DeLoRA, with normalised factors",
    "GRALORA": "GraLoRA, with factors per block",
    "LILY": "Lily, with shared factors",
    "TRAINABLE_TOKENS": "trainable tokens, which are added tokens",
    "GLORA": "GLoRA, which also scales weights",
    "HIRA": "HiRA, which multiplies weights",
    "BEFT": "BEFT, made of biases",
    "UNILORA": "Uni-LoRA, made of one shared vector",
    "FROD": "FRoD, with shared factors",
    "ADAMSS": "AdaMSS, made of subspaces",
    "DEFT": "DEFT, which projects weights",
    "PEANUT": "PEANuT, made of networks",
    "SHADOW": "ShadowPEFT, a second network",
    "SUPERTUNING": "Super-Tuning, made of single numbers",
    "XLORA": "X-LoRA, a router over other adapters",
    "POLY": "Poly, a router over several LoRAs",
}
SUMS = ("LORA", "LOHA", "LOKR", "ADALORA")
# Starts of training that move a part of the base's weights into the adapter, unless they are converted back.
MOVED = ("pissa", "olora", "corda", "lora_ga")


def tuner_of(name: str, config: Mapping[str, Any]) -> str:
    """The kind of adapter that a PEFT config states, one of SUMS. Raises AdapterError, naming the file `name`
    and the kind, for any other.
    """
    tuner = str(config.get("peft_type") or "LORA").upper().removeprefix("PEFTTYPE.")
    if tuner not in SUMS:
        known = TUNERS.get(tuner, f"type {tuner[:40]}")
        raise AdapterError(
            f"{name} is a PEFT adapter of {known} (peft_type {tuner[:40]}); supported: {', '.join(SUMS)}"
        )
    return tuner


def check_supported(name: str, config: Mapping[str, Any]) -> None:
    """Raise AdapterError, naming the file `name`, when a PEFT config has a setting under which the updates
    are not what their factors say.
    """
    for setting, problem in UNSUPPORTED.items():
        if config.get(setting):
            raise AdapterError(f"{name} {problem}")
    start = str(config.get("init_lora_weights", True)).lower()
    if start.startswith(MOVED):
        raise AdapterError(
            f"{name} was initialised as {start[:40]}, which also changes the base's weights; save it with "
            "path_initial_model_for_weight_conversion, which makes it a plain LoRA"
        )
