"""Facts that a later file corrects: what was told before stays, and the past is told as it was held then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportsplat.db.read.frames import forecasts_frame, matches_frame, quotes_frame, stats_frame
from sportsplat.db.write.import_run import ImportRun
from sportsplat.db.write.quotes import write_quotes
from sportsplat.db.write.staging import Tally
from sportsplat.domain import Batch, DetailRecord, Market, MatchRecord, Outcome, Phase
from tests.examples import examples
from tests.integration.claiming import FIRST, SECOND, content, next_day, store, turned_round
from tests.records import batch, count, forecast, key, match, quote, stats

Connection = psycopg.Connection[Any]
FEBRUARY, MARCH, APRIL, MAY, JUNE = (datetime(2021, month, 14, tzinfo=UTC) for month in range(2, 7))
PLAYED = match(score=(3, 1))
REVISIONS = ("team_stat_revisions", "quote_revisions", "forecast_revisions", "detail_revisions")


def told(record: MatchRecord = PLAYED, *, size: float = 1.0) -> Batch:
    """A file with one match and a fact of each kind, all numbers of them as large as `size` says."""
    share = 0.5 + size / 1000
    return batch(
        [record],
        quotes=[
            quote(record, 1 + size),
            quote(record, 2 + size, Outcome.AWAY),
            quote(record, 1.9 + size, market=Market.SPREAD, line=-1.5, is_closing=True, quoted_at=None),
        ],
        stats=[stats(record, shots=size), stats(record, False, shots=size + 1)],
        forecasts=[forecast(record, share, 1 - share)],
        details=[DetailRecord(key(record), Phase.START, {"temp": size}, record.kickoff_utc)],
    )


ABSURD = told(size=400.0)


class Past(NamedTuple):
    """All frames of facts as they were held at a moment."""

    stats: pd.DataFrame
    result: pd.DataFrame
    spread: pd.DataFrame
    forecasts: pd.DataFrame

    def same(self, other: Past) -> bool:
        """Tell whether nothing differs, not by a bit."""
        return all(mine.equals(theirs) for mine, theirs in zip(self, other, strict=True))


def past(conn: Connection, moment: datetime | None = None) -> Past:
    names = ["shots", "corners"]
    return Past(
        stats_frame(conn, "sim", names, known_at=moment, as_held=True),
        quotes_frame(conn, "sim", known_at=moment, as_held=True),
        quotes_frame(conn, "sim", known_at=moment, as_held=True, market="spread"),
        forecasts_frame(conn, "sim", known_at=moment, as_held=True),
    )


def versions(conn: Connection) -> list[Any]:
    """Return place and writer of every row of facts: they change when one is written."""
    tables = (*REVISIONS, "quotes", "team_match_stats", "forecasts", "match_details")
    query = "SELECT array_agg((ctid, xmin)::text ORDER BY ctid) FROM {}"
    return [conn.execute(query.format(table).encode()).fetchone() for table in tables]


def kept(conn: Connection) -> list[int]:
    return [count(conn, table) for table in REVISIONS]


def test_an_absurd_correction_moves_nothing_of_the_time_before_it(conn: Connection) -> None:
    store(conn, FIRST, told(), at=FEBRUARY)
    then = past(conn, MARCH)
    store(conn, FIRST, ABSURD, at=MAY)
    assert past(conn, FEBRUARY).same(then)
    assert past(conn, MARCH).same(then)
    assert past(conn, MAY - timedelta(microseconds=1)).same(then)
    assert past(conn, MAY).same(past(conn))
    now = past(conn)
    assert now.stats["shots"].tolist() == [400, 401]
    assert now.result["decimal_odds"].tolist() == [401, 402]
    assert now.spread["decimal_odds"].tolist() == [401.9]
    assert now.forecasts["p_home"].tolist() == [pytest.approx(0.9)]
    assert kept(conn) == [2, 3, 1, 1]


def test_each_of_several_corrections_holds_from_its_moment_to_the_next(conn: Connection) -> None:
    moments = [FEBRUARY, MARCH, APRIL, MAY]
    for size, moment in enumerate(moments, start=1):
        store(conn, FIRST, told(size=float(size)), at=moment)
    for size, moment in enumerate(moments, start=1):
        day_after = past(conn, moment + timedelta(days=1))
        assert day_after.stats["shots"].tolist() == [size, size + 1]
        assert day_after.result["decimal_odds"].tolist() == [1 + size, 2 + size]


def test_what_was_not_held_yet_is_told_by_when_it_became_known(conn: Connection) -> None:
    store(conn, FIRST, told(), at=MARCH)
    store(conn, FIRST, told(size=2.0), at=MAY)
    assert past(conn, FEBRUARY).same(past(conn))
    assert not len(past(conn, PLAYED.kickoff_utc - timedelta(days=2)).result)
    assert not len(past(conn, PLAYED.kickoff_utc).stats)


def test_an_older_file_that_comes_later_changes_the_past_alone(conn: Connection) -> None:
    store(conn, FIRST, ABSURD, at=MAY)
    now = past(conn)
    assert store(conn, FIRST, told(), at=MARCH).tally == Tally(0, 0, 1)
    assert past(conn).same(now)
    assert past(conn, JUNE).same(now)
    assert past(conn, APRIL).result["decimal_odds"].tolist() == [2, 3]
    assert past(conn, APRIL).stats["shots"].tolist() == [1, 2]


def test_an_older_file_counts_its_values_as_unchanged(conn: Connection) -> None:
    store(conn, FIRST, told(), at=MAY)
    ids = np.array(conn.execute("SELECT id FROM matches").fetchone())
    price = [quote(PLAYED, 9.0)]
    with conn.transaction():
        assert write_quotes(ImportRun(conn, "sim", recorded_at=MARCH), price, ids) == Tally(0, 0, 1)
        assert write_quotes(ImportRun(conn, "sim", recorded_at=JUNE), price, ids) == Tally(0, 1, 0)
        assert write_quotes(ImportRun(conn, "sim", recorded_at=JUNE), price, ids) == Tally(0, 0, 1)


@pytest.mark.parametrize("is_closing", [False, True])
def test_files_that_know_more_or_less_of_the_kick_off_do_not_change_a_price_to_and_fro(
    conn: Connection, is_closing: bool
) -> None:
    hours = (0, 12) if not is_closing else (12, 24)
    midnight = PLAYED.kickoff_utc.replace(hour=0)
    files = [
        batch(
            [PLAYED],
            quotes=[
                quote(
                    PLAYED, quoted_at=None, is_closing=is_closing, known_at=midnight + timedelta(hours=each)
                )
            ],
        )
        for each in hours
    ]
    for made in files:
        store(conn, FIRST, made)
    ids = np.array(conn.execute("SELECT id FROM matches").fetchone())
    for made in files * 2:
        with conn.transaction():
            assert write_quotes(ImportRun(conn, "sim"), made.quotes, ids) == Tally(0, 0, 1)


def test_of_one_moment_the_file_that_comes_last_counts(conn: Connection) -> None:
    store(conn, FIRST, told(), at=MARCH)
    store(conn, FIRST, told(size=2.0), at=MARCH)
    assert past(conn, MARCH).result["decimal_odds"].tolist() == [3, 4]
    assert kept(conn) == [0, 0, 0, 0]


def test_files_without_a_moment_are_told_as_of_when_they_are_stored(conn: Connection) -> None:
    store(conn, FIRST, told())
    between = conn.execute("SELECT clock_timestamp()").fetchone() or (MAY,)
    then = past(conn, between[0])
    store(conn, FIRST, ABSURD)
    assert past(conn, between[0]).same(then)
    assert not past(conn).same(then)


def test_a_part_of_a_box_score_that_came_later_was_not_held_before(conn: Connection) -> None:
    store(conn, FIRST, batch([PLAYED], stats=[stats(PLAYED, shots=9.0)]), at=FEBRUARY)
    store(conn, FIRST, batch([PLAYED], stats=[stats(PLAYED, corners=3.0)]), at=APRIL)
    assert past(conn, MARCH).stats[["shots", "corners"]].isna().to_numpy().tolist() == [[False, True]]
    assert past(conn, APRIL).stats[["shots", "corners"]].to_numpy().tolist() == [[9, 3]]


def test_an_older_part_of_a_box_score_fills_gaps_and_takes_nothing_back(conn: Connection) -> None:
    store(conn, FIRST, batch([PLAYED], stats=[stats(PLAYED, shots=9.0)]), at=APRIL)
    store(conn, FIRST, batch([PLAYED], stats=[stats(PLAYED, shots=1.0, corners=3.0)]), at=FEBRUARY)
    assert past(conn).stats[["shots", "corners"]].to_numpy().tolist() == [[9, 3]]
    assert past(conn, MARCH).stats[["shots", "corners"]].to_numpy().tolist() == [[1, 3]]


def test_older_details_fill_gaps_and_take_nothing_back(conn: Connection) -> None:
    def details(**named: float) -> Batch:
        record = DetailRecord(key(PLAYED), Phase.START, {**named}, PLAYED.kickoff_utc)
        return batch([PLAYED], details=[record])

    store(conn, FIRST, details(temp=9.0), at=APRIL)
    store(conn, FIRST, details(temp=1.0, wind=3.0), at=FEBRUARY)
    assert conn.execute("SELECT details FROM match_details").fetchall() == [({"temp": 9, "wind": 3},)]
    told_then = "SELECT details, recorded_at FROM detail_revisions"
    assert conn.execute(told_then).fetchall() == [({"temp": 1, "wind": 3}, FEBRUARY)]


def test_a_repeat_keeps_nothing_and_writes_nothing(conn: Connection) -> None:
    for made, moment in ((told(), MARCH), (ABSURD, MAY)):
        store(conn, FIRST, made, at=moment)
    before = versions(conn)
    for made, moment in ((ABSURD, MAY), (told(), MARCH), (ABSURD, JUNE)):
        store(conn, FIRST, made, at=moment)
    assert versions(conn) == before


def test_a_price_of_which_nobody_noted_when_it_came_held_until_its_correction(conn: Connection) -> None:
    """Rows from before this was noted, and those of a season's first table of prices, do not say when."""
    store(conn, FIRST, told(), at=MARCH)
    conn.execute("UPDATE quotes SET recorded_at = NULL")
    then = past(conn, FEBRUARY)
    store(conn, FIRST, ABSURD, at=MAY)
    assert past(conn, FEBRUARY).result.equals(then.result)
    assert past(conn, APRIL).spread.equals(then.spread)


