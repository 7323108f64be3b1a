"""Bets on the forecasts: Kelly and flat stakes at the entry price, and the same at the close."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportsplat.backtest.portfolio import CAPS, Ledger, Offers, Portfolio, Rules, flat_bets, run_portfolio
from sportsplat.backtest.prices import Prices, label
from sportsplat.backtest.statistics import detectable_edge, drawdowns, mean_by_day, ratio_by_day
from sportsplat.betting.clv import closing_line_value
from sportsplat.betting.settle import unit_profit
from sportsplat.domain import JsonObject
from sportsplat.models.dataset import Dataset, FloatArray


@dataclass(frozen=True)
class Draws:
    """How intervals are drawn: every one from the same seed, so that equal bets have equal intervals."""

    seed: int
    samples: int

    @property
    def rng(self) -> np.random.Generator:
        """A generator at its beginning."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True)
class Betting:
    """The object `betting` of the command line, the bets behind it, and their notes."""

    result: JsonObject | None
    portfolio: Portfolio | None
    edges: tuple[JsonObject, ...]
    notes: tuple[str, ...]


def bet(probabilities: FloatArray, matches: Dataset, prices: Prices, rules: Rules, draws: Draws) -> Betting:
    """Bet on `matches` with forecasts (n, k) at their entry prices; `result` is None where there are none."""
    league = prices.league
    if not prices.quoted.any():
        wanted = ", ".join(str(ref) for ref in league.prices.entry) or "none is configured"
        note = f"No betting: these matches have no entry price to bet at ({wanted})."
        return Betting(None, None, (), (note, *_outdated_note(prices)))
    offers = Offers(
        probabilities,
        prices.entry.decimal_odds,
        matches.outcomes,
        matches.decision_at,
        matches.known_at,
        matches.day,
    )
    portfolio = run_portfolio(offers, rules)
    clv, clv_note = _closing_line_value(portfolio.ledger, prices, matches.day, draws)
    result = (
        _returns(portfolio.ledger, matches.day, draws)
        | clv
        | _path(portfolio)
        | {
            "entry_price": label(prices.entry, league.prices.entry),
            "benchmark_price": label(prices.benchmark, league.prices.benchmark),
            "devig": prices.method,
            "matches_priced": int(prices.quoted.sum()),
            "capped": {cap: int((portfolio.ledger.capped_by == cap).sum()) for cap in CAPS if cap},
            "stopped_by_limits": portfolio.stopped,
            "flat": _returns(flat_bets(offers, rules.min_edge), matches.day, draws),
            "at_close": _at_close(portfolio.ledger, offers, prices, rules, draws),
        }
    )
    notes = (*_price_notes(prices), *clv_note)
    return Betting(result, portfolio, tuple(edges(offers, draws)), notes)


def edges(offers: Offers, draws: Draws, bins: int = 10) -> list[JsonObject]:
    """Return what the outcomes on offer paid, in `bins` groups of equal size by the model's edge.

    Every priced outcome counts with one unit, whether it was bet on or not: {edge, profit, ci95, outcomes}.
    """
    edge = offers.probabilities * offers.decimal_odds - 1.0
    profit = unit_profit(offers.decimal_odds, offers.shares)
    row, outcome = np.nonzero(np.isfinite(edge) & np.isfinite(profit))
    order = np.argsort(edge[row, outcome], kind="stable")
    found = []
    for part in np.array_split(order, min(bins, len(order))) if len(order) else []:
        match, side = row[part], outcome[part]
        mean = mean_by_day(profit[match, side], offers.day[match], draws.rng, draws.samples)
        found.append(
            {
                "edge": float(edge[match, side].mean()),
                "profit": mean.value,
                "ci95": None if mean.ci95 is None else list(mean.ci95),
                "outcomes": len(part),
            }
        )
    return found


def _returns(ledger: Ledger, days: NDArray[Any], draws: Draws) -> JsonObject:
    """Bets, staked, profit, return on investment with its interval by match day, and what edge that shows."""
    if not len(ledger):
        return {
            "bets": 0,
            "staked": 0.0,
            "profit": 0.0,
            "roi": None,
            "roi_ci95": None,
            "detectable_edge": None,
        }
    roi = ratio_by_day(ledger.profit, ledger.stake, days[ledger.match], draws.rng, draws.samples)
    return {
        "bets": len(ledger),
        "staked": float(ledger.stake.sum()),
        "profit": float(ledger.profit.sum()),
        "roi": roi.value,
        "roi_ci95": None if roi.ci95 is None else list(roi.ci95),
        "detectable_edge": detectable_edge(roi),
    }


