"""The command line: parse, call one job, render. Nothing here computes anything.

`main` finds the command, `commands` parse its options, `views` print its result. It imports `jobs` and result
types, and no other package imports it.
"""

from __future__ import annotations

import os

# Pydantic looks for plugins in every installed distribution. We use none, and the look takes 15 ms a command.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
