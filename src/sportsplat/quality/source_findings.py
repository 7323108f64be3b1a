"""Findings about sources: gaps in their coverage, contradictions, quarantined rows and unusual prices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING

from sportsplat.quality.coverage import share_in_words
from sportsplat.quality.picture import (
    ERROR,
    INFO,
    LIST,
    WARNING,
    Picture,
    QualityFinding,
    matches_in_words,
)
from sportsplat.quality.seasons import season_label

if TYPE_CHECKING:
    from sportsplat.quality.facts import (
        OddOffer,
        PriceCount,
    )

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
            what = f"nothing stored: {', '.join(names)}"
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
