"""What the product relies on in the official PostgreSQL image, and a stand-in for it has to keep."""

from __future__ import annotations

import gzip
import time
from typing import Any

import psycopg
import pytest

from tests.engine import OTHER_MAJOR_IMAGE, POSTGRES_IMAGE, PROJECT_LABEL, DockerProject

PASSWORD = "only-in-a-file"
DATA = "/var/lib/postgresql/data"
NOTE = "INSERT INTO notes (who) VALUES ('{}');\n"
SOCKET_ONLY = """
pg_isready --host /var/run/postgresql || exit 1
if pg_isready --host 127.0.0.1; then exit 1; fi
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --command "INSERT INTO notes (who) VALUES ('sh')"
"""


def start(project: DockerProject, image: str = POSTGRES_IMAGE, **options: Any) -> Any:
    """Start a container of the project, without waiting for anything."""
    options["labels"] = {"io.sportsplat.project": project.name}
    return project.engine.containers.run(image, detach=True, ports={"5432/tcp": ("127.0.0.1", 0)}, **options)


def with_files(project: DockerProject, scripts: dict[str, bytes], **environment: str) -> dict[str, Any]:
    """Return the options of a container with a named volume, a secret in a file, and scripts."""
    init = project.folder / "init"
    init.mkdir()
    for name, script in scripts.items():
        (init / name).write_bytes(script)
    secret = project.folder / "secret"
    secret.write_text(PASSWORD + "\n")
    volume = project.engine.volumes.create(
        f"{project.name}-postgres-data", labels={PROJECT_LABEL: project.name}
    )
    mounts = {volume.name: DATA, str(init): "/docker-entrypoint-initdb.d", str(secret): "/run/secrets/it"}
    return {
        "volumes": [f"{source}:{target}" for source, target in mounts.items()],
        "environment": {"POSTGRES_PASSWORD_FILE": "/run/secrets/it", **environment},
    }


def ended(container: Any) -> int:
    """Wait until a container has ended by itself; return its exit code."""
    return int(container.wait(timeout=30)["StatusCode"])


def connected(
    container: Any, user: str = "postgres", dbname: str = "postgres", password: str = PASSWORD
) -> psycopg.Connection[Any]:
    """Connect over the network, as soon as the server takes connections."""
    container.reload()
    port = container.ports["5432/tcp"][0]["HostPort"]
    deadline = time.monotonic() + 30
    while True:
        try:
            return psycopg.connect(host="127.0.0.1", port=port, user=user, dbname=dbname, password=password)
        except psycopg.OperationalError as error:
            if "password" in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_a_new_volume_gets_its_user_its_database_and_its_scripts_in_order(
    docker_project: DockerProject,
) -> None:
    scripts = {
        "30-c.sh": SOCKET_ONLY.encode(),
        "20-b.sql.gz": gzip.compress(NOTE.format("gz").encode()),
        "10-a.sql": b"CREATE TABLE notes (at int GENERATED ALWAYS AS IDENTITY, who text);\n",
        "15-a.sql": NOTE.format("sql").encode(),
        "README": b"is no script",
    }
    options = with_files(docker_project, scripts, POSTGRES_USER="owner", POSTGRES_DB="mine")
    container = start(docker_project, **options)

    with connected(container, "owner", "mine") as conn:
        assert conn.execute("SELECT who FROM notes ORDER BY at").fetchall() == [("sql",), ("gz",), ("sh",)]
        shown = conn.execute(
            "SELECT current_setting('data_directory'), current_setting('password_encryption')"
        )
        assert shown.fetchone() == (DATA, "scram-sha-256")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connected(container, "owner", "mine", password="wrong")

    inside = "psql --username owner --dbname mine --command 'INSERT INTO notes (who) VALUES (1)'"
    assert container.exec_run(inside).exit_code == 0, "the local socket asks for no password"
    container.stop(timeout=20)
    assert ended(container) == 0
    container.start()
    with connected(container, "owner", "mine") as conn:
        assert conn.execute("SELECT count(*) FROM notes").fetchone() == (4,)


def test_a_script_that_fails_leaves_a_volume_that_looks_initialised(docker_project: DockerProject) -> None:
    scripts = {
        "10.sql": b"CREATE TABLE early (a int);",
        "20.sql": b"SELECT 1/0;",
        "30.sql": b"CREATE TABLE late ();",
    }
    container = start(docker_project, **with_files(docker_project, scripts))

    assert ended(container) != 0
    container.start()
    with connected(container) as conn:
        assert conn.execute("SELECT to_regclass('early')::text, to_regclass('late')").fetchone() == (
            "early",
            None,
        )


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "superuser password"),
        ({"POSTGRES_PASSWORD": "a", "POSTGRES_PASSWORD_FILE": "/b"}, "POSTGRES_PASSWORD"),
    ],
)
def test_without_one_clear_password_nothing_is_initialised(
    docker_project: DockerProject, environment: dict[str, str], said: str
) -> None:
    container = start(docker_project, environment=environment)

    assert ended(container) != 0
    assert said in container.logs().decode()


def test_another_major_refuses_the_volume(docker_project: DockerProject) -> None:
    options = with_files(docker_project, {}, PGDATA=DATA)
    first = start(docker_project, **options)
    connected(first).close()
    first.stop(timeout=20)

    second = start(docker_project, OTHER_MAJOR_IMAGE, **options)

    assert ended(second) != 0
    assert "not compatible with this version 18" in second.logs().decode()
