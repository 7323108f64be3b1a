"""A league whose truth is known: every forecast of it can be checked against what made the results.

Sixteen teams play each other four times in a calendar year. The strength of a team (in points, against an
average team) drifts from match to match and is pulled to the middle between seasons. The expected margin is

    mean = strength(home) - strength(away) + home advantage (unless neutral) - fatigue(home) + fatigue(away)

and the margin is drawn from Normal(mean, MARGIN_SD), so that the home team wins with probability
Phi(mean / MARGIN_SD): the truth. A bookmaker opens with a noisy view of it and closes with a better one, both
with an overround. The world is a function of the seed alone: the day on which it is looked at only hides what
is not played yet. The fixtures are the same in every world: one seed after another replaces what is stored,
and never leaves the matches of two worlds in one league.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtr

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

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
    """Pair the teams by the circle method, the second and fourth cycle with the venues turned round."""
    order = [int(team) for team in rng.permutation(len(TEAMS))]
    fixed, others = order[0], order[1:]
    cycle = []
    for turn in range(len(others)):
        ring = others[turn:] + others[:turn]
        pairs = [(fixed, ring[0]), *zip(ring[1:8], reversed(ring[8:]), strict=True)]
        cycle.append([pair if turn % 2 else pair[::-1] for pair in pairs])
    turned = [[(away, home) for home, away in pairs] for pairs in cycle]
    return [*cycle, *turned, *cycle, *turned]


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
    view = float(expit(logit(truth) + rng.normal(0.0, noise)))
    view = min(max(view, 0.06), 0.94)  # so that the favourite still pays more than the stake
    return round(1 / (view * (1 + overround)), 3), round(1 / ((1 - view) * (1 + overround)), 3)
