"""Overrounds that cannot be, however often and in whatever order their prices stand in a file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest

from sportsplat.cleaning.rules import apply_rules
from sportsplat.domain import Outcome
from sportsplat.leagues.league import load_leagues
from tests.records import batch, match, quote

LEAGUES = load_leagues()
EPL = LEAGUES["epl"]
PLAYED = match("Arsenal", "Chelsea", score=(2, 1))
SIDES = (Outcome.HOME, Outcome.DRAW, Outcome.AWAY)
IMPOSSIBLE = [quote(PLAYED, 10.0, side) for side in SIDES]
NOW = datetime(2030, 1, 1, tzinfo=UTC)
FAIR = [quote(PLAYED, 2.9, side) for side in SIDES]


@pytest.mark.parametrize("rows", [IMPOSSIBLE, IMPOSSIBLE * 2, [*IMPOSSIBLE, IMPOSSIBLE[1]]])
def test_an_impossible_offer_is_refused_once_however_often_it_stands(rows: list[object]) -> None:
    kept = apply_rules(batch([PLAYED], quotes=rows), EPL, NOW)
    assert kept.quotes == []
    (refused,) = kept.rejected
    assert refused.code == "bad-overround"
    assert refused.reason.count("10") == len(SIDES)


def test_a_fair_offer_is_kept_with_its_repeats() -> None:
    for rows in permutations([*FAIR, FAIR[0]]):
        kept = apply_rules(batch([PLAYED], quotes=list(rows)), EPL, NOW)
        assert (len(kept.quotes), kept.rejected) == (4, [])


def test_prices_that_contradict_each_other_are_no_offer_to_judge() -> None:
    kept = apply_rules(batch([PLAYED], quotes=[*IMPOSSIBLE, quote(PLAYED, 2.0)]), EPL, NOW)
    assert (len(kept.quotes), kept.rejected) == (4, [])


@pytest.mark.parametrize(
    ("told_before", "refused"),
    [(timedelta(hours=23), False), (timedelta(hours=25), True), (timedelta(days=-1), False)],
)
def test_a_result_is_refused_more_than_a_day_before_its_match_begins(
    told_before: timedelta, refused: bool
) -> None:
    """A day in another zone begins up to a day earlier."""
    kept = apply_rules(batch([PLAYED], quotes=FAIR), EPL, PLAYED.kickoff_utc - told_before)
    assert [row.code for row in kept.rejected] == ["result-before-play"] * refused
    assert kept.matches == ([] if refused else [PLAYED])


def test_a_match_to_come_is_kept() -> None:
    fixture = match("Arsenal", "Chelsea")
    kept = apply_rules(batch([fixture]), EPL, fixture.kickoff_utc - timedelta(days=90))
    assert (kept.matches, kept.rejected) == ([fixture], [])


@pytest.mark.parametrize(("season", "codes"), [(2003, []), (2005, ["impossible-tie"])])
def test_a_league_may_have_had_ties_once(season: int, codes: list[str]) -> None:
    """The NHL decides its games by a shoot-out since 2005/06."""
    tied = match("Rangers", "Bruins", date(season + 1, 2, 6), season=season, score=(2, 2))
    checked = apply_rules(batch([tied], league="nhl"), LEAGUES["nhl"], tied.kickoff_utc)
    assert [row.code for row in checked.rejected] == codes
    if codes:
        assert "a game of nhl has a winner since the season 2004" in checked.rejected[0].reason


@pytest.mark.parametrize("day", [date(2024, 12, 17), date(2024, 12, 18)])
def test_a_game_that_counts_for_no_table_is_refused_of_every_source(day: date) -> None:
    final, other = match("Thunder", "Bucks", day, season=2024), match("Hawks", "Bulls", day, season=2024)
    checked = apply_rules(batch([final, other], league="nba"), LEAGUES["nba"], final.kickoff_utc)
    assert checked.matches == [other]
    assert [row.code for row in checked.rejected] == ["not-a-league-game"]
    assert "the final of the NBA Cup, which does not count in the standings" in checked.rejected[0].reason
