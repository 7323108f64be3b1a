"""A PostgreSQL that speaks German: the system's own, whose package has translations."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sportsplat.db.connection import connect
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.lock import wait_for
from tests.other_servers import another_server, of_the_system

LOCALE = "de_DE.utf8"


@contextmanager
def german_server(folder: Path) -> Iterator[Endpoint]:
    """Yield the superuser's way into a server whose messages are German; skips without one."""
    programs = of_the_system()
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True).stdout.split()
    if programs is None or LOCALE not in known:
        why = f"no PostgreSQL of the system's packages, or no locale {LOCALE}"
        if os.environ.get("SPORTSPLAT_REQUIRE_DOCKER") == "1":
            pytest.fail(why)
        pytest.skip(why)
    with another_server(folder, programs) as endpoint:
        with connect(endpoint.dsn(), autocommit=True) as conn:
            conn.execute(f"ALTER SYSTEM SET lc_messages TO '{LOCALE}'".encode())
            conn.execute("SELECT pg_reload_conf()")
        assert wait_for(lambda: _language(endpoint) == LOCALE, 30)
        yield endpoint


def _language(endpoint: Endpoint) -> str:
    with connect(endpoint.dsn()) as conn:
        row = conn.execute("SHOW lc_messages").fetchone()
    return str(row[0]) if row is not None else ""
