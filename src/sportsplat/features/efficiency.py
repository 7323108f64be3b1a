"""Efficiency: how far teams outplay each other in the box scores (shots, shots on target, corners, ...)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportsplat.features.asof import BoxScores
from sportsplat.features.definitions import FeaturePlan, Measure, Values
from sportsplat.features.rating import expected_difference
from sportsplat.ratings.arrival import GroupHistory

# Chosen by log loss on EPL seasons, those to 2021 among them; on 2010 to 2016 alone .08 gives .9782, .05
# .9792.
STAT_RATE = 0.08

_TABLES = ("matches", "team_match_stats", "leagues")
_SINCE = "from when the newest box score of either team became known"


def measures(plan: FeaturePlan) -> Sequence[Measure]:
    """Return what is computed from box scores: nothing when there are none."""
    return [measure for name in plan.stats for measure in _stat_measures(name, max(plan.windows))]


def _stat_measures(name: str, window: int) -> tuple[Measure, ...]:
    words = name.replace("_", " ")
    return (
        Measure(
            f"expected_{name}_difference",
            f"home minus visiting team's strength in {words}, plus the home advantage of late in them",
            "never: a new team has strength 0",
            _SINCE,
            _TABLES,
            sided=False,
        ),
        Measure(
            f"{name}_balance_{window}",
            f"mean of own minus opponent's {words} over the last {window} matches with a box score",
            "no earlier box score of the team is known",
            _SINCE,
            _TABLES,
        ),
    )


def values(box: BoxScores, plan: FeaturePlan) -> list[Values]:
    """Compute the measures, in their order."""
    window, ledger, found = max(plan.windows), box.history.team, []
    for column in range(len(box.names)):
        difference = box.home[:, column] - box.away[:, column]
        found.append(expected_difference(box.history, difference, plan, STAT_RATE))
        entries = np.stack((difference, -difference), axis=1).ravel()[ledger.entry]
        found.append(_recent_mean(ledger, entries, window))
    return found


def _recent_mean(ledger: GroupHistory, entries: Values, window: int) -> Values:
    """Mean of the recorded among the last `window` known entries of each question, newest added last; NaN if
    none.

    Added up entry by entry and not by running totals, which would round differently once the future is known.
    """
    total, count = np.zeros(len(ledger.end)), np.zeros(len(ledger.end))
    if not len(entries):
        return np.full(len(ledger.end), np.nan)
    for back in range(window, 0, -1):
        position = ledger.end - back
        entry = entries[np.maximum(position, 0)]
        seen = (position >= ledger.start) & ~np.isnan(entry)
        total += np.where(seen, entry, 0.0)
        count += seen
    mean = np.full(len(total), np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean
