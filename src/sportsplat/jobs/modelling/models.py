"""Look at stored models: which there are, what one was made from, and which of two forecasts better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sportsplat.db import models as registry
from sportsplat.db.models import Registered
from sportsplat.errors import DataConflict, NotFound, UsageError
from sportsplat.jobs.modelling.features import read_frames
from sportsplat.jobs.modelling.results import (
    ListedModel,
    ModelComparison,
    ModelDetails,
    ModelList,
    ModelPromotion,
    ModelSummary,
    PairedScore,
    Scores,
)
from sportsplat.models.dataset import Dataset, make_dataset, to_moment
from sportsplat.models.score import log_loss_each, paired_difference, scores

if TYPE_CHECKING:
    import psycopg

    from sportsplat.features.build import Features
    from sportsplat.jobs.context import Context

SHOWN_NAMES = 8


def list_models(context: Context, league_code: str | None = None) -> ModelList:
    """Return every model of a league or of all, newest first, in short. Raises NotFound (league)."""
    code = None if league_code is None else context.league(league_code).code
    with context.connect("read") as connection:
        models = registry.list_models(connection, code)
        serving = {
            league: found.id
            for league in {model.league for model in models}
            if (found := registry.champion(connection, league)) is not None
        }
    return ModelList(
        [
            ListedModel(**vars(_summary(model)), serves=serving.get(model.league) == model.id)
            for model in models
        ]
    )


def show_model(context: Context, model_id: int) -> ModelDetails:
    """Return a model's card in full, and when it was promoted. Raises NotFound (UNKNOWN_MODEL)."""
    with context.connect("read") as connection:
        model = find(connection, model_id)
        serving = registry.champion(connection, model.league)
        diary = registry.promotions(connection, model.league)
    return ModelDetails(
        **vars(_summary(model)),
        serves=serving is not None and serving.id == model_id,
        manifest=model.manifest,
        card=model.card,
        promotions=[
            ModelPromotion(entry.promoted_at, entry.reason) for entry in diary if entry.model_id == model_id
        ],
    )


def compare(context: Context, first_id: int, second_id: int) -> ModelComparison:
    """Score two models of one league on the same matches: those that began after both were trained.

    While there is no such match, the scores that each got out of fold when it was trained are given
    (`basis` says which); those may be of different matches, then there is no paired difference.
    A negative difference means that the first is better.

    Raises NotFound (UNKNOWN_MODEL), UsageError (models of two leagues), DataConflict (FEATURE_MISMATCH).
    """
    with context.connect("read") as connection:
        first, second = find(connection, first_id), find(connection, second_id)
        if first.league != second.league:
            raise UsageError(
                f"model {first_id} forecasts {first.league}, model {second_id} {second.league}",
                fix=f"sportsplat models list {first.league}",
                code="TWO_LEAGUES",
            )
        league = context.league(first.league)
        frames = read_frames(connection, league)
        predictors = [registry.load_predictor(connection, model) for model in (first, second)]
    kickoff = frames.matches["kickoff_utc"]
    if not (frames.matches["final"] & (kickoff >= max(first.trained_until, second.trained_until))).any():
        return _out_of_fold(first, second)
    built = frames.build(league, context.settings.features.rolling_windows)
    for model in (first, second):
        refuse_mismatch(model, built)
    later = _later(make_dataset(frames.matches, built, league), first, second)
    forecasts = [predictor.predict(later.features) for predictor in predictors]
    losses = [log_loss_each(forecast, later.outcomes) for forecast in forecasts]
    paired = registry.json_values(paired_difference(losses[0], losses[1], later.day).to_dict())
    return ModelComparison(
        league=league.code,
        models=[_summary(first), _summary(second)],
        basis="later_matches",
        same_matches=True,
        matches=len(later),
        start=str(later.day.min()),
        end=str(later.day.max()),
        scores=[Scores.of(scores(forecast, later.outcomes)) for forecast in forecasts],
        paired=PairedScore.of(paired),
    )


def find(connection: psycopg.Connection[Any], model_id: int) -> Registered:
    """Return a stored model; raises NotFound naming those that there are."""
    model = registry.find_model(connection, model_id)
    if model is not None:
        return model
    there = sorted(model.id for model in registry.list_models(connection))
    newest = f"{'… ' if len(there) > SHOWN_NAMES else ''}{', '.join(map(str, there[-SHOWN_NAMES:]))}"
    raise NotFound(
        f"no model {model_id} is stored",
        cause=f"stored are {newest}" if there else "none is stored",
        fix="sportsplat models list" if there else "sportsplat train LEAGUE",
        code="UNKNOWN_MODEL",
    )


def refuse_mismatch(model: Registered, built: Features) -> None:
    """Raise DataConflict (FEATURE_MISMATCH) when a model learned from other features than those built now."""
    if model.manifest is None or model.manifest == built.manifest:
        return
    learned, now = set(model.names or ()), set(built.names)
    differing = sorted(learned ^ now)
    if differing:
        shown = ", ".join(differing[:SHOWN_NAMES])
        more = f" and {len(differing) - SHOWN_NAMES} more" if len(differing) > SHOWN_NAMES else ""
        lost, new = len(learned - now), len(now - learned)
        cause = f"{lost} that it learned from are gone, {new} are new: {shown}{more}"
    else:
        cause = (
            "same names, but other windows (features.rolling_windows), rating constants or code: "
            f"manifest {model.manifest} then, {built.manifest} now"
        )
    raise DataConflict(
        f"model {model.id} learned from other features than are built now",
        cause=cause,
        fix=f"sportsplat train {model.league} --model {model.kind}",
        code="FEATURE_MISMATCH",
        names=differing,
    )


def _later(dataset: Dataset, first: Registered, second: Registered) -> Dataset:
    trained = to_moment(max(first.trained_until, second.trained_until))
    return dataset.take(dataset.played & (dataset.decision_at >= trained))


def _out_of_fold(first: Registered, second: Registered) -> ModelComparison:
    cards = [first.card, second.card]
    same = cards[0]["validated"] == cards[1]["validated"]
    validated = cards[0]["validated"] if same else {}
    return ModelComparison(
        league=first.league,
        models=[_summary(first), _summary(second)],
        basis="out_of_fold",
        same_matches=same,
        matches=validated.get("matches"),
        start=validated.get("from"),
        end=validated.get("to"),
        scores=[Scores.of(card["scores"]) if card["scores"] else None for card in cards],
        paired=None,
    )


def _summary(model: Registered) -> ModelSummary:
    card = model.card
    elo = card["paired"].get("elo")
    return ModelSummary(
        model_id=model.id,
        league=model.league,
        model=model.kind,
        created_at=model.created_at,
        trained_until=model.trained_until,
        matches=card["matches"],
        features=len(model.names or ()),
        validated=card["validated"],
        scores=Scores.of(card["scores"]) if card["scores"] else None,
        elo=None if elo is None else PairedScore.of(elo),
        beats_elo=card["beats_elo"],
        seed=model.seed,
        parameters=model.parameters,
    )
