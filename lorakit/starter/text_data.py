"""Neutral product copy for the starter text base: instruction in, copy out.

Products, facts, audiences and sentence frames are combined at random; most product names are made up, so that the
model learns to copy a name and a fact from the brief instead of remembering them.
"""

from dataclasses import dataclass

import numpy as np

CHANNELS = ("ad headline", "social post", "product description", "email")
TONES = ("friendly", "elegant", "playful", "plain", "warm", "confident")


@dataclass(frozen=True)
class Kind:
    """A type of product: its nouns, what may be true of it, and what it is good for."""

    nouns: tuple[str, ...]
    facts: tuple[str, ...]
    uses: tuple[str, ...]
    benefits: tuple[str, ...]


KINDS = (
    Kind(("water bottle", "flask", "thermos"), ("made of recycled steel", "keeps drinks cold for 24 hours", "holds 750 ml", "leakproof lid", "fits every cup holder", "free of plastic"), ("on the trail", "at the gym", "on the way to work"), ("stay fresh all day", "leave plastic behind", "drink more water")),
    Kind(("coffee", "espresso", "coffee blend"), ("roasted in small batches", "notes of cocoa and cherry", "grown at 1,800 metres", "fair trade", "ready in four minutes", "whole beans"), ("at breakfast", "after lunch", "in the morning"), ("start the day well", "slow down for a moment", "taste the difference")),
    Kind(("tea", "herbal tea", "green tea"), ("picked by hand", "free of caffeine", "blended with mint", "in compostable bags", "from a family garden", "ready in three minutes"), ("in the evening", "on a rainy day", "after dinner"), ("find a quiet moment", "sleep better", "warm up gently")),
    Kind(("mug", "cup", "travel mug"), ("glazed by hand", "safe for the dishwasher", "holds 350 ml", "made of stoneware", "with a wide handle", "keeps its heat"), ("at your desk", "by the window", "on slow mornings"), ("make every sip count", "feel at home", "enjoy the first cup")),
    Kind(("candle", "scented candle"), ("burns for 45 hours", "made of soy wax", "scented with cedar", "poured by hand", "in a glass you can reuse", "with a cotton wick"), ("in the living room", "after a long day", "at the dinner table"), ("set the mood", "unwind in minutes", "fill the room with calm")),
    Kind(("face cream", "day cream", "hand cream"), ("with oat and shea", "free of perfume", "tested on sensitive skin", "absorbs in seconds", "made without palm oil", "with vitamin E"), ("every morning", "before bed", "in cold weather"), ("keep skin soft", "feel fresh", "protect what you wear every day")),
    Kind(("shampoo", "soap", "shower gel"), ("made from plants", "with rosemary oil", "free of sulphates", "lasts 60 washes", "in a refill pack", "gentle on the scalp"), ("in the shower", "after sport", "on every trip"), ("start clean", "use less plastic", "smell wonderful")),
    Kind(("running shoe", "sneaker", "trail shoe"), ("weighs 210 grams", "with a recycled upper", "grips on wet ground", "cushioned heel", "laces that stay tied", "tested over 800 km"), ("on your morning run", "in the city", "on rough paths"), ("run further", "land softly", "leave your worries behind")),
    Kind(("backpack", "daypack", "school bag"), ("holds 22 litres", "with a padded sleeve", "made of waxed cotton", "waterproof zips", "weighs 800 grams", "repaired for free"), ("on the commute", "on weekend trips", "at school"), ("carry everything easily", "keep your things dry", "travel light")),
    Kind(("lamp", "desk lamp", "reading lamp"), ("dims in three steps", "uses 6 watts", "with a linen shade", "turns in every direction", "made of oak", "charges your phone"), ("by the bed", "at your desk", "in the reading corner"), ("see clearly", "create a cosy corner", "rest your eyes")),
    Kind(("chair", "armchair", "stool"), ("made of solid oak", "covered in wool", "built in ten minutes", "stackable", "with a curved back", "guaranteed for ten years"), ("at the table", "in the hall", "in the home office"), ("sit well for hours", "save space", "welcome your guests")),
    Kind(("notebook", "planner", "journal"), ("with 160 pages", "bound with thread", "lies flat", "printed on recycled paper", "with dotted pages", "fits in a coat pocket"), ("in meetings", "on the train", "at the kitchen table"), ("keep your ideas", "plan with ease", "write more often")),
    Kind(("headphones", "earbuds", "speaker"), ("plays for 30 hours", "charges in ten minutes", "blocks the noise around you", "splash proof", "folds flat", "with clear bass"), ("on the train", "in the office", "in the park"), ("hear every detail", "focus for longer", "take your music anywhere")),
    Kind(("bicycle", "city bike", "e-bike"), ("with a belt drive", "weighs 13 kilos", "goes 80 km on one charge", "lights built in", "made to order", "with eight gears"), ("in town", "on the way to work", "along the river"), ("arrive relaxed", "skip the traffic", "enjoy the ride")),
    Kind(("olive oil", "salad dressing"), ("pressed the same day", "from a single grove", "in a dark bottle", "with a peppery finish", "harvested by hand", "unfiltered"), ("on salads", "with fresh bread", "over pasta"), ("lift a simple meal", "taste the south", "cook with confidence")),
    Kind(("chocolate", "chocolate bar"), ("with 70 percent cocoa", "made with sea salt", "stone ground", "free of milk", "wrapped in paper", "from three farms"), ("after dinner", "with a coffee", "on the sofa"), ("treat yourself", "share a good thing", "taste real cocoa")),
    Kind(("honey", "jam"), ("from wild meadows", "never heated", "with whole fruit", "in a glass jar", "cooked in copper pots", "with half the sugar"), ("on toast", "at breakfast", "in yoghurt"), ("sweeten the morning", "bring summer back", "taste the garden")),
    Kind(("dog food", "dog treat"), ("with fresh salmon", "free of grain", "made without colours", "baked slowly", "in a pack that closes", "chosen by vets"), ("after a walk", "at every meal", "as a reward"), ("keep your dog happy", "give them the best", "see their coat shine")),
    Kind(("blanket", "throw", "quilt"), ("woven from merino wool", "washable at 30 degrees", "130 by 180 cm", "made in a family mill", "filled with cotton", "soft from the first day"), ("on the sofa", "in the garden", "on cool nights"), ("get comfortable", "stay warm", "make the room softer")),
    Kind(("pan", "frying pan", "wok"), ("forged from iron", "works on induction", "with a beech handle", "heats evenly", "without coating", "lasts a lifetime"), ("in the kitchen", "over a fire", "every day"), ("cook like a chef", "get a perfect crust", "buy only once")),
    Kind(("knife", "kitchen knife"), ("made of Japanese steel", "sharp for months", "balanced by hand", "with a walnut handle", "weighs 180 grams", "sharpened for free"), ("in the kitchen", "at the barbecue", "for every vegetable"), ("cut with ease", "cook faster", "enjoy the work")),
    Kind(("toothbrush", "toothpaste"), ("with a bamboo handle", "soft bristles", "lasts three months", "free of microplastics", "with fresh mint", "made for sensitive teeth"), ("morning and night", "on every trip", "in the family bathroom"), ("smile freely", "brush gently", "waste less")),
    Kind(("jacket", "raincoat", "parka"), ("waterproof to 10,000 mm", "made from old nets", "with six pockets", "taped seams", "packs into its own hood", "lined with fleece"), ("in the rain", "in the mountains", "between seasons"), ("stay dry", "go out in any weather", "feel light")),
    Kind(("t-shirt", "sweater", "shirt"), ("made of organic cotton", "cut for a loose fit", "dyed without poison", "keeps its shape", "knitted in one piece", "in nine sizes"), ("every day", "at the office", "at the weekend"), ("wear it for years", "feel good at once", "dress simply")),
    Kind(("watch", "wristwatch"), ("with a sapphire glass", "runs on daylight", "only 7 mm thin", "waterproof to 50 metres", "with a leather strap", "assembled by hand"), ("in meetings", "on the beach", "every day"), ("keep your time", "wear less, say more", "own one good thing")),
    Kind(("sunscreen", "lip balm"), ("with factor 50", "safe for reefs", "free of perfume", "waterproof for 80 minutes", "leaves no white film", "with aloe"), ("at the beach", "in the mountains", "in the city"), ("enjoy the sun safely", "keep lips soft", "stay outside longer")),
    Kind(("plant pot", "vase", "planter"), ("fired at 1,200 degrees", "with a hidden saucer", "made of clay", "in four sizes", "frost proof", "each one different"), ("on the balcony", "on the shelf", "in the hall"), ("bring the green inside", "let flowers shine", "grow something")),
    Kind(("toy", "wooden toy", "puzzle"), ("made of beech", "painted with water colours", "for children from three", "with 60 pieces", "without batteries", "tested for safety"), ("on rainy days", "at grandma's", "in the car"), ("play for hours", "spark ideas", "learn without noticing")),
    Kind(("yoga mat", "dumbbell", "skipping rope"), ("made of natural rubber", "with a firm grip", "4 mm thick", "rolls up small", "easy to clean", "free of latex"), ("at home", "in the studio", "in the park"), ("move with ease", "train anywhere", "find your balance")),
    Kind(("granola", "muesli", "snack bar"), ("with 40 percent nuts", "without added sugar", "baked in the oven", "rich in fibre", "with dried berries", "made in small batches"), ("at breakfast", "between meetings", "on a hike"), ("keep going until lunch", "eat well in a hurry", "start strong")),
)  # fmt: skip

