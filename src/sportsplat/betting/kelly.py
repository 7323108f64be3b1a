"""How much to stake: Kelly's fractions for the outcomes of one match, solved together, then made prudent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportsplat.betting.odds import Floats

ROUNDING: Final = 1e-12  # what is left of 1 after subtracting fair prices that sum to 1


@dataclass(frozen=True)
class Stakes:
    """Shares of the bankroll (n, k) for n matches of k outcomes.

    `edge` is probability · odds - 1 (NaN without a price); `full_kelly` is before the fraction and the cap;
    `capped` (n,) marks the matches where the largest stake held the fraction back.
    """

    fractions: Floats
    full_kelly: Floats
    edge: Floats
    capped: NDArray[np.bool_]


def kelly_exclusive(probabilities: ArrayLike, decimal_odds: ArrayLike) -> Floats:
    """Return the fractions (..., k) that maximise the expected log bankroll over exclusive outcomes.

    Both arguments are (..., k); NaN odds cannot be bet on. Exact, by Smoczynski & Tomkins (2010, "An explicit
    solution to the problem of optimizing the allocations of a bettor's wealth when wagering on horse races"):
    take outcomes in order of p · odds while that exceeds the reserve R = (1 - Σp) / (1 - Σ1/odds) of those
    taken so far (R = 1 at first), then f = p - R / odds. One more lowers R just as long as it should be
    taken, so that R is the least of all. No edge gives no stake.
    """
    odds = np.asarray(decimal_odds, dtype=np.float64)
    shape, outcomes = odds.shape, odds.shape[-1]
    odds = odds.reshape(-1, outcomes)
    chance = np.broadcast_to(np.asarray(probabilities, dtype=np.float64), shape).reshape(-1, outcomes)
    offered = np.isfinite(odds) & (odds > 1.0) & np.isfinite(chance)
    chance = np.where(offered, chance, 0.0)
    implied = np.divide(1.0, odds, out=np.zeros(odds.shape), where=offered)
    ratio = np.divide(chance, implied, out=np.zeros(odds.shape), where=offered)
    best_first = np.argsort(-ratio, axis=1).T + outcomes * np.arange(
        len(odds)
    )  # (k, n): sums run down columns
    kept = 1.0 - np.cumsum(chance.ravel()[best_first], axis=0)
    room = 1.0 - np.cumsum(implied.ravel()[best_first], axis=0)
    reserves = np.divide(np.maximum(kept, 0.0), room, out=np.full(room.shape, np.inf), where=room > ROUNDING)
    reserve = np.minimum(reserves.min(axis=0), 1.0)[:, None]
    fractions = np.where(ratio > reserve, np.maximum(chance - reserve * implied, 0.0), 0.0)
    return np.asarray(fractions.reshape(shape))


def stake_fractions(
    probabilities: Floats,
    decimal_odds: Floats,
    *,
    kelly_fraction: float,
    max_stake: float,
    min_edge: float,
) -> Stakes:
    """Return prudent shares of the bankroll for each match by itself.

    Only outcomes with an edge of at least `min_edge` are bet on; the joint Kelly solution over those is
    multiplied by `kelly_fraction`, and a match never takes more than `max_stake` of the bankroll over all its
    outcomes.
    """
    edge = probabilities * decimal_odds - 1.0
    with np.errstate(invalid="ignore"):
        eligible = edge >= min_edge
    full = kelly_exclusive(probabilities, np.where(eligible, decimal_odds, np.nan))
    fractions = full * kelly_fraction
    total = fractions @ np.ones(fractions.shape[1])
    capped = total > max_stake
    fractions[capped] *= (max_stake / total[capped])[:, None]
    return Stakes(fractions, full, edge, capped)
