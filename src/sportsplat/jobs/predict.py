"""Forecast matches that are still to come, by the very path on which the model learned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sportsplat.db import read, registry
from sportsplat.db.predictions import cancelled_matches, store_predictions
from sportsplat.db.registry import Registered
from sportsplat.db.write_features import write_features
from sportsplat.domain import JsonObject
from sportsplat.errors import NotFound, UsageError
from sportsplat.jobs.explain import explain as explained
from sportsplat.jobs.features import Frames, read_frames
from sportsplat.jobs.forecast_rows import describe, nothing_to_predict
from sportsplat.jobs.models import find, refuse_mismatch
from sportsplat.models.dataset import BoolArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd
    import psycopg

    from sportsplat.features.build import Features
    from sportsplat.jobs.context import Context
    from sportsplat.leagues import League
    from sportsplat.models.fit import Predictor

DEFAULT_DAYS = 7


@dataclass(frozen=True)
class _Known:
    """Everything that is asked of the database before a forecast."""

    model: Registered
    predictor: Predictor
    frames: Frames
    quotes: pd.DataFrame | None
    names: dict[int, str]
    cancelled: list[int]


@dataclass(frozen=True)
class _Window:
    """Local days, both included."""

    first: date
    last: date


def predict(
    context: Context,
    league_code: str,
    *,
    since: date | None = None,
    until: date | None = None,
    days: int | None = None,
    model_id: int | None = None,
    explain: bool = False,
    now: datetime | None = None,
) -> JsonObject:
    """Forecast the matches from `since` (default: today) to `until`, local days, not begun at `now`.

    Without `until` the window ends `days` (default: DEFAULT_DAYS) after its first day. `model_id`: the model
    to ask, else the one that serves the league. Only facts known at `now` are used. The forecasts and the
    features behind them are stored; a forecast that says what the model's last one of the match said is not
    stored again. Nothing to forecast gives an empty list and says why in `message`.

    Raises NotFound (league, UNKNOWN_MODEL, NO_MODEL), UsageError (BAD_RANGE, MODEL_OF_ANOTHER_LEAGUE,
    LEARNED_LATER), DataConflict (FEATURE_MISMATCH).
    """
    league = context.league(league_code)
    moment = now or datetime.now(UTC)
    window = _window(league, since, until, days, moment)
    with context.connect("read") as connection:
        known = _read(connection, league, model_id, moment)
        coming = _coming(known, league, window, moment)
        answer: JsonObject = {
            "league": league.code,
            "model_id": known.model.id,
            "model": known.model.kind,
            "as_of": moment.isoformat(),
            "from": window.first.isoformat(),
            "to": window.last.isoformat(),
            "outcomes": list(league.outcomes),
        }
        if not coming.any():
            said = nothing_to_predict(known.frames.matches, league, window.first, window.last)
            return answer | {"stored": 0, "message": said, "predictions": []}
        built = known.frames.build(league, context.settings.features.rolling_windows)
        refuse_mismatch(known.model, built)
        features = built.frame[coming]
        probabilities = known.predictor.predict(features)
        stored = _store(connection, known.model, built, coming, probabilities, moment)
    matches = known.frames.matches[coming]
    predictions = describe(matches, probabilities, league, known.names, known.quotes)
    if explain:
        reasons = explained(known.predictor, features)
        for prediction, reason in zip(predictions, reasons, strict=True):
            prediction["explanation"] = reason
    return answer | {"stored": stored, "message": None, "predictions": predictions}


def _window(
    league: League, since: date | None, until: date | None, days: int | None, now: datetime
) -> _Window:
    first = since or now.astimezone(league.timezone).date()
    last = until or first + timedelta(days=DEFAULT_DAYS if days is None else days)
    if last < first:
        raise UsageError(
            f"the last day, {last}, is before the first, {first}",
            fix=f"sportsplat predict {league.code} --days {DEFAULT_DAYS}",
            code="BAD_RANGE",
        )
    return _Window(first, last)


def _read(connection: psycopg.Connection[Any], league: League, model_id: int | None, now: datetime) -> _Known:
    model = _choose(connection, league, model_id)
    if model.trained_until > now:
        raise UsageError(
            f"model {model.id} learned from results that were not known at {now.isoformat()}",
            cause=f"it was trained until {model.trained_until.isoformat()}",
            fix=f"sportsplat models list {league.code}",
            code="LEARNED_LATER",
        )
    entry = league.prices.entry
    return _Known(
        model,
        registry.load_predictor(connection, model),
        read_frames(connection, league, known_at=now, as_held=True),
        read.quotes_frame(
            connection,
            league,
            known_at=now,
            bookmakers=sorted({price.bookmaker for price in entry}),
            as_held=True,
        )
        if entry
        else None,
        read.team_names(connection, league),
        cancelled_matches(connection, league.code),
    )


def _choose(connection: psycopg.Connection[Any], league: League, model_id: int | None) -> Registered:
    if model_id is not None:
        model = find(connection, model_id)
        if model.league != league.code:
            raise UsageError(
                f"model {model_id} forecasts {model.league}, not {league.code}",
                fix=f"sportsplat models list {league.code}",
                code="MODEL_OF_ANOTHER_LEAGUE",
            )
        return model
    serving = registry.champion(connection, league.code)
    if serving is not None:
        return serving
    stored = registry.list_models(connection, league.code)
    if not stored:
        raise NotFound(
            f"no model of {league.code} is stored", fix=f"sportsplat train {league.code}", code="NO_MODEL"
        )
    raise NotFound(
        f"no model of {league.code} is promoted",
        cause=f"stored are {', '.join(f'{model.id} ({model.kind})' for model in stored)}",
        fix=f"sportsplat train {league.code} --model elo, or name one: --model-id {stored[0].id}",
        code="NO_MODEL",
    )


def _coming(known: _Known, league: League, window: _Window, now: datetime) -> BoolArray:
    """Return a mask (n,) of matches in the window that have not begun; of a bare day, until it is over."""
    matches = known.frames.matches
    day = matches["match_date"].to_numpy().astype("datetime64[D]")
    today = np.datetime64(now.astimezone(league.timezone).date())
    day_only = matches["day_precision"].to_numpy(dtype=np.bool_)
    ahead = np.where(day_only, day >= today, (matches["kickoff_utc"] > now).to_numpy())
    inside = (day >= np.datetime64(window.first)) & (day <= np.datetime64(window.last))
    off = matches["match_id"].isin(known.cancelled).to_numpy() | matches["final"].to_numpy(dtype=np.bool_)
    return np.asarray(ahead & inside & ~off)


def _store(
    connection: psycopg.Connection[Any],
    model: Registered,
    built: Features,
    coming: BoolArray,
    probabilities: FloatArray,
    now: datetime,
) -> int:
    rows = built.frame[coming]
    match_id = rows.index.to_numpy(dtype=np.int64)
    decision_at = built.decision_at[coming].to_numpy(dtype="datetime64[us]")
    write_features(connection, built.manifest, built.names, match_id, decision_at, rows.to_numpy())
    return store_predictions(connection, model.id, now, match_id.tolist(), probabilities.tolist())
