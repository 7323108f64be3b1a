"""`compose.yaml` and its overlay for development, rendered from the services that `up --stack` runs.

python -m sportsplat.infra.docker.compose            write both files
python -m sportsplat.infra.docker.compose --check    report whether they are up to date; exit code 1 when not
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from sportsplat.infra import api_login
from sportsplat.infra.docker.service import (
    NAME,
    PORT,
    SECRET,
    SECRETS_DIR,
    SERVICE_LABEL,
    Mount,
    Service,
    api_service,
    postgres_service,
)
from sportsplat.infra.passwords import PASSWORD_CHARACTERS
from sportsplat.paths import asset_dir

_RENDERED = (
    "# Rendered by `python -m sportsplat.infra.docker.compose`: make changes in sportsplat/infra, not here.\n"
)
_RANDOM_BYTES = -(-PASSWORD_CHARACTERS * 3 // 4)  # base64 has 6 bits a character
_HEAD = f"""\
# The database and the API for Docker Compose. `sportsplat up --stack` runs the same containers.
# The passwords of the owner and of the API are in files that only you and the containers can reach. Run once:
#   install -d -m 700 .sportsplat/compose
#   (umask 022; cd .sportsplat/compose; for name in postgres api; do
#    head -c {_RANDOM_BYTES} /dev/urandom | base64 > ${{name}}_password; done)
#   docker compose -p sportsplat -f compose/compose.yaml up -d --build
"""
_DEV_HEAD = """\
# For development: uses the code of this checkout instead of the image's, and reloads it after a change.
#   docker compose -p sportsplat -f compose/compose.yaml -f compose/compose.dev.yaml up -d --build
"""
_VOLUME = "postgres-data"
_HERE = ".."
"""The repository, from the folder of the Compose files."""


class _Words(list[str]):
    """A list that is written on one line."""


def documents() -> dict[str, str]:
    """Return the text of each Compose file by its name."""
    postgres, api, developed = _postgres(), _api(), _api(checkout=_HERE)
    served = to_compose(api)
    served["depends_on"][_MIGRATE] = {"condition": "service_completed_successfully"}
    stack = {
        "services": {
            postgres.name: to_compose(postgres),
            _MIGRATE: _build() | _migrate(api),
            api.name: _build() | served,
        },
        "volumes": {_VOLUME: {}},
        "secrets": {name: {"file": file} for name, file in {**postgres.secrets, **api.secrets}.items()},
    }
    overlay = {"services": {api.name: _added(to_compose(api), to_compose(developed))}}
    return {
        "compose.yaml": _HEAD + _RENDERED + _yaml(stack),
        "compose.dev.yaml": _DEV_HEAD + _RENDERED + _yaml(overlay),
    }


def _build() -> dict[str, Any]:
    return {"build": {"context": _HERE, "dockerfile": "compose/Dockerfile"}}


_USER = "${POSTGRES_USER:-sportsplat}"
_DATABASE = "${POSTGRES_DB:-sportsplat}"
_OWNER_SECRET = f"${{POSTGRES_PASSWORD_FILE:-{_HERE}/.sportsplat/compose/{SECRET}}}"
_API_SECRET = f"${{SPORTSPLAT_API__PASSWORD_FILE:-{_HERE}/.sportsplat/compose/{api_login.API_SECRET}}}"
_MIGRATE = "migrate"


def _postgres() -> Service:
    """Return the database with its choices left open, under the variables that the settings have too."""
    return postgres_service(
        user=_USER,
        database=_DATABASE,
        secret_file=_OWNER_SECRET,
        image="${SPORTSPLAT_INFRA__IMAGE:-postgres:16-alpine}",
        host_port="${POSTGRES_PORT:-5432}",
        memory="${SPORTSPLAT_INFRA__MEMORY:-1g}",
        cpus="${SPORTSPLAT_INFRA__CPUS:-2.0}",
        volume=_VOLUME,
        init_dir="./postgres/init",
    )


def _api(checkout: str | None = None) -> Service:
    return api_service(
        database=_DATABASE,
        secret_file=_API_SECRET,
        image="${SPORTSPLAT_INFRA__API_IMAGE:-sportsplat-api}",
        host_port="${SPORTSPLAT_API__PORT:-8000}",
        config_dir=f"{_HERE}/config",
        checkout=checkout,
    )


def _migrate(api: Service) -> dict[str, Any]:
    """Return what runs before the API and ends: as the owner it updates the schema and the API's login."""
    description = to_compose(api)
    owner = {
        "DATABASE_URL": f"postgresql://{_USER}@{NAME}:{PORT}/{_DATABASE}",
        "POSTGRES_PASSWORD_FILE": f"{SECRETS_DIR}/{SECRET}",
        "SPORTSPLAT_API__PASSWORD_FILE": f"{SECRETS_DIR}/{api_login.API_SECRET}",
    }
    kept = ("image", "volumes", "depends_on", "mem_limit", "cpus")
    return {
        **{key: description[key] for key in kept},
        "command": _Words(["sh", "-c", "sportsplat db migrate && sportsplat db api-login"]),
        "restart": "no",
        "environment": description["environment"] | owner,
        "secrets": [SECRET, api_login.API_SECRET],
    }


