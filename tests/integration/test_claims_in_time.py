"""What sources say of a match as time goes on: fixtures that move, snapshots, the past as it was held."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sportsplat.db.read.frames import matches_frame
from sportsplat.db.write.staging import Tally
from sportsplat.domain import Batch
from tests.integration.claiming import (
    FIRST,
    NAMES,
    PLAYED,
    SECOND,
    Connection,
    held,
    store,
)
from tests.records import DAY, batch, count, match


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
