"""The base of what jobs return: frozen values with names and types, and their JSON object.

@dataclass(frozen=True)
class Training(Result):
    model_id: int
    start: date = field(metadata=named("from"))

training.model_id       # for Python
training.to_dict()      # {"model_id": 7, "from": "2024-08-16"}, for `--json` and the API
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sportsplat.domain import JsonObject
from sportsplat.plain_values import to_plain

_NAME, _IF_NONE, _IN_JSON = "json_name", "json_if_none", "in_json"


def named(key: str) -> Mapping[str, Any]:
    """Return metadata of a field whose JSON key is `key`: one that Python cannot spell, such as `from`."""
    return {_NAME: key}


def if_none(value: Any) -> Mapping[str, Any]:
    """Return metadata of a field that is `value` in JSON where it is None in Python."""
    return {_IF_NONE: value}


def not_in_json() -> Mapping[str, Any]:
    """Return metadata of a field that only Python sees, such as a frame."""
    return {_IN_JSON: False}


@dataclass(frozen=True)
class Result:
    """What a job returns. Subclasses are frozen dataclasses; the order of fields is that of the JSON keys."""

    def to_dict(self) -> JsonObject:
        """Return the JSON object of the command line: nested results as objects, dates in ISO 8601."""
        answer: JsonObject = {}
        for each in fields(self):
            if not each.metadata.get(_IN_JSON, True):
                continue
            value = getattr(self, each.name)
            if value is None and _IF_NONE in each.metadata:
                value = each.metadata[_IF_NONE]
            answer[each.metadata.get(_NAME, each.name)] = _to_json(value)
        return answer


def _to_json(value: Any) -> Any:
    if isinstance(value, Result):
        return value.to_dict()
    if hasattr(value, "_asdict"):
        return _to_json(value._asdict())
    if isinstance(value, Mapping):
        return {str(key): _to_json(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(entry) for entry in value]
    return to_plain(value)
