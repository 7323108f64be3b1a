"""The floors of docs/architecture.md: imports go down only, and the program starts light."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sportsplat
from sportsplat.cli.app import registered

PACKAGE = Path(sportsplat.__file__).parent
FLOORS = {
    "cli": 5,
    "api": 4,
    "jobs": 3,
    **dict.fromkeys(("infra", "db", "sources", "intelligence"), 2),
    **dict.fromkeys(("betting", "ratings", "features", "models", "backtest", "quality"), 1),
}
GROUND = 0
SHELL = {"infra", "db", "sources", "intelligence"}
CORE_ORDER = {"betting": 0, "ratings": 0, "quality": 0, "features": 1, "models": 2, "backtest": 3}
HEAVY = (
    "pandas",
    "numpy",
    "lightgbm",
    "sqlalchemy",
    "docker",
    "pyarrow",
    "fastapi",
    "alembic",
    "psycopg",
    "scipy",
)
NO_IO = (
    "psycopg",
    "sqlalchemy",
    "httpx",
    "requests",
    "socket",
    "subprocess",
    "urllib.request",
    "sqlite3",
    "os.",
)
# A stopwatch (perf_counter) may run in the core: it measures work and never enters a result.
OUTSIDE_CALLS = {"now", "today", "utcnow", "open", "read_text", "write_text", "read_csv", "to_csv", "connect"}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "_assets" not in path.parts)


def part_of(dotted: str) -> str:
    """`sportsplat.db.read` is part of `db`; `sportsplat.errors` of the ground, ''."""
    names = dotted.split(".")
    return names[1] if len(names) > 1 and names[1] in FLOORS else ""


def dotted_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Every import of a module, also inside functions, `from sportsplat import x` as `sportsplat.x`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            base = node.module or ""
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def complaint(importer: str, imported: str) -> str | None:
    """Say why `importer` may not import `imported`, both dotted names; None where it may."""
    above, below = part_of(importer), part_of(imported)
    if above == below:
        return None
    if importer == "sportsplat.__main__":
        return None  # stands above the command line
    if FLOORS.get(below, GROUND) > FLOORS.get(above, GROUND):
        return "is an upward arrow"
    if above in SHELL and below in SHELL:
        return "joins two parts of the shell, which only jobs may do"
    if above in CORE_ORDER and below in CORE_ORDER and CORE_ORDER[below] >= CORE_ORDER[above]:
        return "goes from left to right on the core floor"
    return None


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    importer = dotted_name(path)
    wrong = [
        f"{path.relative_to(PACKAGE)}:{line}: {importer} -> {imported} {why}"
        for line, imported in imports_of(path)
        if imported.startswith("sportsplat.") and (why := complaint(importer, imported))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("sportsplat.db.read", "sportsplat.jobs.context"),
        ("sportsplat.errors", "sportsplat.db.read"),
        ("sportsplat.settings", "sportsplat.features.build"),
        ("sportsplat.sources.base", "sportsplat.db.write"),
        ("sportsplat.infra.embedded", "sportsplat.db.engine"),
        ("sportsplat.features.build", "sportsplat.models.gbm"),
        ("sportsplat.models.gbm", "sportsplat.backtest.engine"),
        ("sportsplat.ratings.elo", "sportsplat.betting.odds"),
        ("sportsplat.jobs.ingest", "sportsplat.cli.render"),
        ("sportsplat.jobs.serving", "sportsplat.api.app"),
        ("sportsplat.features.asof", "sportsplat.db.read"),
    ],
)
def test_the_watchman_is_awake(importer: str, imported: str) -> None:
    assert complaint(importer, imported)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("sportsplat.cli.app", "sportsplat.jobs.ingest"),
        ("sportsplat.backtest.engine", "sportsplat.models.gbm"),
        ("sportsplat.models.gbm", "sportsplat.features.build"),
        ("sportsplat.db.read", "sportsplat.errors"),
        ("sportsplat.db.write", "sportsplat.features.build"),
    ],
)
def test_the_way_down_is_open(importer: str, imported: str) -> None:
    assert complaint(importer, imported) is None


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if part_of(dotted_name(path)) in CORE_ORDER],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_the_core_does_no_io_and_reads_no_clock(path: Path) -> None:
    wrong = [f"line {line}: {name}" for line, name in imports_of(path) if name.startswith(NO_IO)]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in OUTSIDE_CALLS:
                wrong.append(f"line {node.lineno}: calls {name}()")
    assert not wrong, f"{path.relative_to(PACKAGE)}: {wrong}"


@pytest.mark.parametrize(
    "words", [["--help"], *([name, "--help"] for name, _, _ in registered())], ids=" ".join
)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    """In a fresh interpreter: what another test imported must not hide anything."""
    script = (
        "import sys, json\n"
        "from sportsplat.cli.app import app\n"
        f"app({words!r}, standalone_mode=False)\n"
        f"print(json.dumps(sorted(set({HEAVY!r}) & set(sys.modules))))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []
    assert "Usage: sportsplat" in done.stdout


def test_root_help_does_not_even_load_the_settings() -> None:
    script = (
        "import sys\n"
        "from sportsplat.cli.app import app\n"
        "app(['--help'], standalone_mode=False)\n"
        "sys.exit(bool({'pydantic', 'pydantic_settings', 'yaml'} & set(sys.modules)))\n"
    )
    subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
