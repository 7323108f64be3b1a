"""NBA season files of sportsbookreviewsonline: points by quarter, total and spread, closing moneyline."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from sportsplat.domain import Market, Outcome, Phase
from sportsplat.sources.reading.cells import RowError, check_line, read_american, read_number
from sportsplat.sources.sportsbookreview.pairs import NO_LINE, Game, PairReader, PairRow

REQUIRED = ("Date", "Rot", "VH", "Team", "1st", "2nd", "3rd", "4th", "Final", "Open", "Close", "ML")
LOWEST_TOTAL, HIGHEST_TOTAL, HIGHEST_SPREAD = 100.0, 350.0, 40.0
_PRICED = re.compile(r"(-?[\d.]+)[uo]-?\d+", re.IGNORECASE)  # 197.5u10: 197.5, the under at -110


class NbaReader(PairReader):
    """Reads an NBA season."""

    periods = ("1st", "2nd", "3rd", "4th")

    def add_prices(self, game: Game) -> None:
        """Add the closing moneylines as quotes, and the lines, which have no price, as details."""
        for side, outcome in ((game.pair.home, Outcome.HOME), (game.pair.away, Outcome.AWAY)):
            text = self.cell(side.row, "ML")
            if text.upper() in NO_LINE:
                continue
            odds = self._or_noted(side, partial(read_american, text, "ML"))
            if odds is not None:
                self.add_quote(game, Market.RESULT, outcome, None, odds, True)
        for column, phase in (("Open", Phase.SCHEDULE), ("Close", Phase.START)):
            self.add_details(game, phase, self._lines(game, column))

    def _lines(self, game: Game, column: str) -> dict[str, str | float | bool]:
        """Return spread (added to the home score) and total of a column, in which the larger is the total."""
        values = [
            (value, side)
            for side in (game.pair.away, game.pair.home)
            if (value := self._value(side, column)) is not None
        ]
        details: dict[str, str | float | bool] = {}
        named = f"_{column.lower()}"
        for position, (value, side) in enumerate(sorted(values, key=_likely_total)):
            text = self.cell(side.row, column)
            is_total = value > HIGHEST_SPREAD if len(values) == 1 else position == 1
            lowest, highest = (LOWEST_TOTAL, HIGHEST_TOTAL) if is_total else (0.0, HIGHEST_SPREAD)
            line = self._or_noted(side, partial(check_line, value, column, text, lowest, highest))
            if line is None:
                continue
            if is_total:
                details["total" + named] = line
            else:
                details["spread" + named] = 0.0 - line if side is game.pair.home else line
        return details

    def _value(self, side: PairRow, column: str) -> float | None:
        """Return a cell of lines without its sign: a minus says again that the row's team is favoured."""
        text = self.cell(side.row, column)
        if text.upper() in NO_LINE:
            return None
        if text.upper() == "PK":
            return 0.0
        priced = _PRICED.fullmatch(text)
        number = self._or_noted(side, partial(read_number, priced[1] if priced else text, column, "bad-line"))
        return None if number is None else abs(number)

    def _or_noted(self, side: PairRow, read: Callable[[], float]) -> float | None:
        """Return what `read` gives; a RowError is noted against the row, and the value left out."""
        try:
            return read()
        except RowError as bad:
            self.note(side.at, bad.code, bad.reason)
            return None


def _likely_total(one: tuple[float, PairRow]) -> tuple[bool, float]:
    """Sort the total last: the larger number, unless only the other one can be a total."""
    return LOWEST_TOTAL <= one[0] <= HIGHEST_TOTAL, one[0]
