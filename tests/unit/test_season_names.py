"""Seasons as users name them: by the first year, or by both; never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sportsplat.cli.help import season_begun
from sportsplat.errors import UsageError
from tests.program import run


@pytest.mark.parametrize(
    ("text", "season"),
    [
        ("2020", 2020),
        ("2020/21", 2020),
        ("2020-21", 2020),
        ("2020/2021", 2020),
        ("1999/00", 1999),
        (" 2020 ", 2020),
    ],
)
def test_a_season_is_named_by_its_first_year_or_both(text: str, season: int) -> None:
    assert season_begun(text) == season


@pytest.mark.parametrize("text", ["21", "2020/22", "2020/20", "2021-20", "20/21", "last", "", "20201", "0"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        season_begun(text)
    assert refused.value.error_code == "BAD_SEASON"


@pytest.mark.parametrize("words", ["ingest football-data", "data quality epl", "data conflicts epl"])
def test_every_command_refuses_two_digits_and_says_what_they_may_mean(words: str, project_dir: Path) -> None:
    done = run(project_dir, *words.split(), "--season", "21", "--json")
    assert (done.exit_code, done.error["code"]) == (2, "BAD_SEASON")
    assert done.error["cause"] == "21 may be 2020/21 or 2021/22"
    assert done.error["fix"] == "--season 2020 or --season 2021"
