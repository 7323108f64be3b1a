"""Elo and strengths, result by result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sportsplat.errors import InvalidSetting
from sportsplat.leagues.league import EloParams
from sportsplat.ratings.arrival import Results, arrival_order, open_ledger
from sportsplat.ratings.elo import carried_over, expected, multiplier, run_elo
from sportsplat.ratings.strength import ADVANTAGE_RATE, run_strength

PLAIN = EloParams(k=20.0, home_advantage=100.0, carry_over=0.75, mean=1505.0, initial=1300.0, margin="none")
A, B, C = 0, 1, 2


def results(
    games: list[tuple[int, int, int]],
    *,
    neutral: bool = False,
    opens: tuple[int, ...] = (),
) -> Results:
    """(home, away, margin) in order of arrival; `opens`: games that open both teams' season."""
    home, away, margin = np.array(games, dtype=np.int64).reshape(-1, 3).T
    new_season = np.isin(np.arange(len(games)), opens)
    return Results(home, away, margin, np.full(len(games), neutral), new_season, new_season)


def test_expected_score_is_elos_logistic_curve() -> None:
    assert expected(0.0) == 0.5
    assert expected(400.0) == pytest.approx(10 / 11, abs=1e-15)
    assert expected([-191.0, 191.0]).sum() == pytest.approx(1.0, abs=1e-15)


def test_a_first_win_at_home_moves_both_by_the_surprise() -> None:
    after = run_elo(results([(A, B, 5)]), PLAIN, 2)
    gained = 20 * (1 - 1 / (1 + 10 ** (-100 / 400)))
    assert after.tolist() == [[pytest.approx(1300 + gained), pytest.approx(1300 - gained)]]


def test_neutral_ground_has_no_home_advantage() -> None:
    assert run_elo(results([(A, B, 5)], neutral=True), PLAIN, 2)[0, 0] == pytest.approx(1310.0)


def test_a_tie_counts_half_for_each() -> None:
    after = run_elo(results([(A, B, 0)], neutral=True), PLAIN, 2)
    assert after.tolist() == [[1300.0, 1300.0]]


def test_what_one_gains_the_other_loses() -> None:
    rng = np.random.default_rng(1)
    games = [
        (int(h), int(a), int(rng.integers(-9, 9))) for h, a in (rng.permutation(6)[:2] for _ in range(500))
    ]
    for margin in ("none", "goals", "nfl", "nba"):
        after = run_elo(results(games), replace(PLAIN, margin=margin), 6)
        final = {
            team: rating
            for (h, a, _), pair in zip(games, after, strict=True)
            for team, rating in zip((h, a), pair, strict=True)
        }
        assert sum(final.values()) == pytest.approx(6 * 1300.0)


def test_the_first_match_of_a_season_starts_from_carried_over_ratings() -> None:
    after = run_elo(results([(A, B, 5), (A, B, 5)], opens=(1,)), replace(PLAIN, home_advantage=0.0), 2)
    a, b = 1505 + 0.75 * (1310 - 1505), 1505 + 0.75 * (1290 - 1505)
    gained = 20 * (1 - 1 / (1 + 10 ** (-(a - b) / 400)))
    assert after[1].tolist() == [pytest.approx(a + gained), pytest.approx(b - gained)]
    assert carried_over(np.array([1310.0]), PLAIN).tolist() == [a]


@pytest.mark.parametrize(
    ("kind", "margin", "edge", "weight"),
    [
        ("none", 30, 0.0, 1.0),
        ("nba", 7, 0.0, 10**0.8 / 7.5),
        ("nba", 7, 125.0, 10**0.8 / 8.25),
        ("nfl", 6, 0.0, np.log(7)),
        ("nfl", 6, -200.0, np.log(7) * 2.2 / 2.0),
        ("nfl", 0, 0.0, np.log(2) * 2.2),
        ("goals", 0, 50.0, 1.0),
        ("goals", 1, 50.0, 1.0),
        ("goals", 2, 50.0, 1.5),
        ("goals", 3, 50.0, 1.75),
        ("goals", 5, 50.0, 2.0),
    ],
)
def test_multiplier_follows_the_published_formula(kind: str, margin: int, edge: float, weight: float) -> None:
    for signed in (margin, -margin):
        found = multiplier(np.array([signed]), kind)
        assert found.part[0] / (found.base + found.slope * edge) == pytest.approx(weight, rel=1e-12)


