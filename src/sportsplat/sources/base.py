"""The base class of all sources, and payloads of bytes with the text in them.

A source has two halves. `fetch` talks to a network and hands back bytes untouched; `parse` is pure and turns
bytes into a `Batch`, so that yesterday's bytes parse again after a bug fix.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

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


class Window(NamedTuple):
    """Calendar days of a league, both included."""

    since: date
    until: date


class Source(ABC):
    """A data provider's format, and its site where it has one.

    A subclass sets the attributes and writes `parse`. It overrides `fetch` if the provider has a site,
    `fetch_window` if that site can be followed day by day, and `split` if a file holds several leagues.
    """

    name: str
    """As the user types it; also the name under which leagues declare the source."""
    title: str
    licence: str
    url: str = ""
    gives: tuple[str, ...]
    """The contents of one file, in words."""
    leagues: tuple[str, ...] = ()
    """Codes of the leagues that it can serve; left empty, those that declare it (see `serve`)."""
    suffixes: tuple[str, ...] = SUFFIXES
    """How its files end, in lower case; folders are searched for them."""
    needs: tuple[str, ...] = ()
    """Further arguments of `ingest` that its files need."""
    first_season: int | None = None
    last_season: int | None = None
    """The seasons that it covers, by the year in which they start, both included; None: no bound is known."""
    lists_all: bool = False
    """Whether its files list every fixture of the stretch of a season that they cover, played or not: a
    fixture that is no longer listed was withdrawn."""
    site_closed: str | None = None
    """When its site closed; `fetch` then only works with the address of a copy of the site."""

    def serve(self, leagues: Mapping[str, League]) -> None:
        """Take the leagues of a project; the source serves those that declare it unless it has `leagues`."""
        if not type(self).leagues:
            self.leagues = tuple(league.code for league in leagues.values() if self.name in league.sources)

    @abstractmethod
    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Parse bytes into records of one league; without `league` it is taken from the file.

        Raises:
            InputRefused: the file is not of this format (NOT_THIS_FORMAT), or it is empty (EMPTY_FILE).
        """

    def split(self, payload: Payload, leagues: Mapping[str, League]) -> list[Batch]:
        """Parse bytes into one batch for every declared league of the file, in the order of their codes.

        Undeclared leagues are reported by the first batch: a `Rejected` of the code `undeclared-league` for
        each such competition, with the number of its rows, which count among the rows that this batch has
        read.

        Raises:
            InputRefused: the file is not of this format (NOT_THIS_FORMAT), it is empty (EMPTY_FILE), or no
                league declares anything in it (UNKNOWN_DIVISION).
        """
        return [self.parse(payload, None, leagues)]

    def batches(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> list[Batch]:
        """Parse a file into the batches of all its leagues, or of `league` alone. Raises InputRefused."""
        return self.split(payload, leagues) if league is None else [self.parse(payload, league, leagues)]

    def fetch(
        self,
        seasons: Sequence[int],  # noqa: ARG002 - for subclasses, as the others
        *,
        leagues: Sequence[League],  # noqa: ARG002
        settings: Settings,  # noqa: ARG002
    ) -> list[Payload]:
        """Get the files that hold `seasons` (years in which they start) of `leagues` from the public site.

        Raises:
            UsageError: the source has no site (FILES_NEEDED).
            SourceUnavailable: the site has no such file, or does not answer and nothing is cached.
        """
        raise UsageError(
            f"the source {self.name} needs files",
            fix=f"sportsplat ingest {self.name} FILE…",
            code="FILES_NEEDED",
        )

    def fetch_window(
        self,
        window: Window,  # noqa: ARG002
        *,
        leagues: Sequence[League],  # noqa: ARG002
        settings: Settings,  # noqa: ARG002
    ) -> Iterator[Payload]:
        """Fetch the files of the matches played in `window`, one after the other, as they are on the site
        now. A source without this method is not followed by `sync`.

        Raises:
            UsageError: the site cannot be asked for days (FILES_NEEDED).
            SourceUnavailable: the site has no such file, or does not answer and nothing is cached.
            ConfigError: the site needs a key, and has none or a wrong one.
        """
        raise UsageError(
            f"the source {self.name} cannot be followed day by day",
            fix=f"sportsplat ingest {self.name}",
            code="FILES_NEEDED",
        )

    def lacks(self, settings: Settings) -> str | None:  # noqa: ARG002
        """Say what the site needs to be asked and is missing, such as a key; None where nothing is."""
        return None

    @property
    def can_fetch(self) -> bool:
        """Whether the source can get its own files."""
        return type(self).fetch is not Source.fetch

    @property
    def live(self) -> bool:
        """Whether the source's site can be followed day by day."""
        return type(self).fetch_window is not Source.fetch_window

    def reachable(self, settings: Settings) -> bool:
        """Whether the source's site can be queried with the present settings."""
        return self.can_fetch and self.site_closed is None and self.lacks(settings) is None


class OneLeagueSource(Source):
    """A source of exactly one league: others are rejected, and `read` does the rest."""

    def parse(self, payload: Payload, league: League | None, leagues: Mapping[str, League]) -> Batch:
        """Turn bytes into records of the league that the source serves.

        Raises:
            InputRefused: another league was asked for (WRONG_LEAGUE), and what `read` raises.
        """
        (code,) = self.leagues
        if league is not None and league.code != code:
            raise InputRefused(
                f"{self.name} has no games of {league.name}",
                code="WRONG_LEAGUE",
                cause=f"--league is {league.code!r}; this source serves {code!r}",
                fix=f"sportsplat ingest {self.name} {payload.name}",
            )
        return self.read(payload, league or leagues[code])

    @abstractmethod
    def read(self, payload: Payload, league: League) -> Batch:
        """Turn bytes into records.

        Raises:
            InputRefused: another format (NOT_THIS_FORMAT), or no row (EMPTY_FILE).
        """


def one_league(source: str, leagues: Sequence[League]) -> League:
    """Return the requested league of a source that charges for each answer about one league.

    Raises:
        UsageError: several (LEAGUE_NEEDED).
    """
    if len(leagues) == 1:
        return leagues[0]
    raise UsageError(
        f"choose a league of {source}",
        code="LEAGUE_NEEDED",
        cause=f"{len(leagues)} leagues would be requested one by one",
        fix=f"sportsplat ingest {source} --league CODE, or sportsplat sync for all that are stored",
    )


def decode_text(payload: Payload) -> str:
    """Return the payload's text; see `text.decode`."""
    return decode(payload.name, payload.data)
