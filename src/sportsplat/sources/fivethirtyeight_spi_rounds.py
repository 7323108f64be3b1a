"""Which matches of spi_matches.csv are play-offs, and on whose ground: the file has no column for either."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date

from sportsplat.sources.fivethirtyeight_spi_days import Rows
from sportsplat.sources.rows import RowError, Table, read_iso_date

# Their two-legged ties end in one match on neutral ground, which alone has no forecast of a draw. Other
# competitions play single knock-out matches at the ground of one side.
FINAL_ON_NEUTRAL_GROUND = frozenset({
    "UEFA Champions League", "UEFA Europa League", "English League Championship", "English League One",
    "English League Two",
})  # fmt: skip
# Every pair meets once at each ground; who meets there again in a season does so in a play-off.
DOUBLE_ROUND = frozenset({
    "English League Championship", "English League One", "English League Two", "Italy Serie B",
    "Spanish Segunda Division",
})  # fmt: skip
GROUPS_IN_AUTUMN = frozenset({"UEFA Champions League", "UEFA Europa League"})  # from January on: knock-out


def rematches(
    table: Table, competition: str, rows: Rows, season_of: Callable[[list[str], date], int]
) -> frozenset[int]:
    """Return the lines (by index) of second meetings at one ground in a season, where these are play-offs."""
    if competition not in DOUBLE_ROUND:
        return frozenset()
    column, first, second = (table.header.index(name) for name in ("date", "team1", "team2"))
    met: dict[tuple[int, str, str], list[tuple[date, int]]] = defaultdict(list)
    for index, row in rows:
        try:
            day = read_iso_date(row[column].strip(), "date")
            pair = (season_of(row, day), row[first].strip(), row[second].strip())
        except RowError:
            continue
        met[pair].append((day, index))
    return frozenset(index for days in met.values() for _, index in sorted(days)[1:])
