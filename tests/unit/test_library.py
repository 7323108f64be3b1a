"""A machine without OpenMP is told what to install."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import builtins
real = builtins.__import__
def without_openmp(name, *rest):
    if name == "lightgbm":
        raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")
    return real(name, *rest)
builtins.__import__ = without_openmp
from sportsplat.errors import EnvironmentUnavailable
from sportsplat.models.trees import load_lightgbm
try:
    load_lightgbm()
except EnvironmentUnavailable as error:
    print(error.error_code, error.fix)
"""


def test_a_missing_openmp_names_the_package_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("OPENMP_MISSING apt-get install libgomp1")
