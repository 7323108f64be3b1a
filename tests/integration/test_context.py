"""The way of a job to the database: by role, at the right schema, or with the next command in hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sportsplat.config.load import load_settings
from sportsplat.errors import EnvironmentUnavailable, MigrationError, NotFound
from sportsplat.jobs.context import Context, Role, open_context
from tests.conftest import Database


@pytest.mark.parametrize(
    ("role", "user"), [("app", "sportsplat_app"), ("read", "sportsplat_read"), ("owner", "sportsplat")]
)
def test_each_role_acts_as_itself(context: Context, role: Role, user: str) -> None:
    with context.connect(role) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (user,)


def test_only_the_owner_may_enter_a_schema_that_is_not_ours(
    empty_database: Database, context: Context
) -> None:
    elsewhere = replace(context, locate=lambda: empty_database.endpoint, _checked=False)

    with pytest.raises(MigrationError) as refused:
        elsewhere.connect()
    assert (refused.value.error_code, refused.value.fix) == ("SCHEMA_BEHIND", "sportsplat db migrate")
    elsewhere.connect("owner").close()


def test_the_check_of_the_schema_leaves_no_transaction_open(context: Context) -> None:
    with context.connect() as connection:
        assert connection.info.transaction_status.name == "IDLE"


def test_without_a_server_the_next_command_is_up(project_dir: Path) -> None:
    context = open_context(load_settings(project_dir=project_dir, environ={}))

    with pytest.raises(EnvironmentUnavailable) as refused:
        context.connect()
    assert refused.value.fix == "sportsplat up"
    assert context.league("epl").code == "epl"
    with pytest.raises(NotFound):
        context.league("epk")
