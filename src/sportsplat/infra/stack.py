"""The API as a service beside the database: one description for `up --stack` and for `compose.yaml`."""

from __future__ import annotations

from sportsplat.infra import postgres_service
from sportsplat.infra.service import SECRETS_DIR, HealthCheck, Mount, Published, Service

NAME = "api"
PORT = 8000
PROJECT_TARGET = "/app"
"""The image's working folder: what it finds in `config/` there are the project's own leagues."""

CHECKOUT_TARGET = "/checkout"
_FROM_CHECKOUT = ("config", "migrations", "src")

MEMORY = "512m"
CPUS = "1.0"
STOP_S = 10

_ALIVE = (
    f"import http.client as h; c = h.HTTPConnection('127.0.0.1', {PORT}, timeout=3); "
    "c.request('GET', '/health'); raise SystemExit(c.getresponse().status != 200)"
)


def api_service(
    *,
    image: str,
    user: str,
    database: str,
    host_port: str,
    secret_file: str,
    config_dir: str | None,
    checkout: str | None = None,
    address: str = "127.0.0.1",
) -> Service:
    """Describe the API: it reaches the database by the name of its service and serves on loopback only.

    Each value is final text, or `${VARIABLE:-default}`; `user` and `database` fit into a URL as they are.
    `secret_file`: a file of the host with the database's password. `config_dir`: the project's `config/`;
    None: the one in the image. `checkout`: for development, the folder whose `src/`, `migrations/` and
    `config/` stand in the place of the image's, and whose changes are served at once.
    """
    return Service(
        name=NAME,
        image=image,
        command=_command(reload=checkout is not None),
        health=HealthCheck(
            command=("python", "-c", _ALIVE), interval_s=10.0, timeout_s=5.0, retries=3, start_period_s=30.0
        ),
        environment=_environment(user, database) | ({} if checkout is None else _from_source()),
        mounts=_mounts(config_dir, checkout),
        secrets={postgres_service.SECRET: secret_file},
        published=Published(PORT, host_port, address),
        memory=MEMORY,
        cpus=CPUS,
        stop_grace_s=STOP_S,
        depends_on=(postgres_service.NAME,),
    )


def _command(*, reload: bool) -> tuple[str, ...]:
    serve = ("sportsplat", "serve", "--host", "0.0.0.0", "--port", str(PORT))  # noqa: S104 (the container's own)
    return (*serve, "--reload") if reload else serve


def _environment(user: str, database: str) -> dict[str, str]:
    """Return the way to the database; the password is in a file, so `inspect` shows none."""
    return {
        # The project's own settings.yaml may well say docker: from in here the database is somebody else's.
        "SPORTSPLAT_INFRA__BACKEND": "external",
        "DATABASE_URL": f"postgresql://{user}@{postgres_service.NAME}:{postgres_service.PORT}/{database}",
        "POSTGRES_PASSWORD_FILE": f"{SECRETS_DIR}/{postgres_service.SECRET}",
    }


def _from_source() -> dict[str, str]:
    return {"PYTHONPATH": f"{CHECKOUT_TARGET}/src"}


def _mounts(config_dir: str | None, checkout: str | None) -> tuple[Mount, ...]:
    folders = [] if config_dir is None else [(config_dir, f"{PROJECT_TARGET}/config")]
    if checkout is not None:
        folders += [(f"{checkout}/{name}", f"{CHECKOUT_TARGET}/{name}") for name in _FROM_CHECKOUT]
    return tuple(Mount("bind", source, target, read_only=True) for source, target in folders)
