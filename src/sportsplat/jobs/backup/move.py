"""Moving a project's data from one backend to another: backed up, restored, compared, then remembered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from shlex import quote
from typing import TYPE_CHECKING

from sportsplat.db.connection import Connection
from sportsplat.db.copy.locks import consistent_snapshot
from sportsplat.db.errors import loss_ignored, report_lost_connection
from sportsplat.db.schema.objects import has_rows, tables
from sportsplat.errors import SportsplatError
from sportsplat.infra.backend import chosen_backend, holds_data, open_environment
from sportsplat.infra.backup import file as backup_file
from sportsplat.infra.embedded.initdb import quoted_name
from sportsplat.infra.environment import Backend, Endpoint, Environment
from sportsplat.infra.state_folder import StateFolder
from sportsplat.jobs.backup.backup import default_file, dump, read
from sportsplat.jobs.backup.restorable import restorable
from sportsplat.jobs.backup.restore import (
    Backup,
    alone,
    bring_up_to_date,
    keep_rows,
    needs_yes,
    prepare,
    swap,
)
from sportsplat.progress import Progress, silent
from sportsplat.results import Result, named

if TYPE_CHECKING:
    from sportsplat.config.load import ResolvedSettings
    from sportsplat.config.settings import Settings


@dataclass(frozen=True)
class _Place:
    """One end of the move, its database running."""

    environment: Environment
    endpoint: Endpoint

    @property
    def backend(self) -> Backend:
        return self.environment.backend


@dataclass(frozen=True)
class OldData(Result):
    """Where the data stays that was moved, and the command that would delete it."""

    backend: str
    where: str
    delete: str


@dataclass(frozen=True)
class MoveReport(Result):
    """What was done, nothing where the data was there already; change: settings that name the old place."""

    source: str = field(metadata=named("from"))
    to: str
    actions: list[str]
    change: list[str]


@dataclass(frozen=True)
class Moved(MoveReport):
    """Data that was moved: the backup through which it went, its rows, and the data that stays."""

    file: str
    rows: int
    old: OldData
    seconds: float


def move(
    resolved: ResolvedSettings,
    to: Backend,
    *,
    yes: bool = False,
    trust: bool = False,
    tell: Progress = silent,
) -> MoveReport:
    """Take all data to the backend `to`, which the project uses from then on; the old data stays as it is.

    Until all tables are compared nothing of the project changes: whatever fails, and even a kill, leaves it
    where it was. The old database takes no writes meanwhile, and a server of ours is stopped at the end.
    yes: consent to replace rows that the other backend holds; they are backed up first. trust: consent to run
    code there that is not sportsplat's (see `restorable`).
    Raises what `backup`, `restore` and both environments raise.
    """
    started = time.perf_counter()
    settings = resolved.settings
    source_backend = holds_data(settings) or chosen_backend(settings)
    if source_backend == to:
        return MoveReport(source_backend, to, [], _to_change(resolved, to))
    with StateFolder(settings.state_dir).backend_kept():
        environment = open_environment(_meaning(settings, source_backend))
        source = _started(environment, settings.infra.timeout_s)
        old = _whereabouts(source)
        with _given_up_on_failure(settings, open_environment(_meaning(settings, to))) as target:
            again = f"sportsplat db move {to}" + " --yes" * yes
            actions = prepare(target.endpoint, again)
            with alone(target.endpoint, "move", again) as conn:
                if has_rows(conn, tables(conn)):
                    if not yes:
                        raise needs_yes(f"{again} --yes")
                    actions.append(keep_rows(_meaning(settings, to), "move", tell))
                found = _carry(settings, source, target, conn, actions, tell, yes=yes, trust=trust)
            actions += bring_up_to_date(target.endpoint, found)
    return Moved(
        source=source_backend,
        to=to,
        actions=actions,
        change=_to_change(resolved, to),
        file=str(found.path),
        rows=found.manifest.rows,
        old=old,
        seconds=round(time.perf_counter() - started, 3),
    )


def _carry(
    settings: Settings,
    source: _Place,
    target: _Place,
    into: Connection,
    actions: list[str],
    tell: Progress,
    *,
    yes: bool,
    trust: bool,
) -> Backup:
    """Back up, restore, remember, stop, while nothing writes to the source; `actions` hears what was done."""
    to = target.backend
    file = default_file(settings, f"move-{source.backend}-{to}")
    again = f"sportsplat db move {to}" + " --yes" * yes
    with (
        alone(source.endpoint, "move", again, shared=True) as conn,
        consistent_snapshot(conn, "EXCLUSIVE") as snapshot,
    ):
        with backup_file.new_file(file) as new:
            new.seal(dump(conn, snapshot, source.endpoint, source.backend, new, tell))
        actions.append(f"backed up to {file}")
        found = Backup(file, read(file, tell))
        scripts = restorable(
            settings, target.endpoint, into, file, found.manifest, again, trust=trust, tell=tell
        )
        actions += swap(into, found, scripts, again, tell)
        with report_lost_connection(
            "the move", again, f"the project stays with its {source.backend} database"
        ):
            conn.execute("SELECT 1")  # until here nothing else could write there
        StateFolder(settings.state_dir).move_backend(to)
        if source.backend != "external":
            with loss_ignored():
                _turn_away(conn)
        try:
            actions += source.environment.stop()
        except SportsplatError as still_there:
            actions.append(f"could not stop the {source.backend} server: {still_there.message}")
        conn.close()
    return found


def _turn_away(conn: Connection) -> None:
    """End all other sessions, and wait for it, while this one holds the tables of a server that is to stop.

    Else who waits to write could be let in when the server ends this session before his.
    """
    conn.execute(
        """
        SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
        """
    )


def _started(environment: Environment, timeout_s: float) -> _Place:
    environment.ensure(timeout_s)
    return _Place(environment, environment.direct_endpoint())


def _meaning(settings: Settings, backend: Backend) -> Settings:
    """Return the settings with this backend named in them."""
    infra = settings.infra.model_copy(update={"backend": backend})
    return settings.model_copy(update={"infra": infra})


@contextmanager
def _given_up_on_failure(settings: Settings, environment: Environment) -> Iterator[_Place]:
    """Yield the new place; when the block fails, stop what was started there."""
    was_running = environment.status().state == "running"
    try:
        yield _started(environment, settings.infra.timeout_s)
    except BaseException:
        moved = StateFolder(settings.state_dir).read().get("backend") == environment.backend
        if not moved and not was_running:
            with suppress(SportsplatError):
                environment.stop()
        raise


def _whereabouts(place: _Place) -> OldData:
    """Say where the data stays, and with which command it would be deleted."""
    service = next(iter(place.environment.status().services), {})
    if place.backend == "embedded":
        return OldData("embedded", service["data"], f"rm -r {quote(service['data'])}")
    if place.backend == "docker":
        volume = str(service.get("volume", ""))
        return OldData("docker", f"volume {volume}", f"docker volume rm {volume}")
    database = place.endpoint.database
    return OldData("external", place.endpoint.url(), f"DROP DATABASE {quoted_name(database)}")


def _to_change(resolved: ResolvedSettings, to: Backend) -> list[str]:
    """Name the lines of the settings that lead elsewhere than to `to`."""
    infra = resolved.settings.infra
    if infra.backend not in ("auto", to):
        where = resolved.origins["infra.backend"].where
        return [f"infra.backend is {infra.backend} and has to be {to} ({where})"]
    if infra.backend == to:
        return []
    if to != "external" and infra.database_url is not None:
        where = resolved.origins["infra.database_url"].where
        return [f"DATABASE_URL has to go ({where})"]
    if to == "external" and infra.database_url is None:
        return ["infra.backend has to be external (config/settings.yaml)"]
    return []
