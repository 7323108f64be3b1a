"""What a user waits for before anything happens: `--help` and `status`, beside bare Python and bare Typer."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import BenchRow, paired

HELP_GOAL_S, STATUS_GOAL_S = 0.13, 0.3

BARE_TYPER = """
import typer
app = typer.Typer()
@app.command()
def one(name: str = "x") -> None: "Say it."
@app.command()
def two(name: str = "x") -> None: "Say it again."
app()
"""


def rows() -> list[BenchRow]:
    """Time whole processes; the floor of both commands is a Typer program of two empty commands."""
    sportsplat = str(Path(sys.executable).with_name("sportsplat"))
    with tempfile.TemporaryDirectory(prefix="sportsplat-bench-") as folder:
        project = Path(folder)
        bare = project / "bare.py"
        bare.write_text(BARE_TYPER)

        def run(*command: str) -> None:
            process(command, project)

        python_s, _ = paired(lambda: run(sys.executable, "-c", "pass"), lambda: None)
        help_s, typer_s = paired(
            lambda: run(sportsplat, "--help"), lambda: run(sys.executable, str(bare), "--help")
        )
        run(sportsplat, "up")
        try:
            status_s, _ = paired(lambda: run(sportsplat, "status", "--json"), lambda: None)
            warm_s, _ = paired(lambda: run(sportsplat, "up", "--json"), lambda: None)
        finally:
            run(sportsplat, "down")
    note = f"bare interpreter {python_s * 1000:.0f} ms"
    return [
        BenchRow("sportsplat --help", help_s, typer_s, note=note, goal_s=HELP_GOAL_S),
        BenchRow(
            "sportsplat status --json", status_s, typer_s, note="running, embedded", goal_s=STATUS_GOAL_S
        ),
        BenchRow("sportsplat up --json (warm)", warm_s, typer_s, note="running, at head"),
    ]


def process(command: Sequence[str], project: Path) -> None:
    """Run a command to its end in the project's folder, on its own embedded database."""
    environment = {**os.environ, "SPORTSPLAT_INFRA__BACKEND": "embedded", "NO_COLOR": "1"}
    environment.pop("DATABASE_URL", None)
    subprocess.run(command, check=True, capture_output=True, cwd=project, env=environment)
