"""Fit a model on everything known at a moment, and keep it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from sportsplat.backtest.engine import check_model
from sportsplat.db import registry
from sportsplat.domain import JsonObject
from sportsplat.jobs.features import read_frames
from sportsplat.jobs.promotion import judge
from sportsplat.models.dataset import make_dataset
from sportsplat.models.fit import fit_model

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context
    from sportsplat.leagues import League

Progress = Callable[[float, float, str], object]


def train(
    context: Context,
    league_code: str,
    *,
    kind: str = "gbm",
    until: date | None = None,
    seed: int | None = None,
    tune: int = 0,
    progress: Progress | None = None,
) -> JsonObject:
    """Fit `kind` on what was known when the local day `until` ended (default: now), and store it.

    What was corrected or moved after that day is learned as it was held then.
    The model is promoted by itself when it earned it, see `promotion.judge`. tune: random parameter sets
    tried beside the standing ones. Nothing is stored of a training that does not come to its end.

    Raises NotFound (league), UsageError (UNKNOWN_MODEL), InputRefused (TOO_FEW_MATCHES).
    """
    league = context.league(league_code)
    check_model(kind)
    models = context.settings.models
    begun = time.perf_counter()
    with context.connect("read") as connection:
        frames = read_frames(connection, league, known_at=_cut_off(league, until), as_held=True)
    read_by = time.perf_counter()
    built = frames.build(league, context.settings.features.rolling_windows)
    dataset = make_dataset(frames.matches, built, league)
    built_by = time.perf_counter()
    played = int(dataset.played.sum())
    if progress:
        progress(0, 1, f"fitting {kind} to {played:,} matches of {league.code}")
    fitted = fit_model(
        kind,
        dataset,
        seed=models.seed if seed is None else seed,
        folds=models.cv_folds,
        min_matches=models.min_training_matches,
        threads=models.threads,
        tune=tune,
    )
    fitted_by = time.perf_counter()
    card = registry.json_values(fitted.card.to_dict())
    with context.connect("app") as connection:
        registry.lock_promotions(connection, league.code)
        verdict = judge(card, registry.champion(connection, league.code))
        model_id = registry.store_model(connection, fitted.card, fitted.predictor)
        if verdict.promoted:
            registry.promote(connection, league.code, model_id, verdict.reason)
    done = time.perf_counter()
    return {
        "model_id": model_id,
        "league": league.code,
        "model": kind,
        "trained_until": card["trained_until"],
        "until": None if until is None else until.isoformat(),
        "matches": card["matches"],
        "features": len(card["features"]),
        "manifest": card["manifest"],
        "data_fingerprint": card["data_fingerprint"],
        "seed": card["seed"],
        "parameters": card["parameters"],
        "candidates": card["candidates"],
        "validated": card["validated"],
        "scores": card["scores"],
        "baselines": card["baselines"],
        "paired": card["paired"],
        "promoted": verdict.promoted,
        "reason": verdict.reason,
        "seconds": {
            "read": read_by - begun,
            "features": built_by - read_by,
            "fit": fitted_by - built_by,
            "store": done - fitted_by,
            "total": done - begun,
        },
    }


def _cut_off(league: League, until: date | None) -> datetime:
    """Return the end of the day, or now when that comes first: nothing may be learned that is not known."""
    now = datetime.now(UTC)
    return now if until is None else min(now, league.end_of_day(until))
