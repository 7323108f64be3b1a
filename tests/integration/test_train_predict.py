"""Training sees nothing later than its cut-off, and forecasting walks the path of training."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sportsplat.db import models as registry
from sportsplat.errors import DataConflict, InputRefused, NotFound, UsageError
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.context import Context
from sportsplat.jobs.modelling.backtest import Request, backtest
from sportsplat.jobs.modelling.features import read_frames
from sportsplat.jobs.modelling.predict import predict, predict_leagues
from sportsplat.jobs.modelling.results import ExplainedPrediction, Predictions
from sportsplat.jobs.modelling.train import train
from sportsplat.models.ordered_logit import outcome_probabilities
from sportsplat.paths import asset_dir
from tests.conftest import Database
from tests.simulated_league import NOW, TODAY, context_of, copy_of, simulated_league

UNTIL = date(2013, 6, 30)
MOMENT = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def trained(
    postgres: Endpoint, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A league with model 1, boosting on what was known in the middle of 2013, and model 2, Elo on all."""
    folder = tmp_path_factory.mktemp("simulated")
    with simulated_league(postgres, migrated, folder) as database:
        context = context_of(database, folder)
        train(context, "sim", until=UNTIL)
        train(context, "sim", kind="elo")
        yield database


@pytest.fixture
def database(trained: Database) -> Iterator[Database]:
    with copy_of(trained) as made:
        yield made


@pytest.fixture
def context(database: Database, tmp_path: Path) -> Context:
    return context_of(database, tmp_path)


def probabilities(answer: Predictions) -> dict[int, list[float]]:
    return {found.match_id: list(found.probabilities.values()) for found in answer}


def stored_model(context: Context, model_id: int) -> tuple[Any, ...]:
    with context.connect("read") as connection:
        row = connection.execute(
            "SELECT booster, artifact, parameters, card FROM models WHERE id = %s", (model_id,)
        ).fetchone()
    assert row is not None
    return tuple(row)


def test_what_comes_after_the_cut_off_changes_nothing(context: Context, database: Database) -> None:
    """Absurd results from the day after on: the same text model, card and forecasts."""
    day_after = UNTIL + timedelta(days=1)
    moment = context.league("sim").end_of_day(UNTIL)
    honest = predict(context, "sim", since=day_after, model_id=1, now=moment)
    with database.connect() as connection:
        changed = connection.execute(
            "UPDATE matches SET home_score = 500 + id %% 7, away_score = id %% 3 "
            "WHERE match_date > %s AND status = 'final'",
            (UNTIL,),
        ).rowcount
        connection.execute(
            'UPDATE team_match_stats SET stats = \'{"points": 900, "shots": 0, "turnovers": 77}\' '
            "WHERE known_at > %s",
            (moment,),
        )
    assert changed > 100
    again = train(context, "sim", until=UNTIL)
    assert stored_model(context, again.model_id) == stored_model(context, 1)
    assert datetime.fromisoformat(again.trained_until) <= moment
    told = predict(context, "sim", since=day_after, model_id=again.model_id, now=moment)
    assert probabilities(told) == probabilities(honest)
    assert len(told.predictions) >= 10


def test_what_was_corrected_after_the_cut_off_is_learned_as_it_was_held(
    context: Context, database: Database
) -> None:
    """Absurd corrections of what had been known: that day's training does not hear of them."""
    moment = context.league("sim").end_of_day(UNTIL)
    told = {"early": moment - timedelta(days=900), "moment": moment, "late": moment + timedelta(seconds=1)}
    facts = (
        "season, match_date, kickoff_utc, precision, home_id, away_id, number, neutral, stage, status, "
        "home_score, away_score, known_at, source"
    )
    with database.connect() as connection:
        connection.execute(
            f"INSERT INTO match_revisions (match_id, recorded_at, superseded_at, {facts}) "
            f"SELECT id, %(early)s, %(late)s, {facts} FROM matches WHERE known_at <= %(moment)s".encode(),
            told,
        )
        corrected = connection.execute(
            "UPDATE matches SET home_score = 500 + id %% 7, away_score = id %% 3, recorded_at = %(late)s "
            "WHERE known_at <= %(moment)s",
            told,
        ).rowcount
        connection.execute(
            "INSERT INTO team_stat_revisions (match_id, team_id, source, stats, known_at, recorded_at) "
            "SELECT match_id, team_id, source, stats, known_at, %(early)s FROM team_match_stats "
            "WHERE known_at <= %(moment)s",
            told,
        )
        connection.execute(
            'UPDATE team_match_stats SET stats = \'{"points": 900, "shots": 0, "turnovers": 77}\', '
            "recorded_at = %(late)s WHERE known_at <= %(moment)s",
            told,
        )
    assert corrected > 300
    again = train(context, "sim", until=UNTIL)
    assert stored_model(context, again.model_id) == stored_model(context, 1)
    later = train(context, "sim", until=UNTIL + timedelta(days=1))
    assert stored_model(context, later.model_id)[0] != stored_model(context, 1)[0]


