"""A table with a price a row, of any size: read block by block, column by column.

What comes out is ready for the database: numbers, and codes for the match and the offer (bookmaker, market,
outcome) of each price. Matches and offers are few and are kept; prices are handed on and forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sportsplat.betting.odds import american_to_decimal
from sportsplat.domain import Batch, MatchKey, MatchRecord, Rejected
from sportsplat.leagues.league import League
from sportsplat.sources.reading.cells import RowError
from sportsplat.sources.table.blocks import (
    Flags,
    Floats,
    Ints,
    TableFile,
    TextBlock,
    taken,
    together,
    without_blank,
    words_of,
)
from sportsplat.sources.table.dates import DateColumn
from sportsplat.sources.table.errors import Refusals, Refuse
from sportsplat.sources.table.mapping import Cell, Mapping, When, column_names
from sportsplat.sources.table.matches import IN_PLAY, NAME, MatchReader, describe_in_play, refuse_no_name
from sportsplat.sources.table.offers import Books, QuoteKey
from sportsplat.sources.table.values import (
    NOT_A_TIME,
    read_american,
    read_flags,
    read_moments,
    read_numbers,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PriceArrays(NamedTuple):
    """Equally long columns. `row` is a line of the file, `match` and `offer` are places in `QuoteTable`'s
    lists; line is NaN in the result market; quoted_at (microseconds since 1970 UTC) is NOT_A_TIME where
    none is given; `loose`: the overround is to be judged yet, as not all of the offer stood together.
    """

    row: Ints
    match: Ints
    offer: Ints
    line: Floats
    decimal_odds: Floats
    quoted_at: Ints
    loose: Flags

    def at(self, rows: Ints | Flags) -> PriceArrays:
        """Return some of the rows."""
        return PriceArrays(
            self.row[rows],
            self.match[rows],
            self.offer[rows],
            self.line[rows],
            self.decimal_odds[rows],
            self.quoted_at[rows],
            self.loose[rows],
        )


class QuoteTable:
    """Reads a table of prices. The other attributes are complete once `prices` has been read to its end."""

    def __init__(self, table: TableFile, mapping: Mapping, league: League) -> None:
        self.keys: list[MatchKey] = []
        self.books = Books(league.outcomes)
        self.starts: list[datetime] = []  # of each key's match
        self.closes: list[datetime] = []  # when its closing prices were known
        self.rows_read = 0
        self.without_match: Counter[str] = Counter()  # rows without a match, by the code of the reason
        self._table = table
        self._mapping = mapping
        self._league = league
        self._reader = MatchReader(mapping, league)
        self._taken = DateColumn("quoted_at", mapping.quoted_at) if mapping.quoted_at else None
        self._matches: dict[MatchRecord, int] = {}
        self._reported: dict[bytes, int] = {}  # match by its words; below 0: wrong, -1 - place in _wrong
        self._wrong: list[RowError] = []
        self._season_of: list[int] = []
        self._closes_us: list[int] = []
        self._line_of: dict[MatchKey, int] = {}
        self._refused = Refusals(str(table.path))

    def prices(self) -> Iterator[tuple[int, PriceArrays]]:
        """Yield prices and the season of their matches, each time in the order of the key of `quotes`.

        Rows that are no prices are kept for `batch`.
        """
        ragged: list[Rejected] = []
        for block in self._table.blocks(column_names(self._mapping), ragged):
            yield from self._of_block(block)
            self._tear(ragged)
        self._tear(ragged)

    def batch(self) -> Batch:
        """Return the matches that the prices refer to, and the rejected rows.

        Raises InputRefused where the dates are not in the order of the mapping (DATE_ORDER, MIXED_DATES).
        """
        self._reader.check_dates(str(self._table.path))
        if self._taken is not None:
            self._taken.check(str(self._table.path))
        batch = Batch.empty(self._league.code, NAME, str(self._table.path))
        rejected = self._refused.reported(self._table)
        return batch._replace(
            rows_read=self.rows_read, matches=list(self._matches), rejected=rejected, line_of=self._line_of
        )

    def _tear(self, ragged: list[Rejected]) -> None:
        torn = [row for row in ragged if row.raw.strip()]
        self.rows_read += len(torn)
        self.without_match.update(row.code for row in torn)
        self._refused.add_whole(torn)
        ragged.clear()

    def _of_block(self, block: TextBlock) -> Iterator[tuple[int, PriceArrays]]:
        block = without_blank(block)
        size = len(block.lines)
        if not size:
            return
        self.rows_read += size
        good = np.ones(size, dtype=np.bool_)

        def refuse(wrong: Flags, code: str, reason: Callable[[int], str]) -> None:
            self._refused.add(block.lines, wrong & good, code, reason)
            good[wrong] = False

        match = self._match_of(block, refuse)
        closing = self._flags(block, self._mapping.closing, refuse)
        offer, is_result = self._offers_of(block, closing, refuse)
        line = self._lines_of(block, is_result, refuse)
        odds = self._odds_of(block, refuse)
        quoted_at = self._quoted_at(block, closing, match, refuse)
        prices = PriceArrays(block.lines, match, offer, line, odds, quoted_at, good)
        prices = self._fair(prices if good.all() else prices.at(good))
        order = self.books.order(prices.match, prices.offer, prices.line, prices.quoted_at)
        if order is not None:
            prices = prices.at(order)
        seasons = np.array(self._season_of, dtype=np.int64)[prices.match]
        found = np.unique(seasons).tolist()
        for season in found:
            yield season, prices if len(found) == 1 else prices.at(seasons == season)

    def _fair(self, prices: PriceArrays) -> PriceArrays:
        """Drop offers with an impossible overround; return which prices are still to be checked."""
        rules, offers = self._league.rules, self.books.offers
        judged = self.books.judge(
            prices.match, prices.offer, prices.line, prices.decimal_odds, prices.quoted_at
        )
        low, high = rules.overround
        wrong = judged.whole & ((judged.booksum < low) | (judged.booksum > high))

        def reason(row: int) -> str:
            same = np.flatnonzero(judged.group == judged.group[row]).tolist()
            reported = [
                (offers[int(prices.offer[one])].outcome, float(prices.decimal_odds[one])) for one in same
            ]
            offer, match = offers[int(prices.offer[row])], self.keys[int(prices.match[row])]
            wrong_with_it = rules.describe_overround(
                offer.bookmaker, offer.market, offer.is_closing, reported
            )
            return f"{match.label}: {wrong_with_it}"

        self._refused.add(prices.row, wrong, "bad-overround", reason)
        prices = prices._replace(loose=~judged.whole)
        return prices.at(~wrong) if wrong.any() else prices

    def _match_of(self, block: TextBlock, refuse: Refuse) -> Ints:
        """Return the place of each row's match; matches that are met for the first time are read."""
        names = self._reader.columns
        codes, first = together([block.columns[name] for name in names], len(block.lines))
        columns = [taken(block.columns[name], first) for name in names]
        combinations = zip(*columns, strict=True) if columns else [()]
        found = np.empty(len(first), dtype=np.int64)
        lines = block.lines[first].tolist()
        for place, words in enumerate(combinations):
            # A sixth of the words' memory; a word with a zero byte is refused in any column.
            reported = blake2b("\0".join(words).encode(), digest_size=16).digest()
            known = self._reported.get(reported)
            if known is None:
                known = self._reported[reported] = self._met(
                    dict(zip(names, words, strict=True)), lines[place]
                )
            found[place] = known
        match = found[codes]
        wrong = np.unique(match[match < 0]).tolist()
        for code in dict.fromkeys(self._wrong[-1 - place].code for place in wrong):
            places = [place for place in wrong if self._wrong[-1 - place].code == code]
            wrong_rows = np.isin(match, places)
            self.without_match[code] += int(wrong_rows.sum())
            refuse(wrong_rows, code, lambda row: self._wrong[-1 - int(match[row])].reason)
        return np.maximum(match, 0)

    def _met(self, row: dict[str, str], line: int) -> int:
        try:
            match = self._reader.read(row.__getitem__)
        except RowError as bad:
            self._wrong.append(bad)
            return -len(self._wrong)
        place = self._matches.setdefault(match, len(self._matches))
        if place == len(self.keys):
            self.keys.append(match.key)
            self._line_of.setdefault(self.keys[-1], line)
            self._season_of.append(match.season)
            self.starts.append(match.kickoff_utc)
            self.closes.append(self._reader.closed_at(match))
            self._closes_us.append((self.closes[-1] - _EPOCH) // timedelta(microseconds=1))
        return place

    def _offers_of(self, block: TextBlock, closing: Flags, refuse: Refuse) -> tuple[Ints, Flags]:
        """Return the place of each row's offer, and whether it is on the result."""
        size = len(block.lines)
        book_codes, books = words_of(block, self._mapping.bookmaker, size)
        market_codes, markets = words_of(block, self._mapping.market or Cell(value="result"), size)
        outcome_codes, outcomes = self._outcomes(block, size)
        combined = (book_codes * len(markets) + market_codes) * len(outcomes) + outcome_codes
        combined = 2 * combined + closing
        groups = np.unique(combined)
        places = np.zeros(len(groups), dtype=np.int64)
        is_result = np.zeros(len(groups), dtype=np.bool_)
        wrong: dict[int, RowError] = {}
        position = np.searchsorted(groups, combined)
        for group, code in enumerate(groups.tolist()):
            rest, outcome = divmod(code // 2, len(outcomes))
            book, market = divmod(rest, len(markets))
            offer = QuoteKey(books[book], markets[market].lower(), outcomes[outcome].lower(), bool(code % 2))
            error = self._wrong_offer(offer)
            if error is not None:
                wrong[group] = error
                continue
            places[group] = self.books.place(offer)
            is_result[group] = offer.market == "result"
        for code in dict.fromkeys(error.code for error in wrong.values()):
            places_of = [group for group, error in wrong.items() if error.code == code]
            refuse(np.isin(position, places_of), code, lambda row: wrong[int(position[row])].reason)
        return places[position], is_result[position]

    def _wrong_offer(self, offer: QuoteKey) -> RowError | None:
        bookmaker, market, outcome, _ = offer
        if not bookmaker:
            return RowError("missing-bookmaker", f"{_column(self._mapping.bookmaker)} is blank")
        try:
            refuse_no_name(bookmaker, self._mapping.bookmaker or Cell(value=bookmaker))
        except RowError as bad:
            return bad
        sides = self.books.sides
        if market not in sides:
            column = _column(self._mapping.market)
            return RowError("unknown-market", f"{column} is {market!r}: expected {', '.join(sides)}")
        if outcome not in sides[market]:
            column, expected = _column(self._mapping.outcome), ", ".join(sides[market])
            return RowError("unknown-outcome", f"{column} is {outcome!r}: expected {expected} of a {market}")
        return None

    def _outcomes(self, block: TextBlock, size: int) -> tuple[Ints, list[str]]:
        """Return the outcomes; a side may be given by the team's name, as in the row."""
        codes, words = words_of(block, self._mapping.outcome, size)
        known = {"home", "draw", "away", "over", "under"}
        column = self._mapping.outcome.column if self._mapping.outcome else None
        if column is None or all(word.lower() in known for word in words):
            return codes, words
        reported = block.columns[column].dictionary_decode()
        words = [*words, "home", "away"]
        for place, side in enumerate((self._mapping.home, self._mapping.away)):
            if side.column is not None:
                names = block.columns[side.column].dictionary_decode()
                same = pc.equal(pc.utf8_lower(reported), pc.utf8_lower(names))
                codes = np.where(np.asarray(same, dtype=np.bool_), len(words) - 2 + place, codes)
        return codes, words

    def _lines_of(self, block: TextBlock, is_result: Flags, refuse: Refuse) -> Floats:
        codes, words = words_of(block, self._mapping.line, len(block.lines))
        line = np.where(is_result, np.nan, read_numbers(words).values[codes])
        named = _column(self._mapping.line)
        refuse(
            ~is_result & np.isnan(line),
            "bad-line",
            lambda row: f"{named} is {words[int(codes[row])]!r}: expected a number",
        )
        return line

    def _odds_of(self, block: TextBlock, refuse: Refuse) -> Floats:
        how = self._mapping.odds
        codes, words = words_of(block, how, len(block.lines))
        american = how is not None and how.format == "american"
        odds = (
            american_to_decimal(list(map(read_american, words))) if american else read_numbers(words).values
        )
        named, kind = _column(how), "American" if american else "decimal"
        refuse(
            ~(odds > 1)[codes],
            "impossible-odds",
            lambda row: f"{named} is {words[int(codes[row])]!r}: expected {kind} odds",
        )
        return odds[codes]

    def _flags(self, block: TextBlock, cell: Cell | None, refuse: Refuse) -> Flags:
        codes, words = words_of(block, cell, len(block.lines))
        flags, wrong = read_flags(words)
        named = _column(cell)
        refuse(
            wrong[codes],
            "bad-flag",
            lambda row: f"{named} is {words[int(codes[row])]!r}: expected true or false",
        )
        return flags[codes]

    def _quoted_at(self, block: TextBlock, closing: Flags, match: Ints, refuse: Refuse) -> Ints:
        """Return when prices were taken, before the match began; for a closing price, its kick-off."""
        how: When | None = self._mapping.quoted_at
        if how is None or self._taken is None:
            return np.full(len(block.lines), NOT_A_TIME, dtype=np.int64)
        codes, words = words_of(block, how, len(block.lines))
        moments, wrong = read_moments(pa.array(words, pa.string()), how, self._league.timezone)
        self._taken.count_words(words, wrong)
        named = _column(how)
        refuse(
            wrong[codes] & ~closing,
            "bad-date",
            lambda row: (
                f"{named} is {words[int(codes[row])]!r}: expected {how.format or 'a moment in ISO 8601'}"
            ),
        )
        asked = moments[codes]
        if self.closes:
            running = asked > np.array(self._closes_us)[match]
            refuse(
                running & ~closing,
                IN_PLAY,
                lambda row: describe_in_play(named, words[int(codes[row])], self.closes[int(match[row])]),
            )
        return np.where(closing, NOT_A_TIME, asked)


def _column(cell: Cell | None) -> str:
    return cell.column if cell is not None and cell.column is not None else "the constant"
