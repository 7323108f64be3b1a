"""Backtest a model on stored matches: read, build features, walk forward, bet, score, store, report."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from sportsplat.backtest.bets import Betting, Draws, bet
from sportsplat.backtest.portfolio import Portfolio, Rules
from sportsplat.backtest.prices import Prices, find_prices, label
from sportsplat.backtest.report import GENERATOR, View, render_report
from sportsplat.backtest.statistics import Comparison, compare, losses_by_season
from sportsplat.backtest.walk import (
    Fitting,
    Forecasts,
    blocks,
    check_model,
    refuse_untrained,
    walk_forward,
)
from sportsplat.db.models import BetRecord, store_backtest
from sportsplat.domain import JsonObject
from sportsplat.jobs.modelling import fingerprint
from sportsplat.jobs.modelling.backtest_inputs import (
    Inputs,
    choose_rows,
    published,
    read_inputs,
    refuse_reversed,
)
from sportsplat.jobs.modelling.impossible_matches import impossible_matches
from sportsplat.jobs.modelling.results import Backtest, BaselineScores, PairedScore, Scores
from sportsplat.jobs.write_file import refuse_foreign, write_atomically
from sportsplat.models.calibration import calibration_error, reliability
from sportsplat.models.card import package_versions, uses_odds
from sportsplat.models.dataset import Dataset, FloatArray
from sportsplat.quality.seasons import season_label

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context


def store(
    context: Context, result: JsonObject, portfolio: Portfolio | None, matches: Dataset, prices: Prices
) -> None:
    """Write the result and the bets of `portfolio`, if any, in one transaction."""
    bets = bet_records(portfolio, matches, prices) if portfolio is not None else ()
    with context.connect() as connection:
        store_backtest(connection, result, bets)


def bet_records(portfolio: Portfolio, matches: Dataset, prices: Prices) -> Iterator[BetRecord]:
    """Yield each bet as the database keeps it; rows of the ledger point into `matches` and `prices`."""
    ledger = portfolio.ledger
    bookmakers = prices.bookmakers()
    benchmark = prices.benchmark.decimal_odds[ledger.match, ledger.outcome]
    for index, (match, outcome) in enumerate(
        zip(ledger.match.tolist(), ledger.outcome.tolist(), strict=True)
    ):
        yield BetRecord(
            match_id=int(matches.match_id[match]),
            outcome=matches.league.outcomes[outcome],
            bookmaker=bookmakers[match],
            placed_at=_aware(matches.decision_at[match]),
            settled_at=_aware(matches.known_at[match]),
            probability=float(ledger.probability[index]),
            decimal_odds=float(ledger.decimal_odds[index]),
            benchmark_odds=float(benchmark[index]) if np.isfinite(benchmark[index]) else None,
            stake=float(ledger.stake[index]),
            profit=float(ledger.profit[index]),
        )


def _aware(moment: np.datetime64) -> datetime:
    naive: datetime = moment.astype("datetime64[us]").item()
    return naive.replace(tzinfo=UTC)


@contextmanager
def worker_pool(workers: int) -> Iterator[Executor | None]:
    """Yield a pool of fresh processes, or None where a single one would do the work.

    Fresh rather than forked: a fork would inherit the threads of a progress bar and of OpenMP half alive.
    Whatever ends the `with` block early ends the processes at once.
    """
    workers = min(workers, os.cpu_count() or 1)
    if workers < 2:
        yield None
        return
    spawn = multiprocessing.get_context("spawn")
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_leave_interrupts_to_the_parent)
    try:
        yield executor
        executor.shutdown()
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


Progress = Callable[[float, float, str], object]
CALIBRATION_DRAWS: Final = 4_000_000  # forecasts drawn again for the interval of the calibration error


@dataclass(frozen=True)
class Request:
    """What to backtest: `start` and `end` are local days, both included; None lets the data decide."""

    league: str
    model: str = "gbm"
    start: date | None = None
    end: date | None = None
    refit: str = "season"
    seed: int | None = None
    report: Path | None = None
    workers: int = 2


@dataclass
class _Stopwatch:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun

    def total(self) -> float:
        return time.perf_counter() - self.started


def backtest(context: Context, request: Request, progress: Progress | None = None) -> Backtest:
    """Walk a model forward through stored matches, bet with it, and store the result and its bets.

    Raises UsageError (unknown model or refit, a range that is empty or reversed), NotFound (league),
    InputRefused (nothing stored, too little to learn from), ResourceConflict (a foreign file where the report
    would go).
    """
    league = context.league(request.league)
    check_model(request.model)
    refuse_reversed(league.code, request.start, request.end)
    if request.report is not None:
        refuse_foreign(request.report, GENERATOR)
    watch = _Stopwatch()
    with watch.stage("read"):
        inputs = read_inputs(context, league)
    with watch.stage("features"):
        dataset = inputs.dataset(context.settings.features.rolling_windows)
    rows = choose_rows(dataset, request.start, request.end, context.settings.models.min_training_matches)
    forecasts = _walk(context, request, dataset, rows, watch, progress)
    matches = dataset.take(forecasts.rows)
    ours = forecasts.probabilities[request.model]
    seed = _seed(context, request)
    draws = Draws(seed, context.settings.backtest.bootstrap_samples)
    prices = find_prices(inputs.quotes, matches, inputs.matches, context.settings.backtest.devig)
    with watch.stage("betting"):
        betting = bet(ours, matches, prices, rules(context), draws)
    others, notes = _others(forecasts, prices, inputs, matches)
    comparison = compare(ours, others, matches.outcomes, matches.day, draws.rng, draws.samples)
    configuration = _configuration(context, request, dataset)
    result = _result(request, seed, matches, forecasts, comparison, betting, prices) | {
        "calibration": _calibration(ours, matches, draws),
        "notes": [
            *impossible_matches(context, league, datetime.now(UTC)),
            *betting.notes,
            *notes,
            *_about_the_model(request.model, dataset),
        ],
        "configuration": configuration,
        "packages": package_versions(),
        "fingerprint": {
            "data": fingerprint.of_inputs(dataset, matches, inputs),
            "settings": fingerprint.of_configuration(configuration | {"seed": seed}),
            "code": fingerprint.of_code(),
        },
    }
    result["run_id"] = fingerprint.run_id(result)
    result["seconds"] = {name: round(spent, 4) for name, spent in watch.seconds.items()}
    result["seconds"]["total"] = round(watch.total(), 4)
    result["report"] = None if request.report is None else str(request.report)
    view = View(
        result,
        league.name,
        reliability(ours, matches.outcomes),
        [
            row | {"label": season_label(league, row["season"])}
            for row in losses_by_season({request.model: ours, **others}, matches.outcomes, matches.season)
        ],
        betting.edges,
        betting.portfolio,
    )
    store(context, result, betting.portfolio, matches, prices)
    if request.report is not None:
        write_atomically(request.report, render_report(view))
    return _typed(result, view)


def _typed(result: JsonObject, view: View) -> Backtest:
    """Return the stored JSON object as a typed result."""
    baselines = result["baselines"].items()
    typed = {
        "forecast": Scores.of(result["forecast"]),
        "baselines": {name: None if each is None else BaselineScores.of(each) for name, each in baselines},
        "paired": PairedScore.of_each(result["paired"]),
        "start": result["from"],
        "end": result["to"],
    }
    others = {key: value for key, value in result.items() if key not in ("from", "to")}
    return Backtest(**others | typed, view=view)


def rules(context: Context) -> Rules:
    """Return the staking rules of the settings."""
    risk = context.settings.risk
    return Rules(
        kelly_fraction=risk.kelly_fraction,
        max_stake=risk.max_stake,
        min_edge=risk.min_edge,
        max_exposure=risk.max_exposure,
        daily_loss_limit=risk.daily_loss_limit,
        initial_bankroll=context.settings.backtest.initial_bankroll,
    )


def _walk(
    context: Context,
    request: Request,
    dataset: Dataset,
    rows: np.ndarray[tuple[int], np.dtype[np.bool_]],
    watch: _Stopwatch,
    progress: Progress | None,
) -> Forecasts:
    """Walk forward, on a process pool where several models are to be boosted; note what fitting took."""
    models = context.settings.models
    fitting = Fitting(
        request.model, _seed(context, request), models.cv_folds, models.min_training_matches, models.threads
    )
    plan = blocks(dataset, rows, request.refit)
    refuse_untrained(dataset, plan[0], models.min_training_matches)
    workers = min(request.workers, len(plan)) if request.model == "gbm" else 1

    def report(done: int, total: int) -> None:
        if progress:
            progress(done, total, f"{request.league} {request.model}, blocks by {request.refit}")

    def walk(executor: Executor | None) -> Forecasts:
        return walk_forward(
            dataset, fitting, rows, request.refit, executor=executor, in_flight=workers + 1, progress=report
        )

    begun = time.perf_counter()
    with worker_pool(workers) as executor:
        forecasts = walk(executor)
    spent = time.perf_counter() - begun
    # the stages of parallel workers overlap: the time that passed is shared out as their work was
    fit_share = forecasts.fit_s / (forecasts.fit_s + forecasts.predict_s)
    watch.seconds |= {"fit": spent * fit_share, "predict": spent * (1.0 - fit_share)}
    return forecasts


def _others(
    forecasts: Forecasts, prices: Prices, inputs: Inputs, matches: Dataset
) -> tuple[dict[str, FloatArray], list[str]]:
    """Baselines by name (n, k), and notes about those that came too late to be compared."""
    theirs, notes = published(inputs.forecasts, matches)
    return {
        "base_rate": forecasts.probabilities["base_rate"],
        "elo": forecasts.probabilities["elo"],
        "market": prices.fair,
        **theirs,
    }, notes


def _result(
    request: Request,
    seed: int,
    matches: Dataset,
    forecasts: Forecasts,
    comparison: Comparison,
    betting: Betting,
    prices: Prices,
) -> JsonObject:
    return {
        "run_id": "",
        "league": request.league,
        "model": request.model,
        "seed": seed,
        "matches": len(matches),
        "folds": len(forecasts.folds),
        "from": str(request.start or matches.day.min()),
        "to": str(request.end or matches.day.max()),
        "refit": request.refit,
        "outcomes": list(matches.league.outcomes),
        "forecast": comparison.forecast,
        "baselines": comparison.baselines,
        "paired": comparison.paired,
        "betting": betting.result,
        "benchmark_price": label(prices.benchmark, matches.league.prices.benchmark),
        "blocks": list(forecasts.folds),
    }


def _calibration(ours: FloatArray, matches: Dataset, draws: Draws) -> JsonObject:
    """Calibration error, its interval, and how large chance alone makes it; fewer samples of more matches."""
    samples = min(500, max(100, CALIBRATION_DRAWS // ours.size))
    found = calibration_error(ours, matches.outcomes, draws.rng, days=matches.day, samples=samples)
    return {"ece": found.ece, "ci95": list(found.ci95), "chance95": found.chance95}


def _about_the_model(model: str, dataset: Dataset) -> list[str]:
    if model == "gbm" and uses_odds(dataset.names):
        return ["The model sees prices: its bets are no evidence of an edge over them."]
    return []


def _seed(context: Context, request: Request) -> int:
    return context.settings.models.seed if request.seed is None else request.seed


def _configuration(context: Context, request: Request, dataset: Dataset) -> JsonObject:
    """Every value that the numbers depend on, but for the data and the seed."""
    settings = context.settings.to_public_dict()
    league = dataset.league
    return {
        "league": {
            "code": league.code,
            "outcomes": list(league.outcomes),
            "elo": vars(league.elo),
            "entry": [str(ref) for ref in league.prices.entry],
            "benchmark": [str(ref) for ref in league.prices.benchmark],
        },
        "model": request.model,
        "refit": request.refit,
        "from": None if request.start is None else request.start.isoformat(),
        "to": None if request.end is None else request.end.isoformat(),
        "manifest": dataset.manifest,
        **{section: settings[section] for section in ("features", "models", "risk", "backtest")},
    }