def test_a_later_cut_off_gives_another_model(context: Context) -> None:
    later = train(context, "sim", kind="elo", until=UNTIL)
    assert stored_model(context, later.model_id)[1] != stored_model(context, 2)[1]
    assert later.matches < len(played(context))


def played(context: Context) -> Any:
    with context.connect("read") as connection:
        matches = read_frames(connection, context.league("sim")).matches
    return matches[matches["final"]]


@pytest.mark.parametrize("back", [1, 2, 40])
def test_an_unplayed_match_gets_what_it_would_get_if_it_were_played(
    context: Context, database: Database, back: int
) -> None:
    """No zeros, no second path: the same features to the last bit, and so the same probabilities."""
    league = context.league("sim")
    match = played(context).iloc[-back]
    match_id, kickoff = int(match["match_id"]), match["kickoff_utc"].to_pydatetime()
    with context.connect("read") as connection:
        frames = read_frames(connection, league)
        model = registry.find_model(connection, 1)
        assert model is not None
        predictor = registry.load_predictor(connection, model)
    known = predictor.predict(
        frames.build(league, context.settings.features.rolling_windows).frame.loc[[match_id]]
    )
    row = frames.build(league, context.settings.features.rolling_windows).frame.loc[match_id]
    with database.connect() as connection:
        connection.execute(
            "UPDATE matches SET status = 'scheduled', home_score = NULL, away_score = NULL, known_at = NULL "
            "WHERE id = %s",
            (match_id,),
        )
        connection.execute("DELETE FROM team_match_stats WHERE match_id = %s", (match_id,))
    told = predict(context, "sim", since=kickoff.date(), model_id=1, now=kickoff - MOMENT)
    with context.connect("read") as connection:
        stored = connection.execute(
            "SELECT values, f.names, decision_at "
            "  FROM match_features JOIN feature_manifests f ON hash = manifest WHERE match_id = %s",
            (match_id,),
        ).fetchone()
    assert stored is not None
    assert np.array_equal(stored[0], row.to_numpy(), equal_nan=True)
    assert (stored[1], stored[2]) == (list(row.index), kickoff)
    assert np.count_nonzero(row.to_numpy()) > 30
    assert probabilities(told)[match_id] == known[0].tolist()


def count(context: Context) -> int:
    with context.connect("read") as connection:
        row = connection.execute("SELECT count(*) FROM predictions").fetchone()
    return int(row[0]) if row else -1


def test_asking_again_without_new_facts_stores_nothing(context: Context) -> None:
    first = predict(context, "sim", now=NOW)
    assert first.model_id == 1
    assert first.stored == len(first.predictions) == count(context) > 5
    again = predict(context, "sim", now=NOW)
    later = predict(context, "sim", now=NOW + timedelta(minutes=5))
    assert (again.stored, later.stored) == (0, 0)
    assert count(context) == first.stored
    assert again.predictions == first.predictions
    assert probabilities(later) == probabilities(first)


def test_a_new_result_adds_forecasts_and_keeps_the_old(context: Context, database: Database) -> None:
    first = predict(context, "sim", days=14, now=NOW)
    match = first.predictions[0]
    kickoff = match.kickoff_utc
    with database.connect() as connection:
        connection.execute(
            "UPDATE matches SET status = 'final', home_score = 3, away_score = 90, known_at = %s "
            "WHERE id = %s",
            (kickoff + timedelta(hours=3), match.match_id),
        )
    then = kickoff + timedelta(hours=4)
    second = predict(context, "sim", until=TODAY + timedelta(days=14), now=then)
    assert match.match_id not in probabilities(second)
    assert second.stored > 0
    moved = {key for key, shares in probabilities(second).items() if probabilities(first)[key] != shares}
    assert second.stored == len(moved)
    assert count(context) == first.stored + second.stored
    with context.connect("read") as connection:
        kept = connection.execute(
            "SELECT as_of, probabilities FROM predictions WHERE match_id = %s ORDER BY as_of", (min(moved),)
        ).fetchall()
    assert [as_of for as_of, _ in kept] == [NOW, then]
    assert [shares for _, shares in kept] == [probabilities(answer)[min(moved)] for answer in (first, second)]


