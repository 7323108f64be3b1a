"""football-data.co.uk: scores, box scores and prices of many books, in a CSV file a season and division.

Another one lists the coming matches of all divisions. Files of 1993 to today differ in encoding, line ends,
date format, columns and width of rows; known problems and their handling are listed in `docs/sources.md`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from sportsplat.domain import (
    Batch,
    MatchKey,
    MatchRecord,
    MatchStatus,
    Precision,
    TeamStatsRecord,
)
from sportsplat.leagues.season_days import Days, SeasonDays
from sportsplat.sources.base import Payload, Source, Window
from sportsplat.sources.football_data.divisions import (
    declared,
    is_fixtures,
    league_of,
    read_file,
    rows_by_division,
    undeclared_rows,
)
from sportsplat.sources.football_data.prices import PRICE_COLUMNS, PriceRow, offers_of, read_quotes
from sportsplat.sources.reading.cells import RowError, read_count
from sportsplat.sources.reading.csv import RowReader, Table, collector_paused
from sportsplat.sources.reading.date_order import month_comes_first, read_date

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings
    from sportsplat.leagues.league import League


UK = ZoneInfo("Europe/London")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
USUAL = SeasonDays(Days((0, 7, 16), (1, 7, 15)))
"""The days of seasons of a league that declares none."""
_COLLECTED = {1: time(15), 4: time(17)}  # weekday: Tuesday, Friday


class Seasons(NamedTuple):
    """The seasons that a file holds, by the year in which they start, and the days of the league's."""

    known: frozenset[int]
    days: SeasonDays

    def of(self, day: date) -> int:
        """Return the season of `day`; RowError for a day that lies in none of the file's seasons."""
        if len(self.known) == 1:
            (only,) = self.known
            first, last = self.days.bounds(only)
            if first <= day <= last:
                return only
        else:
            season = self.days.season_of(day)
            if season is not None and season in self.known:
                return season
        detail = ", ".join(f"{season}/{season + 1}" for season in sorted(self.known))
        raise RowError("bad-date", f"Date is {day}: outside the file's season {detail}")


def seasons_of(file: str, league: League, days: Iterable[date | None]) -> Seasons:
    """Tell a file's season by most of its dates; the name of its folder (SSSS) confirms it.

    Without such a folder a file may join several seasons: those that hold at least a twentieth of its dates.
    A day that lies in two seasons as the league declares them counts only where all days do.
    """
    declared = league.rules.season or USUAL
    reported = [day for day in days if day is not None]
    clear = [day for day in reported if not _is_of_two(declared, day)]
    votes = Counter(declared.season_of(day) for day in clear or reported)
    votes.pop(None, None)
    if not votes:
        return Seasons(frozenset(), declared)
    season, _ = votes.most_common(1)[0]
    if season is not None and PurePath(file).parent.name == folder_of(season):
        return Seasons(frozenset({season}), declared)
    enough = votes.total() / 20
    known = (season for season, count in votes.items() if season is not None and count >= enough)
    return Seasons(frozenset(known), declared)


def _is_of_two(days: SeasonDays, day: date) -> bool:
    season = days.season_of(day)
    return season is not None and day <= days.bounds(season - 1)[1]


def folder_of(season: int) -> str:
    """Return the site's name of a season: 1999 is "9900"."""
    return f"{season % 100:02d}{(season + 1) % 100:02d}"


