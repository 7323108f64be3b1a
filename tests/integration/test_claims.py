"""What several sources say of one match: one match, conflicts kept, and the same end in any order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice, permutations
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from sportsplat.db.read import matches_frame
from sportsplat.db.resolve import resolve_league
from sportsplat.db.staged_matches import Source
from sportsplat.db.staging import Tally
from sportsplat.db.teams import add_teams, ensure_league, lock_league
from sportsplat.db.write import write_quotes
from sportsplat.db.write_facts import write_details, write_forecasts, write_team_stats
from sportsplat.db.write_matches import Written, write_matches
from sportsplat.domain import Batch, Market, MatchRecord, MatchStatus, Outcome
from sportsplat.jobs.sides import Sides
from sportsplat.leagues import load_leagues
from tests.conftest import Database
from tests.records import DAY, batch, count, forecast, match, of_day, quote, stats

Connection = psycopg.Connection[Any]
FIRST, SECOND = "first", "second"
NAMES = ["Ajax", "Boca", "Celta", "Dukla"]
PRECEDENCE = [FIRST, SECOND]

# All that is stored, by natural keys: ids and moments of storing depend on the order, nothing else may.
CONTENT = """
SELECT string_agg(t.line, E'\\n' ORDER BY t.line COLLATE "C") FROM (
    SELECT concat_ws('|', 'match', m.season, m.match_date, m.kickoff_utc, m.precision, h.name, a.name,
                     m.number, m.neutral, m.stage, m.status, m.home_score, m.away_score, m.known_at,
                     m.source) AS line
      FROM matches m JOIN teams h ON h.id = m.home_id JOIN teams a ON a.id = m.away_id
    UNION ALL
    SELECT concat_ws('|', 'claim', c.source, c.match_date, h.name, a.name, c.status, c.home_score,
                     c.away_score, m.match_date, m.home_id = c.home_id)
      FROM match_claims c JOIN matches m ON m.id = c.match_id
      JOIN teams h ON h.id = c.home_id JOIN teams a ON a.id = c.away_id
    UNION ALL
    SELECT concat_ws('|', 'quote', m.match_date, m.home_id, q.bookmaker, q.market, q.outcome, q.line,
                     q.decimal_odds)
      FROM quotes q JOIN matches m ON m.id = q.match_id
    UNION ALL
    SELECT concat_ws('|', 'stats', m.match_date, m.home_id, s.source, s.is_home, s.team_id, s.stats)
      FROM team_match_stats s JOIN matches m ON m.id = s.match_id
    UNION ALL
    SELECT concat_ws('|', 'forecast', m.match_date, m.home_id, f.publisher, f.probabilities)
      FROM forecasts f JOIN matches m ON m.id = f.match_id) t
