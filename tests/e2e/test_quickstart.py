"""What a new user does first: the quickstart in an empty folder, and its result served over HTTP."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.program import PROGRAM, Ran, environment
from tests.program import run as run_program


def run(project: Path, *words: str) -> Ran:
    """Run the program on its own embedded database; the quickstart takes its time on a busy machine."""
    return run_program(project, *words, timeout_s=400, SPORTSPLAT_INFRA__BACKEND="embedded")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("quickstart")
    yield folder
    run(folder, "down")


@pytest.fixture(scope="module")
def first(project: Path) -> Ran:
    return run(project, "quickstart", "--seasons", "5", "--json")


def test_the_quickstart_ends_between_the_truth_and_the_base_rate(first: Ran) -> None:
    losses = first.data["log_loss"]
    assert losses["truth"] < losses["model"] < losses["base_rate"]
    assert losses["truth"] < losses["market"]
    paired = first.data["backtest"]["paired"]
    assert set(paired) >= {"base_rate", "elo", "market", "truth"}
    assert {found["matches"] for found in paired.values()} == {first.data["backtest"]["matches"]}


def test_what_it_stored_and_wrote_is_there(first: Ran, project: Path) -> None:
    assert first.data["ingest"]["matches"]["inserted"] == 5 * 480
    assert first.data["ingest"]["quarantined"] == 0
    report = (project / first.data["report"]).read_text()
    assert "<script src=" not in report
    assert "plotly" in report.lower()


def test_a_second_run_takes_what_it_finds(first: Ran, project: Path) -> None:
    again = run(project, "quickstart", "--seasons", "5")
    assert again.exit_code == 0, again
    assert f"{first.data['log_loss']['model']:.4f}" in again.stdout
    assert f"{PROGRAM} serve" in again.stdout
    assert "Traceback" not in again.stderr


@pytest.fixture
def served(first: Ran, project: Path) -> Iterator[httpx.Client]:
    assert first.exit_code == 0
    port = free_port()
    server = subprocess.Popen(
        [PROGRAM, "serve", "--port", str(port)],
        cwd=project,
        env=environment(SPORTSPLAT_INFRA__BACKEND="embedded"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        wait_for(client, server)
        yield client
    server.terminate()
    server.communicate(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(client: httpx.Client, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert server.poll() is None, server.communicate()
        try:
            client.get("/health")
            return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the server did not answer within 30 s")


def test_the_server_is_ready_and_gives_the_predictions(served: httpx.Client, first: Ran) -> None:
    assert served.get("/ready").json()["ready"] is True
    answer: dict[str, Any] = served.get("/v1/predictions", params={"league": "sim"}).json()
    assert len(answer["predictions"]) == len(first.data["predictions"]["predictions"])
    for prediction in answer["predictions"]:
        assert sum(prediction["probabilities"].values()) == pytest.approx(1)
        assert prediction["match"]["status"] == "scheduled"


def test_a_taken_port_is_a_conflict_with_a_way_out(served: httpx.Client, project: Path) -> None:
    port = served.base_url.port
    refused = run(project, "serve", "--port", str(port), "--json")
    assert refused.exit_code == 5
    assert refused.error["code"] == "PORT_TAKEN"
    assert "--port" in refused.error["fix"]


def test_serving_without_a_database_says_what_to_do(tmp_path: Path) -> None:
    assert run(tmp_path, "serve", "--json").error["code"] == "NO_PROJECT"
    run(tmp_path, "config", "init")
    refused = run(tmp_path, "serve", "--json")
    assert refused.exit_code == 4
    assert "sportsplat up" in refused.error["fix"]


def test_a_polite_request_to_stop_ends_it_as_ctrl_c_does(tmp_path: Path) -> None:
    program = subprocess.Popen(
        [PROGRAM, "quickstart", "--json"],
        cwd=tmp_path,
        env=environment(SPORTSPLAT_INFRA__BACKEND="embedded"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stderr is not None
    assert any("simulating" in line for line in iter(program.stderr.readline, ""))
    program.terminate()
    answer, _ = program.communicate(timeout=60)
    assert program.returncode == 130
    assert json.loads(answer)["error"]["code"] == "INTERRUPTED"
    assert run(tmp_path, "down").exit_code == 0
