"""football-data.co.uk: one CSV file a season and division, with scores, box scores and prices of many books.

Files of 1993 to today differ in encoding, line ends, date format, columns and width of rows; what is met and
what is done about it stands in `docs/sources.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import TYPE_CHECKING

from sportsplat.domain import (
    Batch,
    MatchKey,
    MatchRecord,
    MatchStatus,
    Precision,
    TeamStatsRecord,
)
from sportsplat.errors import InputRefused
from sportsplat.leagues import leagues_of
from sportsplat.sources.base import Payload, Window
from sportsplat.sources.football_calendar import (
    collected_at,
    folder_of,
    kickoff_of,
    read_date,
    seasons_of,
)
from sportsplat.sources.football_prices import Priced, offers_of, read_quotes
from sportsplat.sources.rows import RowError, RowReader, Table, collector_paused, read_count, read_table

if TYPE_CHECKING:
    from sportsplat.leagues import League
    from sportsplat.settings import Settings

NAME = "football-data"
REQUIRED = ("Div", "Date", "HomeTeam", "AwayTeam", "FTHG", "FTAG")
STAT_COLUMNS = {
    "shots": ("HS", "AS"),
    "shots_on_target": ("HST", "AST"),
    "corners": ("HC", "AC"),
    "fouls": ("HF", "AF"),
    "yellow_cards": ("HY", "AY"),
    "red_cards": ("HR", "AR"),
    "half_time_goals": ("HTHG", "HTAG"),
}
SHOTS = ("shots", "shots_on_target")
GOALS = attrgetter("home_score"), attrgetter("away_score")


class FootballData:
    """The source `football-data`."""

    name = NAME
    title = "football-data.co.uk season files"
    licence = "free data of football-data.co.uk, no licence stated"
    url = "https://www.football-data.co.uk/data.php"
    gives = (
        "matches",
        "box scores (from 2000/01)",
        "pre-match odds (from 2000/01)",
        "closing odds (Pinnacle from 2012/13, all books from 2019/20)",
    )
    first_season, last_season = 1993, None

    def __init__(self) -> None:
        self.leagues = leagues_of(NAME)

    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Read one season file. `league` must be the one of the file's `Div` column when given.

        Raises:
            InputRefused: not such a file (NOT_THIS_FORMAT), no row (EMPTY_FILE), a division that no league
                declares (UNKNOWN_DIVISION), or another league's file (WRONG_LEAGUE).
        """
        return parse(payload, league, leagues)

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
        from sportsplat.sources.http import open_fetcher

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

    def lacks(self, settings: Settings) -> str | None:  # noqa: ARG002
        """Nothing: the site asks for no key."""
        return None

    def fetch_window(
        self, window: Window, *, leagues: Sequence[League], settings: Settings
    ) -> Iterator[Payload]:
        """Get the files of the seasons that a window touches; the site adds to them twice a week.

        A file that was fetched just now (`sources.fresh_s`) is not asked for again.
        """
        from sportsplat.sources.http import fresh_since

        for league in leagues:
            seasons = range(league.season_on(window.since), league.season_on(window.until) + 1)
            for season in seasons:
                yield from self._fetch([season], [league], settings, fresh_since(settings))


@collector_paused()
def parse(payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
    """Turn a season file's bytes into records; see `FootballData.parse`."""
    table = read_table(payload, required=REQUIRED, format_name="football-data.co.uk")
    division, league = _league_of(table, league, leagues)
    return _Reader(table, division, league).read_all()


class _Reader(RowReader):
    """Reads the rows of one table into a batch."""

    def __init__(self, table: Table, division: str, league: League) -> None:
        super().__init__(table, league, NAME)
        self.division = division
        self.seasons = seasons_of(table.file, (self.date_of(row) for _, row in table.filled()))
        self.offers = offers_of(table.header)
        self.kept: list[tuple[int, list[str], MatchRecord, MatchKey]] = []
        self.stats = [
            (name, self.column[home], self.column[away])
            for name, (home, away) in STAT_COLUMNS.items()
            if name in league.stats and home in self.column and away in self.column
        ]

    def date_of(self, row: Sequence[str]) -> date | None:
        return read_date(self.cell(row, "Date"))

    def read(self, index: int, row: list[str]) -> None:
        """Add one row's match. Raises RowError when there is none in it."""
        match = self._match(row)
        key = self.add_match(index, match)
        if self.cell(row, "Time") and match.precision is Precision.DAY:
            self.note(index, "bad-time", f"Time is {self.cell(row, 'Time')!r}: expected HH:MM")
        surplus = [text for text in row[len(self.table.header) :] if text.strip()]
        if surplus:
            self.note(
                index, "surplus-fields", f"{surplus} stand right of the last column: the row has shifted"
            )
            return
        self.kept.append((index, row, match, key))

    def read_all(self) -> Batch:
        """Read the matches row by row, and column by column what belongs to them."""
        batch = super().read_all()
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
            raise RowError("bad-date", f"Date is {self.cell(row, 'Date')!r}: expected dd/mm/yy or dd/mm/yyyy")
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

    def _priced(self, row: Sequence[str], match: MatchRecord, key: MatchKey) -> Priced:
        exact = match.precision is Precision.MINUTE
        collected = collected_at(match.match_date)
        return Priced(
            cells=row,
            match=key,
            collected_at=collected if collected <= match.kickoff_utc else None,
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
                        told = f"{label} is {value}, more than the {goals_of(match)} of full time"
                        self.note(index, "bad-stat", told)
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
        told = ", ".join(f"{column} {stats.pop(name):g}" for column, name in zip(columns, SHOTS, strict=True))
        self.note(index, "bad-stat", f"{told}: more shots on target than shots")


def _letter(home: int, away: int) -> str:
    return "H" if home > away else "A" if home < away else "D"


def _league_of(table: Table, league: League | None, leagues: Mapping[str, League]) -> tuple[str, League]:
    """Return the file's division and its league. Raises InputRefused where they do not fit."""
    column = table.header.index("Div")
    divisions = Counter(row[column].strip() for _, row in table.filled())
    divisions.pop("", None)
    told = ", ".join(divisions) or "nothing"
    known = {known.sources[NAME]: known for known in leagues.values() if NAME in known.sources}
    if league is not None:
        wanted = league.sources.get(NAME, "")
        if wanted in divisions:
            return wanted, league
        raise InputRefused(
            f"{table.file} holds no match of {league.name}.",
            code="WRONG_LEAGUE",
            cause=f"Its Div column says {told}; config/leagues.yaml gives {league.code} {wanted!r}.",
            fix="Leave --league out, or name the file of that league.",
        )
    for division, _ in divisions.most_common():
        if division in known:
            return division, known[division]
    raise InputRefused(
        f"No league is declared for the division of {table.file}.",
        code="UNKNOWN_DIVISION",
        cause=f"Its Div column says {told}; declared are {', '.join(sorted(known))}.",
        fix="Declare the league in config/leagues.yaml with sources: {football-data: <Div>}.",
    )
