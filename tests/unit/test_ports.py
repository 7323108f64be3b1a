"""The port of the embedded server: remembered, else the usual one, else a free one; never somebody else's."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from sportsplat.errors import ResourceConflict
from sportsplat.infra import ports

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
    assert list(ports.candidates(free, 4000, HOST)) == [free]


def test_a_fixed_port_that_is_taken_is_refused_and_its_holder_named(taken: int) -> None:
    with pytest.raises(ResourceConflict) as refused:
        list(ports.candidates(taken, None, HOST))

    assert refused.value.error_code == "PORT_TAKEN"
    assert f"process {os.getpid()}" in (refused.value.cause or "")
    assert "--port auto" in (refused.value.fix or "")


def test_auto_begins_with_the_remembered_port(free: int) -> None:
    assert next(ports.candidates("auto", free, HOST)) == free


def test_auto_passes_over_a_remembered_port_that_is_taken(taken: int) -> None:
    found = list(ports.candidates("auto", taken, HOST))

    assert taken not in found
    assert len(found) >= 5
    assert len(set(found)) == len(found)


def test_auto_passes_over_the_usual_port_when_it_is_taken(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "USUAL", taken)

    assert taken not in list(ports.candidates("auto", None, HOST))
