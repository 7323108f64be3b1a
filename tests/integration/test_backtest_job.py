"""The backtest job and its command on a simulated league in a real database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sportsplat.config.load import load_settings
from sportsplat.errors import InputRefused, NotFound, ResourceConflict, SportsplatError, UsageError
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.modelling.backtest import Request, backtest
from sportsplat.jobs.modelling.results import Backtest
from sportsplat.leagues.league import load_leagues
from sportsplat.sources.simulate import payloads
from tests.conftest import Database, _scratch

SEASONS = range(2010, 2014)
ELO = Request("sim", model="elo", start=date(2011, 1, 1))
SCORES = {"log_loss", "brier", "accuracy", "rps", "ece"}


@pytest.fixture(scope="module")
def simulated(
    postgres: Endpoint, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Context]:
    """A database with four simulated seasons; the tests only add backtests to it."""
    folder = tmp_path_factory.mktemp("simulated")
    files = []
    for payload in payloads(seed=5, seasons=SEASONS, now=datetime(2020, 1, 1, tzinfo=UTC)):
        files.append(folder / Path(payload.name).name)
        files[-1].write_bytes(payload.data)
    with _scratch(postgres, template=migrated) as database:
        context = context_of(database, folder)
        ingest(context, "simulate", files)
        yield context


def context_of(database: Database, folder: Path) -> Context:
    url = database.endpoint.url(reveal=True)
    overrides = {
        "infra.backend": "external",
        "infra.database_url": url,
        "backtest.bootstrap_samples": 200,
        "models.cv_folds": 3,
    }
    settings = load_settings(project_dir=folder, overrides=overrides, environ={})
    return Context(settings, load_leagues(folder), lambda: database.endpoint)


@pytest.fixture(scope="module")
def run(simulated: Context) -> Backtest:
    return backtest(simulated, ELO)


def comparable(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what differs from run to run: its name, its times, and where its report went."""
    return {key: value for key, value in result.items() if key not in {"run_id", "seconds", "report"}}


def test_the_object_has_the_published_keys(run: Backtest) -> None:
    result = json.loads(json.dumps(run.to_dict(), allow_nan=False))
    assert {
        "run_id", "league", "model", "seed", "matches", "folds", "from", "to", "outcomes", "forecast",
        "baselines", "paired", "betting", "seconds", "fingerprint",
    } <= set(result)  # fmt: skip
    assert set(result["forecast"]) == SCORES
    assert result["calibration"]["ece"] == pytest.approx(result["forecast"]["ece"])
    assert {"base_rate", "elo", "market", "truth"} == set(result["baselines"])
    assert all(set(scores) >= SCORES for scores in result["baselines"].values())
    assert all(set(pair) == {"matches", "log_loss_difference", "ci95"} for pair in result["paired"].values())
    assert set(result["betting"]) >= {
        "bets", "staked", "profit", "roi", "roi_ci95", "clv", "clv_ci95", "max_drawdown",
        "final_bankroll", "detectable_edge", "entry_price", "benchmark_price", "devig",
    }  # fmt: skip
    assert set(result["seconds"]) == {"read", "features", "fit", "predict", "betting", "total"}
    assert set(result["fingerprint"]) == {"data", "settings", "code"}
    assert (result["matches"], result["folds"], result["outcomes"]) == (1440, 3, ["home", "away"])
    assert (result["from"], result["to"]) == ("2011-01-01", "2013-12-16")


def test_truth_beats_the_market_and_the_market_beats_elo(run: Backtest) -> None:
    losses = {name: scores["log_loss"] for name, scores in run.to_dict()["baselines"].items()}
    assert losses["truth"] < losses["market"] < losses["elo"] < losses["base_rate"]
    assert run.to_dict()["paired"]["elo"] == {"matches": 1440, "log_loss_difference": 0.0, "ci95": [0.0, 0.0]}


def test_running_it_again_gives_the_same_numbers(simulated: Context, run: Backtest) -> None:
    again = backtest(simulated, ELO)
    assert comparable(again.to_dict()) == comparable(run.to_dict())
    assert again.to_dict()["run_id"] != run.to_dict()["run_id"]
    other_seed = backtest(simulated, replace(ELO, seed=8)).to_dict()
    assert other_seed["betting"]["roi"] == run.to_dict()["betting"]["roi"]
    assert other_seed["betting"]["roi_ci95"] != run.to_dict()["betting"]["roi_ci95"]
    assert other_seed["fingerprint"]["settings"] != run.to_dict()["fingerprint"]["settings"]
    assert other_seed["fingerprint"]["data"] == run.to_dict()["fingerprint"]["data"]


def test_a_process_pool_gives_what_one_process_gives(simulated: Context) -> None:
    request = Request("sim", start=date(2012, 1, 1), refit="season")
    alone = backtest(simulated, replace(request, workers=1)).to_dict()
    pooled = backtest(simulated, replace(request, workers=2)).to_dict()
    assert comparable(pooled) == comparable(alone)
    assert alone["model"] == "gbm"
    assert alone["blocks"][0]["parameters"]


def test_the_result_and_its_bets_are_stored(simulated: Context, run: Backtest) -> None:
    betting = run.to_dict()["betting"]
    with simulated.connect("read") as connection:
        kept = connection.execute(
            "SELECT result FROM backtests WHERE run_id = %s", (run.to_dict()["run_id"],)
        ).fetchone()
        assert kept == (json.loads(json.dumps(run.to_dict())),)
        stored = connection.execute(
            "SELECT count(*), sum(stake), sum(profit), bool_and(settled_at > placed_at),"
            "       count(benchmark_odds), array_agg(DISTINCT bookmaker) FROM bets WHERE run_id = %s",
            (run.to_dict()["run_id"],),
        ).fetchone()
        won = connection.execute(
            "SELECT bool_and((profit > 0) = ((outcome = 'home') = (home_score > away_score)))"
            "  FROM bets JOIN matches ON id = match_id WHERE bets.run_id = %s",
            (run.to_dict()["run_id"],),
        ).fetchone()
    assert stored is not None
    assert stored[0] == stored[4] == betting["bets"] > 50
    assert stored[1:3] == pytest.approx((betting["staked"], betting["profit"]))
    assert stored[3]
    assert stored[5] == ["simbook"]
    assert won == (True,)
    assert betting["final_bankroll"] == pytest.approx(1000.0 + betting["profit"])


def test_a_published_forecast_whose_digits_do_not_sum_to_one_is_scaled(simulated: Context) -> None:
    """FiveThirtyEight's of soccer have four digits: 3,968 + 2,880 + 3,153 are 10,001."""
    with simulated.connect("app") as conn:
        truth = conn.execute(
            """
            INSERT INTO forecasts (match_id, publisher, probabilities, known_at)
            SELECT match_id, 'rounded', ARRAY[probabilities[1] * .995, probabilities[2] * .995], known_at
              FROM forecasts WHERE publisher = 'truth'
            """
        ).rowcount
    try:
        baselines = backtest(simulated, ELO).to_dict()["baselines"]
    finally:
        with simulated.connect("app") as conn:
            conn.execute("DELETE FROM forecasts WHERE publisher = 'rounded'")
    assert truth > 0
    assert baselines["rounded"]["log_loss"] == pytest.approx(baselines["truth"]["log_loss"], abs=1e-12)


def test_a_league_without_prices_has_no_bets_and_says_why(simulated: Context) -> None:
    sim = simulated.leagues["sim"]
    unpriced = replace(
        simulated, leagues={**simulated.leagues, "sim": replace(sim, prices=type(sim.prices)())}
    )
    result = backtest(Declared(**vars(unpriced)), ELO).to_dict()
    assert result["betting"] is None
    assert result["baselines"]["market"] is None
    assert "market" not in result["paired"]
    assert result["notes"] == [
        "No betting: these matches have no entry price to bet at (none is configured)."
    ]


