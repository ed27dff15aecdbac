"""What the families of image bases share: loading through a pipeline, layers to train, sampling.

Latents are (B, C, h, w), normalised and unpacked. Times `t` are those of the base's objective: 0..1 for flows
(1 is noise), whole timesteps for diffusion.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from lorakit.errors import DataError
from lorakit.families import painting, pictures
from lorakit.families.base import Base, Family, Objective
from lorakit.families.empty import META, parts_of
from lorakit.families.facts import Licence, Settings
from lorakit.families.numbers import best_dtype
from lorakit.families.source import INDEX, Source, read_index, read_settings


class ImageFamily(Family):
    """A family of image bases; a new one says how its pipeline opens, encodes, predicts and is guided."""

    step: int  # both sides of a picture are multiples of this many pixels
    cell: int  # both sides of a place in the latents, in pixels
    learned = "transformer_blocks."  # stands in the names of the layers that are trained
    guided_at_once = False  # does its pipeline put the guided and the unguided pass into one batch?

    @abstractmethod
    def open(self, source: Source, dtype: torch.dtype) -> Any:
        """Its pipeline, on the CPU. Raises BaseError, also for another kind of base of the same classes."""

    def settings_of(self, pipeline: Any, index: Mapping[str, Any]) -> Settings:
        """What a base works best with that states nothing; `index` is what its model_index.json holds."""
        return self.row.settings

    @abstractmethod
    def encode_images(self, base: Base, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, H, W) in -1..1 -> normalised latents (B, C, h, w): the posterior's mode."""

    @abstractmethod
    def encode_prompts(self, base: Base, prompts: Sequence[str]) -> dict[str, Tensor]:
        """What the denoiser is told of each prompt, a row each, under the names of the pipeline's inputs."""

    @abstractmethod
    def shapes(self, base: Base, batch: int) -> tuple[int, dict[str, tuple[int, ...]]]:
        """The latents' channels and the shapes of the conditioning, from the model's configuration alone."""

    @abstractmethod
    def predict(self, base: Base, latents: Tensor, t: Tensor, conditioning: dict[str, Tensor]) -> Tensor:
        """What the objective says (B, C, h, w) at noisy `latents` and times `t` (B,)."""

    @abstractmethod
    def guided(
        self, base: Base, negative: dict[str, Tensor] | None, guidance: float, count: int
    ) -> dict[str, Any]:
        """The pipeline's inputs by which `count` pictures are guided."""

    def load(
        self, source: Source, device: torch.device, dtype: torch.dtype | None, quantize: str | None
    ) -> Base:
        """Load the pipeline. In bf16 on CUDA and float32 on the CPU unless `dtype` says otherwise."""
        dtype = best_dtype(device, dtype)
        pipeline = self.open(source, dtype)
        index = {**pipeline.config, "_class_name": type(pipeline).__name__}
        default = self.settings_of(pipeline, index)
        return pictures.settle(pipeline, source, self.name, self.component, device, dtype, quantize, default)

    def shape(self, source: Source, folder: Path, dtype: torch.dtype) -> Base:
        """The pipeline's parts without values, and its scheduler."""
        pipeline = parts_of(folder, dtype)
        settings, _ = read_settings(source.folder, self.settings_of(pipeline, read_index(folder / INDEX)))
        return Base(
            source.text, self.name, getattr(pipeline, self.component), META, dtype, Licence("", None),
            pipeline=pipeline, settings=settings,
        )  # fmt: skip

    def parts(self, base: Base) -> dict[str, nn.Module]:
        """The autoencoder, "vae", and the text encoders."""
        return {"vae": base.pipeline.vae, **pictures.encoders(base.pipeline)}

    def offload(self, base: Base, device: torch.device) -> None:
        """The same, with the autoencoder on the device."""
        super().offload(base, device)
        base.pipeline.vae.to(device)

    def targets(self, base: Base, convolutions: bool = False) -> list[str]:
        """All linear layers of attention and feed-forward, not the modulations, embedders or the output;
        with `convolutions`, also those of the blocks, where there are any.
        """
        return [
            path
            for path, module in base.model.named_modules()
            if (isinstance(module, nn.Linear) and self.learned in path and ".norm" not in path)
            or (convolutions and isinstance(module, nn.Conv2d) and "_block" in path)
        ]

    def objective(self, base: Base) -> Objective:
        """Rectified flow."""
        return Objective("flow_matching")

    def describe_photo(
        self, base: Base, original: tuple[int, int], bucket: tuple[int, int]
    ) -> dict[str, Tensor]:
        """What the denoiser is told of one photo: nothing where the size of the latents says it all.

        `original` and `bucket` are (width, height) in pixels.
        """
        return {}

    def blank(self, base: Base, batch: int, width: int, height: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Empty latents and conditioning of a batch's shapes, from the model's configuration alone."""
        channels, shapes = self.shapes(base, batch)
        return pictures.blank(base, (batch, channels, height // self.cell, width // self.cell), shapes)

    def free_encoders(self, base: Base) -> None:
        """Make room on a GPU once texts are encoded."""
        pictures.free_encoders(base)

    @torch.no_grad()
    def sample(
        self,
        base: Base,
        conditioning: dict[str, Tensor],
        negative: dict[str, Tensor] | None,
        width: int,
        height: int,
        seeds: Sequence[int],
        steps: int,
        guidance: float,
        on_step: Callable[[int], None] | None = None,
    ) -> list[Image.Image]:
        """One picture per seed through the pipeline itself.

        `conditioning` and `negative` have one row, or one per seed. How `guidance` works, and whether
        `negative` does, is the base's own (`guided`). A seed's picture does not depend on what it is batched
        with. Raises DataError when a side is no multiple of `step`.
        """
        options = pictures.rows(base, conditioning, len(seeds))
        options |= self.guided(base, negative, guidance, len(seeds))
        return pictures.draw(base, width, height, self.step, seeds, steps, on_step, **options)

    @torch.no_grad()
    def paint(
        self,
        base: Base,
        conditioning: dict[str, Tensor],
        negative: dict[str, Tensor] | None,
        picture: Image.Image | Sequence[Image.Image],
        mask: Image.Image | Sequence[Image.Image],
        strength: float,
        seeds: Sequence[int],
        steps: int,
        guidance: float,
        on_step: Callable[[int], None] | None = None,
    ) -> list[Image.Image]:
        """One image per seed: `picture`, painted anew where `mask` (L, of its size) is white.

        One picture and mask for all seeds, or one each. `strength` in 0..1 is how much of what was there may
        change; black in the mask stays bit for bit. Else as `sample`. Raises DataError for a mask of another
        size, sides that are no multiples of `step`, and a base that cannot paint.
        """
        pictures_, masks = _each(picture, len(seeds)), _each(mask, len(seeds))
        for one, its_mask in zip(pictures_, masks, strict=True):
            painting.check_canvas(one, its_mask, self.step, strength)
        options = pictures.rows(base, conditioning, len(seeds))
        options |= self.guided(base, negative, guidance, len(seeds))
        pipeline = self.inpainter(base)
        if pipeline is None:
            raise DataError(f"{self.row.label} can't paint into an image; choose another base model")
        painted = painting.inpaint(
            base, pipeline, pictures_, masks, strength, seeds, steps, on_step, **options
        )
        return [painting.merged(*each) for each in zip(painted, pictures_, masks, strict=True)]

    def inpainter(self, base: Base) -> Any:
        """The class of diffusers' pipeline that paints with this base; None when there is none."""
        return None


def _each(given: Image.Image | Sequence[Image.Image], count: int) -> list[Image.Image]:
    return [given] * count if isinstance(given, Image.Image) else list(given)


def guidance_in_training(base: Base, batch: int) -> Tensor | None:
    """The guidance (B,) that a base distilled for guidance is told in training; None for any other.

    1 keeps its own guidance usable afterwards (diffusers' and ai-toolkit's FLUX trainings do the same).
    """
    config: Any = base.model.config
    return torch.ones(batch, device=base.device, dtype=base.dtype) if config.guidance_embeds else None
