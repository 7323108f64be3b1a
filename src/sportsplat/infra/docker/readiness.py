"""When a database in Docker is ready: its port answers, then a query as its real user finds the marker."""

from __future__ import annotations

from dataclasses import dataclass

from sportsplat.errors import EnvironmentUnavailable
from sportsplat.infra import query
from sportsplat.infra.docker.client import ProjectEngine
from sportsplat.infra.docker.container import Container
from sportsplat.infra.docker.service import SECRET, SECRETS_DIR
from sportsplat.infra.docker.spec import DockerSpec
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.identity import CLUSTER

MARKER = "SELECT current_setting('sportsplat.initialised', true)"
"""Set on the database by the last statement of its initialisation, so that each session sees it."""

_ANSWER_S = 5.0
_NO_FILE = "58P01"
"""undefined_file: an initialisation was cut off late, so the server runs and accepts no login."""


@dataclass(frozen=True)
class ProbeResult:
    """The result of probing a database: the revision at which it was initialised (None: never), its version,
    rows.

    cluster: which cluster and database it is, see `identity.CLUSTER`.
    """

    marker: str | None
    version: str
    cluster: str
    answer: list[str]


def probe(endpoint: Endpoint, question: str | None = None) -> ProbeResult:
    """Ask as the real user in the real database; raises query.RefusedError."""
    statements = [MARKER, "SHOW server_version", CLUSTER, *([question] if question is not None else [])]
    marker, version, cluster, *answer = query.ask(endpoint, *statements, timeout_s=_ANSWER_S)
    return ProbeResult(marker or None, version, cluster, answer)


def is_final(refused: query.RefusedError) -> bool:
    """Whether a refusal will not change by waiting: the server is up, and does not know us."""
    return (
        refused.wrong_password or refused.no_database or refused.not_admitted or refused.sqlstate == _NO_FILE
    )


_PSQL = (
    "psql",
    "--no-psqlrc",
    "--no-password",
    "--tuples-only",
    "--no-align",
    "--quiet",
    "--set=ON_ERROR_STOP=1",
)

# psql reads the secret itself, so that it is on no command line; the server is set not to log the statement.
_SET_PASSWORD = rf"""
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


def marker_inside(engine: ProjectEngine, container: Container, spec: DockerSpec) -> str | None:
    """Return a running server's completion marker; None without one, or without our role or database."""
    login = (f"--username={spec.user}", f"--dbname={spec.database}")
    code, output = engine.run_inside(container, [*_PSQL, *login, f"--command={MARKER}"])
    return output.strip() or None if code == 0 else None


def set_password(engine: ProjectEngine, container: Container, spec: DockerSpec) -> None:
    """Make the owner's password that in the secret's file. Raises EnvironmentUnavailable."""
    command = ["sh", "-ec", _SET_PASSWORD, "sh", " ".join(_PSQL), spec.user, spec.database]
    code, output = engine.run_inside(container, command)
    if code != 0:
        raise EnvironmentUnavailable(
            "the password could not be changed",
            cause=f"psql in {container.name} says: {' '.join(output.split())}",
            fix="run `sportsplat db rotate-password` again",
            code="ROTATION_FAILED",
        )
