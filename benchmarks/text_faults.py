"""Faults that an editor would strike out of a brand's texts, put into clean ones."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Random = np.random.Generator
Spoil = Callable[[str, Random], str]  # a clean text -> the text with the fault


@dataclass(frozen=True)
class Fault:
    """One way to spoil a text. `kind` is the finding that should name it."""

    kind: str
    form: str
    spoil: Spoil


def _one(random: Random, options: tuple[str, ...]) -> str:
    return options[int(random.integers(len(options)))]


def _digits(random: Random, form: str) -> str:
    """`form` with a digit in the place of each #, the first of a run never 0."""
    made = ""
    for place, sign in enumerate(form):
        first = place == 0 or form[place - 1] != "#"
        made += str(random.integers(1 if first else 0, 10)) if sign == "#" else sign
    return made


def said(frames: tuple[str, ...], *forms: str) -> Spoil:
    """A sentence that holds one of the forms ("#" is a digit), somewhere among the text's own sentences."""

    def spoil(text: str, random: Random) -> str:
        sentence = _one(random, frames).format(_digits(random, _one(random, forms)))
        own = text.split(". ")
        place = int(random.integers(len(own) + 1))
        return ". ".join([*own[:place], sentence.rstrip("."), *own[place:]])

    return spoil


def instead(*texts: str) -> Spoil:
    """Another text altogether."""
    return lambda text, random: _one(random, texts)


WORDS = ("really", "now", "quite", "simply", "always", "still", "truly", "here")


def changed(count: int) -> Spoil:
    """The same text once more, with `count` words more, fewer or others."""

    def spoil(text: str, random: Random) -> str:
        words = text.split()
        for _ in range(count):
            place = int(random.integers(len(words)))
            new = [_one(random, WORDS)]
            kept = {0: [*new, words[place]], 1: [], 2: new}[int(random.integers(3))]
            words[place : place + 1] = kept
        return " ".join(words)

    return spoil


def restyled(text: str, random: Random) -> str:
    """The same words in other cases and marks, with an emoji."""
    made = (text.upper(), text.replace(".", "!"), text.replace(". ", "\n"), text.title())
    return _one(random, made) + _one(random, ("", " ✨", " 👍", "!!", " ..."))


ASK = ("Questions? {}.", "Write to {} and we answer.", "Reach us at {} any day.", "Contact: {}.")
CALL = ("Call {}.", "Questions? {}.", "Phone: {}.", "Ring us on {} from nine to five.", "WhatsApp {}.")
BUY = ("Now {}.", "Yours for {}.", "Only {} while it lasts.", "From {}.", "It was more, now it is {}.")
WHEN = ("Ends {}.", "Order by {}.", "Available from {}.", "The offer is good until {}.", "See you on {}.")
LAST = ("Ends {}.", "Order by {}.", "The offer is good until {}.", "Only until {}.", "Last orders before {}.")
GO = ("Find it on {}.", "More: {}.", "Shop now at {}.", "Read on at {}.")

