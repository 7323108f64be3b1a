"""Facts as pandas frames, as known at a given moment.

Every frame comes column by column, see `pgarray`. Times are UTC, ids the database's, odds decimal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

from sportsplat.db.binary import Columns, PgType, read_columns
from sportsplat.db.history import FORECASTS, MATCHES_AS_HELD, QUOTES, STATS, facts

if TYPE_CHECKING:
    from sportsplat.leagues.league import League

_MATCHES = {
    "match_id": PgType.INT8,
    "season": PgType.INT4,
    "match_date": PgType.DATE,
    "kickoff_utc": PgType.TIMESTAMPTZ,
    "day_precision": PgType.BOOL,
    "home_id": PgType.INT8,
    "away_id": PgType.INT8,
    "number": PgType.INT2,
    "neutral": PgType.BOOL,
    "playoff": PgType.BOOL,
    "final": PgType.BOOL,
    "home_score": PgType.FLOAT8,
    "away_score": PgType.FLOAT8,
    "known_at": PgType.TIMESTAMPTZ,
}

_SELECT_MATCHES = """
SELECT id, season, match_date, kickoff_utc, precision = 'day', home_id, away_id, number, neutral,
       stage = 'playoff', k.final,
       CASE WHEN k.final THEN home_score::float8 ELSE 'NaN' END,
       CASE WHEN k.final THEN away_score::float8 ELSE 'NaN' END,
       CASE WHEN k.final THEN known_at ELSE '-infinity' END
  FROM {matches} held CROSS JOIN LATERAL (
       SELECT status = 'final' AND (%(moment)s::timestamptz IS NULL OR known_at <= %(moment)s) AS final) k
 WHERE league = %(league)s
