"""Completion in the shell: commands, options, leagues of the project, sources, without heavy modules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import PROGRAM, environment, run


def offered(folder: Path, line: str) -> list[str]:
    """Return what bash would offer for the last word of a line."""
    words = line.split(" ")
    done = run(
        folder,
        COMP_WORDS=line,
        COMP_CWORD=str(len(words) - 1),
        _SPORTSPLAT_COMPLETE="complete_bash",
    )
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("sportsplat sta", ["status"]),
        ("sportsplat db mi", ["migrate"]),
        ("sportsplat --json config ch", ["check"]),
        ("sportsplat --pro", ["--profile", "--project-dir"]),
        ("sportsplat status --exit", ["--exit-code"]),
        ("sportsplat ingest foot", ["football-data"]),
        ("sportsplat ingest espn --league nb", ["nba"]),
    ],
)
def test_names_are_completed(project_dir: Path, line: str, names: list[str]) -> None:
    assert offered(project_dir, line) == names


def test_leagues_and_profiles_are_those_of_the_project(project_dir: Path) -> None:
    config = project_dir / "config"
    config.mkdir()
    (config / "leagues.yaml").write_text("primera: {}\nprimera-b: {}\nother: {}\n")
    (config / "settings.dev.yaml").write_text("")
    (project_dir / "sub").mkdir()
    assert offered(project_dir / "sub", "sportsplat train prim") == ["primera", "primera-b"]
    assert offered(project_dir / "sub", "sportsplat --profile d") == ["dev"]
    elsewhere = project_dir.parent
    line = "sportsplat --project-dir project train oth"
    assert offered(elsewhere, line) == ["other"]


def test_a_file_that_cannot_be_read_offers_nothing(project_dir: Path) -> None:
    (project_dir / "config").mkdir()
    (project_dir / "config" / "leagues.yaml").write_bytes(b"\xff\xfe")
    assert offered(project_dir, "sportsplat train e") == []


def test_a_folder_that_was_deleted_offers_nothing(project_dir: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", 'rmdir "$PWD"; exec "$0"', PROGRAM],
        cwd=project_dir,
        env=environment(
            COMP_WORDS="sportsplat --profile d", COMP_CWORD="2", _SPORTSPLAT_COMPLETE="complete_bash"
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout + done.stderr).strip() == ""


def test_the_completion_is_installed_and_shown(project_dir: Path) -> None:
    off, home = "1", str(project_dir)
    shown = run(
        project_dir,
        "--show-completion",
        "bash",
        HOME=home,
        _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION=off,
    )
    assert "_SPORTSPLAT_COMPLETE=complete_bash" in shown.stdout
    installed = run(
        project_dir,
        "--install-completion",
        "bash",
        HOME=home,
        _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION=off,
    )
    assert installed.exit_code == 0
    assert "bash_completions" in (project_dir / ".bashrc").read_text()


def test_completing_loads_nothing_heavy(project_dir: Path) -> None:
    script = (
        "import sys, atexit\n"
        "heavy = {'yaml', 'pandas', 'numpy', 'sqlalchemy', 'psycopg', 'rich'}\n"
        "atexit.register(lambda: print('heavy', sorted(heavy & set(sys.modules)), file=sys.stderr))\n"
        "from sportsplat.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project_dir,
        env=environment(
            COMP_WORDS="sportsplat train ep", COMP_CWORD="2", _SPORTSPLAT_COMPLETE="complete_bash"
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["epl"]
    assert done.stderr == "heavy []\n"
