"""What `sportsplat config` answers, as plain data; secrets are never part of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from sportsplat.config.layers import WELL_KNOWN, to_variable
from sportsplat.config.load import ResolvedSettings, resolve, sections, setting_keys
from sportsplat.config.settings import Settings
from sportsplat.errors import ConfigError, EnvironmentUnavailable, NotFound, SportsplatError
from sportsplat.leagues.league import league_problems, leagues_file, load_leagues, refuse_leagues
from sportsplat.paths import asset_dir, display_path, find_project_dir
from sportsplat.redact import MASK

OWNER_ONLY = 0o600


def show(key: str | None = None, *, profile: str | None = None) -> dict[str, Any]:
    """Return value and origin of every key, or of one key or section. Raises NotFound for an unknown name."""
    resolved = resolve(profile=profile)
    keys = setting_keys().all if key is None else _selected(key)
    return {
        "project_dir": str(resolved.settings.project_dir),
        "profile": resolved.profile,
        "settings": {name: _held(resolved, name) for name in keys},
    }


def explain(key: str, *, profile: str | None = None) -> dict[str, Any]:
    """Return what one key means and what each layer says about it, lowest first; the last one holds."""
    resolved = resolve(profile=profile)
    if key not in setting_keys().all:
        raise _unknown_key(key)
    section, _, name = key.partition(".")
    said = resolved.layers(key)
    return {
        "key": key,
        "description": sections()[section].model_fields[name].description,
        "secret": key in setting_keys().secret,
        "variables": [to_variable(key), *(known for known, meant in WELL_KNOWN.items() if meant == key)],
        **_held(resolved, key),
        "layers": [
            {
                "layer": origin.layer,
                "origin": origin.where,
                "value": to_public(value),
                "holds": level == len(said) - 1,
            }
            for level, (origin, value) in enumerate(said)
        ],
    }


def check(*, profile: str | None = None) -> dict[str, Any]:
    """Read every layer and the leagues; return the files read, and warnings.

    Raises ConfigError for all that is wrong with the settings and the leagues, in one error.
    """
    wrong = []
    try:
        resolved = resolve(profile=profile)
    except SportsplatError as refused:
        wrong.append(refused)
    problems = league_problems(leagues_file())
    if problems:
        wrong.append(refuse_leagues(problems))
    if wrong:
        raise _together(wrong)
    project = resolved.settings.project_dir
    leagues = load_leagues(project)
    names = [
        "config/settings.yaml",
        f"config/settings.{resolved.profile}.yaml",
        "config/leagues.yaml",
        ".env",
    ]
    return {
        "valid": True,
        "project_dir": str(project),
        "profile": resolved.profile,
        "files": [name for name in names if (project / name).is_file()],
        "leagues": list(leagues),
        "warnings": _warnings(project / ".env"),
    }


def _together(wrong: Sequence[SportsplatError]) -> SportsplatError:
    """Return the error, or what is wrong with settings and leagues as one, under the first one's code."""
    first, *others = wrong
    if not others:
        return first
    return ConfigError(
        "\n".join(error.message for error in wrong),
        cause="; ".join(error.cause for error in wrong if error.cause),
        fix=first.fix,
        code=first.error_code,
        problems=[problem for error in wrong for problem in error.details.get("problems", [])],
    )


def schema() -> dict[str, Any]:
    """Return the JSON schema of the settings files."""
    described = Settings.model_json_schema()
    described["properties"].pop("project_dir")
    described["title"] = "sportsplat settings"
    return described


def init(project_dir: Path | None = None) -> dict[str, Any]:
    """Write `config/` and `.env` (mode 0600) where they are missing; whatever exists is kept as it is."""
    project = find_project_dir(project_dir)
    shipped = asset_dir("config")
    wanted = {f"config/{file.name}": file for file in sorted(shipped.iterdir()) if file.is_file()}
    wanted[".env"] = shipped / ".env.example"
    written: list[str] = []
    kept: list[str] = []
    try:
        (project / "config").mkdir(parents=True, exist_ok=True)
        for name, source in wanted.items():
            made = _write_new(project / name, source.read_bytes(), OWNER_ONLY if name == ".env" else 0o644)
            (written if made else kept).append(name)
    except OSError as refused:
        raise EnvironmentUnavailable(
            f"cannot write the configuration to {project}",
            cause=str(refused),
            fix="make the folder writable, or choose another one with --project-dir",
            code="NOT_WRITABLE",
        ) from refused
    return {"project_dir": str(project), "written": written, "kept": kept}


def to_public(value: Any) -> Any:
    """Return a setting's value for display: a secret as `***`, a path as text, a tuple as a list."""
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def _held(resolved: ResolvedSettings, key: str) -> dict[str, Any]:
    origin = resolved.origins[key]
    return {"value": to_public(resolved.value(key)), "layer": origin.layer, "origin": origin.where}


def _selected(key: str) -> tuple[str, ...]:
    keys = setting_keys().all
    chosen = tuple(name for name in keys if name == key or name.startswith(f"{key}."))
    if not chosen:
        raise _unknown_key(key)
    return chosen


def _unknown_key(key: str) -> NotFound:
    if key in setting_keys().sections:
        return NotFound(
            f"{key} is a section, not one setting",
            cause="the KEY that was asked for",
            fix=f"sportsplat config show {key}",
            code="UNKNOWN_KEY",
        )
    likely = setting_keys().likely(key)
    meant = f"; did you mean {likely}?" if likely else ""
    return NotFound(
        f"no setting {key!r}{meant}",
        cause="the KEY that was asked for",
        fix=f"sportsplat config show {likely}" if likely else "sportsplat config show",
        code="UNKNOWN_KEY",
    )


def _warnings(dotenv: Path) -> list[str]:
    if os.name != "posix" or not dotenv.is_file():
        return []
    mode = stat.S_IMODE(dotenv.stat().st_mode)
    shown = display_path(dotenv)
    return [f"{shown} can be read by others (mode {mode:04o}): chmod 600 {shown}"] if mode & 0o077 else []


def _write_new(path: Path, content: bytes, mode: int) -> bool:
    """Create a file with its content; False when something is there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    return True
