"""What the checks of data quality look at, and one finding."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import inf
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sportsplat.leagues.league import League
    from sportsplat.quality.coverage import CoverageMeasure
    from sportsplat.quality.facts import (
        ConflictCount,
        Facts,
    )
    from sportsplat.quality.seasons import SeasonSchedule

FILE = "FILE"
"""Stands in a command for a file of that source that the user has; `words.placeholders` says so."""
LIST = "sportsplat sources"
ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = (ERROR, WARNING, INFO)


class QualityFinding(NamedTuple):
    """One thing found. season: None where it concerns none; next: a command."""

    severity: str
    code: str
    where: str
    what: str
    next: str | None
    season: int | None = None


class Provider(NamedTuple):
    """A source that can bring results of the league.

    fetchable: its site gives them, no file is needed. first, last: the seasons it covers (None: no known
    bound). needs: further arguments of an ingest of its files.
    """

    name: str
    fetchable: bool
    first: int | None = None
    last: int | None = None
    needs: tuple[str, ...] = ()

    def covers(self, seasons: Sequence[int]) -> bool:
        """Whether it can have something of every one of the seasons."""
        return all(
            (self.first is None or self.first <= season) and (self.last is None or season <= self.last)
            for season in seasons
        )


@dataclass(frozen=True)
class Picture:
    """The input of all findings.

    today: the day at the league's place. providers: those that name its teams first. long_pause: days.
    likely_team: of teams by their names, the one of which a name is most likely another spelling, if any is.
    """

    league: League
    facts: Facts
    schedules: Sequence[SeasonSchedule]
    measures: Sequence[CoverageMeasure]
    long_pause: int
    today: date
    providers: Sequence[Provider]
    likely_team: Callable[[str, Mapping[str, str]], str | None] = lambda _name, _teams: None

    def of_conflicts(self, conflicts: Sequence[ConflictCount]) -> Picture:
        """Return the picture with these contradictions alone."""
        return replace(self, facts=self.facts._replace(conflicts=conflicts))

    def ingest(self, *seasons: int, source: str | None = None) -> str:
        """Return the command that brings seasons, from `source` or the one that is best for them.

        A source that needs a file is named where no site can be reached. Where no source has all of the
        seasons, the command names those that one has, from the first on; where none has any, the list of
        sources.
        """
        able = [one for one in self.providers if one.covers(seasons)]
        if not able and len(seasons) > 1:
            return self.ingest(*seasons[:-1], source=source)
        named = [one for one in able if one.name == source]
        found = named or sorted(able, key=lambda one: self._order(one, seasons[0]))
        if not found:
            return LIST
        one = found[0]
        target = ["--league", self.league.code] if one.fetchable else [FILE, *one.needs]
        words = [word for season in seasons for word in ("--season", str(season))]
        return shlex.join(["sportsplat", "ingest", one.name, *target, *words])

    def begin(self) -> str:
        """Return the command that brings the last whole season or, where no source has it, a whole file."""
        season = self.league.last_season_begun(self.today)
        days = self.league.rules.season
        if days is None or self.today <= days.bounds(season)[1]:
            season -= 1
        if not any(one.covers([season]) for one in self.providers) and self.providers:
            one = self.providers[0]
            return shlex.join(["sportsplat", "ingest", one.name, FILE, *one.needs])
        return self.ingest(season)

    def is_fetchable(self, source: str) -> bool:
        """Whether the site of a source gives results of this league."""
        return any(one.fetchable for one in self.providers if one.name == source)

    def only_source(self, season: int) -> str | None:
        """Return the only source of a season; None where several sources have matches of it."""
        reported = {one.source for one in self.facts.sources if one.season == season}
        return reported.pop() if len(reported) == 1 else None

    def _order(self, one: Provider, season: int) -> tuple[bool, float, int]:
        """Sort by: a site that can be reached, then the distance of the nearest season, then most matches."""
        near = (
            (abs(reported.season - season), -reported.matches)
            for reported in self.facts.sources
            if reported.source == one.name
        )
        distance, matches = min(near, default=(inf, 0))
        return not one.fetchable, distance, matches


def matches_in_words(number: int) -> str:
    """Return "1 match", "1,200 matches"."""
    return f"{number:,} match{'' if number == 1 else 'es'}"
