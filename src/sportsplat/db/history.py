"""Revisions of facts: earlier values are kept when they are replaced, and can be read as of a moment.

The current row of a fact has the value reported as of the latest moment (`recorded_at`). Earlier values are
in its table of revisions, written by the statement that replaces them or by one that ingests an older file
after a newer one. The same files with the same moments give the same history in any order. A file that
repeats the stored value writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Kind(NamedTuple):
    """A table of facts with its table of revisions: the columns of its key, and of what it says."""

    table: str
    revisions: str
    key: tuple[str, ...]
    value: str


STATS = Kind("team_match_stats", "team_stat_revisions", ("match_id", "team_id", "source"), "stats")
QUOTES = Kind(
    "quotes",
    "quote_revisions",
    ("match_id", "bookmaker", "market", "outcome", "line", "is_closing", "quoted_at"),
    "decimal_odds",
)
FORECASTS = Kind("forecasts", "forecast_revisions", ("match_id", "publisher"), "probabilities")
DETAILS = Kind("match_details", "detail_revisions", ("match_id", "source", "phase"), "details")

_STAND_INS = {"line": "'NaN'", "quoted_at": "'-infinity'"}  # NULLs cannot be hashed

TOLD = "(SELECT coalesce(%(recorded_at)s::timestamptz, now()) AS moment)"
"""The moment as of which a statement's rows are reported; one row."""


COUNTED = "SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written"
"""How many rows `written`, which says of each whether it was `inserted`, has made and has changed."""


def merged(column: str) -> str:
    """Return SQL that merges a JSON object key by key: for a key reported twice the later value is used."""
    return f"""CASE WHEN is_new THEN {column} WHEN stored_at <= moment THEN stored || {column}
                ELSE {column} || stored END"""


def stored(kind: Kind) -> str:
    """Return the columns that `keep` needs of the stored row `t`; its key is empty where there is none."""
    return f"""t.match_id IS NULL AS is_new, t.{kind.value} AS stored, t.known_at AS stored_known_at,
           coalesce(t.recorded_at, '-infinity') AS stored_at"""


def keep(kind: Kind) -> str:
    """Return the statement that keeps, of the rows `differing`, what does not count or counts no more.

    `differing` has the columns of new rows, with their reporting moment (`moment`), and those of `stored`.
    Later rows replace what is stored; of the same moment, too, and then nothing is to be kept.
    """
    key = ", ".join(kind.key)
    return f"""
    INSERT INTO {kind.revisions} AS r ({key}, {kind.value}, known_at, recorded_at)
    SELECT {key}, CASE WHEN stored_at < moment THEN stored ELSE {kind.value} END,
           CASE WHEN stored_at < moment THEN stored_known_at ELSE known_at END, least(stored_at, moment)
      FROM differing WHERE NOT is_new AND stored_at <> moment
    ON CONFLICT ({key}, recorded_at) DO UPDATE
       SET {kind.value} = excluded.{kind.value}, known_at = excluded.known_at
     WHERE (r.{kind.value}, r.known_at) IS DISTINCT FROM (excluded.{kind.value}, excluded.known_at)"""


def same_key(kind: Kind, one: str, other: str, *, leave_out: Sequence[str] = ()) -> str:
    """Return the condition that rows of two aliases are of one fact, in a form that can be hashed."""
    pairs = []
    for name in kind.key:
        if name in leave_out:
            continue
        sides = [f"{alias}.{name}" for alias in (one, other)]
        if name in _STAND_INS:
            sides = [f"coalesce({side}, {_STAND_INS[name]})" for side in sides]
        pairs.append(" = ".join(sides))
    return " AND ".join(pairs)


def facts(kind: Kind, *also: str, held: bool) -> str:
    """Return a relation of facts as they are, or as they were `held` at `%(moment)s`.

    The latter has the columns of the key, the value, known_at, recorded_at and `also`. A fact that was not
    stored yet has its present value: `known_at` says from when it could be known.
    """
    if not held:
        return kind.table
    key = ", ".join(kind.key)
    columns = ", ".join(f"f.{name}" for name in (*kind.key, *also))
    return f"""
    (SELECT {columns}, coalesce(r.{kind.value}, f.{kind.value}) AS {kind.value},
            coalesce(r.known_at, f.known_at) AS known_at,
            coalesce(r.recorded_at, f.recorded_at) AS recorded_at
       FROM {kind.table} f
       LEFT JOIN (SELECT DISTINCT ON ({key}) * FROM {kind.revisions} WHERE recorded_at <= %(moment)s
                   ORDER BY {key}, recorded_at DESC) r
         ON {same_key(kind, "f", "r")} AND f.recorded_at > %(moment)s)"""


MATCHES_AS_HELD = """
(SELECT id, league, season, match_date, kickoff_utc, precision, home_id, away_id, number, neutral, stage,
        status, home_score, away_score, known_at
   FROM matches m
  WHERE NOT EXISTS (SELECT FROM match_revisions r
                     WHERE r.match_id = m.id AND r.recorded_at <= %(moment)s AND %(moment)s < r.superseded_at)
 UNION ALL
 SELECT m.id, m.league, r.season, r.match_date, r.kickoff_utc, r.precision, r.home_id, r.away_id, r.number,
        r.neutral, r.stage, r.status, r.home_score, r.away_score, r.known_at
   FROM matches m JOIN match_revisions r
     ON r.match_id = m.id AND r.recorded_at <= %(moment)s AND %(moment)s < r.superseded_at)"""
"""Matches as this database held them at `%(moment)s`, where something else has taken their place since."""
