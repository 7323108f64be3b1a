"""Expected number of matches of a season, and how long a pause may last, where either can be derived."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sportsplat.leagues.league import League
    from sportsplat.quality.facts import Facts, Pause, SeasonCounts, TeamCount

STRAY = 0.25
"""A team with at most this share of its season's median number of matches is not counted among its teams."""
OVER_AFTER = timedelta(days=90)
"""A season without declared days is over when its last match is that long past."""
SHORTEST_LONG_PAUSE = 14
PAUSES_USUAL = 3


class ExpectedMatches(NamedTuple):
    """How many matches the regular stage of a season should have; `about`: teams or their matches vary."""

    matches: int
    about: bool


class SeasonSchedule(NamedTuple):
    """One season against what it should be.

    teams: those that play it (strays left out), median: of their matches, expected: None where no number of
    matches can be.
    """

    counts: SeasonCounts
    label: str
    teams: Sequence[TeamCount]
    strays: Sequence[TeamCount]
    median: float
    expected: ExpectedMatches | None
    over: bool


def schedules(league: League, facts: Facts, today: date) -> list[SeasonSchedule]:
    """Return the seasons in order, each with its teams and how many matches it should have."""
    by_season: dict[int, list[TeamCount]] = defaultdict(list)
    for team in facts.teams:
        by_season[team.season].append(team)
    split = {season: _strays(teams) for season, teams in by_season.items()}
    usual = _usual([len(teams) for teams, _ in split.values()])
    latest = max((counts.season for counts in facts.seasons), default=0)
    found = []
    for counts in facts.seasons:
        teams, strays = split.get(counts.season, ([], []))
        over = counts.season < latest or _is_over(league, counts, today)
        played = [team.matches for team in teams]
        countable = played and counts.season not in league.uneven_seasons
        found.append(
            SeasonSchedule(
                counts,
                season_label(league, counts.season),
                teams,
                strays,
                median(played) if played else 0.0,
                expected(played, league.season_matches, usual, over=over) if countable else None,
                over,
            )
        )
    return found


def expected(played: Sequence[int], season_matches: int, usual_teams: int, *, over: bool) -> ExpectedMatches:
    """Return how many matches teams should play that have `played` so many each.

    In a double round robin it follows from the number of teams. Elsewhere it is `season_matches`, unless all
    teams of a season that is over played equally many, at least half of that: seasons were shorter once, or
    cut by a strike.
    """
    teams = len(played)
    if season_matches == 2 * (usual_teams - 1):
        return ExpectedMatches(teams * (teams - 1), about=False)
    if over and len(set(played)) == 1 and 2 * played[0] >= season_matches:
        return ExpectedMatches(teams * played[0] // 2, about=False)
    usual = _usual(played)
    return ExpectedMatches(teams * season_matches // 2, about=teams != usual_teams or usual != season_matches)


def longest_usual_pause(pauses: Sequence[Pause]) -> int:
    """Return after how many days without a match a pause is out of the ordinary.

    That is three times the usual second longest pause of a season: its longest may be the one that is asked
    about.
    """
    by_season: dict[int, list[int]] = defaultdict(list)
    for pause in pauses:
        by_season[pause.season].append(pause.days)
    seconds = [sorted(days)[-2] for days in by_season.values() if len(days) > 1]
    return max(SHORTEST_LONG_PAUSE, round(PAUSES_USUAL * median(seconds))) if seconds else SHORTEST_LONG_PAUSE


def season_label(league: League, season: int) -> str:
    """Return a season's name: 2019/20 where it ends in the next year, else 2019."""
    days = league.rules.season
    two = days is not None and days.has_two_years(season)
    return f"{season}/{(season + 1) % 100:02d}" if two else str(season)


def _strays(teams: Sequence[TeamCount]) -> tuple[list[TeamCount], list[TeamCount]]:
    least = STRAY * median(team.matches for team in teams)
    return [team for team in teams if team.matches > least], [team for team in teams if team.matches <= least]


def _usual(numbers: Sequence[int]) -> int:
    """Return the most frequent number, of equally frequent ones the largest; 0 of none."""
    return max(Counter(numbers).items(), key=lambda item: (item[1], item[0]))[0] if numbers else 0


def _is_over(league: League, counts: SeasonCounts, today: date) -> bool:
    if league.rules.season is not None:
        return today > league.rules.season.bounds(counts.season)[1]
    return counts.last is None or today > counts.last + OVER_AFTER
