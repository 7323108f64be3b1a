"""Fit a model on everything known at a moment, and keep it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from sportsplat.backtest.prices import label
from sportsplat.backtest.walk import check_model
from sportsplat.betting.devig import devig
from sportsplat.db import models as registry
from sportsplat.db.models import Promotion, Registered
from sportsplat.db.read import frames as read
from sportsplat.domain import JsonObject
from sportsplat.errors import InputRefused, NotFound, PromotionRefused
from sportsplat.jobs.modelling.features import read_frames
from sportsplat.jobs.modelling.impossible_matches import impossible_matches
from sportsplat.jobs.modelling.models import find
from sportsplat.jobs.modelling.results import (
    Learned,
    MarketScores,
    PairedScore,
    Scores,
    ServingChange,
    Training,
)
from sportsplat.models.baselines import offered_prices
from sportsplat.models.dataset import Dataset, FloatArray, make_dataset
from sportsplat.models.fit import fit_model
from sportsplat.models.score import log_loss_each, paired_difference, scores

if TYPE_CHECKING:
    import psycopg

    from sportsplat.jobs.context import Context
    from sportsplat.leagues.league import League


ROLLBACK = "rollback of model "  # beginning of the reason that marks a rollback in the diary


@dataclass(frozen=True)
class Verdict:
    """Whether a model is to serve, and why."""

    promoted: bool
    reason: str


def judge(card: JsonObject, serving: Registered | None) -> Verdict:
    """Say whether a new model is promoted by itself.

    Boosting is when its out-of-fold log loss is below Elo's on the same matches and it knows no less than
    the model that serves (was not trained on an older past). Elo is when no model serves yet: it is what has
    to be beaten. The base rate never is.
    """
    kind = card["kind"]
    if kind == "base_rate":
        return Verdict(False, "the base rate does not know the teams; it is used only when promoted by hand")
    if kind == "elo":
        if serving is None:
            return Verdict(True, "no model is promoted yet, and Elo is what later models have to beat")
        return Verdict(
            False, f"model {serving.id} is in use, and Elo replaces a model only when promoted by hand"
        )
    if not card["beats_elo"]:
        return Verdict(False, f"does not beat Elo out of fold: {_against_elo(card)}")
    if serving is not None and serving.trained_until > datetime.fromisoformat(card["trained_until"]):
        return Verdict(
            False, f"model {serving.id}, which is in use, was trained on later data ({serving.trained_until})"
        )
    return Verdict(True, f"beats Elo out of fold: {_against_elo(card)}")


def promote(context: Context, model_id: int, *, force: bool = False) -> ServingChange:
    """Let a model serve its league.

    Raises NotFound (UNKNOWN_MODEL), PromotionRefused for a model that does not beat Elo out of fold, unless
    forced; Elo itself may always serve.
    """
    with context.connect("app") as connection:
        model = find(connection, model_id)
        if not force and model.kind != "elo" and not model.card["beats_elo"]:
            raise PromotionRefused(
                f"model {model_id} ({model.kind}) does not beat Elo out of fold",
                cause=_against_elo(model.card),
                fix=f"sportsplat train {model.league}, or sportsplat models promote {model_id} --force",
                model_id=model_id,
            )
        registry.lock_promotions(connection, model.league)
        serving = registry.champion(connection, model.league)
        changed = serving is None or serving.id != model_id
        if changed:
            registry.promote(connection, model.league, model_id, "by hand, forced" if force else "by hand")
    before = None if serving is None else serving.id
    return ServingChange(model.league, model_id, before, changed)


def rollback(context: Context, league_code: str) -> ServingChange:
    """Let the model serve that served before the newest promotion; again, the one before that.

    Raises NotFound (league; NO_EARLIER_PROMOTION when there is nothing to return to).
    """
    league = context.league(league_code)
    with context.connect("app") as connection:
        registry.lock_promotions(connection, league.code)
        standing = standing_promotions(registry.promotions(connection, league.code))
        if len(standing) < 2:
            raise NotFound(
                f"{league.code} has no earlier promotion to return to",
                cause=f"model {standing[0]} was the first one promoted"
                if standing
                else "no model was ever promoted",
                fix=f"sportsplat models list {league.code}",
                code="NO_EARLIER_PROMOTION",
            )
        registry.promote(connection, league.code, standing[-2], f"{ROLLBACK}{standing[-1]}")
    return ServingChange(league.code, standing[-2], standing[-1], changed=True)


def standing_promotions(diary: Sequence[Promotion]) -> list[int]:
    """Return the models of the promotions that no rollback took back, oldest first."""
    standing: list[int] = []
    for promotion in diary:
        if promotion.reason.startswith(ROLLBACK):
            standing.pop()
        else:
            standing.append(promotion.model_id)
    return standing


def _against_elo(card: JsonObject) -> str:
    paired = card["paired"].get("elo")
    if paired is None:
        return "no match was held out, too few are known"
    low, high = paired["ci95"]
    gap = paired["log_loss_difference"]
    said = f"log loss {gap:+.4f} on {paired['matches']:,} matches"
    if low is None or high is None:
        return f"{said}, too few match days for an interval"
    doubt = ", which may be chance" if low < 0 < high else ""
    return f"{said}, 95% interval {low:+.4f} to {high:+.4f}{doubt}"


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
) -> Training:
    """Fit `kind` on what was known when the local day `until` ended (default: now), and store it.

    What was corrected or moved after that day is learned as it was held then.
    The model is promoted by itself when it earned it, see `judge`. tune: random parameter sets
    tried beside the standing ones. Nothing is stored of a training that does not come to its end. `market`
    says where the closing prices stand on the held-out matches; they never touch the model. `notes` say
    which stored matches cannot be right.

    Raises NotFound (league, UNKNOWN_MODEL), InputRefused (TOO_FEW_MATCHES).
    """
    league = context.league(league_code)
    check_model(kind)
    models = context.settings.models
    begun = time.perf_counter()
    cut_off = _cut_off(league, until)
    with context.connect("read") as connection:
        frames = read_frames(connection, league, known_at=cut_off, as_held=True)
        known = int(frames.matches["final"].sum())
        if until is not None and known < models.min_training_matches:
            raise _too_early(connection, league, until, known, models.min_training_matches)
    notes = impossible_matches(context, league, datetime.now(UTC))
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
    with context.connect("read") as connection:
        market = _market(
            connection, dataset.take(dataset.played), fitted.oof, cut_off, context.settings.backtest.devig
        )
    if market is not None:
        fitted = replace(fitted, card=fitted.card.beside("market", market.scores, market.paired))
    card = registry.json_values(fitted.card.to_dict())
    with context.connect("app") as connection:
        registry.lock_promotions(connection, league.code)
        verdict = judge(card, registry.champion(connection, league.code))
        model_id = registry.store_model(connection, fitted.card, fitted.predictor)
        if verdict.promoted:
            registry.promote(connection, league.code, model_id, verdict.reason)
    done = time.perf_counter()
    return Training(
        model_id=model_id,
        league=league.code,
        model=kind,
        trained_until=card["trained_until"],
        until=until,
        matches=card["matches"],
        learned=Learned(card["learned"]["from"], card["learned"]["to"], card["learned"]["seasons"]),
        features=len(card["features"]),
        manifest=card["manifest"],
        data_fingerprint=card["data_fingerprint"],
        seed=card["seed"],
        parameters=card["parameters"],
        candidates=card["candidates"],
        validated=card["validated"],
        scores=Scores.of(card["scores"]) if card["scores"] else None,
        baselines=Scores.of_each(card["baselines"]),
        paired=PairedScore.of_each(card["paired"]),
        market=None if market is None else market.summary,
        promoted=verdict.promoted,
        reason=verdict.reason,
        notes=notes,
        seconds={
            "read": read_by - begun,
            "features": built_by - read_by,
            "fit": fitted_by - built_by,
            "store": done - fitted_by,
            "total": done - begun,
        },
    )


@dataclass(frozen=True)
class _Market:
    """What is reported of the closing prices, their scores, and the paired difference to our model."""

    summary: MarketScores
    scores: JsonObject
    paired: JsonObject


def _market(
    connection: psycopg.Connection[Any], played: Dataset, oof: FloatArray, known_at: datetime, method: str
) -> _Market | None:
    """Return how the benchmark prices, margin removed, do on the held-out matches; None where none has one.

    oof: our probabilities (n, k) of the `played` matches, NaN where none was held out.
    """
    league, refs = played.league, played.league.prices.benchmark
    held_out = np.flatnonzero(np.isfinite(oof).all(axis=1))
    if not refs or not len(held_out):
        return None
    quotes = read.quotes_frame(
        connection,
        league,
        known_at=known_at,
        bookmakers=sorted({ref.bookmaker for ref in refs}),
        seasons=sorted({int(season) for season in played.season[held_out]}),
        as_held=True,
    )
    offer = offered_prices(quotes, played.match_id[held_out], league, refs)
    quoted = np.flatnonzero(offer.ref >= 0)
    if not len(quoted):
        return None
    fair = devig(offer.decimal_odds[quoted], method).probabilities
    solved = np.isfinite(fair).all(axis=1)
    rows, fair = held_out[quoted[solved]], fair[solved]
    if not len(rows):
        return None
    outcomes = played.outcomes[rows]
    losses = log_loss_each(oof[rows], outcomes), log_loss_each(fair, outcomes)
    return _Market(
        MarketScores(label(offer, refs), method, len(rows)),
        scores(fair, outcomes),
        paired_difference(*losses, played.day[rows]).to_dict(),
    )


def _too_early(
    connection: psycopg.Connection[Any], league: League, until: date, known: int, needed: int
) -> InputRefused:
    """Make the error for a day by which too few results were known."""
    (first, last) = connection.execute(
        "SELECT min(match_date), max(match_date) FROM matches WHERE league = %s AND status = 'final'",
        (league.code,),
    ).fetchone() or (None, None)
    return InputRefused(
        f"{known:,} results of {league.code} were known by {until}; a model needs {needed:,}",
        cause=f"--until {until}; results are stored from {first} to {last}",
        fix=f"sportsplat train {league.code} with a later --until, or without it",
        code="TOO_FEW_MATCHES",
        matches=known,
        needed=needed,
    )


def _cut_off(league: League, until: date | None) -> datetime:
    """Return the end of the day, or now when that comes first: nothing may be learned that is not known."""
    now = datetime.now(UTC)
    return now if until is None else min(now, league.end_of_day(until))
