"""The state of a league's data as one JSON-able object, from which the table and the page are drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sportsplat.domain import JsonObject
from sportsplat.quality.findings import findings
from sportsplat.quality.picture import SEVERITIES, Picture

if TYPE_CHECKING:
    from sportsplat.quality.facts import ConflictCount, PriceCount
    from sportsplat.quality.picture import Finding
    from sportsplat.quality.seasons import Schedule


def report(picture: Picture, now: datetime, seasons: Sequence[int] = ()) -> JsonObject:
    """Return everything about the league, or about some of its seasons (none: all).

    Shares are 0 to 1 of a season's played matches, None where none is played. What concerns no season
    (quarantine, when a source was last ingested) is told in any case.
    """
    if seasons:
        chosen = [one for one in picture.facts.conflicts if one.season in seasons]
        picture = picture.of_conflicts(chosen)
    found = [one for one in findings(picture) if not seasons or one.season is None or one.season in seasons]
    facts = picture.facts
    return {
        "league": picture.league.code,
        "name": picture.league.name,
        "moment": now,
        "seasons": [
            _season(one, picture) for one in picture.schedules if not seasons or one.counts.season in seasons
        ],
        "measures": [
            {"key": one.key, "label": one.label, "group": one.group, "detail": one.detail}
            for one in picture.measures
        ],
        "long_pause_days": picture.long_pause,
        "overrounds": [
            one._asdict()
            for one in sorted(facts.prices, key=_price_order)
            if one.bookmaker is not None and (not seasons or one.season in seasons)
        ],
        "odd_offers": [one._asdict() for one in facts.odd_offers if not seasons or one.season in seasons],
        "conflicts": conflict_totals(facts.conflicts),
        "quarantine": [one._asdict() for one in facts.quarantine],
        "freshness": _freshness(picture, now),
        "findings": [one._asdict() for one in found],
        "counts": _counts(found),
    }


def conflict_totals(counts: Sequence[ConflictCount]) -> list[JsonObject]:
    """Return contradictions by source, holder and field, the most frequent first."""
    totals: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in counts:
        totals[one.source, one.holder, one.field] += one.matches
    ordered = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    return [
        {"source": source, "holder": holder, "field": field, "matches": matches}
        for (source, holder, field), matches in ordered
    ]


def _season(schedule: Schedule, picture: Picture) -> JsonObject:
    counts, expected = schedule.counts, schedule.expected
    pauses = [pause for pause in picture.facts.pauses if pause.season == counts.season]
    longest = max(pauses, key=lambda pause: pause.days, default=None)
    return {
        **counts._asdict(),
        "label": schedule.label,
        "over": schedule.over,
        "teams": len(schedule.teams),
        "expected": expected.matches if expected else None,
        "expected_is_about": expected.about if expected else None,
        "complete": min(1.0, counts.regular / expected.matches) if expected and expected.matches else None,
        "longest_pause": longest._asdict() if longest else None,
        "sources": {
            told.source: told.matches for told in picture.facts.sources if told.season == counts.season
        },
        "coverage": {
            measure.key: {
                "matches": measure.counts.get(counts.season, 0),
                "share": measure.counts.get(counts.season, 0) / counts.final if counts.final else None,
            }
            for measure in picture.measures
        },
    }


def _price_order(price: PriceCount) -> tuple[Any, ...]:
    return price.season, price.market, price.bookmaker or "", price.closing


def _freshness(picture: Picture, now: datetime) -> JsonObject:
    results = [one.counts.last_result for one in picture.schedules if one.counts.last_result is not None]
    last = max(results, default=None)
    return {
        "last_result": last,
        "last_result_age_days": (picture.today - last).days if last is not None else None,
        "ingests": [
            {
                "source": one.source,
                "finished_at": one.finished_at,
                "age_days": (now - one.finished_at).total_seconds() / 86_400,
            }
            for one in picture.facts.ingests
        ],
    }


def _counts(found: Sequence[Finding]) -> dict[str, int]:
    return {name: sum(one.severity == name for one in found) for name in SEVERITIES}
