"""Prices beside a match: which columns make one offer, whose it is, and on what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sportsplat.sources.table.mapping import OPEN
from sportsplat.sources.table.suggest.columns import (
    Column,
    are_counts,
    booksum,
    number_of,
    odds_format,
    price_of,
)
from sportsplat.sources.table.suggest.draft import Draft
from sportsplat.sources.table.suggest.names import SIDES, Name

_BESIDE = {"price", "kind", "closing", "opening", "final", "team", "match", "market", "bet", "win", "is"}
_OF_A_TOTAL = {"total", "score", "points", "line"}
_FAIR = (0.95, 1.6)  # what the chances of all outcomes of one market sum to


class _Offer(NamedTuple):
    """Columns of one market, by side. `sure`: their names say that they are prices."""

    sides: dict[str, Column]
    market: str
    sure: bool

    @property
    def columns(self) -> list[Column]:
        return list(self.sides.values())

    @property
    def parsed(self) -> Name:
        return self.columns[0].parsed

    @property
    def named(self) -> str:
        return ", ".join(column.name for column in self.columns)


def place_wide(draft: Draft) -> None:
    """Place prices with a column a side; teams and scores must be placed already."""
    quotes: list[dict[str, Any]] = []
    without_bookmaker: list[str] = []
    without_closing: list[str] = []
    for offer in _offers(draft):
        form = _form(draft, offer)
        line = _line(draft, offer) if form else None
        if form is None or (line is None and offer.market != "result"):
            continue
        quotes.append(_quote(draft, offer, form, line))
        draft.use("quotes", *offer.columns)
        if quotes[-1]["bookmaker"] == {"value": OPEN}:
            without_bookmaker.append(offer.named)
        if offer.parsed.closing is None and "closing" not in quotes[-1]:
            without_closing.append(offer.named)
    if quotes:
        draft.fields["quotes"] = quotes
    if without_bookmaker:
        draft.check(
            f"quotes: whose prices are {'; '.join(without_bookmaker)}? "
            f"write the bookmaker's name instead of {OPEN!r}"
        )
    if without_closing:
        draft.check(
            f"quotes: are {'; '.join(without_closing)} the last prices before the start? "
            "then closing: {value: true}"
        )


def _offers(draft: Draft) -> list[_Offer]:
    found: dict[tuple[Any, ...], dict[str, Column]] = {}
    for column in draft.free(lambda name: name.side in SIDES):
        name = column.parsed
        if _is_price(name):
            market = "total" if name.side in ("over", "under") else "spread" if _is_spread(name) else "result"
            sides = found.setdefault((*name.style, market, name.line), {})
            if name.side in sides:
                draft.hint([column], f"named like {sides[name.side].name}")
            sides.setdefault(name.side, column)
    offers = []
    for (*_, market, _has_line), sides in found.items():
        needed = ("over", "under") if market == "total" else ("home", "away")
        ordered = {side: sides[side] for side in SIDES if side in sides}
        if not set(needed) <= sides.keys():
            prices = [column for column in sides.values() if _is_sure(column) or odds_format([column])]
            draft.hint(prices, f"a price of {' and '.join(ordered)} alone")
            continue
        sure = all(map(_is_sure, sides.values()))
        offers.append(_Offer(ordered, market, sure))
    return offers


def _is_sure(column: Column) -> bool:
    return "price" in column.parsed.words or bool(column.parsed.bookmaker)


def _is_price(name: Name) -> bool:
    """Whether a name is one of a price, or of a side alone, whose values then decide."""
    allowed = _BESIDE | (_OF_A_TOTAL if name.side in ("over", "under") else set())
    allowed |= {"spread", "line"} if "price" in name.words else set()
    if not name.words <= allowed:
        return False
    if name.strange:
        letters = [word for word in name.strange if word.isalpha()]
        return "price" in name.words and len(letters) == len(name.strange) <= 2
    return True


def _is_spread(name: Name) -> bool:
    return name.spread or "spread" in name.words


def _form(draft: Draft, offer: _Offer) -> str | None:
    """Return the format of the prices, None where they are none that could be taken."""
    form = odds_format(offer.columns, sure=offer.sure)
    if form is None:
        for column in offer.columns:
            why = _why_not(column, offer.columns) if offer.sure else _what_else(column)
            if why:
                draft.hint([column], why)
        return None
    total = booksum(offer.columns, form)
    fair = total is not None and _FAIR[0] <= total <= _FAIR[1]
    if not fair and not offer.sure:
        draft.hint(offer.columns, f"are they prices? the implied probabilities would sum to {total or 0:.2f}")
        return None
    if not offer.sure:
        draft.check(f"quotes: {offer.named} are assumed to be prices from their values; are they?")
    elif not fair and total is not None:
        draft.check(
            f"quotes: the implied probabilities of {offer.named} sum to {total:.2f}, not slightly over 1: "
            f"are they the"
            " prices of all outcomes?"
        )
    elif form == "decimal" and total is None:
        draft.check(f"quotes: no row has all of {offer.named}; do they belong to one market?")
    return form


def _what_else(column: Column) -> str:
    """Say why a column that is named after a side alone was not taken."""
    return "scores or prices? its name only gives a side" if column.real and are_counts(column) else ""


def _why_not(column: Column, columns: Sequence[Column]) -> str:
    """Say why a column that is named as a price holds none that can be read, or one beside it."""
    words = [word for one in (column, *columns) for word in one.real]
    if not column.real:
        return "it is empty, so its format is unknown"
    strange = next((word for word in words if price_of(word) is None), None)
    if strange is not None:
        if "," in strange:
            return f"{strange!r} has a comma; with decimal: ',' in the mapping it is read as a decimal point"
        return f"{strange!r} is neither a decimal nor an American price" + (
            ": fractions are not read" if "/" in strange else ""
        )
    return f"named as a price, but {words[0]!r} and others are neither decimal nor American prices"


def _line(draft: Draft, offer: _Offer) -> dict[str, Any] | None:
    """Return the column of the line of a spread or total; None where it is not given."""
    if offer.market == "result":
        return None
    if offer.parsed.line is not None:
        return {"value": offer.parsed.line}
    word = offer.market
    side = "home" if word == "spread" else ""

    def fits(name: Name) -> bool:
        beside = {word, "line", "points", "score", "closing", "opening", "final", "match", "team"}
        return name.side == side and not name.strange and word in name.words and name.words <= beside

    lines = [
        column
        for column in draft.columns
        if fits(column.parsed) and _are_lines(column, offer.market) and not _is_sum_of_scores(draft, column)
    ]
    same = [column for column in lines if column.parsed.closing == offer.parsed.closing]
    if not lines:
        draft.hint(offer.columns, f"prices of a {word}, but no column has its line")
        return None
    best = same or lines
    best = [column for column in best if "line" in column.parsed.words] or best
    chosen = best[0]
    draft.use("line", chosen)
    if len(best) > 1:
        draft.check(f"quotes: {chosen.name} is assumed to be the line of {offer.named}; is that right?")
    if word == "spread":
        draft.check(
            f"quotes: {chosen.name} must be what is added to the home score (-5.5: home is the favourite)"
        )
    return {"column": chosen.name}


def _is_sum_of_scores(draft: Draft, column: Column) -> bool:
    """Whether a total is what the sides have scored, which is known only afterwards."""
    scores = [found for side in ("home", "away") if (found := draft.column(f"{side}_score"))]
    rows = list(zip(column.cells, *(one.cells for one in scores), strict=True))
    numbers = [[number_of(cell) for cell in row] for row in rows]
    reported = [[number for number in row if number is not None] for row in numbers]
    whole = [row for row in reported if len(row) == 3]
    return len(scores) == 2 and bool(whole) and all(total == home + away for total, home, away in whole)


def _are_lines(column: Column, market: str) -> bool:
    numbers = [number_of(word) for word in column.real]
    least = 0.0 if market == "total" else -1000.0
    return bool(numbers) and all(
        number is not None and number > least and (4 * number) % 1 == 0 for number in numbers
    )


def _quote(draft: Draft, offer: _Offer, form: str, line: dict[str, Any] | None) -> dict[str, Any]:
    name = offer.parsed
    quote: dict[str, Any] = {"bookmaker": _bookmaker(draft, offer)}
    if offer.market != "result":
        quote |= {"market": offer.market, "line": line}
    quote["odds"] = {side: column.name for side, column in offer.sides.items()}
    if form != "decimal":
        quote["format"] = form
    if "draw" not in offer.sides and any(column.parsed.by_number for column in offer.columns):
        draft.check(f"quotes: 1 is assumed to mean home in {offer.named}; is that right?")
    closing = draft.fields.get("closing")
    if name.closing is not None:
        quote["closing"] = {"value": name.closing}
    elif closing is not None:
        quote["closing"] = closing
    quoted_at = draft.fields.get("quoted_at")
    if quoted_at is not None and not name.closing:
        quote["quoted_at"] = quoted_at
    return quote


def _bookmaker(draft: Draft, offer: _Offer) -> dict[str, Any]:
    name = offer.parsed
    if name.bookmaker:
        return {"value": name.bookmaker}
    if name.strange:
        guessed = "-".join(name.strange)
        draft.check(f"quotes: is {guessed} in {offer.named} the name of a bookmaker?")
        return {"value": guessed}
    column = draft.column("bookmaker")
    return {"column": column.name} if column is not None else {"value": OPEN}
