"""A service in a container, defined once: the Docker backend runs it, `compose.yaml` is rendered from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sportsplat.infra.api_login import API_SECRET, API_USER

SECRETS_DIR = "/run/secrets"
"""Where a service finds its secrets, each in a file of its own."""


@dataclass(frozen=True)
class Mount:
    """A named volume or a path of the host, at `target` inside the container."""

    kind: Literal["volume", "bind"]
    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class Published:
    """A port of the container, reachable on one address of the host."""

    container_port: int
    host_port: str
    address: str = "127.0.0.1"


@dataclass(frozen=True)
class HealthCheck:
    """A command inside the container whose exit code tells whether it serves. Times in seconds."""

    command: tuple[str, ...]
    interval_s: float = 2.0
    timeout_s: float = 3.0
    retries: int = 30
    start_period_s: float = 30.0


@dataclass(frozen=True)
class Service:
    """One container. Values are final text, or `${VARIABLE:-default}` where `compose.yaml` leaves a choice.

    `secrets`: name in SECRETS_DIR to the file on the host. `memory`: like `512m`. `networks`: the private
    network is the only one; in it `name` is the service's host name.
    """

    name: str
    image: str
    health: HealthCheck
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    published: Published | None = None
    restart: str = "unless-stopped"
    memory: str = "1g"
    shared_memory: str = "64m"
    cpus: str = "2.0"
    stop_grace_s: int = 60
    depends_on: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Return a hash of all that makes one container differ from another; secrets' values do not."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


PROJECT_LABEL = "io.sportsplat.project"
SERVICE_LABEL = "io.sportsplat.service"
CONFIG_LABEL = "io.sportsplat.config"
DESCRIPTION_LABEL = "io.sportsplat.description"
"""The description itself, so that the next `up` can say which setting changed."""

_UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}
_SETTING_OF = {
    "published": "port",
    "shared_memory": "shared memory",
    "health": "health check",
    "mounts": "folders",
    "environment": "variables",
}


def to_engine(
    service: Service, project: str, network: str, *, cpus: float | None = None, image: str | None = None
) -> dict[str, Any]:
    """Return the body that creates the service's container on a private network, where its name is its host.

    cpus: in the place of the service's own limit, for an engine that has fewer. image: an id, where the name
    could mean another image a moment later.
    """
    return {
        "Image": image or service.image,
        "Cmd": list(service.command) or None,
        "Env": [f"{name}={value}" for name, value in service.environment.items()],
        "Labels": labels(service, project),
        "Healthcheck": {
            "Test": ["CMD", *service.health.command],
            "Interval": _nanoseconds(service.health.interval_s),
            "Timeout": _nanoseconds(service.health.timeout_s),
            "Retries": service.health.retries,
            "StartPeriod": _nanoseconds(service.health.start_period_s),
        },
        "StopTimeout": service.stop_grace_s,
        "ExposedPorts": {key: {} for key in _bindings(service)},
        "HostConfig": {
            "NetworkMode": network,
            "Mounts": [*map(_mount, service.mounts), *_secrets(service)],
            "PortBindings": _bindings(service),
            "RestartPolicy": {"Name": service.restart},
            "Memory": byte_size(service.memory),
            "ShmSize": byte_size(service.shared_memory),
            "NanoCpus": _nanoseconds(float(service.cpus) if cpus is None else cpus),
        },
        "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": [service.name]}}},
    }


def labels(service: Service, project: str) -> dict[str, str]:
    """Return the labels of a service's container."""
    return {
        PROJECT_LABEL: project,
        SERVICE_LABEL: service.name,
        CONFIG_LABEL: service.fingerprint(),
        DESCRIPTION_LABEL: json.dumps(asdict(service), sort_keys=True),
    }


def changed(service: Service, before: Mapping[str, str]) -> list[str]:
    """Return what differs from the container with the labels `before`, in the settings' words."""
    try:
        description = json.loads(before.get(DESCRIPTION_LABEL, ""))
    except ValueError:
        return ["version"]
    now = json.loads(json.dumps(asdict(service)))
    names = [name for name in now if description.get(name) != now[name]]
    return [_SETTING_OF.get(name, name) for name in names] or ["version"]


