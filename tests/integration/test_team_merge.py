"""`teams merge`: two stored teams become one, with all that hangs on them, or nothing changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sportsplat.db.read.frames import matches_frame
from sportsplat.db.write.staging import Tally
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.teams import add, alias, merge, teams
from tests.conftest import Database
from tests.records import count
from tests.two_names import DATA, RIGHT, SPI, WRONG, content, data, predict, spi, told, versions


def test_the_past_of_a_match_that_becomes_another_one_goes_along(
    context: Context, database: Database, tmp_path: Path
) -> None:
    """Told 2:1 in August and 4:1 in December under one name, in June under the other."""
    august, december, june = datetime(2018, 8, 2), datetime(2018, 12, 1), datetime(2019, 6, 1)
    right = data(
        tmp_path / "E0.csv", ("2018-08-01", RIGHT, "Leeds", "4,1"), ("2018-08-01", "Fulham", "Arsenal", "0,0")
    )
    ingest(context, DATA, [right], as_of=june.replace(tzinfo=UTC))
    add(context, "epl", WRONG)
    for score, moment in (("2,1", august), ("4,1", december)):
        file = spi(tmp_path / f"{score}.csv", ("2018-08-01", WRONG, "Leeds", score))
        ingest(context, SPI, [file], as_of=moment.replace(tzinfo=UTC), accept_changes=True)
    merge(context, "epl", WRONG, RIGHT)
    with database.connect() as conn:
        held = [
            matches_frame(conn, "epl", known_at=moment.replace(tzinfo=UTC) + timedelta(days=9), as_held=True)
            for moment in (august, december, june)
        ]
    ids = held[-1]["match_id"][held[-1]["home_score"] == 4].tolist()
    assert [frame["home_score"][frame["match_id"].isin(ids)].tolist() for frame in held] == [[2], [4], [4]]


def test_a_merge_that_first_hears_of_another_precedence_lets_it_hold(
    context: Context, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(context, DATA, [data(tmp_path / "E0.csv", ("2018-09-01", RIGHT, "Leeds", "2,1"))])
    ingest(context, SPI, [spi(tmp_path / "spi.csv", ("2018-09-01", RIGHT, "Leeds", "3,1"))])
    add(context, "epl", WRONG)
    epl = replace(context.league("epl"), precedence=(SPI, DATA))
    monkeypatch.setattr("sportsplat.jobs.context.get_league", lambda *_: epl)
    merge(context, "epl", WRONG, RIGHT)
    with database.connect() as conn:
        assert conn.execute("SELECT home_score, source FROM matches").fetchall() == [(3, SPI)]


def test_what_was_told_of_a_misspelt_team_is_as_if_it_had_been_spelt_rightly(
    context: Context, database: Database, tmp_path: Path
) -> None:
    told(context, tmp_path, RIGHT)
    expected = content(database)
    with database.connect() as conn:
        conn.execute("TRUNCATE teams, quarantine CASCADE")
    told(context, tmp_path, WRONG)
    alias(context, "epl", SPI, "MUFC", WRONG)

    assert merge(context, "epl", WRONG, RIGHT).to_dict() == {
        "league": "epl",
        "name": WRONG,
        "into": RIGHT,
        "matches": 2,
        "joined": 1,
        "claims": 2,
        "box_scores": 2,
        "player_box_scores": 0,
        "aliases": 1,
        "new": True,
        "dry_run": False,
    }
    assert content(database) == expected
    (row,) = (row for row in teams(context, "epl") if row.name == RIGHT)
    assert {f"{SPI}: MUFC", WRONG} <= {*row.spellings}
    report = ingest(context, SPI, [tmp_path / f"spi {WRONG}.csv"])
    assert report.matches == Tally(0, 0, 2)
    assert content(database) == expected


def test_a_declared_team_that_is_not_stored_yet_takes_everything_and_the_second_time_nothing_happens(
    context: Context, database: Database, tmp_path: Path
) -> None:
    ingest(context, DATA, [data(tmp_path / "E0.csv", ("2018-09-01", WRONG, "Leeds", "2,1"))])
    assert merge(context, "epl", WRONG, RIGHT).matches == 1
    with database.connect() as conn:
        stored = conn.execute("SELECT name, named_by FROM teams ORDER BY 1").fetchall()
    assert stored == [("Leeds", DATA), (RIGHT, DATA)]
    before = versions(database)
    again = merge(context, "epl", WRONG, RIGHT)
    assert (again.new, again.matches) == (False, 0)
    assert versions(database) == before


def test_of_a_match_that_both_have_the_word_that_comes_first_holds(
    context: Context, database: Database, tmp_path: Path
) -> None:
    """SPI said 2:2 of the match of a day on which football-data has 3:0, and football-data's word counts."""
    ingest(context, SPI, [spi(tmp_path / "spi.csv", ("2018-09-01", WRONG, "Leeds", "2,2"))])
    ingest(context, DATA, [data(tmp_path / "E0.csv", ("2018-09-01", RIGHT, "Leeds", "3,0"))])
    assert merge(context, "epl", WRONG, RIGHT).joined == 1
    with database.connect() as conn:
        assert conn.execute("SELECT home_score, away_score, source FROM matches").fetchall() == [(3, 0, DATA)]
        assert count(conn, "match_claims") == 2
        assert conn.execute("SELECT said, holds FROM match_conflicts").fetchall() == [("2:2", "3:0")]


