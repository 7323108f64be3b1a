"""Values through the database and back, and frames that tell only what was known at a moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from sportsplat.db.binary import PgType, read_columns, write_columns
from sportsplat.db.read import frames as read
from sportsplat.domain import Market, MatchRecord, Outcome
from sportsplat.leagues.league import League, load_leagues
from tests.conftest import Database
from tests.integration.test_write import store
from tests.records import batch, forecast, match, of_day, quote, stats

Connection = psycopg.Connection[Any]
FIELDS = {
    "small": PgType.INT2,
    "medium": PgType.INT4,
    "large": PgType.INT8,
    "number": PgType.FLOAT8,
    "truth": PgType.BOOL,
    "day": PgType.DATE,
    "moment": PgType.TIMESTAMPTZ,
}
ROWS = st.lists(
    st.tuples(
        st.integers(-(2**15), 2**15 - 1),
        st.integers(-(2**31), 2**31 - 1),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.booleans(),
        st.none() | st.dates(),
        st.none() | st.datetimes(),
    ),
    max_size=20,
)


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    with database.connect("sportsplat_app", autocommit=True) as opened:
        definitions = ", ".join(f"{name} {kind.sql}" for name, kind in FIELDS.items())
        opened.execute(f"CREATE TEMPORARY TABLE every_type (place integer, {definitions})".encode())
        yield opened


@pytest.fixture
def league(conn: Connection) -> League:
    """The simulated league, stored."""
    found = load_leagues()["sim"]
    conn.execute(
        "INSERT INTO leagues VALUES ('sim', 'Simulated', 'simulated', ARRAY['home', 'away'], 'UTC')",
    )
    return found


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_every_value_survives_the_way_in_and_out(conn: Connection, rows: list[tuple[Any, ...]]) -> None:
    conn.execute("TRUNCATE every_type")
    given_columns: dict[str, Any] = {
        "place": np.arange(len(rows)),
        "small": np.array([row[0] for row in rows], np.int16),
        "medium": np.array([row[1] for row in rows], np.int32),
        "large": np.array([row[2] for row in rows], np.int64),
        "number": np.array([row[3] for row in rows], np.float64),
        "truth": np.array([row[4] for row in rows], np.bool_),
        "day": np.array([row[5] for row in rows], "datetime64[s]"),
        "moment": np.array([row[6] for row in rows], "datetime64[us]"),
    }
    fields = {"place": PgType.INT4, **FIELDS}
    assert write_columns(conn, sql.Identifier("every_type"), given_columns, fields) == len(rows)
    found = read_columns(conn, "SELECT * FROM every_type", fields)
    order = np.argsort(found["place"])
    for name, values in given_columns.items():
        np.testing.assert_array_equal(found[name][order], values, err_msg=name)
    told = conn.execute(
        "SELECT day, moment FROM every_type WHERE isfinite(day) AND isfinite(moment)"
    ).fetchall()
    known = [(row[5], row[6].replace(tzinfo=UTC)) for row in rows if row[5] and row[6]]
    assert sorted(told) == sorted(known)


def test_a_null_is_refused_by_name(conn: Connection) -> None:
    with pytest.raises(ValueError, match="column number is NULL"):
        read_columns(conn, "SELECT NULL::float8 FROM generate_series(1, 3)", {"number": PgType.FLOAT8})


def test_a_column_of_another_type_is_refused(conn: Connection) -> None:
    with pytest.raises(ValueError, match="not double precision"):
        read_columns(conn, "SELECT 1::bigint", {"number": PgType.FLOAT8})


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2021, 1, day, hour, tzinfo=UTC)


def jan(day: int) -> date:
    return date(2021, 1, day)


def test_matches_come_by_kick_off_with_the_types_of_the_contract(conn: Connection, league: League) -> None:
    late, early = match("Celta", day=jan(5), score=(2, 1)), of_day(match("Dukla", day=jan(3), score=(0, 0)))
    final = match("Ehime", day=jan(9), stage="playoff", neutral=True)
    store(conn, batch([late, early, final]))
    frame = read.matches_frame(conn, league)
    assert frame.dtypes.astype(str).to_dict() == {
        "match_id": "int64",
        "season": "int32",
        "match_date": "datetime64[s]",
        "kickoff_utc": "datetime64[us, UTC]",
        "day_precision": "bool",
        "home_id": "int64",
        "away_id": "int64",
        "number": "int16",
        "neutral": "bool",
        "playoff": "bool",
        "final": "bool",
        "home_score": "float64",
        "away_score": "float64",
        "known_at": "datetime64[us, UTC]",
    }
    names = read.team_names(conn, "sim")
    assert [names[team] for team in frame["home_id"]] == ["Dukla", "Celta", "Ehime"]
    assert frame["match_date"].tolist() == [pd.Timestamp(jan(day)) for day in (3, 5, 9)]
    assert frame["kickoff_utc"].tolist() == [at(3), at(5, 12), at(9, 12)]
    assert frame["known_at"].tolist()[:2] == [at(4), at(5, 14)]
    assert frame["home_score"].tolist()[:2] == [0.0, 2.0]
    assert frame["day_precision"].tolist() == [True, False, False]
    assert frame[["neutral", "playoff"]].to_numpy().tolist() == [[False, False], [False, False], [True, True]]
    unplayed = frame.iloc[2]
    assert not unplayed["final"]
    assert unplayed[["home_score", "away_score", "known_at"]].isna().all()


@pytest.mark.parametrize(
    ("moment", "finals"),
    [(at(1), []), (at(3, 14), [3]), (at(3, 14) - timedelta(microseconds=1), []), (at(5, 14), [3, 5])],
)
def test_a_result_known_later_is_not_told(
    conn: Connection, league: League, moment: datetime, finals: list[int]
) -> None:
    store(conn, batch([match(day=jan(3), score=(1, 0)), match(day=jan(5), score=(2, 2))]))
    frame = read.matches_frame(conn, league, known_at=moment)
    assert len(frame) == 2
    told = frame[frame["final"]]
    assert told["match_date"].dt.day.tolist() == finals
    hidden = frame[~frame["final"]]
    assert hidden[["home_score", "away_score", "known_at"]].isna().all(axis=None)


@pytest.mark.parametrize(("fixture", "begun"), [(match(), 0), (of_day(match()), 24)])
def test_a_closing_price_of_a_source_that_dates_the_match_early_is_known_when_it_begins(
    conn: Connection, league: League, fixture: MatchRecord, begun: int
) -> None:
    """Its day ended before the match, or as the match's own day began."""
    midnight = of_day(fixture).kickoff_utc
    store(conn, batch([fixture], quotes=[quote(fixture, is_closing=True, quoted_at=None, known_at=midnight)]))
    (known_at,) = read.quotes_frame(conn, league)["known_at"]
    assert known_at == fixture.kickoff_utc + timedelta(hours=begun)
    assert len(read.quotes_frame(conn, league, known_at=fixture.kickoff_utc - timedelta(seconds=1))) == 0


