"""Other names of the same module: transformers has moved the parts of its models from place to place.

A file keeps the names of the version it was trained with. Covers decoders (also those inside a vision model),
vision towers, projectors, heads, and CLIP's `text_model.` level, which transformers 5 leaves out of one of
its two text encoders. Not covered: layers that were fused or cut, which have no single counterpart.
"""

import re
from collections.abc import Iterator

# Parts of a pipeline that adapter files name in front of their modules.
COMPONENTS = ("transformer", "unet", "text_encoder", "text_encoder_2", "text_encoder_3")
TEXT_ENCODERS = COMPONENTS[2:]

# Where transformers' classes keep, or have kept, the same part. In a model one of a row is used.
DECODERS = (
    "model.language_model.", "language_model.model.", "model.language_model.model.", "language_model.",
    "model.text_model.", "text_model.model.", "text_model.", "model.model.", "model.", "model.decoder.",
    "decoder.", "model.llm.", "llm.model.", "model.transformer.", "transformer.", "gpt_neox.", "backbone.",
    "",
)  # fmt: skip
VISION = (
    "model.visual.", "visual.", "model.vision_tower.vision_model.", "model.vision_tower.",
    "vision_tower.vision_model.", "vision_tower.", "model.vision_model.", "vision_model.",
)  # fmt: skip
PROJECTORS = ("model.multi_modal_projector.", "multi_modal_projector.")
HEADS = ("lm_head", "language_model.lm_head", "model.lm_head", "embed_out")

IN_A_DECODER = re.compile(r"(.*?)((?:layers|h|blocks)\.\d+\..+|embed_tokens|wte|word_embeddings|embed_in)")
CLIP = re.compile(r"(?:text_model\.)?(encoder\.layers\..+)")


def aliases(name: str) -> list[str]:
    """What else the module `name` may be called, its component (`text_encoder.`) kept, likeliest first."""
    component, _, rest = name.partition(".")
    if component in TEXT_ENCODERS:
        return [f"{component}.{other}" for other in _others(rest)]
    return list(dict.fromkeys(_others(name)))


def _others(name: str) -> Iterator[str]:
    if found := CLIP.fullmatch(name):
        yield found[1] if name.startswith("text_model.") else f"text_model.{found[1]}"
    elif name.startswith("text_model."):
        yield name.removeprefix("text_model.")
    if name in HEADS:
        yield from (other for other in HEADS if other != name)
    for places in (VISION, PROJECTORS):
        place = next((place for place in places if name.startswith(place)), None)
        if place is not None:
            yield from (other + name[len(place) :] for other in places if other != place)
            return
    found = IN_A_DECODER.fullmatch(name)
    if found and found[1] in DECODERS:
        yield from (place + found[2] for place in DECODERS if place != found[1])
