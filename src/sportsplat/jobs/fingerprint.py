"""What identifies a result: its data, its configuration, and the code. Equal prints, equal numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import sportsplat

if TYPE_CHECKING:
    import pandas as pd

    from sportsplat.models.dataset import Dataset


def of_data(dataset: Dataset, *frames: pd.DataFrame) -> str:
    """Return a SHA-256 over a dataset and further frames, whose rows may come in any order."""
    from pandas.util import hash_pandas_object

    digest = hashlib.sha256(dataset.fingerprint().encode())
    for frame in frames:
        rows = hash_pandas_object(frame, index=False, categorize=False).to_numpy()
        digest.update(np.sort(rows).tobytes())
    return digest.hexdigest()


def of_configuration(values: Mapping[str, Any]) -> str:
    """Return a SHA-256 over JSON-able values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


@cache
def of_code() -> str:
    """Return a SHA-256 over the sources of the installed package."""
    root = Path(sportsplat.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
