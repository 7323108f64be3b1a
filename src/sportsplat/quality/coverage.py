"""Coverage: the number of played matches with each kind of data, by season."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sportsplat.quality.facts import ALL_STATS, BOX

if TYPE_CHECKING:
    from sportsplat.leagues.league import League
    from sportsplat.quality.facts import Facts


START, BOXES, PRICES, FORECASTS, DETAILS = "start", "box scores", "prices", "forecasts", "details"
RESULT = "result"


class CoverageMeasure(NamedTuple):
    """One kind of fact: `counts` has the number of played matches with it, by season.

    detail: what a narrow table leaves out, such as one stat of many.
    """

    key: str
    label: str
    group: str
    counts: Mapping[int, int]
    detail: bool = False

    @property
    def stored(self) -> bool:
        """Whether there is any of it."""
        return any(self.counts.values())


def measures(league: League, facts: Facts) -> list[CoverageMeasure]:
    """Return every measure of a league: what is declared for it, and what is stored besides."""
    return [
        CoverageMeasure(
            "kickoff_minute",
            "kick-off to the minute",
            START,
            {counts.season: counts.minute for counts in facts.seasons},
        ),
        *_boxes(league, facts),
        *_prices(league, facts),
        *_forecasts(facts),
        CoverageMeasure("details", "details", DETAILS, facts.details),
    ]


def _boxes(league: League, facts: Facts) -> list[CoverageMeasure]:
    def counts(name: str) -> dict[int, int]:
        return {season: found.get(name, 0) for season, found in facts.box_scores.items()}

    declared = (*league.stats, *league.stored_stats)
    if not declared and not facts.box_scores:
        return []
    found = [CoverageMeasure("box_score", "any box score", BOXES, counts(BOX))]
    if league.stats:
        found.append(CoverageMeasure("all_stats", "all stats of features", BOXES, counts(ALL_STATS)))
    return found + [
        CoverageMeasure(f"stat:{name}", name.replace("_", " "), BOXES, counts(name), detail=True)
        for name in declared
    ]


def _prices(league: League, facts: Facts) -> list[CoverageMeasure]:
    def counts(bookmaker: str | None, closing: bool, market: str = RESULT) -> dict[int, int]:
        return {
            price.season: price.matches
            for price in facts.prices
            if (price.bookmaker, price.closing, price.market) == (bookmaker, closing, market)
        }

    found = []
    for ref in dict.fromkeys((*league.prices.entry, *league.prices.benchmark)):
        key = f"price:{ref.bookmaker}:{_when(ref.closing)}"
        found.append(CoverageMeasure(key, str(ref), PRICES, counts(ref.bookmaker, ref.closing)))
    for closing in (False, True):
        key, label = f"price:any:{_when(closing)}", f"any {_when(closing)}"
        found.append(CoverageMeasure(key, label, PRICES, counts(None, closing)))
    others = [
        CoverageMeasure(
            f"{market}:any:{_when(closing)}", f"any {market} {_when(closing)}", PRICES, of_market, detail=True
        )
        for market in ("spread", "total")
        for closing in (False, True)
        if (of_market := counts(None, closing, market))
    ]
    return found + others


def _forecasts(facts: Facts) -> list[CoverageMeasure]:
    publishers: Sequence[str] = sorted({name for found in facts.forecasts.values() for name in found})
    return [
        CoverageMeasure(
            f"forecast:{name}",
            name,
            FORECASTS,
            {season: found.get(name, 0) for season, found in facts.forecasts.items()},
        )
        for name in publishers
    ]


def _when(closing: bool) -> str:
    return "closing" if closing else "pre-match"


STEPS = 10


class ShareCell(NamedTuple):
    """A share in a table: its text, its step on the scale (0 none, 10 all, None of nothing), counts."""

    text: str
    step: int | None
    hint: str


def share_in_words(share: float) -> str:
    """Return a share in whole per cent, rounded down: 100 is all of it, 0 is none."""
    if 0 < share < 0.01:
        return "<1"
    return str(int(100 * share + 1e-9)) if share < 1 else "100"


def cell(count: int, of: int) -> ShareCell:
    """Return the cell of `count` among `of`; more than all is shown as all."""
    if not of:
        return ShareCell("–", None, "nothing to share")
    share = min(1.0, count / of)
    step = max(1, int(STEPS * share)) if share > 0 else 0
    return ShareCell(share_in_words(share), step, f"{count:,} of {of:,}")
