"""`runs undo`: one run taken back leaves what is stored as if it had never been, whatever else was told."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from sportsplat.db.copy.content import content as hashes
from sportsplat.errors import DataConflict, NotFound, SportsplatError, UsageError
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from sportsplat.jobs.ingest.runs import undo
from sportsplat.jobs.teams import alias, teams
from tests.conftest import Database
from tests.examples import examples
from tests.program import PROGRAM, environment
from tests.two_names import DATA, SPI, content, data, predict, spi

NOTES = {"pipeline_runs", "run_changes"}  # what is known of runs, not what they brought
Row = tuple[str, ...]


def stored(database: Database) -> dict[str, Any]:
    with database.connect() as conn:
        return {table: told for table, told in hashes(conn).items() if table not in NOTES}


def runs_of(database: Database) -> list[int]:
    with database.connect() as conn:
        rows = conn.execute("SELECT id FROM pipeline_runs WHERE status = 'done' ORDER BY id").fetchall()
    return [run_id for (run_id,) in rows]


def clear(database: Database) -> None:
    with database.connect() as conn:
        conn.execute("TRUNCATE leagues, pipeline_runs, quarantine CASCADE")


class Told:
    """One file as a source tells it: rows of day, home, away, score, shots and price; and as of when."""

    def __init__(self, source: str, rows: list[Row], stat: str, as_of: datetime | None) -> None:
        self.source, self.rows, self.stat, self.as_of = source, rows, stat, as_of

    def __repr__(self) -> str:
        return f"{self.source} {self.stat} as of {self.as_of}: {self.rows}"

    def store(self, context: Context, folder: Path, place: int) -> bool:
        path = folder / f"{place}-{self.source}.csv"
        if self.source == SPI:
            spi(path, *((day, home, away, score) for day, home, away, score, *_ in self.rows))
        else:
            lines = [
                f"E0,{date.fromisoformat(day):%d/%m/%Y},{home},{away},{score},{shots},8,{price},3.4,3.6"
                for day, home, away, score, shots, price in self.rows
            ]
            header = f"Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,H{self.stat},A{self.stat},B365H,B365D,B365A"
            path.write_text("\n".join([header, *lines, ""]))
        try:
            ingest(context, self.source, [path], as_of=self.as_of, accept_changes=True)
        except SportsplatError:
            return False
        return True


LEEDS_WON = ("2018-09-01", "Leeds", "Fulham", "2,1")
NEAR = ("2018-09-01", "2018-09-02", "2018-09-08", "2018-09-20")
TURNED = (("Leeds", "Fulham"), ("Leeds", "Arsenal"), ("Fulham", "Leeds"), ("Arsenal", "Leeds"))


@st.composite
def files(draw: st.DrawFn, days: tuple[str, ...], pairs: tuple[tuple[str, str], ...]) -> Told:
    """Few teams, days and values: what files say meets."""
    source = draw(st.sampled_from([DATA, DATA, SPI]))
    scores = ["2,1", "0,0"] + ([",", ","] if source == SPI else [])
    row = st.tuples(
        st.sampled_from(days),
        st.sampled_from(pairs),
        st.sampled_from(scores),
        st.sampled_from(["9", "7", ""]),
        st.sampled_from(["2.1", "2.2"]),
    )
    rows = draw(st.lists(row, min_size=1, max_size=5, unique_by=lambda row: (row[0], *sorted(row[1]))))
    as_of = draw(st.sampled_from([None, None, datetime(2018, 12, 1, tzinfo=UTC)]))
    told = [(day, home, away, *others) for day, (home, away), *others in rows]
    return Told(source, told, draw(st.sampled_from(["S", "C"])), as_of)


def refused(context: Context, run: int) -> SportsplatError | None:
    try:
        undo(context, run)
    except SportsplatError as refusal:
        return refusal
    return None


FEW = examples(12, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # each example is small already


@pytest.mark.examples
def test_the_last_run_taken_back_leaves_every_table_as_it_was(
    context: Context, database: Database, tmp_path: Path
) -> None:
    """To the last moment of every row: each run in turn, from the last one to the first."""

    @FEW
    @given(told=st.lists(files(NEAR, TURNED), min_size=1, max_size=4))
    def check(told: list[Told]) -> None:
        clear(database)
        before = []
        for place, one in enumerate(told):
            found = stored(database)
            before += [found] if one.store(context, tmp_path, place) else []
        for run, found in zip(reversed(runs_of(database)), reversed(before), strict=True):
            undo(context, run)
            assert stored(database) | {"leagues": None} == found | {"leagues": None}

    check()


@pytest.mark.examples
def test_any_run_taken_back_leaves_what_the_others_say_alone(
    context: Context, database: Database, tmp_path: Path
) -> None:
    """Days and venues are such that no file's word of a match could be tied to two."""

    @FEW
    @given(told=st.lists(files(NEAR[1:], TURNED[:2]), min_size=2, max_size=3), place=st.integers(0, 2))
    def check(told: list[Told], place: int) -> None:
        clear(database)
        taken = [one for at, one in enumerate(told) if one.store(context, tmp_path, at)]
        if not taken:
            return
        gone = place % len(taken)
        everything = stored(database)
        refusal = refused(context, runs_of(database)[gone])
        if refusal is not None:
            assert (refusal.error_code, stored(database)) == ("UNDO_LATER_FIRST", everything)
            return
        left = content(database)
        clear(database)
        for at, one in enumerate(taken):
            if at != gone:
                one.store(context, tmp_path, 10 + at)
        assert left.splitlines() == content(database).splitlines(), gone

    check()


