"""What `sportsplat config` answers; secrets are never part of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from sportsplat.results import Result

OWNER_ONLY = 0o600


@dataclass(frozen=True)
class SettingValue(Result):
    """The value of a setting that is in use, and the layer and place it comes from."""

    value: Any
    layer: str
    origin: str


@dataclass(frozen=True)
class ShownSettings(Result):
    """The settings of a project by key."""

    project_dir: str
    profile: str | None
    settings: Mapping[str, SettingValue]


@dataclass(frozen=True)
class LayerValue(Result):
    """The value of a setting in one layer; holds: it is the one in use."""

    layer: str
    origin: str
    value: Any
    holds: bool


@dataclass(frozen=True)
class ExplainedSetting(Result):
    """What a setting means, its value, and the value in each layer, lowest first."""

    key: str
    description: str | None
    secret: bool
    variables: list[str]
    value: Any
    layer: str
    origin: str
    layers: list[LayerValue]


@dataclass(frozen=True)
class CheckedSettings(Result):
    """The files that were read and found valid, the leagues in them, and warnings."""

    valid: bool
    project_dir: str
    profile: str | None
    files: list[str]
    leagues: list[str]
    warnings: list[str]


@dataclass(frozen=True)
class ConfigFiles(Result):
    """The files that `init` wrote, and those that existed."""

    project_dir: str
    written: list[str]
    kept: list[str]


def show(
    key: str | None = None, *, project_dir: Path | None = None, profile: str | None = None
) -> ShownSettings:
    """Return value and origin of every key, or of one key or section. Raises NotFound for an unknown name.

    project_dir: None for the project that the current folder is in; also below.
    """
    resolved = resolve(project_dir=project_dir, profile=profile)
    keys = setting_keys().all if key is None else _selected(key)
    shown = {name: SettingValue(*_in_use(resolved, name)) for name in keys}
    return ShownSettings(str(resolved.settings.project_dir), resolved.profile, shown)


def explain(key: str, *, project_dir: Path | None = None, profile: str | None = None) -> ExplainedSetting:
    """Return what one key means and its value in each layer. Raises NotFound for an unknown name."""
    resolved = resolve(project_dir=project_dir, profile=profile)
    if key not in setting_keys().all:
        raise _unknown_key(key)
    section, _, name = key.partition(".")
    layers = resolved.layers(key)
    value, layer, origin = _in_use(resolved, key)
    return ExplainedSetting(
        key=key,
        description=sections()[section].model_fields[name].description,
        secret=key in setting_keys().secret,
        variables=[to_variable(key), *(known for known, meant in WELL_KNOWN.items() if meant == key)],
        value=value,
        layer=layer,
        origin=origin,
        layers=[
            LayerValue(each.layer, each.where, to_public(held), level == len(layers) - 1)
            for level, (each, held) in enumerate(layers)
        ],
    )


def check(*, project_dir: Path | None = None, profile: str | None = None) -> CheckedSettings:
    """Read every layer and the leagues; return the files read, and warnings.

    Raises ConfigError for all that is wrong with the settings and the leagues, in one error.
    """
    wrong = []
    try:
        resolved = resolve(project_dir=project_dir, profile=profile)
    except SportsplatError as refused:
        wrong.append(refused)
    problems = league_problems(leagues_file(project_dir))
    if problems:
        wrong.append(refuse_leagues(problems))
    if wrong:
        raise _together(wrong)
    project = resolved.settings.project_dir
    names = [
        "config/settings.yaml",
        f"config/settings.{resolved.profile}.yaml",
        "config/leagues.yaml",
        ".env",
    ]
    return CheckedSettings(
        valid=True,
        project_dir=str(project),
        profile=resolved.profile,
        files=[name for name in names if (project / name).is_file()],
        leagues=list(load_leagues(project)),
        warnings=_warnings(project / ".env"),
    )


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


def init(project_dir: Path | None = None) -> ConfigFiles:
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
    return ConfigFiles(str(project), written, kept)


def to_public(value: Any) -> Any:
    """Return a setting's value for display: a secret as `***`, a path as text, a tuple as a list."""
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def _in_use(resolved: ResolvedSettings, key: str) -> tuple[Any, str, str]:
    """Return value, layer and origin."""
    origin = resolved.origins[key]
    return to_public(resolved.value(key)), origin.layer, origin.where


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
