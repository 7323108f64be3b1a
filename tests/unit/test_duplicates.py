"""Duplicates within one file: repetitions collapse, contradictions go to quarantine, nothing crashes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sportsplat.cleaning.duplicates import UniqueRecords, deduplicate, narrow
from sportsplat.domain import Batch, MatchKey, MatchStatus, Outcome
from tests.records import batch, forecast, key, match, quote, stats

PLAYED = match(score=(2, 1))


def unique(made: Batch, **teams: int) -> UniqueRecords:
    names = {name for record in made.matches for name in (record.home, record.away)}
    return deduplicate(made, {name: number for number, name in enumerate(sorted(names))} | teams)


def codes(result: UniqueRecords) -> list[str]:
    return [row.code for row in result.rejected]


def test_a_row_that_repeats_another_becomes_one_with_it() -> None:
    result = unique(batch([PLAYED, PLAYED], quotes=[quote(PLAYED), quote(PLAYED)]))
    assert result.matches == [PLAYED]
    assert result.quotes == [quote(PLAYED)]
    assert result.rejected == []


def test_rows_that_contradict_each_other_are_all_refused_with_what_hangs_on_them() -> None:
    other = PLAYED._replace(home_score=3)
    made = batch(
        [PLAYED, other],
        quotes=[quote(PLAYED)],
        stats=[stats(PLAYED, shots=1.0)],
        forecasts=[forecast(PLAYED, 0.5, 0.5)],
    )
    result = unique(made)
    assert (result.matches, result.quotes, result.stats, result.forecasts) == ([], [], [], [])
    (refused,) = result.rejected
    assert refused.code == "contradicting-duplicate"
    assert "Ajax - Boca on 2021-01-02" in refused.reason
    assert "home_score=2" in refused.raw
    assert "home_score=3" in refused.raw


def test_a_played_row_supersedes_the_fixture_above_it() -> None:
    result = unique(batch([match(), PLAYED], quotes=[quote(PLAYED)]))
    assert result.matches == [PLAYED]
    assert result.quote_rows == [0]


def test_a_cancelled_and_a_scheduled_row_contradict_each_other() -> None:
    assert codes(unique(batch([match(), match(status=MatchStatus.CANCELLED)]))) == ["contradicting-duplicate"]


def test_a_second_game_of_the_day_is_no_duplicate() -> None:
    assert len(unique(batch([PLAYED, PLAYED._replace(number=2, home_score=0)])).matches) == 2


def test_two_names_of_one_team_are_one_team() -> None:
    renamed = PLAYED._replace(home="AFC Ajax")
    made = batch([PLAYED, renamed], quotes=[quote(renamed, 1.7)])
    result = unique(made, **{"Ajax": 1, "AFC Ajax": 1, "Boca": 2})
    assert result.matches == [PLAYED]
    assert result.quote_rows == [0]


def test_a_team_that_plays_itself_under_two_names_is_refused() -> None:
    assert codes(unique(batch([PLAYED]), Ajax=1, Boca=1)) == ["same-team"]


def test_dependents_know_the_row_of_their_match() -> None:
    second = match("Celta", "Dukla", score=(0, 0))
    made = batch(
        [PLAYED, second],
        quotes=[quote(second), quote(PLAYED), quote(second, 3.0, Outcome.AWAY)],
        stats=[stats(second, shots=2.0)],
        forecasts=[forecast(PLAYED, 0.5, 0.5)],
    )
    result = unique(made)
    assert result.quote_rows == [1, 0, 1]
    assert result.stats_rows == [1]
    assert result.forecast_rows == [0]


def test_a_quote_of_a_match_that_the_file_does_not_hold_is_refused_once() -> None:
    stray = match("Celta", "Dukla")
    result = unique(batch([PLAYED], quotes=[quote(stray), quote(stray, 3.0, Outcome.AWAY), quote(PLAYED)]))
    assert codes(result) == ["unknown-match"]
    assert result.quotes == [quote(PLAYED)]


def test_a_quote_of_a_match_that_the_parser_refused_is_passed_over_when_it_says_so() -> None:
    stray = match("Celta", "Dukla")
    made = batch([PLAYED], quotes=[quote(stray)])
    result = deduplicate(made, {"Ajax": 1, "Boca": 2}, mentioned=[key(stray)])
    assert result.quotes == []
    assert result.rejected == []


@pytest.mark.parametrize(
    ("name", "records"),
    [
        ("quotes", [quote(PLAYED, 1.9), quote(PLAYED, 2.0)]),
        ("stats", [stats(PLAYED, shots=1.0), stats(PLAYED, shots=2.0)]),
        ("forecasts", [forecast(PLAYED, 0.6, 0.4), forecast(PLAYED, 0.5, 0.5)]),
    ],
)
def test_two_values_for_one_thing_are_both_refused(name: str, records: list[Any]) -> None:
    lists: Any = {name: records}
    result = unique(batch([PLAYED], **lists))
    assert getattr(result, name) == []
    assert codes(result) == ["contradicting-duplicate"]
    assert result.matches == [PLAYED]


def test_quotes_that_differ_in_moment_line_or_kind_are_no_duplicates() -> None:
    later = PLAYED.kickoff_utc
    made = [
        quote(PLAYED),
        quote(PLAYED, quoted_at=later),
        quote(PLAYED, quoted_at=None),
        quote(PLAYED, is_closing=True),
        quote(PLAYED, bookmaker="bet365"),
        quote(PLAYED, line=1.0),
    ]
    assert unique(batch([PLAYED], quotes=made)).quotes == made


def test_narrowing_keeps_the_seasons_and_days_that_are_wanted() -> None:
    made = batch([match(day=date(2020, 12, 1)), match(day=date(2021, 2, 1)), match(season=2019)])
    assert narrow(made, [], None) is made
    assert [m.match_date.month for m in narrow(made, [], date(2021, 1, 3)).matches] == [2]
    assert [m.season for m in narrow(made, [2019], None).matches] == [2019]
    assert narrow(made, [2018], None).matches == []


def test_what_hangs_on_a_match_left_out_is_left_out_quietly() -> None:
    early, late = match(day=date(2020, 12, 1)), match(day=date(2021, 2, 1))
    made = batch([early, late], quotes=[quote(early), quote(late)])
    narrowed = narrow(made, [], date(2021, 1, 1))
    result = deduplicate(narrowed, {"Ajax": 1, "Boca": 2}, mentioned=[m.key for m in made.matches])
    assert result.quotes == [quote(late)]
    assert result.rejected == []


def test_rows_that_the_parser_refused_are_kept_in_front() -> None:
    from sportsplat.domain import Rejected

    refused = Rejected("made-up.csv", 7, "FTHG is -1", "impossible-score", "E0,...")
    assert unique(batch([PLAYED], rejected=[refused])).rejected == [refused]
    assert PLAYED.key == MatchKey(PLAYED.match_date, "Ajax", "Boca", 1)
