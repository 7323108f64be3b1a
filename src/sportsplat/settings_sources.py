"""Where settings are written: YAML files, `.env`, the environment, flags. Each becomes a `Layer` with places.

A layer holds raw values by dotted key, each with its origin. Names that no setting has, and secrets in YAML,
become `Problem`s; nothing is raised here for a value, so that one run reports all that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from sportsplat.errors import ConfigError
from sportsplat.redact import remember
from sportsplat.yaml_positions import display_path, read_yaml

PREFIX = "SPORTSPLAT_"
WELL_KNOWN: Mapping[str, str] = {
    "DATABASE_URL": "infra.database_url",
    "POSTGRES_USER": "infra.user",
    "POSTGRES_PASSWORD": "infra.password",
    "POSTGRES_DB": "infra.database",
    "POSTGRES_HOST": "infra.host",
    "POSTGRES_PORT": "infra.port",
    "GEMINI_API_KEY": "intelligence.gemini_api_key",
}
NOT_SETTINGS = frozenset({"PROFILE", "PROJECT_DIR", "REAL_DATA", "REQUIRE_DOCKER"})
_NOT_SETTINGS_PREFIXES = ("TEST_", "BENCH_")
_FOREIGN_POSTGRES = frozenset({"POSTGRES_INITDB_ARGS", "POSTGRES_INITDB_WALDIR", "POSTGRES_HOST_AUTH_METHOD"})
_SECRET_NAME = re.compile(r"passw|passwd|secret|token|api_?key|credential|database_url", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"\w://[^\s:/@]*:[^\s]+@|^AIza[\w-]{30,}$")

LayerName = Literal["default", "settings.yaml", "profile", ".env", "environment", "flag"]
ProblemKind = Literal["secret", "unknown", "invalid"]


@dataclass(frozen=True)
class Origin:
    """Which layer a value comes from, and where in it: `config/settings.yaml:12`, a variable, a flag."""

    layer: LayerName
    where: str

    def __str__(self) -> str:
        return self.where if self.layer != "default" else "default"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in one place. `text` never holds a secret."""

    kind: ProblemKind
    key: str
    where: str
    text: str
    fix: str


@dataclass
class Layer:
    """What one place says: raw values and their origins by dotted key, and what is wrong with the names."""

    name: LayerName
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def put(self, key: str, value: Any, where: str) -> None:
        """Keep one value and its place."""
        self.values[key] = value
        self.origins[key] = Origin(self.name, where)


@dataclass(frozen=True)
class Keys:
    """The names that settings have."""

    all: tuple[str, ...]
    secret: frozenset[str]

    @property
    def sections(self) -> tuple[str, ...]:
        """Names before the dot."""
        return tuple(dict.fromkeys(key.partition(".")[0] for key in self.all))

    def likely(self, wrong: str) -> str | None:
        """Return the key that was probably meant: by spelling, or by its last part in another section."""
        close = get_close_matches(wrong.lower(), self.all, n=1, cutoff=0.75)
        if close:
            return close[0]
        by_last: dict[str, str] = {key.partition(".")[2]: key for key in self.all}
        close = get_close_matches(wrong.rpartition(".")[2].lower(), by_last, n=1, cutoff=0.75)
        return by_last[close[0]] if close else None


def yaml_layer(name: LayerName, path: Path, keys: Keys) -> Layer:
    """Read one settings file. Raises ConfigError when it is unreadable or not YAML."""
    document = read_yaml(path)
    layer = Layer(name)
    for section, entries in document.data.items():
        if section not in keys.sections:
            layer.problems.append(_unknown_in_yaml(section, entries, document.where(section), keys))
        elif entries is None:
            continue  # a section with nothing in it
        elif not isinstance(entries, dict):
            where = document.where(section)
            text = f"{section} is a section and takes `name: value` lines, found {_shown(section, entries)}"
            layer.problems.append(Problem("invalid", section, where, text, f"correct {where}"))
        else:
            for entry, value in entries.items():
                _take_from_yaml(layer, f"{section}.{entry}", value, document.where(section, entry), keys)
    return layer


