"""docs/own-league.md, run as it stands: from a CSV file to bets."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.own_league import HEADER, write_own_league
from tests.program import PROGRAM, environment, run

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "own-league.md"


def test_the_page_goes_from_a_csv_to_bets(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    commands = re.findall(r"^\$ (sportsplat .+)$", page, re.MULTILINE)
    (mapping,) = re.findall(r"^```yaml\n(.+?)^```", page, re.MULTILINE | re.DOTALL)
    assert ",".join(HEADER) in page
    write_own_league(tmp_path / "primera.csv", datetime.now(UTC).date())
    (tmp_path / "mapping.yaml").write_text(mapping, encoding="utf-8")
    variables = environment()
    variables["PATH"] = f"{Path(PROGRAM).parent}:{variables['PATH']}"
    try:
        for command in commands:
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=tmp_path,
                env=variables,
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert len(commands) == 8
        proposed = yaml.safe_load((tmp_path / "proposed.yaml").read_text(encoding="utf-8"))
        answered = yaml.safe_load(mapping)
        assert {key for key in proposed if key != "check"} == set(answered)
        stored = run(tmp_path, "leagues", "--json").data["leagues"]
        (mine,) = [league for league in stored if league["code"] == "primera"]
        assert (mine["matches"], mine["scheduled"], mine["quotes"]) == (365, 5, 360 * 6 + 5 * 3)
        coming = run(tmp_path, "predict", "primera", "--days", "14", "--json").data["predictions"]
        assert len(coming) == 5
        assert all(match["entry_price"] and match["edge"] for match in coming)
        assert (tmp_path / "reports" / "primera.html").is_file()
    finally:
        run(tmp_path, "down", "--volumes", "--yes")


def test_a_league_is_added_by_flags_or_refused_with_what_to_say(tmp_path: Path) -> None:
    needed = run(tmp_path, "leagues", "add", "primera", "--json")
    assert (needed.exit_code, needed.error["code"]) == (2, "USAGE")
    assert needed.error["fix"] == "sportsplat leagues add primera --sport basketball"
    assert not (tmp_path / "config").exists()
    made = run(
        tmp_path, "leagues", "add", "liga-x", "--sport", "ice-hockey", "--season-end", "05-15", "--json"
    ).data
    assert (made["league"], made["created"], made["file"]) == ("liga-x", True, "config/leagues.yaml")
    entry = yaml.safe_load(made["yaml"])["liga-x"]
    assert (entry["name"], entry["timezone"], entry["rules"]["season"][1]) == ("Liga X", "UTC", "next 05-15")
    assert run(tmp_path, "config", "check", "--json").data["leagues"][-1] == "liga-x"
    before = (tmp_path / "config" / "leagues.yaml").read_text(encoding="utf-8")
    for words, exit_code, code in (
        (("liga-x", "--sport", "soccer"), 5, "LEAGUE_EXISTS"),
        (("Liga Y", "--sport", "soccer"), 2, "BAD_CODE"),
        (("y", "--sport", "chess"), 2, "UNKNOWN_SPORT"),
        (("y", "--sport", "soccer", "--timezone", "Mars/Base"), 2, "BAD_TIMEZONE"),
        (("y", "--sport", "soccer", "--season-start", "02-30"), 2, "BAD_SEASON"),
        (("y", "--sport", "soccer", "--matches", "0"), 2, "BAD_SEASON"),
        (("epl", "--sport", "soccer"), 5, "LEAGUE_EXISTS"),
    ):
        refused = run(tmp_path, "leagues", "add", *words, "--json")
        assert (refused.exit_code, refused.error["code"]) == (exit_code, code)
    assert (tmp_path / "config" / "leagues.yaml").read_text(encoding="utf-8") == before
    assert [path.name for path in (tmp_path / "config").iterdir()] == ["leagues.yaml"]


@pytest.mark.parametrize("name", ["Ligue [/b] 1", "Première: “A”", "- x # y"])
def test_any_name_comes_back_as_it_was_given(tmp_path: Path, name: str) -> None:
    run(tmp_path, "leagues", "add", "odd", "--sport", "soccer", "--name", name)
    listed = run(tmp_path, "leagues", "--json")
    assert json.loads(listed.stdout)["data"]["leagues"][-1]["name"] == name
    assert name in " ".join(run(tmp_path, "leagues", COLUMNS="200").stdout.split())
