"""What models and backtests left in the database, as pandas frames. Times are UTC, odds decimal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import psycopg

    from sportsplat.leagues.league import League

_PREDICTIONS = """
SELECT p.match_id, m.match_date, m.kickoff_utc, h.name, a.name, p.model_id, p.as_of, p.predicted_at,
       p.probabilities
  FROM predictions p
  JOIN matches m ON m.id = p.match_id
  JOIN teams h ON h.id = m.home_id
  JOIN teams a ON a.id = m.away_id
 WHERE m.league = %(league)s AND (%(model_id)s::bigint IS NULL OR p.model_id = %(model_id)s)
 ORDER BY m.kickoff_utc, p.match_id, p.as_of, p.model_id
"""

_BETS = """
SELECT b.run_id, b.match_id, m.match_date, h.name, a.name, b.outcome, b.bookmaker, b.placed_at, b.settled_at,
       b.probability, b.decimal_odds, b.benchmark_odds, b.stake, b.profit
  FROM bets b
  JOIN matches m ON m.id = b.match_id
  JOIN teams h ON h.id = m.home_id
  JOIN teams a ON a.id = m.away_id
 WHERE m.league = %(league)s
   AND b.run_id = coalesce(%(run_id)s::text, (SELECT run_id FROM backtests WHERE league = %(league)s
                                               ORDER BY created_at DESC, run_id DESC LIMIT 1))
 ORDER BY b.placed_at, b.match_id, b.outcome
"""


def predictions_frame(
    conn: psycopg.Connection[Any], league: League, *, model_id: int | None = None
) -> pd.DataFrame:
    """Return stored forecasts of a league, one a row, by kick-off; `model_id`: only those of this model.

    Columns: match_id, match_date, kickoff_utc, home, away, model_id, as_of (only what was known by then was
    used), predicted_at, and p_<outcome> of each outcome, 0 to 1.
    """
    rows = conn.execute(_PREDICTIONS, {"league": league.code, "model_id": model_id}).fetchall()
    names = ["match_id", "match_date", "kickoff_utc", "home", "away", "model_id", "as_of", "predicted_at"]
    shares = [f"p_{outcome}" for outcome in league.outcomes]
    table = pd.DataFrame([(*row[:-1], *row[-1]) for row in rows], columns=[*names, *shares])
    return _typed(table, ("kickoff_utc", "as_of", "predicted_at"))


def bets_frame(conn: psycopg.Connection[Any], league: League, *, run_id: str | None = None) -> pd.DataFrame:
    """Return the bets of one backtest of a league, one a row, by the moment they were placed.

    run_id: which backtest; None: the newest of the league. Columns: run_id, match_id, match_date, home, away,
    outcome, bookmaker, placed_at, settled_at, probability, decimal_odds, benchmark_odds (NaN where there is
    none), stake and profit in units of the bankroll.
    """
    rows = conn.execute(_BETS, {"league": league.code, "run_id": run_id}).fetchall()
    names = ["run_id", "match_id", "match_date", "home", "away", "outcome", "bookmaker", "placed_at"]
    names += ["settled_at", "probability", "decimal_odds", "benchmark_odds", "stake", "profit"]
    table = pd.DataFrame(rows, columns=names)
    table["benchmark_odds"] = table["benchmark_odds"].astype("float64")
    return _typed(table, ("placed_at", "settled_at"))


def _typed(table: pd.DataFrame, moments: tuple[str, ...]) -> pd.DataFrame:
    table["match_date"] = pd.to_datetime(table["match_date"])
    for name in moments:
        table[name] = pd.to_datetime(table[name], utc=True)
    return table
