"""Days, moments and times of day of a table, and the season: which columns hold them."""

from __future__ import annotations

import re
from datetime import date

from sportsplat.sources.table.suggest.columns import (
    Column,
    Moments,
    clock_of,
    moments_of,
)
from sportsplat.sources.table.suggest.draft import Draft, only
from sportsplat.sources.table.suggest.names import Name

_WHEN = ("date", "time", "kickoff", "stamp")
_BESIDE = {"utc", "eastern", "match", "is"}
_SEASON = re.compile(r"((?:18|19|20|21)\d\d)(?:\.0)?(?:\s*[-/–]\s*\d{2,4})?")


def place_moments(draft: Draft) -> None:
    """Place `quoted_at`, `kickoff`, `date` and `time`; the league should be known."""
    _quoted(draft)
    found = [
        (column, moments) for column in draft.free(_of_a_match) if (moments := moments_of(column)) is not None
    ]
    starts = [one for one in found if _is_moment(*one)]
    days = [one for one in found if not _is_moment(*one)]
    if not found:
        days = _by_values(draft)
    if starts:
        starts.sort(key=lambda one: (not _zone(*one), "kickoff" not in one[0].parsed.words))
        _kickoff(draft, *starts[0])
        _note_others(draft, "kickoff", [column for column, _ in starts])
    if days:
        _day(draft, *days[0])
        _note_others(draft, "date", [column for column, _ in days])
    if days and not starts:
        _time(draft)
    left = [
        column for column in draft.free(_of_a_match) if not moments_of(column) and clock_of(column) is None
    ]
    draft.hint(left, "no day, moment or time of day that can be read")


def _is_moment(column: Column, moments: Moments) -> bool:
    """Whether a column holds moments, not days (even if all are midnight): by its zone or its name."""
    at_midnight = all(":" in word for word in column.real)
    by_name = bool(column.parsed.words & {"time", "kickoff", "utc"})
    return moments.has_time or (at_midnight and (moments.has_zone or by_name))


def _of_a_match(name: Name) -> bool:
    plain = not name.side and not name.strange and bool(name.words & set(_WHEN))
    return plain and name.words <= {*_WHEN, *_BESIDE}


def _quoted(draft: Draft) -> None:
    """Place the moment at which prices were taken."""

    def fits(name: Name) -> bool:
        of_prices = "quoted" in name.words or {"price"} < name.words & {"price", *_WHEN}
        return not name.side and of_prices and name.words <= {"quoted", "price", *_WHEN, *_BESIDE}

    columns = draft.free(fits)
    if len(draft.free(_of_a_match)) > 1:
        columns += draft.free(lambda name: only(name, "stamp", *_BESIDE))
    for column in columns:
        moments = moments_of(column)
        if moments is not None and moments.has_time:
            _moment(draft, "quoted_at", column, moments)
            return


def _kickoff(draft: Draft, column: Column, moments: Moments) -> None:
    _moment(draft, "kickoff", column, moments)
    if not moments.has_time:
        draft.check(
            f"kickoff: {column.name} is midnight everywhere; if it is a day alone: date: {column.name}"
        )
    if "stamp" in column.parsed.words:
        draft.check(f"kickoff: {column.name} is assumed to be the start; it may be something else")


def _moment(draft: Draft, field: str, column: Column, moments: Moments) -> None:
    zone = _zone(column, moments)
    moments = _in_the_order_of_the_place(draft, moments)
    draft.place(field, column, format=moments.format, timezone=None if moments.has_zone else zone)
    _note_ambiguous(draft, field, column, moments)
    if not zone:
        draft.check(
            f"{field}: {column.name} has no time zone, so {_own_zone(draft)} is assumed; if it is another "
            f"one: timezone: UTC (or America/New_York, …)"
        )


def _zone(column: Column, moments: Moments) -> str:
    """Return the time zone by values or name; "" where neither gives one."""
    if moments.has_zone:
        return "in the values"
    return _zone_of_name(column, moments.format)


def _zone_of_name(column: Column, form: str) -> str:
    words = column.parsed.words
    if form.endswith("UTC") or "utc" in words:
        return "UTC"
    return "America/New_York" if "eastern" in words else ""


