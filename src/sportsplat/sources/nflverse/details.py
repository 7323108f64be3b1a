"""Details of games.csv: stadium, rest, line-ups, weather.

When each is known: the publication of the schedule's facts (stadium, surface, rest) is undated, so they
count as known at the kick-off. Who starts, coaches and referees, and whether a roof that can be opened is
open, is known at the kick-off too (where only the day is known: at its end). Temperature (degrees Fahrenheit)
and wind (miles an hour) come from Pro Football Reference, whose box scores have the weather of the day at the
city's airport (as it said in 2010), taken afterwards: they are known with the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from sportsplat.domain import DetailRecord, MatchKey, MatchRecord, MatchStatus, Phase, Precision
from sportsplat.sources.reading.cells import RowError, read_number

if TYPE_CHECKING:
    from sportsplat.leagues.league import League

Detail = str | float | bool
Cells = Mapping[str, str]
Note = Callable[[str, str], None]  # code and reason of a value that is left out


def _text(value: str, column: str) -> Detail:  # noqa: ARG001 - as the other readers
    return value


def _number(value: str, column: str) -> float:
    return read_number(value, column, "bad-detail")


def _flag(value: str, column: str) -> Detail:
    if value not in ("0", "1"):
        raise RowError("bad-detail", f"{column} is {value!r}: expected 0 or 1")
    return value == "1"


Readers = dict[str, Callable[[str, str], Detail]]
SCHEDULE: Readers = {
    "week": _number, "stadium": _text, "surface": _text, "div_game": _flag, "home_rest": _number,
    "away_rest": _number,
}  # fmt: skip
START: Readers = {
    "roof": _text, "home_qb_name": _text, "away_qb_name": _text, "home_coach": _text, "away_coach": _text,
    "referee": _text,
}  # fmt: skip
RESULT: Readers = {"temp": _number, "wind": _number}
COLUMNS = (*SCHEDULE, *START, *RESULT)
# Lines without a price are no quotes: detail, column of the line, its sign here, columns of its prices.
LINES = (
    ("spread_close", "spread_line", -1.0, ("home_spread_odds", "away_spread_odds")),
    ("total_close", "total_line", 1.0, ("over_odds", "under_odds")),
)


def read_details(
    cells: Cells, match: MatchRecord, key: MatchKey, league: League, note: Note
) -> Iterator[DetailRecord]:
    """Yield the details of a game, one record per phase; for a future game only those of the schedule."""
    yield from _record(Phase.SCHEDULE, key, _values(cells, SCHEDULE, note), match.kickoff_utc)
    if match.status is not MatchStatus.FINAL or match.known_at is None:
        return
    exact = match.precision is Precision.MINUTE
    started = match.kickoff_utc if exact else league.end_of_day(match.match_date)
    yield from _record(Phase.START, key, _values(cells, START, note) | _bare_lines(cells, note), started)
    yield from _record(Phase.RESULT, key, _values(cells, RESULT, note), match.known_at)


def _record(
    phase: Phase, key: MatchKey, details: dict[str, Detail], known_at: datetime
) -> Iterator[DetailRecord]:
    if details:
        yield DetailRecord(key, phase, details, known_at)


def _values(cells: Cells, readers: Readers, note: Note) -> dict[str, Detail]:
    found: dict[str, Detail] = {}
    for column, read in readers.items():
        if cells.get(column):
            try:
                found[column] = read(cells[column], column)
            except RowError as bad:
                note(bad.code, bad.reason)
    return found


def _bare_lines(cells: Cells, note: Note) -> dict[str, Detail]:
    """Return the closing lines that have no price: what is added to the home score, and the total."""
    found: dict[str, Detail] = {}
    for name, column, sign, prices in LINES:
        if cells.get(column) and not any(cells.get(price, "") not in ("", "0") for price in prices):
            try:
                found[name] = 0.0 + sign * read_number(cells[column], column, "bad-line")
            except RowError as bad:
                note(bad.code, bad.reason)
    return found
