"""A file of several leagues: each is stored and counted by itself, all of them or none."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from sportsplat.db.write.import_run import ImportRun
from sportsplat.db.write.matches import write_matches
from sportsplat.db.write.staging import Tally
from sportsplat.errors import InputRefused, SportsplatError
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest import file as ingest_file
from sportsplat.jobs.ingest import quarantine
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.ingest.report import IngestReport
from sportsplat.jobs.ingest.table import ingest_tables
from sportsplat.jobs.listing import leagues
from sportsplat.jobs.quality import quality
from tests.conftest import Database
from tests.records import count
from tests.season_files import ROWS as SEASON_ROWS
from tests.season_files import season_file
from tests.tables import MAPPING, price_rows, write_csv

SOURCE = "fivethirtyeight-soccer-spi"
HEADER = "date,league,team1,team2,spi1,spi2,prob1,prob2,probtie,score1,score2,xg1,xg2"
GERMANY, ITALY, CUP = "German Bundesliga", "Italy Serie A", "Moon Cup"


def row(league: str, home: str, away: str, score: str = "1,0", day: str = "2018-09-01") -> str:
    return f"{day},{league},{home},{away},50,50,0.4,0.3,0.3,{score},1.5,0.5"


ROWS = (
    row(GERMANY, "Mainz", "Schalke"),
    row(ITALY, "Genoa", "Torino", "-1,0"),
    row(ITALY, "Lazio", "Parma"),
    row(CUP, "Tycho", "Kepler"),
    row(CUP, "Kepler", "Tycho"),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "spi_matches.csv", *ROWS)


def written(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return path


def test_each_league_is_told_by_itself_and_the_file_counts_once(context: Context, file: Path) -> None:
    report = ingest(context, SOURCE, [file])
    assert (report.files, report.rows_read, report.leagues) == (1, 5, ["bundesliga", "serie-a"])
    assert [(each.league, each.matches.inserted) for each in report.by_file] == [
        ("bundesliga", 1),
        ("serie-a", 1),
    ]
    assert {each.file for each in report.by_file} == {str(file)}
    assert {reason.code: reason.rows for reason in report.reasons} == {
        "undeclared-league": 1,
        "impossible-score": 1,
    }
    assert report.newly_quarantined == 2
    stored, _ = leagues(context)
    assert {each.code for each in stored if each.last_ingest} == {"bundesliga", "serie-a"}


def test_a_second_run_changes_nothing_and_adds_no_waiting_row(context: Context, file: Path) -> None:
    ingest(context, SOURCE, [file])
    waiting = quarantine.waiting(context)
    report = ingest(context, SOURCE, [file])
    assert (report.matches, report.newly_quarantined) == (
        Tally(0, 0, 2),
        0,
    )
    assert quarantine.waiting(context) == waiting


def test_a_retry_reads_all_leagues_of_the_file_again(context: Context, file: Path) -> None:
    ingest(context, SOURCE, [file])
    written(file, *(text.replace("-1,0", "1,0") for text in ROWS))
    report = quarantine.retry(context)
    assert (report.files, report.resolved, report.waiting) == (1, 1, 1)
    (left,) = quarantine.waiting(context)
    assert (left.code, left.line) == ("undeclared-league", 5)


def test_what_waits_of_such_a_file_is_a_finding_of_its_league(context: Context, file: Path) -> None:
    ingest(context, SOURCE, [file])
    assert [(each.league, each.code) for each in quarantine.waiting(context)] == [
        ("serie-a", "impossible-score"),
        (None, "undeclared-league"),
    ]
    waiting = {
        code: [one.code for one in quality(context, code).findings if one.code == "quarantine"]
        for code in ("serie-a", "bundesliga")
    }
    assert waiting == {"serie-a": ["quarantine"], "bundesliga": []}


def test_one_league_read_alone_leaves_what_waits_of_the_others(context: Context, file: Path) -> None:
    ingest(context, SOURCE, [file])
    written(file, *(text.replace("-1,0", "1,0") for text in ROWS))
    ingest(context, SOURCE, [file], league="bundesliga")
    assert len(quarantine.waiting(context)) == 2
    ingest(context, SOURCE, [file], league="serie-a")
    assert [each.league for each in quarantine.waiting(context)] == [None]


def test_a_retry_of_a_league_that_was_read_alone_reads_it_alone(
    context: Context, database: Database, file: Path
) -> None:
    ingest(context, SOURCE, [file], league="serie-a")
    written(file, *(text.replace("-1,0", "1,0") for text in ROWS))
    assert quarantine.retry(context).waiting == 0
    with database.connect() as conn:
        assert conn.execute("SELECT DISTINCT league FROM matches").fetchall() == [("serie-a",)]


def test_what_waits_of_a_season_that_was_not_asked_for_waits_on(context: Context, file: Path) -> None:
    written(file, *ROWS, row(ITALY, "Bari", "Udine", "-2,0", "2016-09-01"))
    ingest(context, SOURCE, [file], league="serie-a")
    assert [each.line for each in quarantine.waiting(context)] == [3, 7]
    written(
        file,
        *ROWS[:1],
        row(ITALY, "Genoa", "Torino"),
        *ROWS[2:],
        row(ITALY, "Bari", "Udine", day="2016-09-01"),
    )
    ingest(context, SOURCE, [file], league="serie-a", seasons=[2018])
    assert [each.line for each in quarantine.waiting(context)] == [7]


def test_a_retry_takes_up_every_league_that_waits_as_it_was_read(context: Context, file: Path) -> None:
    """The file was read whole, and one league of it once more by itself."""
    ingest(context, SOURCE, [file])
    ingest(context, SOURCE, [file], league="bundesliga")
    written(file, *(text.replace("-1,0", "1,0") for text in ROWS))
    assert quarantine.retry(context).resolved == 1
    assert [each.code for each in quarantine.waiting(context)] == ["undeclared-league"]


def test_a_failure_in_one_league_leaves_none_of_the_file(
    context: Context, database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(run: ImportRun, *rest: object, **more: object) -> object:
        if run.league == "serie-a":
            raise SportsplatError("stop here")
        return write_matches(run, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest_file, "write_matches", failing)
    with pytest.raises(SportsplatError, match="stop here"):
        ingest(context, SOURCE, [file])
    with database.connect() as conn:
        assert (count(conn, "matches"), count(conn, "quarantine")) == (0, 0)
        runs = conn.execute("SELECT status, count(*) FROM pipeline_runs GROUP BY status").fetchall()
    assert runs == [("failed", 2)]


def test_one_league_can_be_taken_alone(context: Context, file: Path) -> None:
    report = ingest(context, SOURCE, [file], league="bundesliga")
    assert (report.rows_read, report.leagues, report.quarantined) == (1, ["bundesliga"], 0)


def test_the_right_source_is_named_for_a_file_of_several_leagues(context: Context, file: Path) -> None:
    with pytest.raises(InputRefused) as refused:
        ingest(context, "nflverse", [file])
    assert refused.value.fix == f"sportsplat ingest {SOURCE} {file}"


def test_a_file_of_several_leagues_and_a_table_of_one_do_not_wait_for_each_other(
    context: Context, database: Database, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that is stored while it is read holds its league, and waits for whoever writes matches."""
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(MAPPING.replace("league: sim", "league: serie-a"), encoding="utf-8")
    names = {"Ants": "Genoa", "Bees": "Torino", "Cats": "Lazio", "Dogs": "Parma"}
    rows = [(*row[:3], names[row[3]], names[row[4]], *row[5:]) for row in price_rows()]
    table = write_csv(tmp_path / "x.csv", rows)
    with ThreadPoolExecutor(1) as pool:
        other: list[Future[IngestReport]] = []

        def meanwhile(run: ImportRun, *rest: object, **more: object) -> object:
            written = write_matches(run, *rest, **more)  # type: ignore[arg-type]
            if run.source == SOURCE and not other:
                other.append(pool.submit(ingest_tables, context, [table], mapping))
                until_somebody_waits(database)
            return written

        monkeypatch.setattr(ingest_file, "write_matches", meanwhile)
        assert ingest(context, SOURCE, [file]).matches.inserted == 2
        assert other[0].result(timeout=30).matches.inserted == 3


