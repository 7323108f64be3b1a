"""What the shell offers on Tab: league codes, sources and profiles, without loading anything heavy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer

from sportsplat.paths import asset_dir, find_project_dir

_CODE = re.compile(r"^([a-z][a-z0-9-]*):", re.MULTILINE)


def league_codes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the leagues that the project declares, read as text: loading them takes too long for a key."""
    try:
        own = _project_dir(ctx) / "config" / "leagues.yaml"
        file = own if own.is_file() else asset_dir("config") / "leagues.yaml"
        return _starting(_CODE.findall(file.read_text(encoding="utf-8")), incomplete)
    except (OSError, UnicodeDecodeError):
        return []


def source_names(incomplete: str) -> list[str]:
    """Return the names that `sportsplat sources` lists."""
    from sportsplat.sources import SOURCES

    return _starting(list(SOURCES), incomplete)


def profiles(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the profiles of the project: NAME of each config/settings.NAME.yaml."""
    try:
        files = sorted((_project_dir(ctx) / "config").glob("settings.*.yaml"))
    except OSError:
        return []
    return _starting([file.name[len("settings.") : -len(".yaml")] for file in files], incomplete)


def _starting(names: list[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _project_dir(ctx: typer.Context) -> Path:
    """Return the project of the line that is typed, where --project-dir may stand before the command."""
    here: Any = ctx
    while here is not None:
        if here.params.get("project_dir"):
            return find_project_dir(Path(here.params["project_dir"]))
        here = here.parent
    return find_project_dir()
