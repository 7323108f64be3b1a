"""`sportsplat ingest table` as a new user meets it: a proposal, an answer, a mistake and its way out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.program import Ran, run

Sportsplat = Callable[..., Ran]
TABLE = """\
Date,Home,Away,HomePts,AwayPts,home_odds,away_odds
12/25/2019,Boston Celtics,Toronto Raptors,118,102,1.8,2.0
12/26/2019,Beantown,Chicago Bulls,98,102,1.9,1.9
"""


@pytest.fixture
def sportsplat(database: Database, project_dir: Path) -> Sportsplat:
    """The program, in a project with a table, that uses this test's database."""
    (project_dir / "my.csv").write_text(TABLE)
    url = database.endpoint.url(reveal=True)

    def call(*words: str) -> Ran:
        return run(project_dir, *words, DATABASE_URL=url, SPORTSPLAT_INFRA__BACKEND="external")

    return call


def answered(proposal: str) -> str:
    """Answer a proposal as its user does: write the bookmaker, delete the lines under check."""
    lines = proposal.replace("'?'", "acme").splitlines()
    asked = range(lines.index("check:"), lines.index("league: nba"))
    return "\n".join(line for number, line in enumerate(lines) if number not in asked)


def test_a_proposal_is_answered_stored_and_finished_by_a_retry(
    sportsplat: Sportsplat, project_dir: Path
) -> None:
    proposal = sportsplat("ingest", "table", "my.csv", "--suggest").stdout
    mapping = project_dir / "mapping.yaml"
    mapping.write_text(proposal)
    early = sportsplat("ingest", "table", "my.csv", "--mapping", "mapping.yaml", "--json")
    assert (early.exit_code, early.error["code"]) == (3, "UNFINISHED_MAPPING")
    assert "mapping.yaml:17" in early.error["fix"]
    mapping.write_text(answered(proposal))
    stored = sportsplat("ingest", "table", "my.csv", "--mapping", "mapping.yaml", "--json")
    assert (stored.data["matches"]["inserted"], stored.data["quotes"]["inserted"]) == (1, 2)
    assert stored.data["quarantined"] == 1
    mapping.unlink()
    assert sportsplat("teams", "alias", "nba", "table", "Beantown", "Celtics").exit_code == 0
    assert sportsplat("quarantine", "retry").stdout.strip() == (
        "1 file read again: 1 row resolved, 0 still wait"
    )


def test_a_changed_table_is_told_with_the_next_command(sportsplat: Sportsplat, project_dir: Path) -> None:
    proposal = sportsplat("ingest", "table", "my.csv", "--suggest").stdout
    (project_dir / "mapping.yaml").write_text(answered(proposal))
    sportsplat("ingest", "table", "my.csv", "--mapping", "mapping.yaml")
    (project_dir / "my.csv").write_text(TABLE.replace("Beantown", "Denver Nuggets"))
    ran = sportsplat("quarantine", "retry")
    assert "is not the file whose rows wait" in ran.stderr
    assert f"fix:   sportsplat ingest table {project_dir / 'my.csv'} --mapping" in ran.stderr
    assert ran.exit_code == 9


MISTAKES = [
    ("my.csv", 2, "MAPPING_NEEDED", "sportsplat ingest table my.csv --suggest > mapping.yaml"),
    ("my.csv --mapping none.yaml", 3, "NO_MAPPING", "sportsplat ingest table my.csv --suggest > none.yaml"),
    ("my.csv --mapping my.csv", 3, "NO_MAPPING", "--suggest"),
    ("my.csv --mapping .", 3, "NO_MAPPING", "--suggest"),
    ("none.csv --suggest", 9, "NO_SUCH_FILE", "ls -l ."),
    ("none.csv my.csv --mapping m.yaml", 9, "NO_SUCH_FILE", "ls -l ."),
    ("hollow --suggest", 9, "EMPTY_FOLDER", "another folder"),
    ("two --suggest", 9, "SEVERAL_FILES", "sportsplat ingest table two/a.csv --suggest"),
    ("header.csv --suggest", 9, "EMPTY_FILE", "with rows"),
    ("header.csv --mapping m.yaml", 9, "EMPTY_FILE", "omit it"),
    ("empty.csv --mapping m.yaml", 9, "EMPTY_FILE", "omit it"),
    ("my.csv my.csv --suggest", 2, "USAGE", "sportsplat ingest table my.csv --suggest"),
    ("my.csv --suggest --mapping m.yaml", 2, "USAGE", "sportsplat ingest table my.csv --suggest"),
    ("my.csv --mapping m.yaml --league nba", 2, "USAGE", "write league: nba in m.yaml"),
    ("my.csv --mapping wrong.yaml", 9, "UNKNOWN_COLUMN", "correct wrong.yaml:3"),
    ("pipe.csv --mapping m.yaml", 9, "NOT_A_FILE", "to a file"),
]


@pytest.mark.parametrize(
    ("words", "exit_code", "code", "fix"), MISTAKES, ids=[words for words, *_ in MISTAKES]
)
def test_a_mistake_is_told_with_its_way_out(
    sportsplat: Sportsplat, project_dir: Path, words: str, exit_code: int, code: str, fix: str
) -> None:
    mapping = "league: nba\nrows: matches\ndate: Date\nhome: Home\naway: Away\n"
    (project_dir / "m.yaml").write_text(mapping)
    (project_dir / "wrong.yaml").write_text(mapping.replace("Date", "Day"))
    (project_dir / "header.csv").write_text(TABLE.splitlines()[0] + "\n")
    (project_dir / "empty.csv").write_bytes(b"")
    (project_dir / "hollow").mkdir()
    (project_dir / "two").mkdir()
    for name in ("a.csv", "b.csv"):
        (project_dir / "two" / name).write_text(TABLE)
    os.mkfifo(project_dir / "pipe.csv")
    ran = sportsplat("ingest", "table", *words.split(), "--json")
    assert (ran.exit_code, ran.error["code"]) == (exit_code, code)
    assert fix in str(ran.error["fix"])
    assert ran.error["message"]


def test_a_name_that_is_no_text_is_refused(sportsplat: Sportsplat, project_dir: Path) -> None:
    (project_dir / "my.csv").rename(project_dir / os.fsdecode(b"m\xff.csv"))
    ran = sportsplat("ingest", "table", os.fsdecode(b"m\xff.csv"), "--suggest", "--json")
    assert (ran.exit_code, ran.error["code"]) == (9, "BAD_FILE_NAME")


def test_of_several_tables_the_good_ones_are_shown_beside_the_error(
    sportsplat: Sportsplat, project_dir: Path
) -> None:
    (project_dir / "m.yaml").write_text(
        "league: nba\nrows: matches\ndate: {column: Date, format: '%m/%d/%Y'}\nhome: Home\naway: Away\n"
    )
    (project_dir / "empty.csv").write_bytes(b"")
    ran = sportsplat("ingest", "table", "my.csv", "empty.csv", "--mapping", "m.yaml")
    assert ran.exit_code == 9
    assert "FILES_REFUSED" in ran.stderr
    assert "matches by file" in ran.stderr
