"""The suite's verdict is the same whatever its caller does to signals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IGNORED = "import signal; print([s.name for s in signal.Signals if signal.getsignal(s) is signal.SIG_IGN])"
PYTHONS_OWN = "['SIGPIPE', 'SIGXFSZ']"
PARENT = """
import os, signal, subprocess, sys
from tests.signals import hear
{hear}
for number in signal.SIGINT, signal.SIGQUIT, signal.SIGHUP:
    os.kill(os.getpid(), number)  # this process goes on: its caller wants it so
subprocess.run([sys.executable, "-c", {ignored!r}], check=True)
"""


def test_what_a_test_starts_ignores_nothing() -> None:
    assert output_of(sys.executable, "-c", IGNORED) == PYTHONS_OWN


@pytest.mark.parametrize("heard", [True, False], ids=["heard", "not heard"])
def test_so_it_does_under_a_caller_that_ignores_them(heard: bool) -> None:
    """As a shell starts what runs in the background. Else the child ignores what its caller does."""
    script = PARENT.format(hear="hear()" if heard else "", ignored=IGNORED)
    said = output_of("sh", "-c", 'trap "" INT QUIT HUP; exec "$@"', "sh", sys.executable, "-c", script)
    assert said == (PYTHONS_OWN if heard else "['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGPIPE', 'SIGXFSZ']")


def output_of(*words: str) -> str:
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