def _own_zone(draft: Draft) -> str:
    return f"that of the league ({draft.league.timezone.key})" if draft.league else "that of the league"


def _day(draft: Draft, column: Column, moments: Moments) -> None:
    moments = _in_the_order_of_the_place(draft, moments)
    draft.place("date", column, format=moments.format)
    _note_ambiguous(draft, "date", column, moments)


def _in_the_order_of_the_place(draft: Draft, moments: Moments) -> Moments:
    """Prefer the month before the day where both can be read and the league plays in America."""
    american = [form for form in moments.others if form.startswith("%m")]
    if not american or draft.league is None or not draft.league.timezone.key.startswith("America/"):
        return moments
    others = tuple(form for form in moments.others if form != american[0])
    return moments._replace(format=american[0], others=(moments.format, *others))


def _note_ambiguous(draft: Draft, field: str, column: Column, moments: Moments) -> None:
    if moments.others:
        detail = f"{column.shown} in {column.name} can be {moments.format} or {moments.others[0]}"
        draft.check(f"{field}: {detail}; the first is used")


def _note_others(draft: Draft, field: str, columns: list[Column]) -> None:
    first, *others = columns
    draft.hint(others, f"{first.name} is used for it")
    differ = [column.name for column in others if column.cells != first.cells]
    if differ and "utc" not in first.parsed.words:
        draft.check(f"{field}: {first.name} is used, but {', '.join(differ)} would also fit; which is it?")


def _time(draft: Draft) -> None:
    for column in draft.free(lambda name: _of_a_match(name) and bool(name.words & {"time", "kickoff"})):
        form = clock_of(column)
        if form is None:
            continue
        zone = _zone_of_name(column, form)
        blank = dict.fromkeys(column.for_nothing, "")
        draft.place("time", column, format=form, timezone=zone, values=blank)
        if zone:
            draft.check(f"time: {column.name} is of {zone}; is the date the local day of the league?")
        else:
            draft.check(
                f"time: {column.name} has no time zone, so {_own_zone(draft)} is assumed; if it is "
                f"another one: timezone: UTC (or America/New_York, …)"
            )
        return


def _by_values(draft: Draft) -> list[tuple[Column, Moments]]:
    """Return the only column of days without a known name."""
    unnamed = draft.free(lambda name: not name.words)
    found = [(column, moments) for column in unnamed if (moments := moments_of(column)) is not None]
    if len(found) == 1:
        draft.check(f"date: {found[0][0].name} is assumed to be the day of the match, only from its values")
        return found
    draft.hint((column for column, _ in found), "a date or time, but of what?")
    return []


def place_season(draft: Draft) -> None:
    """Place the season where it is the year in which one starts; the days and the league should be known."""
    for column in draft.free(lambda name: only(name, "season", "kickoff", "year", "is")):
        years = {word: int(found[1]) for word in column.real if (found := _SEASON.fullmatch(word))}
        if not years or len(years) < len(column.real):
            draft.hint([column], "no years in which a season starts, such as 2019 or 2019/20")
            continue
        starting, ending = _agreement(draft, column, years)
        if starting and not ending:
            draft.place("season", column)
        elif ending:
            draft.hint([column], "not the year in which the season starts, which is needed here")
        else:
            draft.place("season", column)
            draft.check(f"season: {column.name} must be the year in which a season starts (2019 of 2019/20)")
        return


def _agreement(draft: Draft, column: Column, years: dict[str, int]) -> tuple[int, int]:
    """Return of how many rows the season is the year in which it starts, and of how many it is another."""
    day_column = draft.column("date") or draft.column("kickoff")
    moments = moments_of(day_column) if day_column else None
    if day_column is None or moments is None:
        return 0, 0
    starting = ending = 0
    for cell, day_cell in zip(column.cells, day_column.cells, strict=True):
        if cell not in years or day_cell not in moments.values:
            continue
        expected = _season_of(draft, moments.values[day_cell].date())
        starting += expected == years[cell]
        ending += expected is not None and expected != years[cell]
    return starting, ending


def _season_of(draft: Draft, day: date) -> int | None:
    """Return the season of a day; without a league it is known in autumn only."""
    if draft.league is not None:
        return draft.league.season_of(day) if draft.league.rules.season is not None else None
    return day.year if day.month >= 9 else None
