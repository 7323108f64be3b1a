"""`sportsplat` in a fork of a process that has loaded it: the same program, without the time to load it."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import TimeoutExpired

LOADED = (
    "sportsplat.cli.main",
    "sportsplat.cli.commands.backtest",
    "sportsplat.cli.commands.environment",
    "sportsplat.cli.commands.ingest",
    "sportsplat.cli.commands.modelling",
    "sportsplat.jobs.modelling.backtest",
    "sportsplat.jobs.modelling.train",
    "sportsplat.jobs.ingest",
    "sportsplat.jobs.schema",
    "sportsplat.config.load",
    "sportsplat.db.connection",
    "alembic.command",
    "psycopg",
    "psycopg.types.json",
    "sqlalchemy.dialects.postgresql.psycopg",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy.special",
)
"""What most commands load."""
_OF_THE_INTERPRETER = ("PYTHON", "LC_", "LD_", "LANG", "TZ", "HOME")
"""Variables that Python and its libraries read once, when they start."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(LOADED))


def can_run(variables: Mapping[str, str]) -> bool:
    """Whether a fork behaves as a new process would with these variables of its own."""
    return not any(name.startswith(_OF_THE_INTERPRETER) for name in variables)


def run(
    command: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    outputs: tuple[Path, Path],
    timeout_s: float,
) -> int:
    """Run a command of ours, its output into two files; return its exit code as `subprocess` gives it."""
    process = _context.Process(target=_main, args=(list(command), str(folder), dict(variables), outputs))
    process.start()
    process.join(timeout_s)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutExpired(list(command), timeout_s)
    return process.exitcode


def _main(command: list[str], folder: str, variables: dict[str, str], outputs: tuple[Path, Path]) -> None:
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    for number, path in ((0, os.devnull), (1, outputs[0]), (2, outputs[1])):
        opened = os.open(path, os.O_RDWR)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = command
    tempfile.tempdir = None  # it was chosen by the variables of the process that loaded it
    from sportsplat.__main__ import main

    main()
