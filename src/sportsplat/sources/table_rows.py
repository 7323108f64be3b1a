"""A table with a match a row: matches with what stands beside them, as every other source gives them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Mapping as Dict
from contextlib import contextmanager
from datetime import UTC, datetime

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
from sportsplat.leagues import League
from sportsplat.sources.rows import RowError, collector_paused
from sportsplat.sources.table_blocks import TableFile
from sportsplat.sources.table_mapping import Cell, Forecast, Mapping, WideQuotes, column_names
from sportsplat.sources.table_matches import (
    IN_PLAY,
    NAME,
    MatchReader,
    Words,
    in_play_told,
    refuse_no_name,
    text_of,
)
from sportsplat.sources.table_values import (
    NOT_A_TIME,
    read_american,
    read_finite,
    read_flags,
    read_moments,
)

_SIDES = {"spread": ("home", "away"), "total": ("over", "under")}


@collector_paused()
def read_matches(table: TableFile, mapping: Mapping, league: League) -> Batch:
    """Return all that the table says; each row that is not blank becomes a match or is rejected."""
    return _Rows(table, mapping, league).batch()


class _Rows:
    def __init__(self, table: TableFile, mapping: Mapping, league: League) -> None:
        self._table = table
        self._mapping = mapping
        self._matches = MatchReader(mapping, league)
        self._file = str(table.path)
        self._batch = Batch.empty(league.code, NAME, self._file)
        self._line_of: dict[MatchKey, int] = {}
        self._noted: list[tuple[int, str, str]] = []

    def batch(self) -> Batch:
        columns = column_names(self._mapping)
        ragged: list[Rejected] = []
        count = 0
        for block in self._table.blocks(columns, ragged):
            texts = {name: values.to_pylist() for name, values in block.columns.items()}
            for place, line in enumerate(block.lines.tolist()):
                row = {name: values[place] for name, values in texts.items()}
                if not any(map(str.strip, row.values())):
                    continue
                count += 1
                try:
                    self._read(line, row)
                except RowError as bad:
                    self._noted.append((line, bad.code, bad.reason))
        raw = self._table.raw([line for line, _, _ in self._noted])
        torn = [row for row in ragged if row.raw.strip()]
        rejected = [
            Rejected(self._file, line, reason, code, raw.get(line, "")) for line, code, reason in self._noted
        ]
        return self._batch._replace(
            rows_read=count + len(torn), rejected=[*torn, *rejected], line_of=self._line_of
        )

    def _read(self, line: int, row: Dict[str, str]) -> None:
        match = self._matches.read(row.__getitem__)
        key = match.key
        if key in self._line_of:
            raise RowError(
                "duplicate-match",
                f"{match.home} against {match.away} on {match.match_date} stands above, in line"
                f" {self._line_of[key]}",
            )
        self._line_of[key] = line
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
        """Note what is wrong with something beside a match, which is kept."""
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
            raise RowError("bad-forecast", f"{columns} are {found}: expected the chances of {outcomes}")
        publisher = self._named(forecast.publisher, row.__getitem__, "publisher")
        self._batch.forecasts.append(
            ForecastRecord(match.key, publisher, tuple(shares), self._matches.closed_at(match))
        )

    def _quotes(self, line: int, cell: Words, wide: WideQuotes, match: MatchRecord) -> None:
        wanted = _SIDES.get(wide.market) or self._matches.league.outcomes
        prices = {side: cell(column).strip() for side, column in wide.odds.items()}
        if not any(prices.values()):
            return
        bookmaker = self._named(wide.bookmaker, cell, "bookmaker")
        closing, quoted_at, known_at = self._moment(cell, wide, match)
        line_text = text_of(wide.line, cell)
        spread = _finite(line_text) if wide.market != "result" else None
        if wide.market != "result" and spread is None:
            raise RowError("bad-line", f"the line of {bookmaker}'s {wide.market} is {line_text!r}")
        for side, text in prices.items():
            if side not in wanted:
                raise RowError("unknown-outcome", f"{side} is no outcome of the market {wide.market}")
            if not text:
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
        """Return whose prices or probabilities they are. Raises RowError where nobody is named."""
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
        if found == NOT_A_TIME:
            raise RowError("bad-date", f"{wide.quoted_at.column} is {text!r}: expected a moment")
        quoted_at = datetime.fromtimestamp(int(found) / 1_000_000, UTC)
        closed_at = self._matches.closed_at(match)
        if quoted_at > closed_at:
            raise RowError(IN_PLAY, in_play_told(wide.quoted_at.column or "quoted_at", text, closed_at))
        return False, quoted_at, quoted_at

    def _number(self, line: int, row: Dict[str, str], column: str) -> float | None:
        text = row[column].strip()
        if not text:
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
