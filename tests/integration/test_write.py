"""What becomes of stored facts when files say the same, something newer, or something older."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest

from sportsplat.db.write.facts import write_forecasts, write_team_stats
from sportsplat.db.write.import_run import ImportRun
from sportsplat.db.write.matches import write_matches
from sportsplat.db.write.quotes import write_quotes
from sportsplat.db.write.staging import Tally
from sportsplat.db.write.teams import ensure_league, lock_league
from sportsplat.domain import Batch, Market, MatchRecord, MatchStatus, Outcome
from sportsplat.jobs.ingest.teams import identify
from sportsplat.leagues.league import load_leagues
from tests.conftest import Database
from tests.records import batch, count, forecast, key, match, of_day, quote, row_versions, stats

Connection = psycopg.Connection[Any]
SOURCE = "simulate"


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    with database.connect("sportsplat_app", autocommit=True) as opened:
        ensure_league(opened, load_leagues()["sim"])
        yield opened


def store(conn: Connection, made: Batch, source: str = SOURCE) -> tuple[Tally, Tally, Tally, Tally]:
    """Write a batch as a job does; return the tallies of matches, quotes, stats and forecasts."""
    with conn.transaction():
        lock_league(conn, made.league)
        known = identify(conn, made._replace(source=source), load_leagues()[made.league])
        made = known.batch
        run = ImportRun(conn, made.league, source, run_of(conn))
        matches, ids, *_ = write_matches(run, made.matches, known.ids)
        rows = {key(record): position for position, record in enumerate(made.matches)}
        of = {
            name: ids[[rows[record.match] for record in getattr(made, name)]].astype(np.int64)
            for name in ("quotes", "stats", "forecasts")
        }
        return (
            matches,
            write_quotes(run, made.quotes, of["quotes"]),
            write_team_stats(run, made.stats, of["stats"]),
            write_forecasts(run, made.forecasts, of["forecasts"]),
        )


def run_of(conn: Connection) -> int:
    row = conn.execute("INSERT INTO pipeline_runs (kind) VALUES ('ingest') RETURNING id").fetchone()
    assert row is not None
    return int(row[0])


def stored(conn: Connection, *columns: str) -> list[tuple[Any, ...]]:
    return conn.execute(
        f"SELECT {', '.join(columns)} FROM matches ORDER BY match_date, id".encode()
    ).fetchall()


def a_full_batch() -> Batch:
    played, fixture = match(score=(3, 1)), match("Celta", "Dukla", date(2021, 1, 9))
    return batch(
        [played, fixture],
        quotes=[
            quote(played, 1.9),
            quote(played, 4.0, Outcome.AWAY),
            quote(played, 2.1, is_closing=True, quoted_at=None),
            quote(played, 1.91, market=Market.SPREAD, line=-0.5),
            quote(fixture, 1.5),
        ],
        stats=[stats(played, shots=4.0), stats(played, False, shots=2.0, corners=1.0)],
        forecasts=[forecast(played, 0.6, 0.4), forecast(fixture, 0.7, 0.3)],
    )


def test_a_second_run_writes_nothing_and_locks_nothing(conn: Connection) -> None:
    made = a_full_batch()
    assert store(conn, made) == (Tally(2), Tally(5), Tally(2), Tally(2))
    before = row_versions(conn)
    assert store(conn, made) == (Tally(0, 0, 2), Tally(0, 0, 5), Tally(0, 0, 2), Tally(0, 0, 2))
    assert row_versions(conn) == before


def test_one_changed_value_of_each_kind_updates_one_row_in_place(conn: Connection) -> None:
    made = a_full_batch()
    store(conn, made)
    ids = stored(conn, "id")
    fixture = made.matches[1]
    changed = made._replace(
        matches=[made.matches[0]._replace(home_score=4), fixture],
        quotes=[made.quotes[0]._replace(decimal_odds=1.95), *made.quotes[1:]],
        stats=[made.stats[0]._replace(stats={"shots": 5.0}), made.stats[1]],
        forecasts=[made.forecasts[0]._replace(probabilities=(0.5, 0.5)), made.forecasts[1]],
    )
    assert store(conn, changed) == (Tally(0, 1, 1), Tally(0, 1, 4), Tally(0, 1, 1), Tally(0, 1, 1))
    assert stored(conn, "id") == ids
    assert stored(conn, "home_score")[0] == (4,)


def test_a_fixture_becomes_final_under_its_own_id(conn: Connection) -> None:
    store(conn, batch([match()]))
    before = stored(conn, "id", "status")
    assert store(conn, batch([match(score=(2, 2))]))[0] == Tally(0, 1, 0)
    assert [row[0] for row in stored(conn, "id")] == [row[0] for row in before]
    assert stored(conn, "status", "home_score", "away_score") == [("final", 2, 2)]


@pytest.mark.parametrize("older", [match(), match(status=MatchStatus.CANCELLED)])
def test_a_final_match_stays_final_whatever_an_older_file_says(conn: Connection, older: MatchRecord) -> None:
    store(conn, batch([match(score=(2, 1))]))
    before = row_versions(conn)
    assert store(conn, batch([older]))[0] == Tally(0, 0, 1)
    assert row_versions(conn)["matches"] == before["matches"]


def test_a_cancelled_match_is_not_scheduled_again_but_may_be_played(conn: Connection) -> None:
    store(conn, batch([match(status=MatchStatus.CANCELLED)]))
    assert store(conn, batch([match()]))[0] == Tally(0, 0, 1)
    assert store(conn, batch([match(score=(0, 0))]))[0] == Tally(0, 1, 0)


def test_a_kick_off_known_to_the_minute_is_not_blurred_to_a_day(conn: Connection) -> None:
    exact = match(score=(2, 1))
    store(conn, batch([exact]))
    assert store(conn, batch([of_day(exact)]))[0] == Tally(0, 0, 1)
    corrected = of_day(exact._replace(home_score=3))
    assert store(conn, batch([corrected]))[0] == Tally(0, 1, 0)
    assert stored(conn, "precision", "kickoff_utc", "known_at", "home_score") == [
        ("minute", exact.kickoff_utc, exact.known_at, 3)
    ]


def test_a_day_becomes_a_minute_when_a_file_knows_it(conn: Connection) -> None:
    exact = match(score=(2, 1))
    store(conn, batch([of_day(exact)]))
    assert store(conn, batch([exact]))[0] == Tally(0, 1, 0)
    assert stored(conn, "precision", "known_at") == [("minute", exact.known_at)]


def test_a_result_of_a_day_source_for_an_exact_fixture_keeps_the_exact_start(conn: Connection) -> None:
    exact = match(score=(2, 1))
    by_day = of_day(exact)
    store(conn, batch([match()]))
    store(conn, batch([by_day]))
    assert stored(conn, "precision", "kickoff_utc", "known_at", "status") == [
        ("minute", exact.kickoff_utc, by_day.known_at, "final")
    ]


def test_two_games_of_one_pair_on_a_day_are_two_matches(conn: Connection) -> None:
    made = batch([match(score=(1, 0)), match(score=(0, 1), number=2)])
    assert store(conn, made)[0] == Tally(2)
    assert store(conn, made)[0] == Tally(0, 0, 2)


def season(moved_to: int, score: tuple[int, int] | None = None) -> Batch:
    """A season of three fixtures, of which the one in the middle is played on another day."""
    return batch(
        [
            match(day=date(2021, 1, 1), home="Celta", score=(0, 0)),
            match(day=date(2021, 1, moved_to), score=score),
            match(day=date(2021, 2, 1), home="Celta"),
        ]
    )


def test_a_postponed_fixture_keeps_its_id_and_its_quotes(conn: Connection) -> None:
    first = season(10)
    store(conn, first._replace(quotes=[quote(first.matches[1])]))
    ids = dict(stored(conn, "match_date", "id"))
    assert store(conn, season(20))[0] == Tally(0, 1, 2)
    after = dict(stored(conn, "match_date", "id"))
    assert after[date(2021, 1, 20)] == ids[date(2021, 1, 10)]
    assert len(after) == 3
    assert count(conn, "quotes") == 1


def test_a_postponed_fixture_may_come_back_already_played(conn: Connection) -> None:
    store(conn, season(10))
    assert store(conn, season(20, (1, 0)))[0] == Tally(0, 1, 2)
    assert store(conn, season(20, (1, 0)))[0] == Tally(0, 0, 3)


def test_an_older_file_does_not_bring_a_moved_fixture_back(conn: Connection) -> None:
    store(conn, season(20, (1, 0)))
    assert store(conn, season(10))[0] == Tally(0, 0, 3)
    assert [day.day for (day,) in stored(conn, "match_date")] == [1, 20, 1]


def test_two_played_games_of_a_pair_are_never_one_moved_game(conn: Connection) -> None:
    store(conn, season(10, (1, 0)))
    assert store(conn, season(20, (2, 0)))[0] == Tally(1, 0, 2)


def test_a_file_of_another_stretch_of_the_season_moves_nothing(conn: Connection) -> None:
    store(conn, batch([match(day=date(2021, 1, 10))]))
    later = batch([match(day=date(2021, 3, 1)), match("Celta", "Dukla", date(2021, 3, 2))])
    assert store(conn, later)[0] == Tally(2)
    assert count(conn, "matches") == 3


def test_a_fixture_of_another_source_is_not_moved(conn: Connection) -> None:
    store(conn, season(10))
    assert store(conn, season(20), source="elsewhere")[0] == Tally(1, 0, 2)


def test_parts_of_a_box_score_from_two_files_are_merged(conn: Connection) -> None:
    played = match(score=(3, 1))
    store(conn, batch([played], stats=[stats(played, shots=4.0)]))
    late = stats(played, corners=2.0)._replace(known_at=played.kickoff_utc + timedelta(hours=9))
    assert store(conn, batch([played], stats=[late]))[2] == Tally(0, 1, 0)
    assert store(conn, batch([played], stats=[stats(played, shots=4.0)]))[2] == Tally(0, 0, 1)
    rows = conn.execute("SELECT stats, known_at FROM team_match_stats").fetchall()
    assert rows == [({"shots": 4, "corners": 2}, late.known_at)]


def test_quotes_of_two_moments_are_two_quotes(conn: Connection) -> None:
    fixture = match()
    later = fixture.kickoff_utc - timedelta(hours=1)
    made = batch([fixture], quotes=[quote(fixture), quote(fixture, 2.2, quoted_at=later, known_at=later)])
    assert store(conn, made)[1] == Tally(2)
    assert store(conn, made)[1] == Tally(0, 0, 2)


def test_a_corrected_kick_off_moves_the_closing_price_and_makes_no_second(conn: Connection) -> None:
    first = match()
    corrected = first._replace(kickoff_utc=first.kickoff_utc - timedelta(hours=3))
    for tally, fixture in ((Tally(1), first), (Tally(0, 1), corrected)):
        closing = quote(fixture, is_closing=True, quoted_at=None, known_at=fixture.kickoff_utc)
        assert store(conn, batch([fixture], quotes=[closing]))[1] == tally
    assert conn.execute("SELECT known_at FROM quotes").fetchall() == [(corrected.kickoff_utc,)]


def test_a_quote_whose_time_the_source_does_not_say_is_found_again(conn: Connection) -> None:
    fixture = match()
    made = batch([fixture], quotes=[quote(fixture, quoted_at=None)])
    assert store(conn, made)[1] == Tally(1)
    assert store(conn, made)[1] == Tally(0, 0, 1)
    assert conn.execute("SELECT quoted_at, line FROM quotes").fetchall() == [(None, None)]


def test_a_users_alias_makes_two_names_one_team(conn: Connection) -> None:
    store(conn, batch([match(score=(1, 0))]))
    conn.execute(
        "INSERT INTO team_aliases (league, source, alias, team_id) "
        "SELECT 'sim', 'other', 'AFC Ajax', id FROM teams WHERE name = 'Ajax'"
    )
    assert store(conn, batch([match("AFC Ajax", score=(1, 0))]), source="other")[0] == Tally(0, 0, 1)
    assert count(conn, "teams") == 2


def test_a_changed_declaration_of_a_league_is_stored_and_an_unchanged_one_is_not(conn: Connection) -> None:
    league = load_leagues()["sim"]
    before = row_versions(conn)["leagues"]
    ensure_league(conn, league)
    assert row_versions(conn)["leagues"] == before
    ensure_league(conn, replace(league, name="Renamed"))
    assert conn.execute("SELECT code, name FROM leagues").fetchall() == [("sim", "Renamed")]


def test_an_empty_batch_is_no_trouble(conn: Connection) -> None:
    assert store(conn, batch([])) == (Tally(), Tally(), Tally(), Tally())


def test_two_ingests_at_once_make_each_team_and_match_once(database: Database) -> None:
    made = batch([match(f"T{i}", f"T{i + 1}", score=(i, 0)) for i in range(40)])

    def work(_: int) -> Tally:
        with database.connect("sportsplat_app", autocommit=True) as conn:
            ensure_league(conn, load_leagues()["sim"])
            return store(conn, made)[0]

    with ThreadPoolExecutor(4) as pool:
        tallies = list(pool.map(work, range(4)))
    assert sorted(tally.inserted for tally in tallies) == [0, 0, 0, 40]
    assert sum(tally.unchanged for tally in tallies) == 120
    with database.connect() as conn:
        assert count(conn, "teams") == 41
