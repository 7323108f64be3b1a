"""The API beside bare routes that return the same bytes, in turn, by wrk at several numbers of connections.

Each server is one process of its own on the same HTTP stack; ours reads the predictions of a simulated league
from an embedded PostgreSQL at every request. Seconds are per request (1 / throughput).
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.bench_command import SPORTSPLAT, process
from benchmarks.common import BenchRow

CONNECTIONS = (32, 64, 256, 400)
GOAL_RATIO = 1.25  # 0.8 times the throughput of a FastAPI route that returns stored bytes
PATH = "/v1/predictions?league=sim"
REPEATS, RUN_S = 3, 3
ROOT = Path(__file__).resolve().parent.parent


def rows() -> list[BenchRow]:
    """Serve a simulated league and load it; one row for each number of connections."""
    if shutil.which("wrk") is None:
        return [BenchRow(_name(count), None, note="wrk is not installed") for count in CONNECTIONS]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sportsplat-bench-")))
        stack.callback(process, (SPORTSPLAT, "down"), folder)
        process((SPORTSPLAT, "quickstart", "--seasons", "4"), folder)
        ours = stack.enter_context(_served((SPORTSPLAT, "serve"), folder, PATH))
        body = folder / "body.json"
        body.write_bytes(_read(ours))
        bare = [
            stack.enter_context(
                _served(
                    (sys.executable, "-m", "uvicorn", "--no-access-log", f"benchmarks.bare_api:{app}"),
                    ROOT,
                    "/",
                    BARE_API_BODY=str(body),
                )
            )
            for app in ("fastapi_app", "starlette_app")
        ]
        return [_row(count, ours, *bare) for count in CONNECTIONS]


@dataclass(frozen=True)
class Load:
    """What wrk saw: requests a second, the 99th percentile of the latency, answers that are errors."""

    per_second: float
    p99: str
    errors: int


def _name(count: int) -> str:
    return f"API predictions, {count} connections"


def _row(count: int, ours: str, fastapi: str, starlette: str) -> BenchRow:
    rounds = [[_wrk(url, count) for url in (ours, fastapi, starlette)] for _ in range(REPEATS)]
    ours_s, fastapi_s, starlette_s = (
        statistics.median(load.per_second for load in loads) for loads in zip(*rounds, strict=True)
    )
    errors = sum(loads[0].errors for loads in rounds)
    note = (
        f"{ours_s:,.0f} of {fastapi_s:,.0f} requests/s; bare Starlette {starlette_s:,.0f}; "
        f"p99 {rounds[-1][0].p99}; {errors} errors"
    )
    return BenchRow(_name(count), 1 / ours_s, 1 / fastapi_s, GOAL_RATIO, note)


def _wrk(url: str, count: int) -> Load:
    command = ("wrk", "-t1", f"-c{count}", f"-d{RUN_S}s", "--timeout", "10s", "--latency", url)
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    errors = sum(int(found) for found in re.findall(r"Non-2xx or 3xx responses: (\d+)", said))
    for line in re.findall(r"Socket errors: (.+)", said):
        errors += sum(int(found) for found in re.findall(r"\d+", line))
    rate, p99 = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+(\S+)", said)
    assert rate is not None
    assert p99 is not None
    return Load(max(float(rate[1]), 0.001), p99[1], errors)


@contextmanager
def _served(command: tuple[str, ...], folder: Path, path: str, **variables: str) -> Iterator[str]:
    """Run a server on a free port; its URL once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "SPORTSPLAT_INFRA__BACKEND": "embedded", **variables}
    environment.pop("DATABASE_URL", None)
    server = subprocess.Popen(
        (*command, "--port", str(port)),
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}{path}"
    try:
        _wait_for(url)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            _read(url)
            return
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _read(url: str) -> bytes:
    return httpx.get(url, timeout=30, trust_env=False).raise_for_status().content
