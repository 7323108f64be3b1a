"""Typed results and their JSON objects."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple

import pytest

from sportsplat.results import Result, if_none, named, not_in_json


class Pair(NamedTuple):
    new: int
    old: int


@dataclass(frozen=True)
class Part(Result):
    value: float


@dataclass(frozen=True)
class Whole(Result):
    start: date = field(metadata=named("from"))
    at: datetime
    parts: Sequence[Part]
    by_name: Mapping[str, Part]
    counts: Pair
    scores: Part | None = field(metadata=if_none({}))
    note: str | None
    frame: object = field(metadata=not_in_json())


WHOLE = Whole(
    start=date(2024, 8, 16),
    at=datetime(2024, 8, 16, 19, tzinfo=UTC),
    parts=(Part(1.5), Part(float("inf"))),
    by_name={"elo": Part(2.0)},
    counts=Pair(1, 2),
    scores=None,
    note=None,
    frame=object(),
)


def test_a_result_gives_its_json_object_in_the_order_of_its_fields() -> None:
    answer = WHOLE.to_dict()
    assert json.loads(json.dumps(answer, allow_nan=False)) == {
        "from": "2024-08-16",
        "at": "2024-08-16T19:00:00+00:00",
        "parts": [{"value": 1.5}, {"value": None}],
        "by_name": {"elo": {"value": 2.0}},
        "counts": {"new": 1, "old": 2},
        "scores": {},
        "note": None,
    }
    assert list(answer) == ["from", "at", "parts", "by_name", "counts", "scores", "note"]


def test_a_result_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        WHOLE.note = "changed"  # type: ignore[misc]
