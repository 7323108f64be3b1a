"""A fixture that its source moves to the day on which another source has the match already: one match."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest

from sportsplat.db.read.frames import matches_frame
from sportsplat.domain import Batch, MatchRecord
from tests.integration.claiming import (
    FIRST,
    SECOND,
    Connection,
    content,
    held,
    next_day,
    store,
    turned_round,
)
from tests.records import batch, count, forecast, match, quote

MARCH, JUNE, JULY = (datetime(2021, month, 25, tzinfo=UTC) for month in (3, 6, 7))
FIXTURE = match(day=date(2021, 3, 11))
PLAYED = match(day=date(2021, 6, 17), score=(2, 1))
AROUND = [match("Celta", "Dukla", date(2021, 3, day), score=(1, 0)) for day in (1, 20)]
MISPLACED = """
SELECT count(*) FROM match_claims c JOIN matches m ON m.id <> c.match_id AND m.match_date = c.match_date
   AND m.home_id = c.home_id AND m.away_id = c.away_id AND m.number = c.number
"""


class Told(NamedTuple):
    """What a source says, and as of when."""

    source: str
    made: Batch
    at: datetime


OLD = Told(
    SECOND,
    batch([*AROUND, FIXTURE], quotes=[quote(FIXTURE, 1.8)], forecasts=[forecast(FIXTURE, 0.6, 0.4)]),
    MARCH,
)
NEW = Told(SECOND, batch([*AROUND, PLAYED], quotes=[quote(PLAYED, 1.9)]), JULY)

UNPLAYED = match(day=PLAYED.match_date)
MOVED = Told(SECOND, batch([*AROUND, UNPLAYED], quotes=[quote(UNPLAYED, 1.9)]), JULY)


def other(record: MatchRecord, *more: MatchRecord) -> Told:
    return Told(FIRST, batch([*AROUND, record, *more]), JUNE)


def stored(conn: Connection, *told: Told) -> str:
    conn.execute("DELETE FROM matches")
    for source, made, at in told:
        store(conn, source, made, at=at)
    assert conn.execute(MISPLACED).fetchone() == (0,)
    return content(conn)


@pytest.mark.parametrize("new", [NEW, MOVED], ids=["played", "to be played"])
@pytest.mark.parametrize(
    "record", [PLAYED, next_day(PLAYED), turned_round(PLAYED)], ids=["same", "a day off", "turned"]
)
def test_whenever_the_other_source_comes_there_is_one_match(
    conn: Connection, record: MatchRecord, new: Told
) -> None:
    theirs = other(record, match("Celta", "Dukla", date(2021, 6, 21), score=(1, 0)))
    contents = {
        stored(conn, *order)
        for order in (
            (OLD, new, theirs),
            (OLD, theirs, new),
            (theirs, OLD, new),
            (OLD, theirs, new, OLD, theirs, new),
        )
    }
    assert len(contents) == 1
    assert [row[0] for row in held(conn, "status")] == ["final"] * 4
    assert (count(conn, "quotes"), count(conn, "forecasts")) == (2, 1)


def test_as_of_the_time_before_the_move_the_fixture_is_on_its_old_day(conn: Connection) -> None:
    stored(conn, OLD, other(PLAYED), NEW)
    then = matches_frame(conn, "sim", known_at=MARCH, as_held=True)
    assert [str(day)[:10] for day in then["match_date"]] == ["2021-03-01", "2021-03-11", "2021-03-20"]
    now = matches_frame(conn, "sim")
    assert [str(day)[:10] for day in now["match_date"]] == ["2021-03-01", "2021-03-20", "2021-06-17"]


@pytest.mark.parametrize("of_fixture", [True, False])
def test_the_match_that_has_predictions_is_the_one_that_stays(conn: Connection, of_fixture: bool) -> None:
    stored(conn, OLD, other(PLAYED))
    day = FIXTURE.match_date if of_fixture else PLAYED.match_date
    (match_id,) = conn.execute("SELECT id FROM matches WHERE match_date = %s", (day,)).fetchone() or (0,)
    predict(conn, match_id)
    store(conn, *NEW[:2], at=NEW.at)
    assert held(conn, "id", "match_date", "status")[-1] == (match_id, PLAYED.match_date, "final")
    assert (count(conn, "matches"), count(conn, "predictions"), count(conn, "quotes")) == (3, 1, 2)


def test_a_source_that_still_has_the_old_day_keeps_its_fixture_until_it_follows(conn: Connection) -> None:
    third = Told("third", batch([*AROUND, FIXTURE]), MARCH)
    stored(conn, OLD, third, other(PLAYED), NEW)
    assert held(conn, "match_date", "status")[1] == (FIXTURE.match_date, "postponed")
    store(conn, "third", batch([*AROUND, PLAYED]), at=JULY + timedelta(days=1))
    assert held(conn, "match_date", "status")[1:] == [
        (date(2021, 3, 20), "final"),
        (PLAYED.match_date, "final"),
    ]


def test_two_games_on_consecutive_days_stay_two(conn: Connection) -> None:
    """The other source has named one of them so far, and nothing later: the other may still come."""
    tenth, eleventh = (match(day=date(2021, 6, day), score=(day, 0)) for day in (10, 11))
    moved = match(day=date(2021, 6, 10))
    stored(conn, OLD, other(eleventh), Told(SECOND, batch([*AROUND, moved]), JULY))
    assert count(conn, "matches") == 4
    for source in (FIRST, SECOND):
        assert store(conn, source, batch([tenth, eleventh])).left_out == []
    assert held(conn, "home_score", "status")[2:] == [(10, "final"), (11, "final")]


def test_a_match_that_was_never_moved_is_not_taken_for_another_game(conn: Connection) -> None:
    """A source a day behind names the game of the first by the day of the second."""
    first = match(day=date(2021, 6, 1), score=(5, 3))
    second = match(day=date(2021, 6, 2), score=(2, 1))
    store(conn, FIRST, batch([first]))
    store(conn, SECOND, batch([next_day(first)]))
    store(conn, FIRST, batch([first, second]))
    store(conn, SECOND, batch([next_day(first), match("Celta", "Dukla", score=(0, 0))]))
    store(conn, SECOND, batch([next_day(first), next_day(second)]))
    assert held(conn, "match_date", "home_score")[1:] == [(date(2021, 6, 1), 5), (date(2021, 6, 2), 2)]
    assert conn.execute("SELECT count(*) FROM match_claims WHERE source = %s", (SECOND,)).fetchone() == (3,)


def test_what_was_held_of_a_fixture_is_the_past_until_the_other_match_was_held(conn: Connection) -> None:
    january, february, spring = (datetime(2021, month, 1, tzinfo=UTC) for month in (1, 2, 4))
    late = FIXTURE._replace(kickoff_utc=FIXTURE.kickoff_utc + timedelta(hours=3))
    stored(
        conn,
        Told(SECOND, batch([FIXTURE]), january),
        Told(FIRST, batch([UNPLAYED]), february),
        Told(SECOND, batch([late]), february + timedelta(days=14)),
        Told(SECOND, batch([*AROUND, UNPLAYED]), spring),
    )
    assert count(conn, "matches") == 3

    def days_of_ajax(moment: datetime) -> list[str]:
        frame = matches_frame(conn, "sim", known_at=moment, as_held=True)
        ours = frame[frame["match_id"].isin([row[0] for row in ids])]
        return [str(day)[:10] for day in ours["match_date"]]

    ids = conn.execute("SELECT id FROM matches WHERE match_date = %s", (PLAYED.match_date,)).fetchall()
    assert days_of_ajax(january + timedelta(days=14)) == ["2021-03-11"]
    assert days_of_ajax(february + timedelta(days=7)) == ["2021-06-17"]
    assert days_of_ajax(spring) == ["2021-06-17"]


def predict(conn: Connection, match_id: int) -> None:
    """Store a forecast of ours for a match."""
    conn.execute("INSERT INTO feature_manifests (hash, names) VALUES ('h', '{elo}')")
    made = conn.execute(
        """
        INSERT INTO models (league, kind, trained_until, manifest, parameters, card, artifact, seed)
        VALUES ('sim', 'elo', '2021-01-01 00:00Z', 'h', '{}', '{}', '{}', 7) RETURNING id
        """
    ).fetchone()
    assert made is not None
    conn.execute(
        "INSERT INTO predictions (match_id, model_id, as_of, probabilities) "
        "VALUES (%s, %s, '2021-03-01 00:00Z', '{0.5,0.5}')",
        (match_id, made[0]),
    )
