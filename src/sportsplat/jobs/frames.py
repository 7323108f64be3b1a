"""What is stored of a league, as pandas frames for Python and as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sportsplat.db.read import frames as read
from sportsplat.db.read.stored import bets_frame, predictions_frame
from sportsplat.errors import UsageError

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context

FORMATS = (".parquet", ".csv")


def matches(context: Context, code: str, *, seasons: Sequence[int] = ()) -> pd.DataFrame:
    """Return the matches of a league, one a row, by kick-off; `seasons`: only these (years they start in).

    Columns: match_id, season, match_date (day at the league's place), kickoff_utc, day_precision (the time is
    not known), home, away, number, neutral, playoff, final, home_score, away_score, known_at (when the result
    became known) and outcome (home, draw or away; None while it is not final). Raises NotFound (league).
    """
    league = context.league(code)
    with context.connect("read") as connection:
        table = read.matches_frame(connection, league)
        names = read.team_names(connection, league)
    table.insert(5, "home", table.pop("home_id").map(names))
    table.insert(6, "away", table.pop("away_id").map(names))
    table["outcome"] = outcome_of(table)
    return table[table["season"].isin(seasons)].reset_index(drop=True) if seasons else table


def quotes(
    context: Context,
    code: str,
    *,
    market: str = "result",
    bookmakers: Sequence[str] = (),
    seasons: Sequence[int] = (),
) -> pd.DataFrame:
    """Return the prices of a league, one outcome a row.

    market: result, spread or total. bookmakers, seasons: only these; none: all. Columns: match_id, bookmaker,
    outcome (its name), line (NaN for the result), decimal_odds, is_closing, quoted_at, known_at (from when a
    decision may use it). Raises NotFound (league), UsageError (market).
    """
    league = context.league(code)
    names = {"result": league.outcomes, "spread": ("home", "away"), "total": ("over", "under")}
    if market not in names:
        raise UsageError(f"there is no market {market!r}", fix=f"choose one of: {', '.join(names)}")
    with context.connect("read") as connection:
        table = read.quotes_frame(
            connection,
            league,
            market=market,
            bookmakers=list(bookmakers) or None,
            seasons=list(seasons) or None,
        )
    table["outcome"] = np.array(names[market], dtype=object)[table["outcome"].to_numpy()]
    return table


def predictions(context: Context, code: str, *, model_id: int | None = None) -> pd.DataFrame:
    """Return stored forecasts of a league; see `predictions_frame`. Raises NotFound (league)."""
    league = context.league(code)
    with context.connect("read") as connection:
        return predictions_frame(connection, league, model_id=model_id)


def bets(context: Context, code: str, *, run_id: str | None = None) -> pd.DataFrame:
    """Return the bets of one backtest of a league; see `bets_frame`. Raises NotFound (league)."""
    league = context.league(code)
    with context.connect("read") as connection:
        return bets_frame(connection, league, run_id=run_id)


def outcome_of(matches: pd.DataFrame) -> pd.Series[Any]:
    """Return home, draw or away for each row of a frame with scores, None where there is no result."""
    sign = np.sign(matches["home_score"].to_numpy() - matches["away_score"].to_numpy())
    names = [None if np.isnan(one) else ("away", "draw", "home")[int(one) + 1] for one in sign.tolist()]
    return pd.Series(names, index=matches.index, dtype=object)


def refuse_format(out: Path, what: str = "a table") -> None:
    """Raise UsageError when the ending of `out` is no format of a table, or its folder does not exist."""
    if out.suffix.lower() not in FORMATS:
        raise UsageError(
            f"{out.name} has no ending that names a format of {what}",
            cause=f"--out {out}",
            fix=f"--out {out.with_suffix('.parquet')}",
            code="BAD_FORMAT",
        )
    if not out.parent.is_dir():
        raise UsageError(
            f"there is no folder {out.parent}",
            cause=f"--out {out}",
            fix=f"mkdir -p {out.parent}",
            code="NO_FOLDER",
        )


def write_table(table: pd.DataFrame, out: Path) -> None:
    """Write a frame as .parquet or .csv, by its ending; the file appears when it is whole."""
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        if out.suffix.lower() == ".parquet":
            table.to_parquet(unfinished, index=False)
        else:
            table.to_csv(unfinished, index=False)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
