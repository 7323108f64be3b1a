"""Walk forward: fit on what was known, forecast the next block, move on.

A block is a season, a month or a week of matches. What a block's model learns from is cut before the work is
handed out: the process that fits never holds a result that was unknown at the block's first decision.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from sportsplat.domain import JsonObject
from sportsplat.errors import InputRefused, NotFound, UsageError
from sportsplat.models.baselines import fit_base_rate
from sportsplat.models.dataset import BoolArray, Dataset, FloatArray, IntArray
from sportsplat.models.elo import fit_elo
from sportsplat.models.fit import KINDS, Predictor, fit_model

REFITS: Final = ("season", "month", "week")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Fitting:
    """How each block's model is fitted: see `models.fit.fit_model`."""

    kind: str
    seed: int
    folds: int
    min_matches: int
    threads: int = 1


@dataclass(frozen=True)
class Block:
    """Matches forecast by one model: their rows, and the moment at which the first had to be decided on."""

    label: str
    rows: IntArray
    decision_at: np.datetime64


@dataclass(frozen=True)
class BlockForecast:
    """Probabilities (n, k) by predictor, what was chosen, and seconds of fitting and of predicting."""

    probabilities: Mapping[str, FloatArray]
    trained_on: int
    parameters: JsonObject
    fit_s: float
    predict_s: float


@dataclass(frozen=True)
class Forecasts:
    """Out-of-time forecasts: `rows` of the dataset in order, and one (n, k) array per predictor."""

    rows: IntArray
    block: IntArray
    labels: tuple[str, ...]
    probabilities: Mapping[str, FloatArray]
    folds: tuple[JsonObject, ...]
    fit_s: float
    predict_s: float


def walk_forward(
    dataset: Dataset,
    fitting: Fitting,
    rows: BoolArray,
    refit: str,
    *,
    executor: Executor | None = None,
    in_flight: int = 3,
    progress: Progress | None = None,
) -> Forecasts:
    """Forecast the matches in the mask `rows`, each block by a model of what was known before its first
    decision.

    The model `fitting.kind` and the baselines `base_rate` and `elo` are fitted on the same matches. Blocks
    are independent: with an `executor` (a process pool, or Dask's) at most `in_flight` are handed out at a
    time. Raises NotFound (UNKNOWN_MODEL), UsageError (UNKNOWN_REFIT), InputRefused (TOO_FEW_MATCHES) where
    the first block has too little to learn from.
    """
    check_model(fitting.kind)
    plan = blocks(dataset, rows, refit)
    refuse_untrained(dataset, plan[0], fitting.min_matches)
    done: dict[int, BlockForecast] = {}
    for index, forecast in _forecast_all(dataset, plan, fitting, executor, in_flight):
        done[index] = forecast
        if progress:
            progress(len(done), len(plan))
    return _joined(plan, [done[index] for index in range(len(plan))])


def blocks(dataset: Dataset, rows: BoolArray, refit: str) -> list[Block]:
    """Cut the matches in the mask `rows` (n,) into blocks by season, calendar month or ISO week, in order."""
    wanted = np.flatnonzero(rows & dataset.played)
    keys = _block_keys(dataset, wanted, refit)
    labels, place = np.unique(np.array(keys), return_inverse=True)
    made = []
    for index, label in enumerate(labels):
        members = wanted[place == index]
        made.append(Block(str(label), members, dataset.decision_at[members].min()))
    return sorted(made, key=lambda block: (block.decision_at, block.label))


def forecast_block(train: Dataset, features: pd.DataFrame, fitting: Fitting) -> BlockForecast:
    """Fit on `train` and forecast `features`: a pure function of its arguments, for any executor."""
    start = time.perf_counter()
    predictors: dict[str, Predictor] = {"base_rate": fit_base_rate(train), "elo": fit_elo(train)}
    parameters: JsonObject = {}
    if fitting.kind not in predictors:
        fitted = fit_model(
            fitting.kind,
            train,
            seed=fitting.seed,
            folds=fitting.folds,
            min_matches=fitting.min_matches,
            threads=fitting.threads,
        )
        predictors[fitting.kind] = fitted.predictor
        parameters = fitted.card.parameters
    between = time.perf_counter()
    probabilities = {name: predictor.predict(features) for name, predictor in predictors.items()}
    end = time.perf_counter()
    return BlockForecast(probabilities, len(train), parameters, between - start, end - between)


