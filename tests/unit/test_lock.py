"""One command at a time in one project, and a lock that dies with its holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sportsplat.errors import ResourceConflict
from sportsplat.infra.lock import exclusive

HOLD = """
import sys, time
from pathlib import Path
from sportsplat.infra.lock import exclusive
with exclusive(Path(sys.argv[1]), 5) as held:
    if "bequeath" in sys.argv:
        import subprocess
        subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], pass_fds=(held.fd,))
    print("held", flush=True)
    time.sleep(60)
"""


def holder(path: Path, *words: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_whoever_waits_in_vain_learns_who_holds_the_lock(tmp_path: Path) -> None:
    process = holder(tmp_path / "lock")
    try:
        with pytest.raises(ResourceConflict) as refused, exclusive(tmp_path / "lock", 0.05):
            pass
    finally:
        end(process)

    assert refused.value.error_code == "LOCK_HELD"
    assert f"process {process.pid}" in (refused.value.cause or "")


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    process = holder(tmp_path / "lock")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()

    with exclusive(tmp_path / "lock", 1) as held:
        assert held.fd > 0


def test_a_child_that_inherits_the_lock_keeps_it_after_its_parent_was_killed(tmp_path: Path) -> None:
    """A killed `up` leaves initdb running; the next one must not sweep its folder away under it."""
    process = holder(tmp_path / "lock", "bequeath")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    with pytest.raises(ResourceConflict), exclusive(tmp_path / "lock", 0.05):
        pass
    end(process)  # and with it what the child reads
    with exclusive(tmp_path / "lock", 30) as held:
        assert held.fd > 0


def test_the_lock_can_be_taken_again_and_again(tmp_path: Path) -> None:
    for _ in range(3):
        with exclusive(tmp_path / "lock", 0):
            assert str(os.getpid()) in (tmp_path / "lock").read_text()
        assert (tmp_path / "lock").read_text() == ""