AUDIENCES = (
    "busy parents", "students", "people who work from home", "runners", "commuters", "home cooks", "people who love design",
    "outdoor lovers", "small offices", "families", "travellers", "people who care about the planet", "gift hunters",
    "early risers", "city people", "beginners",
)  # fmt: skip

STARTS = ("lu", "mi", "ar", "bo", "ka", "no", "ve", "sol", "fen", "tor", "el", "ni", "ra", "hal", "bri", "ze", "po", "da", "or", "wil", "ta", "gro", "al", "sa", "ju", "per")  # fmt: skip
MIDDLES = ("no", "ra", "li", "ve", "mo", "ta", "ri", "lo", "ne", "da", "vi", "sa", "ko", "mi", "be")
ENDS = ("n", "ra", "la", "vo", "x", "da", "ne", "lo", "ria", "so", "ka", "m", "lin", "dor", "th", "va", "mi", "ro", "s", "t")


def brand(random: np.random.Generator) -> str:
    """A made-up brand of two to three syllables, with a capital."""
    middle = _pick(MIDDLES, random) if random.random() < 0.5 else ""
    return (_pick(STARTS, random) + middle + _pick(ENDS, random)).capitalize()


@dataclass(frozen=True)
class Sample:
    """One brief and its copy. `name` must appear in `answer`."""

    instruction: str
    answer: str
    name: str
    channel: str


