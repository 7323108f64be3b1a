"""The built wheel in an empty virtual environment, used from an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.e2e.test_python_page import code_of_the_page

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it as a front end without isolation does: hatchling of this environment, no network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a new environment that holds the wheel; its dependencies are lent by this one."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False, symlinks=True)
    packages = next(home.glob("lib/python*/site-packages"))
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(home / "bin" / "python"),
        "--disable-pip-version-check",
    ]
    installed = [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(installed, check=True, capture_output=True)
    return home / "bin"


def run(programs: Path, folder: Path, *words: str) -> str:
    """Run a program of the new environment with nothing of the developer's around it."""
    keep = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "TMPDIR"}}
    done = subprocess.run(
        [str(programs / words[0]), *words[1:]],
        cwd=folder,
        env=keep | {"HOME": str(folder)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_the_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in ("cli/main.py", "py.typed", "_assets/config/settings.yaml", "_assets/config/.env.example"):
        assert f"sportsplat/{name}" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"sportsplat"}
    assert not [name for name in names if "__pycache__" in name or name.endswith("/.env") or "tests/" in name]


@pytest.mark.parametrize("folder", ["migrations", "config", "compose"])
def test_the_wheel_ships_every_file_of_the_top_level_folders(wheel: Path, folder: str) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    here = [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert here
    missing = [
        path for path in here if f"sportsplat/_assets/{path.relative_to(ROOT).as_posix()}" not in names
    ]
    assert not missing


def test_an_empty_folder_becomes_a_project(programs: Path, tmp_path: Path) -> None:
    init = json.loads(run(programs, tmp_path, "sportsplat", "config", "init", "--json"))
    assert set(init["data"]["written"]) >= {"config/settings.yaml", "config/leagues.yaml", ".env"}
    shown = json.loads(run(programs, tmp_path, "sportsplat", "config", "show", "--json"))["data"]
    assert shown["project_dir"] == str(tmp_path)
    assert shown["settings"]["risk.kelly_fraction"]["value"] == 0.25
    assert shown["settings"]["risk.kelly_fraction"]["origin"].startswith("config/settings.yaml:")
    assert run(programs, tmp_path, "sportsplat", "config", "check").startswith("Settings are valid")


def test_the_assets_are_found_inside_the_installed_package(programs: Path, tmp_path: Path) -> None:
    script = (
        "import json, sportsplat\n"
        "from sportsplat.paths import asset_dir\n"
        "from sportsplat.leagues.league import load_leagues\n"
        "folders = {name: str(asset_dir(name)) for name in ('migrations', 'config', 'compose')}\n"
        "print(json.dumps([sportsplat.__file__, folders, list(load_leagues())]))\n"
    )
    package, folders, leagues = json.loads(run(programs, tmp_path, "python", "-c", script))
    assert Path(package).is_relative_to(programs.parent)
    for name, folder in folders.items():
        assert Path(folder) == Path(package).parent / "_assets" / name
        assert any(Path(folder).iterdir())
    assert "epl" in leagues


def test_the_code_of_the_page_about_python_runs_from_the_wheel_alone(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text(code_of_the_page() + "\nprint(sportsplat.__file__)\n")
    try:
        *_, home = run(programs, tmp_path, "python", "page.py").splitlines()
    finally:
        run(programs, tmp_path, "sportsplat", "down", "--volumes", "--yes")
    assert Path(home).is_relative_to(programs.parent)
