"""`sportsplat doctor`: every precondition looked at, whatever else is broken, and nothing changed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sportsplat.config.load import load_settings
from sportsplat.errors import ConfigError, SportsplatError
from sportsplat.infra.backend import chosen_backend, holds_data, open_environment
from sportsplat.infra.docker.find import search
from sportsplat.infra.doctor import (
    engine as doctor_engine,
)
from sportsplat.infra.doctor import (
    machine as doctor_machine,
)
from sportsplat.infra.doctor import (
    project as doctor_project,
)
from sportsplat.infra.doctor.checks import Check, Finding, check, failure, ok, skipped
from sportsplat.infra.environment import Environment, EnvironmentStatus
from sportsplat.infra.state_folder import StateFolder
from sportsplat.paths import asset_dir, find_project_dir
from sportsplat.postgres.notes import ENCODING, QUESTION, parse, server_notes
from sportsplat.results import Result

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings
    from sportsplat.infra.environment import Backend

_AFTER_SETTINGS = (
    "backend",
    "engine",
    "image",
    "embedded_server",
    "state_folder",
    "secrets_folder",
    "disk",
    "engine_disk",
    "database",
    "port",
    "server_version",
    "server_settings",
    "schema",
    "clock",
)
_REVISION = "SELECT version_num FROM alembic_version"
_NOW = "SELECT extract(epoch FROM clock_timestamp())"
_SKEW_NOTED_S = 2.0
_SKEW_REFUSED_S = 60.0
"""Kick-offs and quotes are known to the minute: a larger difference would blur what was known when."""


@dataclass(frozen=True)
class Examination(Result):
    """All checks, always the same ones in order, and how many are in each state; healthy: none failed."""

    healthy: bool
    counts: Mapping[str, int]
    checks: list[Check]


def examine(*, project_dir: Path | None = None, profile: str | None = None) -> Examination:
    """Look at everything. Never raises: what goes wrong while looking is a row of its own.

    project_dir: None for the project that the current folder is in.
    """
    folder = find_project_dir(project_dir)
    checks = list(_machine())
    settings = _load(folder, profile, checks)
    checks.append(check("env_file", lambda: doctor_project.env_file(folder / ".env")))
    if settings is None:
        why = "the settings cannot be read"
        checks += [Check(name, "skipped", why, None) for name in _AFTER_SETTINGS]
    else:
        checks += _project(settings)
    counts = Counter(row.state for row in checks)
    by_state = {state: counts[state] for state in ("ok", "warn", "fail", "skipped")}
    return Examination(counts["fail"] == 0, by_state, checks)


def _machine() -> Iterator[Check]:
    yield check("python", doctor_machine.python)
    yield check("system", doctor_machine.system)
    yield check("packages", doctor_machine.packages)
    yield check("lock", doctor_machine.lock)
    yield check("lightgbm", doctor_machine.lightgbm_library)
    yield check("time_zones", doctor_machine.time_zones)
    yield check("internet_settings", doctor_machine.internet_settings)


def _load(folder: Path, profile: str | None, checks: list[Check]) -> Settings | None:
    """Return the settings; None, and a row that says why, where they cannot be read."""
    loaded: list[Settings] = []

    def look() -> Finding:
        from sportsplat.jobs.configuration import check as check_configuration

        loaded.append(load_settings(project_dir=folder, profile=profile))
        files = check_configuration(project_dir=folder, profile=profile).files
        return ok(f"valid ({', '.join(files) or 'no file, only defaults and the environment'})")

    checks.append(check("settings", look))
    return loaded[0] if loaded else None


def _project(settings: Settings) -> Iterator[Check]:
    """Look at all that depends on the settings, in the order of _AFTER_SETTINGS."""
    backend, row = _backend(settings)
    yield row
    remembered = StateFolder(settings.state_dir).read().get("engine")
    found, attempts = search(remembered=remembered)
    used_before = remembered is not None
    yield check("engine", lambda: doctor_engine.engine(found, attempts, backend, used_before=used_before))
    yield check("image", lambda: doctor_engine.image(found, settings.infra.image, backend))
    yield check("embedded_server", lambda: _embedded_server(backend))
    yield check("state_folder", lambda: doctor_project.state_folder(settings.state_dir))
    yield check("secrets_folder", lambda: doctor_project.secrets_folder(settings.state_dir))
    yield check("disk", lambda: doctor_project.disk(settings.state_dir))
    yield check("engine_disk", lambda: doctor_engine.engine_disk(found, backend))
    yield from _database(settings, backend)


def _backend(settings: Settings) -> tuple[Backend | None, Check]:
    chosen: list[Backend] = []

    def look() -> Finding:
        chosen.append(chosen_backend(settings))
        return ok(f"{chosen[0]}: {_reason(settings)}")

    row = check("backend", look)
    return (chosen[0] if chosen else None), row


def _reason(settings: Settings) -> str:
    if settings.infra.backend != "auto":
        return "infra.backend names it"
    if settings.infra.database_url is not None:
        return "DATABASE_URL is set"
    if holds_data(settings) is not None:
        return "it holds this project's data"
    return "a new project takes Docker where an engine answers, else the embedded server"


def _embedded_server(backend: Backend | None) -> Finding:
    """Look at the wheel's PostgreSQL: needed by the embedded backend, and its psql by the one in Docker."""
    try:
        found = doctor_machine.embedded_server()
    except SportsplatError as error:
        found = failure(error)
    if found.state == "fail" and backend == "external":
        return Finding("warn", found.seen, found.fix)
    return found