SNAPSHOTS = [(told(size=float(place + 1)), FEBRUARY + timedelta(days=9 * place)) for place in range(5)]


@pytest.mark.examples
@examples(15)
@given(order=st.lists(st.sampled_from(range(len(SNAPSHOTS))), min_size=1, max_size=9))
def test_any_order_of_dated_files_and_any_repeats_give_one_present_and_one_past(
    conn: Connection, order: list[int]
) -> None:
    def moments() -> list[Past]:
        days = range(0, 50, 3)
        return [past(conn, FEBRUARY + timedelta(days=day, hours=1)) for day in days]

    def without_ids(pasts: list[Past]) -> list[list[Any]]:
        return [[frame.drop(columns="match_id").to_csv() for frame in each] for each in pasts]

    conn.execute("DELETE FROM matches")
    for made, moment in SNAPSHOTS:
        store(conn, FIRST, made, at=moment)
    present, before, rows = content(conn), without_ids(moments()), kept(conn)
    conn.execute("DELETE FROM matches")
    for place in [*order, *(place for place in range(len(SNAPSHOTS)) if place not in order)]:
        made, moment = SNAPSHOTS[place]
        store(conn, FIRST, made, at=moment)
    assert content(conn) == present
    assert without_ids(moments()) == before
    assert kept(conn) == rows