def test_only_matches_that_have_not_begun_are_forecast(context: Context, database: Database) -> None:
    whole = predict(context, "sim", days=30, now=NOW).predictions
    moments = [match.kickoff_utc for match in whole]
    assert min(moments) > NOW
    assert max(moments).date() <= TODAY + timedelta(days=30)
    with database.connect() as connection:
        connection.execute("UPDATE matches SET status = 'cancelled' WHERE id = %s", (whole[0].match_id,))
    rest = predict(context, "sim", days=30, now=NOW).predictions
    assert [match.match_id for match in rest] == [match.match_id for match in whole[1:]]
    one_day = predict(context, "sim", since=moments[5].date(), until=moments[5].date(), now=NOW)
    assert {match.match_date for match in one_day.predictions} == {moments[5].date()}


def test_prices_are_those_known_now(context: Context) -> None:
    """Opening prices come a week before the match."""
    told = predict(context, "sim", days=12, now=NOW).predictions
    for match in told:
        shares = match.probabilities
        assert sum(shares.values()) == pytest.approx(1)
        assert match.fair_odds == {name: 1 / share for name, share in shares.items()}
        quoted = match.kickoff_utc - timedelta(days=7) <= NOW
        assert (match.entry_price is not None) == (match.edge is not None) == quoted
        if match.entry_price is not None:
            assert match.quoted_by == "simbook pre-match"
            assert match.edge == {name: shares[name] * odds - 1 for name, odds in match.entry_price.items()}
    assert {match.entry_price is None for match in told} == {True, False}


@pytest.mark.parametrize("model_id", [1, 2])
def test_an_explanation_adds_up_to_the_forecast(context: Context, model_id: int) -> None:
    for match in predict(context, "sim", model_id=model_id, explain=True, now=NOW).predictions:
        assert isinstance(match, ExplainedPrediction)
        why = match.explanation
        assert why is not None
        parts = [why.elo, why.home, why.rest, *(part.contribution for part in why.features)]
        assert sum(parts) == pytest.approx(why.latent, abs=1e-9)
        told = outcome_probabilities(np.array([why.latent]), 0.0, 2)[0]
        assert list(match.probabilities.values()) == pytest.approx(told.tolist(), abs=1e-6)
        assert bool(why.features) == (model_id == 1)


def test_nothing_to_forecast_says_what_to_do(context: Context) -> None:
    told = predict(context, "sim", since=date(2031, 5, 1), now=NOW)
    assert (len(told), told.stored) == (0, 0)
    assert "the last stored one is on 2013-12-" in str(told.message)
    assert "sportsplat ingest simulate --league sim" in str(told.message)
    past = predict(context, "sim", since=UNTIL - timedelta(days=7), until=UNTIL, now=NOW)
    assert "is still to come" in str(past.message)


def test_features_that_changed_since_are_refused(
    database: Database, context: Context, tmp_path: Path
) -> None:
    other = context_of(database, tmp_path, features__rolling_windows=[5, 9])
    with pytest.raises(DataConflict, match="model 1 learned from other features") as mismatch:
        predict(other, "sim", now=NOW)
    assert mismatch.value.error_code == "FEATURE_MISMATCH"
    assert mismatch.value.fix == "sportsplat train sim --model gbm"
    assert "win_share_10_home" in mismatch.value.details["names"]
    assert "win_share_9_home" in mismatch.value.details["names"]
    assert "15 that it learned from are gone, 15 are new" in str(mismatch.value.cause)


def test_other_constants_behind_the_same_names_are_refused(
    database: Database, context: Context, tmp_path: Path
) -> None:
    shutil.copytree(Path(__file__).parents[2] / "config", tmp_path / "config")
    declared = tmp_path / "config" / "leagues.yaml"
    text = declared.read_text()
    declared.write_text(text.replace("{k: 20, home_advantage: 80", "{k: 21, home_advantage: 80"))
    with pytest.raises(DataConflict, match="learned from other features") as mismatch:
        predict(context_of(database, tmp_path), "sim", model_id=2, now=NOW)
    assert "same names" in str(mismatch.value.cause)


