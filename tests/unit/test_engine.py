"""Walk-forward on a world with a known truth: nothing leaks, the truth scores best, no edge is made up."""

from __future__ import annotations

import pickle
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sportsplat.backtest.bets import Betting, Draws, bet
from sportsplat.backtest.portfolio import Rules
from sportsplat.backtest.prices import Prices, find_prices, label
from sportsplat.backtest.statistics import compare, losses_by_season
from sportsplat.backtest.walk import (
    Fitting,
    Forecasts,
    blocks,
    earliest_start,
    forecast_block,
    walk_forward,
)
from sportsplat.errors import InputRefused, NotFound, SportsplatError, UsageError
from sportsplat.features.build import build_features
from sportsplat.leagues.league import League, PriceRef, load_leagues
from sportsplat.leagues.league import LeaguePrices as DeclaredPrices
from sportsplat.models.dataset import Dataset, FloatArray, make_dataset
from sportsplat.sources.simulate import SimulatedMatch, simulate
from tests.factories import typed

FITTING = Fitting(kind="elo", seed=7, folds=3, min_matches=200)
RULES = Rules(0.25, 0.05, 0.03, 0.25, 0.10, 1000.0)
BOOK = ("simbook", False)


@cache
def played() -> list[SimulatedMatch]:
    return sorted(simulate(3, 2013), key=lambda match: match.kickoff_utc)


@cache
def league() -> League:
    return load_leagues()["sim"]


def matches_frame() -> pd.DataFrame:
    """What db/read/frames.py would give for the simulated seasons 2010 to 2013."""
    world = played()
    kickoff = pd.to_datetime([match.kickoff_utc for match in world], utc=True)
    teams = sorted({match.home for match in world})
    frame = pd.DataFrame(
        {
            "match_id": np.arange(1, len(world) + 1),
            "season": [match.season for match in world],
            "match_date": kickoff.tz_localize(None).normalize(),
            "kickoff_utc": kickoff,
            "day_precision": False,
            "home_id": [teams.index(match.home) + 1 for match in world],
            "away_id": [teams.index(match.away) + 1 for match in world],
            "number": 1,
            "neutral": [match.neutral for match in world],
            "playoff": False,
            "final": True,
            "home_score": [float(match.home_points) for match in world],
            "away_score": [float(match.away_points) for match in world],
            "known_at": kickoff + league().duration,
        }
    )
    return typed(frame)


