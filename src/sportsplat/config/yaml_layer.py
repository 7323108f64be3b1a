"""Settings in YAML files: each value with its line; a secret there is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sportsplat.config.layers import (
    Keys,
    Layer,
    LayerName,
    SettingProblem,
    holds_secret,
    is_secret_name,
    preferred_variable,
    to_shown,
    to_texts,
    unknown,
)
from sportsplat.config.yaml_lines import read_yaml
from sportsplat.redact import remember


def yaml_layer(name: LayerName, path: Path, keys: Keys) -> Layer:
    """Read one settings file. Raises ConfigError when it is unreadable or not YAML."""
    document = read_yaml(path)
    layer = Layer(name)
    for section, entries in document.data.items():
        where = document.where(section)
        if section not in keys.sections:
            layer.problems.append(_unknown(section, entries, where, keys))
        elif isinstance(entries, dict):
            for entry, value in entries.items():
                _take(layer, f"{section}.{entry}", value, document.where(section, entry), keys)
        elif entries is not None:
            found = to_shown(section, entries)
            text = f"{section} is a section and takes `name: value` lines, found {found}"
            layer.problems.append(SettingProblem("invalid", section, where, text, f"correct {where}"))
    return layer


def _take(layer: Layer, key: str, value: Any, where: str, keys: Keys) -> None:
    if key not in keys.all:
        layer.problems.append(_unknown(key, value, where, keys))
    elif value is not None and (key in keys.secret or holds_secret(value)):
        layer.problems.append(_secret(key, value, where))
    else:
        layer.put(key, value, where)


def _unknown(key: str, value: Any, where: str, keys: Keys) -> SettingProblem:
    likely = keys.likely(key)
    if isinstance(value, dict):
        hidden = next((name for name, item in value.items() if item and is_secret_name(name)), None)
        if hidden is not None or holds_secret(value):
            return _secret(f"{key}.{hidden}" if hidden else key, value, where)
    elif value is not None and (likely in keys.secret or is_secret_name(key) or holds_secret(value)):
        return _secret(likely if likely in keys.secret else key, value, where)
    return unknown(key, value, where, f"no setting {key!r}", likely)


def _secret(key: str, value: Any, where: str) -> SettingProblem:
    remember(*to_texts(value))
    variable = preferred_variable(key)
    fix = (
        f"move it to .env as {variable}=<secret>, or to a file named by {variable}_FILE; change it if shared"
    )
    return SettingProblem(
        "secret", key, where, f"{key} is a secret, and YAML files are usually committed", fix
    )
