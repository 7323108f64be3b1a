"""One migration or restore at a time, and no backup meanwhile: a lock that ends with its session, however."""

from __future__ import annotations

import time
from typing import Any

from sportsplat.db.engine import Connection
from sportsplat.errors import ResourceConflict

LOCK_KEY = int.from_bytes(b"spschema")
_POLL_S = 0.1


def take_lock(conn: Connection, wait_s: float, *, shared: bool = False) -> None:
    """Wait up to `wait_s` seconds for the lock; raises ResourceConflict (LOCK_HELD) that names its holder.

    shared: together with others who share it, as backups do.
    """
    end = time.monotonic() + wait_s
    while not _try(conn, shared=shared):
        if time.monotonic() >= end:
            pid, name, since = _holder(conn)
            raise ResourceConflict(
                f"another migration, restore or backup holds the lock: server process {pid}",
                cause=f"waited {wait_s:g} s for {name}, connected since {since}",
                fix=f"wait for it and try again; if it hangs: SELECT pg_terminate_backend({pid})",
                code="LOCK_HELD",
                pid=pid,
            )
        time.sleep(_POLL_S)


def set_timeouts(conn: Connection, lock_timeout_s: float, statement_timeout_s: float) -> None:
    """Bound how long one statement of this session may wait for a table, and how long it may run."""
    settings = {
        "lock_timeout": f"{lock_timeout_s * 1000:.0f}ms",
        "statement_timeout": f"{statement_timeout_s * 1000:.0f}ms",
        # A statement of a killed migrator ends by itself instead of holding the lock.
        "client_connection_check_interval": "1s",
    }
    for name, value in settings.items():
        conn.execute("SELECT set_config(%s, %s, false)", [name, value])


def table_holders(conn: Connection) -> str:
    """Name the other sessions that hold locks on our tables, for the message of a lock time-out."""
    rows = conn.execute(
        """
        SELECT DISTINCT l.pid, coalesce(nullif(a.application_name, ''), 'unnamed'),
                        coalesce(a.state, 'unknown')
        FROM pg_locks l
        JOIN pg_class c ON c.oid = l.relation AND c.relnamespace = 'public'::regnamespace
        LEFT JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.granted AND l.pid <> pg_backend_pid()
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        ORDER BY l.pid
        """
    ).fetchall()
    return ", ".join(f"server process {pid} ({name}, {state})" for pid, name, state in rows) or "gone by now"


def _try(conn: Connection, *, shared: bool) -> bool:
    function = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
    row = conn.execute(f"SELECT {function}(%s)".encode(), [LOCK_KEY]).fetchone()
    return bool(row and row[0])


def _holder(conn: Connection) -> tuple[Any, Any, Any]:
    row = conn.execute(
        """
        SELECT l.pid, coalesce(nullif(a.application_name, ''), 'an unnamed session'), a.backend_start
        FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND (l.classid::bigint << 32) + l.objid::bigint = %s
        """,
        [LOCK_KEY],
    ).fetchone()
    return row or ("unknown", "a session that has just ended", "unknown")