def test_seasons_of_a_report_have_the_names_that_people_give_them(simulated: Context) -> None:
    sim, days = simulated.leagues["sim"], simulated.leagues["epl"].rules.season
    as_in_football = replace(sim, rules=replace(sim.rules, season=days))
    context = replace(simulated, leagues={**simulated.leagues, "sim": as_in_football})
    labels = [row["label"] for row in backtest(Declared(**vars(context)), ELO).view.seasons]
    assert labels == ["2011/12", "2012/13", "2013/14"]


class Declared(Context):
    """A context whose leagues are those it was given, not those of the file."""

    def league(self, code: str) -> Any:
        return self.leagues[code]


def test_without_a_start_the_latest_seasons_with_enough_to_learn_from_are_taken(simulated: Context) -> None:
    result = backtest(simulated, Request("sim", model="base_rate")).to_dict()
    assert (result["from"], result["folds"]) == ("2011-01-10", 3)


@pytest.mark.parametrize(
    ("request_", "error", "code", "hint"),
    [
        (replace(ELO, league="simm"), NotFound, "UNKNOWN_LEAGUE", "sportsplat leagues"),
        (replace(ELO, model="xgb"), NotFound, "UNKNOWN_MODEL", "gbm"),
        (replace(ELO, end=date(2010, 5, 1)), UsageError, "BAD_RANGE", "--from 2010-05-01 --to 2011-01-01"),
        (replace(ELO, start=date(2030, 1, 1)), UsageError, "NO_MATCHES_IN_RANGE", "sportsplat backtest sim"),
        (replace(ELO, start=date(2010, 2, 1)), InputRefused, "TOO_FEW_MATCHES", "--from 2010-"),
        (replace(ELO, league="epl"), InputRefused, "NO_MATCHES", "sportsplat sources"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_backtested_is_refused_with_a_way_out(
    simulated: Context, request_: Request, error: type[Exception], code: str, hint: str
) -> None:
    with pytest.raises(error) as raised:
        backtest(simulated, request_)
    assert raised.value.error_code == code  # type: ignore[attr-defined]
    assert hint in raised.value.fix  # type: ignore[attr-defined]


def test_a_range_without_matches_says_what_is_stored(simulated: Context) -> None:
    with pytest.raises(UsageError) as raised:
        backtest(simulated, replace(ELO, start=date(2030, 1, 1)))
    assert raised.value.cause == "stored are 1,920 results of sim, from 2010-01-10 to 2013-12-16"


def test_a_report_is_written_in_a_new_folder_and_over_an_earlier_report(
    simulated: Context, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "report.html"
    for _ in range(2):
        result = backtest(simulated, replace(ELO, report=target)).to_dict()
        page = target.read_text(encoding="utf-8")
        assert result["run_id"] in page
        assert result["report"] == str(target)
        assert [path.name for path in target.parent.iterdir()] == ["report.html"]


def test_what_cannot_become_a_report_is_refused_before_any_work(simulated: Context, tmp_path: Path) -> None:
    def refuse_to_connect() -> Endpoint:
        raise AssertionError("the database was asked")

    idle = replace(simulated, locate=refuse_to_connect)
    (tmp_path / "file").write_text("")
    for target, code in (("out.pdf", "BAD_FORMAT"), ("out", "BAD_FORMAT"), ("file/out.html", "NOT_WRITABLE")):
        with pytest.raises(SportsplatError) as raised:
            backtest(idle, replace(ELO, report=tmp_path / target))
        assert raised.value.error_code == code
    with pytest.raises(UsageError) as reversed_days:
        backtest(idle, replace(ELO, start=date(2013, 1, 1), end=date(2012, 1, 1)))
    assert reversed_days.value.error_code == "BAD_RANGE"


def test_a_file_that_is_no_report_is_left_alone(simulated: Context, tmp_path: Path) -> None:
    precious = tmp_path / "thesis.html"
    precious.write_text("<h1>years of work</h1>", encoding="utf-8")
    for target in (precious, tmp_path):
        with pytest.raises(ResourceConflict) as raised:
            backtest(simulated, replace(ELO, report=target))
        assert raised.value.error_code == "FILE_EXISTS"
    assert precious.read_text(encoding="utf-8") == "<h1>years of work</h1>"
