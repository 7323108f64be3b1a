"""What the API server needs to know of a project before it starts, and the login that it uses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sportsplat.errors import DataConflict
from sportsplat.infra import api_login
from sportsplat.infra.backend import open_environment
from sportsplat.infra.environment import Endpoint
from sportsplat.jobs.context import check_schema, open_context
from sportsplat.results import Result

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings


@dataclass(frozen=True)
class ServingPlan:
    """One database and the login to it, the role to read with, the schema it must have, the project's folder.

    `superuser`: whether the login could do everything on the server.
    """

    dsn: str = field(repr=False)
    user: str
    superuser: bool
    role: str
    schema_head: str
    project_dir: Path


def plan_serving(settings: Settings) -> ServingPlan:
    """Find the running database and make sure that the API can log in.

    Where the server is this project's own, that is as a role of the API's own. On an external one it is too
    when `api.password` is set, else as the user of the URL.

    Raises EnvironmentUnavailable when it is not running, MigrationError when its schema is not the code's,
    DataConflict when it does not let the login in.
    """
    from sportsplat.db.connection import READ_ROLE, connect
    from sportsplat.db.schema.revisions import head
    from sportsplat.paths import asset_dir

    endpoint = login(settings)
    try:
        connection = connect(endpoint.dsn(), role=READ_ROLE, autocommit=True)
    except DataConflict as refused:
        if endpoint.user == api_login.API_USER:
            refused.fix = "sportsplat db api-login"
        raise
    with connection:
        check_schema(connection)
        user, superuser = connection.execute(
            "SELECT session_user, rolsuper FROM pg_roles WHERE rolname = session_user"
        ).fetchone() or (endpoint.user, False)
    return ServingPlan(
        dsn=endpoint.dsn(),
        user=user,
        superuser=superuser,
        role=READ_ROLE,
        schema_head=head(asset_dir("migrations")),
        project_dir=settings.project_dir,
    )


def login(settings: Settings) -> Endpoint:
    """Return where the database is and as whom the API logs in; on a server of ours that role is made."""
    environment = open_environment(settings)
    if environment.backend != "external":
        ensure_api_login(settings)
    elif api_login.configured_password(settings) is None:
        return environment.endpoint()
    password = api_login.provide_password(settings)
    return replace(environment.endpoint(), user=api_login.API_USER, password=password)


@dataclass(frozen=True)
class ApiLogin(Result):
    """The login role of the API; created: it did not exist before."""

    user: str
    password_file: str
    created: bool


def ensure_api_login(settings: Settings) -> ApiLogin:
    """Make the API's login role, or give it the password it should have.

    The schema is migrated already. Raises what `Context.connect` raises, and DataConflict (`NOT_ALLOWED`).
    """
    from sportsplat.db.schema.api_login import ensure_login

    context = open_context(settings)
    context.connect("read").close()  # the schema, whose roles are needed, is there
    password = api_login.provide_password(settings)
    with context.connect("owner") as connection:
        is_new = ensure_login(connection, api_login.API_USER, password)
    file = api_login.secret_path(settings.state_dir.resolve())
    return ApiLogin(api_login.API_USER, str(file), is_new)