def _take_from_yaml(layer: Layer, key: str, value: Any, where: str, keys: Keys) -> None:
    if key not in keys.all:
        layer.problems.append(_unknown_in_yaml(key, value, where, keys))
    elif value is not None and (key in keys.secret or _holds_secret(value)):
        layer.problems.append(_secret_in_yaml(key, where, value))
    else:
        layer.put(key, value, where)


def _secret_in_yaml(key: str, where: str, value: Any) -> Problem:
    remember(*(text for text in _texts(value)))
    variable = next((name for name, known in WELL_KNOWN.items() if known == key), to_variable(key))
    return Problem(
        "secret",
        key,
        where,
        f"{key} holds a secret, and YAML files are meant to be committed",
        f"move it to .env as {variable}=..., or to a file named by {variable}_FILE; change it if shared",
    )


def _unknown_in_yaml(key: str, value: Any, where: str, keys: Keys) -> Problem:
    likely = keys.likely(key)
    if (
        value is not None
        and not isinstance(value, dict)
        and (_SECRET_NAME.search(key) or _holds_secret(value))
    ):
        return _secret_in_yaml(likely or key, where, value)
    return Problem(
        "unknown", key, where, f"no setting {key!r} (value {_shown(key, value)})", _fix_name(likely, where)
    )


def variables_layer(
    name: Literal[".env", "environment"],
    variables: Iterable[tuple[str, str, str]],
    keys: Keys,
    base: Path,
) -> Layer:
    """Turn (variable, value, where) triples into a layer; an empty value counts as not given.

    `SPORTSPLAT_INFRA__PORT` is preferred over the well-known `POSTGRES_PORT`. A secret may be given as
    `<NAME>_FILE`, the path of a file (relative to `base`) that holds it.
    """
    layer = Layer(name)
    chosen: dict[str, str] = {}
    for variable, value, where in sorted(variables, key=lambda entry: entry[0].upper().startswith(PREFIX)):
        if not value:
            continue
        key, from_file = _key_of(variable, keys)
        if key is None:
            problem = _unknown_variable(variable, value, where, keys, own_file=name == ".env")
            layer.problems.extend([problem] if problem else [])
            continue
        if key in chosen and chosen[key] == variable.removesuffix("_FILE") + ("" if from_file else "_FILE"):
            text = f"both {chosen[key]} and {variable} are given, and they may differ"
            layer.problems.append(Problem("invalid", key, where, text, "keep one of the two"))
            continue
        chosen[key] = variable
        content = _secret_file(layer, key, variable, base / value, where) if from_file else value
        if content is not None:
            if key in keys.secret:
                remember(content)
            layer.put(key, content, where)
    return layer