@pytest.mark.parametrize(
    ("day", "home", "away", "score"),
    [("2018-09-02", RIGHT, "Leeds", "2,1"), ("2018-09-01", "Leeds", RIGHT, "1,2")],
)
def test_a_match_that_sources_date_a_day_apart_or_turn_round_becomes_one_too(
    context: Context, database: Database, tmp_path: Path, day: str, home: str, away: str, score: str
) -> None:
    ingest(context, SPI, [spi(tmp_path / "spi.csv", ("2018-09-01", WRONG, "Leeds", "2,1"))])
    ingest(context, DATA, [data(tmp_path / "E0.csv", (day, home, away, score))])
    assert merge(context, "epl", WRONG, RIGHT).joined == 1
    with database.connect() as conn:
        rows = conn.execute("SELECT match_date::text, home, away FROM match_results").fetchall()
        assert rows == [(day, home, away)]
        assert (count(conn, "match_claims"), count(conn, "quotes"), count(conn, "forecasts")) == (2, 3, 1)
        # SPI's box score of the home side at home in its own file
        side = conn.execute(
            "SELECT t.name, s.is_home FROM team_match_stats s JOIN teams t ON t.id = s.team_id"
            " WHERE s.source = %s AND (s.stats ->> 'expected_goals')::float8 = 1.5",
            (SPI,),
        ).fetchall()
    assert side == [(RIGHT, home == RIGHT)]


def test_one_source_that_names_a_match_twice_has_one_claim_of_it_if_it_says_the_same(
    context: Context, database: Database, tmp_path: Path
) -> None:
    rows = [("2018-09-01", name, "Leeds", "2,1") for name in (WRONG, RIGHT)]
    ingest(context, DATA, [data(tmp_path / "E0.csv", *rows)])
    report = merge(context, "epl", WRONG, RIGHT)
    assert (report.matches, report.joined) == (1, 1)
    with database.connect() as conn:
        for table, rows_left in (("matches", 1), ("match_claims", 1), ("quotes", 3), ("team_match_stats", 2)):
            assert count(conn, table) == rows_left