"""


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    with database.connect("sportsplat_app", autocommit=True) as opened:
        ensure_league(opened, load_leagues()["sim"])
        add_teams(opened, "sim", NAMES)
        yield opened


def store(
    conn: Connection,
    source: str,
    made: Batch,
    *,
    at: datetime | None = None,
    precedence: list[str] = PRECEDENCE,
    accept_changes: bool = True,
    complete: bool = False,
) -> Written:
    """Write what a source says as a job does."""
    with conn.transaction():
        lock_league(conn, "sim")
        teams = dict(conn.execute("SELECT name, id FROM teams").fetchall())
        run = conn.execute("INSERT INTO pipeline_runs (kind) VALUES ('ingest') RETURNING id").fetchone()
        speaker = Source("sim", source, run[0] if run else 0, precedence, at, complete)
        written = write_matches(conn, speaker, made.matches, teams, accept_changes=accept_changes)
        sides = Sides(written.ids, written.turned)
        places = {record.key: place for place, record in enumerate(made.matches)}
        rows = {
            name: [places[record.match] for record in getattr(made, name)]
            for name in ("quotes", "stats", "forecasts", "details")
        }
        write_quotes(conn, *sides.of_quotes(made.quotes, rows["quotes"]), at)
        write_team_stats(conn, source, *sides.of_stats(made.stats, rows["stats"]), at)
        write_forecasts(conn, *sides.of_forecasts(made.forecasts, rows["forecasts"]), at)
        write_details(conn, source, *sides.of_details(made.details, rows["details"]), at)
        return written


def held(conn: Connection, *columns: str) -> list[tuple[Any, ...]]:
    return conn.execute(
        f"SELECT {', '.join(columns)} FROM matches ORDER BY match_date, id".encode()
    ).fetchall()


def conflicts(conn: Connection) -> set[tuple[str, str, str, str]]:
    rows = conn.execute("SELECT source, field, said, holds FROM match_conflicts").fetchall()
    return set(rows)


def content(conn: Connection) -> str:
    row = conn.execute(CONTENT.encode()).fetchone()
    return str(row[0]) if row else ""


def turned_round(record: MatchRecord) -> MatchRecord:
    return record._replace(
        home=record.away, away=record.home, home_score=record.away_score, away_score=record.home_score
    )


def next_day(record: MatchRecord) -> MatchRecord:
    day = timedelta(days=1)
    known_at = record.known_at + day if record.known_at else None
    return record._replace(
        match_date=record.match_date + day, kickoff_utc=record.kickoff_utc + day, known_at=known_at
    )


PLAYED = match(score=(3, 1))


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


def test_a_fixture_that_a_source_of_more_weight_passed_by_is_postponed(conn: Connection) -> None:
    """Manchester City - Leicester was moved to a Monday after one source had written its file."""
    store(conn, SECOND, batch([match()]))
    around = [match("Celta", "Dukla", DAY + timedelta(days), score=(1, 0)) for days in (-7, 2, 9)]
    store(conn, FIRST, batch(around[:2]))
    assert held(conn, "status") == [("final",), ("scheduled",), ("final",)]  # its result may still come
    store(conn, FIRST, batch(around))
    assert held(conn, "status")[1] == ("postponed",)
    store(conn, SECOND, batch([match(score=(2, 2))]))
    assert held(conn, "status")[1] == ("final",)


def test_a_source_of_more_weight_that_begins_after_a_fixture_puts_it_not_off(conn: Connection) -> None:
    store(conn, SECOND, batch([match()]))
    later = [match("Celta", "Dukla", DAY + timedelta(days), score=(1, 0)) for days in (1, 9)]
    store(conn, FIRST, batch(later))
    assert [row[0] for row in held(conn, "status")] == ["scheduled", "final", "final"]


def test_a_fixture_whose_source_went_on_without_it_is_postponed_until_it_is_played(conn: Connection) -> None:
    fixture = match()
    later = match("Celta", "Dukla", DAY + timedelta(days=4), score=(1, 0))
    store(conn, FIRST, batch([fixture, later]))
    assert held(conn, "status") == [("postponed",), ("final",)]
    moved = match(day=DAY + timedelta(days=40))
    store(conn, FIRST, batch([match("Celta", "Dukla", DAY - timedelta(days=1), score=(0, 0)), later, moved]))
    assert [row[0] for row in held(conn, "status")] == ["final", "final", "scheduled"]
    assert count(conn, "matches") == 3


def test_another_source_that_went_on_postpones_nothing(conn: Connection) -> None:
    store(conn, FIRST, batch([match()]))
    store(conn, SECOND, batch([match("Celta", "Dukla", DAY + timedelta(days=9), score=(1, 0))]))
    assert held(conn, "status") == [("scheduled",), ("final",)]


def a_season(*days: int) -> Batch:
    """Two results around fixtures of Ajax on these days of January."""
    around = [match("Celta", "Dukla", date(2021, 1, day), score=(1, 0)) for day in (1, 30)]
    return batch(
        [*around, *(match(away=NAMES[place + 1], day=date(2021, 1, day)) for place, day in enumerate(days))]
    )


def test_a_fixture_that_a_complete_file_has_no_more_was_withdrawn_and_may_come_back(conn: Connection) -> None:
    earlier = datetime(2021, 1, 1, tzinfo=UTC)
    store(conn, FIRST, batch(a_season(29).matches[2:]), complete=True, at=earlier)
    store(conn, FIRST, a_season(), complete=True)
    assert held(conn, "match_date", "status")[1] == (date(2021, 1, 29), "postponed")
    assert store(conn, FIRST, a_season(29), complete=True, at=earlier).tally == Tally(0, 0, 3)
    assert store(conn, FIRST, a_season(29), complete=True).tally == Tally(0, 1, 2)
    assert held(conn, "status") == [("final",), ("scheduled",), ("final",)]
    assert store(conn, FIRST, a_season()).tally == Tally(0, 0, 2)  # not complete: says nothing of the fixture
    assert held(conn, "status") == [("final",), ("scheduled",), ("final",)]


def test_a_result_that_its_own_source_gave_otherwise_is_not_taken_unless_asked(conn: Connection) -> None:
    store(conn, FIRST, batch([PLAYED]))
    changed = batch([PLAYED._replace(home_score=4)])
    refused = store(conn, FIRST, changed, accept_changes=False)
    assert refused.contradicted == [(0, 3, 1)]
    assert refused.tally == Tally()
    assert held(conn, "home_score") == [(3,)]
    assert store(conn, FIRST, changed).tally == Tally(0, 1, 0)
    assert held(conn, "home_score") == [(4,)]


def test_the_past_is_told_as_it_was_held_then(conn: Connection) -> None:
    """A snapshot of February, a season file of May: as of March the database says what it said in March."""
    february, march, may = (datetime(2021, month, 14, tzinfo=UTC) for month in (2, 3, 5))
    day = {1: date(2021, 2, 10), 2: date(2021, 2, 20), 3: date(2021, 2, 12)}
    snapshot = [
        match(day=day[1], score=(1, 0)),
        match("Celta", "Dukla", day[2]),
        match("Boca", "Celta", day[3]),
    ]
    store(conn, FIRST, batch(snapshot), at=february)
    before = matches_frame(conn, "sim", known_at=march, as_held=True)
    complete = [
        match(day=day[1], score=(1, 1)),  # corrected
        match("Celta", "Dukla", day[2], score=(2, 2)),  # played on its day, and known before March
        match("Boca", "Celta", date(2021, 4, 2), score=(5, 0)),  # moved
        match("Dukla", "Ajax", date(2021, 2, 1), score=(9, 0)),  # new: told by when it was known
    ]
    store(conn, FIRST, batch(complete), at=may)

    now = matches_frame(conn, "sim")
    then = matches_frame(conn, "sim", known_at=march, as_held=True)
    assert now["final"].all()
    assert then[then["match_id"].isin(before["match_id"])].reset_index(drop=True).equals(before)
    assert len(then) == len(before) + 1
    later = matches_frame(conn, "sim", known_at=datetime(2021, 6, 1, tzinfo=UTC), as_held=True)
    assert later.equals(now)
    assert count(conn, "match_revisions") == 3


def test_a_snapshot_read_again_does_not_bring_back_where_a_fixture_was(conn: Connection) -> None:
    """The new date lies beyond what the old file covers: only its moment tells that it is the older one."""
    march, june = (datetime(2021, month, 1, tzinfo=UTC) for month in (3, 6))
    old = batch([match(day=date(2021, 1, 1), score=(1, 0)), match("Celta", "Dukla", date(2021, 1, 9))])
    new = batch(
        [match("Celta", "Dukla", date(2021, 5, 9)), match("Boca", "Ajax", date(2021, 1, 5), score=(0, 0))]
    )
    store(conn, FIRST, old, at=march)
    store(conn, FIRST, new, at=june)
    assert store(conn, FIRST, old, at=march).tally == Tally(0, 0, 2)
    assert held(conn, "match_date", "status")[-1] == (date(2021, 5, 9), "scheduled")
    assert count(conn, "matches") == 3


def test_an_older_snapshot_that_comes_later_takes_nothing_back(conn: Connection) -> None:
    may = datetime(2021, 5, 14, tzinfo=UTC)
    store(conn, FIRST, batch([PLAYED]), at=may)
    older = batch([PLAYED._replace(home_score=0)])
    assert store(conn, FIRST, older, at=may - timedelta(days=60)).tally == Tally(0, 0, 1)
    assert held(conn, "home_score") == [(3,)]


FILES: list[tuple[str, Batch]] = [
    (
        FIRST,
        batch(
            [PLAYED, match("Celta", "Dukla", score=(0, 0)), match("Boca", "Dukla", DAY + timedelta(days=20))],
            quotes=[quote(PLAYED, 1.5), quote(PLAYED, 2.7, Outcome.AWAY)],
            stats=[stats(PLAYED, shots=9.0, corners=3.0)],
            forecasts=[forecast(PLAYED, 0.7, 0.3)],
        ),
    ),
    (
        SECOND,
        batch(
            [next_day(of_day(PLAYED)), turned_round(match("Celta", "Dukla", score=(0, 0)))],
            stats=[stats(next_day(of_day(PLAYED)), shots=8.0, fouls=1.0)],
        ),
    ),
    (
        "third",
        batch([match("Celta", "Dukla", score=(1, 0)), match("Ajax", "Dukla", DAY - timedelta(days=30))]),
    ),
    (
        "third",
        batch([match("Ajax", "Dukla", DAY - timedelta(days=30), status=MatchStatus.CANCELLED)]),
    ),
    (
        FIRST,
        batch(
            [match("Boca", "Dukla", DAY + timedelta(days=20), score=(2, 0))],
            quotes=[quote(match("Boca", "Dukla", DAY + timedelta(days=20)), 2.2)],
        ),
    ),
]


def test_every_order_of_files_gives_the_same_content(conn: Connection) -> None:
    contents = set()
    for order in islice(permutations(FILES), 0, None, 7):
        conn.execute("DELETE FROM matches")
        for source, made in order:
            store(conn, source, made)
        contents.add(content(conn))
    assert len(contents) == 1


@examples(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.sampled_from(range(len(FILES))), min_size=5, max_size=12))
def test_any_number_of_repeats_in_any_order_gives_the_same_content(
    conn: Connection, order: list[int]
) -> None:
    conn.execute("DELETE FROM matches")
    for place in range(len(FILES)):
        store(conn, *FILES[place])
    once = content(conn)
    conn.execute("DELETE FROM matches")
    for place in [*order, *(set(range(len(FILES))) - set(order))]:
        store(conn, *FILES[place])
    assert content(conn) == once


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
