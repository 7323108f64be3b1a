"""What every source shares: the protocol of a source, and payloads of bytes with the text in them.

A source has two halves. `fetch` talks to a network and hands back bytes untouched; `parse` is pure and turns
bytes into a `Batch`, so that yesterday's bytes parse again after a bug fix.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from sportsplat.domain import Batch
from sportsplat.errors import InputRefused
from sportsplat.sources.text import decode
from sportsplat.sources.unpack import GZIP_MAGIC, gunzip

if TYPE_CHECKING:
    from sportsplat.leagues import League
    from sportsplat.settings import Settings

SUFFIXES = (".csv", ".csv.gz")


class Payload(NamedTuple):
    """The bytes of one file, unpacked, and their hash; `name` is the path or URL they came from."""

    name: str
    data: bytes
    sha256: str

    @classmethod
    def of(cls, name: str, data: bytes) -> Payload:
        """Make a payload of bytes at hand, unpacking gzip.

        Raises:
            InputRefused: the bytes begin as gzip and do not unpack (CORRUPT_GZIP, TOO_LARGE).
        """
        plain = gunzip(name, data) if data.startswith(GZIP_MAGIC) else data
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
class Fetchable(Source, Protocol):
    """A source with a public site."""

    def fetch(
        self, seasons: Sequence[int], *, leagues: Sequence[League], settings: Settings
    ) -> list[Payload]:
        """Get the files that hold `seasons` (years in which they start) of `leagues` from the public site.

        Raises:
            SourceUnavailable: the site has no such file, or does not answer and nothing is cached.
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


def decode_text(payload: Payload) -> str:
    """Return the payload's text; see `text.decode`."""
    return decode(payload.name, payload.data)
