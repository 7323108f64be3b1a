"""A fixture that its source moves to the day on which another source has the match already: one match."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest

from sportsplat.db.read import matches_frame
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


def other(record: MatchRecord) -> Told:
    return Told(FIRST, batch([*AROUND, record]), JUNE)


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
    contents = {
        stored(conn, *order)
        for order in (
            (OLD, new, other(record)),
            (OLD, other(record), new),
            (other(record), OLD, new),
            (OLD, other(record), new, OLD, other(record), new),
        )
    }
    assert len(contents) == 1
    assert [row[0] for row in held(conn, "status")] == ["final"] * 3
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