def _path(portfolio: Portfolio) -> JsonObject:
    bankroll = np.concatenate([[portfolio.initial_bankroll], portfolio.bankroll])
    return {
        "max_drawdown": float(drawdowns(bankroll).max()),
        "initial_bankroll": portfolio.initial_bankroll,
        "final_bankroll": float(bankroll[-1]),
    }


def _closing_line_value(
    ledger: Ledger, prices: Prices, days: NDArray[Any], draws: Draws
) -> tuple[JsonObject, tuple[str, ...]]:
    """Mean closing-line value of bets whose entry and benchmark are two quotes; why some have none."""
    values = closing_line_value(ledger.decimal_odds, prices.fair[ledger.match, ledger.outcome])
    measured = np.isfinite(values) & ~prices.same[ledger.match]
    nothing: JsonObject = {"clv": None, "clv_ci95": None, "clv_bets": 0}
    if not len(ledger):
        return nothing, ("No bet met the staking rules, so there is no return and no closing-line value.",)
    if not measured.any():
        if prices.same[ledger.match].any():
            reason = "entry and benchmark are the same quote"
        else:
            reason = "no benchmark price is stored for the matches that were bet on"
        return nothing, (f"Closing-line value cannot be measured: {reason}.",)
    mean = mean_by_day(values[measured], days[ledger.match][measured], draws.rng, draws.samples)
    notes: tuple[str, ...] = ()
    if not measured.all():
        missing = int((~measured).sum())
        notes = (f"Closing-line value leaves out {missing} of {len(ledger)} bets without a second quote.",)
    interval = None if mean.ci95 is None else list(mean.ci95)
    return {"clv": mean.value, "clv_ci95": interval, "clv_bets": int(measured.sum())}, notes


def _at_close(
    ledger: Ledger, offers: Offers, prices: Prices, rules: Rules, draws: Draws
) -> JsonObject | None:
    """The same bets at the benchmark price, and what both ways of staking would have chosen at that price.

    Nobody could have bet so. It is a check: a model that gains nothing on the close cannot profit from it,
    and a profit here means that a future fact has leaked.
    """
    if not (prices.benchmark.ref >= 0).any():
        return None
    closing = replace(offers, decimal_odds=prices.benchmark.decimal_odds)
    odds = closing.decimal_odds[ledger.match, ledger.outcome]
    quoted = np.isfinite(odds)
    same = Ledger(
        **{name: getattr(ledger, name)[quoted] for name in Ledger.__dataclass_fields__}
        | {
            "decimal_odds": odds[quoted],
            "unit_profit": unit_profit(odds, offers.shares[ledger.match, ledger.outcome])[quoted],
        }
    )
    return {
        "price": label(prices.benchmark, prices.league.prices.benchmark),
        "same_bets": _returns(same, offers.day, draws),
        "kelly": _returns(run_portfolio(closing, rules).ledger, offers.day, draws),
        "flat": _returns(flat_bets(closing, rules.min_edge), offers.day, draws),
    }


def _price_notes(prices: Prices) -> list[str]:
    notes = []
    quoted, closing = int(prices.quoted.sum()), int(prices.closing.sum())
    if closing:
        share = "every bet is" if closing == quoted else f"{closing} of {quoted} priced matches are bet"
        notes.append(f"Closing prices are not available in advance; {share} at one.")
    notes += _outdated_note(prices)
    if quoted < len(prices.quoted):
        notes.append(f"{len(prices.quoted) - quoted} of {len(prices.quoted)} matches have no entry price.")
    if prices.unsolved:
        notes.append(f"The method {prices.method} could not remove the margin from {prices.unsolved} prices.")
    return notes


def _outdated_note(prices: Prices) -> list[str]:
    if not prices.outdated:
        return []
    return [
        f"{prices.outdated} of {len(prices.quoted)} matches skipped: the pre-match price predates a "
        "result the forecast already uses."
    ]
