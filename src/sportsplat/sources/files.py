"""Files and folders that a user names: found, read whole, or refused with the system's reason."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from sportsplat.errors import InputRefused
from sportsplat.sources.base import SUFFIXES, Payload
from sportsplat.sources.unpack import LARGEST_BYTES


def find_files(paths: Sequence[Path], suffixes: tuple[str, ...] = SUFFIXES) -> list[Path]:
    """Return the files that are named, and what ends in `suffixes` in and below the folders that are, sorted.

    Raises:
        InputRefused: a path does not exist (NO_SUCH_FILE) or cannot be looked at (UNREADABLE_FILE), a folder
            cannot be looked into (UNREADABLE_FOLDER) or holds no such file (EMPTY_FOLDER).
    """
    return list(dict.fromkeys(found for path in paths for found in _files(path, suffixes)))


def read_file(path: Path) -> Payload:
    """Read one file.

    Raises:
        InputRefused: what `open_file` raises, and what `Payload.of` does; it is larger than LARGEST_BYTES
            (TOO_LARGE).
    """
    try:
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST_BYTES:
                raise InputRefused(
                    f"{path} is too large.",
                    code="TOO_LARGE",
                    cause=f"It has {size:,} bytes; {LARGEST_BYTES:,} are read at most.",
                    fix="Split it, each part with the header line.",
                )
            data = file.read()
    except OSError as problem:
        raise _unreadable(path, problem) from problem
    return Payload.of(str(path), data)


def open_file(path: Path) -> BinaryIO:
    """Open a file.

    Raises:
        InputRefused: it cannot be read (UNREADABLE_FILE), is no file but a pipe or a device (NOT_A_FILE), or
            its name is no UTF-8 (BAD_FILE_NAME).
    """
    name = printable(path)
    if name != str(path):
        raise InputRefused(
            f"The name of {name} is no UTF-8.",
            code="BAD_FILE_NAME",
            cause="Rows are told by the file that they stand in, and the database keeps that name as text.",
            fix="Rename the file.",
        )
    try:
        # a pipe that nobody writes to would otherwise be waited for
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        kind = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(kind):
            os.close(descriptor)
            raise _not_a_file(path, kind)
        return os.fdopen(descriptor, "rb")
    except OSError as problem:
        raise _unreadable(path, problem) from problem


def _files(path: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError as missing:
        raise InputRefused(
            f"There is no file {printable(path)}.",
            code="NO_SUCH_FILE",
            cause=f"Looked from {Path.cwd()}." if not path.is_absolute() else None,
            fix=f"ls -l {shlex.quote(printable(path.parent))}",
        ) from missing
    except OSError as problem:
        raise _unreadable(path, problem) from problem
    if not is_folder:
        yield path
        return
    found = sorted(_files_below(path, suffixes))
    if not found:
        raise InputRefused(
            f"The folder {printable(path)} holds no data file.",
            code="EMPTY_FOLDER",
            cause=f"Looked for {' and '.join('*' + suffix for suffix in suffixes)} in it and below it.",
            fix="Name the files themselves, or another folder.",
        )
    yield from found


def _files_below(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Yield what is named like a data file, whatever it is: one that cannot be read is not passed over.

    Links to folders are not followed: they may lead back up.
    """

    def refuse(problem: OSError) -> None:
        name = printable(Path(problem.filename))
        raise InputRefused(
            f"The folder {name} cannot be looked into.",
            code="UNREADABLE_FOLDER",
            cause=f"The system says: {problem.strerror}.",
            fix=f"ls -ld {shlex.quote(name)}",
        )

    for place, _, names in os.walk(folder, onerror=refuse):
        yield from (Path(place, name) for name in names if name.lower().endswith(suffixes))


def printable(path: Path) -> str:
    """Return a path, in which bytes that are no UTF-8 are written as \\xNN."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _unreadable(path: Path, problem: OSError) -> InputRefused:
    return InputRefused(
        f"{printable(path)} cannot be read.",
        code="UNREADABLE_FILE",
        cause=f"The system says: {problem.strerror}.",
        fix=f"ls -l {shlex.quote(printable(path))}",
    )


def _not_a_file(path: Path, mode: int) -> InputRefused:
    is_pipe = stat.S_ISFIFO(mode)
    return InputRefused(
        f"{path} is a {'pipe' if is_pipe else 'device'}, not a file.",
        code="NOT_A_FILE",
        cause="Files are read as a whole, and found again by their name.",
        fix="Write what comes out of it to a file, and name that."
        if is_pipe
        else f"ls -l {shlex.quote(str(path))}",
    )
