"""Facts into PostgreSQL and out again, beside binary COPY, which is the least that such work costs.

Written: our records (tuples of Python values) through staging and upsert, beside COPY of NumPy records made
ready beforehand into the same empty table with the same keys. Read: frames, beside the bytes of a binary COPY
that nobody decodes. Repeated: a whole `sportsplat ingest` that finds everything unchanged, beside the first
one.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from benchmarks.common import BenchRow, paired, timed
from sportsplat.config.load import load_settings
from sportsplat.config.settings import Settings
from sportsplat.db.binary import PgType, encode
from sportsplat.db.read.frames import matches_frame, quotes_frame
from sportsplat.db.write.import_run import ImportRun
from sportsplat.db.write.matches import write_matches
from sportsplat.db.write.staging import tune
from sportsplat.db.write.teams import add_teams, ensure_league
from sportsplat.domain import MatchRecord, MatchStatus, Precision
from sportsplat.jobs.context import Context, open_context
from sportsplat.jobs.environment import down, up
from sportsplat.sources.reading.csv import collector_paused

Connection = psycopg.Connection[Any]
WRITE_GOAL, AGAIN_GOAL, READ_GOAL = 1.3, 0.6, 1.5
MATCHES = 63_157
TEAMS = 53
FIRST_DAY = date(1946, 11, 1)
SEASON_FILES = "football-data.co.uk/mmz4281/*/*.csv"
UNUSED = 20_000  # bytes that each line of a wide file has in columns that nothing reads
PROGRAM = """
import re, sys
from pathlib import Path
from sportsplat.config.load import load_settings
from sportsplat.jobs.context import open_context
from sportsplat.jobs.ingest.ingest import ingest
project, folder = map(Path, sys.argv[1:])
settings = load_settings(project_dir=project, overrides={"infra.backend": "embedded"}, environ={})
ingest(open_context(settings), "football-data", [folder])
# Not ru_maxrss: a program inherits that of the one which started it.
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""
EPL = ("football-data", "football-data.co.uk/mmz4281/*/E0.csv", "E0, 29 seasons")
NBA = ("fivethirtyeight-nba", "fivethirtyeight/nba-elo/nbaallelo.csv.gz", "nbaallelo")


def rows() -> list[BenchRow]:
    """Time writing, reading and repeating on a server of its own."""
    with project() as settings:
        context = open_context(settings)
        with context.connect("owner", autocommit=True) as conn:
            measured = [writing(conn, context), reading(conn)]
        real = os.environ.get("SPORTSPLAT_REAL_DATA")
        if real:
            measured += [repeating(settings, context, Path(real), *files) for files in (NBA, EPL)]
            measured.append(memory(settings, context, Path(real)))
            with context.connect("owner", autocommit=True) as conn:
                measured.append(reading_quotes(conn))
    return measured


