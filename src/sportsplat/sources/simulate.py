"""The source `simulate`: a season of the simulated league as a CSV file, read like any other source's.

A played match carries scores, box scores, opening and closing odds and its true probability. A match of the
coming week carries its opening odds and the truth; one further away is a bare fixture.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

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
from sportsplat.sources.base import Payload, Source
from sportsplat.sources.reading.cells import YEARS, RowError, read_count, read_number
from sportsplat.sources.reading.csv import RowReader, collector_paused, read_table

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from sportsplat.config.settings import Settings
    from sportsplat.leagues.league import League


TEAMS = (
    "Ashford", "Birchwood", "Calder", "Dunmore", "Eastvale", "Fenwick", "Granby", "Harrow Hill",
    "Inverleith", "Juniper Bay", "Kestrel", "Larkspur", "Marlow Park", "Northgate", "Oakhurst", "Port Ellis",
)  # fmt: skip
FIRST_SEASON = 2010
ROUND_SPACING_DAYS = 5.7
LATEST_OFFSET_DAYS = 4  # below the spacing, so that no team plays twice a day, and one day of rest happens

STRENGTH_SD = 4.5
DRIFT_SD = 0.2  # per match
SEASON_CARRY = 0.8
HOME_ADVANTAGE = 3.0
FATIGUE = {1: 5.0, 2: 4.0, 3: 2.5}  # points lost after so many days since the last match
NEUTRAL_SHARE = 0.02
MARGIN_SD = 12.0

OPENING_NOISE, CLOSING_NOISE = 0.3, 0.15  # standard deviations in logits
OPENING_OVERROUND, CLOSING_OVERROUND = 0.05, 0.04
OPENING_LEAD = timedelta(days=7)


@dataclass(frozen=True)
class SimulatedMatch:
    """One match with everything that is true of it, whether played yet or not.

    `truth` is the home team's probability of winning; odds are decimal pairs (home, away).
    """

    season: int
    kickoff_utc: datetime
    home: str
    away: str
    neutral: bool
    truth: float
    home_points: int
    away_points: int
    home_shots: int
    away_shots: int
    home_turnovers: int
    away_turnovers: int
    opening_odds: tuple[float, float]
    closing_odds: tuple[float, float]


def simulate(seed: int, last_season: int) -> list[SimulatedMatch]:
    """Play every season from FIRST_SEASON to `last_season`, in order of days.

    The same seed gives the same matches whatever the last season is.
    """
    world = np.random.default_rng([seed, 0])
    strength = world.normal(0.0, STRENGTH_SD, len(TEAMS))
    matches: list[SimulatedMatch] = []
    last_played: dict[int, date] = {}
    for season in range(FIRST_SEASON, last_season + 1):
        rng, plan = np.random.default_rng([seed, season]), np.random.default_rng(season)
        for day, home, away in _schedule(season, plan):
            matches.append(_play(season, day, home, away, strength, last_played, plan, rng))
            strength[[home, away]] += rng.normal(0.0, DRIFT_SD, 2)
        shock = np.sqrt(1 - SEASON_CARRY**2) * STRENGTH_SD
        strength = SEASON_CARRY * (strength - strength.mean()) + rng.normal(0.0, shock, len(TEAMS))
    return matches


def _schedule(season: int, rng: Generator) -> list[tuple[date, int, int]]:
    """Four single round robins (home and away twice each), each match on a day near its round's."""
    start = date(season, 1, 10)
    fixtures = []
    for number, pairs in enumerate(_rounds(rng)):
        base = int(number * ROUND_SPACING_DAYS)
        for home, away in pairs:
            offset = int(rng.integers(0, LATEST_OFFSET_DAYS + 1))
            fixtures.append((start + timedelta(days=base + offset), home, away))
    return sorted(fixtures)


def _rounds(rng: Generator) -> list[list[tuple[int, int]]]:
    """Pair the teams by the circle method, the second and fourth cycle with the venues swapped."""
    order = [int(team) for team in rng.permutation(len(TEAMS))]
    fixed, others = order[0], order[1:]
    cycle = []
    for turn in range(len(others)):
        ring = others[turn:] + others[:turn]
        pairs = [(fixed, ring[0]), *zip(ring[1:8], reversed(ring[8:]), strict=True)]
        cycle.append([pair if turn % 2 else pair[::-1] for pair in pairs])
    reversed_cycle = [[(away, home) for home, away in pairs] for pairs in cycle]
    return [*cycle, *reversed_cycle, *cycle, *reversed_cycle]


