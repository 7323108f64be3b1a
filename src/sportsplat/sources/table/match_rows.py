"""A table of matches: each row with its match, box scores, forecasts and prices."""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Mapping as Dict
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pyarrow as pa

from sportsplat.betting.odds import american_to_decimal
from sportsplat.domain import (
    Batch,
    ForecastRecord,
    Market,
    MatchKey,
    MatchRecord,
    Outcome,
    QuoteRecord,
    Rejected,
    TeamStatsRecord,
)
from sportsplat.errors import InputRefused
from sportsplat.leagues.league import League
from sportsplat.sources.reading.blanks import is_blank
from sportsplat.sources.reading.cells import RowError
from sportsplat.sources.reading.csv import collector_paused
from sportsplat.sources.reading.repeats import RepeatedRows, RepeatKind, describe_repeat
from sportsplat.sources.table.blocks import TableFile
from sportsplat.sources.table.dates import DateColumn
from sportsplat.sources.table.mapping import (
    Cell,
    Forecast,
    Mapping,
    WideQuotes,
    column_names,
)
from sportsplat.sources.table.matches import (
    IN_PLAY,
    NAME,
    MatchReader,
    Words,
    describe_in_play,
    refuse_no_name,
    text_of,
)
from sportsplat.sources.table.values import (
    NOT_A_TIME,
    read_american,
    read_finite,
    read_flags,
    read_moments,
)

MOST_ROWS = 500_000  # of a table of matches; 0.7 GB of memory
_SIDES = {"spread": ("home", "away"), "total": ("over", "under")}


@collector_paused()
def read_matches(table: TableFile, mapping: Mapping, league: League) -> Batch:
    """Read the whole table; each row that is not blank becomes a match or is rejected.

    Raises InputRefused (`TOO_LARGE`) after MOST_ROWS of them: all are kept in memory until they are stored.
    """
    return _Rows(table, mapping, league).batch()


def _too_many(file: str) -> InputRefused:
    return InputRefused(
        f"{file} has too many rows for one match per row",
        code="TOO_LARGE",
        cause=f"it has more than {MOST_ROWS:,}; nothing of it was stored",
        fix="split it by season, each part with the header line; one price per row needs `rows: quotes`",
    )


