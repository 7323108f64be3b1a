"""Until which day spi_matches.csv can tell results, and which of its scores were awarded, not played."""

from __future__ import annotations

from collections import Counter, defaultdict
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


def awarded_before(table: Table, rows: Rows, last_day: date) -> dict[int, str]:
    """Return the lines (by index) up to `last_day` whose scores were awarded, and which club each cost.

    A club that was expelled has one and the same defeat in all its matches to come, two at least. Its matches
    before them that end so too, one after the other, were awarded with them.
    """
    day, score, teams = (
        [table.header.index(name) for name in names]
        for names in (("date",), ("score1", "score2"), ("team1", "team2"))
    )
    told: dict[str, list[tuple[date, int, tuple[str, str]]]] = defaultdict(list)
    for index, row in rows:
        try:
            played_on = read_iso_date(row[day[0]].strip(), "date")
        except RowError:
            continue
        goals = row[score[0]].strip(), row[score[1]].strip()
        if all(goals):
            told[row[teams[0]].strip()].append((played_on, index, goals))
            told[row[teams[1]].strip()].append((played_on, index, goals[::-1]))
    found = {}
    for club, scores in told.items():
        to_come = [goals for played_on, _, goals in scores if played_on > last_day]
        if len(to_come) < 2 or len(set(to_come)) > 1 or to_come[0][0] >= to_come[0][1]:
            continue
        for played_on, index, goals in sorted(scores, reverse=True):
            if goals != to_come[0]:
                break
            if played_on <= last_day:
                found[index] = club
    return found


def _parting_day(balance: Mapping[date, int]) -> date:
    """Return the day after which scores are the exception: the sum of played minus unplayed is highest."""
    best, total, highest = date.min, 0, 0
    for day in sorted(balance):
        total += balance[day]
        if total >= highest:
            best, highest = day, total
    return best
