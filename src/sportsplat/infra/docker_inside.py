"""What is asked and changed from inside the container, over the socket, where no password is asked."""

from __future__ import annotations

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra.docker_container import Container
from sportsplat.infra.docker_objects import Objects
from sportsplat.infra.docker_ready import MARKER
from sportsplat.infra.docker_spec import DockerSpec
from sportsplat.infra.postgres_service import SECRET
from sportsplat.infra.service import SECRETS_DIR

_PSQL = (
    "psql",
    "--no-psqlrc",
    "--no-password",
    "--tuples-only",
    "--no-align",
    "--quiet",
    "--set=ON_ERROR_STOP=1",
)

# psql reads the secret itself, so that it is on no command line; the server is told not to log the statement.
_GIVE_PASSWORD = rf"""
psql="$1" user="$2" database="$3"
$psql --username="$user" --dbname="$database" --set=who="$user" <<'END'
SET log_statement = 'none';
SET log_duration = off;
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
\set secret `cat {SECRETS_DIR}/{SECRET}`
ALTER ROLE :"who" PASSWORD :'secret';
END
"""


def marker_inside(engine: Objects, container: Container, spec: DockerSpec) -> str | None:
    """Return a running server's completion marker; None without one, or without our role or database."""
    login = (f"--username={spec.user}", f"--dbname={spec.database}")
    code, output = engine.run_inside(container, [*_PSQL, *login, f"--command={MARKER}"])
    return output.strip() or None if code == 0 else None


def give_password(engine: Objects, container: Container, spec: DockerSpec) -> None:
    """Make the owner's password that in the secret's file. Raises EnvironmentUnavailable."""
    command = ["sh", "-ec", _GIVE_PASSWORD, "sh", " ".join(_PSQL), spec.user, spec.database]
    code, output = engine.run_inside(container, command)
    if code != 0:
        raise EnvironmentUnavailable(
            "the password could not be changed",
            cause=f"psql in {container.name} says: {' '.join(output.split())}",
            fix="run `sportsplat db rotate-password` again",
            code="ROTATION_FAILED",
        )
