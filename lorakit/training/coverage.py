"""Which layers of a base a training gives an update, and what of the base stays as it is; said beforehand."""

from typing import Any

from lorakit.errors import RecipeError
from lorakit.families import Base
from lorakit.families.quantize import numbers_in
from lorakit.lora.experts import Share
from lorakit.lora.inject import rooms_of
from lorakit.lora.layers import weight_shape
from lorakit.lora.modules import modules_of
from lorakit.training.recipe import Recipe

LEFT = 0.1  # of the weights beside the embeddings: less is norms, biases and the like


def targets(base: Base, recipe: Recipe) -> list[str]:
    """The layers that a training of this recipe gives an update, by name.

    Raises RecipeError for DoRA on a base with experts: PEFT, whose layout an adapter is stored in, has none
    for them, and an adapter that leaves them out would not be opened whole there.
    """
    found: list[str] = base.kind.targets(base, recipe.convolutions)
    if recipe.dora and any(isinstance(modules_of(base.model).get(name), Share) for name in found):
        raise RecipeError("recipe: dora is not possible on a base model with experts; turn DoRA off")
    return found


def notes(base: Base, recipe: Recipe, names: list[str]) -> list[str]:
    """What a person should know of it, in sentences: layers of a smaller rank, and weights without update."""
    modules = modules_of(base.model)
    notes = []
    narrow = {name: room for name, room in rooms_of(modules, names).items() if room < recipe.rank}
    if narrow:
        example = next(iter(narrow))
        notes.append(
            f"{len(narrow)} of {len(names)} layers are narrower than rank {recipe.rank} and get the rank "
            f"they have room for, such as {example} (rank {narrow[example]})."
        )
    if base.kind.finds_targets:
        share = _left(base.model, [modules[name] for name in names])
        if share > LEFT:
            notes.append(
                f"{share:.0%} of this base model's weights, embeddings aside, are not trained: their layers "
                "can't take an update."
            )
    return notes


def _left(model: Any, layers: list[Any]) -> float:
    """The share of the weights outside of `layers`, of all but the embeddings and the output head."""
    ends = {id(part.weight) for part in (model.get_input_embeddings(), model.get_output_embeddings()) if part}
    reached = 0
    for layer in layers:
        size = 1
        for side in weight_shape(layer) or ():
            size *= side
        reached += size
    others = {id(p): numbers_in([p]) for p in model.parameters() if id(p) not in ends}
    inside = {id(layer.whole if isinstance(layer, Share) else layer.weight) for layer in layers}
    rest = sum(size for key, size in others.items() if key not in inside)
    return rest / max(1, rest + reached)
