"""The database as a service: one description for the Docker backend and for `compose.yaml`."""

from __future__ import annotations

from sportsplat.infra.service import SECRETS_DIR, HealthCheck, Mount, Published, Service

NAME = "postgres"
PORT = 5432
DATA_TARGET = "/var/lib/postgresql/data"
"""Where the volume is mounted; images of PostgreSQL 18 and later would keep their data elsewhere."""

INIT_TARGET = "/docker-entrypoint-initdb.d"
SECRET = "postgres_password"  # noqa: S105 (the name of a file)


def postgres_service(
    *,
    image: str,
    user: str,
    database: str,
    host_port: str,
    memory: str,
    cpus: str,
    volume: str,
    init_dir: str,
    secret_file: str,
    address: str = "127.0.0.1",
) -> Service:
    """Describe a PostgreSQL that initialises itself on an empty volume, and serves on loopback only.

    Each value is final text, or `${VARIABLE:-default}`. `init_dir`: the folder of scripts that the image runs
    once. `secret_file`: a file of the host with the password. Locale and encoding are those of the embedded
    server, so that text sorts alike everywhere.
    """
    return Service(
        name=NAME,
        image=image,
        health=HealthCheck(
            # Over TCP: while it initialises itself the server listens on its socket only.
            command=(
                "pg_isready",
                "--quiet",
                "--host=127.0.0.1",
                f"--port={PORT}",
                f"--username={user}",
                f"--dbname={database}",
            ),
        ),
        environment={
            "POSTGRES_USER": user,
            "POSTGRES_DB": database,
            "POSTGRES_PASSWORD_FILE": f"{SECRETS_DIR}/{SECRET}",
            "PGDATA": DATA_TARGET,
            "POSTGRES_INITDB_ARGS": "--encoding=UTF8 --locale=C.UTF-8 --lc-messages=C",
            "TZ": "UTC",
        },
        mounts=(
            Mount("volume", volume, DATA_TARGET),
            Mount("bind", init_dir, INIT_TARGET, read_only=True),
        ),
        secrets={SECRET: secret_file},
        published=Published(PORT, host_port, address),
        memory=memory,
        shared_memory="256m",
        cpus=cpus,
    )
