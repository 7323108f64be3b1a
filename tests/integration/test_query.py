"""Queries of a server: they end in time, also where the server does not end them."""

from __future__ import annotations

import time

import psycopg
import pytest

from sportsplat.infra.query import RefusedError, _cut_after, ask, connect
from tests.conftest import Database


def test_the_server_ends_a_query_that_takes_too_long(database: Database) -> None:
    with pytest.raises(RefusedError) as refused:
        ask(database.endpoint, "SELECT pg_sleep(30)", timeout_s=0.2)
    assert refused.value.sqlstate == "57014"


def test_a_query_that_the_server_does_not_end_is_cut_off(database: Database) -> None:
    began = time.monotonic()
    with (
        connect(database.endpoint.dsn()) as session,
        pytest.raises(psycopg.OperationalError),
        _cut_after(session, 0.2),
    ):
        session.execute("SELECT pg_sleep(30)")
    assert time.monotonic() - began < 10


def test_the_session_goes_on_after_a_query_in_time(database: Database) -> None:
    assert ask(database.endpoint, "SELECT 1", "SELECT NULL", "SELECT 3", timeout_s=5) == ["1", "", "3"]
