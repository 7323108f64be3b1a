"""`doctor` as people and scripts use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor import rows_of, states
from tests.program import run


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose embedded server runs; each test leaves it so."""
    folder = tmp_path_factory.mktemp("doctor")
    try:
        assert run(folder, "up").exit_code == 0
        yield folder
    finally:
        run(folder, "down", "--volumes", "--yes")


def test_the_table_goes_to_stdout_and_the_refusal_to_stderr(running: Path) -> None:
    well = run(running, "doctor")
    (running / ".env").chmod(0o604)
    try:
        ill = run(running, "doctor")
    finally:
        (running / ".env").chmod(0o600)

    assert (well.exit_code, well.stderr) == (0, "")
    assert ill.exit_code == 10
    assert "fix: chmod 600 .env" in ill.stdout
    assert ill.stderr.startswith("error[UNHEALTHY]: 1 of 23 checks failed: env_file")
    assert "\x1b" not in ill.stdout
    # A long path goes on in a line of its own, which begins with blanks.
    rows = [line.split()[0] for line in well.stdout.splitlines()[1:] if not line.startswith(" ")]
    assert rows[:3] == ["python", "system", "packages"]


def test_scripts_get_every_row_whether_it_went_well_or_not(running: Path) -> None:
    well = run(running, "doctor", "--json")
    (running / ".env").chmod(0o604)
    try:
        ill = run(running, "doctor", "--json")
    finally:
        (running / ".env").chmod(0o600)

    assert well.data["healthy"] is True
    assert well.data["counts"]["fail"] == 0
    assert sum(well.data["counts"].values()) == len(well.data["checks"])
    assert (ill.exit_code, ill.error["code"], ill.error["retryable"]) == (10, "UNHEALTHY", False)
    assert ill.error["fix"] == "chmod 600 .env"
    assert list(rows_of(ill)) == list(rows_of(well))
    assert [name for name, state in states(rows_of(ill)).items() if state == "fail"] == ["env_file"]
