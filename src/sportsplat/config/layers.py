"""What the readers of settings share: a `Layer` of values with their places, and what makes a value a secret.

A layer holds raw values by dotted key, each with its origin. Names that no setting has, and secrets in YAML,
become `SettingProblem`s; nothing is raised for a value, so that one run reports all that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

PREFIX = "SPORTSPLAT_"
WELL_KNOWN: Mapping[str, str] = {
    "DATABASE_URL": "infra.database_url",
    "POSTGRES_USER": "infra.user",
    "POSTGRES_PASSWORD": "infra.password",
    "POSTGRES_DB": "infra.database",
    "POSTGRES_HOST": "infra.host",
    "POSTGRES_PORT": "infra.port",
    "GEMINI_API_KEY": "intelligence.gemini_api_key",
    "ODDS_API_KEY": "sources.odds_api_key",
}
_SECRET_NAME = re.compile(
    r"passw|passwd|secret|token|api_?key|credential|database_url|direct_url", re.IGNORECASE
)
_SECRET_VALUE = re.compile(r"\w://[^\s:/@]*:[^\s]+@|^AIza[\w-]{30,}$")

LayerName = Literal["default", "settings.yaml", "profile", ".env", "environment", "flag"]
ProblemKind = Literal["secret", "unknown", "invalid"]


@dataclass(frozen=True)
class Origin:
    """Which layer a value comes from, and where in it: `config/settings.yaml:12`, a variable, a flag."""

    layer: LayerName
    where: str


@dataclass(frozen=True)
class SettingProblem:
    """One thing that is wrong in one place. `text` never holds a secret."""

    kind: ProblemKind
    key: str
    where: str
    text: str
    fix: str


@dataclass
class Layer:
    """Raw values and their origins by dotted key, of one file or the environment, and problems with names."""

    name: LayerName
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    problems: list[SettingProblem] = field(default_factory=list)

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
        """Return the key (or section, for a name without a dot) that was probably meant."""
        section, dot, name = wrong.lower().partition(".")
        if not dot:
            return _closest(section, {known: known for known in self.sections}) or self._by_name(section)
        within = {key.partition(".")[2]: key for key in self.all if key.startswith(section + ".")}
        spelling = _closest(wrong.lower(), {key: key for key in self.all})
        return _closest(name, within, cutoff=0.5) or spelling or self._by_name(name)

    def _by_name(self, name: str) -> str | None:
        return _closest(name, {key.partition(".")[2]: key for key in self.all})


def _closest(wrong: str, names: Mapping[str, str], *, cutoff: float = 0.75) -> str | None:
    close = get_close_matches(wrong, names, n=1, cutoff=cutoff)
    return names[close[0]] if close else None


def to_variable(key: str) -> str:
    """Return the environment variable of a key: `infra.port` is `SPORTSPLAT_INFRA__PORT`."""
    return PREFIX + key.upper().replace(".", "__")


def preferred_variable(key: str) -> str:
    """Return the variable that people know for a key, else `to_variable(key)`."""
    return next((name for name, known in WELL_KNOWN.items() if known == key), to_variable(key))


def unknown(name: str, value: Any, where: str, text: str, meant: str | None) -> SettingProblem:
    """Return the problem of a name that no setting has; the value is added to `text` if it may be shown."""
    fix = (
        f"did you mean {meant}?"
        if meant
        else f"remove it from {where}; `sportsplat config show` lists every key"
    )
    return SettingProblem("unknown", name, where, f"{text} (value {to_shown(f'{name} {meant}', value)})", fix)


def to_shown(name: str, value: Any) -> str:
    """Return a value as an error may show it: short, and not at all when its name or shape is a secret's."""
    if is_secret_name(name) or holds_secret(value):
        return "not shown"
    if isinstance(value, dict):
        return "a section"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def is_secret_name(name: str) -> bool:
    """Whether the value of a setting with this name is a secret."""
    return _SECRET_NAME.search(name) is not None


def holds_secret(value: Any) -> bool:
    """Whether a value has the shape of a secret: a URL with a password, an API key."""
    return any(_SECRET_VALUE.search(text) for text in to_texts(value))


def to_texts(value: Any) -> list[str]:
    """Return every text inside a value, numbers and revealed secrets included."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in to_texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in to_texts(item)]
    revealed = getattr(value, "get_secret_value", None)
    return [str(value if revealed is None else revealed())]
