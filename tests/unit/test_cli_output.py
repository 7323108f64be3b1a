"""What becomes JSON, and what a pipe, a full disk or a terminal see."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from sportsplat.cli import output
from sportsplat.cli.progress import FIRST_LINE_AFTER_S, LINE_EVERY_S, open_progress
from sportsplat.cli.views.tables import PlainTable
from sportsplat.errors import EnvironmentUnavailable
from sportsplat.plain_values import to_plain


class Kind(StrEnum):
    A = "a"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (float("nan"), None),
        (float("-inf"), None),
        (np.float64("nan"), None),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([1.0, np.inf]), [1.0, None]),
        (datetime(2024, 1, 2, 3, tzinfo=UTC), "2024-01-02T03:00:00+00:00"),
        (date(2024, 1, 2), "2024-01-02"),
        (Path("a/b"), "a/b"),
        (Kind.A, "a"),
        (SecretStr("s3cret"), "**********"),
        (Decimal("1.5"), "1.5"),
        ({1: (2, {3})}, {"1": [2, [3]]}),
        (True, True),
    ],
)
def test_any_value_becomes_plain_json(value: object, plain: object) -> None:
    found = to_plain(value)
    assert found == plain
    assert type(found) is type(plain)
    json.dumps(found, allow_nan=False)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_like)
def test_an_envelope_is_always_valid_json(data: object) -> None:
    envelope = output.to_envelope("act", 0.0123, data={"data": data})
    assert json.loads(json.dumps(envelope, allow_nan=False))["duration_ms"] == 12


class _Failing(io.StringIO):
    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error

    def write(self, _text: str, /) -> int:
        raise self.error


def test_a_reader_that_left_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", _Failing(BrokenPipeError()))
    output.write_answer("more")


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", _Failing(OSError(28, "No space left on device")))
    with pytest.raises(EnvironmentUnavailable, match="could not be written") as caught:
        output.write_answer("more")
    assert caught.value.error_code == "OUTPUT_FAILED"


def test_json_is_ascii_where_stdout_is_not_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", narrow)
    output.write_json({"team": "Köln – Łódź"})
    narrow.seek(0)
    assert json.loads(narrow.read()) == {"team": "Köln – Łódź"}


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "no_color", "variables", "coloured"),
    [
        (_Terminal(), False, {}, True),
        (_Terminal(), True, {}, False),
        (_Terminal(), False, {"NO_COLOR": "1"}, False),
        (_Terminal(), False, {"TERM": "dumb"}, False),
        (io.StringIO(), False, {}, False),
    ],
)
def test_colour_only_where_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
    stream: io.StringIO,
    no_color: bool,
    variables: dict[str, str],
    coloured: bool,
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    color = output.wants_color(stream, no_color=no_color)
    assert color is coloured
    output.make_console(stream, color=color).print("text", style="bold red")
    assert ("\x1b[" in stream.getvalue()) is coloured


def test_a_table_in_a_pipe_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    stream = io.StringIO()
    table = PlainTable().text("name").value("long").number("seen")
    table.row("Borussia [/b] Mönchengladbach", "x" * 120, "1,234,567")
    output.make_console(stream, color=False).print(table)
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in stream.getvalue()
    assert stream.getvalue().count("x") == 120
    assert "[/b]" in stream.getvalue()


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_progress_elsewhere_is_a_line_now_and_then() -> None:
    stream = io.StringIO()
    clock = _Clock()
    with open_progress(
        "reading", 100, console=output.make_console(stream, color=False), clock=clock
    ) as progress:
        progress(1)
        assert stream.getvalue() == ""
        clock.now += FIRST_LINE_AFTER_S
        progress(50)
        progress(60)
        assert stream.getvalue() == "reading: 50 of 100 (2 s)\n"
        clock.now += LINE_EVERY_S
        progress(99, description="storing")
    assert stream.getvalue().splitlines()[1:] == ["storing: 99 of 100 (12 s)"]


def test_progress_is_silent_when_asked() -> None:
    with open_progress("reading", console=None) as progress:
        progress(1)
        progress(5, 10, "storing")


def test_progress_on_a_terminal_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = _Terminal()
    with open_progress("reading", 10, console=output.make_console(stream, color=True)) as progress:
        progress(3)
        progress(7)
    assert "reading" in stream.getvalue()
    assert "7/10" in stream.getvalue()
