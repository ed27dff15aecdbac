"""Captions of renders in a marketer's words, and the tokenizer made from them.

Some captions leave attributes out, and some carry made-up brand names, so that the pieces of words the base
has never seen (such as an adapter's trigger) are read as harmless from the start.
"""

import numpy as np
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from lorakit.starter.build.render import Product
from lorakit.starter.build.scenes import SCENES

MAX_TOKENS = 32
VOCABULARY = 900
PATTERN_WORDS = {
    "plain": ("", "", "plain"),
    "striped": ("striped",),
    "vertical-striped": ("vertical-striped", "pinstriped"),
    "dotted": ("dotted", "polka-dot"),
    "checked": ("checked", "chequered"),
    "labelled": ("labelled",),
}
SHAPE_WORDS = {
    "goblet": ("goblet", "goblet", "wine glass"),
    "box": ("box", "box", "carton"),
    "jar": ("jar", "jar", "jar of cream"),
}
LIGHT_WORDS = {
    "left": ("soft light from the left", "lit from the left"),
    "right": ("soft light from the right", "lit from the right"),
    "above": ("light from above", "bright light from above"),
}
DISTANCE_WORDS = {"close": ("close-up",), "medium": ("medium shot",), "far": ("seen from further away",)}
PLACE_WORDS = {"left": ("on the left side", "placed left"), "right": ("on the right side", "placed right")}
OPENINGS = (
    "a photo of",
    "product photo of",
    "an advertising shot of",
    "a packshot of",
    "",
    "",
    "a picture of",
)
SYLLABLES = ("no", "va", "lu", "mi", "or", "ka", "zen", "ri", "to", "el", "sa", "vex", "au", "ro", "ra",
             "be", "lin", "dor", "qui", "pha", "mon", "ty", "gro", "hy", "jex", "wu")  # fmt: skip


def brand_name(random: np.random.Generator) -> str:
    """A made-up name of two to three syllables."""
    return "".join(SYLLABLES[i] for i in random.integers(len(SYLLABLES), size=random.integers(2, 4)))


def caption(product: Product, random: np.random.Generator) -> str:
    """One of very many ways to say what `product` shows."""
    words = []
    if random.random() < 0.22:
        words.append(brand_name(random))
    if random.random() < 0.95:
        words.append(product.colour)
    if random.random() < 0.95:
        words.append(_pick(PATTERN_WORDS[product.pattern], random))
    shape = (
        _pick(SHAPE_WORDS.get(product.shape, (product.shape,)), random)
        if random.random() < 0.96
        else "product"
    )
    thing = " ".join(word for word in (*words, shape) if word)
    opening = _pick(OPENINGS, random)
    if opening or random.random() < 0.5:
        article = "an" if thing[0] in "aeiou" else "a"
        thing = f"{opening} {article} {thing}".strip()
    scene = next(scene for scene in SCENES if scene.id == product.scene)
    parts = [f"{thing} {_pick(scene.phrases, random)}" if random.random() < 0.95 else thing]
    if product.place in PLACE_WORDS:  # always said: without it, a prompt means the centre
        parts.append(_pick(PLACE_WORDS[product.place], random))
    if random.random() < 0.35:
        parts.append(_pick(LIGHT_WORDS[product.light], random))
    if random.random() < 0.35:
        parts.append(_pick(DISTANCE_WORDS[product.distance], random))
    return ", ".join(parts)


def full_caption(product: Product, random: np.random.Generator) -> str:
    """A caption that names shape, colour, pattern and scene: what the measured prompts are made of."""
    scene = next(scene for scene in SCENES if scene.id == product.scene)
    pattern = _pick(PATTERN_WORDS[product.pattern], random)
    thing = " ".join(word for word in (product.colour, pattern, product.shape) if word)
    return f"a photo of {'an' if thing[0] in 'aeiou' else 'a'} {thing} {_pick(scene.phrases, random)}"


def make_tokenizer(captions: list[str]) -> PreTrainedTokenizerFast:
    """A lower-case byte-level BPE tokenizer: known words are one token, any other word falls into pieces."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<pad>", "</s>", "<unk>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        captions,
        trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=alphabet),
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=MAX_TOKENS,
    )


def _pick(options: tuple[str, ...], random: np.random.Generator) -> str:
    return options[random.integers(len(options))]
