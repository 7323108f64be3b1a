"""`auto` takes the backend that fits, and never silently leaves the one that holds the project's data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sportsplat.errors import DataConflict, InvalidSetting, UsageError
from sportsplat.infra import memory
from sportsplat.infra.choice import chosen_backend
from sportsplat.infra.embedded_spec import embedded_spec
from sportsplat.settings import Settings, load_settings

URL = "postgresql://user:secret@db.example/sports"


def settings(folder: Path, **overrides: Any) -> Settings:
    dotted = {f"infra.{key}": value for key, value in overrides.items()}
    return load_settings(project_dir=folder, overrides=dotted, environ={})


def test_without_a_url_the_server_is_embedded(tmp_path: Path) -> None:
    assert chosen_backend(settings(tmp_path)) == "embedded"


def test_with_a_url_the_server_is_external(tmp_path: Path) -> None:
    assert chosen_backend(settings(tmp_path, database_url=URL)) == "external"


@pytest.mark.parametrize(
    ("remembered", "url", "now"), [("embedded", URL, "external"), ("external", None, "embedded")]
)
def test_auto_does_not_leave_the_backend_that_holds_the_data(
    tmp_path: Path, remembered: str, url: str | None, now: str
) -> None:
    memory.remember(tmp_path / ".sportsplat", backend=remembered)

    with pytest.raises(DataConflict) as refused:
        chosen_backend(settings(tmp_path, database_url=url))

    assert refused.value.error_code == "BACKEND_WOULD_CHANGE"
    assert f"--backend {now}" in (refused.value.fix or "")
    assert chosen_backend(settings(tmp_path, database_url=url, backend=now)) == now


def test_docker_says_that_it_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Docker"):
        chosen_backend(settings(tmp_path, backend="docker"))


@pytest.mark.parametrize(
    ("key", "value"), [("host", "db.example"), ("postgres_version", "18"), ("user", "o'neil")]
)
def test_the_embedded_server_refuses_what_it_cannot_be(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=value):
        embedded_spec(settings(tmp_path, **{key: value}))


def test_an_unreadable_memory_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{half")

    assert memory.recall(tmp_path) == {}
    memory.remember(tmp_path, port=1)
    assert memory.recall(tmp_path) == {"port": 1}
