"""FiveThirtyEight's club soccer: `spi_matches.csv`, dozens of competitions in one file, played and to come.

Columns: date, league, team1 (at home), team2, prob1, probtie, prob2 (the published forecast), score1, score2,
and where it was measured xg (expected goals), nsxg (non-shot expected goals) and adj_score (adjusted goals).
A later layout begins with `season`, the year in which it starts; without it the season follows from the
league's rules.

Competitions are led to leagues by `sources: {fivethirtyeight-soccer-spi: <league>}` in config/leagues.yaml.
The two tournaments of one Mexican season, "... Torneo Apertura" and "... Torneo Clausura", are one league.

Licence: CC BY 4.0. Clock: only the day is known; a result is known when the day ends, a forecast when it
begins.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sportsplat.domain import (
    Batch,
    ForecastRecord,
    MatchKey,
    MatchRecord,
    MatchStatus,
    Precision,
    Rejected,
    TeamStatsRecord,
)
from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload, Source
from sportsplat.sources.reading.cells import LocalDays, RowError, read_count, read_iso_date
from sportsplat.sources.reading.csv import RowReader, Table, collector_paused, read_table
from sportsplat.sources.reading.seasons import season_of

if TYPE_CHECKING:
    from sportsplat.leagues.league import League


Rows = list[tuple[int, list[str]]]


def last_day_of(table: Table, found: Mapping[str, Rows]) -> date:
    """Return the last day on which the file can have a result.

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
    reported: dict[str, list[tuple[date, int, tuple[str, str]]]] = defaultdict(list)
    for index, row in rows:
        try:
            played_on = read_iso_date(row[day[0]].strip(), "date")
        except RowError:
            continue
        goals = row[score[0]].strip(), row[score[1]].strip()
        if all(goals):
            reported[row[teams[0]].strip()].append((played_on, index, goals))
            reported[row[teams[1]].strip()].append((played_on, index, goals[::-1]))
    found = {}
    for club, scores in reported.items():
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


NAME = "fivethirtyeight-soccer-spi"
PUBLISHER = "fivethirtyeight-spi"
REQUIRED = (
    "date",
    "league",
    "team1",
    "team2",
    "spi1",
    "spi2",
    "prob1",
    "prob2",
    "probtie",
    "score1",
    "score2",
)
FORECAST = ("prob1", "probtie", "prob2")
STATS = {"expected_goals": "xg", "non_shot_expected_goals": "nsxg", "adjusted_goals": "adj_score"}
SUM_TOLERANCE = 0.01  # four-decimal probabilities need not sum to exactly 1
_TOURNAMENT = re.compile(r" Torneo (Apertura|Clausura)$")


