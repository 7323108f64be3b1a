"""The command line: parse, call one job, render. Nothing here computes anything."""

from __future__ import annotations

import os

# Pydantic looks for plugins in every installed distribution. We use none, and the look takes 15 ms a command.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
