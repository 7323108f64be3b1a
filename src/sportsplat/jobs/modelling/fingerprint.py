"""Fingerprints of data, settings and code, by which a backtest can be repeated; the name of its run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import sportsplat
from sportsplat.domain import JsonObject
from sportsplat.jobs.modelling.backtest_inputs import Inputs
from sportsplat.models.dataset import Dataset

if TYPE_CHECKING:
    import pandas as pd


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


def of_inputs(dataset: Dataset, matches: Dataset, inputs: Inputs) -> str:
    """Return a SHA-256 over results learned from or forecast, and prices and forecasts of the latter."""
    used = dataset.known_by(matches.known_at.max())
    about = (frame[frame["match_id"].isin(matches.match_id)] for frame in (inputs.quotes, inputs.forecasts))
    return of_data(used, *about)


def run_id(result: JsonObject) -> str:
    """Return a name that sorts by time and tells what was run: epl-gbm-20240501T101500-1a2b3c4d."""
    now = datetime.now(UTC)
    prints = of_configuration(result["fingerprint"] | {"at": now.isoformat()})
    return f"{result['league']}-{result['model']}-{now:%Y%m%dT%H%M%S}-{prints[:8]}"
