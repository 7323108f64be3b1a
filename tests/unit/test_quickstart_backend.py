"""Where the quickstart puts its database."""

from __future__ import annotations

from pathlib import Path

import pytest

from sportsplat.config.load import load_settings
from sportsplat.infra.state_folder import StateFolder
from sportsplat.jobs import quickstart


@pytest.mark.parametrize(
    ("overrides", "remembered", "meant"),
    [
        ({}, None, "embedded"),
        ({"infra.backend": "docker"}, None, "docker"),
        ({"infra.database_url": "postgresql://u:p@h/d"}, None, "auto"),
        ({}, "docker", "auto"),
    ],
)
def test_it_needs_no_image_unless_its_user_decided_otherwise(
    tmp_path: Path, overrides: dict[str, str], remembered: str | None, meant: str
) -> None:
    settings = load_settings(project_dir=tmp_path, overrides=overrides, environ={})
    if remembered is not None:
        StateFolder(settings.state_dir).update(backend=remembered)
    assert quickstart._without_download(settings).infra.backend == meant
