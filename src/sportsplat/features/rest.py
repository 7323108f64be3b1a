"""Rest and load: how long ago and how often a team played, and how far its season has come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportsplat.features.asof import History, Ints
from sportsplat.features.definitions import Family, FeaturePlan, Measure, Values

LONGEST_REST_DAYS = 14
LOAD_DAYS = 7
MOST_LOAD = 8  # a match a day and one double header

_SINCE = "from when the team's last result became known"


def _rest_measures(_: FeaturePlan) -> Sequence[Measure]:
    gap = "no earlier result of the team is known"
    return (
        Measure(
            "rest_days",
            f"calendar days since the team's last match whose result is known, at most {LONGEST_REST_DAYS}",
            gap,
            _SINCE,
        ),
        Measure("back_to_back", "1 when the team played on the day before, else 0", gap, _SINCE),
        Measure(
            f"matches_last_{LOAD_DAYS}_days",
            f"matches played on the {LOAD_DAYS} days before the day of this match, at most {MOST_LOAD}",
            "never",
            _SINCE,
        ),
    )


def _rest_values(history: History, _: FeaturePlan) -> list[Values]:
    ledger, day = history.team, history.team_day
    known = ledger.known > 0
    if not len(day):
        nothing = np.full(len(known), np.nan)
        return [nothing, nothing, np.zeros(len(known))]
    rest = history.asked_day - day[ledger.last]
    return [
        np.where(known, np.minimum(rest, LONGEST_REST_DAYS), np.nan),
        np.where(known, rest == 1, np.nan),
        _played_since(history, history.asked_day - LOAD_DAYS).astype(np.float64),
    ]


def _played_since(history: History, day: Ints) -> Ints:
    """Count each question's known matches of `day` or later among the team's last few."""
    ledger, on = history.team, history.schedule.day[history.team_row]
    played = np.zeros(len(day), dtype=np.int64)
    for back in range(1, MOST_LOAD + 1):
        position = ledger.end - back
        seen = position >= ledger.start
        seen &= on[np.maximum(position, 0)] >= day
        played += seen
    return played


def _season_measures(_: FeaturePlan) -> Sequence[Measure]:
    return (
        Measure(
            "season_progress",
            "matches of this season played, as a share of a regular season (above 1 in long play-offs)",
            "never",
            _SINCE,
            tables=("matches", "leagues"),
        ),
    )


def _season_values(history: History, plan: FeaturePlan) -> list[Values]:
    ledger, season = history.team, history.team_season
    if not len(season):
        return [np.zeros(len(ledger.end))]
    position = np.arange(len(season))
    opens = position == ledger.first
    opens[1:] |= season[1:] != season[:-1]
    begun = np.maximum.accumulate(np.where(opens, position, 0))
    last = ledger.last
    current = (ledger.known > 0) & (season[last] == history.asked_season)
    return [np.where(current, ledger.end - begun[last], 0) / plan.season_matches]


REST = Family(_rest_measures, _rest_values)
SEASON = Family(_season_measures, _season_values)
