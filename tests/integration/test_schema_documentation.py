"""The example queries of docs/schema.md run, on the schema as it is."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from sportsplat.db.connection import Connection
from sportsplat.db.schema.tables import metadata
from tests.conftest import ROOT
from tests.integration.test_schema_constraints import WORLD

PAGE = ROOT / "docs" / "schema.md"
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
CLOSING = """
    INSERT INTO quotes
    SELECT 1, 'bet365', 'result', outcome, NULL, true, odds, NULL, '2019-12-26 15:00Z', 2019
    FROM (VALUES ('home', 2.0), ('draw', 3.0), ('away', 4.0)) AS price (outcome, odds)
"""
ANSWERS = [
    [("Arsenal", 1, 3, 1), ("Chelsea", 1, 0, -1)],
    [(2019, "bet365", 1, pytest.approx(1 / 2 + 1 / 3 + 1 / 4 - 1))],
    [(2019, True, 9.0, None)],
    [("Arsenal", "Chelsea", date(2019, 12, 26), "home", 2.1)],
    [("gbm", 1, 1.0)],
]


@pytest.mark.parametrize(("query", "answer"), list(zip(QUERIES, ANSWERS, strict=True)))
def test_an_example_query_answers(schema: Connection, query: str, answer: list[tuple[object, ...]]) -> None:
    schema.execute(WORLD.encode())
    schema.execute(CLOSING)
    assert schema.execute(query.encode()).fetchall() == answer


def test_every_table_and_view_is_on_the_page(schema: Connection) -> None:
    text = Path(PAGE).read_text(encoding="utf-8")
    views = schema.execute("SELECT viewname FROM pg_views WHERE schemaname = 'public'").fetchall()
    for name in [*metadata.tables, *(view for (view,) in views)]:
        assert f"`{name}`" in text, name
