"""How adapters look in the Adapters tab: cards that can be searched and sorted, and one adapter's facts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from markupsafe import Markup

from lorakit import units
from lorakit.families import table
from lorakit.families.pairs import to_render_on
from lorakit.lora.ranks import ranks_used, stated_shares
from lorakit.store.entries import Entry
from lorakit.ui import visitors
from lorakit.ui.parts import pictures, pieces, results

MOST_CARDS = 60  # of which each carries a small picture; beyond, the search is quicker than the eye
KINDS = [("All", ""), ("Images", "image"), ("Voices", "voice")]
ORDERS: dict[str, tuple[Callable[[Entry], Any], bool]] = {
    "Newest first": (lambda entry: entry.added, True),
    "Name": (lambda entry: entry.name.lower(), False),
    "Largest first": (lambda entry: entry.size_bytes, True),
    "Base model": (lambda entry: (entry.base.lower(), entry.name.lower()), False),
}
FREE = ("apache-2.0", "mit", "cc0-1.0", "cc-by-4.0", "openrail++", "creativeml-openrail-m")


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


def cards(entries: list[Entry], all_of_them: int) -> Markup:
    """The cards of a list, or what stands there when it is empty."""
    if not all_of_them:
        return pieces.empty("No adapters yet", "Train one in the first tab, or add a file here.")
    if not entries:
        return pieces.empty("No matches", "Try fewer words, or show all types.")
    more = len(entries) - MOST_CARDS
    rest = pieces.empty(f"…and {more} more", "Search to narrow them down.") if more > 0 else Markup()
    return Markup('<div class="cards">{}</div>{}').format(
        Markup().join(map(_card, entries[:MOST_CARDS])), rest
    )


def _card(entry: Entry) -> Markup:
    words = f"“{entry.trigger}”" if entry.trigger else "no trigger words"
    known = base(entry) or "base model unknown"
    return Markup(
        '<button class="adapter" data-slug="{}">{}<b>{}</b><span>{}</span><span>{}</span><span>{}</span>{}'
        "</button>"
    ).format(
        entry.slug, _picture(entry), units.shortened(entry.name),
        units.shortened("writes in its voice" if entry.kind == "voice" else words),
        f"rank {entry.rank} · {units.size(entry.size_bytes)}", units.shortened(known),
        _licence(entry),
    )  # fmt: skip


def _picture(entry: Entry) -> Markup:
    if entry.preview:
        return Markup('<img alt="" loading="lazy" src="{}">').format(pictures.uri(entry.preview))
    sign = "“ ”" if entry.kind == "voice" else entry.name[:1].upper()
    return Markup('<span class="quote">{}</span>').format(sign)


def details(entry: Entry) -> Markup:
    """What one adapter is: its facts, how much of its rank it uses, and what it took to train."""
    scores, data = _table(entry.card.get("scores")), _table(entry.card.get("data"))
    trigger = units.shortened(entry.trigger) or ("" if entry.kind == "voice" else "none stated")
    stated = [
        (trigger, "trigger words"),
        (str(entry.rank or ""), "rank"),
        (units.size(entry.size_bytes), "file"),
        (table.label(entry.family), "works with"),
        (units.shortened(base(entry)), "base model"),
        (to_render_on(entry.base), "also works on"),
        (entry.created[:10].replace("-", "\u2011"), "created"),  # hyphens at which no line breaks
        (tool(entry), "made with"),
    ]
    rows = [row for row in stated if row[0]]
    if data.get("hub"):
        version = f"{str(data['hub'])[:60]} at {str(data.get('revision', ''))[:8]}"
        rows.append((version, "from Hugging Face"))
    notes = entry.card.get("notes")
    inside = Markup().join(
        [
            _licence(entry), _warning(entry), pieces.facts(rows),
            pieces.hint(notes[:500] if isinstance(notes, str) else ""), _layers(scores), _spectrum(entry),
        ]
    )  # fmt: skip
    if "share" in scores:
        inside += results.training_facts(scores | {"size_bytes": entry.size_bytes})
    return pieces.card(entry.name, inside)


def base(entry: Entry) -> str:
    """What it was made on; of a folder of this machine visitors see the name alone."""
    local = entry.base.startswith(("/", "~", ".")) or "\\" in entry.base
    return Path(entry.base).name if local and not visitors.asking().operator else entry.base


def tool(entry: Entry) -> str:
    """What wrote the file it came from."""
    stated = entry.card.get("tool")
    return stated[:60] if isinstance(stated, str) and stated else "this studio"


def _licence(entry: Entry) -> Markup:
    commercial, name = entry.card.get("commercial"), entry.licence.lower()
    if commercial is False or "non-commercial" in name or "noncommercial" in name or "-nc-" in name:
        style, words = "limited", "No commercial use"
    elif commercial is True or name in FREE:
        style, words = "free", "Commercial use"
    else:
        style, words = "own", "Check its licence" if name else "Licence unknown"
    badge = Markup('<div class="badge {}"><b>{}</b> {}</div>')
    return badge.format(style, words, units.shortened(entry.licence, 60))


def _warning(entry: Entry) -> Markup:
    """Told where an adapter would do nothing here."""
    if table.is_foreign(entry.family):
        return pieces.finding(
            "warn",
            f"Made for {entry.base[:60] or entry.family}, which the studio doesn't support, so it has no "
            "effect here. You can still export it.",
        )
    if not entry.family:
        words = "The file doesn't say which base model it is for. It will be checked on first use."
        return pieces.finding("warn", words)
    return Markup()


def _layers(scores: dict[str, Any]) -> Markup:
    counts = _table(scores.get("layers"))
    words = ", ".join(
        f"{count} {name[:-1] if count == 1 else name}"
        for name, count in counts.items()
        if isinstance(count, int)
    )
    return pieces.hint(f"Changes {words}." if words else "")


def _spectrum(entry: Entry) -> Markup:
    """How much of its rank an adapter uses, as bars; empty for a card that does not say."""
    scores = _table(entry.card.get("scores"))
    shares, modules = stated_shares(scores), _table(scores.get("spectrum")).get("modules")
    if not shares or not isinstance(modules, int):
        return Markup()
    top = max(*shares, 1e-9)
    bars = Markup().join(
        Markup('<i style="height:{:.0f}%"></i>').format(max(2.0, 100 * share / top)) for share in shares
    )
    count = f"{modules} layer{'' if modules == 1 else 's'}"
    # A LoHa or LoKr has more ranks than the one that it states.
    ranks = f"{len(shares)} ranks" if len(shares) == entry.rank else f"{len(shares)} possible ranks"
    words = f"{count}, using {ranks_used(shares)} of {ranks} (one bar each)."
    return Markup('<div class="spectrum">{}</div>').format(bars) + pieces.hint(words)


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
