"""The tests, whose compiled modules are kept whatever the caller's environment says.

Without them every run compiles all tests anew before the first one starts, and every program that a test
starts compiles all of sportsplat.
"""

import os
import sys

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
