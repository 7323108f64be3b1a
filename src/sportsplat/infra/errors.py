"""Errors of the environment, one function for each, whichever backend raises it.

A function returns the error, and the caller raises it. What differs between backends (where the data is,
which command helps) is an argument. Errors about data that is not this project's are in `identity.py`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from sportsplat.errors import (
    ConfigError,
    DataConflict,
    EnvironmentUnavailable,
    ResourceConflict,
    TimedOut,
    UsageError,
)
from sportsplat.infra.disk import free_bytes, is_full
from sportsplat.redact import redact

_LOG_LINES = 5
_SERIOUS = ("FATAL", "PANIC", "ERROR", "error:")


# Ports


def port_taken(port: int, holder: str, *, setting: str, fix: str) -> ResourceConflict:
    """A fixed port is taken; `holder`: the process or container that has it."""
    return ResourceConflict(
        f"port {port} is taken",
        cause=f"{holder} has it; {setting} asks for exactly this port",
        fix=fix,
        code="PORT_TAKEN",
        port=port,
    )


def no_free_port() -> ResourceConflict:
    """Other programs took every free port before the server could."""
    return ResourceConflict(
        "no port could be had: others took each free one first",
        cause="several programs are opening ports at this moment",
        fix="run `sportsplat up` again, or name a port: sportsplat up --port 5544",
        code="PORT_TAKEN",
    )


def port_not_allowed(port: int, *, fix: str) -> ResourceConflict:
    """The system does not give the port to the user who runs the server."""
    return ResourceConflict(
        f"the server may not listen on port {port}",
        cause="permission denied: most systems keep the ports below 1024 for root, and this server does not "
        "run as root",
        fix=fix,
        code="PORT_NOT_ALLOWED",
        port=port,
    )


# Disks and folders


def disk_full(folder: Path, bytes_needed: int, purpose: str, output: str = "") -> EnvironmentUnavailable:
    """A disk of ours is full. `purpose`: what needs the bytes; `output`: of the program that failed."""
    free = free_bytes(folder)
    words = f": {' '.join(output.split())}" if output else ""
    return EnvironmentUnavailable(
        f"the disk that holds {folder} is full",
        cause=f"{purpose} needs {bytes_needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free{words}",
        fix=f"make room (df -h {folder}), or set infra.state_dir to a folder on another disk; then run the "
        "same command again",
        code="DISK_FULL",
        free_bytes=free,
        needed_bytes=bytes_needed,
    )


def engine_disk_full(cause: str) -> EnvironmentUnavailable:
    """The disk with the engine's volumes is full, which may be another one than ours."""
    return EnvironmentUnavailable(
        "the disk on which the engine keeps its volumes is full",
        cause=cause,
        fix="free some space there (docker system df shows what uses it), then run `sportsplat up` again",
        code="DISK_FULL",
    )


def state_not_writable(state_dir: Path, env_file: Path, error: OSError) -> EnvironmentUnavailable:
    """The state folder or `.env` cannot be made or written."""
    failed = Path(str(error.filename))
    message = f"the state folder cannot be written: {state_dir}"
    other = "set infra.state_dir to a folder that is"
    if ".env." in failed.name:  # its new content is written beside it
        message, other = f"{env_file} cannot be written", "set POSTGRES_PASSWORD"
    fix = f"make it writable for you, or {other}"
    foreign = _foreign_owner(failed, state_dir, env_file)
    if isinstance(error, PermissionError) and foreign is not None:
        path, owner = foreign
        message = f"{message} ({path} belongs to user {owner}, and you are user {os.geteuid()})"
        fix = f"sudo chown -R $(id -u) {quote(str(path))}, or {other}"
    return EnvironmentUnavailable(message, cause=str(error), fix=fix, code="STATE_NOT_WRITABLE")


@contextmanager
def writing(state_dir: Path, env_file: Path, bytes_needed: int, purpose: str) -> Iterator[None]:
    """Turn an OSError into the error for it (`DISK_FULL`, `STATE_NOT_WRITABLE`)."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            folder = min(state_dir, env_file.parent, key=free_bytes)
            raise disk_full(folder, bytes_needed, purpose, str(error)) from error
        raise state_not_writable(state_dir, env_file, error) from error


def _foreign_owner(*paths: Path) -> tuple[Path, int] | None:
    """Return the first of these paths, or of the folders that they are in, that is another user's."""
    for path in (each for given in paths for each in (given, given.parent)):
        try:
            owner = path.stat().st_uid
        except OSError:
            continue
        if owner != os.geteuid():
            return path, owner
    return None


def data_of_another_user(data_dir: Path, state_dir: Path, owner: int) -> EnvironmentUnavailable:
    """The data directory belongs to another user."""
    return EnvironmentUnavailable(
        f"the data in {data_dir} belongs to another user",
        cause=f"it was made as user {owner}, and you are user {os.geteuid()}",
        fix=f"run the command as root or as that user, or: sudo chown -R $(id -u) {quote(str(state_dir))}",
        code="DATA_NOT_YOURS",
    )


