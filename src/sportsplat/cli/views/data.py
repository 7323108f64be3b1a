"""Tables of `sportsplat data matches`, `quotes`, `predictions` and `bets`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sportsplat.cli.views.tables import PlainTable
from sportsplat.number_text import minus

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.jobs.frames import StoredRows

COLUMNS = {
    "matches": ("league", "match_date", "home", "away", "home_score", "away_score"),
    "quotes": (
        "league",
        "match_date",
        "home",
        "away",
        "bookmaker",
        "outcome",
        "line",
        "decimal_odds",
        "is_closing",
    ),
    "predictions": ("league", "match_date", "home", "away", "model_id", "p_home", "p_draw", "p_away"),
    "bets": (
        "league",
        "match_date",
        "home",
        "away",
        "outcome",
        "bookmaker",
        "decimal_odds",
        "stake",
        "profit",
    ),
}
"""The columns that are shown of each table, where it has them; a file and JSON have all."""
_HEADERS = {
    "match_date": "date",
    "home_score": "home\nscore",
    "away_score": "away\nscore",
    "decimal_odds": "odds",
    "is_closing": "closing",
    "model_id": "model",
    "p_home": "home",
    "p_draw": "draw",
    "p_away": "away",
}
_TEXTS = ("league", "home", "away", "bookmaker")
_VALUES = ("match_date", "outcome", "is_closing")


def show_stored(console: Console, stored: StoredRows) -> None:
    """Print the first rows and their number, or the file that they were written to."""
    if stored.rows is None:
        line = f"{stored.count:,} {stored.what} written: {stored.out}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
        return
    names = [name for name in COLUMNS[stored.what] if any(row.get(name) is not None for row in stored.rows)]
    table = PlainTable()
    for name in names:
        header = _HEADERS.get(name, name)
        if name in _TEXTS:
            table.text(header)
        else:
            table.value(header, right=name not in _VALUES)
    for row in stored.rows:
        table.row(*(_cell(name, row[name]) for name in names))
    console.print(table)
    rest = "" if stored.count == len(stored.rows) else " --limit N shows more, --out FILE.csv writes all."
    line = f"{len(stored.rows):,} of {stored.count:,} {stored.what}.{rest}"
    console.print(line, markup=False, highlight=False)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if name.startswith("p_"):
        return f"{value:.1%}"
    if name in ("decimal_odds", "stake", "profit"):
        return minus(f"{value:,.2f}")
    return f"{value:g}" if isinstance(value, float) else str(value)
