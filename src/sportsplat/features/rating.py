"""Ratings before the match, as they stood at its decision moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportsplat.features.asof import History
from sportsplat.features.definitions import Family, FeaturePlan, Measure, Values
from sportsplat.ratings.elo import carried_over, run_elo
from sportsplat.ratings.strength import run_strength

# A compromise over EPL, NFL and NBA seasons by log loss, those to 2021 among them; on EPL 2010 to 2016 alone
# boosting does no better with .025 (.9791, box scores at .05) than with this (.9782, box scores at .08).
SCORE_RATE = 0.035

_SINCE = "from when the newest result of either team became known"


def _elo_measures(_: FeaturePlan) -> Sequence[Measure]:
    gap, tables = "never: a new team has the league's initial rating", ("matches", "leagues")
    return (
        Measure("elo_home", "home team: Elo rating before the match", gap, _SINCE, tables, sided=False),
        Measure("elo_away", "visiting team: Elo rating before the match", gap, _SINCE, tables, sided=False),
        Measure(
            "elo_difference",
            "home minus visiting team's Elo, plus the league's home advantage unless the ground is neutral",
            gap,
            _SINCE,
            tables,
            sided=False,
        ),
        Measure("neutral", "1 on neutral ground, else 0", "never", "with the schedule", sided=False),
    )


def before(history: History, after: Values) -> tuple[Values, Values]:
    """Read a rating as of each match: (2n,) values, home sides first, and whether the match opens a season
    (2n,).

    `after` (2F,): the rating after each result, home team's and visitor's in turn. NaN where the team is new.
    """
    ledger = history.team
    if not len(after):
        return np.full(len(ledger.end), np.nan), np.zeros(len(ledger.end))
    last = ledger.last
    rating = np.where(ledger.known > 0, after[ledger.entry[last]], np.nan)
    return rating, (history.team_season[last] < history.asked_season).astype(np.float64)


def _elo_values(history: History, plan: FeaturePlan) -> list[Values]:
    after = run_elo(history.results, plan.elo, history.schedule.n_teams).ravel()
    rating, opens = before(history, after)
    rating = np.where(opens > 0, carried_over(rating, plan.elo), rating)
    home, away = np.split(np.where(np.isnan(rating), float(plan.elo.initial), rating), 2)
    neutral = history.schedule.neutral
    advantage = np.where(neutral, 0.0, plan.elo.home_advantage)
    return [home, away, home - away + advantage, neutral.astype(np.float64)]


def expected_difference(history: History, difference: Values, plan: FeaturePlan, rate: float) -> Values:
    """Expected difference, home minus visitor, of each match as of its decision moment, (n,); 0 with no
    history.

    `difference` (F,): what the played matches ended with, in order of arrival; NaN where not recorded.
    """
    carry = plan.elo.carry_over
    learned = run_strength(
        history.results, difference, rate=rate, carry_over=carry, n_teams=history.schedule.n_teams
    )
    strength, opens = before(history, learned.teams.ravel())
    strength = np.where(opens > 0, strength * carry, strength)
    home, away = np.split(np.nan_to_num(strength), 2)
    advantage = np.concatenate(([0.0], learned.advantage))[history.known]
    expected: Values = home - away + np.where(history.schedule.neutral, 0.0, advantage)
    return expected


def _strength_measures(_: FeaturePlan) -> Sequence[Measure]:
    return (
        Measure(
            "expected_score_difference",
            "home minus visiting team's strength in units of the score, plus the home advantage of late",
            "never: a new team has strength 0",
            _SINCE,
            ("matches", "leagues"),
            sided=False,
        ),
    )


def _strength_values(history: History, plan: FeaturePlan) -> list[Values]:
    return [expected_difference(history, history.answers.margin.astype(np.float64), plan, SCORE_RATE)]


ELO = Family(_elo_measures, _elo_values)
STRENGTH = Family(_strength_measures, _strength_values)
