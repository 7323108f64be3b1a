"""`quarantine retry` of tables: read as they were read before, if they are what they were."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from sportsplat.errors import InputRefused
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.quarantine import retry, waiting
from sportsplat.jobs.ingest.table import ingest_tables
from sportsplat.jobs.teams import alias
from tests.conftest import Database
from tests.records import count

MATCHES = """\
league: nba
rows: matches
date: day
home: home
away: away
home_score: hs
away_score: as
quotes: [{bookmaker: {value: acme}, odds: {home: ho, away: ao}, format: american}]
"""
MATCH_ROWS = """\
day,home,away,hs,as,ho,ao
2019-12-25,Boston Celtics,Toronto Raptors,118,102,-150,130
2019-12-26,Beantown Celts,Chicago Bulls,98,102,-110,-110
"""
PRICES = """\
league: nba
rows: quotes
date: day
home: home
away: away
bookmaker: {value: acme}
outcome: pick
odds: price
"""
PRICE_ROWS = """\
day,home,away,pick,price
2019-12-25,Boston Celtics,Toronto Raptors,home,1.8
2019-12-26,Beantown Celts,Chicago Bulls,home,1.9
2019-12-26,Beantown Celts,Chicago Bulls,away,1.95
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table with a match a row, one of whose teams is spelt as nobody spells it."""
    path = tmp_path / "x.csv"
    path.write_text(MATCH_ROWS)
    (tmp_path / "mapping.yaml").write_text(MATCHES)
    return path


def call_it_boston(context: Context) -> None:
    (team,) = [row.team for row in context.leagues["nba"].spellings[("any", "boston celtics")]]
    alias(context, "nba", "table", "Beantown Celts", team)


@pytest.mark.parametrize(
    ("mapping", "rows", "quotes"), [(MATCHES, MATCH_ROWS, 4), (PRICES, PRICE_ROWS, 3)], ids=["match", "price"]
)
def test_an_alias_and_a_retry_finish_the_job_without_the_mapping_file(
    context: Context, database: Database, tmp_path: Path, mapping: str, rows: str, quotes: int
) -> None:
    path, declared = tmp_path / "x.csv", tmp_path / "mapping.yaml"
    path.write_text(rows)
    declared.write_text(mapping)
    assert ingest_tables(context, [path], declared).matches.inserted == 1
    assert "unknown-team" in {row.code for row in waiting(context)}
    declared.unlink()
    again = retry(context)
    assert (again.resolved, again.refused) == (0, [])
    call_it_boston(context)
    result = retry(context)
    assert (result.files, result.waiting, result.gone, result.refused) == (1, 0, [], [])
    assert result.resolved >= 1
    assert waiting(context) == []
    with database.connect() as conn:
        assert (count(conn, "matches"), count(conn, "quotes")) == (2, quotes)


def test_a_retry_reads_by_the_mapping_that_was_used_last(
    context: Context, database: Database, table: Path
) -> None:
    declared = table.with_name("mapping.yaml")
    declared.write_text(MATCHES.replace("home_score: hs\naway_score: as", "home_score: as\naway_score: hs"))
    ingest_tables(context, [table], declared)
    declared.write_text(MATCHES)
    ingest_tables(context, [table], declared, accept_changes=True)
    call_it_boston(context)
    retry(context)
    with database.connect() as conn:
        scores = conn.execute("SELECT home_score, away_score FROM matches ORDER BY match_date").fetchall()
    assert scores == [(118, 102), (98, 102)]


def test_a_retry_takes_no_more_of_a_table_than_was_asked_for(
    context: Context, database: Database, table: Path
) -> None:
    table.write_text(MATCH_ROWS + "2020-12-25,Denver Nuggets,Chicago Bulls,118,102,-150,130\n")
    ingest_tables(context, [table], table.with_name("mapping.yaml"), seasons=[2019], since=date(2019, 12, 26))
    call_it_boston(context)
    assert retry(context).resolved == 1
    with database.connect() as conn:
        days = conn.execute("SELECT match_date::text FROM matches").fetchall()
    assert days == [("2019-12-26",)]


def test_a_changed_table_is_refused_with_the_command_that_stores_it(
    context: Context, database: Database, table: Path
) -> None:
    mapping = table.with_name("mapping.yaml")
    ingest_tables(context, [table], mapping, seasons=[2019])
    table.write_text(MATCH_ROWS.replace("Beantown Celts", "Denver Nuggets"))
    report = retry(context)
    assert (report.files, report.resolved, report.waiting) == (0, 0, 1)
    (refused,) = report.refused
    assert refused.code == "FILE_CHANGED"
    assert refused.fix == f"sportsplat ingest table {table} --mapping {mapping} --season 2019"
    with database.connect() as conn:
        assert count(conn, "matches") == 1


def test_a_table_that_is_gone_is_named_and_others_are_read(context: Context, table: Path) -> None:
    other = table.with_name("other.csv")
    shutil.copy(table, other)
    ingest_tables(context, [table, other], table.with_name("mapping.yaml"))
    table.unlink()
    call_it_boston(context)
    report = retry(context)
    assert report.gone == [str(table)]
    assert (report.files, report.resolved, report.waiting) == (1, 1, 1)


def test_a_table_stored_before_mappings_were_kept_is_refused_with_the_command(
    context: Context, database: Database, table: Path
) -> None:
    ingest_tables(context, [table], table.with_name("mapping.yaml"))
    with database.connect() as conn:
        conn.execute("UPDATE pipeline_runs SET counts = counts - 'reading'")
    (refused,) = retry(context).refused
    assert refused.code == "STORED_MAPPING_UNUSABLE"
    assert refused.fix == f"sportsplat ingest table {table} --mapping mapping.yaml"


def test_a_refused_table_leaves_the_mapping_of_the_last_good_one(context: Context, table: Path) -> None:
    mapping = table.with_name("mapping.yaml")
    ingest_tables(context, [table], mapping)
    mapping.write_text(MATCHES.replace("hs", "hs2"))
    with pytest.raises(InputRefused, match="no column 'hs2'"):
        ingest_tables(context, [table], mapping)
    call_it_boston(context)
    assert retry(context).resolved == 1


def test_the_right_league_resolves_what_waits_under_the_wrong_one(context: Context, table: Path) -> None:
    mapping = table.with_name("mapping.yaml")
    mapping.write_text(MATCHES.replace("league: nba", "league: nfl"))
    with pytest.raises(InputRefused) as refused:
        ingest_tables(context, [table], mapping)
    assert refused.value.error_code == "NOTHING_STORED"
    assert {row.league for row in waiting(context)} == {"nfl"}
    mapping.write_text(MATCHES)
    ingest_tables(context, [table], mapping)
    assert [(row.league, row.line) for row in waiting(context)] == [("nba", 3)]
