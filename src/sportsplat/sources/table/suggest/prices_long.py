"""A table with a price a row: bookmaker, market, outcome, line and price."""

from __future__ import annotations

import re
from collections import defaultdict

from sportsplat.sources.table.mapping import OPEN
from sportsplat.sources.table.suggest.columns import Column, are_names, number_of, odds_format
from sportsplat.sources.table.suggest.draft import Draft, only
from sportsplat.sources.table.suggest.names import Name
from sportsplat.sources.table.values import read_flags

MARKETS = {
    "result": "h2h moneyline ml 1x2 winner matchwinner matchodds fulltimeresult result threeway twoway",
    "spread": "spreads spread handicap ah asianhandicap pointspread runline puckline",
    "total": "totals total ou overunder goalsoverunder totalpoints totalgoals",
}
OUTCOMES = {
    "home": "home h 1 heim local casa",
    "draw": "draw d x tie unentschieden empate pareggio",
    "away": "away a 2 gast visitante trasferta",
    "over": "over o",
    "under": "under u",
}
_SHARE = 0.6
_SHOWN = 3


def place_bookmaker(draft: Draft) -> None:
    """Place the columns of either kind of table: the bookmaker, and whether prices are closing ones."""
    for column in draft.free(lambda name: only(name, "bookmaker", "name", "id", "is")):
        if are_names(column) or any(any(map(str.isalpha, word)) for word in column.real):
            draft.place("bookmaker", column)
            break
    for column in draft.free(lambda name: only(name, "closing", "line", "is", "price")):
        if column.real and not read_flags(column.words).wrong.any():
            draft.place("closing", column)
            break


def place_long(draft: Draft) -> bool:
    """Place the columns of a table with a price a row; False, and nothing placed, where it is none."""
    outcome = next((one for one in draft.free(_is_outcome) if _are_outcomes(draft, one)), None)
    prices = [one for one in draft.free(_is_price) if odds_format([one], sure=True)]
    if outcome is None or not prices:
        draft.hint(prices, "a price, but of which side? no column has it")
        draft.hint(draft.free(_is_price), "neither decimal nor American odds")
        return False
    draft.place("outcome", outcome, values=_translated(outcome, OUTCOMES))
    _say_strange_outcomes(draft, outcome)
    price = prices[0]
    draft.place("odds", price)
    draft.fields["odds"] = {"column": price.name, "format": odds_format([price], sure=True)}
    if len(prices) > 1:
        others = ", ".join(column.name for column in prices[1:])
        draft.check(f"odds: {price.name} is used, but {others} would also fit; which is it?")
    if "bookmaker" not in draft.fields:
        draft.fields["bookmaker"] = {"value": OPEN}
        draft.check(f"bookmaker: whose prices are they? write the name instead of {OPEN!r}")
    _closing(draft, price)
    _market(draft)
    _line(draft)
    return True


def _closing(draft: Draft, price: Column) -> None:
    """Ask about closing prices where neither the rows, nor a name, nor their moment shows it."""
    if "closing" in draft.fields:
        return
    if price.parsed.closing is not None:
        draft.fields["closing"] = {"value": price.parsed.closing}
    elif "quoted_at" not in draft.fields:
        draft.check(
            f"closing: are those in {price.name} the last prices before the start? then closing:"
            " {value: true}"
        )


def say_prices_without_rows(draft: Draft) -> None:
    """Ask about a table with a bookmaker a row or a side a row, of whose prices none was placed."""
    prices = [one for one in draft.free(_is_price) if one.real]
    sides = [one for one in draft.free(_is_outcome) if one.real]
    reported = [*prices, *sides, *filter(None, [draft.column("bookmaker")])]
    if len(reported) > 1 and (prices or "bookmaker" in draft.fields) and "quotes" not in draft.fields:
        draft.check(
            f"rows: {', '.join(one.name for one in reported)} look like one price per row, but some columns "
            f"are missing, so only matches would be read; if it is such a table: rows: quotes, with"
            " bookmaker, outcome and odds"
        )


def _is_outcome(name: Name) -> bool:
    return only(name, "outcome", "name", "bet", "is", "team") or only(name, "name") or only(name, "bet")


def _is_price(name: Name) -> bool:
    return any(only(name, word, "price", "kind", "closing", "opening", "is") for word in ("price", "kind"))


