"""Offers of a table of prices: their order in the database, and whether all outcomes are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sportsplat.sources.table.blocks import (
    Flags,
    Floats,
    Ints,
)


class QuoteKey(NamedTuple):
    """What a price is of, besides its match."""

    bookmaker: str
    market: str
    outcome: str
    is_closing: bool


class OfferCheck(NamedTuple):
    """Of each price: its group, whether all outcomes are there, and what their 1 / odds sum to."""

    group: Ints
    whole: Flags
    booksum: Floats


class Books:
    """Offers as they are met, by place: in which order the database keeps them, and which belong together."""

    def __init__(self, outcomes: Sequence[str]) -> None:
        """Begin with none. outcomes: those of the league's result."""
        self.sides = {"spread": ("home", "away"), "total": ("over", "under"), "result": tuple(outcomes)}
        self.offers: list[QuoteKey] = []
        self._place: dict[QuoteKey, int] = {}
        self._book: dict[tuple[str, str, bool], int] = {}
        self._reported: list[
            tuple[int, int, int]
        ] = []  # of each offer: its book, its outcome's bit, all bits
        self._ranks = np.zeros(0, dtype=np.int64)

    def place(self, offer: QuoteKey) -> int:
        """Return the place of an offer whose market and outcome are known ones."""
        found = self._place.get(offer)
        if found is None:
            found = self._place[offer] = len(self.offers)
            self.offers.append(offer)
            book = (offer.bookmaker, offer.market, offer.is_closing)
            sides = self.sides[offer.market]
            bit = 1 << sides.index(offer.outcome)
            self._reported.append((self._book.setdefault(book, len(self._book)), bit, (1 << len(sides)) - 1))
        return found

    def order(self, match: Ints, offer: Ints, line: Floats, quoted_at: Ints) -> Ints | None:
        """Return the order in which the key of `quotes` has these prices; None where they are in it.

        The key is then made over rows that are nearly sorted, which takes two thirds of the time.
        """
        if len(self._ranks) < len(self.offers):
            words = [offer[:3] for offer in self.offers]  # is_closing comes after the line
            rank = {word: place for place, word in enumerate(sorted(set(words)))}
            self._ranks = np.array([rank[word] for word in words], dtype=np.int64)
        first = match * (len(self.offers) + 1) + self._ranks[offer]
        closing = np.array([one.is_closing for one in self.offers], dtype=np.bool_)[offer]
        columns = (first, np.nan_to_num(line), closing, quoted_at)
        if _ascending(columns):
            return None
        return np.lexsort(columns[::-1])

    def judge(
        self, match: Ints, offer: Ints, line: Floats, decimal_odds: Floats, quoted_at: Ints
    ) -> OfferCheck:
        """Judge prices of one block, equally long columns."""
        import pandas as pd

        reported = np.array(self._reported, dtype=np.int64).reshape(-1, 3)[offer]
        group = match * max(len(self._book), 1) + reported[:, 0]
        for column in (np.nan_to_num(line), quoted_at):
            codes, distinct = pd.factorize(column)
            group = pd.factorize(group * max(len(distinct), 1) + codes)[0]
        groups = int(group.max()) + 1 if len(group) else 0
        bits = np.bincount(group, weights=reported[:, 1], minlength=groups)
        rows = np.bincount(group, minlength=groups)
        needed = np.zeros(groups, dtype=np.int64)
        needed[group] = reported[:, 2]
        # As many rows as outcomes, and all their bits: each outcome once.
        whole = (bits == needed) & (rows == np.bitwise_count(needed))
        booksum = np.bincount(group, weights=1 / decimal_odds, minlength=groups)
        return OfferCheck(group, whole[group], booksum[group])


def _ascending(columns: Sequence[npt.NDArray[Any]]) -> bool:
    """Whether rows are in ascending order, the first column before the second, and so on."""
    tied = np.ones(max(len(columns[0]) - 1, 0), dtype=np.bool_)
    for column in columns:
        before, after = column[:-1], column[1:]
        if bool((tied & (after < before)).any()):
            return False
        tied &= after == before
    return True
