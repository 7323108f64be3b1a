"""Settings in variables (`.env` and the environment) and in flags. Nothing is exported or changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sportsplat.config import env_file
from sportsplat.config.layers import (
    PREFIX,
    WELL_KNOWN,
    Keys,
    Layer,
    SettingProblem,
    to_texts,
    to_variable,
    unknown,
)
from sportsplat.errors import ConfigError
from sportsplat.paths import display_path
from sportsplat.redact import remember

FILE = "_FILE"
_NOT_SETTINGS = frozenset({"PROFILE", "PROJECT_DIR", "REAL_DATA", "REQUIRE_DOCKER"})
_NOT_SETTINGS_PREFIXES = ("TEST_", "BENCH_")
_SERVER_IMAGE_ONLY = frozenset(
    {"POSTGRES_INITDB_ARGS", "POSTGRES_INITDB_WALDIR", "POSTGRES_HOST_AUTH_METHOD"}
)


class Variable(NamedTuple):
    """One assignment: in the environment `where` is its name, in a file `file:line`."""

    name: str
    value: str
    where: str


def environment_variables(environ: Mapping[str, str]) -> list[Variable]:
    """Return the variables that may be settings."""
    names = {*WELL_KNOWN, *(name + FILE for name in WELL_KNOWN)}
    return [
        Variable(name, value, name)
        for name, value in environ.items()
        if name in names or name.upper().startswith(PREFIX)
    ]


def dotenv_variables(path: Path) -> list[Variable]:
    """Read a `.env` file; a missing one has no variables. Raises ConfigError naming a malformed line."""
    shown = display_path(path)
    found = []
    for assignment in env_file.read(path):
        where = f"{shown}:{assignment.line}"
        if assignment.malformed:
            raise ConfigError(
                f"malformed line in {where}",
                cause="expected NAME=value",
                fix=f"correct {where}",
                code="MALFORMED_ENV",
            )
        if assignment.name is not None:
            found.append(Variable(assignment.name, assignment.value, where))
    return found


def variables_layer(
    name: Literal[".env", "environment"], variables: Iterable[Variable], keys: Keys, base: Path
) -> Layer:
    """Turn variables into a layer; an empty value counts as not given.

    `SPORTSPLAT_INFRA__PORT` is preferred over the well-known `POSTGRES_PORT`. A secret may be given as
    `<NAME>_FILE`, the path of a file (relative to `base`) that holds it.
    """
    layer = Layer(name)
    given: set[str] = set()
    for variable in sorted(variables, key=lambda each: each.name.upper().startswith(PREFIX)):
        if not variable.value:
            continue
        key, from_file = _key_of(variable.name, keys)
        if key is None:
            layer.problems.extend(_unknown(variable, keys, own_file=name == ".env"))
            continue
        given.add(variable.name)
        other = variable.name.removesuffix(FILE) if from_file else variable.name + FILE
        if other in given:
            text = f"both {other} and {variable.name} are set, and they may differ"
            layer.problems.append(SettingProblem("invalid", key, variable.where, text, "keep one of the two"))
            continue
        value = _secret_file(layer, key, variable, base) if from_file else variable.value
        if value is not None:
            _put(layer, key, value, variable.where, keys)
    return layer


def flags_layer(overrides: Mapping[str, Any], keys: Keys) -> Layer:
    """Turn the values of flags into a layer; None means that a flag was not given."""
    layer = Layer("flag")
    for key, value in overrides.items():
        if key not in keys.all:
            layer.problems.append(unknown(key, value, "flag", f"no setting {key!r}", keys.likely(key)))
        elif value is not None:
            _put(layer, key, value, f"flag --{key.rpartition('.')[2].replace('_', '-')}", keys)
    return layer


def _put(layer: Layer, key: str, value: Any, where: str, keys: Keys) -> None:
    if key in keys.secret:
        remember(*to_texts(value))
    layer.put(key, value, where)


def _key_of(variable: str, keys: Keys) -> tuple[str | None, bool]:
    """Return the setting that a variable gives, and whether it names a file that holds it."""
    for name, from_file in ((variable, False), (variable.removesuffix(FILE), variable.endswith(FILE))):
        key = WELL_KNOWN.get(name)
        if key is None and name.upper().startswith(PREFIX):
            key = name[len(PREFIX) :].lower().replace("__", ".", 1)
        if key in keys.all and (not from_file or key in keys.secret):
            return key, from_file
    return None, False


def _unknown(variable: Variable, keys: Keys, *, own_file: bool) -> list[SettingProblem]:
    """Say what is wrong with a name that gives no setting; nothing where it is another program's business."""
    upper = variable.name.upper()
    if upper.startswith(PREFIX):
        rest = upper.removeprefix(PREFIX)
        harmless = rest == "PROFILE" or (rest in _NOT_SETTINGS and not own_file)
        if harmless or rest.startswith(_NOT_SETTINGS_PREFIXES):
            return []
        meant = _likely_variable(rest.lower(), keys)
    else:
        known = [*WELL_KNOWN, *(name + FILE for name in WELL_KNOWN)]
        meant = next(iter(get_close_matches(upper, known, n=1, cutoff=0.85)), None)
        if meant is None or variable.name in _SERVER_IMAGE_ONLY:
            return []
    place = "" if variable.where == variable.name else f" in {variable.where}"
    text = f"no setting has the variable {variable.name}{place}"
    return [unknown(variable.name, variable.value, variable.where, text, meant)]


def _likely_variable(rest: str, keys: Keys) -> str | None:
    for separator in ("__", "_"):
        likely = keys.likely(rest.replace(separator, ".", 1))
        if likely is not None and "." in likely:
            return to_variable(likely)
    return None


def _secret_file(layer: Layer, key: str, variable: Variable, base: Path) -> str | None:
    path = base / variable.value
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as unreadable:
        reason = unreadable.strerror if isinstance(unreadable, OSError) else "it is not UTF-8 text"
        if _is_a_path(variable.value, base):
            named, fix = f"the file {path}", f"write the secret to {path}, or unset {variable.name}"
        else:
            named = "a file (not shown: it may be the secret itself)"
            fix = f"set {variable.name} to the path of a file with the secret, or unset it"
        text = f"{key}: {variable.name} names {named}, which cannot be read: {reason}"
        layer.problems.append(SettingProblem("invalid", key, variable.where, text, fix))
        return None


def _is_a_path(value: str, base: Path) -> bool:
    """Whether a value that names no readable file was meant as a path, and not as the secret itself."""
    return "/" in value and (base / value).parent.is_dir()
