"""What several sources say of matches comes to the same end in any order."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportsplat.domain import Batch, MatchStatus, Outcome
from tests.examples import examples
from tests.integration.claiming import (
    FIRST,
    PLAYED,
    SECOND,
    Connection,
    content,
    next_day,
    store,
    turned_round,
)
from tests.records import DAY, batch, forecast, match, of_day, quote, stats

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


@pytest.mark.examples
@examples(12)
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
