"""A service in the words of the Engine API, and what differs between two descriptions of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sportsplat.config.load import load_settings
from sportsplat.errors import InvalidSetting
from sportsplat.infra.docker.service import (
    CONFIG_LABEL,
    HealthCheck,
    Mount,
    Service,
    byte_size,
    changed,
    labels,
    to_engine,
)
from sportsplat.infra.docker.spec import DockerSpec, docker_spec

SPEC = DockerSpec("league", Path("/state"), Path("/.env"), memory="512m", cpus=1.5)
SERVICE = SPEC.service("league-postgres-data", 5433)


def test_the_database_in_the_engines_words() -> None:
    body = to_engine(SERVICE, "league", "league")

    assert body["Image"] == "postgres:16-alpine"
    assert body["Cmd"] is None
    assert "POSTGRES_PASSWORD_FILE=/run/secrets/postgres_password" in body["Env"]
    assert not any(line.startswith("POSTGRES_PASSWORD=") for line in body["Env"])
    assert body["Healthcheck"] == {
        "Test": ["CMD", *SERVICE.health.command],
        "Interval": 2_000_000_000,
        "Timeout": 3_000_000_000,
        "Retries": 30,
        "StartPeriod": 30_000_000_000,
    }
    host: dict[str, Any] = body["HostConfig"]
    assert host["PortBindings"] == {"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5433"}]}
    assert body["ExposedPorts"] == {"5432/tcp": {}}
    assert (host["Memory"], host["ShmSize"], host["NanoCpus"]) == (512 * 2**20, 256 * 2**20, 1_500_000_000)
    assert host["RestartPolicy"] == {"Name": "unless-stopped"}
    assert [(mount["Type"], mount["Source"], mount["ReadOnly"]) for mount in host["Mounts"]] == [
        ("volume", "league-postgres-data", False),
        ("bind", "/state/docker/init", True),
        ("bind", "/state/docker/secrets/postgres_password", True),
    ]
    assert body["NetworkingConfig"]["EndpointsConfig"] == {"league": {"Aliases": ["postgres"]}}


def test_a_service_without_a_port_publishes_none() -> None:
    quiet = Service("worker", "image", HealthCheck(("true",)), command=("sleep", "1"))
    body = to_engine(quiet, "league", "league", cpus=1.0, image="sha256:1")
    assert (body["ExposedPorts"], body["HostConfig"]["PortBindings"]) == ({}, {})
    assert (body["Image"], body["Cmd"], body["HostConfig"]["NanoCpus"]) == ("sha256:1", ["sleep", "1"], 10**9)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"memory": "1g"}, ["memory"]),
        ({"cpus": "2.0", "image": "postgres:16"}, ["image", "cpus"]),
        ({"published": None}, ["port"]),
        ({"mounts": (Mount("volume", "x", "/x"),)}, ["folders"]),
        ({"environment": {}}, ["variables"]),
    ],
)
def test_what_changed_is_named_as_the_settings_name_it(change: dict[str, Any], named: list[str]) -> None:
    before = labels(SERVICE, "league")
    assert changed(replace(SERVICE, **change), before) == named


def test_a_container_of_another_version_of_the_description_differs() -> None:
    assert changed(SERVICE, {}) == ["version"]
    assert changed(SERVICE, {**labels(SERVICE, "league"), CONFIG_LABEL: "other"}) == ["version"]


@pytest.mark.parametrize(("text", "size"), [("64k", 65536), ("512m", 536870912), ("2g", 2147483648)])
def test_sizes(text: str, size: int) -> None:
    assert byte_size(text) == size


def test_generations_of_a_volume_have_names() -> None:
    assert [SPEC.volume(number) for number in (1, 2)] == ["league-postgres-data", "league-postgres-data-2"]


@pytest.mark.parametrize("infra", [{"infra.host": "192.0.2.1"}, {"infra.user": "pg_owner"}])
def test_what_a_container_cannot_be_is_refused(tmp_path: Path, infra: dict[str, str]) -> None:
    with pytest.raises(InvalidSetting):
        docker_spec(load_settings(project_dir=tmp_path, overrides=infra, environ={}))
