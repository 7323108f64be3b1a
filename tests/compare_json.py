"""Compare the JSON of two versions: `python -m tests.compare_json OLD NEW PROJECT LEAGUE…`.

OLD and NEW are two `sportsplat` programs. What the new one adds is allowed; what it drops or changes is
printed, and the exit code is 1. Values that change from run to run (durations, moments, numbers of runs) are
left out. Everything runs in the project's own database; nothing is deleted.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VOLATILE = re.compile(
    r"duration_ms|seconds|run_id|run|runs|model_id|id|pid|uptime|age.*|.*_at|moment|version|code|stored|file"
)
OF_A_PROJECT = (
    "status",
    "url",
    "doctor",
    "config show",
    "config check",
    "config explain infra.port",
    "db current",
    "db plan",
    "db check",
    "db backups",
    "sources",
    "leagues",
    "quarantine list --limit 20",
    "runs list",
    "models list",
    "config explain no.such.setting",
    "predict no-such-league",
    "ingest no-such-source x.csv",
    "runs show 999999",
    "no-such-command",
)
OF_A_LEAGUE = (
    "features {}",
    "train {} --model elo",
    "train {} --model base_rate",
    "models show {}",
    "predict {}",
    "backtest {} --model elo",
    "data quality {}",
    "data conflicts {}",
    "teams list {}",
    "audit leakage {} --samples 3",
    "backtest {} --from 1800-01-01 --to 1800-02-01",
    "train {} --until 1800-01-01",
)


def answer(program: str, words: list[str], project: Path) -> dict[str, Any]:
    done = subprocess.run(
        [program, *words, "--json"], cwd=project, capture_output=True, text=True, check=False
    )
    found: dict[str, Any] = {"exit_code": done.returncode, **json.loads(done.stdout)}
    return found


def differences(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """Yield what the new value lacks or has otherwise; additional keys are allowed."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            if key not in new:
                yield f"{where}.{key} is gone"
            elif not VOLATILE.fullmatch(key) or (key == "code" and where.endswith(".error")):
                yield from differences(value, new[key], f"{where}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, f"{where}[{index}]")
    elif old != new:
        yield f"{where}: {json.dumps(old)[:120]} became {json.dumps(new)[:120]}"


def main(old: str, new: str, project: Path, leagues: list[str]) -> int:
    lines = [*OF_A_PROJECT, *(line.format(league) for league in leagues for line in OF_A_LEAGUE)]
    changed = 0
    for line in lines:
        before = answer(old, line.split(), project)
        found = list(differences(before, answer(new, line.split(), project)))
        changed += bool(found)
        print(f"{'CHANGED' if found else 'same'}  {line}", *found, sep="\n        ")
    print(f"{len(lines)} commands, {changed} with other JSON")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4:]))