def environment_variables(environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the variables that may be settings."""
    names = {*WELL_KNOWN, *(f"{name}_FILE" for name in WELL_KNOWN)}
    return [
        (name, value, name)
        for name, value in environ.items()
        if name in names or name.upper().startswith(PREFIX)
    ]


def dotenv_variables(path: Path) -> list[tuple[str, str, str]]:
    """Read `.env`; nothing is exported, `$` is not expanded. Raises ConfigError naming a malformed line."""
    from dotenv.parser import parse_stream

    shown = display_path(path)
    found = []
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for binding in parse_stream(stream):
                where = f"{shown}:{_first_line(binding.original.string, binding.original.line)}"
                if binding.error:
                    raise ConfigError(
                        f"malformed line in {where}",
                        cause="expected NAME=value",
                        fix=f"correct {where}",
                        code="MALFORMED_ENV",
                    )
                if binding.key is not None:
                    found.append((binding.key, binding.value or "", where))
    except (OSError, UnicodeDecodeError) as unreadable:
        raise ConfigError(
            f"cannot read {shown}",
            cause=type(unreadable).__name__,
            fix="make it a readable UTF-8 file",
            code="UNREADABLE",
        ) from unreadable
    return found


def flags_layer(overrides: Mapping[str, Any], keys: Keys) -> Layer:
    """Turn the values of flags into a layer; None means that a flag was not given."""
    layer = Layer("flag")
    for key, value in overrides.items():
        if key not in keys.all:
            text = f"no setting {key!r} (value {_shown(key, value)})"
            layer.problems.append(
                Problem("unknown", key, "flag", text, _fix_name(keys.likely(key), "the flag"))
            )
        elif value is not None:
            if key in keys.secret:
                remember(*_texts(value))
            layer.put(key, value, f"flag --{key.rpartition('.')[2].replace('_', '-')}")
    return layer


def to_variable(key: str) -> str:
    """Return the environment variable of a key: `infra.port` is `SPORTSPLAT_INFRA__PORT`."""
    return PREFIX + key.upper().replace(".", "__")


def _key_of(variable: str, keys: Keys) -> tuple[str | None, bool]:
    """Return the setting that a variable gives, and whether it names a file that holds it."""
    for name, from_file in ((variable, False), (variable.removesuffix("_FILE"), variable.endswith("_FILE"))):
        key = WELL_KNOWN.get(name)
        if key is None and name.upper().startswith(PREFIX):
            key = name[len(PREFIX) :].lower().replace("__", ".", 1)
        if key in keys.all and (not from_file or key in keys.secret):
            return key, from_file
    return None, False


def _unknown_variable(variable: str, value: str, where: str, keys: Keys, *, own_file: bool) -> Problem | None:
    """Say what is wrong with a name that gives no setting; None where it is another program's business."""
    upper = variable.upper()
    if upper.startswith(PREFIX):
        rest = upper[len(PREFIX) :]
        if (
            rest == "PROFILE"
            or rest.startswith(_NOT_SETTINGS_PREFIXES)
            or (rest in NOT_SETTINGS and not own_file)
        ):
            return None
        likely = keys.likely(rest.lower().replace("__", ".", 1)) or keys.likely(
            rest.lower().replace("_", ".", 1)
        )
        meant = to_variable(likely) if likely else None
    else:
        known = [*WELL_KNOWN, *(name + "_FILE" for name in WELL_KNOWN)]
        close = get_close_matches(variable, known, n=1, cutoff=0.85)
        if not close or variable in _FOREIGN_POSTGRES:
            return None
        meant = close[0]
    shown = "not shown" if _SECRET_NAME.search(variable) or _holds_secret(value) else f"value {value!r}"
    place = "" if where == variable else f" in {where}"
    return Problem(
        "unknown",
        variable,
        where,
        f"no setting has the variable {variable}{place} ({shown})",
        _fix_name(meant, where),
    )


def _secret_file(layer: Layer, key: str, variable: str, path: Path, where: str) -> str | None:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as unreadable:
        reason = unreadable.strerror if isinstance(unreadable, OSError) else "it is not UTF-8 text"
        text = f"{key}: {variable} names the file {path}, which cannot be read: {reason}"
        layer.problems.append(
            Problem("invalid", key, where, text, f"write the secret to {path}, or unset {variable}")
        )
        return None


def _fix_name(likely: str | None, where: str) -> str:
    return (
        f"did you mean {likely}?"
        if likely
        else f"remove it from {where}; `sportsplat config show` lists every key"
    )


def _shown(key: str, value: Any) -> str:
    if _SECRET_NAME.search(key) or _holds_secret(value):
        return "not shown"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _holds_secret(value: Any) -> bool:
    return any(_SECRET_VALUE.search(text) for text in _texts(value))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    revealed = getattr(value, "get_secret_value", None)
    return [revealed()] if revealed is not None else []


def _first_line(text: str, line: int) -> int:
    """Return the line of the first non-blank character of a binding that starts at `line`."""
    return line + text[: len(text) - len(text.lstrip())].count("\n")
