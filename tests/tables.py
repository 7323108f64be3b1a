"""Small tables of prices in every format, and the mapping that reads them."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

HEADER = (
    "season",
    "day",
    "start",
    "home",
    "away",
    "book",
    "kind",
    "pick",
    "points",
    "price",
    "closed",
    "taken",
)
MAPPING = """\
league: sim
rows: quotes
date: day
kickoff: start
home: home
away: away
season: season
bookmaker: book
market: {column: kind, values: {h2h: result, totals: total}}
outcome: pick
line: points
odds: price
closing: closed
quoted_at: {column: taken, timezone: UTC}
"""
OF_A_MATCH = (
    ("acme", "h2h", "home", "", "1.8", "false", "{day}T08:00:00"),
    ("acme", "h2h", "away", "", "2.1", "false", "{day}T08:00:00"),
    ("acme", "h2h", "home", "", "1.75", "true", ""),
    ("acme", "h2h", "away", "", "2.2", "true", ""),
    ("best", "totals", "over", "5.5", "1.9", "false", ""),
    ("best", "totals", "under", "5.5", "1.95", "false", ""),
)
DAYS = ("2019-10-01", "2019-10-02", "2020-10-05")
TEAMS = (("Ants", "Bees"), ("Cats", "Dogs"), ("Ants", "Dogs"))
Row = tuple[str, ...]


def price_rows() -> list[Row]:
    """Three matches in two seasons, six prices each."""
    return [
        (day[:4], day, f"{day}T19:30:00", home, away, *(cell.format(day=day) for cell in offer))
        for day, (home, away) in zip(DAYS, TEAMS, strict=True)
        for offer in OF_A_MATCH
    ]


def csv_of(rows: Sequence[Row], header: Row = HEADER) -> str:
    """Return rows as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()


def write_csv(path: Path, rows: Sequence[Row], header: Row = HEADER) -> Path:
    """Write rows as CSV, packed where the name ends in .gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = csv_of(rows, header).encode()
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path


def write_typed(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows as Parquet or Excel, numbers, flags and moments as such."""
    frame = pd.DataFrame(rows, columns=pd.Index(HEADER)).replace("", None)
    for name in ("season", "points", "price"):
        frame[name] = pd.to_numeric(frame[name])
    for name in ("start", "taken"):
        frame[name] = pd.to_datetime(frame[name])
    frame["day"] = pd.to_datetime(frame["day"]).dt.date
    frame["closed"] = frame["closed"] == "true"
    return write_typed_table(path, frame)


def write_typed_table(path: Path, frame: pd.DataFrame) -> Path:
    """Write a frame as Parquet or Excel."""
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_excel(path, index=False)
    return path
