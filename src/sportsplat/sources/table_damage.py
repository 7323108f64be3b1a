"""What is told of a table that cannot be read."""

from __future__ import annotations

import zlib
from pathlib import Path

import pyarrow as pa

from sportsplat.errors import InputRefused

DAMAGED = (pa.ArrowException, OSError, EOFError, zlib.error, UnicodeDecodeError)


def unreadable(path: Path, damaged: BaseException) -> InputRefused:
    """Make the error for a file that turns out to be damaged (UNREADABLE_FILE)."""
    return InputRefused(
        f"{path} cannot be read to its end.",
        code="UNREADABLE_FILE",
        cause=" ".join(str(damaged).split())[:300],
        fix="Write or download it again.",
    )


def empty(path: Path) -> InputRefused:
    """Make the error for a file in which nothing stands (EMPTY_FILE)."""
    return InputRefused(
        f"{path} is empty.",
        code="EMPTY_FILE",
        cause="It has no header.",
        fix="Write it again, or leave it out.",
    )
