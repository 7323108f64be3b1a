"""A container that restarts loses its port: what another server answers there is not believed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from sportsplat.errors import DataConflict
from sportsplat.infra.docker import watch as module
from sportsplat.infra.docker.client import ProjectEngine
from sportsplat.infra.docker.container import Container
from sportsplat.infra.docker.readiness import ProbeResult
from sportsplat.infra.docker.spec import DockerSpec
from sportsplat.infra.docker.volume import Volume
from sportsplat.infra.docker.watch import StartupWatch
from sportsplat.infra.environment import Endpoint
from sportsplat.infra.query import RefusedError
from sportsplat.infra.state_folder import StateFolder

RUNNING = Container("id", "p-postgres", "running", {}, 0, 0, False, 5433, frozenset())
RESTARTING = replace(RUNNING, status="restarting", restarts=1)
BACK = replace(RUNNING, restarts=1)
REFUSED = RefusedError("no such user", "28P01")
OTHER = ProbeResult("head", "16.4", "7/2", [])
OURS = ProbeResult("head", "16.4", "7/1", [])


class Engine:
    """An engine whose container is in one state after the other, and stays in the last."""

    def __init__(self, *states: Container) -> None:
        self.states: Iterator[Container] = iter(states)
        self.last = states[0]

    def container(self, _name: str) -> Container:
        self.last = next(self.states, self.last)
        return self.last


def waited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine, answers: list[Any]
) -> ProbeResult:
    """Return what `until_ready` returns when the port answers so, the last answer again and again."""

    def probe(_endpoint: Endpoint, _question: str | None) -> ProbeResult:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, RefusedError):
            raise answer
        assert isinstance(answer, ProbeResult)
        return answer

    monkeypatch.setattr(module, "probe", probe)
    monkeypatch.setattr(module, "marker_inside", lambda *_: None)
    StateFolder(tmp_path).update(backend="docker", project="p", volume="v", docker_cluster="7/1")
    spec = DockerSpec("p", tmp_path, tmp_path / ".env")
    watch = StartupWatch(cast("ProjectEngine", engine), spec, RUNNING, Volume("v", 1, {}), fresh=False)
    return watch.until_ready(Endpoint("127.0.0.1", 5433, "d", "u", "w"), time.monotonic() + 20, 20)


@pytest.mark.parametrize("other", [REFUSED, OTHER, replace(OURS, marker=None)])
def test_another_server_on_the_port_is_not_believed_while_the_container_restarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: object
) -> None:
    engine = Engine(RESTARTING, RESTARTING, BACK)
    assert waited(tmp_path, monkeypatch, engine, [other, other, other, OURS]) == OURS


@pytest.mark.parametrize("other", [REFUSED, OTHER, replace(OURS, marker=None)])
def test_the_answer_of_a_container_that_runs_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: object
) -> None:
    with pytest.raises(DataConflict) as refused:
        waited(tmp_path, monkeypatch, Engine(RUNNING), [other])
    assert refused.value.error_code == "DATA_MISSING"
