"""Bringing the environment up and down, and looking at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sportsplat.errors import DataConflict, UsageError
from sportsplat.infra.environment import (
    Endpoint,
    Ensured,
    Environment,
    EnvironmentStatus,
    open_environment,
)
from sportsplat.progress import Progress
from sportsplat.settings import asset_dir

if TYPE_CHECKING:
    from sportsplat.settings import Settings

_REVISION = "SELECT version_num FROM alembic_version"


def up(
    settings: Settings,
    *,
    reinit: bool = False,
    reset_password: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make the database run and bring its schema to the head; return the CLI's object of `up`.

    reinit: move an incomplete initialisation aside first. reset_password: let existing data take the
    configured password. progress: is told of a download. All can be repeated; a call that finds everything
    in place changes nothing (`actions` is empty). `notes`: what the user should know besides. Raises what
    `Environment.ensure` raises, and MigrationError.
    """
    environment = open_environment(settings)
    notes = _left_behind(settings, environment)
    actions = _prepare(environment, reinit=reinit, reset_password=reset_password)
    ensured = environment.ensure(settings.infra.timeout_s, question=_REVISION, progress=progress)
    migrations = _migrate(settings, environment, ensured)
    seen = None if migrations else ensured.seen
    described = _describe(settings, environment, seen)
    return described | {"actions": actions + ensured.actions + migrations, "notes": notes}


def rotate_password(settings: Settings) -> dict[str, Any]:
    """Give the database a new password, written into `.env`; return `backend` and `actions`.

    One that the environment names stays, and the data is given that one. Raises UsageError (`NOT_OURS`) for
    an external database, and what `Environment.ensure` raises.
    """
    environment = open_environment(settings)
    return {"backend": environment.backend, "actions": environment.rotate_password()}


def down(settings: Settings, *, volumes: bool = False) -> dict[str, Any]:
    """Stop the database, and the API beside it in Docker; with `volumes` delete the data too.

    Nothing to stop is fine.
    """
    environment = open_environment(settings)
    actions = environment.remove() if volumes else environment.stop()
    status = environment.status()
    return {"backend": status.backend, "state": status.state, "actions": actions}


def status(settings: Settings) -> dict[str, Any]:
    """Return the object of `status` in the CLI's contract; nothing is changed or started."""
    return _describe(settings, open_environment(settings)) | {"actions": []}


def api_services(settings: Settings) -> list[dict[str, Any]]:
    """Return the API in Docker as an entry of `services`; nothing for a project that never had one."""
    from sportsplat.infra import api_container
    from sportsplat.infra.api_spec import api_spec

    found = api_container.status(api_spec(settings))
    return [] if found is None else [found]


def endpoint(settings: Settings) -> Endpoint:
    """Return where the database is; raises EnvironmentUnavailable when it is not running."""
    return open_environment(settings).endpoint()


def psql(settings: Settings, arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the command line and the environment variables of a `psql` on this database.

    The password is among the variables, which other users cannot see, and not on the command line.
    """
    from sportsplat.infra.probe import psql_environment

    environment = open_environment(settings)
    return [environment.psql(), *arguments], psql_environment(environment.endpoint())


def logs(settings: Settings, *, lines: int, follow: bool = False, service: str = "postgres") -> Iterator[str]:
    """Yield lines of a service's log; raises UsageError for a service that there is not."""
    if service == "api":
        from sportsplat.jobs.stack import logs as of_the_api

        return of_the_api(settings, lines=lines, follow=follow)
    if service != "postgres":
        raise UsageError(
            f"there is no service {service!r}",
            cause="services: postgres, and api in Docker",
            fix="sportsplat logs postgres",
        )
    return open_environment(settings).logs(lines, follow)


def _prepare(environment: Environment, *, reinit: bool, reset_password: bool) -> list[str]:
    actions = environment.reset_password() if reset_password else []
    if not reinit:
        return actions
    if environment.status().state in ("running", "stopped"):
        raise UsageError(
            "the data is complete, so it is not initialised anew",
            cause="--reinit is for an initialisation that was never finished",
            fix="to delete this data: sportsplat down --volumes --yes",
            code="NOTHING_TO_REINIT",
        )
    return actions + environment.set_aside()


def _left_behind(settings: Settings, environment: Environment) -> list[str]:
    """Return a note when the project's data so far is in another backend than the one that is meant now."""
    from sportsplat.infra.choice import holds_data

    holder = holds_data(settings)
    if holder is None or holder == environment.backend:
        return []
    return [
        f"the data of the {holder} backend stays where it is; to bring it here: "
        f"sportsplat up --backend {holder} && sportsplat db move {environment.backend}"
    ]


def _migrate(settings: Settings, environment: Environment, ensured: Ensured) -> list[str]:
    """Bring the schema to the head; a schema that is there already costs one small query at most."""
    from sportsplat.db.revisions import head

    needed = head(asset_dir("migrations"))
    found = ensured.seen.answer if ensured.seen is not None else environment.ask(_REVISION)
    if found == [needed]:
        return []
    from sportsplat.jobs.schema import apply

    applied, backup = apply(settings, ensured.endpoint.dsn())
    actions = [f"backed up to {backup}"] if backup is not None else []
    return actions + ([f"migrated the schema to {needed} ({len(applied)} steps)"] if applied else [])


def _describe(
    settings: Settings, environment: Environment, seen: EnvironmentStatus | None = None
) -> dict[str, Any]:
    from sportsplat.db.revisions import head

    found = seen or environment.status(_REVISION)
    beside = api_services(settings) if environment.backend == "docker" else []
    return {
        "backend": found.backend,
        "state": found.state,
        "endpoint": found.endpoint.url() if found.endpoint is not None else None,
        "server_version": found.server_version,
        "schema_revision": _revision(found.answer),
        "schema_head": head(asset_dir("migrations")),
        "services": [*found.services, *beside],
    }


def _revision(rows: Sequence[str]) -> str | None:
    if len(rows) > 1:
        raise DataConflict(
            f"the schema has several revisions at once: {', '.join(rows)}",
            cause="alembic_version has more than one row",
            fix="sportsplat db check",
            code="SEVERAL_REVISIONS",
        )
    return rows[0] if rows else None