def test_a_fixture_is_no_longer_postponed_once_the_results_that_showed_it_are_undone(
    context: Context, database: Database, tmp_path: Path
) -> None:
    """They were the only results of the season."""
    rows = ("2018-09-01", "Fulham", "Arsenal", "0,0"), ("2018-09-20", "Leeds", "Arsenal", "2,1")
    ingest(context, DATA, [data(tmp_path / "E0.csv", *rows)])
    ingest(context, SPI, [spi(tmp_path / "spi.csv", ("2018-09-02", "Leeds", "Fulham", ","))])

    def status() -> list[tuple[str]]:
        with database.connect() as conn:
            return conn.execute("SELECT status FROM matches WHERE match_date = '2018-09-02'").fetchall()

    before = status()
    undo(context, runs_of(database)[0])
    assert (before, status()) == ([("postponed",)], [("scheduled",)])


def match_ids(database: Database, day: str) -> list[int]:
    with database.connect() as conn:
        rows = conn.execute("SELECT id FROM matches WHERE match_date = %s ORDER BY id", (day,)).fetchall()
    return [match_id for (match_id,) in rows]


def test_what_a_run_corrected_says_again_what_it_said(
    context: Context, database: Database, tmp_path: Path
) -> None:
    """A price, a result, shots; the past that the correction had made is gone as well."""
    file = tmp_path / "E0.csv"
    ingest(context, DATA, [data(file, LEEDS_WON)])
    before = stored(database)
    file.write_text(file.read_text().replace(",2,1,9,", ",3,1,8,").replace("2.1,3.4", "2.3,3.4"))
    ingest(context, DATA, [file], accept_changes=True)
    report = undo(context, runs_of(database)[-1])
    assert stored(database) == before
    assert (report.removed["quotes"], report.restored["quotes"], report.restored["stats"]) == (
        0,
        1,
        1,
    )
    assert (report.removed["matches"], report.restored["matches"]) == (0, 1)


