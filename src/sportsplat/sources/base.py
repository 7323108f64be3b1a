"""What every source shares: the protocol of a source, and payloads of bytes with the text in them.

A source has two halves. `fetch` talks to a network and hands back bytes untouched; `parse` is pure and turns
bytes into a `Batch`, so that yesterday's bytes parse again after a bug fix.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from sportsplat.domain import Batch
from sportsplat.errors import InputRefused, UsageError
from sportsplat.sources.text import GZIP_MAGIC, decode, gunzip

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings
    from sportsplat.leagues.league import League

SUFFIXES = (".csv", ".csv.gz")


class Payload(NamedTuple):
    """The bytes of one file, unpacked, and their hash; `name` is the path or URL they came from.

    `stale` is the reason why a cached copy was used instead of the site's answer.
    """

    name: str
    data: bytes
    sha256: str
    stale: str | None = None

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
    """A data provider's format. `gives` describes the contents of one file, `leagues` the codes it can
    serve."""

    name: str
    title: str
    licence: str
    url: str
    gives: tuple[str, ...]
    leagues: tuple[str, ...]

    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Parse bytes into records of one league; without `league` it is taken from the file.

        Raises:
            InputRefused: the file is not of this format (NOT_THIS_FORMAT), or it is empty (EMPTY_FILE).
        """


@runtime_checkable
class Configured(Source, Protocol):
    """A source that serves the leagues which declare it in `config/leagues.yaml`, once it knows them."""

    def serve(self, leagues: Mapping[str, League]) -> None:
        """Take the leagues of a project."""


@runtime_checkable
class HasSuffixes(Source, Protocol):
    """A source whose files do not end in `SUFFIXES`; folders are searched for its own."""

    suffixes: tuple[str, ...]


@runtime_checkable
class Complete(Source, Protocol):
    """A source whose files list every fixture of the stretch of a season that they cover, played or not."""

    complete: bool


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
class HasClosedSite(Source, Protocol):
    """A source whose site has closed: `fetch` only works with the address of a mirror.

    `site_closed` says when.
    """

    site_closed: str


@runtime_checkable
class Needy(Source, Protocol):
    """A source that cannot always be asked."""

    def lacks(self, settings: Settings) -> str | None:
        """Say what it lacks to be asked, such as a key; None where it lacks nothing."""


@runtime_checkable
class HasSeasonRange(Source, Protocol):
    """A source with a limited range of seasons, by the year in which they start, both included.

    `last_season` is None where it goes on.
    """

    first_season: int
    last_season: int | None


@runtime_checkable
class HasNeeds(Source, Protocol):
    """A source that needs more than its files: `needs` are further arguments of `ingest`."""

    needs: tuple[str, ...]


@runtime_checkable
class ManyLeagues(Source, Protocol):
    """A source whose files hold several leagues each. `parse` reads the one that it is given."""

    def split(self, payload: Payload, leagues: Mapping[str, League]) -> list[Batch]:
        """Turn bytes into one batch for every declared league of the file, in the order of their codes.

        Undeclared leagues are reported by the first batch: a `Rejected` of the code `undeclared-league` for
        each such competition, with the number of its rows, which count among the rows that this batch has
        read.

        Raises:
            InputRefused: the file is not of this format (NOT_THIS_FORMAT), it is empty (EMPTY_FILE), or no
                league declares anything in it (UNKNOWN_DIVISION).
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
class Live(Needy, Protocol):
    """A source that is followed day by day."""

    def fetch_window(
        self, window: Window, *, leagues: Sequence[League], settings: Settings
    ) -> Iterator[Payload]:
        """Fetch the files of the matches played in `window`, one after the other, as they are on the site
        now.

        Raises:
            SourceUnavailable: the site has no such file, or does not answer and nothing is cached.
            ConfigError: the site needs a key, and has none or a wrong one.
        """


class OfOneLeague(ABC):
    """A source of exactly one league: others are rejected, and `read` does the rest."""

    name: str
    leagues: tuple[str, ...]

    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Turn bytes into records of the league that the source serves.

        Raises:
            InputRefused: another league was asked for (WRONG_LEAGUE), and what `read` raises.
        """
        (code,) = self.leagues
        if league is not None and league.code != code:
            raise InputRefused(
                f"{self.name} has no games of {league.name}.",
                code="WRONG_LEAGUE",
                cause=f"--league is {league.code!r}; this source serves {code!r}.",
                fix=f"sportsplat ingest {self.name} {payload.name}",
            )
        return self.read(payload, league or leagues[code])

    @abstractmethod
    def read(self, payload: Payload, league: League) -> Batch:
        """Turn bytes into records.

        Raises:
            InputRefused: another format (NOT_THIS_FORMAT), or no row (EMPTY_FILE).
        """


def lists_all(source: Source) -> bool:
    """Whether a fixture that a file of this source has no more was withdrawn."""
    return isinstance(source, Complete) and source.complete


def serves(source: Source, settings: Settings) -> bool:
    """Whether the source's site can be queried with the present settings."""
    if not isinstance(source, Fetchable) or isinstance(source, HasClosedSite):
        return False
    return not isinstance(source, Needy) or source.lacks(settings) is None


def bounds_of(source: Source) -> tuple[int | None, int | None]:
    """Return the first and the last season of a source, each None where no bound is known."""
    return (source.first_season, source.last_season) if isinstance(source, HasSeasonRange) else (None, None)


def needs_of(source: Source) -> tuple[str, ...]:
    """Return the words that an ingest of the source's files needs besides them."""
    return source.needs if isinstance(source, HasNeeds) else ()


def suffixes_of(source: Source) -> tuple[str, ...]:
    """Return how the files of a source end, in lower case."""
    return source.suffixes if isinstance(source, HasSuffixes) else SUFFIXES


def one_league(source: str, leagues: Sequence[League]) -> League:
    """Return the requested league of a source that charges for each answer about one league.

    Raises:
        UsageError: several (LEAGUE_NEEDED).
    """
    if len(leagues) == 1:
        return leagues[0]
    raise UsageError(
        f"Choose a league of {source}.",
        code="LEAGUE_NEEDED",
        cause=f"{len(leagues)} leagues would be requested one by one.",
        fix=f"sportsplat ingest {source} --league CODE, or sportsplat sync for all that are stored",
    )


def decode_text(payload: Payload) -> str:
    """Return the payload's text; see `text.decode`."""
    return decode(payload.name, payload.data)
