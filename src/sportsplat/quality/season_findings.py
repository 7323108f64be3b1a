"""What is missing of the seasons themselves: whole ones, matches, results, and what came lately."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sportsplat.quality.picture import ERROR, INFO, WARNING, Finding, Picture, matches_in_words
from sportsplat.quality.seasons import label

if TYPE_CHECKING:
    from sportsplat.quality.facts import TeamCount
    from sportsplat.quality.seasons import Schedule

FEW = 0.75
"""A team has few matches with less than this share of its season's median, and at least `FEW_LESS` less."""
FEW_LESS = 3
ALIKE = 0.75
"""How alike (0 to 1) two names are that may be spellings of one."""
MISSING_SHARE = 0.02
"""More missing matches than this share of a season are no accident."""
LATE_DAYS = 3
"""A result may come so many days after its match."""


def nothing(picture: Picture) -> Iterator[Finding]:
    """Say so when there is no match at all."""
    if not picture.schedules:
        yield Finding(ERROR, "no-matches", picture.league.code, "no match is stored", picture.begin())


def missing_seasons(picture: Picture) -> Iterator[Finding]:
    """Name seasons without a match between seasons with some."""
    stored = [schedule.counts.season for schedule in picture.schedules]
    for season in range(min(stored, default=0), max(stored, default=0)):
        if season not in stored:
            what = "no match of this season is stored, though seasons before and after it are"
            name = label(picture.league, season)
            yield Finding(ERROR, "missing-season", name, what, picture.ingest(season), season)


def season_sizes(picture: Picture) -> Iterator[Finding]:
    """Compare how many matches a season has with how many it should have."""
    for schedule in picture.schedules:
        counts, expected = schedule.counts, schedule.expected
        if expected is None:
            continue
        missing = expected.matches - counts.regular
        about = "about " if expected.about else ""
        told = f"{counts.regular:,} of {about}{expected.matches:,} matches are stored"
        command = picture.ingest(counts.season)
        if not schedule.over:
            if counts.regular_final < expected.matches:
                what = f"going on: {counts.regular_final:,} of {about}{expected.matches:,} matches are played"
                yield Finding(INFO, "season-going-on", schedule.label, what, command, counts.season)
        elif 0 < missing <= counts.cancelled:
            what = f"{told}: {matches_in_words(missing)} cancelled"
            yield Finding(INFO, "cancelled-matches", schedule.label, what, None, counts.season)
        elif missing > 0:
            many = missing > MISSING_SHARE * expected.matches
            severity = (WARNING if expected.about else ERROR) if many else INFO
            what = f"{told}: {missing:,} missing"
            yield Finding(severity, "incomplete-season", schedule.label, what, command, counts.season)
        elif missing < 0 and not expected.about:
            unplayed = counts.scheduled + counts.postponed
            why = (
                f"{matches_in_words(unplayed)} without a result among them"
                if unplayed
                else "as when one match is stored under two days or names"
            )
            what = f"{told}: {-missing:,} too many, {why}"
            command = f"sportsplat data conflicts {picture.league.code} --season {counts.season}"
            yield Finding(WARNING, "too-many-matches", schedule.label, what, command, counts.season)


def few_matches(picture: Picture) -> Iterator[Finding]:
    """Name teams with far fewer matches than the others, and names that are hardly teams of the season.

    Of a season whose teams rightly played different numbers only such names that are like a team's.
    """
    for schedule in picture.schedules:
        season = schedule.counts.season
        uneven = season in picture.league.uneven_seasons
        for team in schedule.strays:
            merge = _merge(picture, team, schedule)
            if uneven and merge is None:
                continue
            what = f"{team.team} has {matches_in_words(team.matches)}, the others {schedule.median:g}"
            what += f"; {team.source} tells of it"
            command = merge or picture.ingest(season)
            yield Finding(WARNING, "stray-team", schedule.label, what, command, season)
        few = [
            team
            for team in schedule.teams
            if team.matches < FEW * schedule.median and schedule.median - team.matches >= FEW_LESS
        ]
        if few and not uneven:
            told = ", ".join(f"{team.team} {team.matches}" for team in few)
            what = f"fewer matches than the others ({schedule.median:g}): {told}"
            yield Finding(WARNING, "few-matches", schedule.label, what, picture.ingest(season), season)


