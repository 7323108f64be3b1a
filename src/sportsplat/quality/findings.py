"""Findings about the stored data, each with the next command."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from sportsplat.quality.picture import (
    ERROR,
    INFO,
    SEVERITIES,
    WARNING,
    Picture,
    QualityFinding,
    matches_in_words,
)
from sportsplat.quality.seasons import season_label
from sportsplat.quality.source_findings import conflicts, coverage, overrounds, quarantine

if TYPE_CHECKING:
    from sportsplat.quality.facts import (
        RepeatedPairing,
        TeamCount,
    )
    from sportsplat.quality.seasons import SeasonSchedule


FEW = 0.75
"""A team has few matches with less than this share of its season's median, and at least `FEW_LESS` less."""
FEW_LESS = 3
MANY = 8
"""Matches of the others after which a team with hardly any is none of a season that goes on."""
TIMES = {1: "once", 2: "twice"}
MISSING_SHARE = 0.02
"""More missing matches than this share of a season are no accident."""
LATE_DAYS = 3
"""A result may come so many days after its match."""


def nothing(picture: Picture) -> Iterator[QualityFinding]:
    """Say so when there is no match at all."""
    if not picture.schedules:
        yield QualityFinding(ERROR, "no-matches", picture.league.code, "no match is stored", picture.begin())


def missing_seasons(picture: Picture) -> Iterator[QualityFinding]:
    """Name seasons without a match between seasons with some."""
    stored = [schedule.counts.season for schedule in picture.schedules]
    for season in range(min(stored, default=0), max(stored, default=0)):
        if season not in stored:
            what = "no match of this season is stored, although earlier and later seasons are"
            name = season_label(picture.league, season)
            yield QualityFinding(ERROR, "missing-season", name, what, picture.ingest(season), season)


def season_sizes(picture: Picture) -> Iterator[QualityFinding]:
    """Compare how many matches a season has with how many it should have."""
    for schedule in picture.schedules:
        counts, expected = schedule.counts, schedule.expected
        if expected is None:
            continue
        missing = expected.matches - counts.regular
        about = "about " if expected.about else ""
        detail = f"{counts.regular:,} of {about}{expected.matches:,} matches are stored"
        command = picture.ingest(counts.season)
        if not schedule.over:
            if counts.regular_final < expected.matches:
                what = (
                    f"in progress: {counts.regular_final:,} of {about}{expected.matches:,} matches are played"
                )
                yield QualityFinding(INFO, "season-going-on", schedule.label, what, command, counts.season)
        elif 0 < missing <= counts.cancelled:
            what = f"{detail}: {matches_in_words(missing)} cancelled"
            yield QualityFinding(INFO, "cancelled-matches", schedule.label, what, None, counts.season)
        elif missing > 0:
            many = missing > MISSING_SHARE * expected.matches
            severity = (WARNING if expected.about else ERROR) if many else INFO
            what = f"{detail}: {missing:,} missing"
            yield QualityFinding(severity, "incomplete-season", schedule.label, what, command, counts.season)
        elif missing < 0 and not expected.about:
            unplayed = counts.scheduled + counts.postponed
            why = (
                f"{matches_in_words(unplayed)} without a result among them"
                if unplayed
                else "as when one match is stored under two dates or names"
            )
            what = f"{detail}: {-missing:,} too many, {why}"
            wrong = picture.league.meetings is not None and counts.regular_final > expected.matches
            severity = ERROR if wrong else WARNING
            command = f"sportsplat data conflicts {picture.league.code} --season {counts.season}"
            command = _runs(picture) if wrong else command
            yield QualityFinding(severity, "too-many-matches", schedule.label, what, command, counts.season)


def repeated_pairs(picture: Picture) -> Iterator[QualityFinding]:
    """Report pairs that met more often at the same ground than the league's format allows."""
    by_season: dict[int, list[RepeatedPairing]] = defaultdict(list)
    for pair in picture.facts.repeated:
        if pair.season not in picture.league.uneven_seasons:
            by_season[pair.season].append(pair)
    for season, pairs in by_season.items():
        at_home = (picture.league.meetings or 0) // 2
        many = "1 pair was" if len(pairs) == 1 else f"{len(pairs):,} pairs were"
        days = " and ".join(map(str, pairs[0].days))
        what = (
            f"{many} at the same ground more than {TIMES.get(at_home, f'{at_home} times')}, which no pair "
            f"plays in one season: {pairs[0].home} - {pairs[0].away} on {days}"
        )
        where = season_label(picture.league, season)
        yield QualityFinding(ERROR, "repeated-pair", where, what, _runs(picture), season)


def early_results(picture: Picture) -> Iterator[QualityFinding]:
    """Report seasons with a result dated in the future."""
    for schedule in picture.schedules:
        last, season = schedule.counts.last_result, schedule.counts.season
        if last is not None and (last - picture.today).days > 1:
            what = f"a result of {last} is stored, but that day is in the future"
            yield QualityFinding(ERROR, "result-before-play", schedule.label, what, _runs(picture), season)


def _runs(picture: Picture) -> str:
    """Return the command that lists what was ingested, any of which can be undone."""
    return f"sportsplat runs list --league {picture.league.code}"


def few_matches(picture: Picture) -> Iterator[QualityFinding]:
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
            what += f"; it comes from {team.source}"
            settled = schedule.over or schedule.median >= MANY
            severity = ERROR if picture.league.meetings is not None and settled else WARNING
            command = merge or picture.ingest(season)
            yield QualityFinding(severity, "stray-team", schedule.label, what, command, season)
        few = [
            team
            for team in schedule.teams
            if team.matches < FEW * schedule.median and schedule.median - team.matches >= FEW_LESS
        ]
        if few and not uneven:
            detail = ", ".join(f"{team.team} {team.matches}" for team in few)
            what = f"fewer matches than the others ({schedule.median:g}): {detail}"
            yield QualityFinding(WARNING, "few-matches", schedule.label, what, picture.ingest(season), season)


def _merge(picture: Picture, stray: TeamCount, schedule: SeasonSchedule) -> str | None:
    """Return the command that would join a stray with the team that has a name most like it.

    A declared team is one, few as its matches may be.
    """
    league = picture.league
    if stray.team in league.declared_teams:
        return None
    teams = {team.team: team.team for team in schedule.teams}
    spelt = {
        one.name: one.team for meanings in league.spellings.values() for one in meanings if one.team in teams
    }
    meant = picture.likely_team(stray.team, {**spelt, **teams})
    return meant and shlex.join(["sportsplat", "teams", "merge", league.code, stray.team, meant])


def long_pauses(picture: Picture) -> Iterator[QualityFinding]:
    """Report unusually long stretches without a match."""
    whole = {
        schedule.counts.season
        for schedule in picture.schedules
        if schedule.expected is not None and schedule.counts.regular >= schedule.expected.matches
    }
    for pause in picture.facts.pauses:
        if pause.days > picture.long_pause:
            is_whole = pause.season in whole
            ending = "; the season is complete, so nothing is missing" if is_whole else ""
            what = (
                f"no match for {pause.days} days, between {pause.since} and {pause.until} "
                f"(unusual from {picture.long_pause} days){ending}"
            )
            severity = INFO if is_whole else WARNING
            command = None if is_whole else picture.ingest(pause.season)
            name = season_label(picture.league, pause.season)
            yield QualityFinding(severity, "long-pause", name, what, command, pause.season)


def unplayed(picture: Picture) -> Iterator[QualityFinding]:
    """Count fixtures without a result although their day is over, by source, and those put off."""
    for fixtures in picture.facts.unplayed:
        name = season_label(picture.league, fixtures.season)
        source = fixtures.source if picture.is_fetchable(fixtures.source) else None
        command = picture.ingest(fixtures.season, source=source)
        days = f"{fixtures.first}" + (f" to {fixtures.last}" if fixtures.last > fixtures.first else "")
        if fixtures.status == "postponed":
            what = (
                f"{matches_in_words(fixtures.matches)} postponed without a new date, {fixtures.source}: "
                f"{days}"
            )
            yield QualityFinding(INFO, "postponed", name, what, command, fixtures.season)
            continue
        late = (picture.today - fixtures.first).days > LATE_DAYS
        what = f"{matches_in_words(fixtures.matches)} without a result although the day is over, "
        what += f"{fixtures.source}: {days}"
        severity = ERROR if late else WARNING
        yield QualityFinding(severity, "unplayed-past-fixture", name, what, command, fixtures.season)


def freshness(picture: Picture) -> Iterator[QualityFinding]:
    """Say when results stopped coming, and which seasons have begun since."""
    if not picture.schedules:
        return
    latest = picture.schedules[-1]
    season, days = latest.counts.season, picture.league.rules.season
    last = latest.counts.last_result
    if last is None:
        return
    age = (picture.today - last).days
    detail = f"the last result is from {last}, {age:,} days ago"
    if not latest.over:
        unplayed = latest.expected is None or latest.counts.regular_final < latest.expected.matches
        if unplayed and age > picture.long_pause:
            command = picture.ingest(season)
            yield QualityFinding(
                WARNING, "stale", latest.label, f"{detail}; the season is still running", command, season
            )
        return
    later = [season + 1]
    while days is not None and days.bounds(later[-1] + 1)[0] <= picture.today:
        later.append(later[-1] + 1)
    if days is not None and days.bounds(later[0])[0] > picture.today:
        return
    names = season_label(picture.league, later[0])
    if len(later) > 1:
        names += f" to {season_label(picture.league, later[-1])}"
    what = f"{detail}; nothing is stored of {names}"
    yield QualityFinding(WARNING, "stale", latest.label, what, picture.ingest(*later), season)


LOOKS: Sequence[Callable[[Picture], Iterator[QualityFinding]]] = (
    nothing,
    missing_seasons,
    early_results,
    repeated_pairs,
    season_sizes,
    few_matches,
    long_pauses,
    unplayed,
    quarantine,
    conflicts,
    overrounds,
    freshness,
    coverage,
)


IMPOSSIBLE = (
    early_results,
    repeated_pairs,
    season_sizes,
    few_matches,
)
IMPOSSIBLE_CODES = ("result-before-play", "repeated-pair", "too-many-matches", "stray-team")


def impossible(picture: Picture) -> list[QualityFinding]:
    """Return findings which show that some stored matches are wrong."""
    found = [finding for look in IMPOSSIBLE for finding in look(picture)]
    return [one for one in found if one.severity == ERROR and one.code in IMPOSSIBLE_CODES]


def findings(picture: Picture) -> list[QualityFinding]:
    """Return everything found, errors first."""
    found = [finding for look in LOOKS for finding in look(picture)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
