"""Migrations run by processes of their own, and versions of the program with a migration more."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sportsplat.db.schema.revisions import head, revisions
from sportsplat.paths import asset_dir
from tests.conftest import ROOT
from tests.program import Ran, environment

MIGRATIONS = asset_dir("migrations")
PROGRAM = """
import sys
from pathlib import Path
from sportsplat.db.schema.migrate import migrate
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


def copied(folder: Path, until: str | None = None) -> Path:
    """Copy the migrations to `folder`, all of them or those up to the revision `until`."""
    made = Path(shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__")))
    chain = revisions(MIGRATIONS)
    for later in chain[chain.index(until) + 1 :] if until is not None else []:
        next((made / "versions").glob(f"{later}_*.py")).unlink()
    return made


def plant(migrations_dir: Path, sql: str, *, revision: str = "9000", destructive: bool = False) -> str:
    """Add a migration that runs `sql` after all others; return its revision."""
    text = f'''"""A planted one."""

from alembic import op

revision = "{revision}"
down_revision = "{head(migrations_dir)}"
{"destructive = True" if destructive else ""}


def upgrade() -> None:
    op.execute({sql!r})
'''
    (migrations_dir / "versions" / f"{revision}_planted.py").write_text(text, encoding="utf-8")
    return revision


@dataclass(frozen=True)
class Program:
    """A copy of the program and its files, into which a test may plant migrations: a version to come."""

    folder: Path

    @property
    def migrations(self) -> Path:
        """The folder of its migrations."""
        return self.folder / "migrations"

    def start(self, project: Path, *words: str, **variables: str) -> subprocess.Popen[str]:
        """Start `sportsplat WORDS` of this version in a project's folder."""
        return subprocess.Popen(
            [sys.executable, "-c", "from sportsplat.__main__ import main; main()", *words],
            cwd=project,
            env=environment(PYTHONPATH=str(self.folder / "src"), **variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, project: Path, *words: str, **variables: str) -> Ran:
        """Run `sportsplat WORDS` of this version to its end."""
        process = self.start(project, *words, **variables)
        out, err = process.communicate(timeout=120)
        return Ran(process.returncode, out, err)


def copied_program(folder: Path) -> Program:
    """Copy the program with everything that it ships."""
    for name in ("src", "migrations", "config", "compose"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return Program(folder)
