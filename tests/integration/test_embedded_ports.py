"""Ports of an embedded server that somebody else has: named, or replaced where that is allowed."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from sportsplat.errors import ResourceConflict
from sportsplat.infra import ports
from tests.embedded import Make
from tests.program import main_servers

pytestmark = pytest.mark.fault


def test_a_fixed_port_that_is_taken_is_refused_and_auto_finds_another(made: Make, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        with pytest.raises(ResourceConflict) as refused:
            made(tmp_path, port=taken).ensure(60)
        assert f"process {os.getpid()}" in (refused.value.cause or "")

        endpoint = made(tmp_path).ensure(60).endpoint
        assert endpoint.port != taken
        made(tmp_path).stop()
        assert made(tmp_path).ensure(60).endpoint.port == endpoint.port


def test_a_port_lost_in_a_race_at_bind_is_replaced(
    made: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Free when asked for, taken when bound: the first candidate is one that somebody holds."""
    environment = made(tmp_path)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        asked: list[int] = []

        def is_free(port: int, host: str) -> bool:
            asked.append(port)
            return True

        monkeypatch.setattr(ports, "is_free", is_free)
        monkeypatch.setattr(ports, "USUAL", taken)
        endpoint = environment.ensure(60).endpoint

    assert asked[0] == taken
    assert endpoint.port != taken


def test_another_fixed_port_moves_the_running_server(made: Make, tmp_path: Path) -> None:
    first = made(tmp_path).ensure(60).endpoint
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        wanted = probe.getsockname()[1]

    moved = made(tmp_path, port=wanted).ensure(60)

    assert moved.endpoint.port == wanted
    assert moved.actions[0] == f"stopped PostgreSQL: it was on port {first.port}, and is to be on {wanted}"
    assert len(main_servers(tmp_path)) == 1


def test_a_fixed_port_that_is_taken_does_not_stop_what_runs(made: Make, tmp_path: Path) -> None:
    first = made(tmp_path).ensure(60).endpoint
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(ResourceConflict, match="taken"):
            made(tmp_path, port=listener.getsockname()[1]).ensure(60)
    assert made(tmp_path).status().state == "running"
    assert made(tmp_path).endpoint().port == first.port