class SoccerSpi(Source):
    """The source `fivethirtyeight-soccer-spi`."""

    name = NAME
    title = "FiveThirtyEight club soccer: SPI forecasts"
    licence = "CC BY 4.0 (FiveThirtyEight)"
    url = "https://github.com/fivethirtyeight/data/tree/master/soccer-spi"
    gives = ("matches from 2016", "published forecasts", "expected goals of the larger leagues")
    first_season, last_season = 2016, 2022

    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Read the matches of one league.

        Raises:
            InputRefused: not such a file (NOT_THIS_FORMAT), no row (EMPTY_FILE), no match of `league`
                (WRONG_LEAGUE), or no league is asked for and the file holds several (SEVERAL_LEAGUES).
        """
        table = _read(payload)
        found = _competitions(table)
        if league is None:
            known = _declared(leagues, found)
            if len(known) != 1:
                raise _several(payload.name, known)
            ((_, league),) = known.items()
        competition = league.sources.get(NAME, "")
        if competition not in found:
            raise InputRefused(
                f"{payload.name} holds no match of {league.name}",
                code="WRONG_LEAGUE",
                cause=f"its league column has no {competition!r}, config/leagues.yaml's name for it",
                fix=f"sportsplat ingest {NAME} {payload.name}",
            )
        return _batch_of(table, league, competition, found[competition], last_day_of(table, found))

    @collector_paused()
    def split(self, payload: Payload, leagues: Mapping[str, League]) -> list[Batch]:
        """Read every league of the file; see `Source.split`."""
        table = _read(payload)
        found = _competitions(table)
        known = _declared(leagues, found)
        if not known:
            raise InputRefused(
                f"no league is declared for anything in {payload.name}",
                code="UNKNOWN_DIVISION",
                cause=f"its league column says {', '.join(sorted(found))[:160]}",
                fix=f"declare one in config/leagues.yaml with sources: {{{NAME}: <league>}}",
            )
        last_day = last_day_of(table, found)
        ordered = sorted(known.items(), key=lambda item: item[1].code)
        batches = [_batch_of(table, league, name, found[name], last_day) for name, league in ordered]
        undeclared = {name: rows for name, rows in found.items() if name not in known}
        of_none = [_undeclared(table, name, rows) for name, rows in undeclared.items()]
        of_none += [table.reject(index, *damage) for index, damage in table.damage.items()]
        batches[0].rejected.extend(row._replace(of_no_league=True) for row in of_none)
        surplus = sum(map(len, undeclared.values())) + len(table.damage)
        batches[0] = batches[0]._replace(rows_read=batches[0].rows_read + surplus)
        return batches


def _read(payload: Payload) -> Table:
    return read_table(
        payload,
        required=REQUIRED,
        format_name="FiveThirtyEight's soccer data (spi_matches.csv)",
        columns=("season", *(f"{name}{side}" for name in STATS.values() for side in "12")),
    )


def _batch_of(table: Table, league: League, competition: str, rows: Rows, last_day: date) -> Batch:
    reader = _Reader(table, league, competition, last_day)
    reader.look_at(rows)
    return reader.read_rows(rows)


class _Reader(RowReader):
    """Reads the rows of one competition into a batch."""

    def __init__(self, table: Table, league: League, competition: str, last_day: date) -> None:
        super().__init__(table, league, NAME)
        self.days = LocalDays(league)
        self.last_day = last_day
        self.competition = competition
        self.rematches: frozenset[int] = frozenset()
        self.awarded: dict[int, str] = {}
        self.stats = [
            (name, f"{column}1", f"{column}2")
            for name, column in STATS.items()
            if name in (*league.stats, *league.stored_stats) and f"{column}1" in self.column
        ]

    def look_at(self, rows: Rows) -> None:
        """Find what needs several rows: which matches are play-offs, which scores were awarded."""
        self.awarded = awarded_before(self.table, rows, self.last_day)
        self.rematches = rematches(self.table, self.competition, rows, self._season)

    def read(self, index: int, row: list[str]) -> None:
        """Add one row's match and what belongs to it. Raises RowError when there is no match in it."""
        day = read_iso_date(self.cell(row, "date"), "date")
        columns = ("team1", "team2")
        home, away = self.teams(self.cell(row, "team1"), self.cell(row, "team2"), day, columns)
        score = self._score(row)
        season = self._season(row, day)
        midnight, end = self.days[day]
        awarded = score is not None and (day > self.last_day or index in self.awarded)
        played = score is not None and not awarded
        knock_out = _is_zero(self.cell(row, "probtie"))
        match = MatchRecord(
            season=season,
            match_date=day,
            kickoff_utc=midnight,
            precision=Precision.DAY,
            home=home,
            away=away,
            neutral=knock_out and self.competition in FINAL_ON_NEUTRAL_GROUND,
            stage="playoff" if knock_out or self._is_later_round(index, day, season) else "regular",
            status=MatchStatus.FINAL
            if played
            else MatchStatus.CANCELLED
            if awarded
            else MatchStatus.SCHEDULED,
            home_score=score[0] if score and played else None,
            away_score=score[1] if score and played else None,
            known_at=end if played else None,
        )
        key = self.add_match(index, match)
        if awarded:
            detail = (
                f"score1 and score2 are {self.cell(row, 'score1')} and {self.cell(row, 'score2')} on {day}:"
            )
            if index in self.awarded:
                why = f"every later match of {self.awarded[index]} has this score, including future ones"
                self.note(index, "awarded", f"{detail} {why}; it was not played")
            else:
                why = f"the file knows results to {self.last_day}, this match was not played"
                self.note(index, "result-before-play", f"{detail} {why}")
        self._add_forecast(index, row, key)
        if match.known_at is not None:
            self._add_stats(index, row, match, key)

    def _is_later_round(self, index: int, day: date, season: int) -> bool:
        return index in self.rematches or (self.competition in GROUPS_IN_AUTUMN and day.year > season)

    def _season(self, row: list[str], day: date) -> int:
        reported = self.cell(row, "season")
        if reported:
            return read_count(reported, "season", "bad-season")
        return season_of(self.league, day)

    def _score(self, row: list[str]) -> tuple[int, int] | None:
        texts = self.cell(row, "score1"), self.cell(row, "score2")
        if texts == ("", ""):
            return None
        return read_count(texts[0], "score1"), read_count(texts[1], "score2")

    def _add_forecast(self, index: int, row: list[str], key: MatchKey) -> None:
        texts = [self.cell(row, name) for name in FORECAST]
        if not any(texts):
            return
        detail = f"prob1, probtie, prob2 are {', '.join(map(repr, texts))}"
        try:
            probabilities = tuple(map(float, texts))
        except ValueError:
            self.note(index, "bad-forecast", f"{detail}: not numbers")
            return
        if not all(0 <= value <= 1 for value in probabilities) or abs(sum(probabilities) - 1) > SUM_TOLERANCE:
            self.note(index, "bad-forecast", f"{detail}: not probabilities that sum to 1")
            return
        midnight, _ = self.days[key.match_date]
        self.batch.forecasts.append(ForecastRecord(key, PUBLISHER, probabilities, midnight))

    def _add_stats(self, index: int, row: list[str], match: MatchRecord, key: MatchKey) -> None:
        for side in (0, 1):
            stats = {}
            for name, *columns in self.stats:
                text = self.cell(row, columns[side])
                try:
                    value = float(text or "nan")
                except ValueError:
                    value = -1.0
                if value >= 0 and value != float("inf"):
                    stats[name] = value
                elif text:
                    self.note(index, "bad-stat", f"{columns[side]} is {text!r}: expected a number from 0")
            if stats and match.known_at is not None:
                self.batch.stats.append(TeamStatsRecord(key, side == 0, stats, match.known_at))


