"""Bringing the environment up and down, and looking at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sportsplat.errors import DataConflict, UsageError
from sportsplat.infra import identity
from sportsplat.infra.backend import open_environment
from sportsplat.infra.environment import (
    Backend,
    Endpoint,
    Environment,
    EnvironmentStatus,
    StartResult,
    State,
)
from sportsplat.paths import asset_dir
from sportsplat.progress import Progress
from sportsplat.results import Result

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings

_REVISION = "SELECT version_num FROM alembic_version"


@dataclass(frozen=True)
class DatabaseStatus(Result):
    """Where the database is, whether it runs, its schema, and what this call did.

    `endpoint` is a URL with the password masked, None while it does not run. `services` are the containers or
    processes. `notes`: what the user should know besides. `actions` is empty where nothing had to be done.
    """

    backend: Backend
    state: State
    project_dir: str
    endpoint: str | None
    server_version: str | None
    schema_revision: str | None
    schema_head: str
    services: Sequence[Mapping[str, Any]]
    notes: Sequence[str]
    actions: Sequence[str] = ()


@dataclass(frozen=True)
class DownResult(Result):
    """The state after `down`, and what was done."""

    backend: Backend
    state: State
    actions: Sequence[str]


@dataclass(frozen=True)
class PasswordRotation(Result):
    """Which backend got a new password, and what was done."""

    backend: Backend
    actions: Sequence[str]


def up(
    settings: Settings,
    *,
    reinit: bool = False,
    reset_password: bool = False,
    progress: Progress | None = None,
) -> DatabaseStatus:
    """Make the database run and bring its schema to the head.

    reinit: move an incomplete initialisation aside, leave data that is lost or elsewhere by now, and use what
    the settings mean now. reset_password: let existing data take the
    configured password. progress: shows a download. All can be repeated; a call that finds everything
    in place changes nothing (`actions` is empty). `notes`: what the user should know besides. Raises what
    `Environment.ensure` raises, and MigrationError.
    """
    left = identity.leave_project(settings) if reinit else []
    environment = open_environment(settings)
    notes = [*_left_behind(settings, environment), *identity.moved_note(settings.state_dir.resolve())]
    home = identity.sharing_project(settings)
    if home is not None:
        notes.append(f"the state folder {settings.state_dir} is that of {home}: both use one database")
    actions = left + (environment.reset_password() if reset_password else [])

    def ensure() -> StartResult:
        return environment.ensure(settings.infra.timeout_s, question=_REVISION, progress=progress)

    ensured = _begun_anew(environment, ensure, actions) if reinit else ensure()
    if home is None:
        identity.remember_home(settings)
    migrations = _migrate(settings, environment, ensured)
    seen = None if migrations else ensured.seen
    described = _describe(settings, environment, seen)
    return replace(
        described,
        actions=[*actions, *ensured.actions, *migrations],
        notes=[*described.notes, *notes],
    )


def rotate_password(settings: Settings) -> PasswordRotation:
    """Give the database a new password, written into `.env`.

    One that the environment names stays, and the data is given that one. Raises UsageError (`NOT_OURS`) for
    an external database, and what `Environment.ensure` raises.
    """
    environment = open_environment(settings)
    return PasswordRotation(environment.backend, environment.rotate_password())


def down(settings: Settings, *, volumes: bool = False) -> DownResult:
    """Stop the database, and the API beside it in Docker; with `volumes` delete the data too.

    Nothing to stop is fine.
    """
    environment = open_environment(settings)
    home = identity.sharing_project(settings) if volumes else None
    if home is not None and environment.backend != "external":
        raise identity.state_of_another(settings, home)
    actions = environment.remove() if volumes else environment.stop()
    status = environment.status()
    return DownResult(status.backend, status.state, actions)


def status(settings: Settings) -> DatabaseStatus:
    """Look at the database; nothing is changed or started."""
    return _describe(settings, open_environment(settings))


def api_services(settings: Settings) -> list[dict[str, Any]]:
    """Return the API in Docker as an entry of `services`; nothing for a project that never had one."""
    from sportsplat.infra.api import container as api_container
    from sportsplat.infra.api.container import api_spec

    found = api_container.status(api_spec(settings))
    return [] if found is None else [found]


def endpoint(settings: Settings) -> Endpoint:
    """Return where the database is; raises EnvironmentUnavailable when it is not running."""
    return open_environment(settings).endpoint()


def psql(settings: Settings, arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the command line and the environment variables of a `psql` on this database.

    The password is among the variables, which other users cannot see, and not on the command line.
    Raises what `Environment.ask` raises of a database that does not answer.
    """
    from sportsplat.infra.programs import psql_environment

    environment = open_environment(settings)
    environment.ask("SELECT 1")  # one that is paused takes the connection and never answers
    return [environment.psql(), *arguments], psql_environment(environment.direct_endpoint())


