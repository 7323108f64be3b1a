"""Form: results of a team's last matches, and the run that it is on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportsplat.features.asof import History, Ints
from sportsplat.features.definitions import Family, FeaturePlan, Measure, Values
from sportsplat.ratings.arrival import GroupHistory

_SINCE = "from when the newest of these results became known"


def running_total(values: Ints) -> Ints:
    """Return sums of the first 0, 1, .. E entries, (E+1,); whole numbers, so that differences are exact."""
    total = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=total[1:])
    return total


def share(total: Ints, count: Ints) -> Values:
    """Divide, with NaN where nothing was counted."""
    quotient = np.full(len(count), np.nan)
    np.divide(total, count, out=quotient, where=count > 0)
    return quotient


def recent(ledger: GroupHistory, total: Ints, window: int) -> tuple[Ints, Ints]:
    """Sum over the last `window` known entries of each question's group, and their number, (Q,) each."""
    begin = np.maximum(ledger.start, ledger.end - window)
    return total[ledger.end] - total[begin], ledger.end - begin


def _form_measures(plan: FeaturePlan) -> list[Measure]:
    gap = "no earlier result of the team is known"
    return [
        measure
        for window in plan.windows
        for measure in (
            Measure(
                f"win_share_{window}",
                f"wins plus half the draws over the last {window} matches, as a share (0 to 1)",
                gap,
                _SINCE,
            ),
            Measure(
                f"score_difference_{window}",
                f"mean score difference over the last {window} matches",
                gap,
                _SINCE,
            ),
        )
    ]


def _form_values(history: History, plan: FeaturePlan) -> list[Values]:
    margin = history.team_margin
    points, scores = running_total(np.sign(margin) + 1), running_total(margin)
    values = []
    for window in plan.windows:
        won, count = recent(history.team, points, window)
        values.append(share(won, 2 * count))
        values.append(share(recent(history.team, scores, window)[0], count))
    return values


def _streak_measures(_: FeaturePlan) -> Sequence[Measure]:
    return (
        Measure(
            "streak",
            "how many matches in a row were won (positive) or lost (negative); 0 after a draw",
            "no earlier result of the team is known",
            _SINCE,
        ),
    )


def _streak_values(history: History, _: FeaturePlan) -> list[Values]:
    ledger, result = history.team, np.sign(history.team_margin)
    if not len(result):
        return [np.full(len(ledger.end), np.nan)]
    position = np.arange(len(result))
    broken = position == ledger.first
    broken[1:] |= result[1:] != result[:-1]
    begun = np.maximum.accumulate(np.where(broken, position, 0))
    run = (position - begun + 1) * result
    return [np.where(ledger.known > 0, run[ledger.last], np.nan)]


FORM = Family(_form_measures, _form_values)
STREAK = Family(_streak_measures, _streak_values)
