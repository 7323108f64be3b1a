"""`data matches`, `quotes`, `predictions` and `bets` as their user runs them: a table, JSON rows, a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.sources.simulate import payloads
from tests.conftest import _scratch
from tests.program import Ran, run
from tests.simulated_league import context_of

Call = Callable[..., Ran]
THIS_YEAR = datetime.now(UTC).year
KINDS = ("matches", "quotes", "predictions", "bets")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def empty(postgres: Endpoint, migrated: str, folder: Path) -> Iterator[Call]:
    """A project in which matches and quotes are stored and nothing else, until `call` has run."""
    files = []
    for payload in payloads(seed=5, seasons=range(THIS_YEAR - 2, THIS_YEAR + 2), now=datetime.now(UTC)):
        files.append(folder / Path(payload.name).name)
        files[-1].write_bytes(payload.data)
    with _scratch(postgres, template=migrated) as database:
        ingest(context_of(database, folder), "simulate", files)
        url = database.endpoint.url(reveal=True)

        def sportsplat(*words: str) -> Ran:
            return run(folder, *words, DATABASE_URL=url, SPORTSPLAT_INFRA__BACKEND="external")

        yield sportsplat


@pytest.fixture(scope="module")
def call(empty: Call) -> Call:
    """The same project after a backtest and a forecast."""
    for words, code in (("predictions", "predict"), ("bets", "backtest")):
        refused = empty("data", words, "sim", "--json")
        assert (refused.exit_code, refused.error["code"]) == (9, "NO_ROWS")
        assert refused.error["fix"] == f"sportsplat {code} sim"
    coming = empty("data", "matches", "sim", "--season", str(THIS_YEAR + 1), "--json").data["rows"]
    for command in (
        ("backtest", "sim", "--model", "elo", "--from", f"{THIS_YEAR - 1}-01-01"),
        ("train", "sim", "--model", "elo"),
        ("predict", "sim", "--date", coming[0]["match_date"]),
    ):
        assert empty(*command).exit_code == 0
    return empty


def read(file: Path) -> pd.DataFrame:
    return pd.read_csv(file) if file.suffix == ".csv" else pd.read_parquet(file)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_file_has_the_rows_of_json(call: Call, folder: Path, kind: str, ending: str) -> None:
    data = call("data", kind, "sim", "--json").data
    assert (data["what"], data["league"], data["out"]) == (kind, "sim", None)
    written = call("data", kind, "sim", "--out", f"{kind}.{ending}", "--json").data
    assert (written["rows"], written["count"]) == (None, len(data["rows"]))
    table = read(folder / f"{kind}.{ending}")
    assert list(table.columns) == list(data["rows"][0])
    assert len(table) == data["count"]
    for name in ("match_id", "home", "away"):
        assert table[name].tolist() == [row[name] for row in data["rows"]]
    days = [str(day)[:10] for day in table["match_date"]]
    assert days == [row["match_date"] for row in data["rows"]]


@pytest.mark.parametrize("kind", KINDS)
def test_people_see_the_first_rows_and_how_many_there_are(call: Call, kind: str) -> None:
    count = call("data", kind, "sim", "--json").data["count"]
    page = call("data", kind, "sim", "--limit", "3").stdout
    assert f"3 of {count:,} {kind}." in page
    assert "%" in page if kind == "predictions" else "date" in page


def test_days_are_both_included_and_a_season_is_one_season(call: Call) -> None:
    every = call("data", "matches", "sim", "--json").data["rows"]
    days = sorted({row["match_date"] for row in every})[10:13]
    span = ("--from", days[0], "--to", days[-1], "--json")
    for kind in ("matches", "quotes"):
        rows = call("data", kind, "sim", *span).data["rows"]
        assert sorted({row["match_date"] for row in rows}) == days
    season = call("data", "matches", "sim", "--season", str(THIS_YEAR - 1), "--json").data
    assert {row["season"] for row in season["rows"]} == {THIS_YEAR - 1}
    assert season["count"] < len(every)


def test_without_a_league_all_are_read_and_named(call: Call) -> None:
    for kind in KINDS:
        one, every = (call("data", kind, *code, "--json").data for code in (["sim"], []))
        assert [row.pop("league") for row in every["rows"]] == ["sim"] * one["count"]
        assert every["rows"] == one["rows"]


def test_mistakes_are_refused(call: Call) -> None:
    for words, code, status in (
        (("matches", "sim", "--out", "matches.xlsx"), "BAD_FORMAT", 2),
        (("bets", "sim", "--out", "nowhere/bets.csv"), "NO_FOLDER", 2),
        (("matches", "sym"), "UNKNOWN_LEAGUE", 2),
        (("matches", "epl"), "NO_ROWS", 9),
        (("quotes", "sim", "--from", "1950-01-01", "--to", "1950-12-31"), "NO_ROWS", 9),
        (("quotes", "sim", "--from", "2020-02-01", "--to", "2020-01-01"), "BAD_RANGE", 2),
    ):
        refused = call("data", *words, "--json")
        assert (refused.exit_code, refused.error["code"]) == (status, code)