def test_later_words_of_the_same_match_stand_and_what_they_repeat_is_read_again(
    context: Context, database: Database, tmp_path: Path
) -> None:
    first = data(
        tmp_path / "first.csv",
        LEEDS_WON,
        ("2018-09-02", "Arsenal", "Hull", "0,0"),
    )
    second = data(tmp_path / "second.csv", LEEDS_WON)
    ingest(context, DATA, [first])
    ingest(context, DATA, [second])
    ingest(context, SPI, [spi(tmp_path / "spi.csv", ("2018-09-02", "Arsenal", "Hull", "1,0"))])
    report = undo(context, runs_of(database)[0])
    assert str(second) in report.read_again
    left = content(database)
    clear(database)
    ingest(context, DATA, [second])
    ingest(context, SPI, [tmp_path / "spi.csv"])
    assert left == content(database)


def test_a_later_file_that_is_gone_is_named(context: Context, database: Database, tmp_path: Path) -> None:
    rows = LEEDS_WON
    ingest(context, DATA, [data(tmp_path / "first.csv", rows)])
    second = data(tmp_path / "second.csv", rows)
    ingest(context, DATA, [second])
    second.unlink()
    report = undo(context, runs_of(database)[0])
    assert (report.read_again, report.not_read_again) == ([], [str(second)])
    assert match_ids(database, "2018-09-01") == []


def test_parts_of_a_box_score_that_a_later_run_brought_stay(
    context: Context, database: Database, tmp_path: Path
) -> None:
    shots = Told(DATA, [("2018-09-01", "Leeds", "Fulham", "2,1", "9", "2.1")], "S", None)
    corners = Told(DATA, [("2018-09-01", "Leeds", "Fulham", "2,1", "4", "2.1")], "C", None)
    shots.store(context, tmp_path, 1)
    corners.store(context, tmp_path, 2)
    undo(context, runs_of(database)[0])
    with database.connect() as conn:
        rows = conn.execute("SELECT stats FROM team_match_stats ORDER BY is_home").fetchall()
    assert [sorted(stats) for (stats,) in rows] == [["corners"], ["corners"]]


def test_matches_that_predictions_speak_of_are_a_reason_to_refuse_until_those_go_too(
    context: Context, database: Database, tmp_path: Path
) -> None:
    ingest(context, DATA, [data(tmp_path / "E0.csv", LEEDS_WON)])
    with database.connect() as conn:
        predict(conn, match_ids(database, "2018-09-01"))
    before = stored(database)
    (run,) = runs_of(database)
    with pytest.raises(DataConflict, match="refer to 1 matches") as refusal:
        undo(context, run)
    assert (refusal.value.error_code, stored(database)) == ("MATCHES_IN_USE", before)
    assert undo(context, run, with_predictions=True).removed["predictions"] == 1
    assert match_ids(database, "2018-09-01") == []


def test_rows_in_quarantine_go_and_those_that_the_run_resolved_wait_again(
    context: Context, database: Database, tmp_path: Path
) -> None:
    file = data(
        tmp_path / "E0.csv",
        ("2018-09-01", "Leeds", "Fulham", "-2,1"),
        ("2018-09-02", "Hull", "Arsenal", "1,1"),
    )
    ingest(context, DATA, [file])
    before = stored(database)
    data(file, LEEDS_WON, ("2018-09-02", "Hull", "Arsenal", "-1,1"))
    ingest(context, DATA, [file])
    report = undo(context, runs_of(database)[-1])
    assert stored(database) == before
    assert (report.removed["quarantined"], report.restored["quarantined"]) == (1, 1)


def test_teams_that_only_the_run_named_go_and_those_with_an_alias_stay(
    context: Context, database: Database, tmp_path: Path
) -> None:
    ingest(context, DATA, [data(tmp_path / "E0.csv", LEEDS_WON)])
    alias(context, "epl", SPI, "Cottagers", "Fulham")
    assert undo(context, runs_of(database)[0]).removed["teams"] == 1
    assert [team.name for team in teams(context, "epl") if team.stored] == ["Fulham"]