def instruction(channel: str, name: str, facts: str, audience: str, tone: str) -> str:
    """The brief as the model reads it; the name stands last, where copying it is easiest."""
    lines = [f"Write: {channel}"]
    if tone:
        lines.append(f"Tone: {tone}")
    if audience:
        lines.append(f"For: {audience}")
    if facts:
        lines.append(f"Facts: {facts}")
    lines.append(f"Product: {name}")
    return "\n".join(lines)


def sample(random: np.random.Generator) -> Sample:
    """A random brief with the copy that answers it."""
    kind = KINDS[random.integers(len(KINDS))]
    noun = _pick(kind.nouns, random)
    style = random.random()
    name = f"{brand(random)} {noun}" if style < 0.7 else brand(random) if style < 0.85 else f"{brand(random)} {brand(random)}"
    facts = [kind.facts[i] for i in random.permutation(len(kind.facts))[: random.integers(1, 4)]]
    if random.random() < 0.25:  # facts of other things must be repeated just as faithfully
        other = KINDS[random.integers(len(KINDS))]
        facts[-1] = _pick(other.facts, random)
    facts = list(dict.fromkeys(facts))
    audience = _pick(AUDIENCES, random) if random.random() < 0.8 else ""
    tone = _pick(TONES, random) if random.random() < 0.8 else ""
    channel = _pick(CHANNELS, random)
    writer = {"ad headline": _headline, "social post": _post, "product description": _description, "email": _email}[channel]
    answer = writer(name, noun, facts, audience, kind, tone, random)
    return Sample(instruction(channel, name, "; ".join(facts), audience, tone), answer, name, channel)


