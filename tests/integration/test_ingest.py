"""The job `ingest` on files: counts, repetition, refusals, dry runs, narrowing."""

from __future__ import annotations

import gzip
import os
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sportsplat.db.write.staging import Tally
from sportsplat.errors import EnvironmentUnavailable, InputRefused, NotFound, SportsplatError, UsageError
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.ingest.report import IngestReport
from tests.conftest import Database
from tests.records import TABLES, count, row_versions
from tests.season_files import IMPOSSIBLE, LEEDS_WON, ROWS, season_file

SOURCE = "football-data"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with one season file of three matches."""
    season_file(tmp_path / "2021")
    return tmp_path


def counts(report: IngestReport) -> dict[str, tuple[int, ...]]:
    return {name: getattr(report, name) for name in ("matches", "quotes", "stats", "forecasts")}


def contents(database: Database) -> dict[str, int]:
    with database.connect() as conn:
        return {table: count(conn, table) for table in TABLES}


def runs(database: Database) -> list[tuple[Any, ...]]:
    with database.connect() as conn:
        return conn.execute("SELECT league, status, counts, error FROM pipeline_runs ORDER BY id").fetchall()


def test_a_folder_is_stored_and_counted(context: Context, database: Database, files: Path) -> None:
    report = ingest(context, SOURCE, [files])
    assert report.source == SOURCE
    assert report.files == 1
    assert report.rows_read == 3
    assert report.leagues == ["epl"]
    assert counts(report) == {
        "matches": (3, 0, 0),
        "quotes": (18, 0, 0),
        "stats": (6, 0, 0),
        "forecasts": (0, 0, 0),
    }
    assert report.rows_per_second > 0
    assert report.by_file[0].file == str(files / "2021" / "E0.csv")
    assert contents(database) == {
        "leagues": 1,
        "teams": 3,
        "team_aliases": 0,
        "matches": 3,
        "match_claims": 3,
        "match_details": 0,
        "quotes": 18,
        "team_match_stats": 6,
        "forecasts": 0,
        "quarantine": 0,
    }


def test_a_second_run_finds_all_unchanged_and_writes_nothing(
    context: Context, database: Database, files: Path
) -> None:
    ingest(context, SOURCE, [files])
    with database.connect() as conn:
        before = row_versions(conn)
    report = ingest(context, SOURCE, [files])
    assert [getattr(report, name).unchanged for name in ("matches", "quotes", "stats")] == [3, 18, 6]
    assert [getattr(report, name).inserted for name in ("matches", "quotes", "stats")] == [0, 0, 0]
    with database.connect() as conn:
        assert row_versions(conn) == before


def test_each_file_has_its_own_run_with_hash_and_counts(
    context: Context, database: Database, files: Path
) -> None:
    ingest(context, SOURCE, [files])
    with database.connect() as conn:
        (row,) = conn.execute("SELECT kind, source, league, file, sha256, status, counts FROM pipeline_runs")
        linked = conn.execute("SELECT DISTINCT r.file FROM matches m JOIN pipeline_runs r ON r.id = m.run_id")
        assert linked.fetchall() == [(str(files / "2021" / "E0.csv"),)]
    assert row[:4] == ("ingest", SOURCE, "epl", str(files / "2021" / "E0.csv"))
    assert len(row[4]) == 64
    assert row[5] == "done"
    assert row[6]["matches"] == {"inserted": 3, "updated": 0, "unchanged": 0}


def test_a_missing_file_is_named_before_anything_is_stored(
    context: Context, database: Database, files: Path
) -> None:
    with pytest.raises(InputRefused, match=r"no file .*nowhere\.csv") as refused:
        ingest(context, SOURCE, [files, files / "nowhere.csv"])
    assert refused.value.exit_code == 9
    assert set(contents(database).values()) == {0}
    assert runs(database) == []


def test_an_unknown_source_gets_a_suggestion(context: Context, files: Path) -> None:
    with pytest.raises(NotFound, match="did you mean 'football-data'"):
        ingest(context, "footbal-data", [files])


def test_a_league_that_the_source_does_not_serve_is_refused(context: Context, files: Path) -> None:
    with pytest.raises(UsageError, match="football-data has no league nba"):
        ingest(context, SOURCE, [files], league="nba")


def test_a_refused_file_leaves_the_others_stored_and_is_named(
    context: Context, database: Database, files: Path
) -> None:
    season_file(files / "bad", ["1,2"], header="a,b")
    with pytest.raises(InputRefused, match="1 of 2 files were refused; the other 1 is stored") as refused:
        ingest(context, SOURCE, [files / "bad", files / "2021"])
    assert refused.value.exit_code == 9
    assert refused.value.error_code == "FILES_REFUSED"
    report = refused.value.details["report"]
    assert [file.file for file in report.refused] == [str(files / "bad" / "E0.csv")]
    assert report.matches.inserted == 3
    assert contents(database)["matches"] == 3
    assert [row[1] for row in runs(database)] == ["failed", "done"]
    assert "is not a file of football-data.co.uk" in runs(database)[0][3]


def test_a_file_of_another_source_is_told_from_which(context: Context, files: Path) -> None:
    with pytest.raises(InputRefused, match="is not a file of") as refused:
        ingest(context, "nflverse", [files])
    assert refused.value.error_code == "NOT_THIS_FORMAT"
    assert refused.value.fix == f"sportsplat ingest football-data {files / '2021' / 'E0.csv'}"


def test_a_dry_run_reports_the_same_and_keeps_nothing(
    context: Context, database: Database, files: Path
) -> None:
    season_file(files / "more", [LEEDS_WON.replace("4,3,H", "4,0,H"), ROWS[1], IMPOSSIBLE])
    dry = ingest(context, SOURCE, [files / "2021", files / "more"], dry_run=True)
    assert set(contents(database).values()) == {0}
    assert runs(database) == []
    real = ingest(context, SOURCE, [files / "2021", files / "more"])
    assert counts(dry) == counts(real)
    assert real.matches == Tally(3, 0, 1)
    assert dry.quarantined == real.quarantined == 2  # an impossible score, and a result that changed
    assert (dry.dry_run, real.dry_run) == (True, False)


def test_only_the_wanted_days_and_seasons_are_taken(
    context: Context, database: Database, files: Path
) -> None:
    assert ingest(context, SOURCE, [files], seasons=[2019]).matches.inserted == 0
    report = ingest(context, SOURCE, [files], seasons=[2020], since=date(2020, 9, 19))
    assert report.matches.inserted == 2
    assert report.quotes.inserted == 12
    assert report.rows_read == 3
    assert report.quarantined == 0
    assert contents(database)["matches"] == 2


def test_a_row_that_only_the_database_refuses_fails_its_file_alone(
    context: Context, database: Database, files: Path
) -> None:
    with database.connect(autocommit=True) as conn:
        conn.execute("ALTER TABLE matches ADD CONSTRAINT ck_test CHECK (home_score < 9)")
    season_file(files / "later", [LEEDS_WON.replace("4,3,H", "9,3,H").replace("12/09", "13/09")])
    with pytest.raises(InputRefused, match="1 of 2 files were refused") as refused:
        ingest(context, SOURCE, [files])
    assert "ck_test" in (refused.value.cause or "")
    assert contents(database)["matches"] == 3
    assert [row[1] for row in runs(database)] == ["done", "failed"]


def test_a_database_that_goes_away_is_one_clear_error_and_nothing_half(
    context: Context, database: Database, files: Path
) -> None:
    with database.connect(autocommit=True) as conn:
        conn.execute(
            "CREATE FUNCTION vanish() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS "
            "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'"
        )
        conn.execute("CREATE TRIGGER vanish AFTER INSERT ON quotes EXECUTE FUNCTION vanish()")
    with pytest.raises(EnvironmentUnavailable, match="nothing of the file was stored") as lost:
        ingest(context, SOURCE, [files])
    assert (lost.value.exit_code, lost.value.error_code) == (4, "CONNECTION_LOST")
    assert contents(database)["matches"] == 0
    with database.connect(autocommit=True) as conn:
        conn.execute("DROP TRIGGER vanish ON quotes")
    report = ingest(context, SOURCE, [files])
    assert report.matches.inserted == 3
    assert report.abandoned == [str(files / "2021" / "E0.csv")]
    assert [row[1] for row in runs(database)] == ["abandoned", "done"]


@pytest.mark.parametrize(
    ("condition", "code", "exit_code"),
    [
        ("disk_full", "DISK_FULL", 4),
        ("out_of_memory", "DATABASE_FULL", 4),
        ("deadlock_detected", "LOCK_TIMEOUT", 5),
        ("insufficient_privilege", "DATABASE_FAILED", 4),
        ("untranslatable_character", "WRONG_ENCODING", 6),
        ("check_violation", "ROW_REFUSED", 9),
    ],
)
def test_each_error_of_the_server_has_its_code(
    context: Context, database: Database, files: Path, condition: str, code: str, exit_code: int
) -> None:
    with database.connect(autocommit=True) as conn:
        conn.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$BEGIN RAISE EXCEPTION 'could not go on' USING ERRCODE = '{condition}'; END$$"
        )
        conn.execute("CREATE TRIGGER fail AFTER INSERT ON quotes EXECUTE FUNCTION fail()")
    with pytest.raises(SportsplatError) as failed:
        ingest(context, SOURCE, [files])
    assert (failed.value.error_code, failed.value.exit_code) == (code, exit_code)
    assert "could not go on" in str(failed.value.cause)
    assert contents(database)["matches"] == 0
    assert [row[1] for row in runs(database)] == ["failed"]


def test_a_run_in_progress_is_not_called_abandoned(context: Context, database: Database, files: Path) -> None:
    from sportsplat.db.write.runs import start_run

    with database.connect("sportsplat_app", autocommit=True) as other:
        start_run(other, "ingest", SOURCE, None, "elsewhere.csv", "0" * 64)
        assert ingest(context, SOURCE, [files]).abandoned == []
    assert ingest(context, SOURCE, [files]).abandoned == ["elsewhere.csv"]
    assert [row[1] for row in runs(database)] == ["abandoned", "done", "done"]


def test_an_unforeseen_error_marks_the_run_and_is_not_swallowed(
    context: Context, database: Database, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("sportsplat.sources.football_data.source.FootballData.split", broken)
    with pytest.raises(ZeroDivisionError):
        ingest(context, SOURCE, [files])
    assert runs(database) == [(None, "failed", {}, "a bug")]


def test_progress_ends_at_its_total(context: Context, files: Path) -> None:
    told: list[tuple[float | None, float | None]] = []

    def hear(
        completed: float | None = None, total: float | None = None, description: str | None = None
    ) -> None:
        told.append((completed, total))

    ingest(context, SOURCE, [files], progress=hear)
    assert (told[0], told[-1][0]) == ((0, 1), 1)


def test_the_simulated_league_needs_no_file(context: Context, database: Database) -> None:
    report = ingest(context, "simulate", [], seasons=[2019], options={"seed": 3})
    assert report.matches.inserted > 100
    assert report.forecasts.inserted > 100
    again = ingest(context, "simulate", [], seasons=[2019], options={"seed": 3})
    assert again.matches.unchanged == report.matches.inserted


def test_the_reading_role_can_not_ingest(context: Context, database: Database, files: Path) -> None:
    with database.connect("sportsplat_read", autocommit=True) as conn:
        for table in ("matches", "quotes"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(f"DELETE FROM {table}".encode())


def test_every_error_says_what_to_do_next(context: Context, files: Path) -> None:
    season_file(files / "bad", ["1,2"], header="a,b")
    for arguments in ((SOURCE, [files / "bad"]), ("nonsense", []), (SOURCE, [files / "none"]), (SOURCE, [])):
        with pytest.raises(SportsplatError) as error:
            ingest(context, arguments[0], list(arguments[1]))
        assert error.value.fix, error.value


def test_a_file_that_cannot_be_read_leaves_the_others_stored(
    context: Context, database: Database, tmp_path: Path
) -> None:
    good, cut, pipe = season_file(tmp_path / "2021"), tmp_path / "cut.csv.gz", tmp_path / "pipe.csv"
    cut.write_bytes(gzip.compress(good.read_bytes())[:-9])
    os.mkfifo(pipe)
    with pytest.raises(InputRefused) as refused:
        ingest(context, "football-data", [cut, good, pipe])
    assert refused.value.error_code == "FILES_REFUSED"
    assert "2 of 3 files were refused" in refused.value.message
    assert [line.split(" is ")[0] for line in str(refused.value.cause).splitlines()] == [str(cut), str(pipe)]
    assert contents(database)["matches"] == 3


def test_a_single_file_that_cannot_be_read_is_told_without_a_database(
    context: Context, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(b"Div,Date")[:-9])
    asleep = Context(context.settings, context.leagues, lambda: pytest.fail("the database was asked for"))
    with pytest.raises(InputRefused) as refused:
        ingest(asleep, "football-data", [cut])
    assert refused.value.error_code == "CORRUPT_GZIP"
