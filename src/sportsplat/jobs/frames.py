"""What is stored of a league, as pandas frames for Python and as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sportsplat.db.read import frames as read
from sportsplat.db.read.stored import bets_frame, predictions_frame
from sportsplat.domain import JsonObject
from sportsplat.errors import InputRefused, UsageError
from sportsplat.results import Result

if TYPE_CHECKING:
    import psycopg

    from sportsplat.jobs.context import Context
    from sportsplat.leagues.league import League

    Connection = psycopg.Connection[Any]

FORMATS = (".parquet", ".csv")
MARKETS: Mapping[str, tuple[str, ...]] = {
    "result": (),
    "spread": ("home", "away"),
    "total": ("over", "under"),
}
"""The names of a market's outcomes; of the result they are the league's."""
_MAKES = {
    "matches": "sportsplat sources",
    "quotes": "sportsplat sources",
    "predictions": "sportsplat predict {}",
    "bets": "sportsplat backtest {}",
}
"""The command that stores such rows."""


@dataclass(frozen=True)
class StoredRows(Result):
    """What is stored, for a command: its first rows, or the file that all of them were written to."""

    what: str
    league: str | None
    count: int
    """How many rows fit; `rows` may be fewer."""
    rows: list[JsonObject] | None
    """None when they were written to `out`."""
    out: str | None


def matches(
    context: Context,
    code: str | None = None,
    *,
    seasons: Sequence[int] = (),
    start: date | None = None,
    end: date | None = None,
) -> pd.DataFrame:
    """Return stored matches, one a row, by kick-off; `seasons`: only these (years they start in).

    Without a code those of all leagues, with a first column `league`. start, end: first and last match day.
    Columns: match_id, season, match_date (day at the league's place), kickoff_utc, day_precision (the time is
    not known), home, away, number, neutral, playoff, final, home_score, away_score, known_at (when the result
    became known) and outcome (home, draw or away; None while it is not final). Raises NotFound (league),
    UsageError (BAD_RANGE).
    """

    def read_one(connection: Connection, league: League) -> pd.DataFrame:
        return _matches(connection, league, seasons, start, end)

    return _of_leagues(context, code, start, end, read_one)


def quotes(
    context: Context,
    code: str | None = None,
    *,
    market: str = "result",
    bookmakers: Sequence[str] = (),
    seasons: Sequence[int] = (),
    start: date | None = None,
    end: date | None = None,
) -> pd.DataFrame:
    """Return stored prices, one outcome a row; leagues and days as for `matches`.

    market: result, spread or total. bookmakers, seasons: only these; none: all. Columns: match_id,
    match_date, home, away, bookmaker, outcome (its name), line (NaN for the result), decimal_odds,
    is_closing, quoted_at, known_at (from when a decision may use it). Raises NotFound (league), UsageError
    (market, BAD_RANGE).
    """
    if market not in MARKETS:
        raise UsageError(f"there is no market {market!r}", fix=f"choose one of: {', '.join(MARKETS)}")

    def read_one(connection: Connection, league: League) -> pd.DataFrame:
        about = _matches(connection, league, seasons, start, end)
        table: pd.DataFrame = read.quotes_frame(
            connection,
            league,
            market=market,
            bookmakers=list(bookmakers) or None,
            seasons=about["season"].unique().tolist(),
        )
        place = pd.Index(about["match_id"]).get_indexer(table["match_id"])
        table, place = table[place >= 0].reset_index(drop=True), place[place >= 0]
        for position, name in enumerate(("match_date", "home", "away"), start=1):
            values = about[name] if name == "match_date" else about[name].astype("category")
            table.insert(position, name, values.array.take(place))
        names = MARKETS[market] or league.outcomes
        table["outcome"] = np.array(names, dtype=object)[table["outcome"].to_numpy()]
        return table

    return _of_leagues(context, code, start, end, read_one)


def predictions(
    context: Context,
    code: str | None = None,
    *,
    model_id: int | None = None,
    start: date | None = None,
    end: date | None = None,
) -> pd.DataFrame:
    """Return stored forecasts, see `predictions_frame`; leagues, days and errors as for `matches`."""

    def read_one(connection: Connection, league: League) -> pd.DataFrame:
        return _on_days(predictions_frame(connection, league, model_id=model_id), start, end)

    return _of_leagues(context, code, start, end, read_one)


def bets(
    context: Context,
    code: str | None = None,
    *,
    run_id: str | None = None,
    start: date | None = None,
    end: date | None = None,
) -> pd.DataFrame:
    """Return the bets of one backtest a league, see `bets_frame`; leagues, days, errors as for `matches`."""

    def read_one(connection: Connection, league: League) -> pd.DataFrame:
        return _on_days(bets_frame(connection, league, run_id=run_id), start, end)

    return _of_leagues(context, code, start, end, read_one)


def to_stored_rows(
    table: pd.DataFrame, what: str, code: str | None, *, out: Path | None, limit: int | None
) -> StoredRows:
    """Write all rows to `out`, or return the first `limit` (None: all). Raises InputRefused (NO_ROWS)."""
    if not len(table):
        raise InputRefused(
            f"no {what} {f'of {code} ' if code else ''}are stored that fit",
            fix=_MAKES[what].format(code or "LEAGUE"),
            code="NO_ROWS",
        )
    if out is not None:
        write_table(table, out)
        return StoredRows(what, code, len(table), None, str(out))
    first = table.head(len(table) if limit is None else limit).astype(object)
    first = first.where(first.notna(), None).assign(match_date=first["match_date"].map(pd.Timestamp.date))
    names = [str(name) for name in first.columns]
    rows = [dict(zip(names, row, strict=True)) for row in first.itertuples(index=False, name=None)]
    return StoredRows(what, code, len(table), rows, None)


def _of_leagues(
    context: Context,
    code: str | None,
    start: date | None,
    end: date | None,
    read_one: Callable[[Connection, League], pd.DataFrame],
) -> pd.DataFrame:
    """Read one league, or all that are configured with a first column `league`, in the order of one."""
    if start is not None and end is not None and start > end:
        raise UsageError(
            f"the first day, {start}, comes after the last, {end}",
            fix=f"--from {end} --to {start}",
            code="BAD_RANGE",
        )
    leagues = [context.league(code)] if code is not None else list(context.leagues.values())
    with context.connect("read") as connection:
        tables = [read_one(connection, league) for league in leagues]
    if code is not None:
        return tables[0]
    for table, league in zip(tables, leagues, strict=True):
        table.insert(0, "league", league.code)
    together = pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
    by = next(name for name in ("placed_at", "kickoff_utc", "match_date") if name in together)
    return together.sort_values(by, kind="stable", ignore_index=True)


def _matches(
    connection: Connection, league: League, seasons: Sequence[int], start: date | None, end: date | None
) -> pd.DataFrame:
    table = read.matches_frame(connection, league)
    names = read.team_names(connection, league)
    table.insert(5, "home", table.pop("home_id").map(names))
    table.insert(6, "away", table.pop("away_id").map(names))
    table["outcome"] = outcome_of(table)
    if seasons:
        table = table[table["season"].isin(seasons)].reset_index(drop=True)
    return _on_days(table, start, end)


def _on_days(table: pd.DataFrame, start: date | None, end: date | None) -> pd.DataFrame:
    """Keep the matches from `start` to `end`, both included; None: from the first, to the last."""
    if start is not None:
        table = table[table["match_date"] >= pd.Timestamp(start)]
    if end is not None:
        table = table[table["match_date"] <= pd.Timestamp(end)]
    return table.reset_index(drop=True)


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
