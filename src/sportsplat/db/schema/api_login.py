"""The login role of the API: it may what `READ_ROLE` may, and owns nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from sportsplat.db.connection import READ_ROLE
from sportsplat.errors import DataConflict

if TYPE_CHECKING:
    from sportsplat.db.connection import Connection


def ensure_login(conn: Connection, user: str, password: str) -> bool:
    """Make the role `user` log in with `password` as a member of `READ_ROLE`; return whether it is new.

    Safe to repeat. What is sent is the password's SCRAM verifier, so no log of the server can show the
    password. Raises DataConflict (`NOT_ALLOWED`) when the connected user may not make roles.
    """
    verifier = conn.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256").decode()
    names = {"user": sql.Identifier(user), "read": sql.Identifier(READ_ROLE), "verifier": verifier}
    try:
        with conn.transaction():
            conn.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [user])
            is_new = conn.execute("SELECT FROM pg_roles WHERE rolname = %s", [user]).fetchone() is None
            change = "CREATE ROLE" if is_new else "ALTER ROLE"
            conn.execute(sql.SQL(change + " {user} LOGIN PASSWORD {verifier}").format(**names))
            member = "SELECT pg_has_role(%s, %s, 'MEMBER')"
            if conn.execute(member, [user, READ_ROLE]).fetchone() == (False,):
                conn.execute(sql.SQL("GRANT {read} TO {user}").format(**names))
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject) as error:
        raise DataConflict(
            f"user {conn.info.user!r} is not allowed to create the login role of the API",
            cause=" ".join(str(error).split()),
            fix=f"as the server's administrator: CREATE ROLE {user} LOGIN PASSWORD '...'; "
            f"GRANT {READ_ROLE} TO {user};",
            code="NOT_ALLOWED",
        ) from error
    return is_new