def quotes_frame() -> pd.DataFrame:
    """Opening and closing prices, as db/read/frames.py gives them."""
    rows = []
    for match_id, match in enumerate(played(), start=1):
        for closing, odds in ((False, match.opening_odds), (True, match.closing_odds)):
            lead = pd.Timedelta(hours=0 if closing else 12)
            for outcome, price in enumerate(odds):
                rows.append((match_id, "simbook", outcome, price, closing, match.kickoff_utc - lead))
    names = ["match_id", "bookmaker", "outcome", "decimal_odds", "is_closing", "known_at"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(known_at=pd.to_datetime(frame["known_at"], utc=True))


def dataset_of(matches: pd.DataFrame) -> Dataset:
    return make_dataset(matches, build_features(matches, league(), windows=(5,)), league())


@cache
def dataset() -> Dataset:
    return dataset_of(matches_frame())


@cache
def truth() -> FloatArray:
    home = np.array([match.truth for match in played()])
    return np.column_stack([home, 1.0 - home])


def since(day: str) -> np.ndarray:
    return np.asarray(dataset().day >= np.datetime64(day))


@cache
def forecasts() -> Forecasts:
    return walk_forward(dataset(), FITTING, since("2011-01-01"), "season")


def test_a_planted_future_changes_no_earlier_forecast() -> None:
    """Absurd results from 2012-07-01 on: 200 points for whoever is named first."""
    absurd = matches_frame()
    late = absurd["match_date"] >= pd.Timestamp("2012-07-01")
    absurd.loc[late, ["home_score", "away_score"]] = [200.0, 0.0]
    other = walk_forward(dataset_of(absurd), FITTING, since("2011-01-01"), "month")
    straight = walk_forward(dataset(), FITTING, since("2011-01-01"), "month")
    before = dataset().decision_at[straight.rows] < np.datetime64("2012-07-01T12:00")
    assert before.sum() > 500
    for name in straight.probabilities:
        assert np.array_equal(other.probabilities[name][before], straight.probabilities[name][before])
        assert not np.allclose(other.probabilities[name][~before], straight.probabilities[name][~before])


def test_a_block_learns_only_from_results_known_before_its_first_decision() -> None:
    data = dataset()
    known = data.known_at[data.season == 2010].copy()
    late = known.copy()
    late[-40:] += np.timedelta64(400, "D")  # forty results that became known more than a season later
    slow = replace(data, known_at=np.concatenate([late, data.known_at[data.season > 2010]]))
    forecast = walk_forward(slow, FITTING, since("2011-01-01"), "season")
    assert forecasts().folds[0]["trained_on"] == 480
    assert forecast.folds[0]["trained_on"] == 440
    assert forecast.folds[2]["trained_on"] == forecasts().folds[2]["trained_on"]


def test_the_process_that_fits_never_holds_a_later_result() -> None:
    """What is handed out is a picklable cut: its newest result was known when the block began."""
    seen: list[np.datetime64] = []

    class Watching(ThreadPoolExecutor):
        def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            seen.append(pickle.loads(pickle.dumps(args[0])).known_at.max())  # noqa: S301
            return super().submit(function, *args, **kwargs)

    plan = blocks(dataset(), since("2011-01-01"), "season")
    with Watching(2) as executor:
        other = walk_forward(dataset(), FITTING, since("2011-01-01"), "season", executor=executor)
    assert all(newest <= block.decision_at for newest, block in zip(seen, plan, strict=True))
    assert np.array_equal(other.probabilities["elo"], forecasts().probabilities["elo"])


def test_the_same_seed_gives_the_same_boosted_forecasts() -> None:
    """And the block function is pure: called by itself it gives what the walk gave."""
    fitting = replace(FITTING, kind="gbm")
    rows = since("2013-01-01")
    first, second = (walk_forward(dataset(), fitting, rows, "season") for _ in range(2))
    block = blocks(dataset(), rows, "season")[0]
    alone = forecast_block(
        dataset().known_by(block.decision_at), dataset().features.iloc[block.rows], fitting
    )
    for other in (second.probabilities["gbm"], alone.probabilities["gbm"]):
        assert np.array_equal(first.probabilities["gbm"], other)
    assert first.folds == second.folds


@pytest.mark.parametrize(("refit", "count"), [("season", 3), ("month", 36), ("week", 155)])
def test_blocks_cover_every_match_once_and_in_order(refit: str, count: int) -> None:
    plan = blocks(dataset(), since("2011-01-01"), refit)
    rows = np.concatenate([block.rows for block in plan])
    assert sorted(rows) == np.flatnonzero(since("2011-01-01")).tolist()
    assert all(a.decision_at < b.decision_at for a, b in pairwise(plan))
    assert count - 10 <= len(plan) <= count + 3


def test_the_truth_scores_best() -> None:
    ours = forecasts()
    data = dataset().take(ours.rows)
    compared = compare(
        truth()[ours.rows], ours.probabilities, data.outcomes, data.day, np.random.default_rng(0), 500
    )
    for name in ("elo", "base_rate"):
        assert compared.paired[name]["ci95"][1] < 0.0
    elo, base_rate = compared.baselines["elo"], compared.baselines["base_rate"]
    assert elo is not None
    assert base_rate is not None
    assert compared.forecast["log_loss"] < elo["log_loss"] < base_rate["log_loss"]


def test_a_baseline_is_compared_on_the_matches_it_speaks_of() -> None:
    ours = forecasts()
    data = dataset().take(ours.rows)
    half = truth()[ours.rows].copy()
    half[::2] = np.nan
    silent = np.full(half.shape, np.nan)
    compared = compare(
        ours.probabilities["elo"],
        {"half": half, "silent": silent},
        data.outcomes,
        data.day,
        np.random.default_rng(0),
        200,
    )
    assert compared.paired["half"]["matches"] == len(half) // 2
    assert compared.baselines["silent"] is None
    assert set(compared.paired) == {"half"}
    seasons = losses_by_season({**ours.probabilities, "silent": silent}, data.outcomes, data.season)
    assert [row["season"] for row in seasons] == [2011, 2012, 2013]
    assert "silent" not in seasons[0]["log_loss"]


def bets(probabilities: FloatArray, quotes: pd.DataFrame, declared: DeclaredPrices | None = None) -> Betting:
    data = dataset() if declared is None else replace(dataset(), league=replace(league(), prices=declared))
    prices = find_prices(quotes, data, matches_frame(), "power")
    return bet(probabilities, data, prices, RULES, Draws(1, 500))


def test_perfect_prices_with_a_margin_cost_whoever_bets_just_that_margin() -> None:
    """A bookmaker who knows the truth and takes 4%: over results drawn again and again, 1/1.04 - 1 is lost.

    Kelly's stakes are taken as shares of the bankroll: in units, a run that loses early also stakes less, and
    the mean over runs of profit by staked says less than what a unit costs.
    """
    quotes = quotes_frame()
    chance = truth()[quotes["match_id"] - 1, quotes["outcome"]]
    quotes["decimal_odds"] = np.maximum(1.0 / (chance * 1.04), 1.001)
    rng = np.random.default_rng(5)
    returns = []
    for _ in range(60):
        home = (rng.random(len(dataset())) < truth()[:, 0]).astype(np.float64)
        world = replace(dataset(), outcomes=np.column_stack([home, 1.0 - home]))
        prices = find_prices(quotes, world, matches_frame(), "power")
        betting = bet(forecast_everywhere(), world, prices, RULES, Draws(1, 100))
        assert betting.result is not None
        assert betting.portfolio is not None
        for same in (betting.result["at_close"]["same_bets"], betting.result["at_close"]["kelly"]):
            assert same["roi"] == pytest.approx(betting.result["roi"])
        ledger = betting.portfolio.ledger
        share = ledger.stake / ledger.bankroll_before
        kelly = (share * ledger.unit_profit).sum() / share.sum()
        returns.append([kelly, betting.result["at_close"]["flat"]["roi"]])
    mean, error = np.mean(returns, axis=0), np.std(returns, axis=0) / np.sqrt(len(returns))
    assert (np.abs(mean - (1 / 1.04 - 1)) < 3.0 * error).all()
    assert (mean + 2.0 * error < 0.0).all()
    assert bets(truth(), quotes).result["bets"] == 0  # type: ignore[index]


def forecast_everywhere() -> FloatArray:
    """Elo's forecasts where there are some, the base rate before."""
    everywhere = np.tile([0.55, 0.45], (len(dataset()), 1))
    everywhere[forecasts().rows] = forecasts().probabilities["elo"]
    return everywhere


def test_knowing_the_truth_beats_the_noisy_opening_and_the_closing_line_shows_it() -> None:
    result = bets(truth(), quotes_frame()).result
    assert result is not None
    assert result["roi"] > 0.0
    assert result["clv_ci95"][0] > 0.0
    assert result["final_bankroll"] > 1000.0
    assert result["entry_price"] == "simbook pre-match"
    assert result["benchmark_price"] == "simbook closing"


def test_an_entry_price_that_was_not_known_in_time_is_not_bet_at() -> None:
    late = quotes_frame()
    opening = ~late["is_closing"]
    late.loc[opening, "known_at"] = late.loc[opening, "known_at"] + pd.Timedelta(hours=12, seconds=1)
    nothing = bets(truth(), late)
    assert nothing.result is None
    assert nothing.notes == ("No betting: these matches have no entry price to bet at (simbook pre-match).",)
    just_in_time = quotes_frame().assign(known_at=lambda frame: frame["known_at"] + pd.Timedelta(hours=0))
    assert bets(truth(), just_in_time).result is not None


def test_where_entry_and_benchmark_are_one_quote_there_is_no_closing_line_value() -> None:
    close = PriceRef("simbook", closing=True)
    betting = bets(truth(), quotes_frame(), DeclaredPrices((close,), (close,)))
    assert betting.result is not None
    assert betting.result["clv"] is None
    assert "Closing-line value cannot be measured: entry and benchmark are the same quote." in betting.notes
    assert betting.notes[0] == "Closing prices are not available in advance; every bet is at one."


def test_the_first_entry_price_of_the_league_that_exists_is_taken() -> None:
    quotes = quotes_frame()
    quotes = quotes[(quotes["match_id"] > 100) | quotes["is_closing"]]
    refs = (PriceRef("simbook", closing=False), PriceRef("simbook", closing=True))
    data = replace(dataset(), league=replace(league(), prices=DeclaredPrices(refs, refs[1:])))
    prices: Prices = find_prices(quotes, data, matches_frame(), "power")
    assert prices.closing[:100].all()
    assert not prices.closing[100:].any()
    assert prices.same.sum() == 100
    assert label(prices.entry, refs) == f"simbook pre-match ({len(data) - 100}), simbook closing (100)"
    assert set(prices.bookmakers()) == {"simbook"}


def test_too_little_to_learn_from_names_the_earliest_start() -> None:
    with pytest.raises(InputRefused, match="a model needs 200") as error:
        walk_forward(dataset(), FITTING, since("2010-02-01"), "season")
    earliest = earliest_start(dataset(), 200)
    assert earliest is not None
    assert str(error.value.fix) == f"sportsplat backtest sim --from {earliest}"
    assert error.value.details["available"] < 200
    walk_forward(dataset(), FITTING, since(str(earliest)), "season")
    day_before = dataset().day[dataset().day < np.datetime64(earliest)].max()
    with pytest.raises(InputRefused):
        walk_forward(dataset(), FITTING, since(str(day_before)), "season")


def test_too_few_results_in_all_have_no_earliest_start() -> None:
    assert earliest_start(dataset(), 10**6) is None
    assert earliest_start(dataset(), 1) == date.fromisoformat(str(dataset().day[0] + 1))


@pytest.mark.parametrize(
    ("fitting", "refit", "error_class", "code"),
    [
        (replace(FITTING, kind="xgb"), "season", NotFound, "UNKNOWN_MODEL"),
        (FITTING, "yearly", UsageError, "UNKNOWN_REFIT"),
    ],
)
def test_unknown_names_are_refused(
    fitting: Fitting, refit: str, error_class: type[SportsplatError], code: str
) -> None:
    with pytest.raises(error_class) as error:
        walk_forward(dataset(), fitting, since("2011-01-01"), refit)
    assert error.value.error_code == code
