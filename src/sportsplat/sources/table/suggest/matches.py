"""When the matches of a table are: days, moments, times of day, and the season."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from sportsplat.leagues.league import League
from sportsplat.sources.table.suggest.columns import (
    Column,
    Moments,
    are_counts,
    are_names,
    clock_of,
    is_sure,
    leagues_of,
    moments_of,
    share_of_teams,
)
from sportsplat.sources.table.suggest.draft import Draft, only, pairs
from sportsplat.sources.table.suggest.names import Name

_WHEN = ("date", "time", "kickoff", "stamp")
_BESIDE = {"utc", "eastern", "match", "is"}
_SEASON = re.compile(r"((?:18|19|20|21)\d\d)(?:\.0)?(?:\s*[-/–]\s*\d{2,4})?")


def place_when(draft: Draft) -> None:
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
        _say_others(draft, "kickoff", [column for column, _ in starts])
    if days:
        _day(draft, *days[0])
        _say_others(draft, "date", [column for column, _ in days])
    if days and not starts:
        _time(draft)
    left = [
        column for column in draft.free(_of_a_match) if not moments_of(column) and clock_of(column) is None
    ]
    draft.hint(left, "no day, moment or time of day that can be read")


def _is_moment(column: Column, moments: Moments) -> bool:
    """Whether a column tells more than a day, be it midnight everywhere: by its zone, or by its name."""
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
    _say_ambiguous(draft, field, column, moments)
    if not zone:
        draft.check(
            f"{field}: {column.name} has no time zone, so {_own_zone(draft)} is assumed; if it is another "
            f"one: timezone: UTC (or America/New_York, …)"
        )


def _zone(column: Column, moments: Moments) -> str:
    """Return whose time it is, as values or name say; "" where nothing does."""
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
    _say_ambiguous(draft, "date", column, moments)


def _in_the_order_of_the_place(draft: Draft, moments: Moments) -> Moments:
    """Prefer the month before the day where both can be read and the league plays in America."""
    american = [form for form in moments.others if form.startswith("%m")]
    if not american or draft.league is None or not draft.league.timezone.key.startswith("America/"):
        return moments
    others = tuple(form for form in moments.others if form != american[0])
    return moments._replace(format=american[0], others=(moments.format, *others))


def _say_ambiguous(draft: Draft, field: str, column: Column, moments: Moments) -> None:
    if moments.others:
        detail = f"{column.shown} in {column.name} can be {moments.format} or {moments.others[0]}"
        draft.check(f"{field}: {detail}; the first is used")


def _say_others(draft: Draft, field: str, columns: list[Column]) -> None:
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
    """Return the only column of days that no name tells of."""
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


_OF_A_SCORE = {"score", "points", "final", "team", "match", "is"}
_TWO_SCORES = re.compile(r"\d+\s*[-:–]\s*\d+.*")


def place_scores(draft: Draft) -> None:
    """Place the scores of the two sides, where whole numbers bear it out."""

    def fits(name: Name) -> bool:
        plain = not name.strange and not name.bookmaker and name.words <= _OF_A_SCORE
        return name.side in ("home", "away") and plain and bool(name.words & {"score", "points", "final"})

    named = draft.free(fits)
    counts = [column for column in named if are_counts(column)]
    draft.hint((one for one in named if one not in counts), "named as a score, but not all are whole numbers")
    found = pairs(counts)
    if not found:
        draft.hint(counts, "the score of one side alone")
        _scores_by_place(draft)
        return
    found.sort(key=lambda pair: "final" not in pair[0].parsed.words)
    home, away = found[0]
    if _are_of_a_standing(home, away):
        draft.hint((home, away), "probably points in the standings, not scores")
        return
    _place_scores(draft, home, away)
    others = [pair for pair in found[1:] if [one.cells for one in pair] != [home.cells, away.cells]]
    if others:
        listed = " or ".join(f"{a.name} and {b.name}" for a, b in others)
        draft.check(f"home_score: {home.name} and {away.name} are used, not {listed}; is that right?")
    if home.parsed.style != away.parsed.style:
        draft.check(f"home_score: do {home.name} and {away.name} belong together?")
    if home.parsed.by_number and not _by_number(draft, "home"):
        draft.check(f"home_score: {home.name} is assumed to be the home score; is that right?")


def _are_of_a_standing(home: Column, away: Column) -> bool:
    """Whether all matches ended 3:0, 1:1 or 0:3 in points, which is what soccer gives for them."""
    found = {pair for pair in zip(home.cells, away.cells, strict=True) if all(pair)}
    return "points" in home.parsed.words and bool(found) and found <= {("3", "0"), ("1", "1"), ("0", "3")}


def _by_number(draft: Draft, field: str) -> bool:
    column = draft.column(field)
    return column is not None and column.parsed.by_number


def _place_scores(draft: Draft, home: Column, away: Column) -> None:
    for side, column in (("home", home), ("away", away)):
        draft.place(f"{side}_score", column, values=dict.fromkeys(column.for_nothing, ""))


def _scores_by_place(draft: Draft) -> None:
    """Take two columns of one name (PTS, PTS) that stand right after the teams."""
    columns = draft.free(
        lambda name: any(only(name, word, *_OF_A_SCORE) for word in ("score", "points", "final"))
    )
    maybe = [*columns, *draft.free(lambda name: only(name, "result", *_OF_A_SCORE))]
    together = [one for one in maybe if _TWO_SCORES.fullmatch(next(iter(one.real), ""))]
    draft.hint(together, "two scores in one cell: write them into two columns")
    order = [column.name for column in draft.columns]
    after: dict[str, Column] = {}
    for side in ("home", "away"):
        team = draft.column(side)
        place = order.index(team.name) + 1 if team else len(order)
        next_one = draft.columns[place] if place < len(order) else None
        if next_one in columns and next_one is not None and are_counts(next_one):
            after[side] = next_one
    if len(after) == 2 and len(columns) == 2:
        home, away = after["home"], after["away"]
        _place_scores(draft, home, away)
        draft.check(
            f"home_score: {home.name} and {away.name} are assumed to be scores, since each follows its team"
        )
        return
    draft.hint(columns, "scores, but of which side?")


_OF_A_TEAM = {"team", "name", "code", "final", "match", "neutral", "is"}
_TWO_TEAMS = re.compile(r"\S (-|–|@|v|vs|vs\.) \S")


def place_teams(draft: Draft, leagues: Mapping[str, League]) -> None:
    """Place `home` and `away`: by their names, else by the teams that `leagues` know."""

    def fits(name: Name) -> bool:
        plain = not name.strange and not name.bookmaker and name.words <= _OF_A_TEAM
        return name.side in ("home", "away") and plain

    named = draft.free(fits)
    found = [pair for pair in pairs(one for one in named if are_names(one)) if _can_play(*pair)]
    known = {draft.league.code: draft.league} if draft.league else leagues

    def worth(pair: tuple[Column, Column]) -> tuple[float, bool, bool]:
        share = max(min(share_of_teams(column, league) for column in pair) for league in known.values())
        return share, "code" not in pair[0].parsed.words, not pair[0].parsed.by_number

    if _has_a_team_a_row(draft, found):
        return
    if found:
        best = max(found, key=worth)
        for side, column in zip(("home", "away"), best, strict=True):
            draft.place(side, column)
        if best[0].parsed.by_number:
            draft.check(
                f"home: {best[0].name} is assumed to be the home team and {best[1].name} the away team; "
                f"is that right?"
            )
        return
    draft.hint([one for one in named if one.parsed.words & {"team", "name", "code"}], "no names of teams")
    draft.hint(
        draft.free(lambda name: bool(name.side) and {"id", "team"} <= name.words),
        "ids of teams: their names are needed",
    )
    both = draft.free(lambda name: only(name, "match", "name") or only(name, "opponent"))
    draft.hint(
        [one for one in both if any(_TWO_TEAMS.search(word) for word in one.real[:1])],
        "two teams in one cell: write them into two columns",
    )
    _teams_by_values(draft, known)


def _can_play(home: Column, away: Column) -> bool:
    return not any(a and a == b for a, b in zip(home.cells, away.cells, strict=True))


def _has_a_team_a_row(draft: Draft, found: Sequence[tuple[Column, Column]]) -> bool:
    """Say when each row tells one team of a match: that is read by no mapping."""
    if found:
        return False
    others = draft.free(lambda name: only(name, "opponent", "team", "name", "code"))
    own = draft.free(lambda name: only(name, "team", "name", "code", "final"))
    if not any(map(are_names, others)) and not (any(map(are_names, own)) and len(own) == 1):
        return False
    shown = ", ".join(column.name for column in (*own, *others))
    draft.notes.append(
        f"rows: {shown}: probably one team per row. A row must have both teams, as home and away: merge "
        f"the two rows of each match"
    )
    draft.hint((*own, *others), "which side is it?")
    return True


def _teams_by_values(draft: Draft, leagues: Mapping[str, League]) -> None:
    """Take the only two columns that hold teams of one league, if there are just two."""
    closed = {code: league for code, league in leagues.items() if league.declared_teams}
    columns = [
        one for one in draft.free(lambda name: not name.words) if are_names(one) and leagues_of([one], closed)
    ]
    if len(columns) == 2 and leagues_of(columns, closed) and _can_play(*columns):
        for side, column in zip(("home", "away"), columns, strict=True):
            draft.place(side, column)
        home, away = (column.name for column in columns)
        draft.check(
            f"home: {home} and {away} have teams; {home} is assumed to be the home team; is that right?"
        )
        return
    draft.hint(columns, "names of teams, but of which side?")


def choose_league(draft: Draft, leagues: Mapping[str, League]) -> None:
    """Take the league whose teams stand in the columns of teams; of one that is given, see that they do."""
    for several in draft.free(lambda name: only(name, "league", "name", "code")):
        if len(several.real) > 1:
            listed = ", ".join(several.real[:2])
            draft.check(
                f"league: {several.name} has several ({listed}, …), but a mapping reads one: split the file?"
            )
    teams = [column for side in ("home", "away") if (column := draft.column(side))]
    if len(teams) < 2:
        return
    names = " and ".join(column.name for column in teams)
    if draft.league is not None:
        if draft.league.teams and min(share_of_teams(one, draft.league) for one in teams) < 0.5:
            draft.check(f"league: most of {names} are not teams of {draft.league.code}; is the league right?")
        return
    codes = leagues_of(teams, leagues)
    if len(codes) == 1:
        draft.league = leagues[codes[0]]
        if is_sure(teams, draft.league, leagues):
            draft.notes.append(f"league: {codes[0]}, since its teams stand in {names}")
        else:
            draft.check(f"league: {codes[0]} has teams with the names in {names}; is it that one?")
    elif codes:
        draft.notes.append(f"league: {names} have teams of {', '.join(codes)}; write which it is")
