"""Stored models: whole, unchanged, and promoted only when they earned it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sportsplat.db import models as registry
from sportsplat.errors import NotFound, PromotionRefused, UsageError
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.context import Context
from sportsplat.jobs.modelling.features import read_frames
from sportsplat.jobs.modelling.models import compare, list_models, show_model
from sportsplat.jobs.modelling.train import ROLLBACK, judge, promote, rollback, standing_promotions, train
from sportsplat.models.dataset import Dataset, make_dataset
from sportsplat.models.fit import KINDS, fit_model
from sportsplat.models.score import log_loss_each, scores
from tests.conftest import Database
from tests.program import PROGRAM, environment
from tests.simulated_league import context_of, copy_of, simulated_league

UNTIL = date(2013, 3, 31)


@pytest.fixture(scope="module")
def stored(postgres: Endpoint, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with simulated_league(postgres, migrated, tmp_path_factory.mktemp("simulated")) as database:
        yield database


@pytest.fixture
def database(stored: Database) -> Iterator[Database]:
    """A copy of the simulated league for this test."""
    with copy_of(stored) as made:
        yield made


@pytest.fixture
def context(database: Database, tmp_path: Path) -> Context:
    return context_of(database, tmp_path)


def dataset_of(context: Context) -> Dataset:
    league = context.league("sim")
    with context.connect("read") as connection:
        frames = read_frames(connection, league)
    built = frames.build(league, context.settings.features.rolling_windows)
    return make_dataset(frames.matches, built, league)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_comes_back_as_it_went(context: Context, kind: str) -> None:
    data = dataset_of(context)
    fitted = fit_model(kind, data, seed=3, folds=3, min_matches=200)
    with context.connect("app") as connection:
        model_id = registry.store_model(connection, fitted.card, fitted.predictor)
    with context.connect("read") as connection:
        model = registry.find_model(connection, model_id)
        assert model is not None
        predictor = registry.load_predictor(connection, model)
        booster = connection.execute("SELECT booster FROM models WHERE id = %s", (model_id,)).fetchone()
    assert predictor == fitted.predictor
    assert np.array_equal(predictor.predict(data.features), fitted.predictor.predict(data.features))
    assert model.card == json.loads(json.dumps(fitted.card.to_dict()))
    assert (model.names, model.manifest) == (
        (None, None) if kind == "base_rate" else (list(data.names), data.manifest)
    )
    assert booster is not None
    assert (booster[0] or "").startswith("tree" if kind == "gbm" else "")
    assert (booster[0] is not None) == (kind == "gbm")


def test_what_is_not_finite_is_stored_as_nothing(context: Context) -> None:
    fitted = fit_model("elo", dataset_of(context), seed=3, folds=3, min_matches=200)
    endless = {"elo": {"matches": 2, "log_loss_difference": 0.1, "ci95": [-np.inf, np.inf]}}
    with context.connect("app") as connection:
        model_id = registry.store_model(connection, replace(fitted.card, paired=endless), fitted.predictor)
        model = registry.find_model(connection, model_id)
    assert model is not None
    assert model.card["paired"]["elo"]["ci95"] == [None, None]


def card(kind: str, difference: float | None, until: str = "2013-09-30T00:00:00Z") -> dict[str, Any]:
    paired = {"matches": 900, "log_loss_difference": difference, "ci95": [-0.01, 0.01]}
    return {
        "kind": kind,
        "paired": {} if difference is None else {"elo": paired},
        "beats_elo": difference is not None and difference < 0,
        "trained_until": until,
    }


def serving(until: datetime) -> registry.Registered:
    return registry.Registered(4, "sim", "gbm", until, until, None, None, {}, {}, 7)


@pytest.mark.parametrize(
    ("new", "served_until", "promoted", "because"),
    [
        (
            card("gbm", -0.002),
            None,
            True,
            "log loss -0.0020 on 900 matches, 95% interval -0.0100 to +0.0100, which may be chance",
        ),
        (card("gbm", -0.002), datetime(2013, 9, 1, tzinfo=UTC), True, "beats Elo"),
        (card("gbm", -0.002), datetime(2013, 9, 30, tzinfo=UTC), True, "beats Elo"),
        (card("gbm", -0.002), datetime(2013, 10, 1, tzinfo=UTC), False, "trained on later data"),
        (card("gbm", 0.002), None, False, "does not beat Elo out of fold: log loss +0.0020"),
        (card("gbm", 0.0), None, False, "does not beat Elo"),
        (card("gbm", None), None, False, "no match was held out"),
        (card("elo", 0.0), None, True, "no model is promoted yet"),
        (card("elo", 0.0), datetime(2012, 1, 1, tzinfo=UTC), False, "only when promoted by hand"),
        (card("base_rate", 0.1), None, False, "used only when promoted by hand"),
    ],
)
def test_a_model_serves_by_itself_only_when_it_earned_it(
    new: dict[str, Any], served_until: datetime | None, promoted: bool, because: str
) -> None:
    verdict = judge(new, None if served_until is None else serving(served_until))
    assert verdict.promoted is promoted
    assert because in verdict.reason


def test_rollbacks_walk_back_through_what_was_promoted() -> None:
    moment = datetime(2013, 1, 1, tzinfo=UTC)
    reasons = [(1, "by hand"), (2, "by hand"), (3, "by hand"), (2, f"{ROLLBACK}3"), (1, f"{ROLLBACK}2")]
    diary = [registry.Promotion(model, moment, reason) for model, reason in reasons]
    assert standing_promotions(diary) == [1]
    assert standing_promotions(diary[:4]) == [1, 2]
    again = registry.Promotion(3, moment, "by hand")
    assert standing_promotions([*diary, again]) == [1, 3]


def champion(context: Context) -> int | None:
    with context.connect("read") as connection:
        found = registry.champion(connection, "sim")
    return None if found is None else found.id


def test_promotion_and_rollback(context: Context) -> None:
    rate = train(context, "sim", kind="base_rate")
    assert (rate.promoted, champion(context)) == (False, None)
    first = train(context, "sim", kind="elo", until=UNTIL)
    assert (first.promoted, champion(context)) == (True, first.model_id)
    second = train(context, "sim", kind="elo")
    assert (second.promoted, champion(context)) == (False, first.model_id)

    with pytest.raises(PromotionRefused, match="does not beat Elo") as refused:
        promote(context, rate.model_id)
    assert refused.value.exit_code == 10
    assert "--force" in str(refused.value.fix)
    assert "log loss +0." in str(refused.value.cause)
    assert champion(context) == first.model_id

    assert promote(context, second.model_id).to_dict() == {
        "league": "sim", "model_id": second.model_id, "previous": first.model_id, "changed": True,
    }  # fmt: skip
    assert promote(context, second.model_id).changed is False
    assert promote(context, rate.model_id, force=True).changed is True
    assert champion(context) == rate.model_id
    assert rollback(context, "sim").model_id == second.model_id == champion(context)
    assert rollback(context, "sim").model_id == first.model_id == champion(context)
    with pytest.raises(NotFound, match="sim has no earlier promotion") as nothing:
        rollback(context, "sim")
    assert nothing.value.error_code == "NO_EARLIER_PROMOTION"
    assert champion(context) == first.model_id

    shown = show_model(context, second.model_id)
    assert [entry.reason for entry in shown.promotions] == ["by hand", f"{ROLLBACK}{rate.model_id}"]
    listed = list_models(context, "sim").models
    assert [model.model_id for model in listed] == [3, 2, 1]
    assert [model.serves for model in listed] == [False, True, False]
    assert list_models(context).models == listed
    assert list_models(context, "nba").models == []


def test_a_model_that_does_not_exist_is_told_beside_those_that_do(context: Context) -> None:
    with pytest.raises(NotFound) as none:
        show_model(context, 1)
    assert (none.value.cause, none.value.fix) == ("none is stored", "sportsplat train LEAGUE")
    train(context, "sim", kind="base_rate")
    asks: list[Callable[[], object]] = [
        lambda: show_model(context, 7),
        lambda: promote(context, 7),
        lambda: compare(context, 1, 7),
    ]
    for ask in asks:
        with pytest.raises(NotFound, match="no model 7 is stored") as missing:
            ask()
        assert missing.value.cause == "stored are 1"


def test_comparing_uses_matches_that_neither_saw_and_says_which(context: Context) -> None:
    rate = train(context, "sim", kind="base_rate", until=UNTIL).model_id
    elo = train(context, "sim", kind="elo", until=UNTIL - timedelta(days=60)).model_id
    found = compare(context, elo, rate)
    data = dataset_of(context)
    later = data.take(data.played & (data.day > np.datetime64(UNTIL)))
    assert found.basis == "later_matches"
    assert found.matches == len(later) > 200
    assert str(found.start) > UNTIL.isoformat()
    with context.connect("read") as connection:
        models = [registry.find_model(connection, model) for model in (elo, rate)]
        predictors = [registry.load_predictor(connection, model) for model in models if model]
    ours, theirs = (predictor.predict(later.features) for predictor in predictors)
    assert found.to_dict()["scores"] == [scores(ours, later.outcomes), scores(theirs, later.outcomes)]
    gap = (log_loss_each(ours, later.outcomes) - log_loss_each(theirs, later.outcomes)).mean()
    assert found.paired is not None
    assert found.paired.log_loss_difference == pytest.approx(gap)
    assert gap < 0


def test_without_later_matches_the_scores_are_those_out_of_fold(context: Context) -> None:
    elo, rate = (train(context, "sim", kind=kind) for kind in ("elo", "base_rate"))
    found = compare(context, elo.model_id, rate.model_id)
    assert found.basis == "out_of_fold"
    assert found.scores == [elo.scores, rate.scores]
    assert (found.same_matches, found.matches) == (True, elo.validated["matches"])
    assert found.paired is None


def test_models_of_two_leagues_do_not_compare(context: Context) -> None:
    first = train(context, "sim", kind="base_rate").model_id
    with context.connect("app") as connection:
        connection.execute(
            "INSERT INTO leagues (code, name, sport, outcomes, timezone) "
            "SELECT 'nba', name, sport, outcomes, timezone FROM leagues"
        )
        row = connection.execute(
            "INSERT INTO models (league, kind, trained_until, parameters, card, artifact, seed) "
            "SELECT 'nba', kind, trained_until, parameters, card, artifact, seed FROM models RETURNING id"
        ).fetchone()
    assert row is not None
    with pytest.raises(UsageError, match="forecasts sim, model 2 nba"):
        compare(context, first, row[0])


def test_a_training_killed_while_it_stores_leaves_nothing(context: Context, database: Database) -> None:
    """It dies between the model and its promotion, where half of it would be most easily left behind."""
    with database.connect() as holder:
        holder.execute("LOCK TABLE model_promotions IN SHARE MODE")
        training = subprocess.Popen(
            [PROGRAM, "train", "sim", "--model", "elo"],
            cwd=context.settings.project_dir,
            env=environment(
                DATABASE_URL=database.endpoint.url(reveal=True), SPORTSPLAT_INFRA__BACKEND="external"
            ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(database, "wait_event_type = 'Lock' AND query LIKE 'INSERT INTO model_promotions%'", 1)
        training.kill()
        training.wait()
    wait_until(database, "usename IS NOT NULL AND pid <> pg_backend_pid()", 0)
    with context.connect("read") as connection:
        assert registry.list_models(connection) == []
        assert registry.champion(connection, "sim") is None
    assert train(context, "sim", kind="elo").promoted


def wait_until(database: Database, condition: str, sessions: int) -> None:
    query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {condition}"
    deadline = time.monotonic() + 60
    with database.connect(autocommit=True) as watcher:
        while time.monotonic() < deadline:
            row = watcher.execute(query.encode()).fetchone()
            if row == (sessions,):
                return
            time.sleep(0.05)
    pytest.fail(f"never were there {sessions} sessions with {condition}")
