"""The data quality report as one typed result, from which the table and the page are rendered."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sportsplat.quality.facts import ConflictTotal
from sportsplat.quality.findings import findings
from sportsplat.quality.picture import FILE, SEVERITIES, Picture
from sportsplat.results import Result

if TYPE_CHECKING:
    from sportsplat.quality.facts import ConflictCount, OddOffer, Pause, PriceCount, WaitingRows
    from sportsplat.quality.picture import QualityFinding
    from sportsplat.quality.seasons import SeasonSchedule


@dataclass(frozen=True)
class Coverage(Result):
    """Played matches of a season that have something, and their share of all played, None where none is."""

    matches: int
    share: float | None


@dataclass(frozen=True)
class SeasonQuality(Result):
    """One season; the first fields are those of `facts.SeasonCounts`.

    over: whether it has ended. expected: matches of its regular stage, None where not known, or about so many
    (`expected_is_about`); complete: the share of them that is stored, at most 1. sources: matches by source.
    coverage: by the key of the measure.
    """

    season: int
    final: int
    scheduled: int
    postponed: int
    cancelled: int
    regular: int
    regular_final: int
    minute: int
    first: date | None
    last: date | None
    last_result: date | None
    overdue: int
    label: str
    over: bool
    teams: int
    expected: int | None
    expected_is_about: bool | None
    complete: float | None
    longest_pause: Pause | None
    sources: Mapping[str, int]
    coverage: Mapping[str, Coverage]


@dataclass(frozen=True)
class ShownMeasure(Result):
    """Something that a match may have; `detail`: shown on the page only."""

    key: str
    label: str
    group: str
    detail: bool


@dataclass(frozen=True)
class IngestAge(Result):
    """When a source was last ingested."""

    source: str
    finished_at: datetime
    age_days: float


@dataclass(frozen=True)
class Freshness(Result):
    """How old what is stored is."""

    last_result: date | None
    last_result_age_days: int | None
    ingests: list[IngestAge]


@dataclass(frozen=True)
class QualityReport(Result):
    """What is stored of a league and what is missing; html: the page that was written."""

    league: str
    name: str
    moment: datetime
    seasons: list[SeasonQuality]
    measures: list[ShownMeasure]
    long_pause_days: int | None
    overrounds: list[PriceCount]
    odd_offers: list[OddOffer]
    conflicts: list[ConflictTotal]
    quarantine: list[WaitingRows]
    freshness: Freshness
    findings: list[QualityFinding]
    counts: Mapping[str, int]
    html: str | None = None


def report(picture: Picture, now: datetime, seasons: Sequence[int] = ()) -> QualityReport:
    """Return everything about the league, or about some of its seasons (none: all).

    Shares are 0 to 1 of a season's played matches, None where none is played. What concerns no season
    (quarantine, when a source was last ingested) is always included.
    """
    if seasons:
        chosen = [one for one in picture.facts.conflicts if one.season in seasons]
        picture = picture.of_conflicts(chosen)
    found = [one for one in findings(picture) if not seasons or one.season is None or one.season in seasons]
    facts = picture.facts
    return QualityReport(
        league=picture.league.code,
        name=picture.league.name,
        moment=now,
        seasons=[
            _season(one, picture) for one in picture.schedules if not seasons or one.counts.season in seasons
        ],
        measures=[ShownMeasure(one.key, one.label, one.group, one.detail) for one in picture.measures],
        long_pause_days=picture.long_pause,
        overrounds=[
            one
            for one in sorted(facts.prices, key=_price_order)
            if one.bookmaker is not None and (not seasons or one.season in seasons)
        ],
        odd_offers=[one for one in facts.odd_offers if not seasons or one.season in seasons],
        conflicts=conflict_totals(facts.conflicts),
        quarantine=list(facts.quarantine),
        freshness=_freshness(picture, now),
        findings=found,
        counts=_counts(found),
    )


def conflict_totals(counts: Sequence[ConflictCount]) -> list[ConflictTotal]:
    """Return contradictions by source, holder and field, the most frequent first."""
    totals: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in counts:
        totals[one.source, one.holder, one.field] += one.matches
    ordered = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    return [ConflictTotal(*named, matches) for named, matches in ordered]


def _season(schedule: SeasonSchedule, picture: Picture) -> SeasonQuality:
    counts, expected = schedule.counts, schedule.expected
    pauses = [pause for pause in picture.facts.pauses if pause.season == counts.season]
    return SeasonQuality(
        **counts._asdict(),
        label=schedule.label,
        over=schedule.over,
        teams=len(schedule.teams),
        expected=expected.matches if expected else None,
        expected_is_about=expected.about if expected else None,
        complete=min(1.0, counts.regular / expected.matches) if expected and expected.matches else None,
        longest_pause=max(pauses, key=lambda pause: pause.days, default=None),
        sources={
            reported.source: reported.matches
            for reported in picture.facts.sources
            if reported.season == counts.season
        },
        coverage={
            measure.key: _coverage(measure.counts.get(counts.season, 0), counts.final)
            for measure in picture.measures
        },
    )


def _coverage(matches: int, played: int) -> Coverage:
    return Coverage(matches, matches / played if played else None)


def _price_order(price: PriceCount) -> tuple[Any, ...]:
    return price.season, price.market, price.bookmaker or "", price.closing


def _freshness(picture: Picture, now: datetime) -> Freshness:
    results = [one.counts.last_result for one in picture.schedules if one.counts.last_result is not None]
    last = max(results, default=None)
    return Freshness(
        last_result=last,
        last_result_age_days=(picture.today - last).days if last is not None else None,
        ingests=[
            IngestAge(one.source, one.finished_at, (now - one.finished_at).total_seconds() / 86_400)
            for one in picture.facts.ingests
        ],
    )


def _counts(found: Sequence[QualityFinding]) -> dict[str, int]:
    return {name: sum(one.severity == name for one in found) for name in SEVERITIES}


def headline(data: QualityReport) -> list[str]:
    """Return what is stored, how fresh it is, and how much was found."""
    seasons = data.seasons
    if not seasons:
        return [f"No data for {data.name} is stored.", *placeholders(data.findings)]
    played = sum(season.final for season in seasons)
    span = seasons[0].label
    if len(seasons) > 1:
        span = f"{len(seasons)} seasons from {span} to {seasons[-1].label}"
    said = [f"{number(played, 'played match', 'played matches')} in {span}."]
    fresh = data.freshness
    if fresh.last_result is not None:
        days = fresh.last_result_age_days
        ago = number(days, "day") + " ago" if days else "today"
        said.append(f"The last result is from {fresh.last_result}, {ago}.")
    counts = data.counts
    said.append(
        f"Found: {number(counts['error'], 'error')}, {number(counts['warning'], 'warning')}, "
        f"{number(counts['info'], 'note')}."
    )
    return said + placeholders(data.findings)


def placeholders(findings: Sequence[QualityFinding]) -> list[str]:
    """Return what `FILE` is in the commands of findings, nothing where none has it."""
    if not any(FILE in shlex.split(one.next or "") for one in findings):
        return []
    return [f"{FILE} in a command is a file of that source on your disk: the site cannot be queried."]


def ingest_age(ingest: IngestAge) -> str:
    """Return how long ago a source was taken in: "3 h ago", "12 days ago"."""
    hours = int(ingest.age_days * 24)
    if hours < 1:
        return "less than an hour ago"
    return f"{hours} h ago" if hours < 48 else f"{hours // 24:,} days ago"


def number(count: int, noun: str, many: str | None = None) -> str:
    """Return "1 error", "2 errors"."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
