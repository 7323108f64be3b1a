"""What every error owes a program: code, exit code and status of the registry, and its details as JSON."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from sportsplat.error_codes import CODES
from sportsplat.errors import (
    EnvironmentUnavailable,
    InputRefused,
    ResourceConflict,
    SourcesFailed,
    SourceUnavailable,
    SportsplatError,
    UsageError,
)
from sportsplat.redact import REDACTOR

URL = "postgresql://sportsplat:hunter2hunter2@127.0.0.1:5432/sportsplat"


def test_an_error_without_details_has_five_keys() -> None:
    error = ResourceConflict(
        "port 5432 is taken", cause="seen", fix="sportsplat up --port auto", code="PORT_TAKEN"
    )
    assert error.to_dict() == {
        "code": "PORT_TAKEN",
        "message": "port 5432 is taken",
        "cause": "seen",
        "fix": "sportsplat up --port auto",
        "retryable": True,
    }


@pytest.mark.parametrize("kind", [ResourceConflict, UsageError, InputRefused, EnvironmentUnavailable])
def test_details_of_every_class_are_in_the_object(kind: type[SportsplatError]) -> None:
    assert kind("it broke", port=5432).to_dict()["details"] == {"port": 5432}


def test_details_become_json_values() -> None:
    error = InputRefused(
        "it broke",
        day=date(2024, 8, 1),
        moment=datetime(2024, 8, 1, 15, tzinfo=UTC),
        path=Path("data/E0.csv"),
        stake=Decimal("1.50"),
        share=np.float64(0.25),
        missing=float("nan"),
        names=("Ham", "Acton"),
        report={"files": {"E0.csv"}, 3: None},
    )
    details = error.to_dict()["details"]
    assert json.loads(json.dumps(details, allow_nan=False)) == {
        "day": "2024-08-01",
        "moment": "2024-08-01T15:00:00+00:00",
        "path": "data/E0.csv",
        "stake": "1.50",
        "share": 0.25,
        "missing": None,
        "names": ["Ham", "Acton"],
        "report": {"files": ["E0.csv"], "3": None},
    }
    assert error.details["day"] == date(2024, 8, 1)


def test_details_hold_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(REDACTOR, "_secrets", set())
    monkeypatch.setattr(REDACTOR, "_known", None)
    REDACTOR.remember("correct-horse")
    told = json.dumps(EnvironmentUnavailable("it broke", url=URL, tried=["correct-horse"]).to_dict())
    assert "hunter2" not in told
    assert "correct-horse" not in told
    assert "127.0.0.1:5432" in told


def test_exit_code_status_and_retryable_are_those_of_the_code() -> None:
    missing = SourceUnavailable("no such season", code="REMOTE_FILE_MISSING")
    closed = SourceUnavailable("no answer")
    assert (missing.exit_code, missing.http_status, missing.retryable) == (9, 502, False)
    assert (closed.error_code, closed.exit_code, closed.http_status, closed.retryable) == (
        "SOURCE_UNAVAILABLE",
        9,
        502,
        True,
    )
    entry = CODES["REMOTE_FILE_MISSING"]
    assert (entry.exit_code, entry.http_status, entry.retryable) == (9, 502, False)


def test_a_sync_that_failed_in_part_answers_with_its_report() -> None:
    failed = SourcesFailed("1 of 2 sources failed", report={"failed": 1})
    assert failed.data == {"failed": 1}
    assert failed.to_dict()["details"] == {"report": {"failed": 1}}


def test_an_error_passes_between_processes() -> None:
    error = ResourceConflict("port 5432 is taken", code="PORT_TAKEN", port=5432)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert copy.to_dict() == error.to_dict()
