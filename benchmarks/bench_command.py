"""What a user waits for before anything happens, beside bare Typer and the bare interpreter, in turn.

`--help`, `status`, and `up` on the embedded database: cold with its template cached, and running.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from benchmarks.common import BenchRow, in_turn

BARE_TYPER = """
import typer
app = typer.Typer()
@app.command()
def one(name: str = "x") -> None: "Say it."
@app.command()
def two(name: str = "x") -> None: "Say it again."
app()
"""
SPORTSPLAT = str(Path(sys.executable).with_name("sportsplat"))


def rows() -> list[BenchRow]:
    """Time whole processes; the floor is a Typer program of two empty commands that prints its help."""
    with tempfile.TemporaryDirectory(prefix="sportsplat-bench-") as folder:
        bench = _Bench(Path(folder))
        try:
            return [
                bench.row("sportsplat --help", bench.sportsplat("--help"), 0.15, "root help"),
                bench.row("sportsplat up --json (cold)", bench.cold_up, 1.0, "template cached"),
                bench.row("sportsplat up --json (warm)", bench.sportsplat("up", "--json"), 0.5, "at head"),
                bench.row("sportsplat status --json", bench.sportsplat("status", "--json"), 0.3, "running"),
            ]
        finally:
            bench.stop()


class _Bench:
    """Projects below one folder, with a cache of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._cold: list[Path] = []
        self._project = folder / "project"
        self._project.mkdir()
        (folder / "bare.py").write_text(BARE_TYPER)
        self._run(self._project, "up")

    def sportsplat(self, *words: str) -> Callable[[], object]:
        """Return a run of sportsplat in the project that is up."""
        return lambda: self._run(self._project, *words)

    def row(self, name: str, work: Callable[[], object], goal_s: float, note: str) -> BenchRow:
        """Measure one command in turn with bare Typer and the bare interpreter."""
        typer = self._process(self._folder, sys.executable, "bare.py", "--help")
        python = self._process(self._folder, sys.executable, "-c", "pass")
        ours_s, typer_s, python_s = in_turn(work, typer, python, repeats=11)
        note = f"{note}; bare interpreter {python_s * 1000:.0f} ms"
        return BenchRow(name, ours_s, typer_s, note=note, goal_s=goal_s)

    def cold_up(self) -> None:
        """Bring up a project that was never up. What runs is stopped later: that is not what is measured."""
        project = self._folder / f"cold-{next(self._numbers)}"
        project.mkdir()
        self._cold.append(project)
        self._run(project, "up", "--json")

    def stop(self) -> None:
        """Stop every server; the folder goes with the benchmark."""
        for project in (self._project, *self._cold):
            self._run(project, "down")

    def _run(self, project: Path, *words: str) -> None:
        self._process(project, SPORTSPLAT, *words)()

    def _process(self, folder: Path, *command: str) -> Callable[[], object]:
        return lambda: process(command, folder, XDG_CACHE_HOME=str(self._folder / "cache"))


def process(command: Sequence[str], project: Path, **variables: str) -> None:
    """Run a command to its end in the project's folder, on its own embedded database.

    Modules are compiled once and kept, as in an installed package.
    """
    environment = {**os.environ, "SPORTSPLAT_INFRA__BACKEND": "embedded", "NO_COLOR": "1", **variables}
    for name in ("DATABASE_URL", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    subprocess.run(command, check=True, capture_output=True, cwd=project, env=environment)
