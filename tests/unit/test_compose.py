"""The Compose files are what the code renders, and what a user of Compose may rely on."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from sportsplat.config.load import setting_keys
from sportsplat.config.variables import environment_variables, variables_layer
from sportsplat.infra.docker import compose
from sportsplat.infra.docker.service import SECRETS_DIR, HealthCheck, Service
from sportsplat.paths import asset_dir

_CHOICE = re.compile(r"\$\{(\w+):-")


def committed(name: str) -> str:
    return (asset_dir("compose") / name).read_text(encoding="utf-8")


def services(name: str = "compose.yaml") -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(committed(name))["services"]
    return found


def test_the_committed_files_are_what_the_code_renders() -> None:
    assert compose.stale(asset_dir("compose")) == [], "run: python -m sportsplat.infra.docker.compose"


def test_a_stale_file_is_found_and_rendered_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in compose.documents():
        shutil.copy(asset_dir("compose") / name, tmp_path)
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    monkeypatch.setattr(compose, "asset_dir", lambda _: tmp_path)

    assert compose.main(["--check"]) == 1
    assert "compose/compose.yaml is stale" in capsys.readouterr().err
    assert compose.main([]) == 0
    assert compose.main(["--check"]) == 0
    assert (tmp_path / "compose.yaml").read_text() == committed("compose.yaml")


def test_every_choice_is_a_variable_that_sportsplat_reads_too() -> None:
    """So that one `.env` serves both; a password is given by file only."""
    choices = set(_CHOICE.findall(committed("compose.yaml")))
    layer = variables_layer(
        "environment", environment_variables(dict.fromkeys(choices, "1")), setting_keys(), Path("/nowhere")
    )

    assert "POSTGRES_PORT" in choices
    assert "POSTGRES_PASSWORD" not in choices
    # a file that does not exist is the one complaint: the variable itself is known
    assert [problem.key for problem in layer.problems] == ["infra.password", "api.password"]
    assert len(layer.values) == len(choices) - 2


@pytest.mark.parametrize("name", ["postgres", "api"])
def test_a_service_serves_this_machine_only_and_has_limits(name: str) -> None:
    service = services()[name]

    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["restart"] == "unless-stopped"
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["environment"]["POSTGRES_PASSWORD_FILE"] == f"{SECRETS_DIR}/{name}_password"
    assert service["secrets"] == [f"{name}_password"]


def test_the_api_waits_for_the_database_and_finds_it_by_its_name() -> None:
    api = services()["api"]

    assert api["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }
    assert "//sportsplat_api@postgres:5432/" in api["environment"]["DATABASE_URL"]
    assert api["environment"]["SPORTSPLAT_INFRA__BACKEND"] == "external"


def test_the_overlay_adds_the_source_and_nothing_of_the_image() -> None:
    (name,) = services("compose.dev.yaml")
    overlay = services("compose.dev.yaml")[name]

    assert name == "api"
    assert overlay["environment"] == {"PYTHONPATH": "/checkout/src"}
    assert overlay["command"][-1] == "--reload"
    assert {volume.split(":")[0] for volume in overlay["volumes"]} == {
        "../config",
        "../migrations",
        "../src",
    }
    assert set(overlay) == {"command", "environment", "volumes"}


def test_a_dollar_of_a_command_is_kept_from_compose() -> None:
    health = HealthCheck(command=("sh", "-c", 'test "$HOME" = ${HOME_DIR:-/root}'))

    rendered = compose.to_compose(Service(name="one", image="one:1", health=health))

    assert rendered["healthcheck"]["test"][-1] == 'test "$$HOME" = ${HOME_DIR:-/root}'
