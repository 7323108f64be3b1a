"""What a feature is: its name, what one value means, where it comes from, and what a gap means.

A `Family` computes a few related measures from a `History`. A sided measure becomes three columns:
`<name>_home`, `<name>_away` and `<name>_difference` (home minus away); any other is one column of its own
name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sportsplat.features.asof import History
from sportsplat.leagues.league import EloParams

CODE_VERSION = 1  # raise it whenever a value of an existing feature changes its meaning

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FeaturePlan:
    """What to build: windows (matches, at least 1), the league's rating parameters, box-score names."""

    windows: tuple[int, ...]
    elo: EloParams
    season_matches: int
    stats: tuple[str, ...] = ()


class Measure(NamedTuple):
    """One quantity per team (sided: values (2n,), home sides first) or per match (values (n,))."""

    name: str
    meaning: str
    gap: str
    known_since: str
    tables: tuple[str, ...] = ("matches",)
    sided: bool = True


class Family(NamedTuple):
    """Measures computed together; `values` answers in the order of `measures`."""

    measures: Callable[[FeaturePlan], Sequence[Measure]]
    values: Callable[[History, FeaturePlan], Sequence[Values]]


@dataclass(frozen=True)
class Feature:
    """Documentation of one column of a features frame."""

    name: str
    meaning: str
    gap: str
    known_since: str
    tables: tuple[str, ...]


def columns(measure: Measure) -> list[Feature]:
    """Return the columns that a measure becomes."""
    rest = (measure.gap, measure.known_since, measure.tables)
    if not measure.sided:
        return [Feature(measure.name, measure.meaning, *rest)]
    return [
        Feature(f"{measure.name}_home", f"home team: {measure.meaning}", *rest),
        Feature(f"{measure.name}_away", f"visiting team: {measure.meaning}", *rest),
        Feature(f"{measure.name}_difference", f"home minus visiting team: {measure.meaning}", *rest),
    ]


def describe(measures: Iterable[Measure]) -> tuple[Feature, ...]:
    """Document the columns of several measures, in order."""
    return tuple(feature for measure in measures for feature in columns(measure))


def manifest_hash(features: Sequence[Feature], plan: FeaturePlan) -> str:
    """Name the exact meaning of a frame: its columns, windows, rating parameters and the code's version."""
    said = {"names": [f.name for f in features], "plan": asdict(plan), "code": CODE_VERSION}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
