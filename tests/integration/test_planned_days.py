"""What was planned gives way to what was played: its day, its start, and the match itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.listing import leagues
from sportsplat.jobs.quality import quality
from tests.integration.claiming import (
    FIRST,
    PLAYED,
    SECOND,
    Connection,
    conflicts,
    held,
    next_day,
    store,
)
from tests.records import DAY, batch, match, of_day
from tests.two_names import SPI, spi

PLANNED = match()  # the day before it was played, to the minute
ON_ITS_DAY = of_day(next_day(PLAYED))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_day_of_the_only_result_holds_whoever_planned_another(
    conn: Connection, order: tuple[int, int]
) -> None:
    told = [(FIRST, batch([PLANNED])), (SECOND, batch([ON_ITS_DAY]))]
    for place in order:
        store(conn, *told[place])
    assert held(conn, "match_date", "kickoff_utc", "precision", "source") == [
        (ON_ITS_DAY.match_date, ON_ITS_DAY.kickoff_utc, "day", SECOND)
    ]
    assert conflicts(conn) == {(FIRST, "date", str(DAY), str(ON_ITS_DAY.match_date))}


def test_of_two_results_the_word_of_the_first_source_still_holds(conn: Connection) -> None:
    store(conn, SECOND, batch([ON_ITS_DAY]))
    store(conn, FIRST, batch([PLAYED]))
    assert held(conn, "match_date", "source") == [(DAY, FIRST)]


def test_a_start_to_the_minute_that_was_planned_for_the_day_of_the_result_holds(conn: Connection) -> None:
    store(conn, FIRST, batch([PLANNED]))
    store(conn, SECOND, batch([of_day(PLAYED)]))
    assert held(conn, "kickoff_utc", "precision") == [(PLANNED.kickoff_utc, "minute")]


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_a_fixture_of_an_old_list_beside_a_series_of_the_play_offs_is_no_second_match(
    conn: Connection, order: tuple[int, ...]
) -> None:
    series = [match(day=DAY + timedelta(days=days), score=(days, 0), stage="playoff") for days in (5, 7)]
    told = [(FIRST, batch([PLANNED])), (SECOND, batch([ON_ITS_DAY, *series]))]
    for place in order:
        store(conn, *told[place])
    assert held(conn, "match_date", "status") == [
        (ON_ITS_DAY.match_date, "final"),
        *((one.match_date, "final") for one in series),
    ]


def test_a_match_whose_day_is_over_is_not_to_play(context: Context, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    past, coming = today - timedelta(days=340), today + timedelta(days=3)
    rows = ((str(past), "Leeds", "Fulham", ","), (str(coming), "Fulham", "Leeds", ","))
    ingest(context, SPI, [spi(tmp_path / "spi.csv", *rows)])
    (epl,) = [row for row in leagues(context)[0] if row.code == "epl"]
    assert (epl.matches, epl.scheduled, epl.to_play) == (2, 2, 1)
    seasons = quality(context, "epl").seasons
    assert [(season.scheduled, season.overdue) for season in seasons if season.scheduled] in (
        [(1, 1), (1, 0)],
        [(2, 1)],
    )
