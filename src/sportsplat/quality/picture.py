"""What findings are made of, and what one is."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sportsplat.leagues import League
    from sportsplat.quality.coverage import Measure
    from sportsplat.quality.facts import ConflictCount, Facts, SourceCount
    from sportsplat.quality.seasons import Schedule

ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = (ERROR, WARNING, INFO)


class Finding(NamedTuple):
    """One thing found. season: None where it concerns none; next: a command."""

    severity: str
    code: str
    where: str
    what: str
    next: str | None
    season: int | None = None


@dataclass(frozen=True)
class Picture:
    """Everything that findings are made of.

    today: the day at the league's place. fetchable: sources that need no file. serving: sources that can
    bring its results, those that name its teams first. long_pause: days.
    """

    league: League
    facts: Facts
    schedules: Sequence[Schedule]
    measures: Sequence[Measure]
    long_pause: int
    today: date
    fetchable: frozenset[str]
    serving: Sequence[str]

    def of_conflicts(self, conflicts: Sequence[ConflictCount]) -> Picture:
        """Return the picture with these contradictions alone."""
        return replace(self, facts=self.facts._replace(conflicts=conflicts))

    def ingest(self, *seasons: int, source: str | None = None) -> str:
        """Return the command that brings seasons, from the source that tells of them or of the nearest."""
        name = source or self._source_near(seasons[0])
        target = ["--league", self.league.code] if name in self.fetchable else ["FILE"]
        words = [word for season in seasons for word in ("--season", str(season))]
        return shlex.join(["sportsplat", "ingest", name, *target, *words])

    def only_source(self, season: int) -> str | None:
        """Return the source of a season that one alone tells of; of several nobody knows which lacks what."""
        told = {one.source for one in self.facts.sources if one.season == season}
        return told.pop() if len(told) == 1 else None

    def _source_near(self, season: int) -> str:
        def distance(told: SourceCount) -> tuple[int, bool, int, str]:
            return abs(told.season - season), told.source not in self.fetchable, -told.matches, told.source

        known = [told for told in self.facts.sources if told.source in self.serving] or self.facts.sources
        return min(known, key=distance).source if known else next(iter(self.serving), "SOURCE")


def matches_in_words(number: int) -> str:
    """Return "1 match", "1,200 matches"."""
    return f"{number:,} match{'' if number == 1 else 'es'}"
