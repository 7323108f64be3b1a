"""The help page: as wide as it may be, in the letters that there are, coloured only where that is seen."""

from __future__ import annotations

import os
import pty
import subprocess

import pytest

from tests.program import PROGRAM, environment


def page(*words: str, **variables: str) -> list[str]:
    done = subprocess.run([PROGRAM, *words], env=environment(**variables), capture_output=True, check=True)
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize("columns", [40, 64, 100, 140])
@pytest.mark.parametrize("words", [["--help"], ["up", "--help"], ["db", "--help"]], ids=" ".join)
def test_a_page_is_as_wide_as_asked_and_loses_no_word(words: list[str], columns: int) -> None:
    lines = page(*words, COLUMNS=str(columns))
    boxed = [line for line in lines if line.startswith(("╭", "│", "╰"))]

    assert {len(line) for line in boxed} == {columns}
    assert max(map(len, lines)) <= columns
    assert letters(lines) == letters(page(*words, COLUMNS="400"))


def letters(lines: list[str]) -> list[str]:
    return sorted("".join(lines).translate({ord(sign): None for sign in "╭╮╰╯─│ "}))


def test_a_page_that_is_piped_has_100_columns_and_no_control_codes() -> None:
    lines = page("--help")

    assert max(map(len, lines)) == 100
    assert not any("\x1b" in line for line in lines)


def test_an_output_without_box_letters_gets_plain_ones() -> None:
    lines = page("--help", PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert any(line.startswith("+- Commands -") for line in lines)
    assert all(line.isascii() for line in lines)


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colours_unless_it_wants_none(variables: dict[str, str], coloured: bool) -> None:
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            [PROGRAM, "--help"], env=environment(TERM="xterm", **variables), stdout=theirs
        ) as program:
            os.close(theirs)
            seen = b""
            while piece := _read(ours):
                seen += piece
            assert program.wait() == 0
    finally:
        os.close(ours)
    assert b"Commands" in seen
    assert (b"\x1b[1;36m" in seen) is coloured


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a terminal says that its other end is closed
        return b""
