"""Layers to settings: check each where it stands, let pydantic-settings merge them, keep the origins."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from shlex import quote
from typing import Any, get_args

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sportsplat.config.layers import Keys, Layer, Origin, ProblemKind, SettingProblem, to_shown
from sportsplat.config.settings import Section, Settings
from sportsplat.config.variables import (
    Variable,
    dotenv_variables,
    environment_variables,
    flags_layer,
    variables_layer,
)
from sportsplat.errors import (
    ConfigError,
    InvalidSetting,
    SecretInYaml,
    SportsplatError,
    UnknownSetting,
    UsageError,
)
from sportsplat.paths import display_path, find_project_dir
from sportsplat.redact import REDACTOR

_REFUSALS: Mapping[ProblemKind, type[ConfigError]] = {
    "secret": SecretInYaml,
    "unknown": UnknownSetting,
    "invalid": InvalidSetting,
}
_PLAIN_WORDS = {
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "float_type": "should be a number",
    "float_parsing": "should be a number",
    "string_type": "should be text (put it in quotes)",
    "tuple_type": "should be a list, as in [5, 10]",
}


@dataclass(frozen=True)
class ResolvedSettings:
    """Settings, the origin of each value by dotted key, and every layer, lowest first."""

    settings: Settings
    origins: Mapping[str, Origin]
    profile: str | None
    _layers: tuple[Layer, ...]

    def value(self, key: str) -> Any:
        """Return one value by its dotted key; a secret stays a SecretStr."""
        section, _, name = key.partition(".")
        return getattr(getattr(self.settings, section), name)

    def layers(self, key: str) -> list[tuple[Origin, Any]]:
        """Return the value of one key in each layer, lowest first; the last one is in use."""
        return [(layer.origins[key], layer.values[key]) for layer in self._layers if key in layer.values]


class _LayerSource(PydanticBaseSettingsSource):
    """One validated layer, as pydantic-settings wants it: nested by section."""

    def __init__(self, settings_cls: type[BaseSettings], layer: Layer) -> None:
        super().__init__(settings_cls)
        self._layer = layer

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        return _nested(self._layer).get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return _nested(self._layer)


def resolve_layers(
    *, project_dir: Path, profile: str | None, overrides: Mapping[str, Any], environ: Mapping[str, str]
) -> ResolvedSettings:
    """Read, check and merge all layers of one project. Raises one ConfigError that lists everything wrong."""
    if not project_dir.is_dir():
        raise InvalidSetting(
            f"the project folder {project_dir} "
            + ("is not a folder" if project_dir.exists() else "does not exist"),
            cause="it is named by --project-dir or SPORTSPLAT_PROJECT_DIR",
            fix="correct the path, or create the folder: mkdir -p " + quote(str(project_dir)),
        )
    keys = setting_keys()
    dotenv = project_dir / ".env"
    written = dotenv_variables(dotenv)
    profile = _chosen_profile(profile, environ, written)
    layers = [
        _defaults(),
        *_yaml_layers(project_dir, profile, keys),
        variables_layer(".env", written, keys, project_dir),
        variables_layer("environment", environment_variables(environ), keys, project_dir),
        flags_layer(overrides, keys),
    ]
    problems = [problem for layer in layers for problem in (*layer.problems, *_invalid(layer, keys))]
    if problems:
        raise _refusal(problems)
    settings = _merged(layers).model_copy(update={"project_dir": project_dir})
    REDACTOR.allow(settings.infra.user, settings.infra.database, settings.infra.host)
    return ResolvedSettings(settings, _origins(layers), profile, tuple(layers))


@cache
def setting_keys() -> Keys:
    """Return every dotted key, and which of them are secrets."""
    fields = {
        f"{section}.{name}": field
        for section, model in sections().items()
        for name, field in model.model_fields.items()
    }
    secret = frozenset(key for key, field in fields.items() if SecretStr in get_args(field.annotation))
    return Keys(tuple(fields), secret)


@cache
def sections() -> dict[str, type[Section]]:
    """Return the model of each section by name, in the order of the page."""
    found = {name: field.annotation for name, field in Settings.model_fields.items()}
    return {
        name: kind for name, kind in found.items() if isinstance(kind, type) and issubclass(kind, Section)
    }


def _defaults() -> Layer:
    layer = Layer("default")
    for section, model in sections().items():
        for name, value in model():
            layer.put(f"{section}.{name}", value, "default")
    return layer


def _chosen_profile(asked: str | None, environ: Mapping[str, str], written: Iterable[Variable]) -> str | None:
    from_file = next((value for name, value, _ in written if name == "SPORTSPLAT_PROFILE"), None)
    return asked or environ.get("SPORTSPLAT_PROFILE") or from_file or None


def _yaml_layers(project_dir: Path, profile: str | None, keys: Keys) -> list[Layer]:
    config = project_dir / "config"
    base = config / "settings.yaml"
    if profile is None and not _is_there(base):
        return []
    from sportsplat.config.yaml_layer import yaml_layer

    layers = [yaml_layer("settings.yaml", base, keys)] if _is_there(base) else []
    if profile is None:
        return layers
    overlay = config / f"settings.{profile}.yaml"
    if not _is_there(overlay) or "/" in profile:
        there = sorted(path.name[len("settings.") : -len(".yaml")] for path in config.glob("settings.*.yaml"))
        raise ConfigError(
            f"no profile {profile!r}: {display_path(overlay)} does not exist",
            cause=f"profiles here: {', '.join(there) or 'none'}",
            fix=f"write {display_path(overlay)}, or choose another --profile / SPORTSPLAT_PROFILE",
            code="UNKNOWN_PROFILE",
        )
    return [*layers, yaml_layer("profile", overlay, keys)]


def _is_there(path: Path) -> bool:
    """Whether there is a file; one in a folder that may not be entered is there, and its reader says so."""
    try:
        return path.is_file()
    except PermissionError:
        return True


def _invalid(layer: Layer, keys: Keys) -> list[SettingProblem]:
    """Check one layer alone, strictly where the file has types (YAML); put the parsed values in its place."""
    if layer.name == "default":
        return []
    typed = layer.name in ("settings.yaml", "profile")
    try:
        if typed:
            checked = Settings.model_validate_json(json.dumps(_nested(layer), default=str), strict=True)
        else:
            layer.values = {key: _split(key, value) for key, value in layer.values.items()}
            checked = Settings.model_validate(_nested(layer))
    except ValidationError as invalid:
        return _problems_of(invalid, layer, keys)
    for key in layer.values:
        section, _, name = key.partition(".")
        layer.values[key] = getattr(getattr(checked, section), name)
    return []


def _split(key: str, value: Any) -> Any:
    """Turn the text `5, 10` or `[5, 10]` of a list setting into its items."""
    section, _, name = key.partition(".")
    default = sections()[section].model_fields[name].default
    if isinstance(default, tuple) and isinstance(value, str):
        return [item.strip() for item in value.strip().removeprefix("[").removesuffix("]").split(",")]
    return value


def _problems_of(invalid: ValidationError, layer: Layer, keys: Keys) -> list[SettingProblem]:
    """One problem per key: a union (a number or "auto") reports each of its members."""
    reasons: dict[str, list[str]] = {}
    for error in invalid.errors(include_url=False, include_input=False, include_context=False):
        section, name, *inside = error["loc"]
        item = f"item {inside[0] + 1} " if inside and isinstance(inside[0], int) else ""
        said = error["msg"].removeprefix("Input ").removeprefix("Value error, ")
        reasons.setdefault(f"{section}.{name}", []).append(item + _PLAIN_WORDS.get(error["type"], said))
    found = []
    for key, said_all in reasons.items():
        where = layer.origins[key].where
        shown = "not shown" if key in keys.secret else to_shown(key, layer.values[key])
        text = f"{key} (value {shown}) {', or '.join(dict.fromkeys(said_all))}"
        found.append(SettingProblem("invalid", key, where, text, f"correct it in {where}"))
    return found


def _refusal(problems: Sequence[SettingProblem]) -> SportsplatError:
    """One error for all problems, of the gravest one's class; UsageError when only flags are wrong."""
    kinds = list(_REFUSALS)
    ordered = sorted(problems, key=lambda problem: kinds.index(problem.kind))
    gravest = _REFUSALS[ordered[0].kind]
    message, cause = ordered[0].text, f"from {ordered[0].where}"
    if len(ordered) > 1:
        lines = [f"\n  {each.where}: {each.text}; {each.fix}" for each in ordered]
        message = f"{len(ordered)} settings are invalid:{''.join(lines)}"
        cause = f"from {', '.join(dict.fromkeys(each.where for each in ordered))}"
    listed = [asdict(problem) for problem in ordered]
    if all(problem.where.startswith("flag") for problem in problems):
        return UsageError(message, cause=cause, fix=ordered[0].fix, code="INVALID_FLAG", problems=listed)
    return gravest(message, cause=cause, fix=ordered[0].fix, problems=listed)