def _database(settings: Settings, backend: Backend | None) -> Iterator[Check]:
    """Ask the database once how it is, and look at its port, version, schema and clock."""
    seen: list[tuple[Environment, EnvironmentStatus]] = []

    def look() -> Finding:
        environment = open_environment(settings)
        seen.append((environment, environment.status(_REVISION)))
        return _state(*seen[0])

    yield check("database", look)
    environment, status = seen[0] if seen else (None, None)
    running = status if status is not None and status.state == "running" else None
    port = running.endpoint.port if running is not None and running.endpoint is not None else None
    yield check(
        "port",
        lambda: (
            skipped("no backend can be chosen")
            if backend is None
            else doctor_project.port(settings.infra, settings.state_dir, backend, port)
        ),
    )
    yield check("server_version", lambda: _version(settings, running))
    yield check("server_settings", lambda: _settings(environment if running is not None else None))
    yield check("schema", lambda: _schema(running))
    yield check("clock", lambda: _clock(environment if running is not None else None))


def _state(environment: Environment, status: EnvironmentStatus) -> Finding:
    if status.state == "running":
        where = status.endpoint.url() if status.endpoint is not None else "no endpoint"
        return ok(f"running ({status.backend}) at {where}")
    lost = next((service["lost"] for service in status.services if "lost" in service), None)
    if lost is not None:
        return Finding("fail", lost, "sportsplat up (offers the newest backup)")
    if status.state == "absent":
        return Finding("skipped", f"there is none yet ({status.backend})", "sportsplat up")
    if status.state == "stopped":
        return Finding("warn", f"stopped ({status.backend}); its data is kept", "sportsplat up")
    if status.state == "incomplete":
        return Finding("fail", "its initialisation was never finished", "sportsplat up --reinit")
    environment.ask("SELECT 1")  # raises what is wrong, with its cause and fix
    return Finding("warn", f"it did not answer at first ({status.backend})", "sportsplat doctor")


def _version(settings: Settings, running: EnvironmentStatus | None) -> Finding:
    from sportsplat.infra.embedded.initdb import check_major
    from sportsplat.infra.external import OLDEST

    if running is None or running.server_version is None:
        for data_dir in StateFolder(settings.state_dir).data_dirs():
            check_major(data_dir)
        return skipped("the database is not running")
    major = int(running.server_version.split(".")[0].split()[0])
    if major < OLDEST:
        return Finding(
            "fail",
            f"PostgreSQL {running.server_version}; sportsplat needs {OLDEST} or newer",
            "point DATABASE_URL to a newer server, or: sportsplat up --backend embedded",
        )
    return ok(f"PostgreSQL {running.server_version}")


def _settings(environment: Environment | None) -> Finding:
    """Look at what no session can change, and whether commands that hold a session come to the server."""
    if environment is None:
        return skipped("the database is not running")
    from sportsplat.db.connection import connect

    direct = environment.direct_endpoint()
    encoding, read_only = parse(environment.ask(QUESTION)[0])
    notes = server_notes(encoding, read_only=read_only)
    if encoding != ENCODING:
        fix = "sportsplat db backup; restore it into a database of encoding UTF8 (createdb --encoding UTF8)"
        return Finding("fail", "; ".join(notes), fix)
    try:
        connect(direct.dsn(), lasting=True).close()
    except ConfigError as pooled:
        return replace(failure(pooled), state="warn")
    if read_only:
        fix = "name the primary server in DATABASE_URL, or set default_transaction_read_only off"
        return Finding("warn", "; ".join(notes), fix)
    return ok(f"encoding {encoding}, takes writes")


def _schema(running: EnvironmentStatus | None) -> Finding:
    from sportsplat.db.schema.revisions import behind, head

    if running is None:
        return skipped("the database is not running")
    migrations = asset_dir("migrations")
    revision = running.answer[0] if running.answer else None
    missing = behind(revision, migrations)
    if missing:
        seen = f"at revision {revision or 'none'}, {len(missing)} behind {missing[-1]}"
        return Finding("fail", seen, "sportsplat db migrate")
    return ok(f"at revision {head(migrations)}, as this version needs")


def _clock(environment: Environment | None) -> Finding:
    """Compare the database's clock with the machine's: both decide what was known when."""
    if environment is None:
        return skipped("the database is not running")
    before = time.time()
    there = float(environment.ask(_NOW)[0])
    after = time.time()
    skew_s = there - min(max(there, before), after)
    if abs(skew_s) < _SKEW_NOTED_S:
        return ok(f"machine and database agree within {max(after - before, abs(skew_s)):.1f} s")
    side = "ahead of" if skew_s > 0 else "behind"
    seen = f"the database is {abs(skew_s):,.0f} s {side} this machine"
    fix = "set both by network time: sudo timedatectl set-ntp true"
    return Finding("fail" if abs(skew_s) > _SKEW_REFUSED_S else "warn", seen, fix)
