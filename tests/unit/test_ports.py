"""The port of the embedded server: remembered, else the usual one, else a free one; never somebody else's."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from sportsplat.errors import ResourceConflict
from sportsplat.infra import ports
from sportsplat.infra.ports import PortRequest

HOST = "127.0.0.1"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def test_a_fixed_port_is_the_only_candidate(free: int) -> None:
    assert list(PortRequest(free, HOST, remembered=4000).candidates()) == [free]


def test_a_fixed_port_that_is_taken_is_refused_and_its_holder_named(taken: int) -> None:
    with pytest.raises(ResourceConflict) as refused:
        list(PortRequest(taken, HOST).candidates())

    assert refused.value.error_code == "PORT_TAKEN"
    assert f"process {os.getpid()}" in (refused.value.cause or "")
    assert "--port auto" in (refused.value.fix or "")


def test_auto_begins_with_the_remembered_port(free: int) -> None:
    assert next(PortRequest("auto", HOST, remembered=free).candidates()) == free


def test_auto_passes_over_a_remembered_port_that_is_taken(taken: int) -> None:
    found = list(PortRequest("auto", HOST, remembered=taken).candidates())

    assert taken not in found
    assert len(found) >= 5
    assert len(set(found)) == len(found)


def test_auto_passes_over_the_usual_port_when_it_is_taken(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "USUAL", taken)

    assert taken not in list(PortRequest("auto", HOST).candidates())


def test_the_port_that_a_server_has_is_its_first_candidate_and_not_asked_for(taken: int) -> None:
    assert next(PortRequest("auto", HOST, own=taken).candidates()) == taken
    assert list(PortRequest(taken, HOST, own=taken).candidates()) == [taken]


def test_a_port_lost_after_it_was_free_is_replaced_where_that_is_allowed(free: int) -> None:
    asked: list[int] = []

    def start(port: int) -> str | None:
        asked.append(port)
        return None if len(asked) == 1 else f"on {port}"

    assert PortRequest("auto", HOST, remembered=free).start(start) == f"on {asked[1]}"
    with pytest.raises(ResourceConflict) as refused:
        PortRequest(free, HOST, container_on=lambda _: "x").start(lambda _: None)
    assert refused.value.cause == "the container x has it; infra.port asks for exactly this port"