"""


def matches_frame(
    conn: psycopg.Connection[Any],
    league: League | str,
    *,
    known_at: datetime | None = None,
    as_held: bool = False,
) -> pd.DataFrame:
    """Return a league's matches, one a row, by (kickoff_utc, match_id).

    Columns: match_id int64, season int32, match_date datetime64[s] (day at the league's place), kickoff_utc
    datetime64[us, UTC], day_precision bool, home_id and away_id int64, number int16, neutral, playoff and
    final bool, home_score and away_score float64, known_at datetime64[us, UTC]. With `known_at` only results
    known by then are included: for all other matches `final` is False, scores are NaN and known_at is NaT.
    With `as_held` too, values corrected, moved or filled in since are as this database stored them then.
    """
    relation = MATCHES_AS_HELD if as_held and known_at is not None else "matches"
    query = _SELECT_MATCHES.format(matches=relation)
    columns = read_columns(conn, query, _MATCHES, _params(league, known_at))
    return _frame(columns, by=("kickoff_utc", "match_id"))


_AWAY, _RANK = "\0is_away", "\0rank"  # columns that no stat can be called
_SELECT_STATS = """
SELECT g.match_id, g.team_id <> m.home_id, g.team_id = m.home_id,
       array_position(%(sources)s::text[], g.source), g.known_at{stats}
  FROM {facts} g JOIN {matches} m ON m.id = g.match_id
 WHERE m.league = %(league)s AND (%(moment)s::timestamptz IS NULL OR g.known_at <= %(moment)s)
"""


def stats_frame(
    conn: psycopg.Connection[Any],
    league: League | str,
    names: Sequence[str],
    *,
    known_at: datetime | None = None,
    as_held: bool = False,
) -> pd.DataFrame:
    """Return box scores, one row a match and team, home first.

    Columns: match_id, is_home, `names` as float64, known_at. A stat that a box score lacks is NaN. Where
    several sources have a stat, the league's precedence decides; the row is known when its last stat is. With
    `known_at` box scores known later are left out; with `as_held` too, values corrected since are as this
    database stored them then.
    """
    held = as_held and known_at is not None
    pick = sql.SQL(", coalesce((g.stats ->> (%(names)s::text[])[{}])::float8, 'NaN')")
    query = sql.SQL(_SELECT_STATS).format(
        stats=sql.SQL("").join(pick.format(place) for place in range(1, len(names) + 1)),
        facts=sql.SQL(facts(STATS, held=held)),
        matches=sql.SQL(MATCHES_AS_HELD if held else "matches"),
    )
    fields = {
        "match_id": PgType.INT8,
        _AWAY: PgType.BOOL,
        "is_home": PgType.BOOL,
        _RANK: PgType.INT4,
        "known_at": PgType.TIMESTAMPTZ,
        **dict.fromkeys(names, PgType.FLOAT8),
    }
    params = _params(league, known_at)
    sources = _by_precedence(conn, params)
    columns = read_columns(conn, query, fields, params | {"sources": sources, "names": list(names)})
    reported = _frame(columns, by=("match_id", _AWAY, _RANK))
    if not reported.duplicated(["match_id", "is_home"]).any():
        return reported[["match_id", "is_home", *names, "known_at"]]
    merged = reported.groupby(["match_id", _AWAY], sort=True)
    best = merged[["is_home", *names]].first()  # of each column the first that is not NaN
    best["known_at"] = merged["known_at"].max()
    return best.reset_index()[["match_id", "is_home", *names, "known_at"]]


_SIDES = {"spread": ("home", "away"), "total": ("over", "under")}

_QUOTES = {
    "match_id": PgType.INT8,
    "bookmaker": PgType.INT4,
    "outcome": PgType.INT4,
    "line": PgType.FLOAT8,
    "decimal_odds": PgType.FLOAT8,
    "is_closing": PgType.BOOL,
    "quoted_at": PgType.TIMESTAMPTZ,
    "known_at": PgType.TIMESTAMPTZ,
}

# Seasons are written out, not sent beside the query: only what the planner sees rules a partition out.
# A closing price is known when its match begins, though a source that knows the day alone says that it was
# known as the day began or ended; so is one without the moment at which it was taken. A source that knows a
# later kick-off is believed. A price that was read before all that is known since it was read.
_SELECT_QUOTES = """
SELECT q.match_id, b.code::int4, array_position(%(outcomes)s::text[], q.outcome) - 1, coalesce(q.line, 'NaN'),
       q.decimal_odds, q.is_closing, coalesce(q.quoted_at, '-infinity'), k.known_at
  FROM {facts} q
  JOIN matches m ON m.id = q.match_id AND m.season = q.season
  JOIN leagues l ON l.code = m.league
  JOIN unnest(%(names)s::text[]) WITH ORDINALITY AS b (name, code) ON b.name = q.bookmaker
 CROSS JOIN LATERAL (
       SELECT CASE WHEN q.quoted_at IS NOT NULL OR q.known_at = q.recorded_at THEN q.known_at
                   WHEN m.precision = 'minute' AND (q.known_at AT TIME ZONE l.timezone)::time = '00:00'
                   THEN m.kickoff_utc
                   WHEN q.known_at > m.kickoff_utc THEN q.known_at
                   WHEN NOT q.is_closing OR m.precision = 'minute' THEN m.kickoff_utc
                   ELSE m.kickoff_utc + interval '1 day' END AS known_at) k
 WHERE m.league = %(league)s AND q.season IN ({seasons}) AND q.market = %(market)s
   AND (%(moment)s::timestamptz IS NULL OR k.known_at <= %(moment)s)
"""


def quotes_frame(
    conn: psycopg.Connection[Any],
    league: League | str,
    *,
    known_at: datetime | None = None,
    market: str = "result",
    bookmakers: Sequence[str] | None = None,
    seasons: Sequence[int] | None = None,
    as_held: bool = False,
) -> pd.DataFrame:
    """Return prices of one market, one outcome a row, by match, bookmaker, closing, moment and outcome.

    Columns: match_id int64, bookmaker (category), outcome int8 (position among the league's outcomes; of
    spread and total: 0 home or over, 1 away or under), line float64 (NaN in the result market), decimal_odds
    float64, is_closing bool, quoted_at (NaT: the source does not say) and known_at datetime64[us, UTC]. With
    `known_at` later ones are left out; with `as_held` too, values corrected since are as this database stored
    them then. `bookmakers` and `seasons`: only these; None: all. Partitions of other seasons are not looked
    at.
    """
    params = _params(league, known_at)
    wanted = _seasons_of(conn, params, seasons)
    names = sorted(bookmakers) if bookmakers is not None else _bookmakers(conn, params, wanted)
    outcomes = list(_SIDES.get(market) or outcomes_of(conn, league))
    params |= {"market": market, "names": names, "outcomes": outcomes}
    relation = facts(QUOTES, "season", held=as_held and known_at is not None)
    query = sql.SQL(_SELECT_QUOTES).format(seasons=wanted, facts=sql.SQL(relation))
    columns = read_columns(conn, query, _QUOTES, params)
    columns["outcome"] = columns["outcome"].astype(np.int8)
    return _frame(
        columns,
        by=("match_id", "bookmaker", "is_closing", "quoted_at", "line", "outcome"),
        categories={"bookmaker": names},
    )


def offers_of(
    conn: psycopg.Connection[Any], match_ids: Sequence[int], *, known_at: datetime
) -> list[tuple[str, bool]]:
    """Return who has a price of the result of any of these matches: bookmaker, and whether a closing one.

    Only prices that were known at `known_at`; sorted by name.
    """
    query = """
        SELECT DISTINCT q.bookmaker, q.is_closing FROM quotes q JOIN matches m
            ON m.id = q.match_id AND m.season = q.season
         WHERE m.id = ANY(%s) AND q.market = 'result' AND q.known_at <= %s ORDER BY 1, 2
        """
    found = conn.execute(query, (list(match_ids), known_at)).fetchall()
    return [(bookmaker, is_closing) for bookmaker, is_closing in found]


def _seasons_of(
    conn: psycopg.Connection[Any], params: Mapping[str, Any], among: Sequence[int] | None
) -> sql.Composable:
    """Return a league's seasons (those `among` the named ones) as a list for SQL, NULL when there is none."""
    query = "SELECT DISTINCT season FROM matches WHERE league = %(league)s ORDER BY 1"
    found = [season for (season,) in conn.execute(query, params).fetchall()]
    kept = [season for season in found if among is None or season in among]
    return sql.SQL(", ").join(map(sql.Literal, kept or [None]))


def _bookmakers(
    conn: psycopg.Connection[Any], params: Mapping[str, Any], seasons: sql.Composable
) -> list[str]:
    query = sql.SQL(
        """
        SELECT DISTINCT q.bookmaker FROM quotes q JOIN matches m ON m.id = q.match_id AND m.season = q.season
         WHERE m.league = %(league)s AND q.season IN ({seasons}) ORDER BY 1
        """
    ).format(seasons=seasons)
    return [name for (name,) in conn.execute(query, params).fetchall()]


_SELECT_FORECASTS = """
SELECT f.match_id, array_position(%(names)s::text[], f.publisher), f.known_at{shares}
  FROM {facts} f JOIN matches m ON m.id = f.match_id
 WHERE m.league = %(league)s AND (%(moment)s::timestamptz IS NULL OR f.known_at <= %(moment)s)
"""


def forecasts_frame(
    conn: psycopg.Connection[Any],
    league: League | str,
    *,
    known_at: datetime | None = None,
    as_held: bool = False,
) -> pd.DataFrame:
    """Return published forecasts, one row a match and publisher.

    Columns: match_id, publisher (category), p_<outcome> float64 of each outcome, known_at. With `known_at`
    forecasts known later are left out; with `as_held` too, values corrected since are as this database stored
    them then.
    """
    params = _params(league, known_at)
    names = _publishers(conn, params)
    shares = [f"p_{outcome}" for outcome in outcomes_of(conn, league)]
    pick = sql.SQL(", coalesce(f.probabilities[{}], 'NaN')")
    picked = sql.SQL("").join(pick.format(place) for place in range(1, len(shares) + 1))
    fields = {
        "match_id": PgType.INT8,
        "publisher": PgType.INT4,
        "known_at": PgType.TIMESTAMPTZ,
        **dict.fromkeys(shares, PgType.FLOAT8),
    }
    relation = facts(FORECASTS, held=as_held and known_at is not None)
    query = sql.SQL(_SELECT_FORECASTS).format(shares=picked, facts=sql.SQL(relation))
    columns = read_columns(conn, query, fields, {**params, "names": names})
    return _frame(columns, by=("match_id", "publisher"), categories={"publisher": names})[
        ["match_id", "publisher", *shares, "known_at"]
    ]


def _by_precedence(conn: psycopg.Connection[Any], params: Mapping[str, Any]) -> list[str]:
    """Return the sources of a league's box scores, highest precedence first."""
    row = conn.execute("SELECT precedence FROM leagues WHERE code = %(league)s", params).fetchone()
    first = list(row[0]) if row else []
    rows = conn.execute(
        """
        SELECT DISTINCT s.source FROM team_match_stats s JOIN matches m ON m.id = s.match_id
         WHERE m.league = %(league)s
        """,
        params,
    )
    found = [name for (name,) in rows.fetchall()]
    return sorted(found, key=lambda name: (first.index(name) if name in first else len(first), name))


def team_names(conn: psycopg.Connection[Any], league: League | str) -> dict[int, str]:
    """Return the names of a league's teams by id."""
    return dict(
        conn.execute("SELECT id, name FROM teams WHERE league = %(league)s", _params(league)).fetchall()
    )


def outcomes_of(conn: psycopg.Connection[Any], league: League | str) -> tuple[str, ...]:
    """Return what a league's match can end as, in order; of a code, as it is stored."""
    if not isinstance(league, str):
        return league.outcomes
    row = conn.execute("SELECT outcomes FROM leagues WHERE code = %s", (league,)).fetchone()
    return tuple(row[0]) if row else ()


def _params(league: League | str, moment: datetime | None = None) -> dict[str, Any]:
    return {"league": league if isinstance(league, str) else league.code, "moment": moment}


def _publishers(conn: psycopg.Connection[Any], params: Mapping[str, Any]) -> list[str]:
    query = """
        SELECT DISTINCT f.publisher COLLATE "C" FROM forecasts f JOIN matches m ON m.id = f.match_id
         WHERE m.league = %(league)s ORDER BY 1
    """
    return [name for (name,) in conn.execute(query, params).fetchall()]


def _frame(
    columns: Columns, *, by: Sequence[str], categories: Mapping[str, Sequence[str]] | None = None
) -> pd.DataFrame:
    """Make a frame, sorted `by` columns; moments become UTC, codes from 1 become categories."""
    order = np.lexsort([columns[name] for name in reversed(by)])
    series: dict[str, Any] = {name: values[order] for name, values in columns.items()}
    for name, values in series.items():
        if values.dtype == np.dtype("datetime64[us]"):
            series[name] = pd.DatetimeIndex(values, copy=False).tz_localize("UTC")
    for name, names in (categories or {}).items():
        codes = series[name].astype(np.int64) - 1
        series[name] = pd.Categorical.from_codes(codes, categories=pd.Index(names, dtype=str))
    return pd.DataFrame(series, copy=False)
