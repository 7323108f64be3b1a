"""What every source shares: the protocol of a source, and payloads of bytes with the text in them.

A source has two halves. `fetch` talks to a network and hands back bytes untouched; `parse` is pure and turns
bytes into a `Batch`, so that yesterday's bytes parse again after a bug fix.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from sportsplat.domain import Batch
from sportsplat.errors import InputRefused, UsageError

if TYPE_CHECKING:
    from sportsplat.leagues import League
    from sportsplat.settings import Settings

SUFFIXES = (".csv", ".csv.gz")
_GZIP_MAGIC = b"\x1f\x8b"


class Payload(NamedTuple):
    """The bytes of one file, unpacked, and their hash; `name` is the path or URL they came from.

    `stale` says why the site did not give them, where an old copy stands in for its answer.
    """

    name: str
    data: bytes
    sha256: str
    stale: str | None = None

    @classmethod
    def of(cls, name: str, data: bytes) -> Payload:
        """Make a payload of bytes at hand, unpacking gzip.

        Raises:
            InputRefused: the bytes begin as gzip and do not unpack (CORRUPT_GZIP).
        """
        plain = _gunzip(name, data) if data.startswith(_GZIP_MAGIC) else data
        return cls(name, plain, hashlib.sha256(plain).hexdigest())


@runtime_checkable
class Source(Protocol):
    """A provider's format. `gives` says in words what one file holds, `leagues` which codes it can serve."""

    name: str
    title: str
    licence: str
    url: str
    gives: tuple[str, ...]
    leagues: tuple[str, ...]

    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Turn bytes into records of one league; without `league` the file itself tells which.

        Raises:
            InputRefused: the file is not of this format (NOT_THIS_FORMAT), or it is empty (EMPTY_FILE).
        """


@runtime_checkable
class Suffixed(Source, Protocol):
    """A source whose files do not end in `SUFFIXES`; folders are searched for its own."""

    suffixes: tuple[str, ...]


@runtime_checkable
class Fetchable(Source, Protocol):
    """A source with a public site."""

    def fetch(
        self, seasons: Sequence[int], *, leagues: Sequence[League], settings: Settings
    ) -> list[Payload]:
        """Get the files that hold `seasons` (years in which they start) of `leagues` from the public site.

        Raises:
            SourceUnavailable: the site has no such file, or does not answer and nothing is cached.
        """


@runtime_checkable
class ManyLeagues(Source, Protocol):
    """A source whose files hold several leagues each. `parse` reads the one that it is given."""

    def split(self, payload: Payload, leagues: Mapping[str, League]) -> list[Batch]:
        """Turn bytes into one batch for every declared league of the file, in the order of their codes.

        What no league declares is told by the first batch: a `Rejected` of the code `undeclared-league` for
        each such competition, with the number of its rows, which count among the rows that this batch has
        read.

        Raises:
            InputRefused: the file is not of this format (NOT_THIS_FORMAT), it is empty (EMPTY_FILE), or no
            league
                declares anything in it (UNKNOWN_LEAGUE).
        """


def batches_of(
    source: Source, payload: Payload, league: League | None, leagues: Mapping[str, League]
) -> list[Batch]:
    """Parse a file into the batches of all its leagues, or of `league` alone. Raises InputRefused."""
    if league is None and isinstance(source, ManyLeagues):
        return source.split(payload, leagues)
    return [source.parse(payload, league, leagues)]


class Window(NamedTuple):
    """Calendar days of a league, both included."""

    since: date
    until: date


@runtime_checkable
class Live(Source, Protocol):
    """A source that is followed day by day."""

    def lacks(self, settings: Settings) -> str | None:
        """Say what it lacks to be asked, such as a key; None where it lacks nothing."""

    def fetch_window(
        self, window: Window, *, leagues: Sequence[League], settings: Settings
    ) -> Iterator[Payload]:
        """Get the files that tell what is played in `window`, one after the other, as the site stands now.

        Raises:
            SourceUnavailable: the site has no such file, or does not answer and nothing is cached.
            ConfigError: the site needs a key, and has none or a wrong one.
        """


def only_league(
    source: str, code: str, payload: Payload, asked: League | None, leagues: Mapping[str, League]
) -> League:
    """Return the one league that a source serves.

    Raises:
        InputRefused: another one was asked for (WRONG_LEAGUE).
    """
    if asked is not None and asked.code != code:
        raise InputRefused(
            f"{source} has no games of {asked.name}.",
            code="WRONG_LEAGUE",
            cause=f"--league is {asked.code!r}; this source serves {code!r}.",
            fix=f"sportsplat ingest {source} {payload.name}",
        )
    return asked or leagues[code]


def suffixes_of(source: Source) -> tuple[str, ...]:
    """Return how the files of a source end, in lower case."""
    return source.suffixes if isinstance(source, Suffixed) else SUFFIXES


def one_league(source: str, leagues: Sequence[League]) -> League:
    """Return the league that is asked for, of a source whose every answer is about one and costs.

    Raises:
        UsageError: several (LEAGUE_NEEDED).
    """
    if len(leagues) == 1:
        return leagues[0]
    raise UsageError(
        f"Say which league of {source} is wanted.",
        code="LEAGUE_NEEDED",
        cause=f"{len(leagues)} leagues would be asked for one by one.",
        fix=f"sportsplat ingest {source} --league CODE, or sportsplat sync for all that are stored",
    )


def read_paths(paths: Sequence[Path], suffixes: tuple[str, ...] = SUFFIXES) -> list[Payload]:
    """Read files and folders (what ends in `suffixes` below them, sorted) in the order given, each file once.

    Raises:
        InputRefused: a path does not exist (NO_SUCH_FILE), a folder holds no such file (EMPTY_FOLDER), a file
            cannot be read (UNREADABLE_FILE) or unpacked (CORRUPT_GZIP).
    """
    found = dict.fromkeys(file for path in paths for file in _files(path, suffixes))
    return [_read_file(file) for file in found]


def decode_text(payload: Payload) -> str:
    """Return the payload's text: UTF-8 with or without a byte order mark, otherwise Windows-1252."""
    try:
        return payload.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return payload.data.decode("cp1252")
    except UnicodeDecodeError:  # five bytes have no meaning in cp1252; latin-1 keeps them as they are
        return payload.data.decode("latin-1")


def _files(path: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    if path.is_dir():
        found = sorted(
            file for file in path.rglob("*") if file.name.lower().endswith(suffixes) and file.is_file()
        )
        if not found:
            raise InputRefused(
                f"The folder {path} holds no data file.",
                code="EMPTY_FOLDER",
                cause=f"Looked for {' and '.join('*' + suffix for suffix in suffixes)} in it and below it.",
                fix="Name the files themselves, or another folder.",
            )
        yield from found
    elif path.exists():
        yield path
    else:
        raise InputRefused(
            f"There is no file {path}.",
            code="NO_SUCH_FILE",
            cause=f"Looked from {Path.cwd()}." if not path.is_absolute() else None,
            fix="Check the path.",
        )


def _read_file(path: Path) -> Payload:
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise InputRefused(
            f"{path} cannot be read.",
            code="UNREADABLE_FILE",
            cause=f"The system says: {problem.strerror}.",
            fix=f"ls -l {path}",
        ) from problem
    return Payload.of(str(path), data)


def _gunzip(name: str, data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as problem:
        raise InputRefused(
            f"{name} is a damaged gzip file.",
            code="CORRUPT_GZIP",
            cause=f"Unpacking its {len(data)} bytes failed: {problem}.",
            fix=f"gzip --test {name}, then download it again.",
        ) from problem
