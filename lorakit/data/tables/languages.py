"""Which language a text is in, among those that copy is written in; told from its letters, not its words."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

TELLING = 30  # letters that a language is told from; one of a script without spaces counts as three
SURE = 12.0  # nats that another language has to be more likely by
READ = 1000  # characters of a text

NAMES = {  # ISO 639-1 and what it is called; rarer ones are left out, as they are mostly guessed wrongly
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish",
    "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "eu": "Basque",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian",
    "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "is": "Icelandic", "it": "Italian",
    "ja": "Japanese", "ka": "Georgian", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "ms": "Malay",
    "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil",
    "te": "Telugu", "th": "Thai", "tl": "Filipino", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(NAMES))
    return identifier


def of_texts(texts: Sequence[str]) -> tuple[str, dict[int, str]]:
    """The language that most are in ("en", or "" when none tells), and the texts that look like another one:
    index -> code.
    """
    telling = [i for i, text in enumerate(texts) if _letters(text) >= TELLING]
    if not telling:
        return "", {}
    ranks = {i: dict(_identifier().rank(texts[i][:READ])) for i in telling}
    guesses = {i: max(rank, key=rank.__getitem__) for i, rank in ranks.items()}
    most = Counter(guesses.values()).most_common(1)[0][0]
    return most, {i: code for i, code in guesses.items() if ranks[i][code] - ranks[i][most] > SURE}


def likelihoods(text: str) -> dict[str, float]:
    """How likely the start of a text is in each language, in nats; only differences mean anything."""
    return dict(_identifier().rank(text[:READ]))


def _letters(text: str) -> int:
    return sum((3 if "\u3040" <= c <= "\u9fff" else 1) for c in text if c.isalpha())