def byte_size(text: str) -> int:
    """Return the bytes of a size like `512m`: k, m and g are powers of 1024."""
    return int(text[:-1]) * _UNITS[text[-1]]


def _bindings(service: Service) -> dict[str, list[dict[str, str]]]:
    port = service.published
    if port is None:
        return {}
    return {f"{port.container_port}/tcp": [{"HostIp": port.address, "HostPort": port.host_port}]}


def _mount(mount: Mount) -> dict[str, Any]:
    return {
        "Type": mount.kind,
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
    }


def _secrets(service: Service) -> list[dict[str, Any]]:
    return [
        _mount(Mount("bind", file, f"{SECRETS_DIR}/{name}", read_only=True))
        for name, file in service.secrets.items()
    ]


def _nanoseconds(value: float) -> int:
    """Return billionths: of a second, and for the limit on CPUs of a CPU."""
    return round(value * 1e9)


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


API_NAME = "api"
API_PORT = 8000
PROJECT_TARGET = "/app"
"""The image's working folder: what it finds in `config/` there are the project's own leagues."""

CHECKOUT_TARGET = "/checkout"
FROM_CHECKOUT = ("config", "migrations", "src")

MEMORY = "512m"
CPUS = "1.0"
STOP_S = 10

_ALIVE = (
    f"import http.client as h; c = h.HTTPConnection('127.0.0.1', {API_PORT}, timeout=3); "
    "c.request('GET', '/health'); raise SystemExit(c.getresponse().status != 200)"
)


def api_service(
    *,
    image: str,
    database: str,
    host_port: str,
    secret_file: str,
    config_dir: str | None,
    checkout: str | None = None,
    address: str = "127.0.0.1",
) -> Service:
    """Describe the API: it reaches the database by the name of its service and serves on loopback only.

    Each value is final text, or `${VARIABLE:-default}`; `database` fits into a URL as it is. `secret_file`: a
    file of the host with the password of the API's login. `config_dir`: the project's `config/`;
    None: the one in the image. `checkout`: for development, the folder whose `src/`, `migrations/` and
    `config/` replace the image's, and whose changes are served at once.
    """
    return Service(
        name=API_NAME,
        image=image,
        command=_command(reload=checkout is not None),
        health=HealthCheck(
            command=("python", "-c", _ALIVE), interval_s=10.0, timeout_s=5.0, retries=3, start_period_s=30.0
        ),
        environment=_environment(database) | ({} if checkout is None else _from_source()),
        mounts=_mounts(config_dir, checkout),
        secrets={API_SECRET: secret_file},
        published=Published(API_PORT, host_port, address),
        memory=MEMORY,
        cpus=CPUS,
        stop_grace_s=STOP_S,
        depends_on=(NAME,),
    )


def _command(*, reload: bool) -> tuple[str, ...]:
    serve = ("sportsplat", "serve", "--host", "0.0.0.0", "--port", str(API_PORT))  # noqa: S104 (the container's own)
    return (*serve, "--reload") if reload else serve


def _environment(database: str) -> dict[str, str]:
    """Return the way to the database; the password is in a file, so `inspect` shows none."""
    return {
        # The project's own settings.yaml may well say docker: from in here the database is somebody else's.
        "SPORTSPLAT_INFRA__BACKEND": "external",
        "DATABASE_URL": f"postgresql://{API_USER}@{NAME}:{PORT}/{database}",
        "POSTGRES_PASSWORD_FILE": f"{SECRETS_DIR}/{API_SECRET}",
    }


def _from_source() -> dict[str, str]:
    return {"PYTHONPATH": f"{CHECKOUT_TARGET}/src"}


def _mounts(config_dir: str | None, checkout: str | None) -> tuple[Mount, ...]:
    folders = [] if config_dir is None else [(config_dir, f"{PROJECT_TARGET}/config")]
    if checkout is not None:
        folders += [(f"{checkout}/{name}", f"{CHECKOUT_TARGET}/{name}") for name in FROM_CHECKOUT]
    return tuple(Mount("bind", source, target, read_only=True) for source, target in folders)
