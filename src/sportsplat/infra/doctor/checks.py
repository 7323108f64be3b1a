"""One precondition check and its result; a check that fails itself is reported too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sportsplat.errors import SportsplatError
from sportsplat.results import Result

CheckState = Literal["ok", "warn", "fail", "skipped"]


@dataclass(frozen=True)
class Finding:
    """What was seen. `fix`: the exact command or change that mends it; None where nothing is to be mended."""

    state: CheckState
    seen: str
    fix: str | None = None


CheckFunction = Callable[[], Finding]


@dataclass(frozen=True)
class Check(Result):
    """One row of `doctor`: a name that scripts can rely on, and what was found."""

    name: str
    state: CheckState
    seen: str
    fix: str | None


def check(name: str, look: CheckFunction) -> Check:
    """Look, and turn whatever goes wrong on the way into a row: `doctor` works where everything is broken."""
    try:
        found = look()
    except SportsplatError as error:
        found = failure(error)
    except Exception as problem:
        found = Finding(
            "fail",
            f"the check itself broke: {type(problem).__name__}: {problem}",
            "report this row and the output of `sportsplat --version`: it is a bug of ours",
        )
    return Check(name, found.state, found.seen, found.fix)


def failure(error: SportsplatError) -> Finding:
    """Return a failed check with the text of an error."""
    seen = f"{error.message}: {error.cause}" if error.cause else error.message
    return Finding("fail", seen, error.fix)


def ok(seen: str) -> Finding:
    """Return a check that found what is needed."""
    return Finding("ok", seen)


def skipped(why: str) -> Finding:
    """Return a check that has nothing to look at here."""
    return Finding("skipped", why)
