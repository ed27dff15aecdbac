"""FLUX's layers as its authors call them and as diffusers does, written down from both sources:
black-forest-labs flux model.py (and flux2), and diffusers' transformer_flux.py and transformer_flux2.py.

The tests' own table: what lorakit reads is held against it, never against lorakit's.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """`ours`: diffusers' layers of the authors' one, in the order and the shares (units) of its rows."""

    theirs: str
    ours: tuple[tuple[str, int], ...]
    swapped: bool = False  # shift and scale stand in the other order

    def at(self, number):
        return Layer(
            self.theirs.replace("_blocks.N.", f"_blocks.{number}."),
            tuple((name.replace("_blocks.N.", f"_blocks.{number}."), units) for name, units in self.ours),
            self.swapped,
        )

    @property
    def repeats(self):
        return ".N." in self.theirs


def of(theirs, *ours, swapped=False):
    return Layer(theirs, tuple(one if isinstance(one, tuple) else (one, 1) for one in ours), swapped)


DOUBLE, SINGLE = "transformer_blocks.N", "single_transformer_blocks.N"
FLUX_1 = (
    of("double_blocks.N.img_mod.lin", f"{DOUBLE}.norm1.linear"),
    of("double_blocks.N.img_attn.qkv", f"{DOUBLE}.attn.to_q", f"{DOUBLE}.attn.to_k", f"{DOUBLE}.attn.to_v"),
    of("double_blocks.N.img_attn.proj", f"{DOUBLE}.attn.to_out.0"),
    of("double_blocks.N.img_mlp.0", f"{DOUBLE}.ff.net.0.proj"),
    of("double_blocks.N.img_mlp.2", f"{DOUBLE}.ff.net.2"),
    of("double_blocks.N.txt_mod.lin", f"{DOUBLE}.norm1_context.linear"),
    of("double_blocks.N.txt_attn.qkv", f"{DOUBLE}.attn.add_q_proj", f"{DOUBLE}.attn.add_k_proj",
       f"{DOUBLE}.attn.add_v_proj"),
    of("double_blocks.N.txt_attn.proj", f"{DOUBLE}.attn.to_add_out"),
    of("double_blocks.N.txt_mlp.0", f"{DOUBLE}.ff_context.net.0.proj"),
    of("double_blocks.N.txt_mlp.2", f"{DOUBLE}.ff_context.net.2"),
    of("single_blocks.N.linear1", f"{SINGLE}.attn.to_q", f"{SINGLE}.attn.to_k", f"{SINGLE}.attn.to_v",
       (f"{SINGLE}.proj_mlp", 4)),
    of("single_blocks.N.linear2", f"{SINGLE}.proj_out"),
    of("single_blocks.N.modulation.lin", f"{SINGLE}.norm.linear"),
    of("img_in", "x_embedder"),
    of("txt_in", "context_embedder"),
    of("time_in.in_layer", "time_text_embed.timestep_embedder.linear_1"),
    of("time_in.out_layer", "time_text_embed.timestep_embedder.linear_2"),
    of("vector_in.in_layer", "time_text_embed.text_embedder.linear_1"),
    of("vector_in.out_layer", "time_text_embed.text_embedder.linear_2"),
    of("guidance_in.in_layer", "time_text_embed.guidance_embedder.linear_1"),
    of("guidance_in.out_layer", "time_text_embed.guidance_embedder.linear_2"),
    of("final_layer.linear", "proj_out"),
    of("final_layer.adaLN_modulation.1", "norm_out.linear", swapped=True),
)  # fmt: skip
FLUX_2 = (
    of("double_blocks.N.img_attn.qkv", f"{DOUBLE}.attn.to_q", f"{DOUBLE}.attn.to_k", f"{DOUBLE}.attn.to_v"),
    of("double_blocks.N.img_attn.proj", f"{DOUBLE}.attn.to_out.0"),
    of("double_blocks.N.img_mlp.0", f"{DOUBLE}.ff.linear_in"),
    of("double_blocks.N.img_mlp.2", f"{DOUBLE}.ff.linear_out"),
    of("double_blocks.N.txt_attn.qkv", f"{DOUBLE}.attn.add_q_proj", f"{DOUBLE}.attn.add_k_proj",
       f"{DOUBLE}.attn.add_v_proj"),
    of("double_blocks.N.txt_attn.proj", f"{DOUBLE}.attn.to_add_out"),
    of("double_blocks.N.txt_mlp.0", f"{DOUBLE}.ff_context.linear_in"),
    of("double_blocks.N.txt_mlp.2", f"{DOUBLE}.ff_context.linear_out"),
    of("single_blocks.N.linear1", f"{SINGLE}.attn.to_qkv_mlp_proj"),
    of("single_blocks.N.linear2", f"{SINGLE}.attn.to_out"),
    of("double_stream_modulation_img.lin", "double_stream_modulation_img.linear"),
    of("double_stream_modulation_txt.lin", "double_stream_modulation_txt.linear"),
    of("single_stream_modulation.lin", "single_stream_modulation.linear"),
    of("img_in", "x_embedder"),
    of("txt_in", "context_embedder"),
    of("time_in.in_layer", "time_guidance_embed.timestep_embedder.linear_1"),
    of("time_in.out_layer", "time_guidance_embed.timestep_embedder.linear_2"),
    of("guidance_in.in_layer", "time_guidance_embed.guidance_embedder.linear_1"),
    of("guidance_in.out_layer", "time_guidance_embed.guidance_embedder.linear_2"),
    of("final_layer.linear", "proj_out"),
    of("final_layer.adaLN_modulation.1", "norm_out.linear", swapped=True),
)  # fmt: skip
# XLabs' x-flux: updates hang on the attention's processors, 1 for the picture's stream, 2 for the text's.
XLABS = {
    "double_blocks.N.processor.qkv_lora1": FLUX_1[1], "double_blocks.N.processor.qkv_lora2": FLUX_1[6],
    "double_blocks.N.processor.proj_lora1": FLUX_1[2], "double_blocks.N.processor.proj_lora2": FLUX_1[7],
}  # fmt: skip
XLABS_SINGLE = ("single_blocks.N.processor.qkv_lora", "single_blocks.N.processor.proj_lora")


def numbered(layers, numbers=("0",)):
    """All of `layers`, those of blocks once for each number."""
    for layer in layers:
        yield from (layer.at(number) for number in numbers) if layer.repeats else (layer,)
