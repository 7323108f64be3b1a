"""Rows that could not be taken: kept once, with reason and line, and resolved when they pass."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sportsplat.db.copy.content import content
from sportsplat.db.write.runs import Waiting
from sportsplat.db.write.staging import Tally
from sportsplat.errors import NotFound
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest import quarantine
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.listing import leagues, sources
from sportsplat.leagues.league import load_leagues
from tests.conftest import Database
from tests.records import count
from tests.season_files import CORRECTED, IMPOSSIBLE, LEEDS_WON, ROWS, season_file

SOURCE = "football-data"


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """A season file whose fourth match (line 5) has an impossible score."""
    return season_file(tmp_path / "2021", [*ROWS, IMPOSSIBLE])


def rows(database: Database) -> list[tuple[Any, ...]]:
    with database.connect() as conn:
        return conn.execute(
            "SELECT file, line, code, raw, resolved_at IS NULL FROM quarantine ORDER BY id"
        ).fetchall()


def test_an_impossible_row_is_kept_with_file_line_reason_and_text(context: Context, faulty: Path) -> None:
    report = ingest(context, SOURCE, [faulty])
    assert (report.matches.inserted, report.quarantined, report.newly_quarantined) == (3, 1, 1)
    (reason,) = report.reasons
    assert (reason.rows, reason.file, reason.line) == (1, str(faulty), 5)
    assert "-1" in reason.example
    (row,) = quarantine.waiting(context)
    assert (row.source, row.league, row.file, row.line, row.raw) == (
        SOURCE,
        "epl",
        str(faulty),
        5,
        IMPOSSIBLE,
    )
    assert quarantine.show(context, row.id) == row


def test_the_same_file_again_adds_no_second_row(context: Context, database: Database, faulty: Path) -> None:
    ingest(context, SOURCE, [faulty])
    report = ingest(context, SOURCE, [faulty])
    assert (report.quarantined, report.newly_quarantined) == (1, 0)
    assert len(rows(database)) == 1


def test_a_corrected_file_resolves_its_row(context: Context, database: Database, faulty: Path) -> None:
    ingest(context, SOURCE, [faulty])
    season_file(faulty.parent, [*ROWS, CORRECTED])
    report = ingest(context, SOURCE, [faulty])
    assert report.matches == Tally(1, 0, 3)
    assert report.quarantined == 0
    assert quarantine.waiting(context) == []
    assert [row[4] for row in rows(database)] == [False]


def test_a_row_that_breaks_again_waits_again(context: Context, database: Database, faulty: Path) -> None:
    for row in (IMPOSSIBLE, CORRECTED, IMPOSSIBLE):
        season_file(faulty.parent, [*ROWS, row])
        ingest(context, SOURCE, [faulty])
    assert [row[4] for row in rows(database)] == [False, True]
    with database.connect() as conn:
        assert count(conn, "matches") == 4


def test_retry_reads_the_files_again_from_anywhere(
    context: Context, faulty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(faulty.parent)
    ingest(context, SOURCE, [Path("E0.csv")])
    monkeypatch.chdir(tmp_path)
    assert quarantine.retry(context).to_dict() == {
        "files": 1, "resolved": 0, "waiting": 1, "gone": [], "refused": []
    }  # fmt: skip
    season_file(faulty.parent, [*ROWS, CORRECTED])
    assert quarantine.retry(context).resolved == 1
    assert quarantine.retry(context).files == 0


@pytest.mark.parametrize("as_of", [None, datetime(2021, 2, 1, tzinfo=UTC)])
def test_retry_of_an_older_file_takes_back_nothing_that_newer_ones_said(
    context: Context, database: Database, faulty: Path, tmp_path: Path, as_of: datetime | None
) -> None:
    ingest(context, SOURCE, [faulty], as_of=as_of)
    newer = [LEEDS_WON.replace("2.1,3.4,3.6", "2.2,3.3,3.5").replace(",10,9,", ",12,9,"), *ROWS[1:]]
    told = ingest(context, SOURCE, [season_file(tmp_path / "newer", newer)])
    assert (told.quotes.updated, told.stats.updated) == (3, 1)
    with database.connect() as conn:
        before = content(conn)
    assert quarantine.retry(context).waiting == 1
    with database.connect() as conn:
        after = content(conn)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"pipeline_runs"}


def test_retry_of_a_file_that_was_mended_since_tells_it_as_of_now(
    context: Context, database: Database, faulty: Path
) -> None:
    ingest(context, SOURCE, [faulty], as_of=datetime(2021, 2, 1, tzinfo=UTC))
    season_file(faulty.parent, [LEEDS_WON.replace("2.1,", "2.2,"), *ROWS[1:], CORRECTED])
    assert quarantine.retry(context).resolved == 1
    with database.connect() as conn:
        moments = conn.execute(
            "SELECT min(recorded_at), max(recorded_at) > now() - interval '1 hour' FROM quotes"
        ).fetchone()
    assert moments == (datetime(2021, 2, 1, tzinfo=UTC), True)


def test_retry_takes_what_was_asked_for_and_nothing_else(
    context: Context, database: Database, faulty: Path
) -> None:
    ingest(context, SOURCE, [faulty], since=date(2020, 9, 15))
    quarantine.retry(context)
    with database.connect() as conn:
        assert count(conn, "matches") == 2


def test_retry_names_a_file_that_is_gone(context: Context, faulty: Path) -> None:
    ingest(context, SOURCE, [faulty])
    faulty.unlink()
    report = quarantine.retry(context)
    assert report.gone == [str(faulty)]
    assert (report.files, report.waiting) == (0, 1)


@pytest.mark.parametrize("fault", ["a folder", "cut off", "of no league"])
def test_retry_goes_on_after_a_file_that_cannot_be_read(
    context: Context, database: Database, faulty: Path, tmp_path: Path, fault: str
) -> None:
    spoilt = tmp_path / "2019" / "E0.csv.gz"
    spoilt.parent.mkdir()
    spoilt.write_bytes(gzip.compress(faulty.read_bytes()))
    ingest(context, SOURCE, [spoilt, faulty])
    season_file(faulty.parent, [*ROWS, CORRECTED])
    if fault == "of no league":
        with database.connect() as conn:
            conn.execute(
                "UPDATE pipeline_runs SET counts = jsonb_set(counts, '{reading,league}', '\"gone\"') "
                "WHERE file = %s",
                (str(spoilt),),
            )
    elif fault == "cut off":
        spoilt.write_bytes(spoilt.read_bytes()[:-10])
    else:
        spoilt.unlink()
        spoilt.mkdir()
    report = quarantine.retry(context)
    assert (report.files, report.resolved, report.waiting) == (1, 1, 1)
    (refused,) = report.refused
    assert refused.file == str(spoilt)
    codes = {"a folder": "NOT_A_FILE", "cut off": "CORRUPT_GZIP", "of no league": "UNKNOWN_LEAGUE"}
    assert refused.code == codes[fault]


def test_retry_reads_what_a_site_gave_out_of_the_cache(context: Context, faulty: Path) -> None:
    from hashlib import sha256

    from sportsplat.jobs.ingest.file import IngestPlan
    from sportsplat.jobs.ingest.ingest import store_all
    from sportsplat.progress import silent as nobody
    from sportsplat.sources import get_source
    from sportsplat.sources.base import Payload
    from sportsplat.sources.web.cache import Copy, RawCache

    url = "https://data.example/2021/E0.csv"
    with context.connect("app", autocommit=True) as conn:
        plan = IngestPlan(get_source(SOURCE), None, context.leagues, now=datetime.now(UTC))
        store_all(conn, plan, [Payload.of(url, faulty.read_bytes())], 1, nobody)
    assert quarantine.retry(context).gone == [url]
    corrected = season_file(faulty.parent, [*ROWS, CORRECTED]).read_bytes()
    copy = Copy(corrected, sha256(corrected).hexdigest(), None, None, datetime.now(UTC))
    RawCache(context.settings.cache_dir).store(url, copy)
    assert quarantine.retry(context).resolved == 1


def test_waiting_rows_can_be_asked_for_one_source(context: Context, faulty: Path) -> None:
    ingest(context, SOURCE, [faulty])
    assert len(quarantine.waiting(context, Waiting(SOURCE))) == 1
    assert quarantine.waiting(context, Waiting("nflverse")) == []


def test_a_row_that_does_not_exist_is_not_found(context: Context) -> None:
    with pytest.raises(NotFound, match="no quarantined row 77"):
        quarantine.show(context, 77)


def test_text_that_the_database_cannot_hold_is_kept_readable(
    context: Context, database: Database, tmp_path: Path
) -> None:
    faulty = season_file(tmp_path, [*ROWS, IMPOSSIBLE.replace("Hull", "Hu\x00ll")])
    ingest(context, SOURCE, [faulty])
    (row,) = rows(database)
    assert "Hu\ufffdll" in row[3]


def test_leagues_tell_what_is_stored_and_how_fresh_it_is(context: Context, faulty: Path) -> None:
    nothing, missing = leagues(context)
    assert missing is None
    assert {row.matches for row in nothing} == {0}
    ingest(context, SOURCE, [faulty])
    stored, _ = leagues(context)
    epl = next(row for row in stored if row.code == "epl")
    assert (epl.matches, epl.scheduled, epl.seasons, epl.teams, epl.quotes) == (3, 0, 1, 3, 18)
    assert str(epl.first_match) == "2020-09-12"
    assert str(epl.last_match) == "2020-09-26"
    assert epl.last_ingest is not None
    assert epl.sources == [SOURCE, "fivethirtyeight-soccer-spi", "espn", "odds-api", "table"]


def test_sources_name_their_licence_and_what_they_give() -> None:
    rows = sources(load_leagues())
    assert {row.name for row in rows} >= {SOURCE, "nflverse", "fivethirtyeight-nba", "simulate"}
    assert all(row.licence and row.gives and row.leagues for row in rows)


def test_parts_of_rows_whose_match_is_stored_are_counted_by_themselves(
    context: Context, project_dir: Path
) -> None:
    """A row with an impossible score waits; of a row with an impossible price only that waits."""
    fair = "2.1,3.4,3.6,2.0,3.5,3.9"
    unfair = ROWS[0].replace(fair, "9.0,9.0,9.0,2.0,3.5,3.9")
    assert unfair != ROWS[0]
    report = ingest(context, SOURCE, [season_file(project_dir, [unfair, *ROWS[1:], IMPOSSIBLE])])
    assert report.matches.inserted == 3
    counted = (report.quarantined, report.rows_quarantined, report.parts_left_out)
    assert counted == (2, 1, 1)