def test_the_multiplier_uses_the_winners_edge() -> None:
    """An upset moves more than a favourite's win by as much."""
    params = replace(PLAIN, margin="nba", home_advantage=200.0)
    favourite = run_elo(results([(A, B, 10)]), params, 2)[0, 0] - 1300
    upset = run_elo(results([(A, B, -10)]), params, 2)[0, 1] - 1300
    p = float(expected(200.0))
    assert favourite == pytest.approx(20 * 13**0.8 / (7.5 + 1.2) * (1 - p))
    assert upset == pytest.approx(20 * 13**0.8 / (7.5 - 1.2) * p)


def test_absurd_margins_stay_finite() -> None:
    after = run_elo(results([(A, B, (-1) ** i * 10**6) for i in range(300)]), replace(PLAIN, margin="nba"), 2)
    assert np.isfinite(after).all()


def test_an_unknown_margin_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="'baseball'"):
        multiplier(np.array([1]), "baseball")


def test_strength_moves_by_a_share_of_the_surprise() -> None:
    learned = run_strength(
        results([(A, B, 0), (B, A, 0)]), np.array([10.0, 3.0]), rate=0.1, carry_over=1.0, n_teams=2
    )
    advantage = ADVANTAGE_RATE * 10
    assert learned.teams[0].tolist() == [1.0, -1.0]
    surprise = 3.0 - (-1.0 - 1.0) - advantage
    assert learned.teams[1].tolist() == pytest.approx([-1.0 + 0.1 * surprise, 1.0 - 0.1 * surprise])
    assert learned.advantage.tolist() == pytest.approx([advantage, advantage + ADVANTAGE_RATE * surprise])


def test_strength_learns_nothing_from_a_number_not_recorded() -> None:
    seen = np.array([10.0, np.nan])
    learned = run_strength(results([(A, B, 0), (A, B, 0)]), seen, rate=0.1, carry_over=1.0, n_teams=2)
    assert learned.teams[1].tolist() == learned.teams[0].tolist()
    assert learned.advantage[1] == learned.advantage[0]


def test_strength_finds_the_true_differences() -> None:
    """With true strengths 4, 0, -4 and a home advantage of 3, noise of 5: found within one."""
    rng = np.random.default_rng(7)
    truth = np.array([4.0, 0.0, -4.0])
    pairs = np.array([rng.permutation(3)[:2] for _ in range(6000)])
    difference = truth[pairs[:, 0]] - truth[pairs[:, 1]] + 3.0 + rng.normal(0, 5, len(pairs))
    games = [(int(h), int(a), 0) for h, a in pairs]
    learned = run_strength(results(games), difference, rate=0.01, carry_over=1.0, n_teams=3)
    last = [learned.teams[pairs == team][-500:].mean() for team in range(3)]
    np.testing.assert_allclose(last, truth, atol=1.0)
    assert learned.advantage[-500:].mean() == pytest.approx(3.0, abs=1.0)


def test_results_arrive_by_moment_then_kick_off_then_number_then_id() -> None:
    known = np.array([5, 4, 4, 4, 4])
    kickoff = np.array([1, 3, 2, 2, 2])
    number = np.array([1, 1, 2, 1, 1])
    match_id = np.array([1, 2, 3, 9, 4])
    assert arrival_order(known, kickoff, number, match_id).tolist() == [4, 3, 2, 1, 0]


def test_a_ledger_shows_each_question_its_groups_known_entries() -> None:
    group = np.array([A, B, A, C, A])  # entries as they arrived
    ledger = open_ledger(group, np.array([A, A, B, C, A]), np.array([5, 2, 5, 3, 0]), 3)
    seen = [ledger.entry[a:b].tolist() for a, b in zip(ledger.start, ledger.end, strict=True)]
    assert seen == [[0, 2, 4], [0], [1], [], []]
    assert ledger.known.tolist() == [3, 1, 1, 0, 0]
