"""nflverse games.csv: every NFL game from 1999 with spread, total and moneylines, the coming season too.

The other columns (stadium, rest, quarterbacks, weather) are read by `nflverse_details`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from sportsplat.domain import (
    Batch,
    DetailRecord,
    Market,
    MatchKey,
    MatchRecord,
    MatchStatus,
    Outcome,
    Precision,
    QuoteRecord,
)
from sportsplat.sources.base import OneLeagueSource, Payload, Window
from sportsplat.sources.nflverse.details import COLUMNS as DETAIL_COLUMNS
from sportsplat.sources.nflverse.details import read_details
from sportsplat.sources.reading.cells import RowError, read_american, read_count, read_iso_date, read_number
from sportsplat.sources.reading.csv import RowReader, Table, collector_paused, read_table
from sportsplat.sources.reading.seasons import read_season

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings
    from sportsplat.leagues.league import League

NAME = "nflverse"
LEAGUE = "nfl"
BOOKMAKER = "consensus"
EASTERN = ZoneInfo("America/New_York")
REQUIRED = ("game_id", "season", "game_type", "gameday", "away_team", "away_score", "home_team", "home_score")
STAGES = {"REG": "regular", "WC": "playoff", "DIV": "playoff", "CON": "playoff", "SB": "playoff"}
FIRST_START = time(9, 30)  # Eastern; London's afternoon, and nothing has begun earlier in a day
LONDON_EVENING = time(21, 30)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")


class _Price(NamedTuple):
    """A column of American odds and what it prices."""

    column: str
    market: Market
    outcome: Outcome


PRICES = (
    _Price("home_moneyline", Market.RESULT, Outcome.HOME),
    _Price("away_moneyline", Market.RESULT, Outcome.AWAY),
    _Price("home_spread_odds", Market.SPREAD, Outcome.HOME),
    _Price("away_spread_odds", Market.SPREAD, Outcome.AWAY),
    _Price("over_odds", Market.TOTAL, Outcome.OVER),
    _Price("under_odds", Market.TOTAL, Outcome.UNDER),
)


COLUMNS = (
    *("gametime", "location", "result", "total", "spread_line", "total_line"),
    *(price.column for price in PRICES),
    *DETAIL_COLUMNS,
)


class Nflverse(OneLeagueSource):
    """The source `nflverse`."""

    lists_all = True
    name = NAME
    title = "nflverse games.csv"
    licence = "none stated in nflverse/nfldata; nflverse data releases: CC BY 4.0"
    url = "https://github.com/nflverse/nfldata"
    gives = (
        "matches",
        "closing moneylines, spreads and totals with their prices (from 2006)",
        "stadium, surface, rest, quarterbacks, coaches, referee, roof, weather",
    )
    leagues = (LEAGUE,)
    first_season, last_season = 1999, None

    @collector_paused()
    def read(self, payload: Payload, league: League) -> Batch:
        """Read games.csv."""
        table = read_table(payload, required=REQUIRED, format_name="nflverse (games.csv)", columns=COLUMNS)
        return _Reader(table, league, NAME).read_all()

    def fetch(
        self,
        seasons: Sequence[int],  # noqa: ARG002 - one file holds them all
        *,
        leagues: Sequence[League],  # noqa: ARG002
        settings: Settings,
    ) -> list[Payload]:
        """Get games.csv; one file holds every season."""
        return [self._fetch(settings)]

    def _fetch(self, settings: Settings, fresh_since: datetime | None = None) -> Payload:
        from sportsplat.sources.web.http import open_fetcher

        url = f"{settings.sources.nflverse_url}/games.csv"
        with open_fetcher(settings, NAME) as fetcher:
            return fetcher.get(url, what="all NFL seasons", fresh_since=fresh_since)

    def fetch_window(
        self,
        window: Window,  # noqa: ARG002 - one file holds every day
        *,
        leagues: Sequence[League],  # noqa: ARG002
        settings: Settings,
    ) -> Iterator[Payload]:
        """Get games.csv, which is renewed through the day, unless it was fetched just now (`fresh_s`)."""
        from sportsplat.sources.web.http import fresh_since

        yield self._fetch(settings, fresh_since(settings))


class _Reader(RowReader):
    """Reads the rows of games.csv into a batch."""

    def __init__(self, table: Table, league: League, source: str) -> None:
        super().__init__(table, league, source)
        self.details: list[DetailRecord] = []
        self.batch = self.batch._replace(details=self.details)

    def read(self, index: int, row: list[str]) -> None:
        """Add one game and its prices. Raises RowError when there is no game in the row."""
        cells = dict(zip(self.table.header, map(str.strip, row), strict=False))
        match = self._match(cells)
        key = self.add_match(index, match)
        if cells.get("gametime") and match.precision is Precision.DAY:
            self.note(index, "bad-time", f"gametime is {cells['gametime']!r}: expected HH:MM")
        self._add_quotes(index, cells, match, key)
        self.details.extend(read_details(cells, match, key, self.league, partial(self.note, index)))

    def _match(self, row: dict[str, str]) -> MatchRecord:
        day = read_iso_date(row["gameday"], "gameday")
        columns = ("home_team", "away_team")
        home, away = self.teams(row["home_team"], row["away_team"], day, columns)
        stage = STAGES.get(row["game_type"])
        if stage is None:
            raise RowError(
                "unknown-stage", f"game_type is {row['game_type']!r}: expected one of {', '.join(STAGES)}"
            )
        location = row.get("location", "") or "Home"
        if location not in ("Home", "Neutral"):
            raise RowError("bad-location", f"location is {location!r}: expected Home or Neutral")
        score = _score(row)
        kickoff = _kickoff(day, row.get("gametime", ""), abroad=location == "Neutral")
        known_at = None
        if score is not None:
            known_at = self.league.end_of_day(day) if kickoff is None else kickoff + self.league.duration
        return MatchRecord(
            season=read_season(row["season"], day, self.league),
            match_date=day,
            kickoff_utc=self.league.local_midnight(day) if kickoff is None else kickoff,
            precision=Precision.DAY if kickoff is None else Precision.MINUTE,
            home=home,
            away=away,
            neutral=location == "Neutral",
            stage=stage,
            status=MatchStatus.SCHEDULED if score is None else MatchStatus.FINAL,
            home_score=None if score is None else score[0],
            away_score=None if score is None else score[1],
            known_at=known_at,
        )

    def _add_quotes(self, index: int, row: dict[str, str], match: MatchRecord, key: MatchKey) -> None:
        """Add the prices. A line without a price (all games before 2006) is no quote.

        Beside a game that was played stand its closing prices. Those of a game to come may still move: they
        are known once the file was read, since the file does not say when they were set.
        """
        closing = match.status is MatchStatus.FINAL
        exact = match.precision is Precision.MINUTE
        known_at = match.kickoff_utc if exact or not closing else self.league.end_of_day(match.match_date)
        for price in PRICES:
            text = row.get(price.column, "")
            if not text or text == "0":
                continue
            try:
                line, odds = _line(row, price.market), read_american(text, price.column)
            except RowError as bad:
                self.note(index, bad.code, bad.reason)
                continue
            self.batch.quotes.append(
                QuoteRecord(key, BOOKMAKER, price.market, price.outcome, line, odds, closing, None, known_at)
            )


def _kickoff(day: date, text: str, *, abroad: bool) -> datetime | None:
    """Return the UTC moment of a US Eastern time of day; None without one.

    Half a day is put right where the file mistakes morning and evening: 9:00 is a Monday night's 9 p.m. (the
    102 games of 2000 to 2005 with it), 21:30 abroad is London's 9:30 a.m. (five of 2017 and 2018).
    """
    found = _TIME.fullmatch(text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    clock = time(int(found[1]), int(found[2]))
    if clock < FIRST_START:
        clock = clock.replace(hour=clock.hour + 12)
    elif abroad and clock == LONDON_EVENING:
        clock = FIRST_START
    return datetime.combine(day, clock, tzinfo=EASTERN).astimezone(UTC)


def _score(row: dict[str, str]) -> tuple[int, int] | None:
    """Return the points, None for a game that is not played; `result` and `total` must agree with them."""
    home, away = row["home_score"], row["away_score"]
    if not home and not away:
        return None
    points = read_count(home, "home_score"), read_count(away, "away_score")
    for column, expected in (("result", points[0] - points[1]), ("total", sum(points))):
        text = row.get(column, "")
        if text and read_number(text, column, "contradiction") != expected:
            raise RowError("contradiction", f"{column} is {text!r} at {points[0]}:{points[1]} (home:away)")
    return points


def _line(row: dict[str, str], market: Market) -> float | None:
    """Return what is added to the home score, or the total; `spread_line` is above 0 for a home favourite."""
    if market is Market.RESULT:
        return None
    column = "spread_line" if market is Market.SPREAD else "total_line"
    value = read_number(row.get(column, ""), column, "bad-line")
    return 0.0 - value if market is Market.SPREAD else value
