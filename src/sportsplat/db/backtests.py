"""Backtests and their bets in the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.json import Jsonb

from sportsplat.domain import JsonObject

if TYPE_CHECKING:
    import psycopg


class BetRecord(NamedTuple):
    """One settled bet; `benchmark_odds` is None where there is no benchmark price."""

    match_id: int
    outcome: str
    bookmaker: str
    placed_at: datetime
    settled_at: datetime
    probability: float
    decimal_odds: float
    benchmark_odds: float | None
    stake: float
    profit: float


def store_backtest(conn: psycopg.Connection[Any], result: JsonObject, bets: Iterable[BetRecord]) -> None:
    """Write one run and its bets; the caller's transaction decides whether both or neither stay."""
    with conn.cursor() as cursor:
        cursor.execute(
            "INSERT INTO backtests (run_id, league, model, seed, result) VALUES (%s, %s, %s, %s, %s)",
            (result["run_id"], result["league"], result["model"], result["seed"], Jsonb(result)),
        )
        statement = f"COPY bets (run_id, {', '.join(BetRecord._fields)}) FROM STDIN"
        with cursor.copy(statement) as copy:
            for bet in bets:
                copy.write_row((result["run_id"], *bet))
