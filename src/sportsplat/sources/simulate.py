"""The source `simulate`: a season of the simulated league as a CSV file, read like any other source's.

A played match carries scores, box scores, opening and closing odds and its true probability. A match of the
coming week carries its opening odds and the truth; one further away is a bare fixture.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from sportsplat.domain import (
    Batch,
    ForecastRecord,
    Market,
    MatchKey,
    MatchRecord,
    MatchStatus,
    Outcome,
    Precision,
    QuoteRecord,
    TeamStatsRecord,
)
from sportsplat.errors import UsageError
from sportsplat.sources.base import Payload
from sportsplat.sources.rows import (
    YEARS,
    RowError,
    RowReader,
    collector_paused,
    read_count,
    read_number,
    read_table,
)

if TYPE_CHECKING:
    from sportsplat.leagues import League
    from sportsplat.settings import Settings
    from sportsplat.sources.simulated_world import SimulatedMatch

LEAGUE = "sim"
BOOKMAKER = "simbook"
PUBLISHER = "truth"
SCORES = ("home_points", "away_points", "home_shots", "away_shots", "home_turnovers", "away_turnovers")
PRICES = ("open_home", "open_away", "close_home", "close_away")
COLUMNS = ("season", "kickoff_utc", "home", "away", "neutral", *SCORES, *PRICES, "truth_home")
FINISHED_AFTER = timedelta(hours=3)
COLLECTED_AGAIN = timedelta(hours=12)  # before the start: later than any earlier match of either team ended
DEFAULT_SEED = 7
DEFAULT_SEASONS = 8


class SimulateSource:
    """A made-up league with a known truth; needs no network and no file."""

    name = "simulate"
    title = "Simulated league with a known truth"
    licence = "made here: no licence needed"
    url = ""
    gives = ("matches", "box scores", "opening and closing odds", "the true probability of each match")
    leagues = (LEAGUE,)

    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Read one simulated season.

        Raises:
            InputRefused: the header is not the one this source writes (NOT_THIS_FORMAT).
        """
        return parse(payload, league or leagues[LEAGUE])

    def fetch(
        self,
        seasons: Sequence[int],
        *,
        leagues: Sequence[League],  # noqa: ARG002 - as every source that can be fetched
        settings: Settings,  # noqa: ARG002
        seed: int = DEFAULT_SEED,
    ) -> list[Payload]:
        """Make the seasons as they stand today; without any, the DEFAULT_SEASONS newest."""
        now = datetime.now(UTC)
        return payloads(seed=seed, seasons=seasons or recent_seasons(now), now=now)


def recent_seasons(now: datetime, count: int = DEFAULT_SEASONS) -> range:
    """Return the season in play at `now` (a calendar year) and those before it, `count` in all."""
    return range(now.year - count + 1, now.year + 1)


def payloads(*, seed: int, seasons: Iterable[int], now: datetime) -> list[Payload]:
    """Make one file a season, as an observer at `now` would find it.

    Raises:
        UsageError: a season before the league's first.
    """
    from sportsplat.sources.simulated_world import FIRST_SEASON, simulate

    wanted = sorted(set(seasons))
    if not wanted:
        return []
    if wanted[0] < FIRST_SEASON:
        raise UsageError(
            f"The simulated league has no season {wanted[0]}.",
            cause=f"Its first season is {FIRST_SEASON}.",
            fix=f"sportsplat ingest simulate --season {FIRST_SEASON}",
        )
    world = simulate(seed, wanted[-1])
    return [
        Payload.of(
            f"simulate/seed-{seed}/{season}.csv", to_csv([m for m in world if m.season == season], now)
        )
        for season in wanted
    ]


def to_csv(matches: Sequence[SimulatedMatch], now: datetime) -> bytes:
    """Write what is known at `now`: results three hours after the start, prices a week before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(match, now) for match in matches)
    return out.getvalue().encode()


def _row(match: SimulatedMatch, now: datetime) -> list[object]:
    from sportsplat.sources.simulated_world import OPENING_LEAD

    played = match.kickoff_utc + FINISHED_AFTER <= now
    quoted = match.kickoff_utc - OPENING_LEAD <= now
    fixture = [match.season, match.kickoff_utc.isoformat(), match.home, match.away, int(match.neutral)]
    return [
        *fixture,
        *([getattr(match, name) for name in SCORES] if played else [""] * len(SCORES)),
        *(match.opening_odds if quoted else ("", "")),
        *(match.closing_odds if played else ("", "")),
        repr(match.truth) if quoted else "",
    ]


@collector_paused()
def parse(payload: Payload, league: League) -> Batch:
    """Turn a season's bytes into records; a row that does not parse is rejected with its reason."""
    table = read_table(payload, required=COLUMNS, format_name="the simulated league")
    return _Reader(table, league, SimulateSource.name).read_all()


