"""The program starts light, and the core reads no clock and no file. Import contracts: `lint-imports`."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import sportsplat
from tests.forked import LOADED

PACKAGE = Path(sportsplat.__file__).parent
CORE = ("backtest", "betting", "cleaning", "features", "models", "quality", "ratings")
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
# A stopwatch (perf_counter) may run in the core: it measures work and never enters a result.
OUTSIDE_CALLS = {"now", "today", "utcnow", "open", "read_text", "write_text", "read_csv", "to_csv", "connect"}


def outside_calls(source: str) -> list[str]:
    """Return line and name of each call that reads a clock or a file."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [(node.lineno, getattr(node.func, "attr", getattr(node.func, "id", ""))) for node in calls]
    return [f"line {line}: {name}()" for line, name in named if name in OUTSIDE_CALLS]


def test_the_core_reads_no_clock_and_no_file() -> None:
    modules = [path for part in CORE for path in sorted((PACKAGE / part).rglob("*.py"))]
    assert len(modules) > 40
    found = {path.relative_to(PACKAGE): outside_calls(path.read_text(encoding="utf-8")) for path in modules}
    assert {path: calls for path, calls in found.items() if calls} == {}


def test_a_clock_in_the_core_would_be_found() -> None:
    assert outside_calls("import datetime\nx = datetime.datetime.now()\n") == ["line 2: now()"]


def test_help_of_every_command_imports_nothing_heavy() -> None:
    """In a fresh interpreter: what another test imported must not hide anything."""
    script = (
        "import sys, json\n"
        "from sportsplat.cli.main import app, registered\n"
        "heavy = {}\n"
        "for name in [None, *(name for name, _, _ in registered())]:\n"
        "    app([name, '--help'] if name else ['--help'], standalone_mode=False)\n"
        f"    heavy[name or ''] = sorted(set({HEAVY!r}) & set(sys.modules))\n"
        "print(json.dumps(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = json.loads(done.stdout.splitlines()[-1])
    assert len(heavy) > 20
    assert {name: modules for name, modules in heavy.items() if modules} == {}
    assert done.stdout.count("Usage: sportsplat") == len(heavy)


def test_root_help_does_not_even_load_the_settings() -> None:
    script = (
        "import sys\n"
        "from sportsplat.cli.main import app\n"
        "app(['--help'], standalone_mode=False)\n"
        "sys.exit(bool({'pydantic', 'pydantic_settings', 'yaml'} & set(sys.modules)))\n"
    )
    subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)


def test_every_package_says_what_it_imports_and_who_imports_it() -> None:
    packages = [init for init in PACKAGE.rglob("__init__.py") if init.parent != PACKAGE]
    silent = [
        str(init.parent.relative_to(PACKAGE))
        for init in packages
        if not re.search(r"\bimports?\b|\bloads\b", ast.get_docstring(ast.parse(init.read_text())) or "")
    ]
    assert packages
    assert silent == []


def test_what_the_tests_load_beforehand_exists() -> None:
    """A fork server says nothing of a module that it cannot load; runs would only be slow again."""
    assert [name for name in LOADED if find_spec(name) is None] == []