@pytest.mark.parametrize("is_closing", [False, True])
@pytest.mark.parametrize("hours", [0, 24])
def test_a_price_of_no_moment_is_known_when_its_match_begins(
    conn: Connection, league: League, is_closing: bool, hours: int
) -> None:
    """A source that knows the day alone told it as of midnight; another knows when the match began."""
    fixture = match()
    midnight = of_day(fixture).kickoff_utc + timedelta(hours=hours)
    told = quote(fixture, is_closing=is_closing, quoted_at=None, known_at=midnight)
    store(conn, batch([fixture], quotes=[told]))
    (known_at,) = read.quotes_frame(conn, league)["known_at"]
    assert known_at == fixture.kickoff_utc
    assert len(read.quotes_frame(conn, league, known_at=fixture.kickoff_utc - timedelta(seconds=1))) == 0


def test_a_closing_price_of_a_source_that_knows_a_later_kick_off_is_not_known_before(
    conn: Connection, league: League
) -> None:
    fixture = match()
    later = fixture.kickoff_utc + timedelta(hours=3)
    store(conn, batch([fixture], quotes=[quote(fixture, is_closing=True, quoted_at=None, known_at=later)]))
    assert read.quotes_frame(conn, league)["known_at"].tolist() == [later]
    assert len(read.quotes_frame(conn, league, known_at=fixture.kickoff_utc)) == 0