def data_of_root(data_dir: Path, log_dir: Path, account: str) -> EnvironmentUnavailable:
    """Root copied the data directory: PostgreSQL does not run as root, and no other user may read it."""
    return EnvironmentUnavailable(
        f"the data in {data_dir} belongs to root, as whom PostgreSQL does not run",
        cause="root copied or made the folder without its owners (cp -r instead of cp -a)",
        fix=f"chown -R {account} {quote(str(data_dir))} {quote(str(log_dir))}; then the same command",
        code="DATA_NOT_YOURS",
    )


# A server that does not run, or does not answer


def not_running(
    why: str, *, what: str = "the database", fix: str = "sportsplat up"
) -> EnvironmentUnavailable:
    """No server of this project runs; `why`: the state that was found."""
    return EnvironmentUnavailable(f"{what} is not running", cause=why, fix=fix, code="NOT_RUNNING")


def unreachable(url: str, why: str, fix: str, sqlstate: str | None = None) -> EnvironmentUnavailable:
    """A server does not answer, or only with this SQLSTATE."""
    return EnvironmentUnavailable(
        f"the database at {url} does not answer",
        cause=why,
        fix=fix,
        code="DATABASE_UNREACHABLE",
        sqlstate=sqlstate,
    )


def start_failed(what: str, cause: str, fix: str, *, instead_of: str = "starting") -> EnvironmentUnavailable:
    """A server ended while it was being started."""
    return EnvironmentUnavailable(
        f"{what} ended instead of {instead_of}", cause=cause, fix=fix, code="START_FAILED"
    )


def start_refused(what: str, output: str, fix: str) -> EnvironmentUnavailable:
    """The engine refuses to start a container."""
    return EnvironmentUnavailable(
        f"the container engine refused to start {what}",
        cause=f"the engine says: {output}",
        fix=fix,
        code="START_FAILED",
    )


def start_timed_out(what: str, timeout_s: float, cause: str, fix: str) -> TimedOut:
    """A server runs and is not ready yet."""
    return TimedOut(f"{what} within {timeout_s:g} s", cause=cause, fix=fix, code="START_TIMED_OUT")


def stop_timed_out(pid: int, timeout_s: float) -> TimedOut:
    """The embedded server is still stopping."""
    return TimedOut(
        f"the database server (process {pid}) did not stop within {timeout_s:g} s",
        cause="it is still writing its data to the disk",
        fix="run `sportsplat down` again in a moment",
        code="STOP_TIMED_OUT",
    )


def last_lines(log: Sequence[str]) -> str:
    """Return the last lines of a server's log: up to the last one that is an error, where there is one."""
    lines = [line.strip() for line in log if line.strip()]
    serious = [number for number, line in enumerate(lines, 1) if any(word in line for word in _SERIOUS)]
    return " / ".join(lines[: serious[-1] if serious else None][-_LOG_LINES:]) or "the log is empty"


# Data that does not fit the settings


def password_missing(where: str, origin: str, reset: str) -> DataConflict:
    """There is data, and its password was lost; `reset`: the command that sets a new one."""
    return DataConflict(
        f"there is data in {where}, and no password to open it with",
        cause=f"{origin} has none, and neither has the environment",
        fix=f"put the line back into .env, or give the data a new one: {reset}",
        code="PASSWORD_MISSING",
    )


def wrong_password(
    where: str, user: str, origin: str, reset: str, *, made_for: str | None = None
) -> DataConflict:
    """The data was made with another password, or for another user; `reset` sets a new password."""
    return DataConflict(
        f"the data in {where} was made with another password or user",
        cause=f"PostgreSQL refused user {user!r} with the password from {origin}"
        + (f"; the data was made for user {made_for!r}" if made_for else ""),
        fix=f"put back what it was made with, or give the data a new password: {reset}",
        code="WRONG_PASSWORD",
    )


def wrong_user(where: str, made_for: str, wanted: str) -> DataConflict:
    """The data was made for another user than the settings name."""
    return DataConflict(
        f"the data in {where} was made for another user",
        cause=f"it was made for user {made_for!r}, and infra.user is {wanted!r}",
        fix=f"set infra.user: {made_for}",
        code="WRONG_PASSWORD",
    )


def database_missing(where: str, database: str, made_with: str | None) -> DataConflict:
    """The data was made with another database than the settings name."""
    return DataConflict(
        f"there is no database {database!r} in {where}",
        cause=f"the data was made with the database {made_with!r}",
        fix=f"set infra.database: {made_with}",
        code="DATABASE_MISSING",
    )