def _play(
    season: int,
    day: date,
    home: int,
    away: int,
    strength: NDArray[np.float64],
    last_played: dict[int, date],
    plan: Generator,
    rng: Generator,
) -> SimulatedMatch:
    from scipy.special import ndtr

    neutral = bool(plan.random() < NEUTRAL_SHARE)
    hour, minute = int(plan.integers(17, 22)), int(plan.choice((0, 30)))
    mean = strength[home] - strength[away] + (0.0 if neutral else HOME_ADVANTAGE)
    mean += _fatigue(away, day, last_played) - _fatigue(home, day, last_played)
    last_played[home] = last_played[away] = day
    truth = float(ndtr(mean / MARGIN_SD))

    margin = rng.normal(mean, MARGIN_SD)
    size = max(1, round(abs(margin)))
    loser = int(rng.normal(100, 9))
    points = (loser + size, loser) if margin > 0 else (loser, loser + size)
    shots = rng.normal([85 + 0.5 * mean, 85 - 0.5 * mean], 4).round().astype(int)
    turnovers = rng.poisson([14 * np.exp(-0.02 * mean), 14 * np.exp(0.02 * mean)])
    opening = _odds(truth, OPENING_NOISE, OPENING_OVERROUND, rng)
    closing = _odds(truth, CLOSING_NOISE, CLOSING_OVERROUND, rng)
    return SimulatedMatch(
        season=season,
        kickoff_utc=datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC),
        home=TEAMS[home],
        away=TEAMS[away],
        neutral=neutral,
        truth=truth,
        home_points=points[0],
        away_points=points[1],
        home_shots=int(shots[0]),
        away_shots=int(shots[1]),
        home_turnovers=int(turnovers[0]),
        away_turnovers=int(turnovers[1]),
        opening_odds=opening,
        closing_odds=closing,
    )


def _fatigue(team: int, day: date, last_played: dict[int, date]) -> float:
    last = last_played.get(team)
    return 0.0 if last is None else FATIGUE.get((day - last).days, 0.0)


def _odds(truth: float, noise: float, overround: float, rng: Generator) -> tuple[float, float]:
    """Quote a noisy view of the truth, the margin laid on in proportion."""
    from scipy.special import expit, logit

    view = float(expit(logit(truth) + rng.normal(0.0, noise)))
    view = min(max(view, 0.06), 0.94)  # so that the favourite still pays more than the stake
    return round(1 / (view * (1 + overround)), 3), round(1 / ((1 - view) * (1 + overround)), 3)


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


class SimulateSource(Source):
    """A made-up league with a known truth; needs no network and no file."""

    name = "simulate"
    title = "Simulated league with known probabilities"
    licence = "generated locally: no licence needed"
    gives = ("matches", "box scores", "opening and closing odds", "the true probability of each match")
    leagues = (LEAGUE,)

    @collector_paused()
    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Read one simulated season.

        Raises:
            InputRefused: the header is not the one this source writes (NOT_THIS_FORMAT).
        """
        table = read_table(payload, required=COLUMNS, format_name="the simulated league")
        return _Reader(table, league or leagues[LEAGUE], self.name).read_all()

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

    wanted = sorted(set(seasons))
    if not wanted:
        return []
    if wanted[0] < FIRST_SEASON:
        raise UsageError(
            f"the simulated league does not have season {wanted[0]}",
            cause=f"its first season is {FIRST_SEASON}",
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


class _Reader(RowReader):
    """Reads the rows of a season into a batch."""

    def read(self, index: int, row: list[str]) -> None:
        """Add the records of one row; nothing is added when any value is rejected (RowError)."""
        width = len(self.table.header)
        if len(self.table.rows[index]) != width:
            raise RowError("bad-row", f"{len(self.table.rows[index])} cells for {width} columns")
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
