"""Errors of the embedded server: each cause has its own code and fix."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote

from sportsplat.errors import DataConflict, EnvironmentUnavailable, SportsplatError
from sportsplat.infra import psql
from sportsplat.infra.embedded import initdb
from sportsplat.infra.embedded.spec import EmbeddedSpec
from sportsplat.infra.env_file import PASSWORD_KEY
from sportsplat.infra.environment import Endpoint


def not_running(state: str) -> EnvironmentUnavailable:
    """Nobody started the server, or it is gone."""
    return EnvironmentUnavailable(
        "the database is not running",
        cause=f"embedded PostgreSQL: {state}",
        fix="sportsplat up",
        code="NOT_RUNNING",
    )


def not_writable(spec: EmbeddedSpec, error: OSError) -> EnvironmentUnavailable:
    """The state folder or `.env` cannot be made or written."""
    message = f"the state folder cannot be written: {spec.state_dir}"
    other = "set infra.state_dir to a folder that is"
    if ".env." in Path(str(error.filename)).name:  # its new content is written beside it
        message, other = f"{spec.env_file} cannot be written", "set POSTGRES_PASSWORD"
    fix = f"make it writable for you, or {other}"
    foreign = foreign_owner(Path(str(error.filename)), spec.state_dir, spec.env_file)
    if isinstance(error, PermissionError) and foreign is not None:
        path, owner = foreign
        message = f"{message} ({path} belongs to user {owner}, and you are user {os.geteuid()})"
        fix = f"sudo chown -R $(id -u) {quote(str(path))}, or {other}"
    return EnvironmentUnavailable(message, cause=str(error), fix=fix, code="STATE_NOT_WRITABLE")


def foreign_owner(*paths: Path) -> tuple[Path, int] | None:
    """Return the first of these paths, or of the folders that they are in, that is another user's."""
    for path in (each for given in paths for each in (given, given.parent)):
        try:
            owner = path.stat().st_uid
        except OSError:
            continue
        if owner != os.geteuid():
            return path, owner
    return None


def not_yours(spec: EmbeddedSpec, owner: int) -> EnvironmentUnavailable:
    """Another user's data."""
    return EnvironmentUnavailable(
        f"the data in {spec.data_dir} belongs to another user",
        cause=f"it was made as user {owner}, and you are user {os.geteuid()}",
        fix=f"run sportsplat as root or as that user, or: sudo chown -R $(id -u) "
        f"{quote(str(spec.state_dir))}",
        code="DATA_NOT_YOURS",
    )


def roots(spec: EmbeddedSpec, account: str) -> EnvironmentUnavailable:
    """Data that root copied: PostgreSQL does not run as root, and nobody else may read it."""
    return EnvironmentUnavailable(
        f"the data in {spec.data_dir} belongs to root, as whom PostgreSQL does not run",
        cause="root copied or made the folder without its owners (cp -r instead of cp -a)",
        fix=f"chown -R {account} {quote(str(spec.data_dir))} {quote(str(spec.log.parent))}; "
        "then the same command",
        code="DATA_NOT_YOURS",
    )


def no_password(spec: EmbeddedSpec) -> DataConflict:
    """There is data, but its password was lost."""
    return DataConflict(
        "there is data, and no password to open it with",
        cause=f"{PASSWORD_KEY} is neither in {spec.env_file} nor in the environment",
        fix="put the line back into .env, or let the data take a new one: "
        "sportsplat up --backend embedded --reset-password",
        code="PASSWORD_MISSING",
    )


def incomplete(spec: EmbeddedSpec, why: str) -> DataConflict:
    """Data that was never finished, or that is not ours."""
    return DataConflict(
        f"the data in {spec.data_dir} is not a complete initialisation",
        cause=f"it has no completion marker, and {why}",
        fix="sportsplat up --reinit (moves it aside and starts over; nothing is deleted)",
        code="INCOMPLETE_DATA",
    )


def explained(refused: psql.RefusedError, spec: EmbeddedSpec, endpoint: Endpoint) -> SportsplatError:
    """Return the error for a running server that did not answer the owner's query."""
    made = initdb.made_for(spec.data_dir)
    if refused.wrong_password and made:
        return DataConflict(
            f"the data in {spec.data_dir} was made with another password or user",
            cause=f"PostgreSQL refused user {endpoint.user!r} with the password from "
            f"{spec.password_origin()}; the data was made for user {made.get('user')!r}",
            fix="put back what it was made with, or let the data take this password: "
            "sportsplat up --backend embedded --reset-password",
            code="WRONG_PASSWORD",
        )
    if refused.no_database and made:
        return DataConflict(
            f"there is no database {endpoint.database!r} in {spec.data_dir}",
            cause=f"the data was made with the database {made.get('database')!r}",
            fix=f"set infra.database: {made.get('database')}",
            code="DATABASE_MISSING",
        )
    if refused.wrong_password or refused.no_database:
        return incomplete(spec, f"its server says: {refused}")
    return psql.unreachable(endpoint, str(refused), "sportsplat logs")
