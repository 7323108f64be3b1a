"""Elo before the match, as it stood at the decision moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportsplat.features.asof import Bools, History
from sportsplat.features.registry import Family, Measure, Plan, Values
from sportsplat.ratings.elo import Results, carried_over, run_elo

_GAP = "never: a new team has the league's initial rating"
_SINCE = "from when the team's last result became known"


def _measures(_: Plan) -> Sequence[Measure]:
    tables = ("matches", "leagues")
    return (
        Measure("elo_home", "home team: Elo rating before the match", _GAP, _SINCE, tables, sided=False),
        Measure("elo_away", "visiting team: Elo rating before the match", _GAP, _SINCE, tables, sided=False),
        Measure(
            "elo_difference",
            "home minus visiting team's Elo, plus the league's home advantage unless the ground is neutral",
            _GAP,
            _SINCE,
            tables,
            sided=False,
        ),
        Measure("neutral", "1 on neutral ground, else 0", "never", "with the schedule", sided=False),
    )


def _season_openers(history: History) -> tuple[Bools, Bools]:
    """Whether each answer opens a season for the home team and for the visitor, not their first ever, (F,)."""
    ledger, season = history.team, history.team_season
    opens = np.zeros(len(season), dtype=np.bool_)
    opens[1:] = (season[1:] != season[:-1]) & (ledger.first[1:] == ledger.first[:-1])
    arrived = np.empty(len(opens), dtype=np.bool_)
    arrived[ledger.entry] = opens
    return arrived[0::2], arrived[1::2]


def elo_before(history: History, plan: Plan) -> Values:
    """Rating of each side before its match, carried over when that opens its season: (2n,), home first."""
    schedule, row = history.schedule, history.answers.row
    opens_home, opens_away = _season_openers(history)
    results = Results(
        home=schedule.home[row],
        away=schedule.away[row],
        margin=history.answers.margin,
        neutral=schedule.neutral[row],
        opens_home=opens_home,
        opens_away=opens_away,
    )
    after = run_elo(results, plan.elo, schedule.n_teams).ravel()
    ledger = history.team
    if not len(after):
        return np.full(len(ledger.end), float(plan.elo.initial))
    last = ledger.last
    rating = after[ledger.entry[last]]
    new_season = history.team_season[last] < history.asked_season
    rating = np.where(new_season, carried_over(rating, plan.elo), rating)
    return np.where(ledger.known > 0, rating, float(plan.elo.initial))


def _values(history: History, plan: Plan) -> list[Values]:
    rating, neutral = elo_before(history, plan), history.schedule.neutral
    home, away = np.split(rating, 2)
    advantage = np.where(neutral, 0.0, plan.elo.home_advantage)
    return [home, away, home - away + advantage, neutral.astype(np.float64)]


RATING = Family(_measures, _values)
