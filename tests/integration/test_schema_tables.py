"""`db/schema/tables.py` and the migrations say the same thing, held together by two independent routes."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import DateTime, create_engine
from sqlalchemy.pool import StaticPool

from sportsplat.db.schema.catalogue import difference, expected, live
from sportsplat.db.schema.tables import metadata
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS


def test_alembic_finds_nothing_to_change(database: Database) -> None:
    with database.connect() as conn:
        engine = create_engine("postgresql+psycopg://", creator=lambda: conn, poolclass=StaticPool)
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            assert compare_metadata(context, metadata) == []


def test_a_database_made_from_the_tables_has_the_catalogue_of_the_migrations(
    empty_database: Database,
) -> None:
    with empty_database.connect(autocommit=True) as conn:
        engine = create_engine("postgresql+psycopg://", creator=lambda: conn, poolclass=StaticPool)
        metadata.create_all(engine)
        made = live(conn)
    only_migrations = ("view ", "function ", "trigger ", "grant ", "default grant ")
    wanted = {
        key: definition
        for key, definition in expected(MIGRATIONS).items()
        if not key.startswith(only_migrations) and "alembic_version" not in key
    }
    assert difference(wanted, made) == []


def test_every_moment_has_a_zone_and_says_so() -> None:
    columns = [column for table in metadata.tables.values() for column in table.columns]
    moments = [(column, column.type) for column in columns if isinstance(column.type, DateTime)]
    assert len(moments) > 20
    for column, kind in moments:
        assert kind.timezone, column
        assert column.comment is not None, column
        assert column.comment.startswith("UTC"), column


def test_every_constraint_and_every_table_has_a_name_or_a_comment() -> None:
    for table in metadata.tables.values():
        assert table.comment, table.name
        for constraint in table.constraints:
            assert constraint.name, (table.name, constraint)
