"""Errors of the Docker backend: each cause has its own code and fix."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from sportsplat.errors import DataConflict, EnvironmentUnavailable, ResourceConflict, TimedOut
from sportsplat.infra import disk
from sportsplat.infra.docker.client import Container
from sportsplat.infra.docker.spec import DockerSpec
from sportsplat.infra.env_file import PASSWORD_KEY

_TAIL = 5


def not_running(state: str) -> EnvironmentUnavailable:
    """Nobody started the container, or it is gone."""
    return EnvironmentUnavailable(
        "the database is not running", cause=f"Docker: {state}", fix="sportsplat up", code="NOT_RUNNING"
    )


def not_writable(spec: DockerSpec, error: OSError) -> EnvironmentUnavailable:
    """The state folder cannot be made or written."""
    if disk.is_full(error):
        return disk.full(spec.state_dir, 1_000_000, "what the containers read", str(error))
    return EnvironmentUnavailable(
        f"the state folder cannot be written: {spec.state_dir}",
        cause=str(error),
        fix="make it writable for you, or set infra.state_dir to a folder that is",
        code="STATE_NOT_WRITABLE",
    )


@contextmanager
def writing(spec: DockerSpec) -> Iterator[None]:
    """Turn what the file system refuses into the error for it."""
    try:
        yield
    except OSError as error:
        raise not_writable(spec, error) from error


def no_password(spec: DockerSpec, volume: str) -> DataConflict:
    """There is data, but its password was lost."""
    return DataConflict(
        f"there is data in the volume {volume}, and no password to open it with",
        cause=f"{PASSWORD_KEY} is neither in {spec.env_file} nor in the environment",
        fix="put the line back into .env, or give the data a new one: sportsplat db rotate-password",
        code="PASSWORD_MISSING",
    )


def wrong_password(spec: DockerSpec, volume: str) -> DataConflict:
    """The data was made with another password."""
    return DataConflict(
        f"the data in the volume {volume} has another password",
        cause=f"PostgreSQL refused user {spec.user!r} with the password from {spec.password_origin()}",
        fix="put back the one with which it was made, or give the data a new one: "
        "sportsplat db rotate-password",
        code="WRONG_PASSWORD",
    )


def made_for_another(
    spec: DockerSpec, volume: str, *, user: str | None, database: str | None
) -> DataConflict:
    """The data was made for another user or another database than the settings name."""
    if user is not None and user != spec.user:
        return DataConflict(
            f"the data in the volume {volume} was made for another user",
            cause=f"it was made for user {user!r}, and infra.user is {spec.user!r}",
            fix=f"set infra.user: {user}",
            code="WRONG_PASSWORD",
        )
    return DataConflict(
        f"there is no database {spec.database!r} in the volume {volume}",
        cause=f"the data was made with the database {database!r}",
        fix=f"set infra.database: {database}",
        code="DATABASE_MISSING",
    )


def incomplete(volume: str, why: str) -> DataConflict:
    """Data that was never finished, or that is not ours."""
    return DataConflict(
        f"the data in the volume {volume} is not a complete initialisation",
        cause=why,
        fix="sportsplat up --reinit (keeps that volume and starts over in a new one)",
        code="INCOMPLETE_DATA",
    )


def wrong_major(volume: str, found: str, image: str, wanted: str) -> DataConflict:
    """The data was written by another major version than that of the image."""
    return DataConflict(
        f"the data in the volume {volume} was written by PostgreSQL {found}, and {image} is {wanted}",
        cause="its file PG_VERSION says so; no server of that image was started on it",
        fix=f"set infra.image back to a PostgreSQL {found}, take a backup (sportsplat db backup FILE), and "
        "restore it in a new project",
        code="WRONG_MAJOR",
    )


def port_taken(port: int, holder: str | None, otherwise: ResourceConflict) -> ResourceConflict:
    """Return the error for a fixed port that is taken; `otherwise`: the error where no container has it."""
    if holder is None:
        return otherwise
    return ResourceConflict(
        f"port {port} is taken",
        cause=f"the container {holder} publishes it; infra.port asks for exactly this port",
        fix="sportsplat up --port auto",
        code="PORT_TAKEN",
        port=port,
    )


def volume_in_use(volume: str, users: Collection[str]) -> ResourceConflict:
    """Return the error for data that containers which are not this project's use."""
    return ResourceConflict(
        f"the volume {volume} was not deleted: a container that is not this project's uses it",
        cause=f"containers that use it: {', '.join(sorted(users)) or 'gone by now'}",
        fix="remove that container if nobody needs it, then: sportsplat down --volumes --yes",
        code="VOLUME_IN_USE",
    )


def image_unavailable(image: str, why: str) -> EnvironmentUnavailable:
    """The engine has no such image and cannot get it."""
    return EnvironmentUnavailable(
        f"the image {image} is not here and could not be pulled",
        cause=f"the engine says: {why}",
        fix=f"try `docker pull {image}`, set infra.image to one that you have, or do without: "
        "sportsplat up --backend embedded",
        code="IMAGE_UNAVAILABLE",
    )


def ended(container: Container, log: Sequence[str], spec: DockerSpec) -> EnvironmentUnavailable:
    """Return the error for a container that ended instead of serving, in its own words."""
    said = f"{container.described()}; its log ends: {last_words(log)}"
    if disk.is_full("\n".join(log)):
        return _engine_disk_full(said)
    more = (
        f"give it more than infra.memory: {spec.memory}" if container.out_of_memory else "fix what it reports"
    )
    return EnvironmentUnavailable(
        "the database server ended instead of starting",
        cause=said,
        fix=f"{more}, then run `sportsplat up` again",
        code="START_FAILED",
    )


def _engine_disk_full(said: str) -> EnvironmentUnavailable:
    return EnvironmentUnavailable(
        "the disk on which the engine keeps its volumes is full",
        cause=said,
        fix="free some space there (docker system df shows what uses it), then run `sportsplat up` again",
        code="DISK_FULL",
    )


def engine_refused(words: str) -> EnvironmentUnavailable:
    """The engine will not do what we ask."""
    if disk.is_full(words):
        return _engine_disk_full(f"the engine says: {words}")
    return EnvironmentUnavailable(
        "the container engine refused to start the database",
        cause=f"the engine says: {words}",
        fix="fix what it reports (infra.memory, infra.cpus, infra.image), then run `sportsplat up` again",
        code="START_FAILED",
    )


def timed_out(container: Container, log: Sequence[str], timeout_s: float) -> TimedOut:
    """The container runs, and the database does not answer yet."""
    return TimedOut(
        f"the database did not answer within {timeout_s:g} s",
        cause=f"{container.described()}; its log ends: {last_words(log)}",
        fix="sportsplat up --timeout 300 (it goes on starting meanwhile), or look at `sportsplat logs`",
        code="START_TIMED_OUT",
    )


def last_words(log: Sequence[str]) -> str:
    """Return the last informative lines of a log: those with errors, where there are any."""
    lines = [line.strip() for line in log if line.strip()]
    grave = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "ERROR", "error:"))]
    return " / ".join((grave or lines)[-_TAIL:]) or "nothing"