def test_a_match_that_is_removed_takes_its_past_along(conn: Connection) -> None:
    for made, moment in ((told(), MARCH), (ABSURD, MAY)):
        store(conn, FIRST, made, at=moment)
    assert min(kept(conn)) > 0
    conn.execute("DELETE FROM matches")
    assert kept(conn) == [0, 0, 0, 0]


def test_the_past_of_a_match_follows_it_to_another_season(conn: Connection) -> None:
    store(conn, FIRST, told(), at=MARCH)
    then = past(conn, APRIL)
    store(conn, FIRST, ABSURD, at=MAY)
    conn.execute("UPDATE matches SET season = 2019")
    assert past(conn, APRIL).same(then)


def test_the_past_turns_round_with_its_match(conn: Connection) -> None:
    """The source that counts names the match the other way round: home was away all along."""
    store(conn, SECOND, told(), at=FEBRUARY)
    store(conn, SECOND, ABSURD, at=MARCH)
    store(conn, FIRST, batch([turned_round(PLAYED)]), at=MAY)
    held_then = past(conn, FEBRUARY)
    assert held_then.result[["outcome", "decimal_odds"]].to_numpy().tolist() == [[0, 3], [1, 2]]
    assert held_then.spread[["outcome", "line"]].to_numpy().tolist() == [[1, 1.5]]
    assert held_then.forecasts["p_away"].tolist() == [0.501]


