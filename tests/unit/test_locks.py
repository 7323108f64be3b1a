"""The locks agree with each other, with pyproject.toml, and with what the Dockerfile takes from them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(
    r"^([A-Za-z0-9._-]+)==([^\s;]+)(?: ; (.+?))? \\\n((?:    --hash=\S+(?: \\)?\n?)+)", re.MULTILINE
)


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "compose" / "Dockerfile").read_text()


def pins(name: str) -> dict[tuple[str, str], set[str]]:
    """Return the hashes of each name and version in a lock."""
    blocks = BLOCK.findall((ROOT / name).read_text())
    return {(found, pinned): set(re.findall(r"sha256:\w+", hashes)) for found, pinned, _, hashes in blocks}


def names_here(lock: str) -> set[str]:
    """Return the names of a lock that this platform installs."""
    lines = re.findall(r"^(\S+==[^\\\n]+)", (ROOT / lock).read_text(), re.MULTILINE)
    wanted = [Requirement(line) for line in lines]
    return {canonicalize_name(one.name) for one in wanted if one.marker is None or one.marker.evaluate()}


def closure(wanted: Iterable[str]) -> set[str]:
    """Return the names of all that requirements need on this platform, from what is installed."""
    found: set[tuple[str, str]] = set()
    waiting = [Requirement(line) for line in wanted]
    while waiting:
        one = waiting.pop()
        for extra in ("", *one.extras):
            key = (canonicalize_name(one.name), extra)
            if key not in found:
                found.add(key)
                needs = (Requirement(line) for line in requires(one.name) or ())
                waiting += [n for n in needs if n.marker is None or n.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}


def test_the_image_gets_versions_and_hashes_that_the_tests_ran_with() -> None:
    tested, shipped = pins("requirements.lock"), pins("requirements-runtime.lock")

    assert len(shipped) > 40
    assert {pin: tested.get(pin) for pin in shipped} == shipped


def test_the_image_gets_what_the_program_needs_and_nothing_for_development(project: dict[str, Any]) -> None:
    assert names_here("requirements-runtime.lock") == closure(project["project"]["dependencies"])


def test_the_dockerfile_names_all_that_builds_the_wheel(project: dict[str, Any], dockerfile: str) -> None:
    named = re.search(r"wanted = /\^\((.+?)\)==/", dockerfile)

    assert named is not None
    assert set(named[1].split("|")) == closure(project["build-system"]["requires"])


def test_the_image_says_the_version_of_its_program(dockerfile: str) -> None:
    assert f"ARG VERSION={version('sportsplat')}\n" in dockerfile
