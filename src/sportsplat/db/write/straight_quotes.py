"""Prices of seasons that are not stored yet: by COPY into their partitions, under reserved match ids.

Staged prices wait until the file is read, then a statement takes them over; here the server stores them while
the file is still being read, which takes three quarters of the time. It is right where every match of the
file is new. Whether it was is seen when the matches are written: if not, `NotStraightError` means that the
transaction is to be given up, and the file read again with `PriceStage`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from sportsplat.db.binary import Columns, PgType, to_wire, write_rows
from sportsplat.db.write.bulk_quotes import PriceWriter, PriceWriteResult, Ready, SeasonPrices
from sportsplat.db.write.import_run import THIS_RUN
from sportsplat.db.write.matches import NO_MATCH
from sportsplat.db.write.price_tables import Offer, Overround, Repeats
from sportsplat.db.write.staging import Tally, moments

if TYPE_CHECKING:
    from sportsplat.db.binary import Array
    from sportsplat.db.write.import_run import ImportRun

_COLUMNS = (
    *("match_id", "decimal_odds", "known_at", "bookmaker", "market", "outcome", "is_closing", "season"),
    *("recorded_at", "run_id", "line", "quoted_at"),
)
_FIXED = np.dtype(
    [
        ("fields", ">i2"),
        *(("match_size", ">i4"), ("match_id", ">i8")),
        *(("odds_size", ">i4"), ("decimal_odds", ">f8")),
        *(("known_size", ">i4"), ("known_at", ">i8")),
    ]
)
_NULL = struct.pack(">i", -1)
_NO_MOMENT = np.iinfo(np.int64).min
_NOTED = f"SELECT coalesce(%s::timestamptz, now()), {THIS_RUN}"
_STRANGE = """
SELECT EXISTS (SELECT FROM matches
                WHERE league = %(league)s AND season BETWEEN %(season)s - 1 AND %(season)s + 1)
    OR NOT open_quote_partition(%(season)s)