@lru_cache(maxsize=16384)
def kickoff_of(day: date, text: str) -> datetime | None:
    """Return the UTC moment of a UK time of day, as every country's file gives it; None without one."""
    found = _TIME.fullmatch(text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return datetime.combine(day, time(int(found[1]), int(found[2])), tzinfo=UK).astimezone(UTC)


@lru_cache(maxsize=16384)
def collected_at(match_date: date) -> datetime:
    """Return when prices were collected, in UTC: on the last Friday, 17:00, or Tuesday, 15:00 UK time.

    Source: KEY.md of the data, "Fridays afternoons not later than 17:00", "Tuesdays not later than 15:00".
    """
    day = match_date
    while day.weekday() not in _COLLECTED:
        day -= timedelta(days=1)
    return datetime.combine(day, _COLLECTED[day.weekday()], tzinfo=UK).astimezone(UTC)


NAME = "football-data"
STAT_COLUMNS = {
    "shots": ("HS", "AS"),
    "shots_on_target": ("HST", "AST"),
    "corners": ("HC", "AC"),
    "fouls": ("HF", "AF"),
    "yellow_cards": ("HY", "AY"),
    "red_cards": ("HR", "AR"),
    "half_time_goals": ("HTHG", "HTAG"),
}
COLUMNS = ("Time", "FTR", "HTR", *chain.from_iterable(STAT_COLUMNS.values()), *PRICE_COLUMNS)
SHOTS = ("shots", "shots_on_target")
GOALS = attrgetter("home_score"), attrgetter("away_score")


class FootballData(Source):
    """The source `football-data`."""

    name = NAME
    title = "football-data.co.uk season files, fixtures.csv"
    licence = "free data of football-data.co.uk, no licence stated"
    url = "https://www.football-data.co.uk/data.php"
    gives = (
        "matches",
        "box scores (from 2000/01)",
        "pre-match odds (from 2000/01)",
        "closing odds (Pinnacle from 2012/13, all books from 2019/20)",
    )
    first_season, last_season = 1993, None

    @collector_paused()
    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Read one league of a file. `league` must be one of the file's `Div` column when given.

        Raises:
            InputRefused: not such a file (NOT_THIS_FORMAT), no row (EMPTY_FILE), a division that no league
                declares (UNKNOWN_DIVISION), or another league's file (WRONG_LEAGUE).
        """
        table = read_file(payload, COLUMNS)
        division, league = league_of(table, league, leagues)
        reader = _Reader(table, division, league)
        if is_fixtures(table):
            return reader.read_rows(rows_by_division(table)[division])
        return reader.read_all()

    @collector_paused()
    def split(self, payload: Payload, leagues: Mapping[str, League]) -> list[Batch]:
        """Read a season file, or every league of a list of fixtures; see `Source.split`."""
        table = read_file(payload, COLUMNS)
        division, league = league_of(table, None, leagues)
        if not is_fixtures(table):
            return [_Reader(table, division, league).read_all()]
        found = rows_by_division(table)
        known = declared(leagues)
        ordered = sorted((known[name].code, name) for name in found if name in known)
        batches = [_Reader(table, name, known[name]).read_rows(found[name]) for _, name in ordered]
        batches[0].rejected.extend(undeclared_rows(table, found, leagues))
        surplus = sum(len(rows) for name, rows in found.items() if name not in known) + len(table.damage)
        batches[0] = batches[0]._replace(rows_read=batches[0].rows_read + surplus)
        return batches

    def fetch(
        self, seasons: Sequence[int], *, leagues: Sequence[League], settings: Settings
    ) -> list[Payload]:
        """Get `SSSS/DIV.csv` for each season and league."""
        return self._fetch(seasons, leagues, settings)

    def _fetch(
        self,
        seasons: Sequence[int],
        leagues: Sequence[League],
        settings: Settings,
        fresh_since: datetime | None = None,
    ) -> list[Payload]:
        from sportsplat.sources.web.http import open_fetcher

        base = settings.sources.football_data_url
        with open_fetcher(settings, NAME) as fetcher:
            return [
                fetcher.get(
                    f"{base}/{folder_of(season)}/{league.sources[NAME]}.csv",
                    what=f"the season {season}/{(season + 1) % 100:02d} of {league.name}",
                    fresh_since=fresh_since,
                )
                for league in leagues
                if NAME in league.sources
                for season in seasons
            ]

    def fetch_window(
        self, window: Window, *, leagues: Sequence[League], settings: Settings
    ) -> Iterator[Payload]:
        """Get the files of the seasons that a window touches; the site adds to them twice a week.

        A file that was fetched just now (`sources.fresh_s`) is not asked for again.
        """
        from sportsplat.sources.web.http import fresh_since

        for league in leagues:
            seasons = range(
                league.last_season_begun(window.since), league.last_season_begun(window.until) + 1
            )
            for season in seasons:
                yield from self._fetch([season], [league], settings, fresh_since(settings))


class _Reader(RowReader):
    """Reads the rows of one table into a batch."""

    def __init__(self, table: Table, division: str, league: League) -> None:
        super().__init__(table, league, NAME)
        self.division = division
        dates = (self.cell(row, "Date") for _, row in table.filled())
        self.month_first = month_comes_first(table.file, "Date", dates, usually=False)
        self.seasons = seasons_of(table.file, league, (self.date_of(row) for _, row in table.filled()))
        self.offers = offers_of(table.header)
        self.kept: list[tuple[int, list[str], MatchRecord, MatchKey]] = []
        self.stats = [
            (name, self.column[home], self.column[away])
            for name, (home, away) in STAT_COLUMNS.items()
            if name in league.stats and home in self.column and away in self.column
        ]

    def date_of(self, row: Sequence[str]) -> date | None:
        return read_date(self.cell(row, "Date"), month_first=self.month_first)

    def read(self, index: int, row: list[str]) -> None:
        """Add one row's match. Raises RowError when there is none in it."""
        match = self._match(row)
        key = self.add_match(index, match)
        if self.cell(row, "Time") and match.precision is Precision.DAY:
            self.note(index, "bad-time", f"Time is {self.cell(row, 'Time')!r}: expected HH:MM")
        surplus = [text for text in row[len(self.table.header) :] if text.strip()]
        if surplus:
            self.note(
                index, "surplus-fields", f"{surplus} to the right of the last column: the row has shifted"
            )
            return
        self.kept.append((index, row, match, key))

    def read_rows(self, rows: Iterable[tuple[int, list[str]]]) -> Batch:
        """Read the matches row by row, and column by column what belongs to them."""
        batch = super().read_rows(rows)
        self._add_quotes()
        self._add_stats()
        batch.rejected.sort(key=attrgetter("line"))
        return batch

    def _match(self, row: Sequence[str]) -> MatchRecord:
        division = self.cell(row, "Div")
        if division and division != self.division:
            raise RowError("other-division", f"Div is {division!r} in a file of {self.division}")
        day = self.date_of(row)
        if day is None:
            order = "mm/dd" if self.month_first else "dd/mm"
            reported = self.cell(row, "Date")
            raise RowError(
                "bad-date", f"Date is {reported!r}: expected {order}/yy, {order}/yyyy or yyyy-mm-dd"
            )
        columns = ("HomeTeam", "AwayTeam")
        home, away = self.teams(self.cell(row, "HomeTeam"), self.cell(row, "AwayTeam"), day, columns)
        score = self._score(row)
        kickoff = kickoff_of(day, self.cell(row, "Time"))
        known_at = None
        if score is not None:
            known_at = self.league.end_of_day(day) if kickoff is None else kickoff + self.league.duration
        return MatchRecord(
            season=self.seasons.of(day),
            match_date=day,
            kickoff_utc=self.league.local_midnight(day) if kickoff is None else kickoff,
            precision=Precision.DAY if kickoff is None else Precision.MINUTE,
            home=home,
            away=away,
            status=MatchStatus.SCHEDULED if score is None else MatchStatus.FINAL,
            home_score=None if score is None else score[0],
            away_score=None if score is None else score[1],
            known_at=known_at,
        )

    def _score(self, row: Sequence[str]) -> tuple[int, int] | None:
        """Return the goals, None for a match that is not played. Raises RowError for goals that cannot be."""
        home, away, result = (self.cell(row, name) for name in ("FTHG", "FTAG", "FTR"))
        if not home and not away and not result:
            return None
        if not home or not away:
            raise RowError(
                "impossible-score",
                f"FTHG is {home!r}, FTAG is {away!r}, FTR is {result!r}: a score is missing",
            )
        goals = read_count(home, "FTHG"), read_count(away, "FTAG")
        if result and result.upper() != _letter(*goals):
            raise RowError("contradiction", f"FTR is {result!r} at {goals[0]}:{goals[1]}")
        return goals

    def _add_quotes(self) -> None:
        quotes, problems = read_quotes(self.offers, [self._priced(*kept[1:]) for kept in self.kept])
        self.batch.quotes.extend(quotes)
        for position, code, reason in sorted(set(problems)):
            self.note(self.kept[position][0], code, reason)

    def _priced(self, row: Sequence[str], match: MatchRecord, key: MatchKey) -> PriceRow:
        """Return a row with the moments of its prices.

        The files do not say when those of a future match were collected: they are known once the file was
        read.
        """
        exact = match.precision is Precision.MINUTE
        collected = collected_at(match.match_date) if match.known_at else match.kickoff_utc
        return PriceRow(
            cells=row,
            match=key,
            collected_at=collected if match.known_at and collected <= match.kickoff_utc else None,
            collected_known_at=min(collected, match.kickoff_utc),
            closed_known_at=match.kickoff_utc if exact else self.league.end_of_day(match.match_date),
        )

    def _add_stats(self) -> None:
        played = [kept for kept in self.kept if kept[2].known_at is not None]
        sides: tuple[list[dict[str, float]], ...] = ([{} for _ in played], [{} for _ in played])
        for name, *columns in self.stats:
            for stats, column, goals_of in zip(sides, columns, GOALS, strict=True):
                label = self.table.header[column]
                for found, (index, row, match, _) in zip(stats, played, strict=True):
                    text = row[column]
                    if not text or text.isspace():
                        continue
                    try:
                        value = read_count(text, label, "bad-stat")
                    except RowError as bad:
                        self.note(index, bad.code, bad.reason)
                        continue
                    if name == "half_time_goals" and value > goals_of(match):
                        detail = f"{label} is {value}, more than the {goals_of(match)} of full time"
                        self.note(index, "bad-stat", detail)
                        continue
                    found[name] = float(value)
        for (index, _, match, key), *both in zip(played, *sides, strict=True):
            for found, is_home in zip(both, (True, False), strict=True):
                self._check_shots(index, found, is_home)
                if found and match.known_at is not None:
                    self.batch.stats.append(TeamStatsRecord(key, is_home, found, match.known_at))

    def _check_shots(self, index: int, stats: dict[str, float], is_home: bool) -> None:
        """Leave out both counts of shots where more are on target than were made."""
        made, on_target = (stats.get(name) for name in SHOTS)
        if made is None or on_target is None or on_target <= made:
            return
        columns = (STAT_COLUMNS[name][0 if is_home else 1] for name in SHOTS)
        detail = ", ".join(
            f"{column} {stats.pop(name):g}" for column, name in zip(columns, SHOTS, strict=True)
        )
        self.note(index, "bad-stat", f"{detail}: more shots on target than shots")


def _letter(home: int, away: int) -> str:
    return "H" if home > away else "A" if home < away else "D"
