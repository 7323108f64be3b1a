"""Values of any type as plain JSON values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def to_plain(value: Any) -> Any:
    """Return JSON-able data: NaN and infinities as null, dates in ISO 8601, results as objects."""
    if value is None or isinstance(value, bool | str | int):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(to_plain(key)): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(item) for item in value]
    for method in ("to_dict", "isoformat", "tolist", "model_dump"):
        if hasattr(value, method):
            return to_plain(getattr(value, method)())
    return str(value)
