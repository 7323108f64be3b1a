"""One bankroll through time: what may be staked, when a result counts, and what truth earns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportsplat.backtest.portfolio import Offers, Portfolio, Rules, flat_bets, run_portfolio
from sportsplat.backtest.statistics import ratio_by_day

RULES = Rules(
    kelly_fraction=0.25,
    max_stake=0.05,
    min_edge=0.03,
    max_exposure=0.25,
    daily_loss_limit=0.10,
    initial_bankroll=1000.0,
)
HOUR = np.timedelta64(1, "h")
START = np.datetime64("2020-08-01T12:00", "us")


def offers(
    hours: list[int], probabilities: list[list[float]], odds: list[list[float]], winners: list[int]
) -> Offers:
    """Matches decided on `hours` after noon of the first day, each known two hours later."""
    decided = START + np.array(hours) * HOUR
    return Offers(
        np.array(probabilities),
        np.array(odds),
        np.eye(len(odds[0]))[winners],
        decided,
        decided + 2 * HOUR,
        decided.astype("datetime64[D]"),
    )


def world(
    seed: int, matches: int = 1500, *, margin: float = 0.0, noise: float = 0.0, outcomes: int = 3
) -> Offers:
    """Matches with a known truth: prices are the truth plus margin, beliefs the truth plus noise."""
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(np.full(outcomes, 6.0), matches)
    belief = np.clip(truth + rng.normal(0.0, noise, truth.shape), 0.01, 1.0)
    winners = (rng.random((matches, 1)) > np.cumsum(truth, axis=1)[:, :-1]).sum(axis=1)
    hours = np.sort(rng.integers(0, 24 * 300, matches))
    decided = START + hours * HOUR
    return Offers(
        belief / belief.sum(axis=1, keepdims=True),
        1.0 / (truth * (1.0 + margin)),
        np.eye(outcomes)[winners],
        decided,
        decided + 2 * HOUR,
        decided.astype("datetime64[D]"),
    )


def test_a_win_and_a_loss_move_the_bankroll_when_they_are_known() -> None:
    bets = offers([0, 24], [[0.6, 0.4]] * 2, [[2.0, 2.0]] * 2, [0, 1])
    portfolio = run_portfolio(bets, replace(RULES, max_stake=0.04))
    assert portfolio.ledger.stake.tolist() == pytest.approx([40.0, 41.6])
    assert portfolio.bankroll.tolist() == pytest.approx([1040.0, 998.4])
    assert portfolio.settled_at.tolist() == bets.known_at.tolist()
    assert portfolio.ledger.capped_by.tolist() == ["max_stake", "max_stake"]


def test_a_bet_that_is_still_open_funds_no_other() -> None:
    """The first match wins ten times its stake, an hour after the second had to be decided on."""
    probabilities, odds = [[0.6, 0.4], [0.6, 0.4]], [[11.0, 1.01], [2.0, 2.0]]
    soon = run_portfolio(offers([0, 1], probabilities, odds, [0, 0]), RULES)
    later = run_portfolio(offers([0, 2], probabilities, odds, [0, 0]), RULES)
    assert soon.ledger.bankroll_before.tolist() == [1000.0, 1000.0]
    assert later.ledger.bankroll_before.tolist() == pytest.approx([1000.0, 1500.0])


def test_a_result_known_much_later_leaves_its_stake_reserved() -> None:
    bets = offers([0, 48], [[0.7, 0.3]] * 2, [[2.0, 2.0]] * 2, [0, 0])
    bets.known_at[0] += 1000 * HOUR
    portfolio = run_portfolio(bets, replace(RULES, max_stake=0.2, max_exposure=0.12, daily_loss_limit=1.0))
    assert portfolio.ledger.stake.tolist() == pytest.approx([100.0, 20.0])
    assert portfolio.ledger.capped_by.tolist() == ["", "max_exposure"]
    assert portfolio.settled_at.tolist() == sorted(bets.known_at.tolist())


def test_simultaneous_matches_share_the_exposure_in_proportion() -> None:
    bets = offers([0] * 8, [[0.6, 0.4]] * 4 + [[0.55, 0.45]] * 4, [[2.0, 2.0]] * 8, [0] * 8)
    portfolio = run_portfolio(
        bets, replace(RULES, kelly_fraction=1.0, max_stake=1.0, max_exposure=0.3, daily_loss_limit=1.0)
    )
    np.testing.assert_allclose(portfolio.ledger.stake, [50.0] * 4 + [25.0] * 4)
    assert set(portfolio.ledger.capped_by) == {"max_exposure"}


def test_the_daily_limit_stops_further_bets_of_that_day_only() -> None:
    bets = offers([0, 3, 6, 30], [[0.7, 0.3]] * 4, [[2.0, 2.0]] * 4, [1, 1, 1, 0])
    portfolio = run_portfolio(bets, replace(RULES, max_stake=0.06))
    np.testing.assert_allclose(portfolio.ledger.stake, [60.0, 40.0, 54.0])
    assert portfolio.ledger.capped_by.tolist() == ["max_stake", "daily_loss_limit", "max_stake"]
    assert portfolio.ledger.match.tolist() == [0, 1, 3]
    assert portfolio.stopped == 1


def test_a_push_returns_the_stake() -> None:
    bets = replace(offers([0], [[0.7, 0.3]], [[2.0, 2.0]], [0]), shares=np.array([[0.5, 0.5]]))
    portfolio = run_portfolio(bets, RULES)
    assert portfolio.ledger.profit.tolist() == [0.0]
    assert portfolio.bankroll.tolist() == [1000.0]


def test_no_edge_and_no_price_give_no_bets() -> None:
    nothing = run_portfolio(offers([0, 1], [[0.5, 0.5]] * 2, [[2.0, 1.9], [np.nan, 9.0]], [0, 0]), RULES)
    only_away = nothing.ledger
    assert only_away.outcome.tolist() == [1]  # the one price that is offered and worth taking
    empty = run_portfolio(offers([0], [[0.5, 0.5]], [[2.0, 1.9]], [0]), RULES)
    assert len(empty.ledger) == 0
    assert empty.bankroll.tolist() == []


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
def test_every_limit_holds_at_every_moment(seed: int, outcomes: int) -> None:
    """Replayed from the ledger alone: exposure, the day's loss, and the sum of all profits."""
    bets = world(seed, 300, noise=0.15, outcomes=outcomes)
    portfolio = run_portfolio(bets, RULES)
    ledger = portfolio.ledger
    placed, known = bets.decision_at[ledger.match], bets.known_at[ledger.match]
    for moment in np.unique(placed):
        settled = known <= moment
        bankroll = RULES.initial_bankroll + ledger.profit[settled].sum()
        now = placed == moment
        np.testing.assert_allclose(ledger.bankroll_before[now], bankroll)
        still_open = (placed <= moment) & ~settled
        assert ledger.stake[still_open].sum() <= RULES.max_exposure * bankroll * (1 + 1e-9)
        _the_day_stays_within_its_limit(portfolio, bets, moment)
    per_match = np.bincount(ledger.match, ledger.stake / ledger.bankroll_before)
    assert (per_match <= RULES.max_stake * (1 + 1e-9)).all()
    assert portfolio.bankroll[-1] == pytest.approx(RULES.initial_bankroll + ledger.profit.sum())


