"""Results of older files that come after newer ones: the past is told by them, and the present is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportsplat.db.read.frames import matches_frame
from sportsplat.db.write.staging import Tally
from sportsplat.domain import Batch, MatchStatus
from tests.examples import examples
from tests.integration.claiming import FIRST, PLAYED, SECOND, Connection, content, store
from tests.records import batch, count

FEBRUARY, MARCH, APRIL, MAY, JUNE = (datetime(2021, month, 14, tzinfo=UTC) for month in range(2, 7))


def result_as_of(conn: Connection, moment: datetime) -> list[int]:
    """Return the scores of the only match as they were held then."""
    frame = matches_frame(conn, "sim", known_at=moment, as_held=True)
    return frame[["home_score", "away_score"]].to_numpy().tolist()[0]


def scored(goals: int) -> Batch:
    return batch([PLAYED._replace(home_score=goals)])


UNPLAYED = batch(
    [PLAYED._replace(status=MatchStatus.SCHEDULED, home_score=None, away_score=None, known_at=None)]
)


def test_an_older_result_that_comes_later_changes_the_past_alone(conn: Connection) -> None:
    store(conn, FIRST, scored(7), at=MAY)
    before = content(conn)
    assert store(conn, FIRST, scored(3), at=MARCH).tally == Tally(0, 0, 1)
    assert content(conn) == before
    assert [result_as_of(conn, moment) for moment in (MARCH, APRIL, MAY, JUNE)] == [
        [3, 1], [3, 1], [7, 1], [7, 1]
    ]  # fmt: skip
    store(conn, FIRST, scored(5), at=APRIL)
    assert [result_as_of(conn, moment) for moment in (MARCH, APRIL, MAY)] == [[3, 1], [5, 1], [7, 1]]
    rows = count(conn, "match_revisions")
    store(conn, FIRST, scored(5), at=APRIL)
    store(conn, FIRST, scored(3), at=APRIL - timedelta(days=1))
    assert count(conn, "match_revisions") == rows == 2
    store(conn, FIRST, scored(6), at=APRIL)
    assert result_as_of(conn, APRIL) == [6, 1]


def test_a_result_that_is_told_again_as_of_earlier_held_from_then_on(conn: Connection) -> None:
    store(conn, FIRST, UNPLAYED, at=FEBRUARY)
    store(conn, FIRST, scored(7), at=MAY)
    store(conn, FIRST, scored(7), at=MARCH)
    assert matches_frame(conn, "sim", known_at=FEBRUARY, as_held=True)["final"].tolist() == [False]
    assert result_as_of(conn, APRIL) == [7, 1]


def test_what_was_told_before_a_result_that_an_older_file_gave_ends_with_it(conn: Connection) -> None:
    store(conn, FIRST, UNPLAYED, at=MAY)
    store(conn, FIRST, scored(7), at=APRIL)
    store(conn, FIRST, scored(3), at=FEBRUARY)
    assert [result_as_of(conn, moment) for moment in (MARCH, APRIL, MAY)] == [[3, 1], [7, 1], [7, 1]]


def test_a_result_is_not_taken_back_in_the_past_by_a_fixture(conn: Connection) -> None:
    """A newer file that has the match unplayed is wrong: the result that an older one gave had held."""
    store(conn, FIRST, UNPLAYED, at=APRIL)
    store(conn, FIRST, scored(7), at=MAY)
    store(conn, FIRST, scored(3), at=MARCH)
    assert [result_as_of(conn, moment) for moment in (MARCH, APRIL, MAY)] == [[3, 1], [3, 1], [7, 1]]
    assert count(conn, "match_revisions") == 1


def test_an_older_result_of_one_of_two_sources_does_not_change_what_both_said(conn: Connection) -> None:
    store(conn, FIRST, scored(7), at=MARCH)
    store(conn, SECOND, scored(3), at=MAY)
    store(conn, SECOND, scored(5), at=APRIL)
    assert count(conn, "match_revisions") == 0


IN_ORDER: list[tuple[str, list[str]]] = []


RESULTS = [
    (UNPLAYED, datetime(2020, 12, 20, tzinfo=UTC)),
    (scored(7), FEBRUARY),
    (scored(3), MARCH),
    (batch([PLAYED._replace(stage="playoff")]), MARCH + timedelta(days=9)),
    (scored(9), MAY),
]


@pytest.mark.examples
@examples(25)
@given(order=st.lists(st.sampled_from(range(len(RESULTS))), min_size=1, max_size=9))
def test_any_order_of_dated_results_and_any_repeats_give_one_present_and_one_past(
    conn: Connection, order: list[int]
) -> None:
    days = [datetime(2020, 12, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(0, 170, 7)]

    def stored(places: list[int]) -> tuple[str, list[str]]:
        conn.execute("DELETE FROM matches")
        for place in places:
            made, moment = RESULTS[place]
            store(conn, FIRST, made, at=moment)
        frames = [matches_frame(conn, "sim", known_at=day, as_held=True) for day in days]
        return content(conn), [frame.drop(columns="match_id").to_csv() for frame in frames]

    in_order = list(range(len(RESULTS)))
    if not IN_ORDER:
        IN_ORDER.append(stored(in_order))
    assert stored([*order, *(place for place in in_order if place not in order)]) == IN_ORDER[0]