def _headline(name, noun, facts, audience, kind, tone, random):  # type: ignore[no-untyped-def]
    benefit, fact = _pick(kind.benefits, random), _pick(facts, random)
    frames = (f"{name}: {benefit}", f"{name}: {fact}", f"Meet {name}", f"{_up(benefit)} with {name}", f"{name}, {fact}",
              f"{name} for {audience or 'every day'}")  # fmt: skip
    return _pick(frames, random)


def _post(name, noun, facts, audience, kind, tone, random):  # type: ignore[no-untyped-def]
    use, benefit = _pick(kind.uses, random), _pick(kind.benefits, random)
    opening = _pick({
        "playful": (f"Guess who is coming along {use}? {name}!", f"Hello, {name}!", f"Plot twist: {name} is here."),
        "elegant": (f"{name}. Made with care.", f"A quiet pleasure: {name}.", f"Introducing {name}."),
        "confident": (f"{name} does more.", f"This is {name}.", f"You will not want to be without {name}."),
        "warm": (f"For the moments that matter: {name}.", f"Say hello to {name}.", f"{name} is made for days like this."),
    }.get(tone, (f"This is {name}.", f"New: {name}.", f"Meet {name}.", f"{name} is here.")), random)  # fmt: skip
    middle = f"{_list_facts(facts, random)} {_pick((f'Perfect {use}.', f'Just right {use}.', f'Take it with you {use}.'), random)}"
    closing = _pick((f"{_up(benefit)}.", f"Made for {audience or 'you'}.", f"Because you deserve to {benefit}.",
                     f"Who would you share it with?"), random)  # fmt: skip
    tag = "#" + "".join(part.capitalize() for part in noun.replace("-", " ").split())
    return f"{opening} {middle} {closing} {tag}"


def _description(name, noun, facts, audience, kind, tone, random):  # type: ignore[no-untyped-def]
    use, benefit = _pick(kind.uses, random), _pick(kind.benefits, random)
    first = _pick((f"{name} helps you {benefit}, {use} and wherever you need it.", f"With {name} you {benefit}.",
                   f"{name} was made for one thing: to help you {benefit}.", f"Say yes to {name}, made to {benefit}."), random)  # fmt: skip
    last = _pick((f"A good choice for {audience or 'every day'}.", f"Ideal {use}.", f"{_up(audience or 'people')} will love it.",
                  f"Try {name} {use}."), random)  # fmt: skip
    return f"{first} {_list_facts(facts, random)} {last}"


def _email(name, noun, facts, audience, kind, tone, random):  # type: ignore[no-untyped-def]
    use, benefit = _pick(kind.uses, random), _pick(kind.benefits, random)
    subject = _pick((f"{name} is here", f"{_up(benefit)} with {name}", f"New: {name}", f"Have you met {name}?",
                     f"{name}: {facts[0]}"), random)  # fmt: skip
    greeting = _pick(("Hello,", "Hi there,", "Good morning,", "Dear friends,"), random)
    body = _pick((f"we made {name} so that you can {benefit}.", f"{name} has arrived, just in time.",
                  f"you asked for it, and here it is: {name}."), random)  # fmt: skip
    closing = _pick((f"Enjoy it {use}.", f"See how it helps you {benefit}.", f"Made for {audience or 'you'}, {use}."), random)
    return f"Subject: {subject}\n\n{greeting}\n{body} {_list_facts(facts, random)} {closing}"


def _list_facts(facts: list[str], random: np.random.Generator) -> str:
    if len(facts) == 1:
        return _pick((f"{_up(facts[0])}.", f"Good to know: {facts[0]}."), random)
    if random.random() < 0.5:
        return f"{_up(', '.join(facts[:-1]))} and {facts[-1]}."
    return " ".join(f"{_up(fact)}." for fact in facts)


def _up(text: str) -> str:
    return text[:1].upper() + text[1:]


def _pick(options, random: np.random.Generator):  # type: ignore[no-untyped-def]
    return options[random.integers(len(options))]
