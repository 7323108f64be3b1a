"""The source `table` on a real database: every format alike, whole or not at all, bad rows told."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from sportsplat.db.copy.content import content
from sportsplat.db.schema.migrate import check
from sportsplat.db.write import bulk_quotes as write_prices
from sportsplat.db.write.staging import Tally
from sportsplat.errors import InputRefused
from sportsplat.infra.lock import wait_for
from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.table import ingest_tables
from sportsplat.sources.table import errors as table_refusals
from tests.conftest import Database
from tests.integration.migrating import MIGRATIONS
from tests.program import PROGRAM, environment
from tests.tables import HEADER, MAPPING, price_rows, write_csv, write_typed

STORED = """
SELECT m.match_date::text, m.season, h.name, a.name, q.bookmaker, q.market, q.outcome, q.line, q.decimal_odds,
       q.is_closing, q.quoted_at::text, q.known_at::text, q.season
  FROM quotes q JOIN matches m ON m.id = q.match_id
  JOIN teams h ON h.id = m.home_id JOIN teams a ON a.id = m.away_id
 ORDER BY 1, 3, 5, 6, 7, 10
"""


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.yaml"
    path.write_text(MAPPING, encoding="utf-8")
    return path


def stored(database: Database) -> list[tuple[Any, ...]]:
    with database.connect() as conn:
        return conn.execute(STORED).fetchall()


def quotes(report: Any) -> tuple[int, int, int]:
    return tuple(report.quotes)


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.parquet", "x.xlsx"])
def test_every_format_gives_the_same_rows(
    context: Context, database: Database, tmp_path: Path, mapping: Path, name: str
) -> None:
    write = write_csv if "csv" in name else write_typed
    report = ingest_tables(context, [write(tmp_path / name, price_rows())], mapping)
    assert report.rows_read == 18
    assert report.matches == Tally(3, 0, 0)
    assert quotes(report) == (18, 0, 0)
    assert report.quarantined == 0
    rows = stored(database)
    assert len(rows) == 18
    assert rows[0] == (
        "2019-10-01", 2019, "Ants", "Bees", "acme", "result", "away", None, 2.1, False,
        "2019-10-01 08:00:00+00", "2019-10-01 08:00:00+00", 2019,
    )  # fmt: skip
    assert rows[1][8:12] == (2.2, True, None, "2019-10-01 19:30:00+00")
    assert rows[4][5:12] == ("total", "over", 5.5, 1.9, False, None, "2019-10-01 19:30:00+00")
    assert check(database.dsn, MIGRATIONS) == []


def test_a_second_run_finds_all_unchanged_and_a_new_price_is_an_update(
    context: Context, database: Database, tmp_path: Path, mapping: Path
) -> None:
    rows = price_rows()
    path = write_csv(tmp_path / "x.csv", rows)
    ingest_tables(context, [path], mapping)
    with database.connect() as conn:
        before = content(conn)["quotes"]
    again = ingest_tables(context, [path], mapping)
    assert quotes(again) == (0, 0, 18)
    assert again.matches == Tally(0, 0, 3)
    with database.connect() as conn:
        assert content(conn)["quotes"] == before
    changed = [*rows[1:], (*rows[0][:9], "1.81", *rows[0][10:]), (*rows[0][:5], "third", *rows[0][6:])]
    assert quotes(ingest_tables(context, [write_csv(path, changed)], mapping)) == (1, 1, 17)
    assert [row[8] for row in stored(database) if row[:7] == (*stored(database)[2][:7],)][:1] == [1.81]


def test_a_season_that_has_quotes_takes_those_of_new_matches(
    context: Context, tmp_path: Path, mapping: Path
) -> None:
    rows = price_rows()
    ingest_tables(context, [write_csv(tmp_path / "one.csv", rows[:6])], mapping)
    assert quotes(ingest_tables(context, [write_csv(tmp_path / "two.csv", rows)], mapping)) == (12, 0, 6)


BAD = [
    ({"day": "31/02/2019"}, "bad-date", "day is '31/02/2019'"),
    ({"away": ""}, "missing-team", "away is blank"),
    ({"away": "Cats"}, "same-team", "home and away are both 'Cats'"),
    ({"season": "19"}, "bad-season", "season is '19'"),
    ({"book": ""}, "missing-bookmaker", "book is blank"),
    ({"kind": "corners"}, "unknown-market", "kind is 'corners'"),
    ({"pick": "draw"}, "unknown-outcome", "pick is 'draw'"),
    ({"kind": "totals", "pick": "over", "points": "many"}, "bad-line", "points is 'many'"),
    ({"price": "1.0"}, "impossible-odds", "price is '1.0'"),
    ({"price": ""}, "impossible-odds", "price is ''"),
    ({"price": "1_9"}, "impossible-odds", "price is '1_9'"),
    ({"closed": "perhaps"}, "bad-flag", "closed is 'perhaps'"),
    ({"taken": "yesterday"}, "bad-date", "taken is 'yesterday'"),
]


@pytest.mark.parametrize(("change", "code", "reason"), BAD, ids=[reason for _, _, reason in BAD])
def test_a_bad_row_is_told_with_line_and_text_and_the_others_are_stored(
    context: Context, database: Database, tmp_path: Path, mapping: Path,
    change: dict[str, str], code: str, reason: str,
) -> None:  # fmt: skip
    rows = price_rows()
    bad = tuple(change.get(name, cell) for name, cell in zip(HEADER, rows[7], strict=True))
    report = ingest_tables(context, [write_csv(tmp_path / "x.csv", [*rows[:7], bad, *rows[8:]])], mapping)
    assert quotes(report)[0] == 17
    with database.connect() as conn:
        waiting = conn.execute("SELECT line, code, reason, raw FROM quarantine").fetchall()
    assert [(line, found) for line, found, _, _ in waiting] == [(9, code)]
    assert waiting[0][2].startswith(reason)
    assert waiting[0][3] == ",".join(bad)


def test_ragged_and_blank_lines_keep_the_count_of_lines(
    context: Context, database: Database, tmp_path: Path, mapping: Path
) -> None:
    path = write_csv(tmp_path / "x.csv", price_rows())
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[3:3] = ["", "2019,too short", ""]
    lines[10] = lines[10].replace("1.95", "zero").replace("2.1", "zero").replace("1.8", "zero")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert "zero" in lines[10]
    report = ingest_tables(context, [path], mapping)
    assert report.rows_read == 19
    assert quotes(report)[0] == 17
    with database.connect() as conn:
        waiting = conn.execute("SELECT line, code, raw FROM quarantine ORDER BY line").fetchall()
    assert waiting == [(5, "ragged-row", "2019,too short"), (11, "impossible-odds", lines[10])]


@pytest.mark.parametrize("stored_before", [False, True])
def test_rows_that_repeat_each_other_are_one_and_contradictions_none(
    context: Context, database: Database, tmp_path: Path, mapping: Path, stored_before: bool
) -> None:
    rows = price_rows()
    if stored_before:
        ingest_tables(context, [write_csv(tmp_path / "before.csv", rows[6:])], mapping)
    contrary = (*rows[1][:9], "2.15", *rows[1][10:])
    path = write_csv(tmp_path / "x.csv", [*rows, rows[0], contrary])
    report = ingest_tables(context, [path], mapping)
    assert quotes(report) == ((5, 0, 13) if stored_before else (17, 0, 1))
    with database.connect() as conn:
        waiting = conn.execute("SELECT line, code FROM quarantine").fetchall()
    assert waiting == [(3, "contradicting-duplicate")]
    assert len(stored(database)) == 17


def test_of_many_bad_rows_the_first_are_kept_and_the_rest_is_counted(
    context: Context, database: Database, tmp_path: Path, mapping: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_refusals, "KEPT_REJECTED", 3)
    rows = price_rows()
    bad = [(*row[:9], "0", *row[10:]) for row in rows[:10]]
    report = ingest_tables(context, [write_csv(tmp_path / "x.csv", [*bad, *rows[10:]])], mapping)
    assert quotes(report)[0] == 8
    with database.connect() as conn:
        told = conn.execute("SELECT line, reason FROM quarantine ORDER BY line").fetchall()
    assert told == [(0, "7 more rows were rejected for this reason.")] + [
        (line, "price is '0': expected decimal odds") for line in (2, 3, 4)
    ]


def test_a_side_may_be_told_by_the_teams_name_and_odds_be_american(
    context: Context, database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(
        "league: nba\nrows: quotes\nkickoff: {column: start, timezone: UTC}\nhome: home\naway: away\n"
        "bookmaker: {value: acme}\noutcome: pick\nodds: {column: price, format: american}\n"
        "closing: {value: true}\n",
        encoding="utf-8",
    )
    header = ("start", "home", "away", "pick", "price")
    both = ("2019-12-26 01:00:00", "Boston Celtics", "Toronto Raptors")
    rows = [(*both, "Boston Celtics", "-150"), (*both, "Toronto Raptors", "+130")]
    report = ingest_tables(context, [write_csv(tmp_path / "x.csv", rows, header)], path)
    assert quotes(report) == (2, 0, 0)
    with database.connect() as conn:
        asked = (
            "SELECT match_date::text, m.season, outcome, round(decimal_odds::numeric, 4)::float FROM quotes"
        )
        found = conn.execute(f"{asked} JOIN matches m ON m.id = match_id ORDER BY 3".encode()).fetchall()
    assert found == [("2019-12-25", 2019, "away", 2.3), ("2019-12-25", 2019, "home", 1.6667)]


MATCHES = """\
league: epl
rows: matches
date: {column: Date, format: "%d/%m/%Y"}
time: Time
home: Home
away: Away
home_score: HG
away_score: AG
stats: {shots: [HS, AS]}
forecasts: [{publisher: {value: guru}, probabilities: [PH, PD, PA]}]
quotes: [{bookmaker: {value: acme}, odds: {home: H, draw: D, away: A}, closing: {value: true}}]
"""


def test_a_match_a_row_with_all_that_stands_beside_it(
    context: Context, database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(MATCHES, encoding="utf-8")
    header = ("Date", "Time", "Home", "Away", "HG", "AG", "HS", "AS", "PH", "PD", "PA", "H", "D", "A")
    played = "26/12/2019 15:00 Arsenal Chelsea 2 1 9 7 0.5 0.3 0.2 2.0 3.4 4.1"
    rows = [
        tuple(played.split()),
        ("27/12/2019", "", "Leeds", "Fulham", "", "", "", "", "0.9", "0.3", "0.2", "2.0", "0.9", ""),
    ]
    report = ingest_tables(context, [write_csv(tmp_path / "x.csv", rows, header)], path)
    assert report.matches.inserted == 2
    assert (report.quotes.inserted, report.stats.inserted, report.forecasts.inserted) == (
        4,
        2,
        1,
    )
    assert sorted(row.code for row in report.reasons) == ["bad-forecast", "impossible-odds"]
    with database.connect() as conn:
        asked = "SELECT kickoff_utc::text, precision, season, status, known_at::text FROM matches ORDER BY 1"
        assert conn.execute(asked).fetchall() == [
            ("2019-12-26 15:00:00+00", "minute", 2019, "final", "2019-12-26 17:00:00+00"),
            ("2019-12-27 00:00:00+00", "day", 2019, "scheduled", None),
        ]
    again = ingest_tables(context, [tmp_path / "x.csv"], path)
    assert [getattr(again, name).unchanged for name in ("matches", "quotes", "stats", "forecasts")] == [
        2,
        4,
        2,
        1,
    ]


def test_one_bad_file_leaves_the_others_stored(
    context: Context, database: Database, tmp_path: Path, mapping: Path
) -> None:
    good = write_csv(tmp_path / "good.csv", price_rows())
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and nothing")
    with pytest.raises(InputRefused, match="1 of 2 files were refused"):
        ingest_tables(context, [broken, good], mapping)
    assert len(stored(database)) == 18


def test_a_dry_run_takes_everything_back(
    context: Context, database: Database, tmp_path: Path, mapping: Path
) -> None:
    paths = [write_csv(tmp_path / name, price_rows()) for name in ("x.csv", "y.csv")]
    assert quotes(ingest_tables(context, paths, mapping, dry_run=True)) == (18, 0, 18)
    assert stored(database) == []
    with database.connect() as conn:
        assert conn.execute("SELECT count(*) FROM pg_inherits").fetchone() == (0,)


def test_the_database_failing_late_leaves_nothing(
    context: Context, database: Database, tmp_path: Path, mapping: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write_prices, "drop_repeats", fail)
    rows = price_rows()
    with pytest.raises(KeyboardInterrupt):
        ingest_tables(context, [write_csv(tmp_path / "x.csv", [*rows, rows[0]])], mapping)
    assert stored(database) == []
    with database.connect() as conn:
        assert conn.execute("SELECT count(*) FROM matches").fetchone() == (0,)
        assert conn.execute("SELECT status FROM pipeline_runs").fetchall() == [("failed",)]


@pytest.mark.fault
@pytest.mark.parametrize("delay_s", [0.0, 0.3, 0.7, 1.2])
def test_a_killed_ingest_leaves_nothing_and_the_next_completes(
    context: Context, database: Database, tmp_path: Path, project_dir: Path, mapping: Path, delay_s: float
) -> None:
    rows = [(*row[:5], f"book {book}", *row[6:]) for book in range(6000) for row in price_rows()]
    path = write_csv(tmp_path / "x.csv", rows)
    process = subprocess.Popen(
        [PROGRAM, "ingest", "table", str(path), "--mapping", str(mapping), "--json"],
        cwd=project_dir,
        env=environment(
            DATABASE_URL=database.endpoint.url(reveal=True), SPORTSPLAT_INFRA__BACKEND="external"
        ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with database.connect(autocommit=True) as conn:
        assert wait_for(
            lambda: conn.execute("SELECT FROM pipeline_runs").rowcount or process.poll() is not None, 60
        )
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
        others = (
            "SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type ~ 'client' AND pid <> pg_backend_pid()"
        )
        assert wait_for(lambda: conn.execute(others.encode()).rowcount == 0, 60)
        counted = conn.execute("SELECT count(*) FROM quotes").fetchone()
        assert counted in ((0,), (len(rows),))
    report = ingest_tables(context, [path], mapping)
    assert sum(report.quotes) == len(rows)
    assert check(database.dsn, MIGRATIONS) == []
