"""Forecast matches that are still to come, by the very path on which the model learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sportsplat.db import models as registry
from sportsplat.db.models import Registered
from sportsplat.db.predictions import cancelled_matches, store_predictions, write_features
from sportsplat.db.read import frames as read
from sportsplat.domain import JsonObject
from sportsplat.errors import NotFound, UsageError
from sportsplat.jobs.modelling.features import Frames, read_frames
from sportsplat.jobs.modelling.models import find, refuse_mismatch
from sportsplat.jobs.modelling.results import (
    Contribution,
    ExplainedPrediction,
    Explanation,
    LeaguePredictions,
    Prediction,
    Predictions,
)
from sportsplat.leagues.league import PriceRef
from sportsplat.models.baselines import offered_prices
from sportsplat.models.dataset import BoolArray, FloatArray
from sportsplat.models.elo import EloModel
from sportsplat.models.gbm import Boosting
from sportsplat.sources import SOURCES, get_source

if TYPE_CHECKING:
    import pandas as pd
    import psycopg

    from sportsplat.features.build import Features
    from sportsplat.jobs.context import Context
    from sportsplat.leagues.league import League
    from sportsplat.models.fit import Predictor


SHOWN = 5


def explain_forecasts(predictor: Predictor, features: pd.DataFrame) -> list[Explanation | None]:
    """Return for each row of `features` (n) what moved the forecast, None for a model that looks at nothing.

    `latent` is the home side's latent strength in logits, which the model turns into probabilities: `elo`
    (the rating difference) and `home` (what home advantage that lacks) plus all trees, whose SHAP values are
    given by feature, the SHOWN largest in `features` and the sum of the others in `rest`.
    """
    if isinstance(predictor, EloModel):
        return _describe(predictor, features, 1.0, 0.0, np.zeros((len(features), 0)), ())
    if isinstance(predictor, Boosting):
        blend = predictor.blend
        contributions = predictor.contributions(features)
        return _describe(
            predictor.elo, features, blend.elo_weight, blend.home, contributions, predictor.names
        )
    return [None] * len(features)


def _describe(
    elo: EloModel,
    features: pd.DataFrame,
    weight: float,
    home: float,
    contributions: FloatArray,
    names: tuple[str, ...],
) -> list[Explanation | None]:
    at_home = 1.0 - features["neutral"].to_numpy(dtype=np.float64)
    homes = (weight * elo.home + home) * at_home
    ratings = weight * (elo.latent(features) - elo.home * at_home)
    values = features[list(names)].to_numpy(dtype=np.float64)
    found: list[Explanation | None] = []
    for row, drawn in enumerate(contributions):
        largest = [int(column) for column in np.argsort(-np.abs(drawn), kind="stable")[:SHOWN]]
        shown = [column for column in largest if drawn[column] != 0.0]
        found.append(
            Explanation(
                latent=float(ratings[row] + homes[row] + drawn.sum()),
                elo=float(ratings[row]),
                home=float(homes[row]),
                features=[
                    Contribution(
                        feature=names[column],
                        value=None if np.isnan(values[row, column]) else float(values[row, column]),
                        contribution=float(drawn[column]),
                    )
                    for column in shown
                ],
                rest=float(drawn.sum() - drawn[shown].sum()),
            )
        )
    return found


def nothing_to_predict(matches: pd.DataFrame, league: League, first: date, last: date) -> str:
    """Say why there is nothing to forecast from `first` to `last`, and which command would change that."""
    command = f"`{_fetching(league)}`"
    if not len(matches):
        return f"no match of {league.code} is stored; {command}"
    day = matches["match_date"].to_numpy().astype("datetime64[D]")
    inside = (day >= np.datetime64(first)) & (day <= np.datetime64(last))
    span = f"on {first}" if first == last else f"from {first} to {last}"
    if not inside.any():
        return (
            f"no match of {league.code} {span} is stored; the last stored one is on {day.max()}; "
            f"newer fixtures come with {command}"
        )
    played = int(matches["final"].to_numpy()[inside].sum())
    waiting = int(inside.sum()) - played
    return (
        f"no match of {league.code} {span} is still to come: {played} are played, {waiting} have begun "
        f"without a stored result or are cancelled; newer facts come with {command}"
    )


def _fetching(league: League) -> str:
    """Return the command that gets fixtures and results of a league."""
    found = [get_source(name, {league.code: league}) for name in SOURCES]
    serving = [source for source in found if league.code in source.leagues]
    if any(source.live for source in serving):
        return f"sportsplat sync {league.code}"
    return f"sportsplat ingest {serving[0].name if serving else 'SOURCE'} --league {league.code}"


def describe(
    matches: pd.DataFrame,
    probabilities: FloatArray,
    league: League,
    names: Mapping[int, str],
    quotes: pd.DataFrame | None,
) -> list[Prediction]:
    """Put forecasts (n, k) beside who plays when, what a fair price were, and what is offered.

    names: teams by id; quotes: those known now (db/read/frames.py `quotes_frame`), None for a league without
    entry prices. An edge is probability times price minus 1, the profit that a unit staked promises.
    """
    match_id = matches["match_id"].to_numpy(dtype=np.int64)
    refs = league.prices.entry
    offer = None if quotes is None else offered_prices(quotes, match_id, league, refs)
    found: list[Prediction] = []
    rows: list[JsonObject] = matches.to_dict("records")  # type: ignore[assignment]
    for place, (match, shares) in enumerate(zip(rows, probabilities.tolist(), strict=True)):
        quoted = offer is not None and offer.ref[place] >= 0
        odds = offer.decimal_odds[place].tolist() if offer is not None and quoted else None
        found.append(
            Prediction(
                match_id=match["match_id"],
                kickoff_utc=match["kickoff_utc"].to_pydatetime(),
                day_precision=match["day_precision"],
                match_date=match["match_date"].date(),
                home=names[match["home_id"]],
                away=names[match["away_id"]],
                neutral=match["neutral"],
                probabilities=_by_outcome(league, shares),
                fair_odds=_by_outcome(league, [1 / share if share else None for share in shares]),
                entry_price=odds and _by_outcome(league, odds),
                quoted_by=str(refs[offer.ref[place]]) if offer is not None and quoted else None,
                edge=odds
                and _by_outcome(
                    league, [share * price - 1 for share, price in zip(shares, odds, strict=True)]
                ),
            )
        )
    return found


def price_note(unpriced: int, of: int, league: League, offers: Sequence[tuple[str, bool]]) -> str | None:
    """Say why `unpriced` of so many forecasts have no entry price, and what would give them one.

    offers: bookmakers, and whether it is the closing price, that are known of these matches.
    """
    if not unpriced:
        return None
    said = f"{unpriced} of {of} matches have no entry price"
    entries = ", ".join(map(str, league.prices.entry))
    others = [str(ref) for ref in (PriceRef(*offer) for offer in offers) if ref not in league.prices.entry]
    if others:
        wanted = f"takes {entries}" if entries else "declares none"
        return (
            f"{said}: known are {', '.join(others)}; prices.entry of {league.code} in config/leagues.yaml "
            f"{wanted}. Add the bookmaker there to bet at its prices"
        )
    if not entries:
        return f"{said}: config/leagues.yaml declares no prices.entry for {league.code}"
    return f"{said}: no price of them was known from {entries}"


def _by_outcome(league: League, values: list[Any]) -> JsonObject:
    return dict(zip(league.outcomes, values, strict=True))


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
) -> Predictions:
    """Forecast the matches from `since` (default: today) to `until`, local days, not begun at `now`.

    Without `until` the window ends `days` (default: DEFAULT_DAYS) after its first day. `model_id`: the model
    to ask, else the one that serves the league. Only facts known at `now` are used. The forecasts and the
    features behind them are stored; a forecast that says what the model's last one of the match said is not
    stored again. Nothing to forecast gives an empty list and says why in `message`; `price_note` says why
    matches have no entry price, None where all have one.

    Raises NotFound (league, UNKNOWN_MODEL, NO_MODEL), UsageError (BAD_RANGE, MODEL_OF_ANOTHER_LEAGUE,
    LEARNED_LATER), DataConflict (FEATURE_MISMATCH).
    """
    league = context.league(league_code)
    moment = now or datetime.now(UTC)
    window = _window(league, since, until, days, moment)
    with context.connect("read", writes=True) as connection:
        known = _read(connection, league, model_id, moment)
        coming = _coming(known, league, window, moment)
        answer = Predictions(
            league=league.code,
            model_id=known.model.id,
            model=known.model.kind,
            as_of=moment,
            start=window.first,
            end=window.last,
            outcomes=league.outcomes,
            stored=0,
            message=None,
            price_note=None,
            predictions=(),
        )
        if not coming.any():
            said = nothing_to_predict(known.frames.matches, league, window.first, window.last)
            return replace(answer, message=said)
        built = known.frames.build(league, context.settings.features.rolling_windows)
        refuse_mismatch(known.model, built)
        features = built.frame[coming]
        probabilities = known.predictor.predict(features)
        stored = _store(connection, known.model, built, coming, probabilities, moment)
        matches = known.frames.matches[coming]
        predictions = describe(matches, probabilities, league, known.names, known.quotes)
        unpriced = [row.match_id for row in predictions if row.entry_price is None]
        offers = read.offers_of(connection, unpriced, known_at=moment) if unpriced else []
    if explain:
        reasons = explain_forecasts(known.predictor, features)
        predictions = [
            ExplainedPrediction(**vars(prediction), explanation=reason)
            for prediction, reason in zip(predictions, reasons, strict=True)
        ]
    note = price_note(len(unpriced), len(predictions), league, offers)
    return replace(answer, stored=stored, price_note=note, predictions=predictions)


def predict_leagues(context: Context, codes: Sequence[str], **options: Any) -> LeaguePredictions:
    """Forecast several leagues, none named: each that a model serves. `options` are those of `predict`.

    Returns `leagues`, what `predict` gives for each. Raises what `predict` raises, and NotFound (NO_MODEL)
    where no model serves any league.
    """
    for code in codes:
        context.league(code)
    return LeaguePredictions([predict(context, code, **options) for code in codes or _served(context)])


def _served(context: Context) -> list[str]:
    """Return the leagues that a model serves, in the order of config/leagues.yaml."""
    with context.connect("read") as connection:
        served = [code for code in context.leagues if registry.champion(connection, code) is not None]
    if not served:
        raise NotFound("no model serves any league", fix="sportsplat train LEAGUE", code="NO_MODEL")
    return served


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
