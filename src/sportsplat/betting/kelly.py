"""How much to stake: Kelly's fractions for the outcomes of one match, solved together, then made prudent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportsplat.betting.odds import Floats


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
    """Return the fractions (..., k) that maximise the expected logarithm of the bankroll over exclusive
    outcomes.

    Both arguments are (..., k); NaN odds cannot be bet on. Exact, by Smoczynski & Tomkins (2010, "An explicit
    solution to the problem of optimizing the allocations of a bettor's wealth when wagering on horse races"):
    take outcomes in order of p · odds while that exceeds the reserve R = (1 - Σp) / (1 - Σ1/odds) of those
    taken so far (R = 1 at first), then f = p - R / odds. No edge gives no stake.
    """
    chance = np.asarray(probabilities, dtype=np.float64)
    odds = np.asarray(decimal_odds, dtype=np.float64)
    offered = np.isfinite(odds) & (odds > 1.0) & np.isfinite(chance)
    chance = np.where(offered, chance, 0.0)
    implied = np.where(offered, 1.0 / np.where(offered, odds, 2.0), 0.0)
    ratio = np.where(offered, chance * odds, 0.0)
    order = np.argsort(-ratio, axis=-1, kind="stable")
    reserves = _reserves(np.take_along_axis(chance, order, -1), np.take_along_axis(implied, order, -1))
    taken = np.take_along_axis(ratio, order, -1) > reserves[..., :-1]
    count = np.cumprod(taken, axis=-1).sum(axis=-1, keepdims=True)
    reserve = np.take_along_axis(reserves, count, -1)
    return np.where(ratio > reserve, np.maximum(chance - reserve * implied, 0.0), 0.0)


def _reserves(chance: Floats, implied: Floats) -> Floats:
    """Return R after taking 0, 1, …, k outcomes: (..., k + 1). Infinite once R is no longer defined."""
    kept = 1.0 - np.cumsum(chance, axis=-1)
    room = 1.0 - np.cumsum(implied, axis=-1)
    rest = np.where(room > 0.0, np.maximum(kept, 0.0) / np.where(room > 0.0, room, 1.0), np.inf)
    return np.concatenate([np.ones((*chance.shape[:-1], 1)), rest], axis=-1)


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
    total = fractions.sum(axis=1)
    capped = total > max_stake
    fractions[capped] *= (max_stake / total[capped])[:, None]
    return Stakes(fractions, full, edge, capped)


def expected_log_growth(fractions: Floats, probabilities: Floats, decimal_odds: Floats) -> float:
    """Return E[log bankroll] after one match with stakes `fractions` (k,); -inf where ruin is possible."""
    wealth = 1.0 - fractions.sum() + fractions * decimal_odds
    possible = probabilities > 0.0
    if (wealth[possible] <= 0.0).any():
        return float("-inf")
    return float((probabilities[possible] * np.log(wealth[possible])).sum())
