"""Strength in units of the score: by how much a team is expected to outscore an average one.

The expected score difference is the home team's strength minus the visitor's plus a home advantage (none on
neutral ground) that is itself learned and may drift. Each result moves all three by a share of its surprise,
the least mean squares rule: R. T. Stefani, "Improved Least Squares Football, Basketball, and Soccer
Predictions", IEEE Transactions on Systems, Man, and Cybernetics 10 (1980). The same works for any box-score
number instead of the score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sportsplat.ratings.arrival import Results

Floats = npt.NDArray[np.float64]

ADVANTAGE_RATE = 0.002  # share of a surprise that moves the home advantage: a memory of about 500 matches


@dataclass(frozen=True)
class Strengths:
    """What was learned after each result: `teams` (F, 2), home team's and visitor's; `advantage` (F,)."""

    teams: Floats
    advantage: Floats


def run_strength(
    results: Results, difference: Floats, *, rate: float, carry_over: float, n_teams: int
) -> Strengths:
    """Learn strengths result by result, in order of arrival; everybody starts at 0.

    `difference` (F,): home minus visitor, NaN where it was not recorded (nothing is learned). `rate`: share
    of a surprise that moves each team, in (0, 1). `carry_over`: share of a strength that survives the summer.
    """
    strength = [0.0] * n_teams
    advantage = 0.0
    learned: list[float] = []
    push = learned.append
    what = results.opens_home * 1 + results.opens_away * 2 + results.neutral * 4
    columns = (results.home.tolist(), results.away.tolist(), what.tolist(), difference.tolist())
    for home, away, kind, seen in zip(*columns, strict=True):
        mine = strength[home]
        theirs = strength[away]
        if kind & 1:
            mine *= carry_over
        if kind & 2:
            theirs *= carry_over
        surprise = seen - mine + theirs
        if kind < 4:
            surprise -= advantage
        if surprise == surprise:  # not NaN
            if kind < 4:
                advantage += ADVANTAGE_RATE * surprise
            step = rate * surprise
            mine += step
            theirs -= step
        strength[home] = mine
        strength[away] = theirs
        push(mine)
        push(theirs)
        push(advantage)
    table = np.fromiter(learned, np.float64, len(learned)).reshape(-1, 3)
    return Strengths(teams=table[:, :2], advantage=table[:, 2])
