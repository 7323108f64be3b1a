"""Open a connection to PostgreSQL: psycopg 3, session in UTC, acting as a role that owns nothing.

The migrations make two group roles, `APP_ROLE` (reads and writes rows) and `READ_ROLE` (reads, and writes
predictions and their features). A connection asks for one; where the server has none, because whoever
migrated may not create roles, or the user is no member, the connection goes on as the user itself.
"""

from __future__ import annotations

import traceback
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sportsplat.errors import DataConflict, EnvironmentUnavailable, InvalidSetting, SportsplatError

APP_ROLE = "sportsplat_app"
READ_ROLE = "sportsplat_read"
CONNECT_TIMEOUT_S = 10

Connection = psycopg.Connection[Any]

# Membership alone is not enough from PostgreSQL 16 on: SET ROLE has an option of its own.
BECOME = """
    SELECT set_config('role', rolname, false)
    FROM pg_roles
    WHERE rolname = %s
      AND pg_has_role(oid, CASE WHEN current_setting('server_version_num')::int >= 160000
                                THEN 'SET' ELSE 'MEMBER' END)
"""


def connect(
    dsn: str, *, role: str | None = None, autocommit: bool = False, name: str | None = None
) -> Connection:
    """Connect; `role` is `APP_ROLE`, `READ_ROLE` or None for the user itself.

    `name` is what other sessions see of this one (application_name) when it must not be the dsn's or ours.

    The session's zone is UTC, so that a `timestamptz` arrives as an aware datetime in UTC.
    Raises EnvironmentUnavailable when nothing answers, DataConflict when the server answers but does not let
    us in, InvalidSetting when the dsn cannot be read.
    """
    conninfo = session_conninfo(dsn)
    if name is not None:
        conninfo = make_conninfo(conninfo, application_name=name)
    try:
        connection = psycopg.connect(conninfo, autocommit=True)
    except psycopg.OperationalError as error:
        raise _refusal(dsn, error) from error
    except KeyboardInterrupt as stopped:
        # The frames hold a connection half made. Its backend waits a minute for the password, and who drops
        # the database waits for that backend, even with FORCE.
        traceback.clear_frames(stopped.__traceback__)
        raise
    if role is not None:
        connection.execute(BECOME, [role])
    connection.autocommit = autocommit
    return connection


def session_conninfo(dsn: str) -> str:
    """Return the dsn with what every session of ours has; raises InvalidSetting when it cannot be read."""
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:  # its text, and a chained traceback, can quote a part of the password
        raise InvalidSetting(
            "the database URL cannot be read",
            cause="DATABASE_URL is neither postgresql://user:password@host:port/database nor key=value pairs",
            fix="write special characters of the password as %XX, then run: sportsplat config check",
        ) from None
    defaults: dict[str, str | int] = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "sportsplat"}
    options = f"{given.get('options') or ''} -c timezone=UTC".strip()
    missing = {key: value for key, value in defaults.items() if key not in given}
    return make_conninfo(dsn, **missing, options=options)


def _refusal(dsn: str, error: psycopg.OperationalError) -> SportsplatError:
    """Say why no connection came about; names host, port, database and user, never the password."""
    given = conninfo_to_dict(dsn)
    where = "{host}:{port}/{dbname} as {user}".format(
        **{key: given.get(key) or "default" for key in ("host", "port", "dbname", "user")}
    )
    reason = " ".join(str(error).split())
    if "authentication failed" in reason or "no password supplied" in reason:
        return DataConflict(
            f"the database refused the password of user {given.get('user')}",
            cause=f"{where}: {reason}",
            fix="put the right password into .env (POSTGRES_PASSWORD or DATABASE_URL), or give a database of "
            "`sportsplat up` a new one: sportsplat db rotate-password",
            code="WRONG_PASSWORD",
        )
    if f'database "{given.get("dbname")}" does not exist' in reason:
        return DataConflict(
            f"the server has no database {given.get('dbname')}",
            cause=f"{where}: {reason}",
            fix=f"sportsplat up, or on a server of your own: createdb {given.get('dbname')}",
            code="DATABASE_MISSING",
        )
    return EnvironmentUnavailable(
        "the database does not answer", cause=f"{where}: {reason}", fix="sportsplat up"
    )