def check_model(kind: str) -> None:
    """Raise NotFound unless `kind` is a model that can be fitted."""
    if kind not in KINDS:
        raise NotFound(
            f"unknown model {kind!r}", fix=f"choose one of: {', '.join(KINDS)}", code="UNKNOWN_MODEL"
        )


def earliest_start(dataset: Dataset, min_matches: int) -> date | None:
    """Return the first local day on whose every decision `min_matches` results were known; None if never."""
    known = np.sort(dataset.known_at[dataset.played])
    if len(known) < min_matches:
        return None
    late = dataset.decision_at >= known[min_matches - 1]
    if not late.any():
        return None
    day = dataset.day[late].min()
    if (~late & (dataset.day == day)).any():
        later = dataset.day[dataset.day > day]
        if not len(later):
            return None
        day = later.min()
    return date.fromisoformat(str(day))


def refuse_untrained(dataset: Dataset, first: Block, min_matches: int) -> None:
    """Raise InputRefused, with the earliest possible start, when the first block has too little to fit on."""
    available = len(dataset.known_by(first.decision_at))
    if available >= min_matches:
        return
    code, earliest = dataset.league.code, earliest_start(dataset, min_matches)
    raise InputRefused(
        f"{available} results of {code} were known before block {first.label}; a model needs {min_matches}",
        cause=f"the block begins {first.decision_at}Z; models.min_training_matches is {min_matches}",
        fix=(
            f"sportsplat backtest {code} --from {earliest}"
            if earliest
            else f"ingest more seasons of {code}: `sportsplat sources` lists the sources"
        ),
        code="TOO_FEW_MATCHES",
        available=available,
        needed=min_matches,
        earliest=None if earliest is None else earliest.isoformat(),
    )


def _block_keys(dataset: Dataset, rows: IntArray, refit: str) -> list[int] | list[str]:
    if refit == "season":
        return [int(season) for season in dataset.season[rows]]
    if refit == "month":
        return [str(month) for month in dataset.day[rows].astype("datetime64[M]")]
    if refit == "week":
        weeks = (day.isocalendar() for day in dataset.day[rows].astype(object))
        return [f"{week.year}-W{week.week:02d}" for week in weeks]
    raise UsageError(
        f"cannot refit by {refit!r}",
        fix=f"use --refit with one of: {', '.join(REFITS)}",
        code="UNKNOWN_REFIT",
    )


def _forecast_all(
    dataset: Dataset, plan: Sequence[Block], fitting: Fitting, executor: Executor | None, in_flight: int
) -> Iterator[tuple[int, BlockForecast]]:
    if executor is None:
        for index, block in enumerate(plan):
            yield index, forecast_block(*_task(dataset, block), fitting)
        return
    running: dict[Future[BlockForecast], int] = {}
    for index, block in enumerate(plan):
        if len(running) >= in_flight:
            yield from _finished(running)
        running[executor.submit(forecast_block, *_task(dataset, block), fitting)] = index
    while running:
        yield from _finished(running)


def _finished(running: dict[Future[BlockForecast], int]) -> Iterator[tuple[int, BlockForecast]]:
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        yield running.pop(future), future.result()


def _task(dataset: Dataset, block: Block) -> tuple[Dataset, pd.DataFrame]:
    """What a block's work may see: results known before its first decision, and its matches' features."""
    return dataset.known_by(block.decision_at), dataset.features.iloc[block.rows]


def _joined(plan: Sequence[Block], forecasts: Sequence[BlockForecast]) -> Forecasts:
    rows = np.concatenate([block.rows for block in plan])
    block_of = np.repeat(np.arange(len(plan)), [len(block.rows) for block in plan])
    order = np.argsort(rows, kind="stable")
    names = list(forecasts[0].probabilities)
    return Forecasts(
        rows=rows[order],
        block=block_of[order],
        labels=tuple(block.label for block in plan),
        probabilities={
            name: np.concatenate([forecast.probabilities[name] for forecast in forecasts])[order]
            for name in names
        },
        folds=tuple(
            {
                "label": block.label,
                "matches": len(block.rows),
                "trained_on": forecast.trained_on,
                "trained_until": f"{block.decision_at}Z",
                "parameters": forecast.parameters,
            }
            for block, forecast in zip(plan, forecasts, strict=True)
        ),
        fit_s=sum(forecast.fit_s for forecast in forecasts),
        predict_s=sum(forecast.predict_s for forecast in forecasts),
    )
