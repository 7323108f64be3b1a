"""What is wrong with single facts: contradictions, rows that wait, prices that cannot be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sportsplat.quality.picture import ERROR, INFO, WARNING, Finding, Picture, matches_in_words
from sportsplat.quality.seasons import label

if TYPE_CHECKING:
    from sportsplat.quality.facts import OddOffer, PriceCount


def conflicts(picture: Picture) -> Iterator[Finding]:
    """Count contradictions by field and pair of sources."""
    totals: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for one in picture.facts.conflicts:
        totals.setdefault((one.field, one.source, one.holder), []).append((one.season, one.matches))
    for (field, source, holder), by_season in sorted(totals.items()):
        number = sum(matches for _, matches in by_season)
        severity = WARNING if field in ("score", "result") else INFO
        what = f"{source} says another {field} than {holder}, whose word holds, of {matches_in_words(number)}"
        seasons = [season for season, _ in by_season]
        command = f"sportsplat data conflicts {picture.league.code} --field {field}"
        where = label(picture.league, seasons[0])
        if len(seasons) > 1:
            where += f" to {label(picture.league, seasons[-1])}"
        season = seasons[0] if len(seasons) == 1 else None
        yield Finding(severity, "conflict", where, what, command, season)


def quarantine(picture: Picture) -> Iterator[Finding]:
    """Count what waits in quarantine by reason; a name that nobody knows has its command."""
    for waiting in picture.facts.quarantine:
        rows = f"{waiting.rows:,} row{'' if waiting.rows == 1 else 's'}"
        verb = "waits" if waiting.rows == 1 else "wait"
        what = f"{rows} {verb} in quarantine, {waiting.code}: {waiting.example}"
        if waiting.command:
            what = what.removesuffix(waiting.command).rstrip()
        severity = ERROR if waiting.code == "unknown-team" else WARNING
        command = waiting.command or f"sportsplat quarantine list --source {waiting.source}"
        yield Finding(severity, "quarantine", waiting.source, what, command)


def overrounds(picture: Picture) -> Iterator[Finding]:
    """Name offers whose margin the rules forbid, or that is unlike that of their bookmaker and season."""
    low, high = picture.league.rules.overround
    command = f"sportsplat data quality {picture.league.code} --json"
    for price in picture.facts.prices:
        if price.outside:
            what = f"{price.outside:,} offers of {_kind(price)} have an overround outside {low:g} to {high:g}"
            where = label(picture.league, price.season)
            yield Finding(ERROR, "impossible-overround", where, what, command, price.season)
    by_season: dict[int, list[OddOffer]] = defaultdict(list)
    for odd in picture.facts.odd_offers:
        by_season[odd.season].append(odd)
    for season, offers in by_season.items():
        worst = max(offers, key=lambda odd: abs(odd.overround - odd.usual))
        many = f"{len(offers)} offers are" if len(offers) > 1 else "one offer is"
        what = (
            f"{many} unlike others of the kind: {worst.home} - {worst.away} on {worst.match_date}, "
            f"{_kind(worst)}, sums to {worst.overround:.3f}, usually {worst.usual:.3f}"
        )
        where = label(picture.league, season)
        yield Finding(WARNING, "odd-overround", where, what, f"{command} --season {season}", season)


def _kind(price: PriceCount | OddOffer) -> str:
    return f"{price.bookmaker} {price.market} {'closing' if price.closing else 'pre-match'}"