def _merged(layers: Sequence[Layer]) -> Settings:
    class Layered(BaseSettings, Settings):
        model_config = SettingsConfigDict(frozen=True, extra="forbid")

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            *_usual: PydanticBaseSettingsSource,
            **_named: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            """Read the layers, highest first, and nothing else."""
            return tuple(_LayerSource(settings_cls, layer) for layer in reversed(layers))

    return Settings(**dict(Layered()))


def _origins(layers: Sequence[Layer]) -> dict[str, Origin]:
    merged: dict[str, Origin] = {}
    for layer in layers:
        merged |= layer.origins
    return merged


def _nested(layer: Layer) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in layer.values.items():
        section, _, name = key.partition(".")
        tree.setdefault(section, {})[name] = value
    return tree


def load_settings(
    *,
    project_dir: Path | None = None,
    profile: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read all layers of one project and return the validated settings.

    project_dir: folder with `config/` and `.env`; default `SPORTSPLAT_PROJECT_DIR`, else the
        project that the current folder is in, else the current folder.
    profile: overlay `config/settings.<profile>.yaml`; default `SPORTSPLAT_PROFILE`.
    overrides: values of flags by dotted key, `{"infra.port": 5555}`; None means that the flag was not given.
    environ: the environment to read; default `os.environ`. It is never changed.
    Raises UnknownSetting, InvalidSetting, SecretInYaml or ConfigError, each naming file, line and key.
    """
    return resolve(project_dir=project_dir, profile=profile, overrides=overrides, environ=environ).settings


def resolve(
    *,
    project_dir: Path | None = None,
    profile: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> ResolvedSettings:
    """Like `load_settings`, and keep the origin of each value and every layer."""
    environment = os.environ if environ is None else environ
    return resolve_layers(
        project_dir=find_project_dir(project_dir, environment),
        profile=profile,
        overrides=overrides or {},
        environ=environment,
    )
