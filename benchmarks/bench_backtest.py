"""Staking and settlement of 1,900 matches beside backtestbuddy, and whole backtests on real leagues.

backtestbuddy is compared when it can be imported (`pip install backtestbuddy` beside this project); otherwise
the bar is the 50 ms that it was measured to take.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.common import BenchRow, paired, timed
from sportsplat.backtest.portfolio import Offers, Rules, run_portfolio
from sportsplat.config.load import load_settings
from sportsplat.jobs.context import Context, open_context
from sportsplat.jobs.environment import down, up
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.modelling.backtest import Request, backtest
from sportsplat.jobs.modelling.results import Backtest

MATCHES, DAYS = 1900, 550
RULES = Rules(
    kelly_fraction=0.25,
    max_stake=0.05,
    min_edge=0.03,
    max_exposure=0.25,
    daily_loss_limit=0.10,
    initial_bankroll=1000.0,
)
GOAL_RATIO = 1 / 25
RIVAL_S = 0.050
WHOLE = (
    (Request("epl", start=date(2017, 8, 1), end=date(2022, 5, 31)), "football-data", "football-data.co.uk"),
    (Request("nba", start=date(1999, 10, 1), end=date(2015, 6, 30)), "fivethirtyeight-nba", "nba-elo"),
)


def rows() -> list[BenchRow]:
    """Time the ledger of made-up seasons, then whole backtests where the real files are."""
    found = [ledger_row()]
    folder = os.environ.get("SPORTSPLAT_REAL_DATA")
    return found + whole_rows(Path(folder)) if folder else found


def ledger_row() -> BenchRow:
    """Stakes, settlement and ledger of five seasons: three outcomes, several matches at a time."""
    offers = five_seasons()

    def ours() -> object:
        return run_portfolio(offers, RULES)

    name = f"staking, settlement, ledger: {MATCHES:,} matches"
    if find_spec("backtestbuddy") is None:
        ours_s, _ = paired(ours, ours)
        note = f"backtestbuddy not installed: its {RIVAL_S * 1000:.0f} ms by 25"
        return BenchRow(name, ours_s, note=note, goal_s=RIVAL_S * GOAL_RATIO)
    ours_s, rival_s = paired(ours, rival(offers))
    return BenchRow(name, ours_s, rival_s, GOAL_RATIO, "floor: backtestbuddy, quarter Kelly")


def five_seasons(seed: int = 0) -> Offers:
    """Matches with a known truth: prices take 3%, and the forecasts are off by about five points."""
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet([4.0, 3.0, 3.0], MATCHES)
    belief = np.clip(truth + rng.normal(0.0, 0.05, truth.shape), 0.03, 1.0)
    winners = (rng.random((MATCHES, 1)) > np.cumsum(truth, axis=1)[:, :-1]).sum(axis=1)
    hours = np.sort(rng.integers(0, DAYS, MATCHES) * 24 + rng.integers(0, 3, MATCHES) * 2)
    decided = np.datetime64("2017-08-01", "us") + hours * np.timedelta64(1, "h")
    return Offers(
        belief / belief.sum(axis=1, keepdims=True),
        1.0 / (truth * 1.03),
        np.eye(3)[winners],
        decided,
        decided + np.timedelta64(2, "h"),
        decided.astype("datetime64[D]"),
    )


def rival(offers: Offers) -> Callable[[], object]:
    """The same forecasts, prices and results in backtestbuddy: quarter Kelly, one moment together."""
    backtests: Any = __import__("backtestbuddy.backtest.sport_backtest", fromlist=["PredictionBacktest"])
    strategies: Any = __import__("backtestbuddy.strategies.sport_strategies", fromlist=["KellyCriterion"])
    frame = pd.DataFrame({"date": offers.decision_at, "outcome": offers.shares.argmax(axis=1)})
    for outcome in range(3):
        frame[f"odds_{outcome}"] = offers.decimal_odds[:, outcome]
        frame[f"p_{outcome}"] = offers.probabilities[:, outcome]
    frame["prediction"] = offers.probabilities.argmax(axis=1)

    def run() -> object:
        made = backtests.PredictionBacktest(
            frame,
            odds_columns=["odds_0", "odds_1", "odds_2"],
            outcome_column="outcome",
            date_column="date",
            prediction_column="prediction",
            model_prob_columns=["p_0", "p_1", "p_2"],
            strategy=strategies.KellyCriterion(downscaling=0.25, max_bet=0.05),
            settle_simultaneous=True,
        )
        made.run()
        return made.get_detailed_results()

    return run


def whole_rows(data: Path) -> list[BenchRow]:
    """Time the default model's backtests as the command runs them, once each: minutes need no repeats."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            project_dir=Path(folder), overrides={"infra.backend": "embedded"}, environ={}
        )
        up(settings)
        try:
            context = open_context(settings)
            return [whole_row(context, data, *whole) for whole in WHOLE]
        finally:
            down(settings, volumes=True)


def whole_row(context: Context, data: Path, request: Request, source: str, folder: str) -> BenchRow:
    """Ingest one league and time its backtest, process start of the workers included."""
    ingest(context, source, files_of(data, folder))
    results: list[Backtest] = []
    spent = timed(lambda: results.append(backtest(context, request)))
    result = results[0]
    elo = result.paired["elo"].log_loss_difference
    return BenchRow(
        f"whole backtest {request.league}, {result.matches:,} matches, {result.folds} fits",
        spent,
        note=f"log loss {result.log_loss:.4f}, {elo:+.4f} against Elo",
    )


def files_of(data: Path, folder: str) -> list[Path]:
    """The league's files below the folder of real data."""
    if folder == "nba-elo":
        return [data / "fivethirtyeight" / folder / "nbaallelo.csv.gz"]
    return sorted(data.glob(f"{folder}/mmz4281/*/E0.csv"))