def _competitions(table: Table) -> dict[str, Rows]:
    """Return the rows of each competition, in the order of the file; a Mexican tournament is half of one.

    A damaged line has no known owner and is left out.
    """
    column = table.header.index("league")
    found: dict[str, Rows] = defaultdict(list)
    for index, row in table.filled():
        if index in table.damage:
            continue
        found[_TOURNAMENT.sub("", row[column].strip())].append((index, row))
    return dict(found)


def _declared(leagues: Mapping[str, League], found: Iterable[str]) -> dict[str, League]:
    declared = {league.sources[NAME]: league for league in leagues.values() if NAME in league.sources}
    return {name: declared[name] for name in found if name in declared}


def _undeclared(table: Table, name: str, rows: Rows) -> Rejected:
    return table.reject(
        rows[0][0],
        "undeclared-league",
        f"league is {name!r} here and in {len(rows) - 1} more rows, and no league declares it: "
        f"add one to config/leagues.yaml with sources: {{{NAME}: {name}}}",
    )


def _several(file: str, known: Mapping[str, League]) -> InputRefused:
    codes = sorted(league.code for league in known.values())
    return InputRefused(
        f"{file} holds {len(codes)} leagues" if codes else f"no league is declared for anything in {file}",
        code="SEVERAL_LEAGUES",
        cause=f"declared in config/leagues.yaml are {', '.join(codes) or 'none of them'}",
        fix=f"sportsplat ingest {NAME} {file} --league {codes[0] if codes else 'epl'}",
    )


def _is_zero(text: str) -> bool:
    try:
        return float(text) == 0
    except ValueError:
        return False
