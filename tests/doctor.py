"""Running `doctor` in tests: its rows, as this user or as one without rights."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from sportsplat.jobs.doctor import examine
from tests.program import PROGRAM, Ran, environment, run

# A user without rights, who may still read the interpreter wherever it lies.
_AS_NOBODY = [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
    "--bounding-set=-all,+dac_read_search",
    "--securebits=+no_setuid_fixup",
    "--",
]

Rows = dict[str, dict[str, Any]]


def rows() -> Rows:
    """Look at the project in the current folder."""
    examined = examine().to_dict()
    found = {row["name"]: row for row in examined["checks"]}
    assert examined["healthy"] == all(row["state"] != "fail" for row in found.values())
    assert all(row["fix"] for row in found.values() if row["state"] in ("warn", "fail"))
    return found


def rows_of(done: subprocess.CompletedProcess[str] | Ran) -> Rows:
    """Return the rows that a command printed as JSON."""
    envelope = json.loads(done.stdout)
    checks = envelope["data"]["checks"] if envelope["ok"] else envelope["error"]["details"]["checks"]
    return {row["name"]: row for row in checks}


def states(found: Rows) -> dict[str, str]:
    return {name: row["state"] for name, row in found.items()}


def doctor_with(project: Path, **variables: str) -> Rows:
    """Return the rows of the program, run with these variables."""
    return rows_of(run(project, "doctor", "--json", timeout_s=60, **variables))


def doctor_as_nobody(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `doctor --json` as a user without rights, who may pass the folders on the way."""
    for folder in (project, *project.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    return subprocess.run(
        [*_AS_NOBODY, PROGRAM, "doctor", "--json"],
        cwd=project,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def take_fix(row: dict[str, Any]) -> None:
    """Do what a row asks for, as its reader would: paste it into a shell."""
    subprocess.run(["bash", "-c", row["fix"]], check=True)