class _Rows:
    def __init__(self, table: TableFile, mapping: Mapping, league: League) -> None:
        self._table = table
        self._mapping = mapping
        self._matches = MatchReader(mapping, league)
        self._file = str(table.path)
        self._batch = Batch.empty(league.code, NAME, self._file)
        self._repeats = RepeatedRows(league)
        self._noted: list[tuple[int, str, str]] = []
        self._taken = {
            wide.quoted_at.column: DateColumn("quoted_at", wide.quoted_at)
            for wide in mapping.quotes
            if wide.quoted_at is not None
        }

    def batch(self) -> Batch:
        columns = column_names(self._mapping)
        ragged: list[Rejected] = []
        count = 0
        for block in self._table.blocks(columns, ragged):
            texts = {name: values.to_pylist() for name, values in block.columns.items()}
            for place, line in enumerate(block.lines.tolist()):
                row = {name: values[place] for name, values in texts.items()}
                if all(map(is_blank, row.values())):
                    continue
                count += 1
                if count > MOST_ROWS:
                    raise _too_many(self._file)
                try:
                    self._read(line, row)
                except RowError as bad:
                    self._noted.append((line, bad.code, bad.reason))
        self._matches.check_dates(self._file)
        for taken in self._taken.values():
            taken.check(self._file)
        raw = self._table.raw([line for line, _, _ in self._noted])
        torn = [row for row in ragged if row.raw.strip()]
        rejected = [
            Rejected(self._file, line, reason, code, raw.get(line, "")) for line, code, reason in self._noted
        ]
        return self._batch._replace(
            rows_read=count + len(torn),
            rejected=[*torn, *rejected],
            line_of=self._repeats.line_of,
            further_lines=self._repeats.further,
        )

    def _read(self, line: int, row: Dict[str, str]) -> None:
        match = self._matches.read(row.__getitem__)
        place = self._repeats.place(line, match)
        match = place.match
        key = match.key
        if place.kind is RepeatKind.REPEATED:
            self._noted.append((line, "duplicate-match", describe_repeat(match, place.first_line)))
        else:
            self._batch.matches.append(match)
        known_at = match.known_at
        if known_at is not None:
            self._stats(line, row, key, known_at)
        for forecast in self._mapping.forecasts:
            with self._noting(line):
                self._forecast(line, row, forecast, match)
        for wide in self._mapping.quotes:
            with self._noting(line):
                self._quotes(line, row.__getitem__, wide, match)

    @contextmanager
    def _noting(self, line: int) -> Iterator[None]:
        """Record a problem of a match's other values; the match is kept."""
        try:
            yield
        except RowError as bad:
            self._noted.append((line, bad.code, bad.reason))

    def _stats(self, line: int, row: Dict[str, str], key: MatchKey, known_at: datetime) -> None:
        for side, is_home in enumerate((True, False)):
            found = {}
            for stat, columns in self._mapping.stats.items():
                value = self._number(line, row, columns[side])
                if value is not None:
                    found[stat] = value
            if found:
                self._batch.stats.append(TeamStatsRecord(key, is_home, found, known_at))

    def _forecast(self, line: int, row: Dict[str, str], forecast: Forecast, match: MatchRecord) -> None:
        found = [self._number(line, row, column) for column in forecast.probabilities]
        shares = [share for share in found if share is not None]
        if not shares:
            return
        outcomes = self._matches.league.outcomes
        possible = min(shares) >= 0 and max(shares) <= 1 and abs(sum(shares) - 1) <= 0.01
        if len(shares) != len(outcomes) or not possible:
            columns = ", ".join(forecast.probabilities)
            raise RowError("bad-forecast", f"{columns} are {found}: expected the probabilities of {outcomes}")
        publisher = self._named(forecast.publisher, row.__getitem__, "publisher")
        self._batch.forecasts.append(
            ForecastRecord(match.key, publisher, tuple(shares), self._matches.closed_at(match))
        )

    def _quotes(self, line: int, cell: Words, wide: WideQuotes, match: MatchRecord) -> None:
        wanted = _SIDES.get(wide.market) or self._matches.league.outcomes
        prices = {side: cell(column).strip() for side, column in wide.odds.items()}
        if all(map(is_blank, prices.values())):
            return
        bookmaker = self._named(wide.bookmaker, cell, "bookmaker")
        closing, quoted_at, known_at = self._moment(cell, wide, match)
        line_text = text_of(wide.line, cell)
        spread = _finite(line_text) if wide.market != "result" else None
        if wide.market != "result" and spread is None:
            raise RowError("bad-line", f"the line of {bookmaker}'s {wide.market} is {line_text!r}")
        for side, text in prices.items():
            if side not in wanted:
                raise RowError("unknown-outcome", f"{side} is not an outcome of the market {wide.market}")
            if is_blank(text):
                continue
            odds = read_finite(text) if wide.format == "decimal" else _american(text)
            if not odds > 1:
                column = wide.odds[side]
                reason = f"{column} is {text!r}: expected {wide.format} odds"
                self._noted.append((line, "impossible-odds", reason))
                continue
            self._batch.quotes.append(
                QuoteRecord(
                    match.key, bookmaker, Market(wide.market), Outcome(side), spread, odds, closing,
                    quoted_at, known_at,
                )
            )  # fmt: skip

    @staticmethod
    def _named(cell: Cell, row: Words, what: str) -> str:
        """Return the bookmaker or publisher. Raises RowError where none is given."""
        name = text_of(cell, row)
        if not name.strip():
            raise RowError(f"missing-{what}", f"{cell.column or what} is blank")
        refuse_no_name(name, cell)
        return name

    def _moment(
        self, cell: Words, wide: WideQuotes, match: MatchRecord
    ) -> tuple[bool, datetime | None, datetime]:
        flag = text_of(wide.closing, cell)
        flags, wrong = read_flags([flag])
        if wrong[0]:
            raise RowError("bad-flag", f"closing is {flag!r}: expected true or false")
        if flags[0]:
            return True, None, self._matches.closed_at(match)
        text = text_of(wide.quoted_at, cell)
        if wide.quoted_at is None or not text:
            return False, None, match.kickoff_utc
        found = read_moments(pa.array([text]), wide.quoted_at, self._matches.league.timezone).values[0]
        taken = self._taken[wide.quoted_at.column]
        taken.count(text, None if found == NOT_A_TIME else date.max, taken.swapped(text))
        if found == NOT_A_TIME:
            raise RowError("bad-date", f"{wide.quoted_at.column} is {text!r}: expected a moment")
        quoted_at = datetime.fromtimestamp(int(found) / 1_000_000, UTC)
        closed_at = self._matches.closed_at(match)
        if quoted_at > closed_at:
            raise RowError(IN_PLAY, describe_in_play(wide.quoted_at.column or "quoted_at", text, closed_at))
        return False, quoted_at, quoted_at

    def _number(self, line: int, row: Dict[str, str], column: str) -> float | None:
        text = row[column].strip()
        if is_blank(text):
            return None
        value = _finite(text)
        if value is None:
            self._noted.append((line, "bad-number", f"{column} is {text!r}: expected a number"))
        return value


def _american(text: str) -> float:
    return float(american_to_decimal(read_american(text)))


def _finite(text: str) -> float | None:
    value = read_finite(text)
    return None if math.isnan(value) else value
