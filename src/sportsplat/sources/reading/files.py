"""Files and folders given by the user: found, read completely, or rejected with the system error."""

from __future__ import annotations

import glob
import os
import shlex
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from sportsplat.errors import InputRefused
from sportsplat.paths import printable
from sportsplat.sources.base import SUFFIXES, Payload
from sportsplat.sources.text import LARGEST_BYTES


def find_files(paths: Sequence[Path], suffixes: tuple[str, ...] = SUFFIXES) -> list[Path]:
    """Return the files that are named, and what ends in `suffixes` in and below the folders that are, sorted.

    Below a named folder, hidden files and folders, Python environments and folders of installed packages are
    passed over.

    Raises:
        InputRefused: a path does not exist (NO_SUCH_FILE) or cannot be accessed (UNREADABLE_FILE), a folder
            cannot be listed (UNREADABLE_FOLDER) or holds no such file (EMPTY_FOLDER).
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
                    f"{path} is too large",
                    code="TOO_LARGE",
                    cause=f"it has {size:,} bytes; {LARGEST_BYTES:,} are read at most",
                    fix="split it, each part with the header line",
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
            f"the name of {name} is not UTF-8",
            code="BAD_FILE_NAME",
            cause="rows are identified by their file, and the database stores file names as text",
            fix="rename the file",
        )
    try:
        # a pipe without a writer would otherwise block
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
        raise _no_such_file(path) from missing
    except OSError as problem:
        raise _unreadable(path, problem) from problem
    if not is_folder:
        yield path
        return
    found = sorted(_files_below(path, suffixes))
    if not found:
        raise InputRefused(
            f"the folder {printable(path)} holds no data file",
            code="EMPTY_FOLDER",
            cause=f"looked for {' and '.join('*' + suffix for suffix in suffixes)} in it and below it, "
            "but not in hidden folders or Python environments",
            fix="pass the files themselves, or another folder",
        )
    yield from found


def _files_below(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Yield what is named like a data file, whatever it is: one that cannot be read is not passed over.

    Links to folders are not followed: they may lead back up.
    """

    def refuse(problem: OSError) -> None:
        name = printable(Path(problem.filename))
        raise InputRefused(
            f"the folder {name} cannot be listed",
            code="UNREADABLE_FOLDER",
            cause=f"system error: {problem.strerror}",
            fix=f"ls -ld {shlex.quote(name)}",
        )

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not _is_foreign(Path(place, name))]
        for name in names:
            if name.lower().endswith(suffixes) and not name.startswith((".", "~$")):
                yield Path(place, name)


def _is_foreign(folder: Path) -> bool:
    """Whether a folder holds what programs put there: hidden, a Python environment, installed packages."""
    return (
        folder.name.startswith(".")
        or folder.name in ("node_modules", "site-packages", "__pycache__")
        or os.path.isfile(folder / "pyvenv.cfg")  # noqa: PTH113 (one that may not be entered has none)
    )


def _no_such_file(path: Path) -> InputRefused:
    """Return the error for a path that does not exist; for a pattern the error says so."""
    name = shlex.quote(printable(path))
    where = f"looked from {Path.cwd()}" if not path.is_absolute() else None
    if not glob.has_magic(str(path)):
        return InputRefused(
            f"there is no file {printable(path)}",
            code="NO_SUCH_FILE",
            cause=where,
            fix=f"ls -l {shlex.quote(printable(path.parent))}",
        )
    found = len(glob.glob(str(path), recursive=True))  # noqa: PTH207 (a pattern as the shell takes it)
    if found:
        return InputRefused(
            f"{printable(path)} is a pattern, and the shell did not expand it",
            code="NO_SUCH_FILE",
            cause=f"{found:,} files match it; a pattern in quotes is passed on as it is",
            fix=f"leave out the quotes: {printable(path)}",
        )
    return InputRefused(
        f"no file matches the pattern {name}",
        code="NO_SUCH_FILE",
        cause=where,
        fix=f"ls -l {shlex.quote(printable(_fixed_part(path)))}",
    )


def _fixed_part(pattern: Path) -> Path:
    """Return the folder of a pattern before its first part with `*`, `?` or `[`."""
    parts = pattern.parts
    plain = next(place for place, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:plain])


def _unreadable(path: Path, problem: OSError) -> InputRefused:
    return InputRefused(
        f"{printable(path)} cannot be read",
        code="UNREADABLE_FILE",
        cause=f"system error: {problem.strerror}",
        fix=f"ls -l {shlex.quote(printable(path))}",
    )


def _not_a_file(path: Path, mode: int) -> InputRefused:
    is_pipe = stat.S_ISFIFO(mode)
    return InputRefused(
        f"{path} is a {'pipe' if is_pipe else 'device'}, not a regular file",
        code="NOT_A_FILE",
        cause="files are read completely and identified by name",
        fix="write its output to a file, and pass that file"
        if is_pipe
        else f"ls -l {shlex.quote(str(path))}",
    )