FAULTS = (
    Fault("private", "e-mail address", said(ASK, "anna@shop.com", "hello@nordal-home.de",
        "b.o'hara@mail.co.uk",
                                            "info+sale@nordal.store", "ANNA.B@EXAMPLE.ORG")),
    Fault("private", "e-mail address, spelt out", said(ASK, "anna (at) shop.com",
        "hello [at] nordal [dot] de",
                                                       "anna at nordal dot com", "info(at)nordal.eu")),
    Fault("private", "phone number", said(CALL, "+49 30 #### ####", "+1 555 ### ####", "(555) ###-####",
                                          "555-###-####", "0171 #######", "01 ## ## ## ##",
                                          "+44 (0)20 #### ####",
                                          "0800 ### ###", "1-800-###-####", "+47 ## ## ## ##",
                                          "020 #### ####")),
    Fault("private", "bank account or card", said(("Pay to {}.",
        "Account: {}."), "DE89 3704 0044 0532 0130 00",
                                                  "GB29NWBK60161331926819", "4111 1111 1111 1111",
                                                  "5500-0000-0000-0004",
                                                  "FR14 2004 1010 0505 0001 3M02 606")),
    Fault("price", "price", said(BUY, "$##.##", "€ ##", "## €", "##,## €", "£#", "EUR ##.##", "## euros",
        "# dollars",
                                 "#.### €", "##.-", "CHF ##.-", "## kr", "US$ ##", "## GBP")),
    Fault("price", "discount", said(BUY, "##% off", "## % discount", "## percent off", "half price",
                                    "## % Rabatt", "-##%", "two for one")),
    Fault("date", "date", said(WHEN, "June 12", "12 June", "12th of June 2025", "June 2025", "12.06.2025",
                               "12/06/25", "2025-06-12", "12. Juni", "le 12 juin", "Dec 3rd", "24 December")),
    Fault("date", "day that passes", said(LAST, "Sunday", "this Friday", "tomorrow", "the end of next week",
                                          "midnight", "the end of the month", "next Monday")),
    Fault("link", "link", said(GO, "https://nordal.com/sale?x=1", "www.nordal.de", "nordal.com/new",
        "bit.ly/3xYz",
                               "nordal-home.com")),
    Fault("placeholder", "placeholder or markup", said(
        ("Dear {}, this is for you.", "Good news, {}."), "{{{{first_name}}}}", "[Name]", "%FIRSTNAME%",
        "*|FNAME|*",
        "<b>friend</b>", "[your company]", "XXX", "TBD", "&nbsp;friend", "lorem ipsum")),
    Fault("boilerplate", "what stands under every page", said(
        ("{}.",), "Unsubscribe at any time", "All rights reserved", "© 2024 Nordal",
        "Terms and conditions apply",
        "View this email in your browser", "Follow us on Instagram", "Read our privacy policy",
        "Alle Rechte vorbehalten", "Sent from my iPhone", "Please do not reply to this email",
        "You receive this mail because you subscribed", "Click here to shop", "Free shipping on all orders")),
    Fault("language", "another language", instead(
        "Unsere Lampe wird niemals müde und leuchtet die ganze Nacht.",
        "Ein Becher. Er hält den Tee warm. Mehr nicht.",
        "Notre lampe ne se fatigue jamais et brille toute la nuit.",
        "Une tasse simple qui garde le thé bien chaud.",
        "Nuestra lámpara nunca se cansa y brilla toda la noche.",
        "Una taza sencilla que mantiene el té caliente.",
        "La nostra lampada non si stanca mai e brilla tutta la notte.",
        "Onze lamp wordt nooit moe en brandt de hele nacht.",
        "Vår lampe blir aldri trøtt og lyser hele natten.",
        "Vår lampa blir aldrig trött och lyser hela natten.",
        "Vores lampe bliver aldrig træt og lyser hele natten.",
        "Nasza lampa nigdy się nie męczy i świeci całą noc.",
        "A nossa lâmpada nunca se cansa e brilha toda a noite.",
        "Lamppumme ei väsy koskaan ja loistaa koko yön.",
        "Наша лампа никогда не устаёт и светит всю ночь.",
        "私たちのランプは疲れを知らず、一晩中輝きます。夜の友です。どうぞ。")),
    Fault("short", "one or two words", instead("Buy now", "Tea.", "New!", "Our lamp", "Shop", "Yes, really")),
    # Forms that were written down after the patterns for those above, and of which half were not found then.
    Fault("private", "phone number, more forms", said(
        CALL, "(030) #######", "555 ### ####", "+33 6 ## ## ## ##", "+1 (212) 555-####", "22 ## ## ##",
        "+47 ### ## ###", "0049/30/######", "020 7946 ####")),
    Fault("private", "e-mail address, more forms", said(
        ASK, "a@b.museum", "jo_ann@nordal-shop.co", "k@nordal.ai", "sales AT nordal DOT com",
        "anna @ shop.com")),
    Fault("price", "price, more forms", said(
        BUY, "##.##$", "under $##", "USD 1,###", "## bucks", "## quid", "kr ###", "1 ### kr", "##p", "¥ ####",
        "##,- kr", "###:-", "R$ ##", "## zł", "₹###", "20-30 €")),
    Fault("date", "date, more forms", said(
        WHEN, "3 Jan", "the 5th of May", "Q3 2025", "summer 2025", "Monday 3 March", "3. mars", "2025",
        "12th",
        "May 5, 2025", "05.2025", "24/12")),
    Fault("link", "link, more forms", said(
        GO, "shop.nordal.com", "nordal.no/salg", "http://nordal.com", "nordal.co.uk/tea", "NORDAL.COM")),
    Fault("placeholder", "gap, more forms", said(
        ("Dear {}, this is for you.", "Good news, {}."), "<name>", "$NAME", "[PRODUCT NAME]", "____", "[CTA]",
        "{{{{ product.title }}}}", "&eacute;t", "<br>", "(insert name)", "??")),
    Fault("boilerplate", "boilerplate, more forms", said(
        ("{}.",), "All prices include VAT", "Copyright 2024 Nordal", "No longer want these emails",
        "Manage your preferences", "This message is confidential", "Download our app", "Like and subscribe",
        "Cookie settings", "Subscribe to our newsletter", "Powered by Shopify", "Add to cart",
        "Log in to your account")),
    Fault("duplicate", "one word changed", changed(1)),
    Fault("duplicate", "two words changed", changed(2)),
    Fault("duplicate", "other case and marks", restyled),
)  # fmt: skip

# Sentences with numbers and names that are no fault; put into clean texts, they must find nothing.
HARMLESS = (
    "It weighs {} g and holds 1.5 l.", "Waterproof to 10 000 mm, tested {} times.", "Since 1987, in 3 sizes.",
    "Runs 24/7 on a 12 V line.", "Only {} of 1,200 leave the workshop.", "A 2-in-1 that fits 16-inch rims.",
    "Rated 4.8 of 5 by {} people.", "Model NX-{}, black.", "It may last 20 years.",
    "Made in Bergen, on a Sunday mood.",
    "Survived 100% of the falls.", "March on, it carries {} kg.", "Size 38 to 46.", "No. {} in the row.",
    "Ready in 5 minutes, warm for 2 hours.", "For a better tomorrow.", "Sunday tastes like this.",
    "It works at home.Every day.", "Good until the last sip.", "It fits in XXL bags, too.",
    "ISO 9001, class {}.", "At home or at work.",
)  # fmt: skip