def test_two_dry_runs_of_the_same_files_in_two_orders_end_both(
    context: Context, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    england = season_file(tmp_path / "2021")
    germany = season_file(tmp_path / "2021", [row.replace("E0", "D1", 1) for row in SEASON_ROWS], "D1.csv")
    ingest(context, "football-data", [england])  # makes the partition, for which they would wait at once
    with ThreadPoolExecutor(1) as pool:
        other: list[Future[IngestReport]] = []

        def meanwhile(run: ImportRun, *rest: object, **more: object) -> object:
            written = write_matches(run, *rest, **more)  # type: ignore[arg-type]
            if not other:
                other.append(pool.submit(ingest, context, "football-data", [germany, england], dry_run=True))
                until_somebody_waits(database)
            return written

        monkeypatch.setattr(ingest_file, "write_matches", meanwhile)
        mine = ingest(context, "football-data", [england, germany], dry_run=True)
        assert mine.matches == other[0].result(timeout=60).matches
    with database.connect() as conn:
        assert count(conn, "matches") == len(SEASON_ROWS)


def until_somebody_waits(database: Database) -> None:
    query = (
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE NOT granted AND datname = %s"
    )
    with database.connect(autocommit=True) as conn:
        for _ in range(200):
            if conn.execute(query, (database.endpoint.database,)).fetchone() != (0,):
                return
            time.sleep(0.05)
    raise AssertionError("nobody waits")
