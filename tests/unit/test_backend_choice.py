"""`auto` takes the backend that fits, and never silently leaves the one that holds the project's data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sportsplat.config.load import load_settings
from sportsplat.config.settings import Settings
from sportsplat.errors import DataConflict, EnvironmentUnavailable, InvalidSetting
from sportsplat.infra.backend import chosen_backend, open_environment
from sportsplat.infra.embedded.spec import embedded_spec
from sportsplat.infra.state_folder import StateFolder
from tests.engine_sockets import DOCKER, answering
from tests.program import NO_ENGINE

URL = "postgresql://user:secret@db.example/sports"


@pytest.fixture
def engine_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A socket where something answers as Docker does, named by DOCKER_HOST."""
    with answering(tmp_path / "engine.sock", DOCKER) as endpoint:
        monkeypatch.setenv("DOCKER_HOST", endpoint)
        yield endpoint


def settings(folder: Path, **overrides: Any) -> Settings:
    dotted = {f"infra.{key}": value for key, value in overrides.items()}
    return load_settings(project_dir=folder, overrides=dotted, environ={})


def test_without_a_url_the_server_is_embedded(tmp_path: Path) -> None:
    assert chosen_backend(settings(tmp_path)) == "embedded"


def test_with_a_url_the_server_is_external(tmp_path: Path) -> None:
    assert chosen_backend(settings(tmp_path, database_url=URL)) == "external"


@pytest.mark.parametrize(
    ("remembered", "url", "now"),
    [("embedded", URL, "external"), ("docker", URL, "external"), ("external", None, "embedded")],
)
def test_auto_does_not_leave_the_backend_that_holds_the_data(
    tmp_path: Path, remembered: str, url: str | None, now: str
) -> None:
    StateFolder(tmp_path / ".sportsplat").update(backend=remembered)

    with pytest.raises(DataConflict) as refused:
        chosen_backend(settings(tmp_path, database_url=url))

    assert refused.value.error_code == "BACKEND_WOULD_CHANGE"
    assert f"--backend {now}" in (refused.value.fix or "")
    assert chosen_backend(settings(tmp_path, database_url=url, backend=now)) == now


def test_a_new_project_takes_docker_where_an_engine_answers(tmp_path: Path, engine_socket: str) -> None:
    assert chosen_backend(settings(tmp_path)) == "docker"
    assert chosen_backend(settings(tmp_path, backend="embedded")) == "embedded"
    assert chosen_backend(settings(tmp_path, database_url=URL)) == "external"


def test_docker_can_be_named_where_no_engine_answers(tmp_path: Path) -> None:
    """The environment itself says NO_ENGINE, with all that was tried."""
    assert chosen_backend(settings(tmp_path, backend="docker")) == "docker"


@pytest.mark.parametrize("holder", ["docker", "embedded"])
def test_an_engine_that_comes_or_goes_does_not_move_a_project(
    tmp_path: Path, holder: str, monkeypatch: pytest.MonkeyPatch, engine_socket: str
) -> None:
    StateFolder(tmp_path / ".sportsplat").update(backend=holder)

    assert chosen_backend(settings(tmp_path)) == holder
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    assert chosen_backend(settings(tmp_path)) == holder


def test_data_without_a_memory_of_it_stays_in_use(tmp_path: Path, engine_socket: str) -> None:
    """The first `up` was killed before it could remember, and an engine was started since."""
    (tmp_path / ".sportsplat" / "pgdata-16").mkdir(parents=True)

    assert chosen_backend(settings(tmp_path)) == "embedded"


def test_a_project_that_left_its_server_hears_where_the_data_would_be(
    tmp_path: Path, engine_socket: str
) -> None:
    StateFolder(tmp_path / ".sportsplat").update(backend="external")

    with pytest.raises(DataConflict, match="docker one") as refused:
        chosen_backend(settings(tmp_path))

    assert refused.value.error_code == "BACKEND_WOULD_CHANGE"
    assert (refused.value.fix or "").startswith("keep it: set DATABASE_URL again;")


def test_docker_named_without_an_engine_is_an_error_and_never_the_embedded_server(tmp_path: Path) -> None:
    StateFolder(tmp_path / ".sportsplat").update(backend="docker")

    with pytest.raises(EnvironmentUnavailable) as refused:
        open_environment(settings(tmp_path)).status()

    assert refused.value.error_code == "NO_ENGINE"


@pytest.mark.parametrize(
    ("key", "value"), [("host", "db.example"), ("postgres_version", "18"), ("user", "o'neil")]
)
def test_the_embedded_server_refuses_what_it_cannot_be(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=value):
        embedded_spec(settings(tmp_path, **{key: value}))


def test_an_unreadable_memory_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{half")

    assert StateFolder(tmp_path).read() == {}
    StateFolder(tmp_path).update(port=1)
    assert StateFolder(tmp_path).read() == {"port": 1}
