"""Proxies and certificates that the system's variables name: used where they can be, else refused by name."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from sportsplat.config.load import load_settings
from sportsplat.errors import ConfigError, SourcesFailed, SourceUnavailable
from sportsplat.infra.docker.find import FoundEngine, client
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.sync import sync
from sportsplat.sources.web.http import open_fetcher
from tests.program import run
from tests.site import Site, gives, serving

if TYPE_CHECKING:
    import docker

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")
BODY = b"Div,Date,HomeTeam,AwayTeam,FTHG,FTAG\nE0,14/08/21,Acton,Barnes,2,1\n"
SECRET = "c4n4ry-p4ss"


@pytest.fixture(autouse=True)
def _no_variables_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("SPORTSPLAT_SOURCES__ATTEMPTS", "1")
    monkeypatch.setenv("SPORTSPLAT_PROJECT_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as server:
        server.answers = [gives(200, BODY)]
        yield server


def fetch(url: str) -> bytes:
    with open_fetcher(load_settings(), "football-data") as fetcher:
        return fetcher.get(url, what="the season").data


@contextmanager
def listening(serve: Callable[[socket.socket], None], family: int = socket.AF_INET) -> Iterator[int]:
    """Serve each connection in a thread of its own; yield the port."""
    with socket.create_server(
        ("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family
    ) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def join(first: socket.socket, second: socket.socket) -> None:
    """Pass bytes both ways until one side ends."""

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=pump, args=(second, first), daemon=True)
    back.start()
    pump(first, second)
    back.join()
    first.close()
    second.close()


@contextmanager
def socks_proxy() -> Iterator[tuple[int, list[str]]]:
    """A SOCKS5 proxy without login; yield its port, and the hosts that it was asked for."""
    asked: list[str] = []

    def serve(connection: socket.socket) -> None:
        connection.recv(connection.recv(2)[1])
        connection.sendall(b"\x05\x00")
        kind = connection.recv(4)[3]
        host = (
            socket.inet_ntoa(connection.recv(4))
            if kind == 1
            else connection.recv(connection.recv(1)[0]).decode()
        )
        port = int.from_bytes(connection.recv(2), "big")
        asked.append(host)
        connection.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        join(connection, socket.create_connection((host, port)))

    with listening(serve) as port:
        yield port, asked


@pytest.mark.parametrize("variable", ["ALL_PROXY", "HTTP_PROXY", "http_proxy"])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_is_used(
    site: Site, variable: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socks_proxy() as (port, asked):
        monkeypatch.setenv(variable, f"{scheme}://127.0.0.1:{port}")
        assert fetch(f"{site.url}/E0.csv") == BODY
    assert asked == ["127.0.0.1"]


def test_an_http_proxy_is_used_and_hosts_are_excepted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{site.server_port}")
    assert fetch("http://far.invalid/E0.csv") == BODY
    assert site.asked[0][0] == "http://far.invalid/E0.csv"

    monkeypatch.setenv("NO_PROXY", "localhost, 127.0.0.1,[::1]")
    assert fetch(f"{site.url}/direct.csv") == BODY
    assert site.asked[1][0] == "/direct.csv"


@pytest.mark.parametrize("written", ["[::1]", "::1", "*", "[::1]:80,http://[,,[::1"])
def test_an_address_in_brackets_is_an_exception_as_any_other(
    written: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(connection: socket.socket) -> None:
        with closing(connection):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY))

    monkeypatch.setenv("http_proxy", site.url)
    monkeypatch.setenv("no_proxy", written)
    try:
        with listening(answer, socket.AF_INET6) as port:
            assert fetch(f"http://[::1]:{port}/E0.csv") == BODY
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    assert bool(site.asked) == written.startswith("[::1]:")  # that is another port


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "socks4://127.0.0.1:1"),
        ("ALL_PROXY", "socks://127.0.0.1:1"),
        ("HTTPS_PROXY", "htp://proxy:3128"),
        ("HTTPS_PROXY", "http://proxy:port"),
        ("HTTPS_PROXY", "http://"),
        ("https_proxy", f"http://me:{SECRET}@[::1"),
        ("https_proxy", f"http://me:{SECRET} 1@proxy port"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem"),
        ("SSL_CERT_FILE", "/"),
        ("SSL_CERT_FILE", "/etc/hostname"),
        ("SSL_CERT_DIR", "/nowhere/certs"),
    ],
)
def test_what_cannot_be_used_is_named_by_fetch_and_doctor(
    variable: str, value: str, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as refused:
        fetch(f"{site.url}/E0.csv")
    assert refused.value.error_code == "NETWORK_SETTING"
    assert variable in refused.value.message
    assert SECRET not in f"{refused.value.to_dict()}"

    ran = run(tmp_path, "doctor", "--json", **{variable: value})  # type: ignore[arg-type]
    rows = {row["name"]: row for row in ran.error["details"]["checks"]}
    row = rows["internet_settings"]
    assert row["state"] == "fail"
    assert variable in row["seen"]
    assert variable in row["fix"]
    assert SECRET not in ran.stdout + ran.stderr


def test_in_a_sync_each_source_fails_alone_and_says_why(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(SourcesFailed) as failed:
        sync(context, ["epl", "nfl"])
    report = failed.value.details["report"]
    asked = [row for row in report.sources if row.status != "skipped"]
    assert len(asked) >= 3
    assert {row.status for row in asked} == {"failed"}
    for row in asked:
        assert "SSL_CERT_FILE" in (row.reason or "")


def test_no_network_reads_as_no_network() -> None:
    with pytest.raises(SourceUnavailable) as refused:
        fetch("http://no-such-host.invalid/E0.csv")
    assert refused.value.error_code == "NO_NETWORK"
    assert "no-such-host.invalid cannot be reached from here" in refused.value.message


def test_a_proxy_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://me:{SECRET}@127.0.0.1:1")
    with pytest.raises(SourceUnavailable) as refused:
        fetch("http://far.invalid/E0.csv")
    assert refused.value.error_code == "SOURCE_UNAVAILABLE"
    assert "through the proxy http://***@127.0.0.1:1 (ALL_PROXY)" in (refused.value.cause or "")
    assert SECRET not in f"{refused.value.to_dict()}"


@pytest.mark.docker
def test_the_engine_on_this_machine_is_asked_without_a_proxy(
    engine: docker.DockerClient, found_engine: FoundEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(connection: socket.socket) -> None:
        behind = socket.socket(socket.AF_UNIX)
        behind.connect(found_engine.endpoint.removeprefix("unix://"))
        join(connection, behind)

    for value in ("socks5://127.0.0.1:1", "htp://x:y"):
        monkeypatch.setenv("ALL_PROXY", value)
        monkeypatch.setenv("HTTP_PROXY", value)
        with listening(serve) as port:
            reached = client(FoundEngine(f"tcp://127.0.0.1:{port}", "test", "docker"), 10)
            assert reached.ping()
            assert reached.version()["ApiVersion"] == engine.version()["ApiVersion"]
            reached.close()


def test_httpx_reads_no_variable_by_itself(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what the library does with such a variable is a crash."""
    monkeypatch.setenv("no_proxy", "[::1]")
    monkeypatch.setenv("http_proxy", site.url)
    with pytest.raises(httpx.InvalidURL):
        httpx.Client()
