"""`train`, `models` and `predict` as their user runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.ingest.ingest import ingest
from tests.conftest import Database, _scratch
from tests.program import Ran, run
from tests.simulated_league import context_of

Call = Callable[..., Ran]
THIS_YEAR = datetime.now(UTC).year


@pytest.fixture(scope="module")
def database(
    postgres: Endpoint, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """The simulated league as it stands today, with matches to come."""
    with _scratch(postgres, template=migrated) as made:
        context = context_of(made, tmp_path_factory.mktemp("ingested"))
        ingest(context, "simulate", [], league="sim", seasons=[THIS_YEAR - 1, THIS_YEAR])
        yield made


@pytest.fixture(scope="module")
def call(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Call:
    folder: Path = tmp_path_factory.mktemp("project")
    url = database.endpoint.url(reveal=True)

    def sportsplat(*words: str) -> Ran:
        return run(folder, *words, DATABASE_URL=url, SPORTSPLAT_INFRA__BACKEND="external")

    return sportsplat


@pytest.fixture(scope="module")
def elo(call: Call) -> int:
    trained = call("train", "sim", "--model", "elo", "--seed", "11", "--json").data
    assert {
        "model_id",
        "league",
        "model",
        "trained_until",
        "matches",
        "features",
        "scores",
        "seconds",
    } <= set(trained)
    assert set(trained["scores"]) == {"log_loss", "brier", "accuracy", "rps", "ece"}
    assert trained["baselines"]["base_rate"]["log_loss"] > trained["scores"]["log_loss"]
    assert set(trained["paired"]["base_rate"]) == {"matches", "log_loss_difference", "ci95"}
    assert (trained["promoted"], trained["seed"], trained["model"]) == (True, 11, "elo")
    return int(trained["model_id"])


@pytest.fixture(scope="module")
def base_rate(call: Call, elo: int) -> int:
    told = call("train", "sim", "--model", "base_rate")
    assert told.exit_code == 0
    assert f"Model {elo + 1}: base_rate of sim" in told.stdout
    assert "Not promoted: the base rate does not know the teams" in told.stdout
    return elo + 1


def test_models_are_listed_and_shown(call: Call, elo: int, base_rate: int) -> None:
    listed = call("models", "list", "sim", "--json").data["models"]
    assert [(model["model_id"], model["serves"]) for model in listed] == [(base_rate, False), (elo, True)]
    assert "base_rate" in call("models", "list").stdout
    assert call("models", "show", str(elo), "--json").data["card"]["league"] == "sim"
    shown = call("models", "show", str(elo)).stdout
    assert "parameters" in shown
    assert "promoted 2" in shown


def test_a_model_that_does_not_beat_elo_is_refused_with_exit_10(call: Call, elo: int, base_rate: int) -> None:
    refused = call("models", "promote", str(base_rate), "--json")
    assert refused.exit_code == 10
    assert refused.error["code"] == "PROMOTION_REFUSED"
    forced = call("models", "promote", str(base_rate), "--force")
    assert forced.stdout == f"model {base_rate} serves sim, after model {elo}\n"
    assert (
        call("models", "rollback", "sim").stdout == f"model {elo} serves sim again, after model {base_rate}\n"
    )
    assert call("models", "rollback", "sim", "--json").error["code"] == "NO_EARLIER_PROMOTION"
    unknown = call("models", "show", "99", "--json")
    assert (unknown.exit_code, unknown.error["code"]) == (2, "UNKNOWN_MODEL")


def test_models_are_compared(call: Call, elo: int, base_rate: int) -> None:
    found = call("models", "compare", str(elo), str(base_rate), "--json").data
    assert found["basis"] in {"later_matches", "out_of_fold"}
    assert f"model {base_rate} (base_rate)" in call("models", "compare", str(elo), str(base_rate)).stdout


def test_coming_matches_are_forecast(call: Call, elo: int) -> None:
    """The league plays the whole year but for its last weeks, when a year ahead there is nothing to come."""
    told = call("predict", "sim", "--days", "60", "--explain", "--json").data
    assert told["model_id"] == elo
    for match in told["predictions"]:
        assert sum(match["probabilities"].values()) == pytest.approx(1)
        assert match["explanation"]["features"] == []
    people = call("predict", "sim", "--days", "60", "--explain")
    assert people.exit_code == 0
    assert ("latent strength" in people.stdout) == bool(told["predictions"])
    nothing = call("predict", "sim", "--date", "2031-01-01")
    assert nothing.exit_code == 0
    assert "Nothing to predict: no match of sim on 2031-01-01 is stored" in nothing.stdout
    every = call("predict", "--days", "60", "--json").data["leagues"]
    assert [(one["league"], len(one["predictions"])) for one in every] == [("sim", len(told["predictions"]))]
    unclear = call("predict", "--model-id", str(elo), "--json")
    assert (unclear.exit_code, unclear.error["code"]) == (2, "USAGE")
    both = call("predict", "sim", "--date", "2031-01-01", "--days", "3", "--json")
    assert (both.exit_code, both.error["code"]) == (2, "USAGE")


def test_a_league_without_a_model_or_matches_says_what_comes_next(call: Call) -> None:
    untrained = call("predict", "nba", "--json")
    assert (untrained.exit_code, untrained.error["code"]) == (2, "NO_MODEL")
    assert untrained.error["fix"] == "sportsplat train nba"
    empty = call("train", "nba", "--json")
    assert (empty.exit_code, empty.error["code"]) == (9, "TOO_FEW_MATCHES")
