"""How likely a decoded text is to be one: by the letters of its language, and by its other signs."""

import unicodedata

from lorakit.data.tables import languages, letters

UNLIKELY = 10.0  # nats per tenth of a point that a text's language has to be less likely by


SIGNS = frozenset("“”„‘’‚–—…«»‹›€£°©®™•·½¼¾²³×º\xa0¿¡±")  # that prose of any language has beside words
WITHIN = frozenset("’·–\xad‑")  # of these, those that stand between letters
ALONE = frozenset("àèéêòóôíáúåöÀÈÉÓÁÅÖаивкосуяієАИВКОСУЯІЄηοΗΟو")  # letters that are words
WIDE = frozenset("。、，．「」『』！？：；（）・ー～〜…“”‘’—％　《》【】￥")


def likelihoods_in(text: str):
    ranks = languages.likelihoods(text)
    best = max(ranks.values())
    return lambda language: min(0.8, (best - ranks[language]) / UNLIKELY / 10)


def letter_score(text: str, language: str, alphabet: str) -> float:
    """How well the signs beyond ASCII fit an alphabet; about 1 for a text in it, 0 and less for another."""
    places = {letter: 1 - 0.5 * i / len(alphabet) for i, letter in enumerate(alphabet)}
    foreign = alphabet[0] > "\u0250"
    speakable, never_last = language in letters.SPEAKABLE, letters.NEVER_LAST.get(language, "")
    total, count, clustered = 0.0, 0, 0
    padded = f" {text} "
    for before, sign, after in zip(padded, padded[1:], padded[2:], strict=False):
        if sign <= "\x7f":
            clustered = 0
            continue
        count += 1
        if not sign.isalpha() and unicodedata.category(sign) != "Mn":
            total += mark_score(before, sign, after)
            continue
        low = sign.lower()
        clustered = 0 if low in letters.VOWELS else clustered + 1
        total += places.get(low, -0.5) - _misplaced(before, sign, after)
        total -= 0.4 * (speakable and clustered > 3)
        total -= 0.5 * (low in never_last and before.isalpha() and not after.isalpha())
        total -= 1.0 * (foreign and any(c.isascii() and c.isalpha() for c in (before, after)))
    return total / max(1, count)


def _misplaced(before: str, letter: str, after: str) -> float:
    """What speaks against a letter between these two."""
    if (letter.isupper() and before.islower()) or (letter.islower() and before.isupper() and after.isupper()):
        return 1.0
    alone = not before.isalpha() and after == " " and letter not in ALONE
    if before.isdigit() or after.isdigit() or alone:
        return 0.6
    return 0.2 if letter.isupper() and before.isupper() else 0.0  # words in capitals are rarer


def mark_score(before: str, sign: str, after: str) -> float:
    """How well a sign that is no letter stands between these two."""
    if sign not in SIGNS:
        return -2.0 if unicodedata.category(sign) in ("Cc", "Co", "Cn") else -1.0
    if (sign in "–—" and before == after == " ") or (sign in "£€" and (before + after).strip().isdigit()):
        return 0.9
    return -1.0 if before.isalpha() and after.isalpha() and sign not in WITHIN else 0.4


def sign_score(text: str, name: str, language: str, usual: frozenset[str], places: range) -> float:
    """The same for a script of many signs."""
    total = count = kana = 0.0
    for before, sign in zip(f" {text}", text, strict=False):
        if sign <= "\x7f":
            total -= 0.5 * (sign.islower() and before > "\u3040")
            continue
        count += 1
        if before.islower():
            total -= 0.5
        if "\u3041" <= sign <= "\u30fa" and language == "ja":
            kana += 1
            total += 0.9
        elif sign in usual:
            total += 1.0
        elif sign in WIDE or "\uff10" <= sign <= "\uff5a":
            total += 0.6
        else:
            code = sign.encode(name, "replace")
            total += 0.5 if len(code) == 2 and code[0] in places else -0.5
    if language == "ja" and kana < 0.1 * count:
        total -= 0.4 * count  # Japanese without its syllables is Chinese
    return total / max(1.0, count)
