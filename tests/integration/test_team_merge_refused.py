"""`teams merge`: what it refuses, and what it says."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sportsplat.errors import InputRefused, NotFound, UsageError
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.ingest.quarantine import retry, waiting
from sportsplat.jobs.teams import add, alias, merge, teams
from tests.conftest import Database
from tests.program import Ran, run
from tests.two_names import DATA, RIGHT, SPI, WRONG, content, data, predict, spi, told, versions


@pytest.mark.parametrize("turned", [False, True])
def test_who_has_met_is_two_teams(context: Context, database: Database, tmp_path: Path, turned: bool) -> None:
    pair = (RIGHT, WRONG) if turned else (WRONG, RIGHT)
    ingest(context, DATA, [data(tmp_path / "E0.csv", ("2018-09-01", *pair, "2,1"))])
    before = versions(database)
    with pytest.raises(InputRefused) as refused:
        merge(context, "epl", WRONG, RIGHT)
    assert refused.value.error_code == "TEAMS_MET"
    assert "2018-09-01" in str(refused.value.cause)
    assert versions(database) == before


def test_two_results_by_one_source_are_named_and_nothing_changes(
    context: Context, database: Database, tmp_path: Path
) -> None:
    rows = ("2018-09-01", WRONG, "Leeds", "2,1"), ("2018-09-01", RIGHT, "Leeds", "0,1")
    ingest(context, DATA, [data(tmp_path / "E0.csv", *rows)])
    before = versions(database)
    with pytest.raises(InputRefused) as refused:
        merge(context, "epl", WRONG, RIGHT)
    assert refused.value.error_code == "MATCHES_DIFFER"
    assert "Man United - Leeds on 2018-09-01" in str(refused.value.cause)
    assert "football-data gives two results" in str(refused.value.cause)
    assert versions(database) == before


def test_of_two_matches_that_predictions_speak_of_none_is_dropped(
    context: Context, database: Database, tmp_path: Path
) -> None:
    ingest(context, SPI, [spi(tmp_path / "spi.csv", ("2018-09-01", WRONG, "Leeds", "2,1"))])
    ingest(context, DATA, [data(tmp_path / "E0.csv", ("2018-09-01", RIGHT, "Leeds", "2,1"))])
    with database.connect() as conn:
        predict(conn, [match_id for (match_id,) in conn.execute("SELECT id FROM matches").fetchall()])
    before = versions(database)
    with pytest.raises(InputRefused, match="cannot become one") as refused:
        merge(context, "epl", WRONG, RIGHT)
    assert "predictions or bets refer to both" in str(refused.value.cause)
    assert versions(database) == before


def test_a_dry_run_counts_the_same_and_changes_nothing(
    context: Context, database: Database, tmp_path: Path
) -> None:
    told(context, tmp_path, WRONG)
    before = content(database), teams(context, "epl")
    dry = merge(context, "epl", WRONG, RIGHT, dry_run=True)
    assert (content(database), teams(context, "epl")) == before
    assert merge(context, "epl", WRONG, RIGHT) == replace(dry, dry_run=False)


@pytest.mark.parametrize(
    ("words", "error", "code", "fix"),
    [
        (("elp", WRONG, RIGHT), NotFound, "UNKNOWN_LEAGUE", "sportsplat leagues"),
        (("epl", "Red Devil", RIGHT), NotFound, "UNKNOWN_TEAM", "sportsplat teams list epl"),
        (("epl", WRONG, "Man Untied"), NotFound, "UNKNOWN_TEAM", "sportsplat teams list epl"),
        (("epl", WRONG, WRONG), UsageError, "SAME_TEAM", "sportsplat teams list epl"),
        (("epl", RIGHT, WRONG), UsageError, "DECLARED_TEAM", "sportsplat teams merge epl 'Red Devils' 'Man"),
        (
            ("epl", "Leeds", RIGHT),
            UsageError,
            "DECLARED_TEAM",
            "declare 'Leeds' as a spelling of 'Man United'",
        ),
    ],
)
def test_a_wrong_word_is_told_with_the_way_out_and_changes_nothing(
    context: Context,
    database: Database,
    tmp_path: Path,
    words: tuple[str, str, str],
    error: type[Any],
    code: str,
    fix: str,
) -> None:
    told(context, tmp_path, WRONG)
    before = versions(database)
    with pytest.raises(error) as refused:
        merge(context, *words)
    assert refused.value.error_code == code
    assert str(refused.value.fix).startswith(fix)
    assert versions(database) == before


def test_an_alias_of_a_stored_team_is_refused_with_the_command_that_merges_them(
    context: Context, tmp_path: Path
) -> None:
    told(context, tmp_path, WRONG)
    with pytest.raises(UsageError) as refused:
        alias(context, "epl", SPI, WRONG, RIGHT)
    command = shlex.split(str(refused.value.fix))
    assert command[:3] == ["sportsplat", "teams", "merge"]
    merge(context, *command[3:])
    assert WRONG not in {row.name for row in teams(context, "epl")}


def test_a_command_that_was_told_before_a_merge_still_leads_to_the_team(
    context: Context, tmp_path: Path
) -> None:
    """What waits in quarantine names the closest teams of its time."""
    add(context, "epl", "Villa Nova")
    with pytest.raises(InputRefused, match="all wait in quarantine"):
        ingest(context, DATA, [data(tmp_path / "E0.csv", ("2018-09-01", "Villa Novaa", "Leeds", "2,1"))])
    (row,) = waiting(context)
    add(context, "epl", "Villanova Club")
    merge(context, "epl", "Villa Nova", "Villanova Club")
    words = shlex.split(row.reason[row.reason.index("sportsplat ") :])[3:]
    assert words[-1] == "Villa Nova"
    assert alias(context, *words).team == "Villanova Club"
    assert retry(context).waiting == 0


def test_the_program_says_what_would_change_what_changed_and_what_was_refused(
    context: Context, database: Database, tmp_path: Path, project_dir: Path
) -> None:
    told(context, tmp_path, WRONG)
    url = database.endpoint.url(reveal=True)

    def sportsplat(*words: str) -> Ran:
        return run(project_dir, *words, DATABASE_URL=url, SPORTSPLAT_INFRA__BACKEND="external")

    words = ("teams", "merge", "epl", WRONG, RIGHT)
    assert sportsplat(*words, "--dry-run").stdout.splitlines() == [
        "'Red Devils' would be 'Man United' in epl: 2 matches, 2 claims, 2 box scores, 0 aliases",
        "matches that both had, to become one: 1",
        "nothing was changed",
    ]
    done = sportsplat(*words, "--json")
    assert (done.exit_code, done.data["matches"], done.data["joined"]) == (0, 2, 1)
    assert sportsplat(*words).stdout.splitlines() == [
        "'Red Devils' was known to be 'Man United' in epl",
        "next: sportsplat quarantine retry",
    ]
    refused = sportsplat("teams", "merge", "epl", "Leeds", RIGHT, "--json")
    assert (refused.exit_code, refused.error["code"]) == (2, "DECLARED_TEAM")