"""


class NotStraightError(Exception):
    """Something of the file is stored already, or stands in it twice; or nothing of a season is taken."""


class PriceTargets(NamedTuple):
    """The matches and offers that prices refer to, by position: lists that grow while a file is read."""

    starts: Sequence[datetime]  # of each match
    closes: Sequence[datetime]  # when its closing prices were known
    offers: Sequence[Offer]  # bookmaker, market, outcome, and whether it is a closing price


class StraightPrices(PriceWriter):
    """Prices go straight into their partitions. The caller holds the league's lock."""

    def __init__(self, run: ImportRun, targets: PriceTargets) -> None:
        """Begin with none."""
        super().__init__(run)
        conn = run.conn
        self._targets = targets
        moment, run_id = conn.execute(_NOTED, (run.recorded_at,)).fetchone() or (None, None)
        self._moment = moments([moment])
        self._recorded_at = to_wire(self._moment, PgType.TIMESTAMPTZ)
        self._run_id = _NULL if run_id is None else struct.pack(">iq", 8, run_id)
        self._times = np.zeros((2, 0), dtype=np.int64)  # of each match: when it starts, when its prices close
        first = conn.execute("SELECT first_new_match_id()").fetchone()
        self._first_id: int = first[0] if first else 0

    @property
    def reserved(self) -> Array:  # type: ignore[override]
        """Of each match by its place, the id that it is to have."""
        return np.arange(self._first_id, self._first_id + len(self._targets.starts))

    def ready(self, season: int, prices: Columns) -> Ready:
        """Return prices as they go over the wire; columns as `PriceStage.ready` takes them."""
        return Ready(season, prices, self._encoded(season, prices))

    def add(self, ready: Ready) -> None:
        """Store prices of one season. Raises NotStraightError."""
        season, prices, encoded = ready
        if season not in self._noted.rows:
            asked = {"league": self._run.league, "season": season}
            if self._conn.execute(_STRANGE, asked).fetchone() != (False,):
                raise NotStraightError
        write_rows(self._conn, _partition(season), _COLUMNS, encoded)
        self._noted.add(season, prices)

    def before_matches(self) -> None:
        """Take the ids of the matches; to be called before this transaction writes them."""
        self._conn.execute("SELECT use_match_ids(%s)", (self._first_id + len(self._targets.starts),))

    def settle(
        self, matches: Columns, offers: Sequence[Offer], overround: Overround, *, limit: int = 1000
    ) -> PriceWriteResult:
        """Finish what was stored. Raises NotStraightError."""
        ids = matches["match_id"]
        if ((ids != NO_MATCH) & ((ids != self.reserved) | matches["turned"])).any():
            raise NotStraightError
        return super().settle(matches, offers, overround, limit=limit)

    def _stored(self, season: int) -> sql.Identifier:
        return _partition(season)

    def _settle_season(self, prices: SeasonPrices, limit: int) -> tuple[Tally, Repeats]:  # noqa: ARG002
        if not prices.stored_seasons:
            raise NotStraightError  # or an empty partition would stay
        lost = list(prices.unmatched)
        if lost:
            delete = sql.SQL("DELETE FROM {} WHERE match_id = ANY(%s)").format(_partition(prices.season))
            self._conn.execute(delete, (self.reserved[lost].tolist(),))
        try:
            self._conn.execute("SELECT close_quote_partition(%s)", (prices.season,))
        except psycopg.errors.UniqueViolation:
            raise NotStraightError from None
        return Tally(prices.rows - sum(prices.unmatched.values()) - prices.unfair_rows), Repeats()

    def _know(self, matches: int) -> None:
        """Note the times of those of so many matches that are met for the first time."""
        known = self._times.shape[1]
        if matches > known:
            times = [
                moments(column[known:matches]) for column in (self._targets.starts, self._targets.closes)
            ]
            self._times = np.append(self._times, np.array(times, dtype=np.int64), axis=1)

    def _encoded(self, season: int, prices: Columns) -> memoryview:
        match, offer, quoted_at, line = (prices[name] for name in ("match", "offer", "quoted_at", "line"))
        offers = list(self._targets.offers)
        self._know(int(match.max()) + 1)
        closing = np.array([is_closing for *_, is_closing in offers], dtype=np.bool_)[offer]
        quoted = quoted_at != _NO_MOMENT
        unsaid = np.minimum(self._times[closing.astype(np.intp), match], self._moment)
        known_at = np.where(quoted & ~closing, quoted_at, unsaid)
        fixed = np.empty(len(match), dtype=_FIXED)
        fixed["fields"] = len(_COLUMNS)
        for name in ("match_size", "odds_size", "known_size"):
            fixed[name] = 8
        fixed["match_id"] = self._first_id + match
        fixed["decimal_odds"] = prices["decimal_odds"]
        fixed["known_at"] = to_wire(known_at, PgType.TIMESTAMPTZ)
        shared = pa.array([self._shared(one, season) for one in offers], pa.binary())
        return _side_by_side(
            _binary(fixed),
            shared.take(pa.array(offer)),
            _nullable(line, ">f8", ~np.isnan(line)),
            _nullable(to_wire(quoted_at, PgType.TIMESTAMPTZ), ">i8", quoted),
        )

    def _shared(self, offer: Offer, season: int) -> bytes:
        """Return the columns that all prices of an offer share in a season, as they go over the wire."""
        bookmaker, market, outcome, is_closing = offer
        values = [word.encode() for word in (bookmaker, market, outcome)]
        values += [struct.pack(">?", is_closing), struct.pack(">h", season)]
        values += [struct.pack(">q", *self._recorded_at)]
        return b"".join(struct.pack(">i", len(value)) + value for value in values) + self._run_id


def _partition(season: int) -> sql.Identifier:
    return sql.Identifier("public", f"quotes_{season}")


def _nullable(values: Array, shape: str, known: Array) -> pa.Array:
    """Return eight-byte values as fields, with NULL where they are not known."""
    field = np.empty(len(values), dtype=[("size", ">i4"), ("value", shape)])
    field["size"] = 8
    field["value"] = values
    return pc.if_else(pa.array(known), _binary(field), pa.scalar(_NULL))


def _side_by_side(*pieces: pa.Array) -> memoryview:
    """Return rows whose bytes are those of the pieces, one after the other."""
    joined = pc.binary_join_element_wise(*pieces, b"")
    _, ends, data = joined.buffers()
    first, last = np.frombuffer(ends, dtype=np.int32)[[joined.offset, joined.offset + len(joined)]]
    return memoryview(data)[first:last]


def _binary(records: Array) -> pa.Array:
    """Return records as the bytes they are made of."""
    wide = pa.binary(records.dtype.itemsize)
    return pa.FixedSizeBinaryArray.from_buffers(wide, len(records), [None, pa.py_buffer(records)]).cast(
        pa.binary()
    )
