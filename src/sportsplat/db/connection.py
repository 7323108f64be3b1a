"""Open a connection to PostgreSQL: a pinned session, acting as a role that owns nothing.

The migrations make two group roles, `APP_ROLE` (reads and writes rows) and `READ_ROLE` (reads, and writes
predictions and their features). A connection asks for one; where the server has none, because the
migrations ran without the right to create roles, or the user is no member, the connection goes on as the
user itself.
"""

from __future__ import annotations

import traceback
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from sportsplat.errors import ConfigError, DataConflict, EnvironmentUnavailable, SportsplatError
from sportsplat.postgres import refusal as pg_refusal
from sportsplat.postgres.session import Session

APP_ROLE = "sportsplat_app"
READ_ROLE = "sportsplat_read"

Connection = psycopg.Connection[Any]


def connect(
    dsn: str,
    *,
    role: str | None = None,
    autocommit: bool = False,
    name: str | None = None,
    lasting: bool | None = None,
    writes: bool = False,
) -> Session:
    """Connect; `role` is `APP_ROLE`, `READ_ROLE` or None for the user itself.

    `name` is what other sessions see of this one (application_name) when it must not be the dsn's or ours.
    `lasting`: what belongs to a session (locks, temporary tables, an exported snapshot) has to outlast its
    transactions, so that no pooler may stand between; by default it has for the user itself. `writes`: a
    database that takes none is refused at once.

    Raises EnvironmentUnavailable when nothing answers, DataConflict when the server answers but does not let
    us in, InvalidSetting when the dsn cannot be read, ConfigError (`DIRECT_URL_NEEDED`),
    EnvironmentUnavailable (`DATABASE_READ_ONLY`).
    """
    try:
        connection = Session.begin(dsn, role=role, autocommit=autocommit, name=name)
    except psycopg.OperationalError as error:
        raise _refusal(dsn, error) from error
    except KeyboardInterrupt as stopped:
        # The frames hold a connection half made. Its backend waits a minute for the password, and who drops
        # the database waits for that backend, even with FORCE.
        traceback.clear_frames(stopped.__traceback__)
        raise
    if connection.pooled and (role is None if lasting is None else lasting):
        connection.close()
        raise _direct_url_needed(dsn)
    if writes and not connection.writable:
        refusal = read_only(connection)
        connection.close()
        raise refusal
    return connection


def read_only(conn: Connection, cause: str | None = None) -> EnvironmentUnavailable:
    """Return the error for a database that takes no writes. cause: what the server said."""
    name = conn.info.dbname
    return EnvironmentUnavailable(
        f"the database {name!r} is read-only",
        cause=cause or "transaction_read_only is on: a standby server, or default_transaction_read_only",
        fix="name the primary server in DATABASE_URL, or as the server's administrator: "
        f'ALTER DATABASE "{name}" SET default_transaction_read_only TO off',
        code="DATABASE_READ_ONLY",
    )


def _direct_url_needed(dsn: str) -> ConfigError:
    given = conninfo_to_dict(dsn)
    return ConfigError(
        "this command needs a connection to the server itself: it holds locks and temporary tables across "
        "transactions",
        cause=f"a connection pooler (PgBouncer or its kind) answers at "
        f"{given.get('host')}:{given.get('port')}",
        fix="put the server's own address into .env: "
        "SPORTSPLAT_INFRA__DIRECT_URL=postgresql://user:password@host:5432/database",
        code="DIRECT_URL_NEEDED",
    )


def _refusal(dsn: str, error: psycopg.OperationalError) -> SportsplatError:
    """Say why no connection came about; names host, port, database and user, never the password."""
    given = conninfo_to_dict(dsn)
    where = "{host}:{port}/{dbname} as {user}".format(
        **{key: given.get(key) or "default" for key in ("host", "port", "dbname", "user")}
    )
    reason = " ".join(str(error).split())
    state = pg_refusal.sqlstate(error, dsn)
    if state in pg_refusal.WRONG_PASSWORD:
        return DataConflict(
            f"the database refused user {given.get('user')}"
            if state != pg_refusal.WRONG_PASSWORD[0]
            else f"the database refused the password of user {given.get('user')}",
            cause=f"{where}: {reason}",
            fix="put the right password into .env (POSTGRES_PASSWORD or DATABASE_URL), or give a database of "
            "`sportsplat up` a new one: sportsplat db rotate-password",
            code="WRONG_PASSWORD",
        )
    if state == pg_refusal.NO_DATABASE:
        return DataConflict(
            f"the server has no database {given.get('dbname')}",
            cause=f"{where}: {reason}",
            fix=f"sportsplat up, or on a server of your own: createdb {given.get('dbname')}",
            code="DATABASE_MISSING",
        )
    if state == pg_refusal.PROTOCOL and given.get("options"):
        return pg_refusal.options_refused(where, reason)
    return EnvironmentUnavailable(
        "the database does not answer", cause=f"{where}: {reason}", fix="sportsplat up"
    )
