"""What several sources say of one match: one match, and conflicts kept."""

from __future__ import annotations

import pytest

from sportsplat.db.write.claims import resolve_league
from sportsplat.db.write.staging import Tally
from sportsplat.db.write.teams import lock_league
from sportsplat.domain import Market, Outcome
from tests.integration.claiming import (
    FIRST,
    PLAYED,
    SECOND,
    Connection,
    conflicts,
    content,
    held,
    next_day,
    store,
    turned_round,
)
from tests.records import DAY, batch, count, forecast, match, quote, stats


def test_two_sources_of_one_match_make_one_match(conn: Connection) -> None:
    store(conn, FIRST, batch([PLAYED]))
    assert store(conn, SECOND, batch([PLAYED])).tally == Tally(0, 0, 1)
    assert count(conn, "matches") == 1
    assert count(conn, "match_claims") == 2
    assert conflicts(conn) == set()


def test_a_day_shifted_by_a_time_zone_is_the_same_match(conn: Connection) -> None:
    store(conn, FIRST, batch([PLAYED]))
    assert store(conn, SECOND, batch([next_day(PLAYED)])).tally == Tally(0, 0, 1)
    assert held(conn, "match_date") == [(DAY,)]
    assert conflicts(conn) == {(SECOND, "date", "2021-01-03", "2021-01-02")}
    assert store(conn, SECOND, batch([next_day(PLAYED)])).tally == Tally(0, 0, 1)


def test_the_next_day_with_another_result_is_another_match(conn: Connection) -> None:
    store(conn, FIRST, batch([PLAYED]))
    other = next_day(PLAYED)._replace(home_score=0)
    assert store(conn, SECOND, batch([other])).tally == Tally(1)


def test_a_series_of_equal_results_on_following_days_is_not_drawn_together(conn: Connection) -> None:
    """Two games of one pair, 3:1 each: a source that has both means both."""
    store(conn, FIRST, batch([PLAYED]))
    assert store(conn, SECOND, batch([PLAYED, next_day(PLAYED)])).tally == Tally(1, 0, 1)


def test_of_two_candidates_none_is_guessed(conn: Connection) -> None:
    store(conn, FIRST, batch([PLAYED, next_day(next_day(PLAYED))]))
    between = next_day(PLAYED)
    assert store(conn, SECOND, batch([between])).tally == Tally(1)


def test_venues_that_changed_places_are_the_same_match_and_all_of_it_turns(conn: Connection) -> None:
    store(
        conn,
        FIRST,
        batch(
            [PLAYED],
            quotes=[quote(PLAYED, 1.5), quote(PLAYED, 3.0, Outcome.AWAY)],
            stats=[stats(PLAYED, shots=9.0), stats(PLAYED, False, shots=2.0)],
            forecasts=[forecast(PLAYED, 0.7, 0.3)],
        ),
    )
    before = content(conn)
    other = turned_round(PLAYED)
    written = store(
        conn,
        SECOND,
        batch(
            [other],
            quotes=[
                quote(other, 1.6, Outcome.AWAY, bookmaker="b"),
                quote(other, 1.9, market=Market.SPREAD, line=4.5, bookmaker="b"),
            ],
            stats=[stats(other, shots=2.0), stats(other, False, shots=9.0)],
            forecasts=[forecast(other, 0.4, 0.6, publisher="p")],
        ),
    )
    assert written.tally == Tally(0, 0, 1)
    assert conflicts(conn) == {(SECOND, "venue", "away", "home")}
    assert before.split("\n")[0] in content(conn)
    told = conn.execute("SELECT outcome, line FROM quotes WHERE bookmaker = 'b' ORDER BY market").fetchall()
    assert told == [("home", None), ("away", -4.5)]
    shots = "SELECT is_home, stats ->> 'shots' FROM box_scores ORDER BY is_home DESC"
    assert conn.execute(shots).fetchall() == [(True, "9"), (False, "2")]
    assert conn.execute("SELECT probabilities FROM forecasts WHERE publisher = 'p'").fetchall() == [
        ([0.6, 0.4],)
    ]


def test_a_venue_turned_with_another_result_is_another_match(conn: Connection) -> None:
    store(conn, FIRST, batch([PLAYED]))
    assert store(conn, SECOND, batch([turned_round(PLAYED)._replace(home_score=2)])).tally == Tally(1)


def test_the_result_of_the_source_with_precedence_holds_and_the_other_is_listed(conn: Connection) -> None:
    wrong = PLAYED._replace(home_score=2)
    for order in ([(FIRST, PLAYED), (SECOND, wrong)], [(SECOND, wrong), (FIRST, PLAYED)]):
        conn.execute("DELETE FROM matches")
        for source, record in order:
            store(conn, source, batch([record]))
        assert held(conn, "home_score", "away_score", "source") == [(3, 1, FIRST)]
        assert conflicts(conn) == {(SECOND, "score", "2:1", "3:1")}


def test_a_change_of_precedence_changes_what_holds(conn: Connection) -> None:
    store(conn, FIRST, batch([PLAYED]))
    store(conn, SECOND, batch([PLAYED._replace(home_score=2)]))
    with conn.transaction():
        lock_league(conn, "sim")
        assert resolve_league(conn, "sim", [SECOND, FIRST]) == 1
        assert resolve_league(conn, "sim", [SECOND, FIRST]) == 0
    assert held(conn, "home_score") == [(2,)]
    assert conflicts(conn) == {(FIRST, "score", "3:1", "2:1")}


def test_a_result_that_its_own_source_gave_otherwise_is_not_taken_unless_asked(conn: Connection) -> None:
    store(conn, FIRST, batch([PLAYED]))
    changed = batch([PLAYED._replace(home_score=4)])
    refused = store(conn, FIRST, changed, accept_changes=False)
    assert refused.contradicted == [(0, 3, 1)]
    assert refused.tally == Tally()
    assert held(conn, "home_score") == [(3,)]
    assert store(conn, FIRST, changed).tally == Tally(0, 1, 0)
    assert held(conn, "home_score") == [(4,)]


@pytest.mark.parametrize("source", [FIRST, SECOND])
def test_a_match_that_another_file_puts_on_a_taken_day_is_left_where_it_is(
    conn: Connection, source: str
) -> None:
    """The precedence would date one match as another one is: both stay, and nothing is lost."""
    store(conn, SECOND, batch([PLAYED, next_day(next_day(match(score=(0, 5))))]))
    store(conn, source, batch([next_day(PLAYED)]))
    assert count(conn, "matches") in (2, 3)
    keys = held(conn, "match_date", "home_id", "away_id", "number")
    assert len(set(keys)) == len(keys)
