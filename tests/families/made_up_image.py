"""A family of image bases that nobody has: its denoiser, its pipeline, its class and its row, in one file."""

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import AutoencoderKL, DiffusionPipeline, FlowMatchEulerDiscreteScheduler
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from PIL import Image
from torch import Tensor, nn
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from lorakit.families import pictures
from lorakit.families.base import Base
from lorakit.families.facts import BlockGroup, FamilyRow, Known, Licence, Preset, Settings
from lorakit.families.image import ImageFamily
from lorakit.families.source import Source
from tests.families import tiny_bases

WIDTH, TEXT = 24, 16


class Wave(nn.Module):
    """One block: each place looks at the whole picture's mean and at the words."""

    def __init__(self):
        super().__init__()
        self.mix, self.words = nn.Linear(2 * WIDTH, WIDTH), nn.Linear(TEXT, WIDTH)

    def forward(self, places: Tensor, words: Tensor) -> Tensor:
        mean = places.mean(1, keepdim=True).expand_as(places)
        return places + torch.tanh(self.mix(torch.cat([places, mean], -1)) + self.words(words)[:, None])


class WaveModel(ModelMixin, ConfigMixin):
    """The velocity (B, C, h, w) at noisy latents."""

    _no_split_modules = ["Wave"]  # noqa: RUF012  as diffusers has it

    @register_to_config
    def __init__(self, channels: int = 4, depth: int = 2):
        super().__init__()
        self.inlet, self.time = nn.Linear(channels, WIDTH), nn.Linear(1, WIDTH)
        self.waves = nn.ModuleList(Wave() for _ in range(depth))
        self.outlet = nn.Linear(WIDTH, channels)

    def forward(self, latents: Tensor, t: Tensor, words: Tensor) -> Tensor:
        places = self.inlet(latents.flatten(2).transpose(1, 2)) + self.time(t[:, None])[:, None]
        for wave in self.waves:
            places = wave(places, words.mean(1))
        return self.outlet(places).transpose(1, 2).unflatten(2, latents.shape[2:])


class WavePipeline(DiffusionPipeline):
    """Words and noise to a picture, by Euler's steps."""

    def __init__(
        self,
        transformer: WaveModel,
        vae: AutoencoderKL,
        text_encoder: CLIPTextModel,
        tokenizer: PreTrainedTokenizerFast,
        scheduler: FlowMatchEulerDiscreteScheduler,
    ):
        super().__init__()
        self.register_modules(
            transformer=transformer, vae=vae, text_encoder=text_encoder, tokenizer=tokenizer,
            scheduler=scheduler,
        )  # fmt: skip

    @torch.no_grad()
    def __call__(
        self, width, height, prompt_embeds, num_inference_steps, generator, callback_on_step_end, **_
    ):
        size = (self.transformer.config.channels, height // 8, width // 8)
        latents = torch.stack([torch.randn(size, generator=one) for one in generator])
        self.num_timesteps = num_inference_steps
        for number in range(num_inference_steps):
            t = torch.full((len(latents),), 1 - number / num_inference_steps)
            latents = latents - self.transformer(latents, t, prompt_embeds) / num_inference_steps
            callback_on_step_end(self, number, t, {})
        pixels = self.vae.decode(latents).sample.clamp(-1, 1).mul(127.5).add(127.5).byte()
        self.images = [Image.fromarray(one.permute(1, 2, 0).numpy()) for one in pixels]
        return self


class Waves(ImageFamily):
    """The family."""

    step = cell = 8
    learned = "waves."

    def open(self, source: Source, dtype: torch.dtype) -> Any:
        return pictures.open_pipeline(WavePipeline, source, dtype)

    @torch.no_grad()
    def encode_images(self, base: Base, pixels: Tensor) -> Tensor:
        vae = base.pipeline.vae
        return vae.encode(pixels.to(vae.device, vae.dtype)).latent_dist.mode()

    @torch.no_grad()
    def encode_prompts(self, base: Base, prompts: Sequence[str]) -> dict[str, Tensor]:
        pictures.bring(base)
        most = base.settings.max_tokens
        read = base.pipeline.tokenizer(
            list(prompts), return_tensors="pt", padding="max_length", max_length=most, truncation=True
        )
        return {"prompt_embeds": base.pipeline.text_encoder(read.input_ids).last_hidden_state}

    def shapes(self, base: Base, batch: int) -> tuple[int, dict[str, tuple[int, ...]]]:
        config: Any = base.model.config
        return config.channels, {"prompt_embeds": (batch, base.settings.max_tokens, TEXT)}

    def predict(self, base: Base, latents: Tensor, t: Tensor, conditioning: dict[str, Tensor]) -> Tensor:
        return base.model(
            latents.to(base.dtype), t.to(base.device, base.dtype),
            conditioning["prompt_embeds"].to(base.device, base.dtype),
        )  # fmt: skip

    def guided(
        self, base: Base, negative: dict[str, Tensor] | None, guidance: float, count: int
    ) -> dict[str, Any]:
        return {}


ROW = FamilyRow(
    "waves", "Waves", "image", f"{__name__}:Waves", ("WavePipeline",),
    Settings(area=64 * 64, steps=2, guidance=1.0, max_tokens=tiny_bases.TOKENS),
    ids=("waves-1",),
    component="transformer",
    modules=r"(waves|inlet|outlet|time)(\.|$)",
    architecture="waves/lora",
    blocks=(BlockGroup("waves", "All waves (waves)", r"(transformer\.)?waves\."),),
    licences=(("somebody/waves", Licence("Waves Licence", True, "https://example.com")),),
    bases=(Known("somebody/waves-1", "Waves 1", "image"),),
    presets=(Preset("waves", "Waves", "image", False, {"rank": 3}, only_for=("waves",)),),
)  # fmt: skip


def write(folder) -> str:
    """A base of the family with random weights, as a folder."""
    torch.manual_seed(0)
    pipeline = WavePipeline(
        WaveModel(), tiny_bases.vae(), tiny_bases.clip(CLIPTextModel, TEXT), tiny_bases.tokenizer(),
        FlowMatchEulerDiscreteScheduler(),
    )  # fmt: skip
    return tiny_bases.write(folder, pipeline)