def test_box_scores_of_the_past_have_the_home_side_that_the_match_had_then(conn: Connection) -> None:
    store(conn, SECOND, told(), at=FEBRUARY)
    then = past(conn, MARCH).stats
    store(conn, SECOND, ABSURD, at=APRIL)
    store(conn, FIRST, batch([turned_round(PLAYED)]), at=MAY)
    assert past(conn, MARCH).stats.equals(then)
    assert matches_frame(conn, "sim", known_at=MARCH, as_held=True)["home_score"].tolist() == [3]
    assert past(conn).stats["shots"].tolist() == [401, 400]


def test_of_two_matches_that_turn_out_to_be_one_the_past_stays(conn: Connection) -> None:
    """Two sources a day apart with different results, until the second says what the first says."""
    other = next_day(PLAYED._replace(home_score=0))
    store(conn, FIRST, batch([PLAYED]), at=FEBRUARY)
    store(conn, SECOND, told(other), at=FEBRUARY)
    store(conn, SECOND, told(other, size=400.0), at=APRIL)
    assert count(conn, "matches") == 2
    then = past(conn, MARCH)
    store(conn, SECOND, told(next_day(PLAYED), size=400.0), at=MAY)
    assert count(conn, "matches") == 1
    assert kept(conn) == [2, 3, 1, 1]
    merged = past(conn, MARCH)
    for before, after in zip(then, merged, strict=True):
        of_the_match = ["match_id", *(["known_at"] if "is_closing" in before else [])]
        assert after.drop(columns=of_the_match).equals(before.drop(columns=of_the_match))


def test_of_a_price_that_both_of_two_such_matches_have_the_past_of_the_one_that_stays_is_told(
    conn: Connection,
) -> None:
    other = next_day(PLAYED._replace(home_score=0))
    for size, moment in ((1.0, FEBRUARY), (5.0, APRIL)):
        mine, theirs = told(size=size), told(size=size + 50)
        quotes = [record._replace(match=key(other)) for record in theirs.quotes]
        store(conn, FIRST, mine, at=moment)
        store(conn, SECOND, batch([other], quotes=quotes), at=moment)
    assert count(conn, "quote_revisions") == 6
    store(conn, SECOND, batch([next_day(PLAYED)]), at=MAY)
    assert count(conn, "matches") == 1
    assert past(conn, MARCH).result["decimal_odds"].tolist() == [2, 3]
    assert past(conn).result["decimal_odds"].tolist() == [6, 7]
    assert count(conn, "quote_revisions") == 3