def logs(settings: Settings, *, lines: int, follow: bool = False) -> Iterator[str]:
    """Yield lines of the database's log."""
    return open_environment(settings).logs(lines, follow)


def _begun_anew(
    environment: Environment, ensure: Callable[[], StartResult], actions: list[str]
) -> StartResult:
    """Return the database after `--reinit`; what was left or set aside for it is added to `actions`.

    Data is tried before it is set aside: stopped, a complete volume that is not in state.json looks like
    one that was never finished. Raises UsageError (`NOTHING_TO_REINIT`) for data that is complete and this
    project's.
    """
    before = _state(environment)
    if before == "running" and not actions:
        raise _nothing_to_reinit()
    for _ in range(3):
        try:
            ensured = ensure()
        except DataConflict as refused:
            done = _given_way(environment, refused)
            if not done:
                raise
            actions += done
        else:
            break
    else:
        ensured = ensure()
    if before in ("stopped", "incomplete") and not actions:
        raise _nothing_to_reinit()
    return ensured


def _state(environment: Environment) -> str | None:
    """Return the state; None when the data is lost or elsewhere."""
    try:
        return environment.status().state
    except DataConflict as refused:
        if refused.error_code not in identity.LEFT_BY_REINIT:
            raise
        return None


def _given_way(environment: Environment, refused: DataConflict) -> list[str]:
    """Do what makes way for what was refused, and return what that was."""
    if refused.error_code in identity.LEFT_BY_REINIT:
        return environment.forget_former_data()
    return environment.set_aside() if refused.error_code == "INCOMPLETE_DATA" else []


def _nothing_to_reinit() -> UsageError:
    return UsageError(
        "the data is complete, so it is not initialised again",
        cause="--reinit is for data that is incomplete, lost, or not where the settings say",
        fix="to delete this data: sportsplat down --volumes --yes",
        code="NOTHING_TO_REINIT",
    )


def _left_behind(settings: Settings, environment: Environment) -> list[str]:
    """Return a note when the project's data so far is in another backend than the one that is meant now."""
    from sportsplat.infra.backend import holds_data

    holder = holds_data(settings)
    if holder is None or holder == environment.backend:
        return []
    return [
        f"the data of the {holder} backend stays where it is; to bring it here: "
        f"sportsplat up --backend {holder} && sportsplat db move {environment.backend}"
    ]


def _migrate(settings: Settings, environment: Environment, ensured: StartResult) -> list[str]:
    """Bring the schema to the head; a schema that is there already costs one small query at most."""
    from sportsplat.db.schema.revisions import head

    needed = head(asset_dir("migrations"))
    found = ensured.seen.answer if ensured.seen is not None else environment.ask(_REVISION)
    if found == [needed]:
        return []
    from sportsplat.jobs.schema import apply

    applied, backup = apply(settings, environment.direct_endpoint().dsn())
    actions = [f"backed up to {backup}"] if backup is not None else []
    return actions + ([f"migrated the schema to {needed} ({len(applied)} steps)"] if applied else [])


def _describe(
    settings: Settings, environment: Environment, seen: EnvironmentStatus | None = None
) -> DatabaseStatus:
    from sportsplat.db.schema.revisions import head

    found = seen or environment.status(_REVISION)
    beside = api_services(settings) if environment.backend == "docker" else []
    return DatabaseStatus(
        backend=found.backend,
        state=found.state,
        project_dir=str(settings.project_dir),
        endpoint=found.endpoint.url() if found.endpoint is not None else None,
        server_version=found.server_version,
        schema_revision=_revision(found.answer),
        schema_head=head(asset_dir("migrations")),
        services=[*found.services, *beside],
        notes=found.notes,
    )


def _revision(rows: Sequence[str]) -> str | None:
    if len(rows) > 1:
        from sportsplat.db.schema.revisions import several

        raise several(sorted(rows))
    return rows[0] if rows else None
