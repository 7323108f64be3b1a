"""A migration that takes stored data away says so of itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sportsplat.db.schema.migrate import offline_sql
from sportsplat.db.schema.revisions import destructive, revisions
from tests.integration.migrating import MIGRATIONS, copied, plant

NAME = r'(?:ONLY\s+)?(?:IF\s+EXISTS\s+)?["\w.]+'
TAKES_AWAY = re.compile(
    rf"\bDROP\s+(?:TABLE|MATERIALIZED\s+VIEW|SCHEMA|SEQUENCE|TYPE|DATABASE|OWNED)\b|\bDROP\s+COLUMN\b"
    rf"|\bALTER\s+TABLE\s+{NAME}\s+DROP\s+(?!CONSTRAINT\b)|\bTRUNCATE\b|\bDELETE\s+FROM\b|\bMERGE\s+INTO\b",
    re.IGNORECASE,
)
# These may: a new type can narrow, a new value replaces an old one.
MAY_TAKE_AWAY = re.compile(
    rf"\bALTER\s+(?:COLUMN\s+)?[\"\w]+\s+(?:SET\s+DATA\s+)?TYPE\b|\bUPDATE\s+(?!alembic_version){NAME}(?:\s+(?:AS\s+)?\w+)?\s+SET\b",
    re.IGNORECASE,
)
# A table that was renamed `…_before`, copied and counted; which needs a word as well.
DROPS_A_COPY = re.compile(r"\bDROP TABLE \w+_before;", re.IGNORECASE)
SAYS = re.compile(r"^destructive = (?:True|False)\b", re.MULTILINE)


def unmarked(folder: Path) -> list[str]:
    """Return what is wrong: migrations that take data away without saying so, or may without a word on it."""
    wrong = []
    before = None
    chain = revisions(folder)
    marked = destructive(folder, chain)
    for revision in chain:
        sql = offline_sql(folder, before, until=revision, bare=True)
        text = next((folder / "versions").glob(f"{revision}_*.py")).read_text(encoding="utf-8")
        says = SAYS.search(text)
        if says and DROPS_A_COPY.search(sql):
            sql = DROPS_A_COPY.sub("", sql)
        takes, may_take = TAKES_AWAY.search(sql), MAY_TAKE_AWAY.search(sql)
        if takes and revision not in marked:
            wrong.append(f"{revision}: {takes[0]}")
        elif may_take and not says:
            wrong.append(f"{revision}: {may_take[0]}")
        before = revision
    return wrong


def test_every_migration_that_takes_data_away_is_marked() -> None:
    assert unmarked(MIGRATIONS) == []


def test_of_the_first_twelve_only_the_last_takes_rows_away() -> None:
    assert destructive(MIGRATIONS, revisions(MIGRATIONS)[:12]) == ["0012"]


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE bets",
        "DROP TABLE quotes_before;",
        "DROP MATERIALIZED VIEW totals",
        "ALTER TABLE bets DROP COLUMN stake",
        "ALTER TABLE ONLY public.bets DROP stake",
        "TRUNCATE quotes",
        "DELETE FROM quotes WHERE is_closing",
        "DO $$ BEGIN EXECUTE 'delete from quotes'; END $$",
        "ALTER TABLE bets ALTER COLUMN stake TYPE real",
        "ALTER TABLE bets ALTER stake SET DATA TYPE smallint",
        "UPDATE matches SET stage = 'regular'",
    ],
)
def test_one_that_forgot_to_say_so_is_found(tmp_path: Path, statement: str) -> None:
    folder = copied(tmp_path / "migrations")
    plant(folder, statement)
    assert [line.split(":")[0] for line in unmarked(folder)] == ["9000"]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE bets DROP CONSTRAINT ck_bets_stake",
        "DROP INDEX ix_forecasts_publisher",
        "DROP VIEW match_results",
        "ALTER TABLE bets ALTER COLUMN stake DROP NOT NULL",
        "REVOKE INSERT, UPDATE, DELETE ON bets FROM sportsplat_app",
        "CREATE TABLE notes (id bigint REFERENCES matches (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    ],
)
def test_one_that_takes_nothing_need_not_say_so(tmp_path: Path, statement: str) -> None:
    folder = copied(tmp_path / "migrations")
    plant(folder, statement)
    assert unmarked(folder) == []


def test_the_mark_is_read_in_the_order_that_was_asked_for(tmp_path: Path) -> None:
    folder = copied(tmp_path / "migrations")
    plant(folder, "SELECT 1", destructive=True)
    assert destructive(folder, ["0011", "0012", "9000"]) == ["0012", "9000"]
    assert destructive(folder, ["0001"]) == []
