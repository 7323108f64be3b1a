"""Connections that do not come about: each failure has its own code, and none tells the password."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sportsplat.db.connection import connect
from sportsplat.errors import DataConflict, EnvironmentUnavailable, InvalidSetting
from sportsplat.infra.environment import Endpoint

SECRET = "c4n4ry-p4ss"


def refused(dsn: str, kind: type[Exception]) -> tuple[str, str]:
    """Return the code and everything that the error could show."""
    with pytest.raises(kind) as caught:
        connect(dsn)
    error = caught.value
    assert isinstance(error, (DataConflict, EnvironmentUnavailable, InvalidSetting))
    shown = f"{error!r} {error.to_dict()} {error.__cause__!r}"
    assert SECRET not in shown
    return error.error_code, shown


def test_a_wrong_password(postgres: Endpoint) -> None:
    code, shown = refused(replace(postgres, password=SECRET, socket_dir=None).dsn(), DataConflict)
    assert code == "WRONG_PASSWORD"
    assert f"{postgres.host}:{postgres.port}" in shown


def test_a_database_that_is_not_there(postgres: Endpoint) -> None:
    code, shown = refused(replace(postgres, database="nowhere").dsn(), DataConflict)
    assert code == "DATABASE_MISSING"
    assert "createdb nowhere" in shown


def test_a_server_that_is_not_there() -> None:
    code, shown = refused(f"postgresql://me:{SECRET}@127.0.0.1:1/db", EnvironmentUnavailable)
    assert code == "ENVIRONMENT_UNAVAILABLE"
    assert "sportsplat up" in shown


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://me:%zz{SECRET}@host/db",
        f"postgresql://me:{SECRET}@[::1/db",
        f"{SECRET} as a word",
    ],
)
def test_a_url_that_cannot_be_read(dsn: str) -> None:
    code, shown = refused(dsn, InvalidSetting)
    assert code == "INVALID_SETTING"
    assert "DATABASE_URL" in shown


def test_options_and_name_of_the_caller_are_kept(postgres: Endpoint) -> None:
    dsn = f"{postgres.dsn()} application_name=mine options='-c statement_timeout=4321ms'"
    with connect(dsn) as conn:
        shown = "SELECT current_setting('statement_timeout'), current_setting('application_name')"
        assert conn.execute(shown).fetchone() == ("4321ms", "mine")
        assert conn.execute("SHOW timezone").fetchone() == ("UTC",)
        assert conn.autocommit is False
