"""The end of a log, and what is added to it while one looks."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from sportsplat.infra.embedded.log_file import read


def test_the_last_lines(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a\nb\nc\n")

    assert list(read(tmp_path / "log", 2, follow=False)) == ["b", "c"]
    assert list(read(tmp_path / "log", 0, follow=False)) == []


def test_no_file_has_no_lines(tmp_path: Path) -> None:
    assert list(read(tmp_path / "log", 2, follow=False)) == []


def test_following_shows_what_is_added_and_survives_a_new_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("first line\n")
    lines = read(log, 10, follow=True, pause_s=0.01)
    assert next(lines) == "first line"

    with log.open("a") as handle:
        handle.write("second\n")
    assert next(lines) == "second"

    log.write_text("anew\n")
    assert list(islice(lines, 1)) == ["anew"]
