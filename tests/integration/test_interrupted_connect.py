"""Ctrl-C while a connection is being made leaves no half of one behind."""

from __future__ import annotations

import weakref
from collections.abc import Generator
from typing import Any

import psycopg
import pytest

from sportsplat.db.connection import connect
from tests.conftest import Database


def test_what_was_begun_of_an_interrupted_connection_is_closed_although_the_interruption_is_being_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its server process waits for a password, and DROP DATABASE for that process, FORCE or not."""
    begun: list[weakref.ref[Any]] = []

    def stopped_half_way(steps: Generator[Any, Any, Any], *_: Any, **__: Any) -> None:
        next(steps)
        begun.append(weakref.ref(steps))
        raise KeyboardInterrupt

    monkeypatch.setattr(psycopg.waiting, "wait_conn", stopped_half_way)
    with pytest.raises(KeyboardInterrupt) as stopped:
        connect(database.dsn)
    assert stopped.value.__traceback__ is not None
    assert [steps() for steps in begun] == [None]
