"""Files and folders read into payloads, as `ingest` reads them one by one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sportsplat.sources.base import SUFFIXES, Payload
from sportsplat.sources.reading.files import find_files, read_file


def read_paths(paths: Sequence[Path], suffixes: tuple[str, ...] = SUFFIXES) -> list[Payload]:
    """Read files and folders in the order given, each file once."""
    return [read_file(path) for path in find_files(paths, suffixes)]
