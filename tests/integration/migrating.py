"""Migrations run by processes of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from sportsplat.settings import asset_dir

MIGRATIONS = asset_dir("migrations")
PROGRAM = """
import sys
from pathlib import Path
from sportsplat.db.migrate import migrate
print(*migrate(sys.stdin.read(), Path(sys.argv[1])))
"""


def migrate_at_once(dsns: Sequence[str]) -> list[list[str]]:
    """Migrate each database in a process of its own, all at once; return what each applied."""
    processes = []
    for dsn in dsns:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(MIGRATIONS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(dsn)
        process.stdin.flush()
        processes.append(process)
    answers = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(dsns)
    return [answer.split() for answer in answers]
