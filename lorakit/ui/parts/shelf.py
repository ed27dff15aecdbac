"""How adapters look in the Adapters tab: cards that can be searched and sorted, and one adapter's facts."""

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from lorakit import units
from lorakit.families import FAMILIES
from lorakit.families.pairs import to_render_on
from lorakit.lora.ranks import ranks_used, stated_shares
from lorakit.store.store import Entry
from lorakit.ui import visitors
from lorakit.ui.parts import pictures, pieces, runs

MOST_CARDS = 60  # of which each carries a small picture; beyond, the search is quicker than the eye
KINDS = [("All", ""), ("Pictures", "image"), ("Voices", "voice")]
ORDERS: dict[str, tuple[Callable[[Entry], Any], bool]] = {
    "Newest first": (lambda entry: entry.added, True),
    "Name": (lambda entry: entry.name.lower(), False),
    "Largest first": (lambda entry: entry.size_bytes, True),
    "Base": (lambda entry: (entry.base.lower(), entry.name.lower()), False),
}
FREE = ("apache-2.0", "mit", "cc0-1.0", "cc-by-4.0", "openrail++", "creativeml-openrail-m")
FAMILY_WORDS = {
    "flux": "FLUX.1", "flux2": "FLUX.2", "sdxl": "SDXL", "sd15": "Stable Diffusion 1.5",
    "llm": "language model",
}  # fmt: skip


def chosen(entries: list[Entry], search: str, kind: str, order: str) -> list[Entry]:
    """The entries, in order, that say every word of `search` in name, trigger, base, licence or tool."""
    words = (search or "").lower().split()

    def fits(entry: Entry) -> bool:
        text = " ".join(
            (entry.name, entry.slug, entry.trigger, entry.base, entry.licence, tool(entry))
        ).lower()
        return (not kind or entry.kind == kind) and all(word in text for word in words)

    key, backwards = ORDERS.get(order, ORDERS["Name"])
    return sorted(filter(fits, entries), key=key, reverse=backwards)


def cards(entries: list[Entry], all_of_them: int) -> str:
    """The cards of a list, or what stands there when it is empty."""
    if not all_of_them:
        return pieces.empty("No adapters yet", "Train one in the first two tabs, or add a file here.")
    if not entries:
        return pieces.empty("Nothing fits", "Search for fewer words, or show all kinds.")
    more = len(entries) - MOST_CARDS
    rest = pieces.empty(f"and {more} more", "Search to narrow them down.") if more > 0 else ""
    return '<div class="cards">' + "".join(map(_card, entries[:MOST_CARDS])) + "</div>" + rest


def _card(entry: Entry) -> str:
    sign = "“ ”" if entry.kind == "voice" else escape(entry.name[:1].upper())
    picture = (
        f'<img alt="" loading="lazy" src="{pictures.uri(entry.preview)}">'
        if entry.preview
        else f'<span class="quote">{sign}</span>'
    )
    calls = (
        "writes in its voice"
        if entry.kind == "voice"
        else f"“{entry.trigger}”"
        if entry.trigger
        else "no trigger words stated"
    )
    facts = f"rank {entry.rank} · {units.size(entry.size_bytes)}"
    return (
        f'<button class="adapter" data-slug="{escape(entry.slug)}">{picture}'
        f"<b>{escape(_short(entry.name))}</b>"
        f"<span>{escape(_short(calls))}</span><span>{escape(facts)}</span>"
        f"<span>{escape(_short(base(entry)) or 'base not stated')}</span>{_licence(entry)}</button>"
    )


def details(entry: Entry) -> str:
    """What one adapter is: its facts, how much of its rank it uses, and what it took to train."""
    scores = _table(entry.card.get("scores"))
    trigger = _short(entry.trigger) or ("" if entry.kind == "voice" else "not stated")
    stated = [
        (trigger, "words that call it"),
        (str(entry.rank or ""), "rank"),
        (units.size(entry.size_bytes), "file"),
        (FAMILY_WORDS.get(entry.family, entry.family), "made for"),
        (_short(base(entry)), "base"),
        (to_render_on(entry.base), "also renders on"),
        (entry.created[:10].replace("-", "\u2011"), "made"),  # hyphens at which no line breaks
        (tool(entry), "made with"),
    ]
    rows = [row for row in stated if row[0]]
    data = _table(entry.card.get("data"))
    if data.get("hub"):
        rows.append((f"{str(data['hub'])[:60]} at {str(data.get('revision', ''))[:8]}", "from the hub"))
    trained = runs.training_facts(scores | {"size_bytes": entry.size_bytes}) if "share" in scores else ""
    notes = entry.card.get("notes")
    said = f'<p class="hint">{escape(notes[:500])}</p>' if isinstance(notes, str) and notes else ""
    inside = (
        _licence(entry) + _warning(entry) + pieces.facts(rows) + said + _layers(scores) + _spectrum(entry)
    )
    return pieces.card(entry.name, inside + trained)


def base(entry: Entry) -> str:
    """What it was made on; of a folder of this machine visitors see the name alone."""
    local = entry.base.startswith(("/", "~", ".")) or "\\" in entry.base
    return Path(entry.base).name if local and not visitors.asking().operator else entry.base


def tool(entry: Entry) -> str:
    """What wrote the file it came from."""
    found = entry.card.get("tool")
    return found[:60] if isinstance(found, str) and found else "this studio"


def _licence(entry: Entry) -> str:
    commercial, said = entry.card.get("commercial"), entry.licence.lower()
    if commercial is False or "non-commercial" in said or "noncommercial" in said or "-nc-" in said:
        style, words = "limited", "No commercial use"
    elif commercial is True or said in FREE:
        style, words = "free", "Commercial use"
    else:
        style, words = "own", "Check its licence" if said else "Licence not stated"
    return f'<div class="badge {style}"><b>{words}</b> {escape(_short(entry.licence, 60))}</div>'


def _warning(entry: Entry) -> str:
    """Said where an adapter would do nothing here."""
    if entry.family and entry.family not in {family.name for family in FAMILIES}:
        words = (
            f"Made for {entry.base[:60] or entry.family}, which the studio doesn't support, so it has no "
            "effect here. You can hand it on."
        )
    elif not entry.family:
        words = "Its names do not tell which base it is for. It is checked when it is first used."
    else:
        return ""
    return f'<div class="finding warn"><i></i><div>{escape(words)}</div></div>'


def _layers(scores: dict[str, Any]) -> str:
    counts = _table(scores.get("layers"))
    said = ", ".join(
        f"{count} {name[:-1] if count == 1 else name}"
        for name, count in counts.items()
        if isinstance(count, int)
    )
    return f'<p class="hint">Changes {escape(said)}.</p>' if said else ""


def _spectrum(entry: Entry) -> str:
    """How much of its rank an adapter uses, as bars; empty for a card that does not say."""
    scores = _table(entry.card.get("scores"))
    shares, modules = stated_shares(scores), _table(scores.get("spectrum")).get("modules")
    if not shares or not isinstance(modules, int):
        return ""
    top = max(*shares, 1e-9)
    bars = "".join(f'<i style="height:{max(2.0, 100 * share / top):.0f}%"></i>' for share in shares)
    count = f"{modules} layer{'' if modules == 1 else 's'}"
    # A LoHa or LoKr has more ranks than the one that it states.
    ranks = f"{len(shares)} ranks" if len(shares) == entry.rank else f"{len(shares)} possible ranks"
    words = f"{count}, using {ranks_used(shares)} of {ranks} (one bar each)."
    return f'<div class="spectrum">{bars}</div><p class="hint">{escape(words)}</p>'


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _short(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