def incomplete(where: str, why: str, kept: str) -> DataConflict:
    """The initialisation of the data was never finished; `kept`: what `--reinit` does with it."""
    return DataConflict(
        f"the data in {where} is not a complete initialisation",
        cause=why,
        fix=f"sportsplat up --reinit ({kept})",
        code="INCOMPLETE_DATA",
    )


def wrong_major(where: str, found: str, server: str, wanted: str, fix: str) -> DataConflict:
    """The data was written by another major version than that of the server."""
    return DataConflict(
        f"the data in {where} was written by PostgreSQL {found}, and {server} is {wanted}",
        cause="its file PG_VERSION says so; no server was started on it",
        fix=fix,
        code="WRONG_MAJOR",
    )


# The container engine


def no_engine(attempts: Sequence[str], *, started_before: bool = False) -> EnvironmentUnavailable:
    """No engine answers; `details["attempts"]` holds the endpoints that were tried.

    started_before: this project's data is in an engine's volume, so another backend would begin empty.
    """
    return EnvironmentUnavailable(
        "no container engine answers on this machine",
        cause="\n".join(["tried, in this order:", *attempts]),
        fix="start the engine that holds this project's data (sudo systemctl start docker, Docker Desktop, "
        "Colima …), then run the same command again"
        if started_before
        else "sportsplat up --backend embedded (needs no engine), or start Docker, Podman or Colima",
        code="NO_ENGINE",
        attempts=list(attempts),
    )


def engine_remote(endpoint: str, origin: str, why: str) -> EnvironmentUnavailable:
    """The engine that the user chose is on another machine."""
    return EnvironmentUnavailable(
        f"the container engine {endpoint} is on another machine",
        cause=f"{origin} names it; {why}",
        fix="for a database elsewhere set DATABASE_URL and run `sportsplat up --backend external`; "
        "for one on this machine: sportsplat up --backend embedded",
        code="ENGINE_REMOTE",
    )


def engine_lost(endpoint: str, why: str) -> EnvironmentUnavailable:
    """An engine that answered a moment ago does not answer."""
    return EnvironmentUnavailable(
        f"the container engine at {endpoint} no longer answers",
        cause=why,
        fix="start it again (sudo systemctl start docker), then run the same command again",
        code="ENGINE_LOST",
    )


def image_unavailable(image: str, why: str | None, fix: str) -> EnvironmentUnavailable:
    """The engine has no such image and cannot get it."""
    return EnvironmentUnavailable(
        f"the image {image} is not here and could not be pulled", cause=why, fix=fix, code="IMAGE_UNAVAILABLE"
    )


def name_taken(kind: str, name: str, owner: str | None) -> ResourceConflict:
    """A container, network or volume of that name is another project's (`owner`), or carries no label."""
    return ResourceConflict(
        f"there is a {kind} named {name} that is not this project's",
        cause=f"it carries the label of the project {owner}"
        if owner
        else "it carries no label of sportsplat",
        fix="give this project another name: SPORTSPLAT_INFRA__PROJECT=another-name sportsplat up "
        "(or infra.project in config/settings.yaml)",
        code="NAME_TAKEN",
    )


def volume_in_use(volume: str, users: Collection[str]) -> ResourceConflict:
    """Containers that are not this project's use its data."""
    return ResourceConflict(
        f"the volume {volume} was not deleted: a container that is not this project's uses it",
        cause=f"containers that use it: {', '.join(sorted(users)) or 'gone by now'}",
        fix="remove that container if it is not needed, then: sportsplat down --volumes --yes",
        code="VOLUME_IN_USE",
    )


# The API in Docker


def stack_needs_docker(backend: str) -> UsageError:
    """The database is not in Docker, so the API cannot run beside it there."""
    return UsageError(
        "the stack of database and API runs in Docker only",
        cause=f"this project's database is {backend}",
        fix="sportsplat serve (the same API over this database), or sportsplat up --stack --backend docker",
        code="STACK_NEEDS_DOCKER",
    )


def no_checkout(why: str) -> ConfigError:
    """There is nothing to build the API's image from."""
    return ConfigError(
        "there is no checkout of sportsplat to take the API's code from",
        cause=f"sportsplat was installed from a wheel, and {why}",
        fix="set infra.api_image (SPORTSPLAT_INFRA__API_IMAGE) to an image of this version and leave out "
        "--reload, or run from a clone of the repository; without Docker: sportsplat serve",
        code="API_IMAGE_UNSET",
    )


def build_failed(why: str, output: Sequence[str]) -> EnvironmentUnavailable:
    """The build of the API's image failed; its last lines show why."""
    return EnvironmentUnavailable(
        "the API's image could not be built",
        cause=redact("\n".join([why.strip(), *(f"  {line}" for line in output)])),
        fix="fix what the build reports, or set infra.api_image to an image that is there; then run "
        "`sportsplat up --stack` again",
        code="BUILD_FAILED",
    )
