"""`ingest table` of a million prices beside COPY, the least that storing them costs.

Three floors, measured in the same run: (a) COPY of the file itself into a bare table of its columns, typed,
without keys; (b) COPY of what was stored, which is narrower and has the ids of the matches in it, into a bare
table; (c) COPY of that into a table with the key, foreign key and checks of `quotes`. All are committed.
Memory: the peak of a process that ingests a million prices, of one that ingests ten of ten times as many
matches, and of one that ingests ten of the same matches.

SPORTSPLAT_BENCH_QUOTES sets the number of prices; memory is measured at it and at ten times as many.
"""

from __future__ import annotations

import csv
import io
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from benchmarks.bench_database import project
from benchmarks.common import BenchRow, timed
from sportsplat.config.settings import Settings
from sportsplat.db.read.frames import quotes_frame
from sportsplat.jobs.context import Context, open_context
from sportsplat.jobs.ingest.table import ingest_tables

Connection = psycopg.Connection[Any]
QUOTES = int(os.environ.get("SPORTSPLAT_BENCH_QUOTES", "1000000"))
ROUNDS = 3
A_MATCH = 100
FILE_GOAL, KEYED_GOAL = 2.0, 2.0
TYPED = (
    "season smallint, day date, kickoff timestamptz, home text, away text, bookmaker text, market text,"
    " outcome text, line double precision, odds double precision, closing boolean, quoted_at timestamptz"
)
MARKETS = (
    *(("result", "home", ""), ("result", "away", ""), ("spread", "home", "-3.5")),
    *(("total", "over", "210.5"), ("total", "under", "210.5")),
)
BOOKSUM = 1.06
HEADER = (
    *("season", "day", "kickoff", "home", "away", "bookmaker", "market", "outcome", "line", "odds"),
    *("closing", "quoted_at"),
)
MAPPING = """\
league: sim
rows: quotes
date: day
kickoff: kickoff
home: home
away: away
season: season
bookmaker: bookmaker
market: market
outcome: outcome
line: line
odds: odds
closing: closing
quoted_at: quoted_at
"""
COLUMNS = "match_id, bookmaker, market, outcome, line, is_closing, decimal_odds, quoted_at, known_at, season"
PROGRAM = """
import re, sys
from pathlib import Path
from sportsplat.jobs.context import open_context
from sportsplat.jobs.ingest.table import ingest_tables
from sportsplat.config.load import load_settings
folder, file, mapping = map(Path, sys.argv[1:])
settings = load_settings(project_dir=folder, overrides={"infra.backend": "embedded"}, environ={})
ingest_tables(open_context(settings), [file], mapping)
# Not ru_maxrss: a program inherits that of the one which started it.
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def rows() -> list[BenchRow]:
    """Time a first ingest, one of new matches in a season that has quotes, a repeated one, and a query."""
    with project() as settings:
        folder = settings.project_dir
        (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
        table = write_table(folder / "prices.csv", QUOTES)
        later = write_table(folder / "later.csv", QUOTES, first_match=QUOTES // A_MATCH)
        context = open_context(settings)
        with context.connect("owner", autocommit=True) as conn:
            return [
                *first_time(conn, context, table),
                *second_file(conn, context, table, later),
                *asking(conn),
                *memory(conn, settings, table),
            ]


def write_table(path: Path, quotes: int, first_match: int = 0, a_match: int = A_MATCH) -> Path:
    """Write a table of prices, so many a match."""
    rng = np.random.default_rng(7)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for match in range(first_match, first_match + quotes // a_match):
            writer.writerows(priced(match, a_match, rng))
    return path


def priced(match: int, quotes: int, rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of one match: of each bookmaker five outcomes, each before the match and closing."""
    day = date(2018, 10, 1) + timedelta(days=match // 15 % 240)
    home, away = f"Team {match % 15 * 2}, {match // 3600}", f"Team {match % 15 * 2 + 1}, {match // 3600}"
    kickoff = f"{day}T19:30:00"
    for book in range(quotes // (2 * len(MARKETS))):
        odds = np.round(rng.uniform(1.3, 3.5, 2), 2).tolist()
        for market, outcome, line in MARKETS:
            for closing, price in enumerate(odds):
                told = round(1 / (BOOKSUM - 1 / price), 2) if outcome in ("away", "under") else price
                taken = "" if closing else f"{day}T0{book % 9}:00:00"
                offer = (f"bookmaker {book}", market, outcome, line, told, bool(closing), taken)
                yield (2018, day, kickoff, home, away, *offer)


def first_time(conn: Connection, context: Context, table: Path) -> list[BenchRow]:
    """Time a first ingest beside both floors, in turn."""
    mapping = table.with_name("mapping.yaml")

    def ours() -> float:
        clear(conn)
        return timed(lambda: stored(context, table, mapping))

    ours()
    data = stored_bytes(conn)
    conn.execute("CREATE TABLE known AS SELECT DISTINCT match_id AS id, season FROM quotes")
    conn.execute("ALTER TABLE known ADD UNIQUE (id, season)")
    rounds = [
        (
            ours(),
            timed(partial(copy_file, conn, table)),
            *(timed(partial(copy, conn, data, keyed=keyed)) for keyed in (False, True)),
        )
        for _ in range(ROUNDS)
    ]
    conn.execute("DROP TABLE floor, known")
    ours_s, file_s, bare_s, keyed_s = (statistics.median(times) for times in zip(*rounds, strict=True))
    name = f"ingest table, {QUOTES:,} quotes"
    speed = f"{QUOTES / ours_s:,.0f} rows/s"
    return [
        BenchRow(
            f"{name}: beside COPY of the file", ours_s, file_s, FILE_GOAL,
            f"{speed}; the floor, bare: {QUOTES / file_s:,.0f}",
        ),
        BenchRow(
            f"{name}: beside COPY of what is stored", ours_s, bare_s, None,
            f"{speed}; the floor, bare, knows the matches: {QUOTES / bare_s:,.0f}",
        ),
        BenchRow(
            f"{name}: beside COPY with keys", ours_s, keyed_s, KEYED_GOAL,
            f"{speed}; the floor has quotes' keys: {QUOTES / keyed_s:,.0f}",
        ),
    ]  # fmt: skip


def stored(context: Context, table: Path, mapping: Path) -> None:
    """Ingest the table; all of it is new."""
    report = ingest_tables(context, [table], mapping)
    assert report.quotes.inserted == QUOTES, report


def clear(conn: Connection) -> None:
    """Forget all matches, and the partitions with them."""
    conn.execute("TRUNCATE leagues, pipeline_runs CASCADE")
    found = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'quotes'::regclass"
    for (name,) in conn.execute(found).fetchall():
        conn.execute(f"DROP TABLE {name}".encode())


def stored_bytes(conn: Connection) -> bytes:
    """Return the CSV of what was stored, ready for the table."""
    found = io.BytesIO()
    with (
        conn.cursor() as cursor,
        cursor.copy(f"COPY (SELECT {COLUMNS} FROM quotes) TO STDOUT (FORMAT csv)") as out,
    ):
        for block in out:
            found.write(block)
    return found.getvalue()


def copy_file(conn: Connection, table: Path) -> None:
    """COPY a file as it is into a new table."""
    with conn.transaction(), conn.cursor() as cursor, table.open("rb") as file:
        conn.execute(f"DROP TABLE IF EXISTS floor; CREATE TABLE floor ({TYPED})".encode())
        with cursor.copy("COPY floor FROM STDIN (FORMAT csv, HEADER)") as into:
            while data := file.read(1 << 20):
                into.write(data)


def copy(conn: Connection, data: bytes, *, keyed: bool) -> None:
    """COPY bytes into a new table."""
    with conn.transaction(), conn.cursor() as cursor:
        conn.execute("DROP TABLE IF EXISTS floor")
        if keyed:
            conn.execute("CREATE TABLE floor (LIKE quotes INCLUDING CONSTRAINTS)")
            conn.execute(
                "ALTER TABLE floor ADD UNIQUE NULLS NOT DISTINCT"
                " (match_id, bookmaker, market, outcome, line, is_closing, quoted_at, season),"
                " ADD FOREIGN KEY (match_id, season) REFERENCES known (id, season)"
            )
        else:
            conn.execute(f"CREATE TABLE floor AS SELECT {COLUMNS} FROM quotes WHERE false")
        with cursor.copy(f"COPY floor ({COLUMNS}) FROM STDIN (FORMAT csv)") as into:
            for start in range(0, len(data), 1 << 20):
                into.write(data[start : start + (1 << 20)])


def second_file(conn: Connection, context: Context, table: Path, later: Path) -> list[BenchRow]:
    """Time a repeated ingest beside the first, and one into a season that has quotes."""
    mapping = table.with_name("mapping.yaml")
    clear(conn)
    first = timed(lambda: ingest_tables(context, [table], mapping))
    again = timed(lambda: ingest_tables(context, [table], mapping))
    more = timed(lambda: ingest_tables(context, [later], mapping))
    return [
        BenchRow("ingest table again, all unchanged", again, first, None, "beside the first time"),
        BenchRow("ingest table into a season with quotes", more, first, None, "keys row by row"),
    ]


def asking(conn: Connection) -> list[BenchRow]:
    """Time a frame of one season's closing prices."""
    conn.execute("ANALYZE quotes")
    number = len(quotes_frame(conn, "sim", seasons=[2018], bookmakers=["bookmaker 1"]))
    took = timed(lambda: quotes_frame(conn, "sim", seasons=[2018], bookmakers=["bookmaker 1"]))
    return [BenchRow(f"one bookmaker's {number:,} of {2 * QUOTES:,} quotes", took, note="read to frame")]


def memory(conn: Connection, settings: Settings, table: Path) -> list[BenchRow]:
    """Compare the peak memory of processes that ingest the table, and tables ten times as long."""
    peaks = []
    for quotes, a_match in ((QUOTES, A_MATCH), (10 * QUOTES, 10 * A_MATCH), (10 * QUOTES, A_MATCH)):
        file = write_table(table.with_name("memory.csv"), quotes, a_match=a_match)
        clear(conn)
        peaks.append((peak_mb(settings, file), f"{quotes:,} quotes of {quotes // a_match:,} matches"))
        file.unlink()
    note = ", ".join(f"{peak:.0f} MB: {of}" for peak, of in peaks)
    return [BenchRow("ingest table, memory of the process", None, note=note)]


def peak_mb(settings: Settings, file: Path) -> float:
    """Return the peak resident memory of a process that ingests `file`."""
    command = [
        sys.executable,
        "-c",
        PROGRAM,
        str(settings.project_dir),
        str(file),
        str(file.with_name("mapping.yaml")),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024