class _Reader(RowReader):
    """Reads the rows of a season into a batch."""

    def read(self, index: int, row: list[str]) -> None:
        """Add what one row tells; nothing is added when any of its values is refused (RowError)."""
        width = len(self.table.header)
        if len(self.table.rows[index]) != width:
            raise RowError("bad-row", f"{len(self.table.rows[index])} cells stand under {width} columns")
        cells = dict(zip(self.table.header, row, strict=True))
        kickoff = _kickoff(cells["kickoff_utc"])
        day = kickoff.date()
        home, away = self.teams(cells["home"], cells["away"], day, ("home", "away"))
        key = MatchKey(day, home, away)
        played = cells["home_points"] != ""
        known_at = kickoff + self.league.duration if played else None
        match = MatchRecord(
            season=_season(cells["season"], day),
            match_date=day,
            kickoff_utc=kickoff,
            precision=Precision.MINUTE,
            home=home,
            away=away,
            neutral=cells["neutral"] == "1",
            status=MatchStatus.FINAL if played else MatchStatus.SCHEDULED,
            home_score=read_count(cells["home_points"], "home_points") if played else None,
            away_score=read_count(cells["away_points"], "away_points") if played else None,
            known_at=known_at,
        )
        quotes = _quotes(cells, key, kickoff)
        forecasts = _truth(cells, key, kickoff)
        stats = [_stats(cells, key, side, known_at) for side in ("home", "away")] if known_at else []
        self.add_match(index, match)
        self.batch.quotes.extend(quotes)
        self.batch.forecasts.extend(forecasts)
        self.batch.stats.extend(stats)


def _kickoff(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        kickoff = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        moment = datetime.min
    if moment.tzinfo is None or moment.year not in YEARS:
        raise RowError("bad-date", f"kickoff_utc is {text!r}: expected an ISO time with its zone")
    return kickoff


def _season(text: str, day: date) -> int:
    season = read_count(text, "season", "bad-season")
    if season != day.year:
        raise RowError("bad-season", f"season is {text!r} on {day}: a season is a calendar year")
    return season


def _quotes(row: dict[str, str], key: MatchKey, kickoff: datetime) -> list[QuoteRecord]:
    """The opening price as collected twice, a week before and half a day before the start, and the close."""
    from sportsplat.sources.simulated_world import OPENING_LEAD

    opened, again = kickoff - OPENING_LEAD, kickoff - COLLECTED_AGAIN
    collected: list[tuple[str, datetime | None, datetime, bool]] = [("open", opened, opened, False)]
    if row[SCORES[0]]:
        collected += [("open", again, again, False), ("close", None, kickoff, True)]
    quotes = []
    for prefix, quoted_at, known_at, is_closing in collected:
        for outcome in (Outcome.HOME, Outcome.AWAY):
            text = row[f"{prefix}_{outcome}"]
            if text:
                odds = read_number(text, f"{prefix}_{outcome}", "bad-price")
                if odds <= 1:
                    raise RowError("bad-price", f"{prefix}_{outcome} is {odds}: decimal odds are above 1")
                price = (None, odds, is_closing, quoted_at, known_at)
                quotes.append(QuoteRecord(key, BOOKMAKER, Market.RESULT, outcome, *price))
    return quotes


def _truth(row: dict[str, str], key: MatchKey, kickoff: datetime) -> list[ForecastRecord]:
    if not row["truth_home"]:
        return []
    truth = read_number(row["truth_home"], "truth_home", "bad-forecast")
    if not 0 < truth < 1:
        raise RowError("bad-forecast", f"truth_home is {truth}: a probability lies between 0 and 1")
    return [ForecastRecord(key, PUBLISHER, (truth, 1 - truth), kickoff)]


def _stats(row: dict[str, str], key: MatchKey, side: str, known_at: datetime) -> TeamStatsRecord:
    columns = {name: f"{side}_{name}" for name in ("points", "shots", "turnovers")}
    stats = {name: float(read_count(row[column], column, "bad-stat")) for name, column in columns.items()}
    return TeamStatsRecord(key, side == "home", stats, known_at)