def _the_day_stays_within_its_limit(portfolio: Portfolio, bets: Offers, moment: np.datetime64) -> None:
    ledger = portfolio.ledger
    today = bets.day[ledger.match] == moment.astype("datetime64[D]")
    morning = ledger.bankroll_before[today][0]
    known = bets.known_at[ledger.match] <= moment
    lost = -ledger.profit[today & known].sum()
    at_stake = ledger.stake[today & ~known & (bets.decision_at[ledger.match] <= moment)].sum()
    assert lost + at_stake <= RULES.daily_loss_limit * morning * (1 + 1e-9)


def test_shuffled_rows_give_the_same_bets() -> None:
    bets = world(5, noise=0.1)
    order = np.random.default_rng(0).permutation(len(bets.day))
    shuffled = Offers(*(getattr(bets, name)[order] for name in Offers.__dataclass_fields__))
    straight, mixed = run_portfolio(bets, RULES), run_portfolio(shuffled, RULES)
    np.testing.assert_allclose(mixed.bankroll, straight.bankroll, rtol=1e-9)
    assert sorted(order[mixed.ledger.match]) == sorted(straight.ledger.match)


def test_fair_odds_and_the_true_probabilities_earn_zero_within_the_interval() -> None:
    """The interval covers zero in about 95 of 100 worlds; with none left out, 90 is the least to accept."""
    covered = 0
    for seed in range(100):
        bets = world(seed, 600)
        ledger = flat_bets(bets, min_edge=-1e-9)
        assert len(ledger) == 1800
        roi = ratio_by_day(
            ledger.profit, ledger.stake, bets.day[ledger.match], np.random.default_rng(seed), 500
        )
        assert roi.ci95 is not None
        covered += roi.ci95[0] <= 0.0 <= roi.ci95[1]
    assert covered >= 90


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2])
def test_a_perfect_bookmaker_with_a_margin_beats_every_strategy(noise: float) -> None:
    bets = world(11, 20_000, margin=0.05, noise=noise)
    every_edge = flat_bets(bets, min_edge=-1.0)
    believed = flat_bets(bets, min_edge=0.03)
    for ledger in (every_edge, believed):
        if len(ledger):
            roi = ratio_by_day(
                ledger.profit, ledger.stake, bets.day[ledger.match], np.random.default_rng(0), 500
            )
            assert roi.ci95 is not None
            assert roi.ci95[1] < 0.0
    if noise:
        assert run_portfolio(bets, RULES).bankroll[-1] < RULES.initial_bankroll
    else:
        assert len(run_portfolio(bets, RULES).ledger) == 0


def test_a_true_edge_makes_the_bankroll_grow() -> None:
    bets = world(2, 3000, margin=-0.06)
    assert run_portfolio(bets, RULES).bankroll[-1] > 2 * RULES.initial_bankroll
