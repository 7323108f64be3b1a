"""A bash script with `--json` and jq alone goes the whole way: what a cron job or a CI step relies on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.engine import DockerProject
from tests.program import PROGRAM, environment, servers

SCRIPT = Path(__file__).with_name("pipeline.sh")
ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "tests" / "docker"
SCRIPTS = (SCRIPT, ROOT / ".ci" / "run", DOCKER / "build-images", DOCKER / "postgres" / "entrypoint")

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


def run_script(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [str(SCRIPT)],
        cwd=folder,
        env=environment(PATH=path, **variables),
        stdin=subprocess.DEVNULL,
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )


def pipeline(folder: Path, **variables: str) -> dict[str, Any]:
    """Run the script in a folder and return the object that it prints."""
    done = run_script(folder, **variables)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_script_goes_the_whole_way_on_the_embedded_server(tmp_path: Path) -> None:
    found = pipeline(tmp_path, SPORTSPLAT_INFRA__BACKEND="embedded")

    assert (found["backend"], found["matches"]) == ("embedded", 1440)
    assert found["against_elo"]["matches"] == 480
    assert servers(tmp_path) == []


def test_the_script_goes_the_whole_way_in_docker(docker_project: DockerProject) -> None:
    found = pipeline(docker_project.folder, **docker_project.variables)

    assert (found["backend"], found["matches"]) == ("docker", 1440)
    assert docker_project.leftovers() == []


@pytest.mark.slow
def test_a_step_that_fails_ends_the_script_and_leaves_nothing_running(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "settings.yaml").write_text("models:\n  min_training_matches: 5000\n")

    done = run_script(tmp_path, SPORTSPLAT_INFRA__BACKEND="embedded")

    assert done.returncode not in (0, 1), done
    assert f"sportsplat train sim --seed 7 ended with {done.returncode}" in done.stderr
    assert done.stdout == ""
    assert servers(tmp_path) == []


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_every_script_is_clean(script: Path) -> None:
    done = subprocess.run(["shellcheck", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