@contextmanager
def project() -> Iterator[Settings]:
    """A project with a database of its own, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="sportsplat-bench-") as folder:
        overrides = {"infra.backend": "embedded"}
        settings = load_settings(project_dir=Path(folder), overrides=overrides, environ={})
        try:
            up(settings)
            yield settings
        finally:
            down(settings, volumes=True)


def writing(conn: Connection, context: Context) -> BenchRow:
    """Time `write_matches` of new matches beside COPY into the same empty table."""
    ensure_league(conn, context.leagues["nba"])
    records = made_up_matches()
    names = {name for record in records for name in (record.home, record.away)}
    teams = add_teams(conn, "nba", names, "bench")
    run = conn.execute("INSERT INTO pipeline_runs (kind) VALUES ('ingest') RETURNING id").fetchone()
    run_id = run[0] if run else 0

    def ours() -> None:
        conn.execute("TRUNCATE matches CASCADE")
        with collector_paused(), conn.transaction():  # both as the job does
            tune(conn)
            importing = ImportRun(conn, "nba", "bench", run_id)
            tally = write_matches(importing, records, teams, ids_wanted=False).tally
        assert tally.inserted == len(records)

    copy, stream = as_copy(records, teams, run_id)

    def floor() -> None:
        conn.execute("TRUNCATE matches CASCADE")
        with conn.cursor() as cursor, cursor.copy(copy) as sink:
            sink.write(stream())

    ours_s, floor_s = paired(ours, floor)
    name = f"bulk write, {len(records):,} matches"
    return BenchRow(name, ours_s, floor_s, WRITE_GOAL, "records to rows, beside COPY from NumPy")


def made_up_matches() -> list[MatchRecord]:
    """As many matches as the NBA has played, each pair once a day, with results."""
    rng = np.random.default_rng(7)
    records = []
    for i in range(MATCHES):
        day = FIRST_DAY + timedelta(days=i // 3)
        start = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
        home, away = ((i % 3) * 17 + place for place in rng.permutation(17)[:2].tolist())
        score = rng.integers(70, 140, 2).tolist()
        records.append(
            MatchRecord(
                season=day.year,
                match_date=day,
                kickoff_utc=start,
                precision=Precision.DAY,
                home=f"Team {home}",
                away=f"Team {away}",
                status=MatchStatus.FINAL,
                home_score=score[0],
                away_score=score[1],
                known_at=start + timedelta(days=1),
            )
        )
    return records


def as_copy(
    records: Sequence[MatchRecord], teams: dict[str, int], run_id: int
) -> tuple[str, Callable[[], bytes]]:
    """Return a COPY statement and what makes its bytes of NumPy records; texts are of one width each."""
    n = len(records)
    ours = {
        "season": (PgType.INT4, np.array([r.season for r in records])),
        "match_date": (PgType.DATE, np.array([r.match_date for r in records], "datetime64[D]")),
        "kickoff_utc": (PgType.TIMESTAMPTZ, moments([r.kickoff_utc for r in records])),
        "home_id": (PgType.INT8, np.array([teams[r.home] for r in records])),
        "away_id": (PgType.INT8, np.array([teams[r.away] for r in records])),
        "number": (PgType.INT2, np.ones(n, np.int64)),
        "neutral": (PgType.BOOL, np.zeros(n, np.bool_)),
        "home_score": (PgType.INT4, np.array([r.home_score for r in records])),
        "away_score": (PgType.INT4, np.array([r.away_score for r in records])),
        "known_at": (PgType.TIMESTAMPTZ, moments([r.known_at for r in records if r.known_at])),
        "run_id": (PgType.INT8, np.full(n, run_id)),
    }
    texts = {
        "league": b"nba",
        "precision": b"day",
        "stage": b"regular",
        "status": b"final",
        "source": b"bench",
    }
    fixed = np.frombuffer(
        encode({k: v for k, (_, v) in ours.items()}, {k: t for k, (t, _) in ours.items()})[19:-2], np.uint8
    ).reshape(n, -1)
    tail = b"".join(len(text).to_bytes(4, "big") + text for text in texts.values())
    head = (len(ours) + len(texts)).to_bytes(2, "big")
    row = np.empty((n, fixed.shape[1] + len(tail)), np.uint8)
    row[:, :2] = np.frombuffer(head, np.uint8)
    row[:, 2 : fixed.shape[1]] = fixed[:, 2:]
    row[:, fixed.shape[1] :] = np.frombuffer(tail, np.uint8)
    columns = ", ".join((*ours, *texts))
    header = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
    return (
        f"COPY matches ({columns}) FROM STDIN (FORMAT binary)",
        lambda: header + row.tobytes() + b"\xff\xff",
    )


def moments(values: Sequence[datetime]) -> np.ndarray[Any, Any]:
    """Return aware datetimes as datetime64 in UTC."""
    return np.array([value.replace(tzinfo=None) for value in values], "datetime64[us]")


def reading(conn: Connection) -> BenchRow:
    """Time `matches_frame` beside a COPY of the same columns whose bytes nobody decodes."""
    columns = (
        "id, season, match_date, kickoff_utc, precision, home_id, away_id, number, neutral, stage, status, "
        "home_score, away_score, known_at"
    )
    floor = raw_copy(conn, f"SELECT {columns} FROM matches WHERE league = 'nba'")
    ours_s, floor_s = paired(lambda: matches_frame(conn, "nba"), floor)
    return BenchRow(f"read to frame, {MATCHES:,} matches", ours_s, floor_s, READ_GOAL, "beside raw COPY out")


def reading_quotes(conn: Connection) -> BenchRow:
    """Time `quotes_frame` of the Premier League beside a COPY of the same columns."""
    query = (
        "SELECT match_id, bookmaker, outcome, line, decimal_odds, is_closing, quoted_at, q.known_at "
        "FROM quotes q JOIN matches m ON m.id = q.match_id WHERE m.league = 'epl' AND q.market = 'result'"
    )
    number = len(quotes_frame(conn, "epl"))
    ours_s, floor_s = paired(lambda: quotes_frame(conn, "epl"), raw_copy(conn, query), 3)
    return BenchRow(f"read to frame, {number:,} quotes", ours_s, floor_s, READ_GOAL, "beside raw COPY out")


def raw_copy(conn: Connection, query: str) -> Callable[[], bytes]:
    """Return a call that fetches the bytes of a binary COPY."""

    def fetch() -> bytes:
        with conn.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy:
            return b"".join(copy)

    return fetch


def repeating(
    settings: Settings, context: Context, real: Path, source: str, pattern: str, name: str, repeats: int = 3
) -> BenchRow:
    """Time a whole command that finds everything unchanged beside the one that stored it."""
    files = sorted(str(path) for path in real.glob(pattern))
    command = [
        str(Path(sys.executable).with_name("sportsplat")),
        "ingest",
        source,
        *files,
        "--json",
        "--quiet",
    ]

    def run() -> None:
        subprocess.run(command, cwd=settings.project_dir, check=True, capture_output=True)

    first, again = [], []
    for _ in range(repeats):
        with context.connect("owner", autocommit=True) as conn:
            conn.execute("TRUNCATE leagues, pipeline_runs CASCADE")
        first.append(timed(run))
        again.append(timed(run))
    note = "whole command, beside the first import"
    return BenchRow(
        f"unchanged re-import, {name}", statistics.median(again), statistics.median(first), AGAIN_GOAL, note
    )


def memory(settings: Settings, context: Context, real: Path) -> BenchRow:
    """Compare the peak memory of processes that ingest folders of few and of many wide season files."""
    files = sorted(real.glob(SEASON_FILES))
    peaks = []
    for number in (5, 40):
        with context.connect("owner", autocommit=True) as conn:
            conn.execute("TRUNCATE leagues, pipeline_runs CASCADE")
        with tempfile.TemporaryDirectory(prefix="sportsplat-bench-") as folder:
            written = sum(write_wide(file, Path(folder)) for file in files[:number])
            command = [sys.executable, "-c", PROGRAM, str(settings.project_dir), folder]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks.append(f"{int(done.stdout) / 1024:.0f} MB: {number} files, {written / 1e6:.0f} MB")
    return BenchRow("ingest of a folder, memory of the process", None, note=", ".join(peaks))


def write_wide(file: Path, folder: Path) -> int:
    """Copy a season file with many unused columns; return its size."""
    columns = UNUSED // 100
    names = b"".join(b",Unused%d" % number for number in range(columns))
    header, *lines = (line.rstrip(b"\r") for line in file.read_bytes().rstrip().split(b"\n"))
    cells = (b"," + b"x" * 99) * columns
    target = folder / file.parent.name / file.name
    target.parent.mkdir(exist_ok=True)
    return target.write_bytes(b"\n".join([header + names, *(line + cells for line in lines)]) + b"\n")
