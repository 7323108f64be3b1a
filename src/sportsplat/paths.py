"""Paths as a message shows them."""

from __future__ import annotations

from pathlib import Path


def display_path(path: Path) -> str:
    """Return a path relative to the current folder where it lies inside, else as it is."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else path)
