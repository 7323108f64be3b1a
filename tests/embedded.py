"""What tests of the embedded server share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from sportsplat.infra.embedded.environment import EmbeddedEnvironment

Make = Callable[..., EmbeddedEnvironment]
"""Makes the environment of a folder; keyword arguments change its `EmbeddedSpec`."""


def query(environment: EmbeddedEnvironment, sql: str) -> list[Any]:
    """Run one statement as the owner and return its rows."""
    with psycopg.connect(environment.endpoint().dsn()) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []
