"""Findings about the stored data, each with the next command."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import inf
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from sportsplat.quality.coverage import share_in_words
from sportsplat.quality.seasons import season_label

if TYPE_CHECKING:
    from sportsplat.leagues.league import League
    from sportsplat.quality.coverage import CoverageMeasure
    from sportsplat.quality.facts import (
        ConflictCount,
        Facts,
        OddOffer,
        PriceCount,
        RepeatedPairing,
        TeamCount,
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

    def tells_of(self, seasons: Sequence[int]) -> bool:
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
        able = [one for one in self.providers if one.tells_of(seasons)]
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
        if not any(one.tells_of([season]) for one in self.providers) and self.providers:
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
        """Put first whose site serves; then who is stored of the season or near it; then who has most."""
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


USUAL, THIN = 0.5, 0.9
"""A kind of fact is there from the first to the last season with the one share of it; less in between than
the other of what is usual there is a gap. (A ninth inning of both teams is played in every other match.)"""


def coverage(picture: Picture) -> Iterator[QualityFinding]:
    """Say what is never stored of a group, since and until when the rest is, and its gaps by season."""
    played = {one.counts.season: one.counts.final for one in picture.schedules if one.counts.final}
    never: dict[str, list[str]] = defaultdict(list)
    since: dict[int, list[str]] = defaultdict(list)
    until: dict[int, list[str]] = defaultdict(list)
    thin: dict[int, list[str]] = defaultdict(list)
    for measure in picture.measures:
        shares = {season: measure.counts.get(season, 0) / number for season, number in played.items()}
        usual = [season for season, share in shares.items() if share >= USUAL]
        if not measure.stored:
            never[measure.group].append(measure.label)
        if not usual:
            continue
        if usual[0] > min(played):
            since[usual[0]].append(measure.label)
        if usual[-1] < max(played):
            until[usual[-1]].append(measure.label)
        least = THIN * median(shares[season] for season in usual)
        for season, share in shares.items():
            if usual[0] <= season <= usual[-1] and share < least:
                thin[season].append(f"{measure.label} {share_in_words(share)}%")
    if played:
        yield from _thin(picture, thin)
        yield from _bounds(picture, since, until)
        for group, names in never.items():
            what = f"nothing is stored of {', '.join(names)}"
            yield QualityFinding(INFO, "not-stored", group, what, LIST)


def _thin(picture: Picture, thin: dict[int, list[str]]) -> Iterator[QualityFinding]:
    for season, names in sorted(thin.items()):
        what = f"less than in the seasons around it: {', '.join(names)}"
        only = picture.only_source(season)
        brings = any(one.name == only for one in picture.providers)
        command = picture.ingest(season, source=only) if brings else LIST
        yield QualityFinding(
            WARNING, "coverage-gap", season_label(picture.league, season), what, command, season
        )


def _bounds(
    picture: Picture, since: dict[int, list[str]], until: dict[int, list[str]]
) -> Iterator[QualityFinding]:
    for season, names in sorted(since.items()):
        yield _bound(picture, season, "begins", names)
    for season, names in sorted(until.items()):
        yield _bound(picture, season, "ends", names)


def _bound(picture: Picture, season: int, verb: str, names: Sequence[str]) -> QualityFinding:
    what = f"{verb} here: {', '.join(names)}"
    name = season_label(picture.league, season)
    return QualityFinding(INFO, f"coverage-{verb}", name, what, LIST, season)


def conflicts(picture: Picture) -> Iterator[QualityFinding]:
    """Count contradictions by field and pair of sources."""
    totals: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for one in picture.facts.conflicts:
        totals.setdefault((one.field, one.source, one.holder), []).append((one.season, one.matches))
    for (field, source, holder), by_season in sorted(totals.items()):
        number = sum(matches for _, matches in by_season)
        severity = WARNING if field in ("score", "result") else INFO
        what = (
            f"{source} has a different {field} from {holder} (the value in use) for "
            f"{matches_in_words(number)}"
        )
        seasons = [season for season, _ in by_season]
        command = f"sportsplat data conflicts {picture.league.code} --field {field}"
        where = season_label(picture.league, seasons[0])
        if len(seasons) > 1:
            where += f" to {season_label(picture.league, seasons[-1])}"
        season = seasons[0] if len(seasons) == 1 else None
        yield QualityFinding(severity, "conflict", where, what, command, season)


def quarantine(picture: Picture) -> Iterator[QualityFinding]:
    """Count quarantined rows by reason; an unknown name has the command that resolves it."""
    for waiting in picture.facts.quarantine:
        rows = f"{waiting.rows:,} row{'' if waiting.rows == 1 else 's'}"
        what = f"{rows} in quarantine, {waiting.code}: {waiting.example}"
        if waiting.command:
            what = what.removesuffix(waiting.command).rstrip()
        severity = ERROR if waiting.code == "unknown-team" else WARNING
        command = waiting.command or f"sportsplat quarantine list --source {waiting.source}"
        yield QualityFinding(severity, "quarantine", waiting.source, what, command)


def overrounds(picture: Picture) -> Iterator[QualityFinding]:
    """Name offers whose margin the rules forbid, or that is unlike that of their bookmaker and season."""
    low, high = picture.league.rules.overround
    command = f"sportsplat data quality {picture.league.code} --json"
    for price in picture.facts.prices:
        if price.outside:
            what = f"{price.outside:,} offers of {_kind(price)} have an overround outside {low:g} to {high:g}"
            where = season_label(picture.league, price.season)
            yield QualityFinding(ERROR, "impossible-overround", where, what, command, price.season)
    by_season: dict[int, list[OddOffer]] = defaultdict(list)
    for odd in picture.facts.odd_offers:
        by_season[odd.season].append(odd)
    for season, offers in by_season.items():
        worst = max(offers, key=lambda odd: abs(odd.overround - odd.usual))
        many = f"{len(offers)} offers have" if len(offers) > 1 else "one offer has"
        what = (
            f"{many} an unusual overround: {worst.home} - {worst.away} on {worst.match_date}, "
            f"{_kind(worst)}: {worst.overround:.3f}, usually {worst.usual:.3f}"
        )
        where = season_label(picture.league, season)
        yield QualityFinding(WARNING, "odd-overround", where, what, f"{command} --season {season}", season)


def _kind(price: PriceCount | OddOffer) -> str:
    return f"{price.bookmaker} {price.market} {'closing' if price.closing else 'pre-match'}"


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
                what = f"going on: {counts.regular_final:,} of {about}{expected.matches:,} matches are played"
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
