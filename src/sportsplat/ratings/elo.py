"""Elo: one number per team; the difference of two gives the expected score, a surprise moves both.

Expected score of the home team: 1 / (1 + 10^(-d/400)), where d is its rating minus the visitor's plus the
home advantage (none on neutral ground): A. Elo, The Rating of Chessplayers (1978). A tie scores one half.
"""

from __future__ import annotations

from math import log, tanh
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from sportsplat.errors import InvalidSetting
from sportsplat.leagues.league import EloParams
from sportsplat.ratings.arrival import Ints, Results

Floats = npt.NDArray[np.float64]


_PER_POINT = log(10.0) / 400.0


class Multiplier(NamedTuple):
    """Weight of a result: `part` / (`base` + `slope` * e), e the winner's rating edge with home advantage.

    The divisor is never taken below half of `base`: the formulas were made for edges far from where it
    vanishes.
    """

    part: Floats
    base: float
    slope: float


def expected(difference: npt.ArrayLike) -> Floats:
    """Probability that the home team wins (ties count half), from rating differences of any shape."""
    return np.asarray(expit(np.asarray(difference, dtype=np.float64) * _PER_POINT))


def carried_over(rating: Floats, params: EloParams) -> Floats:
    """Move ratings towards the league's mean, as before a team's first match of a new season."""
    return params.mean + params.carry_over * (rating - params.mean)


def multiplier(margin: Ints, kind: str) -> Multiplier:
    """Weight of each result by its score difference.

    none: 1.
    nba: (m + 3)^0.8 / (7.5 + 0.006 e) (FiveThirtyEight, "How We Calculate NBA Elo Ratings", 2015).
    nfl: ln(m + 1) * 2.2 / (2.2 + 0.001 e); a tie counts as m = 1 over 1 (FiveThirtyEight, nfl-elo-game,
    forecast.py). goals: 1 up to one goal, 1.5 for two, (11 + m) / 8 from three (World Football Elo Ratings,
    eloratings.net).

    `margin` (F,) may be of either sign. Raises InvalidSetting for another kind.
    """
    size = np.abs(margin).astype(np.float64)
    if kind == "none":
        return Multiplier(np.ones_like(size), 1.0, 0.0)
    if kind == "nba":
        return Multiplier((size + 3.0) ** 0.8, 7.5, 0.006)
    if kind == "nfl":
        return Multiplier(np.where(size > 0, np.log1p(size), np.log(2.0) * 2.2) * 2.2, 2.2, 0.001)
    if kind == "goals":
        return Multiplier(np.where(size <= 1, 1.0, np.where(size == 2, 1.5, (11.0 + size) / 8.0)), 1.0, 0.0)
    raise InvalidSetting(
        f"Elo has no margin called {kind!r}",
        cause="elo.margin of a league in config/leagues.yaml",
        fix="write none, nba, nfl or goals",
    )


def run_elo(results: Results, params: EloParams, n_teams: int) -> Floats:
    """Rate results one after the other; return the ratings after each, (F, 2): home team's, visitor's.

    A result moves the ratings that hold when it arrives: two games of one day are learned one after the
    other.
    """
    sizes, size = np.unique(np.abs(results.margin), return_inverse=True)
    weight = multiplier(sizes, params.margin)
    gains = (params.k * weight.part).tolist()
    half = _PER_POINT / 2
    base, least = weight.base, weight.base * 0.5
    carry, mean = params.carry_over, params.mean
    kinds = [
        (score, slope, advantage, opens)
        for opens in range(4)
        for advantage in (params.home_advantage, 0.0)
        for score, slope in ((-0.5, -weight.slope), (0.0, 0.0), (0.5, weight.slope))
    ]
    kind = np.sign(results.margin) + 1 + 3 * results.neutral
    kind += 6 * results.opens_home + 12 * results.opens_away
    rating = [float(params.initial)] * n_teams
    after: list[float] = []
    push = after.append
    # Small whole numbers cost no allocation in `tolist`: what differs between results is looked up by kind.
    columns = (results.home.tolist(), results.away.tolist(), size.tolist(), kind.tolist())
    for home, away, margin, what in zip(*columns, strict=True):
        score, slope, advantage, opens = kinds[what]
        mine = rating[home]
        theirs = rating[away]
        if opens:
            if opens & 1:
                mine = mean + carry * (mine - mean)
            if opens & 2:
                theirs = mean + carry * (theirs - mean)
        d = mine - theirs + advantage
        damping = base + slope * d
        if damping < least:
            damping = least
        moved = gains[margin] * (score - 0.5 * tanh(d * half)) / damping  # expected score less one half
        rating[home] = mine = mine + moved
        rating[away] = theirs = theirs - moved
        push(mine)
        push(theirs)
    return np.fromiter(after, np.float64, len(after)).reshape(-1, 2)