def _merge(picture: Picture, stray: TeamCount, schedule: Schedule) -> str | None:
    """Return the command that would join a stray with the team that has a name most like it.

    A declared team is one, few as its matches may be.
    """
    league = picture.league
    if stray.team in league.declared_teams:
        return None
    teams = {team.team: team.team for team in schedule.teams}
    spelt = {
        name: one.team
        for (_, name), meanings in league.spellings.items()
        for one in meanings
        if one.team in teams
    }
    names = {**spelt, **teams}
    near = get_close_matches(stray.team, names, n=1, cutoff=ALIKE)
    if not near:
        return None
    return shlex.join(["sportsplat", "teams", "merge", league.code, stray.team, names[near[0]]])


def long_pauses(picture: Picture) -> Iterator[Finding]:
    """Name stretches without a match that are out of the ordinary."""
    whole = {
        schedule.counts.season
        for schedule in picture.schedules
        if schedule.expected is not None and schedule.counts.regular >= schedule.expected.matches
    }
    for pause in picture.facts.pauses:
        if pause.days > picture.long_pause:
            is_whole = pause.season in whole
            ending = "; the season is whole, so nothing is missing" if is_whole else ""
            what = (
                f"no match for {pause.days} days, between {pause.since} and {pause.until} "
                f"(out of the ordinary from {picture.long_pause} days on){ending}"
            )
            severity = INFO if is_whole else WARNING
            command = None if is_whole else picture.ingest(pause.season)
            name = label(picture.league, pause.season)
            yield Finding(severity, "long-pause", name, what, command, pause.season)


def unplayed(picture: Picture) -> Iterator[Finding]:
    """Count fixtures without a result although their day is over, by source, and those put off."""
    for fixtures in picture.facts.unplayed:
        name = label(picture.league, fixtures.season)
        source = fixtures.source if picture.is_fetchable(fixtures.source) else None
        command = picture.ingest(fixtures.season, source=source)
        days = f"{fixtures.first}" + (f" to {fixtures.last}" if fixtures.last > fixtures.first else "")
        if fixtures.status == "postponed":
            what = (
                f"{matches_in_words(fixtures.matches)} put off without a new day, {fixtures.source}: {days}"
            )
            yield Finding(INFO, "postponed", name, what, command, fixtures.season)
            continue
        late = (picture.today - fixtures.first).days > LATE_DAYS
        what = f"{matches_in_words(fixtures.matches)} without a result though the day is over, "
        what += f"{fixtures.source}: {days}"
        severity = ERROR if late else WARNING
        yield Finding(severity, "unplayed-past-fixture", name, what, command, fixtures.season)


def freshness(picture: Picture) -> Iterator[Finding]:
    """Say when results stopped coming, and which seasons have begun since."""
    if not picture.schedules:
        return
    latest = picture.schedules[-1]
    season, days = latest.counts.season, picture.league.rules.season
    last = latest.counts.last_result
    if last is None:
        return
    age = (picture.today - last).days
    told = f"the last result is of {last}, {age:,} days ago"
    if not latest.over:
        unplayed = latest.expected is None or latest.counts.regular_final < latest.expected.matches
        if unplayed and age > picture.long_pause:
            command = picture.ingest(season)
            yield Finding(WARNING, "stale", latest.label, f"{told}; the season goes on", command, season)
        return
    later = [season + 1]
    while days is not None and days.bounds(later[-1] + 1)[0] <= picture.today:
        later.append(later[-1] + 1)
    if days is not None and days.bounds(later[0])[0] > picture.today:
        return
    names = label(picture.league, later[0])
    if len(later) > 1:
        names += f" to {label(picture.league, later[-1])}"
    what = f"{told}; nothing is stored of {names}"
    yield Finding(WARNING, "stale", latest.label, what, picture.ingest(*later), season)
