"""Until which day spi_matches.csv can tell results: scores beyond it were awarded, not played."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

from sportsplat.sources.rows import RowError, Table, read_iso_date

Rows = list[tuple[int, list[str]]]


def last_day_of(table: Table, found: Mapping[str, Rows]) -> date:
    """Return the last day on which the file can tell a result.

    In each competition the day is looked for that parts played from unplayed matches with the fewest
    exceptions (postponed before it, awarded after it). The latest of these days is the file's, and one more
    is allowed: a file may be written in the middle of a day.
    """
    day, first, second = (table.header.index(name) for name in ("date", "score1", "score2"))
    ends = []
    for rows in found.values():
        balance: Counter[date] = Counter()
        for _, row in rows:
            try:
                played_on = read_iso_date(row[day].strip(), "date")
            except RowError:
                continue
            balance[played_on] += 1 if row[first].strip() and row[second].strip() else -1
        ends.append(_parting_day(balance))
    return max(ends, default=date.max - timedelta(days=1)) + timedelta(days=1)


def _parting_day(balance: Mapping[date, int]) -> date:
    """Return the day after which scores are the exception: the sum of played minus unplayed is highest."""
    best, total, highest = date.min, 0, 0
    for day in sorted(balance):
        total += balance[day]
        if total >= highest:
            best, highest = day, total
    return best
