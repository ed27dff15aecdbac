"""Which tool wrote a file, in words."""

from lorakit.formats import metadata
from lorakit.formats.names import Naming
from lorakit.formats.reading import Header


def foreign_tool(naming: Naming, leaves: dict[str, dict[str, str]], header: Header) -> str:
    """The tool's name when the file is not one of ours."""
    return "" if metadata.CARD in header.metadata else tool_of(naming, leaves, header)


def tool_of(naming: Naming, leaves: dict[str, dict[str, str]], header: Header) -> str:
    """Which tool writes files like this, in words."""
    kinds = {leaf for own in leaves.values() for leaf in own}
    if metadata.CARD in header.metadata:
        return "LoraKit Studio"
    stated = header.metadata.get("software", "") + header.metadata.get("modelspec.implementation", "")
    if "ostris" in stated or "ai-toolkit" in stated:
        return "ai-toolkit"
    if kinds & {"w1_a", "k1", "k1_a"}:
        return "LyCORIS (LoHa)" if "w1_a" in kinds else "LyCORIS (LoKr)"
    if "down_t" in kinds:
        return "mlx-lm" if naming.name in ("plain", "diffusers") else "mlx"
    if any(name.startswith(("lora_transformer_", "transformer.double_blocks.", "transformer.single_blocks."))
           for name in leaves):  # fmt: skip
        return "OneTrainer"
    if naming.name == "bfl":
        return "BFL / ComfyUI"
    return {"peft": "PEFT", "kohya": "kohya", "xlabs": "XLabs", "diffusers": "diffusers"}.get(naming.name, "")
