"""MLB season files of sportsbookreviewsonline: runs by inning, pitchers, moneylines, run lines and totals."""

from __future__ import annotations

from sportsplat.domain import Market, Outcome, Phase
from sportsplat.sources.reading.cells import RowError, check_line, read_american, read_number
from sportsplat.sources.sportsbookreview.pairs import NO_LINE, Game, PairReader, PairRow

REQUIRED = (
    "Date", "Rot", "VH", "Team", "Pitcher", "1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th",
    "Final", "Open", "Close", "Open OU", "Close OU",
)  # fmt: skip
RUN_LINE = "Run Line"  # from 2014
PRICE = " price"  # of a line: the column right of it, which has no header
LOWEST_TOTAL, HIGHEST_TOTAL, HIGHEST_SPREAD = 3.0, 20.0, 10.0


def with_price_columns(header: list[str]) -> list[str]:
    """Return the header with a name for each column of prices: "Open OU" is followed by "Open OU price"."""
    return [name or (header[i - 1] + PRICE if i and header[i - 1] else "") for i, name in enumerate(header)]


class MlbReader(PairReader):
    """Reads an MLB season."""

    periods = ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th")
    unplayed = frozenset({"", "x", "X"})
    double_headers = True

    def add_prices(self, game: Game) -> None:
        """Add moneylines, run lines and totals as quotes, and the starting pitchers as details."""
        for column, closing in (("Open", False), ("Close", True)):
            self._add_market(game, Market.RESULT, column, closing)
        self._add_market(game, Market.SPREAD, RUN_LINE, True)
        for column, closing in (("Open OU", False), ("Close OU", True)):
            self._add_market(game, Market.TOTAL, column, closing)
        sides = (("home_pitcher", game.pair.home), ("away_pitcher", game.pair.away))
        pitchers = {name: self.cell(side.row, "Pitcher") for name, side in sides}
        self.add_details(game, Phase.START, {name: who for name, who in pitchers.items() if who})

    def _add_market(self, game: Game, market: Market, column: str, closing: bool) -> None:
        if column not in self.column:
            return
        home, away = game.pair.home, game.pair.away
        try:
            line = None if market is Market.RESULT else self._line(home, away, market, column)
        except RowError as bad:
            self.note(home.at, bad.code, bad.reason)
            return
        if market is not Market.RESULT and line is None:
            return
        prices = column if market is Market.RESULT else column + PRICE
        # the visitor's row has the price of the over
        outcomes = (Outcome.UNDER, Outcome.OVER) if market is Market.TOTAL else (Outcome.HOME, Outcome.AWAY)
        for side, outcome in zip((home, away), outcomes, strict=True):
            text = self.cell(side.row, prices)
            if text.upper() in NO_LINE:
                continue
            try:
                odds = read_american(text, prices)
            except RowError as bad:
                self.note(side.at, bad.code, bad.reason)
                continue
            self.add_quote(game, market, outcome, line, odds, closing)

    def _line(self, home: PairRow, away: PairRow, market: Market, column: str) -> float | None:
        """Return the line that both rows agree on, None without one. Raises RowError (bad-line)."""
        texts = [self.cell(side.row, column) for side in (home, away)]
        if all(text.upper() in NO_LINE for text in texts):
            return None
        values = [_number(text, column) for text in texts]
        if values[0] != (values[1] if market is Market.TOTAL else -values[1]):
            raise RowError(
                "bad-line", f"{column} is {texts[1]!r} for the visitor and {texts[0]!r} for the host"
            )
        bounds = (
            (LOWEST_TOTAL, HIGHEST_TOTAL) if market is Market.TOTAL else (-HIGHEST_SPREAD, HIGHEST_SPREAD)
        )
        return check_line(values[0], column, texts[0], *bounds)


def _number(text: str, column: str) -> float:
    """Return a line: 8½ is 8.5, pk is 0."""
    if text.upper() == "PK":
        return 0.0
    return 0.0 + read_number(text.replace("½", ".5"), column, "bad-line")
