"""What `doctor` looks at in a container engine: that it answers, the image, the room that it has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sportsplat.infra.docker.find import FailedAttempt, FoundEngine, client
from sportsplat.infra.doctor.checks import Finding, ok, skipped
from sportsplat.infra.doctor.project import disk, size
from sportsplat.infra.errors import no_engine

if TYPE_CHECKING:
    from sportsplat.infra.environment import Backend


def engine(
    found: FoundEngine | None, attempts: list[FailedAttempt], backend: Backend | None, *, used_before: bool
) -> Finding:
    """Say which engine answers; without one, each place that was tried, and whether that matters here.

    used_before: an engine holds this project's data.
    """
    if found is not None:
        return ok(f"{found.server or found.kind} at {found.endpoint} ({found.origin})")
    refusal = no_engine([str(attempt) for attempt in attempts], started_before=used_before)
    seen = f"none answers; {refusal.cause}"
    if backend == "docker":
        return Finding("fail", seen, refusal.fix)
    closed = next((attempt for attempt in attempts if "permission denied" in attempt.why), None)
    if closed is not None and backend != "external":
        return Finding("warn", f"there is one, and it is closed to you: {closed}", _command(closed.why))
    return skipped(seen)


def image(found: FoundEngine | None, name: str, backend: Backend | None) -> Finding:
    """Look whether the image of the database is here, so that `up` pulls nothing."""
    if backend != "docker" or found is None:
        return skipped("the database does not run in Docker" if backend != "docker" else "no engine answers")
    from docker.errors import ImageNotFound

    talks = client(found)
    try:
        bytes_of = talks.images.get(name).attrs.get("Size", 0)
    except ImageNotFound:
        return Finding("warn", f"{name} is not here yet; `up` pulls it", f"docker pull {name}")
    finally:
        talks.close()
    return ok(f"{name} is here ({size(bytes_of)})")


def engine_disk(found: FoundEngine | None, backend: Backend | None) -> Finding:
    """Look how much room the engine has, where its folder is on this machine and not inside another one."""
    if backend != "docker" or found is None:
        return skipped("the database does not run in Docker" if backend != "docker" else "no engine answers")
    talks = client(found)
    try:
        root = Path(talks.info().get("DockerRootDir") or "/nonexistent")
    finally:
        talks.close()
    if not root.is_dir():
        return skipped(f"the engine keeps its data in {root}, inside its virtual machine")
    seen = disk(root)
    return Finding(
        seen.state, seen.seen, seen.fix and "docker system df, then remove what you no longer need"
    )


def _command(why: str) -> str:
    """Return the command that a refusal names in its brackets."""
    return why[why.rindex("(") + 1 : why.rindex(")")] if "(" in why else "ask the machine's administrator"
