"""Run the benchmarks and print one table: ours, the floor, the ratio and the goal.

    python -m benchmarks                     everything
    python -m benchmarks features database   only these
    python -m benchmarks --json              for a program

Rows on real files need SPORTSPLAT_REAL_DATA, and those on Docker an engine with the image; without it they
are named as skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.common import BenchRow

TOPICS = ("features", "sources", "database", "command", "environment", "backup", "backtest", "table", "api")
BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


def main() -> int:
    """Measure the topics named on the command line, or all; 0 whatever the figures are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=", ".join(TOPICS))
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    chosen = parser.parse_args()
    unknown = set(chosen.topics) - set(TOPICS)
    if unknown:
        parser.error(f"no such topic: {', '.join(sorted(unknown))} (there are {', '.join(TOPICS)})")
    if "SPORTSPLAT_REAL_DATA" not in os.environ and BESIDE.is_dir():
        os.environ["SPORTSPLAT_REAL_DATA"] = str(BESIDE)

    results: dict[str, list[BenchRow]] = {}
    for topic in chosen.topics or TOPICS:
        print(f"measuring {topic} …", file=sys.stderr, flush=True)
        results[topic] = import_module(f"benchmarks.bench_{topic}").rows()
    if chosen.json:
        shown = {
            topic: [{**asdict(row), "ratio": row.ratio, "met": row.met} for row in rows]
            for topic, rows in results.items()
        }
        print(json.dumps(shown))
    else:
        show(results)
    return 0


def show(results: dict[str, list[BenchRow]]) -> None:
    """Print one table over all topics."""
    table = Table("what", "ours", "floor", "ours/floor", "goal", "met", "note", title="sportsplat benchmarks")
    for rows in results.values():
        for row in rows:
            table.add_row(
                row.name,
                seconds(row.ours_s),
                seconds(row.floor_s),
                "" if row.ratio is None else f"{row.ratio:.2f}",
                goal(row),
                {True: "yes", False: "NO", None: ""}[row.met],
                row.note,
            )
        table.add_section()
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def seconds(value: float | None) -> str:
    """Show a duration in the unit that reads best."""
    if value is None:
        return ""
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def goal(row: BenchRow) -> str:
    """Show what was promised."""
    if row.goal_ratio is not None:
        return f"≤ {row.goal_ratio:g}×"
    return f"≤ {seconds(row.goal_s)}" if row.goal_s is not None else ""


if __name__ == "__main__":
    sys.exit(main())