def test_a_result_is_not_taken_back_by_the_fixture_under_the_other_name(
    context: Context, database: Database, tmp_path: Path
) -> None:
    played = ("2018-09-01", "Fulham", "Arsenal", "1,0")
    ingest(context, SPI, [spi(tmp_path / "1.csv", played, ("2018-09-08", RIGHT, "Leeds", ","))])
    ingest(context, SPI, [spi(tmp_path / "2.csv", played, ("2018-09-08", WRONG, "Leeds", "2,1"))])
    assert merge(context, "epl", WRONG, RIGHT).joined == 1
    with database.connect() as conn:
        rows = conn.execute(
            "SELECT home, away, home_score, away_score FROM match_results ORDER BY 1"
        ).fetchall()
    assert rows == [("Fulham", "Arsenal", 1, 0), (RIGHT, "Leeds", 2, 1)]


def test_what_was_held_before_and_corrected_box_scores_are_of_the_other_team_too(
    context: Context, database: Database, tmp_path: Path
) -> None:
    file = data(tmp_path / "E0.csv", ("2018-09-01", WRONG, "Leeds", "2,1"))
    ingest(context, DATA, [file])
    file.write_text(file.read_text().replace("2,1,9,8", "2,2,10,8"))
    ingest(context, DATA, [file], accept_changes=True)
    merge(context, "epl", WRONG, RIGHT)
    with database.connect() as conn:
        for table, column in (("match_revisions", "home_id"), ("team_stat_revisions", "team_id")):
            names = conn.execute(
                f"SELECT t.name FROM {table} r LEFT JOIN teams t ON t.id = r.{column}".encode()
            ).fetchall()
            assert names
            assert {name for (name,) in names} <= {RIGHT, "Leeds"}
        held = conn.execute("SELECT home_score, away_score FROM match_revisions").fetchall()
        assert held == [(2, 1)]


def test_no_column_of_any_table_refers_to_a_team_that_is_gone(
    context: Context, database: Database, tmp_path: Path
) -> None:
    told(context, tmp_path, WRONG)
    with database.connect() as conn:
        row = conn.execute("SELECT id FROM teams WHERE name = %s", (WRONG,)).fetchone()
        assert row is not None
        conn.execute(
            "WITH p AS (INSERT INTO players (league, source, source_key, name)"
            " VALUES ('epl', 's', '1', 'Ada') RETURNING id)"
            " INSERT INTO player_match_stats (match_id, player_id, team_id, stats, known_at)"
            " SELECT m.id, p.id, %s, '{}', m.known_at FROM p, matches m WHERE %s IN (home_id, away_id)",
            (row[0], row[0]),
        )
    assert merge(context, "epl", WRONG, RIGHT).player_box_scores == 2
    with database.connect() as conn:
        columns = conn.execute(
            "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables"
            " USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            " AND column_name IN ('team_id', 'home_id', 'away_id')"
        ).fetchall()
        assert len(columns) >= 10
        for table, column in columns:
            left = conn.execute(f"SELECT FROM {table} WHERE {column} = %s".encode(), row).fetchall()
            assert left == [], (table, column)
        assert count(conn, "player_match_stats") == 2


@pytest.mark.parametrize("in_use", [0, 1])
def test_the_match_that_predictions_speak_of_stays(
    context: Context, database: Database, tmp_path: Path, in_use: int
) -> None:
    ingest(context, SPI, [spi(tmp_path / "spi.csv", ("2018-09-01", WRONG, "Leeds", "2,1"))])
    ingest(context, DATA, [data(tmp_path / "E0.csv", ("2018-09-01", RIGHT, "Leeds", "2,1"))])
    with database.connect() as conn:
        ids = [match_id for (match_id,) in conn.execute("SELECT id FROM matches ORDER BY id").fetchall()]
        predict(conn, [ids[in_use]])
    assert merge(context, "epl", WRONG, RIGHT).joined == 1
    with database.connect() as conn:
        assert conn.execute("SELECT id FROM matches").fetchall() == [(ids[in_use],)]
        assert (count(conn, "match_claims"), count(conn, "predictions")) == (2, 1)
