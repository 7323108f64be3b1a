"""Head to head: earlier meetings of the two teams, wherever they were, from this match's home team's view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportsplat.features.asof import History
from sportsplat.features.definitions import Family, FeaturePlan, Measure, Values
from sportsplat.features.form import recent, running_total, share

MEETINGS = 10


def _measures(_: FeaturePlan) -> Sequence[Measure]:
    gap = "no earlier meeting is known"
    since = "from when the result of the newest meeting became known"
    return (
        Measure(
            "head_to_head_win_share",
            f"wins plus half the draws of the home team over the last {MEETINGS} meetings, as a share",
            gap,
            since,
            sided=False,
        ),
        Measure(
            "head_to_head_score_difference",
            f"mean score difference over the last {MEETINGS} meetings, from the home team's view",
            gap,
            since,
            sided=False,
        ),
    )


def _values(history: History, _: FeaturePlan) -> list[Values]:
    plan, row = history.schedule, history.answers.row
    lower_is_home = plan.home < plan.away
    lower_margin = np.where(lower_is_home[row], history.answers.margin, -history.answers.margin)
    margin = lower_margin[history.pair.entry]
    won, count = recent(history.pair, running_total(np.sign(margin)), MEETINGS)
    scored, _count = recent(history.pair, running_total(margin), MEETINGS)
    view = np.where(lower_is_home, 1, -1).astype(np.int64)
    return [share(count + view * won, 2 * count), share(view * scored, count)]


HEAD_TO_HEAD = Family(_measures, _values)