def test_what_cannot_be_asked_says_why(context: Context, database: Database) -> None:
    with pytest.raises(UsageError, match="learned from results that were not known") as early:
        predict(context, "sim", model_id=2, now=NOW - timedelta(days=60))
    assert early.value.error_code == "LEARNED_LATER"
    with pytest.raises(UsageError, match="is before the first"):
        predict(context, "sim", since=TODAY, until=UNTIL, now=NOW)
    with pytest.raises(NotFound, match="no model of nba is stored") as untrained:
        predict(context, "nba")
    assert untrained.value.fix == "sportsplat train nba"
    with database.connect() as connection:
        connection.execute("TRUNCATE model_promotions")
    with pytest.raises(NotFound, match="no model of sim is promoted") as unpromoted:
        predict(context, "sim", now=NOW)
    assert unpromoted.value.cause == "stored are 2 (elo), 1 (gbm)"


def test_a_day_before_all_data_is_named(context: Context) -> None:
    with pytest.raises(InputRefused, match="0 results of sim were known by 1990-01-01") as early:
        train(context, "sim", until=date(1990, 1, 1))
    assert early.value.error_code == "TOO_FEW_MATCHES"
    assert "--until 1990-01-01; results are stored from 2010-01-10" in str(early.value.cause)


def test_training_says_what_it_learned_from_and_where_the_market_stands(
    context: Context, database: Database
) -> None:
    before = train(context, "sim", until=UNTIL)
    assert before.learned.start == "2010-01-10"
    assert before.learned.end <= UNTIL.isoformat()
    market = before.market
    assert market is not None
    assert market.prices == "simbook closing"
    assert before.baselines["market"].log_loss < before.baselines["base_rate"].log_loss
    assert before.paired["market"].matches == market.matches <= before.validated["matches"]
    with database.connect() as connection:
        connection.execute("UPDATE quotes SET decimal_odds = 1.01 + random()")
    after = train(context, "sim", until=UNTIL)
    assert after.baselines["market"] != before.baselines["market"]
    assert after.scores == before.scores, "no price touches the model"
    assert stored_model(context, after.model_id)[:2] == stored_model(context, before.model_id)[:2]


def test_every_league_that_a_model_serves_is_forecast_when_none_is_named(context: Context) -> None:
    alone = predict(context, "sim", now=NOW)
    every = predict_leagues(context, [], now=NOW).leagues
    assert [one.league for one in every] == ["sim"]
    assert probabilities(every[0]) == probabilities(alone)
    with pytest.raises(NotFound, match="no model of nba is stored"):
        predict_leagues(context, ["sim", "nba"], now=NOW)


def test_too_few_matches_are_refused_with_their_number(context: Context) -> None:
    with pytest.raises(InputRefused, match="0 matches of nba have a known result; a model needs 200"):
        train(context, "nba")
    with pytest.raises(InputRefused, match=r"results of sim were known by .*; a model needs 200") as few:
        train(context, "sim", until=date(2010, 5, 1))
    assert "a later --until" in str(few.value.fix)
    with pytest.raises(NotFound, match="unknown model 'gbn'"):
        train(context, "sim", kind="gbn")


def test_training_and_backtest_say_that_stored_matches_cannot_be_right(
    database: Database, tmp_path: Path
) -> None:
    """The pairs of this league meet more often than a league says in which they do so twice."""
    (tmp_path / "config").mkdir()
    shipped = (asset_dir("config") / "leagues.yaml").read_text(encoding="utf-8")
    own = "sim:\n  name: Simulated League\n"
    assert own in shipped
    request = Request("sim", model="elo", start=date(2013, 1, 1))
    for declared in ("", "  meetings: 2\n"):
        text = shipped.replace(own, own + declared)
        (tmp_path / "config" / "leagues.yaml").write_text(text, encoding="utf-8")
        shutil.copytree(asset_dir("config") / "teams", tmp_path / "config" / "teams", dirs_exist_ok=True)
        context = context_of(database, tmp_path)
        for notes in (train(context, "sim", kind="elo").notes, backtest(context, request).notes):
            about = [note for note in notes if "cannot all be right" in note]
            assert len(about) == bool(declared)
            assert all("sportsplat data quality sim" in note for note in about)
