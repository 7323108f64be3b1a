"""The Python surface beside the command line, and what importing it costs."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import sportsplat
from sportsplat import errors
from sportsplat.cli.command import _FLAGS
from sportsplat.cli.main import build, registered

RENAMED = {"season": "seasons", "bookmaker": "bookmakers"}
OF_ONE_LEAGUE = {"predict": {"leagues": "league"}}
# What a method leaves to `sportsplat.open(settings=…)`, to Python, or to the command line.
NOT_IN_PYTHON = {
    "up": {"backend", "port", "timeout", "stack", "reload"},
    "down": {"stack", "yes"},
    "status": {"by_exit_code"},
    "ingest": {"suggest"},
    "data matches": {"limit"},
    "data quotes": {"limit"},
    "data predictions": {"limit"},
    "data bets": {"limit"},
    "data quality": {"strict"},
    "runs undo": {"yes"},
}
COMMANDS = {
    "up": "up",
    "down": "down",
    "status": "status",
    "ingest": "ingest",
    "data matches": "matches",
    "data quotes": "quotes",
    "data predictions": "predictions",
    "data bets": "bets",
    "data quality": "quality",
    "data conflicts": "conflicts",
    "sync": "sync",
    "runs undo": "undo",
    "audit leakage": "audit_leakage",
    "features": "features",
    "train": "train",
    "predict": "predict",
    "backtest": "backtest",
    "models list": "models",
    "models show": "model",
    "models compare": "compare",
    "models promote": "promote",
    "models rollback": "rollback",
}


def options(command: str) -> set[str]:
    """Return the parameters of a command, those of every command left out."""
    first, *rest = command.split()
    made: object = next(build(name, app) for name, _, app in registered() if name == first)
    for name in rest:
        made = made.commands[name]  # type: ignore[attr-defined]
    return {option.name for option in made.params} - {*_FLAGS, "help"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_method_has_the_options_of_its_command(command: str) -> None:
    method = getattr(sportsplat.Project, COMMANDS[command])
    parameters = set(inspect.signature(method).parameters) - {"self"}
    renamed = RENAMED | OF_ONE_LEAGUE.get(command, {})
    wanted = {renamed.get(name, name) for name in options(command) - NOT_IN_PYTHON.get(command, set())}
    assert parameters == wanted


def test_importing_the_package_loads_nothing_of_it() -> None:
    script = (
        "import sys, sportsplat\n"
        "print([name for name in sys.modules if name.startswith('sportsplat.')], sportsplat.__version__)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"[] {sportsplat.__version__}\n"
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = sportsplat.nothing_such


def test_a_project_has_the_settings_and_leagues_of_its_folder(tmp_path: Path, project_dir: Path) -> None:
    for folder, port in ((tmp_path, 5001), (project_dir, 5002)):
        (folder / "config").mkdir()
        (folder / "config" / "settings.yaml").write_text(f"infra:\n  port: {port}\n")
    with sportsplat.open(tmp_path) as project:
        assert project.settings.infra.port == 5001
        assert project.settings.state_dir == tmp_path / ".sportsplat"
    assert sportsplat.open(tmp_path, settings={"infra.port": 5003}).settings.infra.port == 5003


def test_what_cannot_be_used_is_refused_as_on_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageError, match="there is no folder"):
        sportsplat.open(tmp_path / "nowhere")
    with pytest.raises(errors.UsageError, match="exclude each other"):
        sportsplat.open(tmp_path).predict("epl", date="2024-08-16", days=3)
    with pytest.raises(errors.UsageError, match="is no day"):
        sportsplat.open(tmp_path).train("epl", until="August")