def test_quotes_are_cut_at_a_moment_and_sorted(conn: Connection, league: League) -> None:
    fixture = match(day=jan(9))
    close = at(9, 12)
    made = [
        quote(fixture, 2.1, is_closing=True, quoted_at=None, known_at=close),
        quote(fixture, 4.0, Outcome.AWAY),
        quote(fixture, 1.9),
        quote(fixture, 1.8, bookmaker="average", quoted_at=None),
        quote(fixture, 1.95, market=Market.TOTAL, outcome=Outcome.OVER, line=2.5),
    ]
    store(conn, batch([fixture], quotes=made))
    frame = read.quotes_frame(conn, league)
    assert frame["bookmaker"].astype(str).tolist() == ["average", "pinnacle", "pinnacle", "pinnacle"]
    assert frame["decimal_odds"].tolist() == [1.8, 1.9, 4.0, 2.1]
    assert frame["outcome"].tolist() == [0, 0, 1, 0]
    assert frame["outcome"].dtype == np.int8
    assert frame["is_closing"].tolist() == [False, False, False, True]
    assert frame["quoted_at"].isna().tolist() == [True, False, False, True]
    assert frame["line"].isna().all()
    early = read.quotes_frame(conn, league, known_at=close - timedelta(seconds=1))
    assert early["decimal_odds"].tolist() == [1.9, 4.0]
    assert read.quotes_frame(conn, league, bookmakers=["average"])["decimal_odds"].tolist() == [1.8]
    totals = read.quotes_frame(conn, league, market="total")
    assert totals[["outcome", "line", "decimal_odds"]].to_numpy().tolist() == [[0, 2.5, 1.95]]


def test_box_scores_have_a_column_a_name_and_nan_for_a_gap(conn: Connection, league: League) -> None:
    one, two = match(day=jan(3), score=(1, 0)), match(day=jan(5), score=(2, 2))
    made = [stats(two, False, shots=7.0), stats(one, shots=4.5), stats(one, False, corners=2.0)]
    store(conn, batch([one, two], stats=made))
    frame = read.stats_frame(conn, league, ["shots", "corners"])
    assert list(frame.columns) == ["match_id", "is_home", "shots", "corners", "known_at"]
    np.testing.assert_array_equal(
        frame[["shots", "corners"]].to_numpy(), [[4.5, np.nan], [np.nan, 2.0], [7.0, np.nan]]
    )
    assert frame["is_home"].tolist() == [True, False, False]
    assert len(read.stats_frame(conn, league, ["shots"], known_at=at(4))) == 2


def test_forecasts_have_a_column_an_outcome(conn: Connection, league: League) -> None:
    one, two = match(day=jan(3), score=(1, 0)), match(day=jan(5))
    made = [forecast(two, 0.7, 0.3), forecast(one, 0.6, 0.4), forecast(one, 0.5, 0.5, publisher="coin")]
    store(conn, batch([one, two], forecasts=made))
    frame = read.forecasts_frame(conn, league)
    assert list(frame.columns) == ["match_id", "publisher", "p_home", "p_away", "known_at"]
    assert frame["publisher"].astype(str).tolist() == ["coin", "oracle", "oracle"]
    assert frame[["p_home", "p_away"]].to_numpy().tolist() == [[0.5, 0.5], [0.6, 0.4], [0.7, 0.3]]
    assert len(read.forecasts_frame(conn, league, known_at=at(4))) == 2


def test_a_league_without_rows_gives_empty_frames_of_the_same_types(conn: Connection, league: League) -> None:
    empty = read.matches_frame(conn, league)
    assert len(empty) == 0
    assert str(empty["kickoff_utc"].dtype) == "datetime64[us, UTC]"
    assert len(read.quotes_frame(conn, league)) == 0
    assert len(read.stats_frame(conn, league, ["shots"])) == 0
    assert list(read.forecasts_frame(conn, league).columns)[2:4] == ["p_home", "p_away"]
    assert read.team_names(conn, league) == {}


def test_another_league_is_not_in_the_frame(conn: Connection, league: League) -> None:
    store(conn, batch([match(score=(1, 0))], quotes=[quote(match())]))
    for other in (load_leagues()["nba"], "nba"):
        assert len(read.matches_frame(conn, other)) == 0
        assert len(read.quotes_frame(conn, other)) == 0
