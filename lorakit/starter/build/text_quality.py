"""What the starter text base can do, measured: perplexity, endings, names and facts; and the report of it."""

import math
from typing import Any

import numpy as np
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from lorakit.families import Base, Licence, Settings
from lorakit.generation.copy.writing import Brief
from lorakit.starter.build import text_data
from lorakit.starter.build.text_batches import POOL, batch

HELD_OUT = 999_999  # seed of data that no training draws
SAMPLES = 50
ROOM = 200  # tokens; every kind of copy it knows is much shorter
TEMPERATURE, TOP_P = 0.7, 0.92

# Names and facts as people give them, none put together from the parts that the training data uses.
FROM_LIFE = (
    ("Nordal teapot", "holds 900 ml; keeps its heat"),
    ("Aurora bottle", "keeps drinks cold for 24 hours; made of recycled steel"),
    ("GreenLeaf kettle", "boils in two minutes; made of glass"),
    ("Bergmann & Sons rye bread", "baked at four in the morning; with sourdough"),
    ("Luna 3 night light", "glows for ten hours; charges by USB"),
    ("Casa Verde olive oil", "from Andalusia; pressed the same day"),
    ("PetalSoft pillow", "filled with down; washable at 60 degrees"),
    ("Hopscotch sneaker", "in sizes 20 to 35; with glow soles"),
    ("Ember & Oak candle", "burns for 60 hours; scented with smoked vanilla"),
    ("Trailmate XT backpack", "holds 38 litres; with a rain cover"),
    ("Löwenhof & Töchter honey", "from our own meadows; spun cold"),
    ("No. 12 hand balm", "with beeswax; made for gardeners"),
    ("The Corner Bakery granola", "baked on Fridays; with roasted hazelnuts"),
    ("Ben & Ida's ice cream", "with real vanilla; churned slowly"),
    ("HydroMax 3000 garden hose", "25 metres long; does not kink"),
    ("São Jorge cheese", "aged for nine months; from raw milk"),
    ("VR-7 ski goggles", "with two lenses; fits over glasses"),
    ("Old Harbour fish soup", "made from the catch of the day; ready in six minutes"),
    ("iGlow reading lamp", "three shades of white; clips on a book"),
    ("Kowalczyk Brothers leather belt", "cut from one hide; with a brass buckle"),
)


@torch.no_grad()
def measure(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    """Held-out perplexity per answer token; of 50 briefs with names of made-up syllables and of 50 with odd
    names, how many stop on their own, keep their name and tell all their facts (headlines tell one); and of
    `FROM_LIFE`, how many keep the name.
    """
    model.float().eval()
    losses = []
    for number in range(POOL):
        tokens, labels = batch(tokenizer, HELD_OUT, number)
        losses.append(model(input_ids=tokens, attention_mask=(tokens != 0).long(), labels=labels).loss.item())
    base = Base(
        "starter-text", "llm", model, torch.device("cpu"), torch.float32, Licence("", True),
        tokenizer=tokenizer, settings=Settings(),
    )  # fmt: skip
    random = np.random.default_rng((HELD_OUT, POOL))
    made_up = [text_data.sample(random, odd=0) for _ in range(SAMPLES)]
    odd = [text_data.sample(random, odd=1) for _ in range(SAMPLES)]
    life = [
        Brief(product, facts, channel=c) for product, facts in FROM_LIFE for c in ("meta-primary", "email")
    ]
    written = _write(base, [brief.prompt() for brief in life])
    return {
        "perplexity": math.exp(float(np.mean(losses))),
        "parameters": sum(p.numel() for p in model.parameters()),
        "made_up": _judged(base, made_up),
        "odd": _judged(base, odd),
        "named_from_life": [sum(b.product in t for b, t in zip(life, written, strict=True)), len(life)],
        "texts_from_life": [[brief.prompt(), text] for brief, text in zip(life, written, strict=True)],
    }


def _judged(base: Base, samples: list[text_data.Sample]) -> dict[str, Any]:
    texts = _write(base, [sample.instruction for sample in samples])
    told = [
        all(fact.lower() in text.lower() for fact in _facts(sample.instruction))
        for sample, text in zip(samples, texts, strict=True)
        if sample.channel != "ad headline"
    ]
    return {
        "ended": sum(len(base.tokenizer(text).input_ids) < ROOM - 2 for text in texts),
        "named": sum(s.name.lower() in text.lower() for s, text in zip(samples, texts, strict=True)),
        "factual": [sum(told), len(told)],
        "texts": [[sample.instruction, text] for sample, text in zip(samples, texts, strict=True)],
    }


def _facts(instruction: str) -> list[str]:
    return instruction.partition("Facts: ")[2].split("\n")[0].split("; ")


def _write(base: Base, prompts: list[str]) -> list[str]:
    messages = [[{"role": "user", "content": prompt}] for prompt in prompts]
    return base.kind.generate(base, messages, range(len(prompts)), ROOM, TEMPERATURE, TOP_P)


def markdown(measured: dict[str, Any]) -> str:
    """The report's section: the figures, and texts to judge by reading."""
    kept, asked = measured["named_from_life"]
    made_up, odd = measured["made_up"], measured["odd"]
    lines = [
        f"A Llama of {measured['parameters'] / 1e6:.1f} M parameters; perplexity per token of held-out copy "
        f"{measured['perplexity']:.2f}. Two kinds of briefs that no training has seen: names of made-up "
        "syllables, and odd ones (any letters, codes, firms with an `&`, accents, four words and more).",
        "",
        "| measured | made-up names | odd names |",
        "| --- | --- | --- |",
        *(
            f"| {what} | {made_up[key]} of {SAMPLES} | {odd[key]} of {SAMPLES} |"
            for what, key in (("stop on their own", "ended"), ("keep their product's name", "named"))
        ),
        "| posts, descriptions and emails that include every fact in the brief | "
        + " | ".join("{} of {}".format(*row["factual"]) for row in (made_up, odd))
        + " |",
        "",
        f"Of {asked} texts for realistic names and facts, {kept} keep the exact name.",
        "",
    ]
    for prompt, text in [*made_up["texts"][:4], *odd["texts"][:4], *measured["texts_from_life"][:8]]:
        lines += ["```text", prompt, "```", "", *("> " + line for line in text.split("\n")), ""]
    return "\n".join(lines)