def _are_outcomes(draft: Draft, column: Column) -> bool:
    known = {word for words in OUTCOMES.values() for word in words.split()}
    teams = {word for side in ("home", "away") if (found := draft.column(side)) for word in found.words}
    fits = sum(word.lower() in known or word in teams for word in column.real)
    return bool(column.real) and fits >= _SHARE * len(column.real)


def _translated(column: Column, meanings: dict[str, str]) -> dict[str, str]:
    meaning = {word: kept for kept, words in meanings.items() for word in words.split()}
    plain = {word: re.sub(r"[^a-z0-9]", "", word.lower()) for word in column.words}
    return {
        word: meaning[reported]
        for word, reported in plain.items()
        if reported in meaning and meaning[reported] != word.lower()
    }


def _say_strange_outcomes(draft: Draft, column: Column) -> None:
    teams = {word for side in ("home", "away") if (found := draft.column(side)) for word in found.words}
    known = {word for words in OUTCOMES.values() for word in words.split()}
    strange = [word for word in column.real if word.lower() not in known and word not in teams]
    if strange:
        listed = ", ".join(map(repr, strange[:_SHOWN]))
        draft.notes.append(f"{column.name}: {listed} are not known outcomes; their rows are rejected")


def _market(draft: Draft) -> None:
    def fits(name: Name) -> bool:
        of_a_bet = only(name, "bet", "type", "name") and "type" in name.words
        return of_a_bet or only(name, "market", "type", "name", "id", "bet")

    column = next((one for one in draft.free(fits) if one.real), None)
    if column is None:
        if {"over", "under"} & {word.lower() for word in _words(draft, "outcome")}:
            draft.notes.append("market: no column has it; only rows of the result market are used")
        return
    values = _translated(column, MARKETS)
    strange = [word for word in column.real if values.get(word, word.lower()) not in MARKETS]
    draft.place("market", column, values=values)
    if strange:
        listed = ", ".join(map(repr, strange[:_SHOWN]))
        draft.notes.append(f"{column.name}: {listed} are not known markets; their rows are rejected")


def _words(draft: Draft, field: str) -> list[str]:
    column = draft.column(field)
    return column.real if column else []


def _line(draft: Draft) -> None:
    def fits(name: Name) -> bool:
        return any(
            only(name, word, "line", "points", "spread", "total")
            for word in ("line", "points", "spread", "total")
        )

    columns = [
        one for one in draft.free(fits) if one.real and all(number_of(word) is not None for word in one.real)
    ]
    if not columns:
        return
    draft.place("line", columns[0])
    if len(columns) > 1:
        others = ", ".join(column.name for column in columns[1:])
        draft.check(f"line: {columns[0].name} is used, but {others} would also fit; which is it?")
    _check_spreads(draft, columns[0])


def _check_spreads(draft: Draft, line: Column) -> None:
    """Reject spreads whose line is from the view of each row's side: stored lines are the home side's."""
    market = draft.column("market")
    field = draft.fields.get("market")
    values = field.get("values", {}) if isinstance(field, dict) else {}
    spreads = {
        word for word in (market.words if market else ()) if values.get(word, word.lower()) == "spread"
    }
    if market is None or not spreads:
        return
    if not _have_own_signs(draft, market, spreads, line):
        draft.check(
            f"line: for a spread {line.name} must be what is added to the home score, in the rows of both "
            f"sides"
        )
        return
    draft.fields["market"] = {
        "column": market.name,
        "values": {**values, **dict.fromkeys(sorted(spreads), "spread-of-the-side")},
    }
    draft.notes.append(
        f"{line.name}: for spreads it is given from each side's view (-5.5 and 5.5), which is not "
        f"supported: those rows are rejected. To use them, write what is added to the home score in "
        f"both rows"
    )


def _have_own_signs(draft: Draft, market: Column, spreads: set[str], line: Column) -> bool:
    """Whether some match has spread lines of opposite signs, and no two that agree for both sides."""
    keys = [draft.column(field) for field in ("date", "kickoff", "home", "away", "bookmaker")]
    outcome = draft.column("outcome")
    lines: dict[tuple[str, ...], dict[str, set[float]]] = defaultdict(lambda: defaultdict(set))
    for row, (word, cell) in enumerate(zip(market.cells, line.cells, strict=True)):
        number = number_of(cell)
        if word in spreads and number and outcome is not None:
            key = tuple(column.cells[row] for column in keys if column is not None)
            lines[key][outcome.cells[row]].add(number)
    for sides in lines.values():
        for found in sides.values():
            others = {number for other in sides.values() if other is not found for number in other}
            if any(-number in others and number not in others for number in found):
                return True
    return False
