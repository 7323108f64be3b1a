"""Keep a backtest and its bets in the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from sportsplat.backtest.portfolio import Portfolio
from sportsplat.backtest.prices import Prices
from sportsplat.db.backtests import BetRecord, store_backtest
from sportsplat.domain import JsonObject
from sportsplat.models.dataset import Dataset

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context


def store(
    context: Context, result: JsonObject, portfolio: Portfolio | None, matches: Dataset, prices: Prices
) -> None:
    """Write the result and the bets of `portfolio`, if any, in one transaction."""
    bets = bet_records(portfolio, matches, prices) if portfolio is not None else ()
    with context.connect() as connection:
        store_backtest(connection, result, bets)


def bet_records(portfolio: Portfolio, matches: Dataset, prices: Prices) -> Iterator[BetRecord]:
    """Yield each bet as the database keeps it; rows of the ledger point into `matches` and `prices`."""
    ledger = portfolio.ledger
    bookmakers = prices.bookmakers()
    benchmark = prices.benchmark.decimal_odds[ledger.match, ledger.outcome]
    for index, (match, outcome) in enumerate(
        zip(ledger.match.tolist(), ledger.outcome.tolist(), strict=True)
    ):
        yield BetRecord(
            match_id=int(matches.match_id[match]),
            outcome=matches.league.outcomes[outcome],
            bookmaker=bookmakers[match],
            placed_at=_aware(matches.decision_at[match]),
            settled_at=_aware(matches.known_at[match]),
            probability=float(ledger.probability[index]),
            decimal_odds=float(ledger.decimal_odds[index]),
            benchmark_odds=float(benchmark[index]) if np.isfinite(benchmark[index]) else None,
            stake=float(ledger.stake[index]),
            profit=float(ledger.profit[index]),
        )


def _aware(moment: np.datetime64) -> datetime:
    naive: datetime = moment.astype("datetime64[us]").item()
    return naive.replace(tzinfo=UTC)