def test_a_dry_run_tells_the_same_and_changes_nothing(
    context: Context, database: Database, tmp_path: Path
) -> None:
    ingest(context, DATA, [data(tmp_path / "E0.csv", LEEDS_WON)])
    before = stored(database)
    (run,) = runs_of(database)
    told = undo(context, run, dry_run=True)
    assert (stored(database), runs_of(database)) == (before, [run])
    assert replace(undo(context, run), dry_run=True) == told


def test_what_cannot_be_taken_back_is_refused(context: Context, database: Database, tmp_path: Path) -> None:
    file = data(tmp_path / "E0.csv", LEEDS_WON)
    ingest(context, DATA, [file])
    (run,) = runs_of(database)
    undo(context, run)
    with pytest.raises(UsageError, match="was undone already") as again:
        undo(context, run)
    assert again.value.error_code == "ALREADY_UNDONE"
    with pytest.raises(NotFound):
        undo(context, run + 100)
    ingest(context, DATA, [file])
    (run,) = runs_of(database)
    with database.connect() as conn:
        conn.execute("UPDATE pipeline_runs SET counts = counts - 'changes_noted' WHERE id = %s", (run,))
    with pytest.raises(DataConflict, match="were not recorded") as unnoted:
        undo(context, run)
    assert unnoted.value.error_code == "CHANGES_NOT_NOTED"
    (tmp_path / "bad.csv").write_text("no,such\n1,2\n")
    with pytest.raises(SportsplatError):
        ingest(context, DATA, [tmp_path / "bad.csv"])
    with database.connect() as conn:
        failed = conn.execute("SELECT max(id) FROM pipeline_runs").fetchone()
    assert failed is not None
    with pytest.raises(UsageError, match="failed"):
        undo(context, failed[0])


def test_an_undone_file_can_be_stored_again(context: Context, database: Database, tmp_path: Path) -> None:
    file = data(tmp_path / "E0.csv", LEEDS_WON)
    ingest(context, DATA, [file])
    once = content(database)
    undo(context, runs_of(database)[0])
    ingest(context, DATA, [file])
    assert content(database) == once


def test_prices_of_a_table_that_went_straight_in_go_with_their_run(
    context: Context, database: Database, tmp_path: Path
) -> None:
    ingest(context, "simulate", [], seasons=[2015])
    before = stored(database)
    ingest(context, "simulate", [], seasons=[2015, 2016], options={"seed": 7})
    for run in reversed(runs_of(database)[1:]):
        undo(context, run)
    assert stored(database) == before


@pytest.mark.fault
def test_a_killed_undo_leaves_all_or_nothing(context: Context, database: Database, project_dir: Path) -> None:
    """Whenever it is killed: what is stored is as before, or as after."""
    ingest(context, "simulate", [], seasons=[2015])
    without = stored(database)
    ingest(context, "simulate", [], seasons=[2016])
    with_it = stored(database)
    variables = {
        "DATABASE_URL": database.endpoint.url(reveal=True),
        "SPORTSPLAT_INFRA__BACKEND": "external",
    }
    seen = set()
    for waited_s in (0.0, 0.01, 0.03, 0.1, 0.3):
        run = runs_of(database)[-1]
        with subprocess.Popen(
            [PROGRAM, "runs", "undo", str(run), "--yes"],
            cwd=project_dir,
            env=environment(**variables),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            while process.poll() is None and not working(database):
                time.sleep(0.002)
            time.sleep(waited_s)
            process.kill()
        while working(database):
            time.sleep(0.02)
        now = stored(database)
        undone = run not in runs_of(database)
        assert now == (without if undone else with_it)
        seen.add(undone)
        if undone:
            ingest(context, "simulate", [], seasons=[2016])
            with_it = stored(database)
    assert False in seen


def working(database: Database) -> bool:
    """Whether another session changes something."""
    with database.connect() as conn:
        row = conn.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_xid IS NOT NULL"
        ).fetchone()
    return row != (0,)