def to_compose(service: Service) -> dict[str, Any]:
    """Return one entry of `services`: what the Docker backend gives the engine, in Compose's words."""
    found: dict[str, Any] = {
        "image": service.image,
        "command": _Words(_escaped(word) for word in service.command),
        "restart": service.restart,
        "environment": {name: _escaped(value) for name, value in service.environment.items()},
        "secrets": list(service.secrets),
        "volumes": [_volume(mount) for mount in service.mounts],
        "ports": _ports(service),
        "depends_on": {name: {"condition": "service_healthy"} for name in service.depends_on},
        "healthcheck": {
            "test": _Words(["CMD", *(_escaped(word) for word in service.health.command)]),
            "interval": _seconds(service.health.interval_s),
            "timeout": _seconds(service.health.timeout_s),
            "retries": service.health.retries,
            "start_period": _seconds(service.health.start_period_s),
        },
        "mem_limit": service.memory,
        "shm_size": service.shared_memory,
        "cpus": service.cpus,
        "stop_grace_period": _seconds(service.stop_grace_s),
        "labels": {SERVICE_LABEL: service.name},
    }
    return {key: value for key, value in found.items() if value}


def _ports(service: Service) -> list[str]:
    port = service.published
    return [] if port is None else [f"{port.address}:{port.host_port}:{port.container_port}"]


def _volume(mount: Mount) -> str:
    return f"{mount.source}:{mount.target}" + (":ro" if mount.read_only else "")


def _escaped(text: str) -> str:
    """Keep a dollar that is no `${VARIABLE}` from Compose."""
    return re.sub(r"\$(?!\{)", "$$", text)


def _seconds(value: float) -> str:
    return f"{value:g}s"


def _added(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return what an overlay must say to turn `base` into `more`; Compose merges mappings and volumes."""
    overlay: dict[str, Any] = {}
    for key, value in more.items():
        before = base.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            value = {name: item for name, item in value.items() if before.get(name) != item}
        elif key == "volumes":
            value = [item for item in value if item not in base[key]]
        elif value == before:
            continue
        if value:
            overlay[key] = value
    return overlay


def _yaml(document: dict[str, Any]) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
            super().increase_indent(flow, indentless=False)

    Dumper.add_representer(
        _Words,
        lambda dumper, words: dumper.represent_sequence("tag:yaml.org,2002:seq", words, flow_style=True),
    )
    return "\n" + yaml.dump(document, Dumper=Dumper, sort_keys=False, width=200)


def stale(folder: Path) -> list[str]:
    """Return the names of the Compose files in `folder` that are not what this code renders."""
    return [
        name
        for name, text in documents().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` list the stale ones; return the exit code."""
    folder = asset_dir("compose")
    names = stale(folder)
    if arguments == ["--check"]:
        for name in names:
            print(f"compose/{name} is stale: python -m sportsplat.infra.docker.compose", file=sys.stderr)
        return 1 if names else 0
    for name in names:
        (folder / name).write_text(documents()[name], encoding="utf-8")
        print(f"compose/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
