"""What is stored of a league, counted by season; nothing is judged here.

Each table is read once: the counts of a season come from one GROUP BY, prices from one pass over `quotes`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from psycopg import sql
from psycopg.rows import class_row

from sportsplat.db.quality_sql import (
    CONFLICT_COUNTS,
    CONFLICTS,
    DETAILS,
    FORECASTS,
    INGESTS,
    PAUSES,
    PRICES,
    SEASONS,
    SOURCES,
    STATS,
    TEAMS,
    UNPLAYED,
    WAITING,
)
from sportsplat.quality.facts import (
    ALL_STATS,
    BOX,
    ODD_MARGIN,
    Conflict,
    ConflictCount,
    Facts,
    Ingest,
    OddOffer,
    Pause,
    PriceCount,
    SeasonCounts,
    SourceCount,
    TeamCount,
    Unplayed,
    Waiting,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from sportsplat.leagues import League

Row = TypeVar("Row")

MEMORY = "64MB"
"""What one sort or hash may take: that of a league's offers would go to disk with the server's usual 4 MB."""


Untold = Collection[tuple[str, str]]
"""Sources with a field that they do not tell, so that what is stored there contradicts nothing."""


def read_facts(conn: psycopg.Connection[Any], league: League, today: date, untold: Untold = ()) -> Facts:
    """Return what is stored of a league, in one snapshot. `today` is the day at the league's place."""
    params = {"league": league.code, "today": today, **_silences(untold)}
    with _snapshot(conn):
        prices, odd_offers = _prices(conn, league, params)
        return Facts(
            seasons=_rows(conn, SeasonCounts, SEASONS, params),
            teams=_rows(conn, TeamCount, TEAMS, params),
            pauses=_rows(conn, Pause, PAUSES, params),
            sources=_rows(conn, SourceCount, SOURCES, params),
            box_scores=_box_scores(conn, league, params),
            prices=prices,
            odd_offers=odd_offers,
            forecasts=_by_season(conn, FORECASTS, params),
            details=dict(conn.execute(DETAILS, params).fetchall()),
            unplayed=_rows(conn, Unplayed, UNPLAYED, params),
            conflicts=_rows(conn, ConflictCount, CONFLICT_COUNTS, params),
            quarantine=_rows(conn, Waiting, WAITING, params),
            ingests=_rows(conn, Ingest, INGESTS, params),
        )


def read_conflicts(
    conn: psycopg.Connection[Any],
    league: str,
    *,
    seasons: Sequence[int] = (),
    field: str | None = None,
    limit: int | None = None,
    untold: Untold = (),
) -> list[Conflict]:
    """Return where sources contradict what holds, newest first: of some seasons (none: all), of one field."""
    params = {"league": league, "seasons": list(seasons) or None, "field": field, "limit": limit}
    params |= _silences(untold)
    return _rows(conn, Conflict, CONFLICTS, params)


def count_conflicts(conn: psycopg.Connection[Any], league: str, untold: Untold = ()) -> list[ConflictCount]:
    """Return how many contradictions there are, by season, source, holder and field."""
    return _rows(conn, ConflictCount, CONFLICT_COUNTS, {"league": league, **_silences(untold)})


def _silences(untold: Untold) -> dict[str, Any]:
    return {"silent": [source for source, _ in untold], "untold": [field for _, field in untold]}


@contextmanager
def _snapshot(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """Let all questions be answered from one state of the database."""
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        conn.execute("SELECT set_config('work_mem', %s, true)", (MEMORY,))
        yield


def _rows(conn: psycopg.Connection[Any], kind: type[Row], query: str, params: Mapping[str, Any]) -> list[Row]:
    with conn.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query.encode(), params).fetchall()


def _by_season(
    conn: psycopg.Connection[Any], query: str, params: Mapping[str, Any]
) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for season, name, count in conn.execute(query.encode(), params).fetchall():
        found[season][name] = count
    return dict(found)


def _box_scores(
    conn: psycopg.Connection[Any], league: League, params: Mapping[str, Any]
) -> dict[int, dict[str, int]]:
    """Return, by season and stat, how many played matches have it for both sides."""
    names = (*league.stats, *league.stored_stats)
    places = range(len(names))
    every = [sql.Identifier(f"s{place}") for place in range(len(league.stats))] or [sql.Identifier("whole")]
    query = sql.SQL(STATS).format(
        has=sql.SQL("").join(
            sql.SQL(", bool_or(s.stats ? {}) AS {}").format(name, sql.Identifier(f"s{place}"))
            for place, name in enumerate(names)
        ),
        both=sql.SQL("").join(sql.SQL(", bool_and({0}) AS {0}").format(_column(place)) for place in places),
        counts=sql.SQL("").join(
            sql.SQL(", count(*) FILTER (WHERE whole AND {})").format(_column(place)) for place in places
        ),
        every=sql.SQL(" AND ").join(every),
    )
    found = {}
    for season, *counts in conn.execute(query, params).fetchall():
        found[season] = dict(zip((BOX, ALL_STATS, *names), counts, strict=True))
    return found


def _column(place: int) -> sql.Identifier:
    return sql.Identifier(f"s{place}")


def _prices(
    conn: psycopg.Connection[Any], league: League, params: Mapping[str, Any]
) -> tuple[list[PriceCount], list[OddOffer]]:
    """Return how many played matches each kind of offer covers, and the offers that are unlike their kind."""
    low, high = league.rules.overround
    asked = {**params, "sides": len(league.outcomes), "low": low, "high": high, "odd": ODD_MARGIN}
    counts: list[PriceCount] = []
    odd: list[OddOffer] = []
    for row in conn.execute(PRICES.encode(), asked).fetchall():
        season, bookmaker, market, closing, matches, offers, overround, outside, unlike, told = row
        counts.append(
            PriceCount(season, bookmaker, market, closing, matches, offers, overround, outside, unlike)
        )
        for day, home, away, booksum in told or ():
            odd.append(
                OddOffer(
                    season,
                    date.fromisoformat(day),
                    home,
                    away,
                    bookmaker,
                    market,
                    closing,
                    booksum,
                    overround,
                )
            )
    return counts, sorted(odd)
