"""What a column holds: days, counts, prices, names of teams."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from typing import NamedTuple

from sportsplat.betting.odds import american_to_decimal
from sportsplat.leagues.league import League
from sportsplat.sources.reading.blanks import WORDS
from sportsplat.sources.reading.cells import YEARS
from sportsplat.sources.table.blocks import TableFile
from sportsplat.sources.table.matches import NAME
from sportsplat.sources.table.suggest.names import Name, read_name
from sportsplat.sources.table.values import is_even, read_finite

SAMPLE = 5000
ISO = ""
_DAYS = (
    *("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d.%m.%Y", "%d.%m.%y", "%d-%m-%Y"),
    *("%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d-%b-%Y", "%d-%b-%y", "%b %d %Y", "%b %d, %Y"),
    *("%d %b %Y", "%d %B %Y", "%B %d, %Y", "%B %d %Y", "%a %b %d %Y", "%a, %b %d, %Y", "%a, %d %b %Y"),
)
_CLOCKS = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p")
_FORMATS = (
    ISO,
    *_DAYS,
    *(f"{day} {clock}" for day in _DAYS for clock in _CLOCKS),
    *("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M UTC", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %I:%M %p"),
)
_FEWEST_DIGITS = len("190101") - 1  # 1 Jan 2019 has five
_BLANK = WORDS | {"nil", "--", "–", "tbd", "tba", "?", "#n/a"}
_SIDES_OR_FLAGS = (
    "home away h a d v w l x t n draw win loss tie true false yes no y neutral heim gast local visitante"
    " over under regular playoff"
)
_NO_NAME = frozenset(_SIDES_OR_FLAGS.split())
_COUNT = re.compile(r"\d{1,3}(?:\.0*)?")
_WITH_COMMA = re.compile(r"[-+\u2212]?\d+(?:,\d+)?")
_SHARE_OF_TEAMS = 0.6


class Column(NamedTuple):
    """The first rows of a column, without outer blanks.

    `words`: its distinct values that are not blank; `parsed`: its name, parsed.
    """

    name: str
    cells: list[str]
    words: list[str]
    parsed: Name

    @property
    def real(self) -> list[str]:
        """The words without those for a missing value, such as NA."""
        return [word for word in self.words if word.lower() not in _BLANK]

    @property
    def for_nothing(self) -> list[str]:
        """The words for a missing value."""
        return [word for word in self.words if word.lower() in _BLANK]

    @property
    def shown(self) -> str:
        """The first value, for a message."""
        return repr(self.words[0]) if self.words else "nothing"


class Moments(NamedTuple):
    """How the days or moments of a column are written. `others`: formats that read something else there."""

    format: str
    others: tuple[str, ...]
    has_time: bool
    has_zone: bool
    values: dict[str, datetime]


def sample(table: TableFile) -> list[Column]:
    """Return the first rows of a table. Raises InputRefused when it is damaged."""
    block = table.first_rows(SAMPLE)
    if block is None:
        return [column_of(name, []) for name in table.header]
    return [column_of(name, values.slice(0, SAMPLE).to_pylist()) for name, values in block.columns.items()]


def decimal_sign(columns: Iterable[Column]) -> str:
    """Return "," where a column of numbers has decimal commas, which are none of thousands; else "."."""
    for column in columns:
        words = column.real
        if words and all(map(_WITH_COMMA.fullmatch, words)):
            decimals = [word.partition(",")[2] for word in words if "," in word]
            if any(len(one) != len("000") for one in decimals):
                return ","
    return "."


def column_of(name: str, cells: Iterable[str]) -> Column:
    """Return a column of these cells."""
    plain = [cell.strip() for cell in cells]
    reported = read_name(re.sub(r" \(\d+\)$", "", name))
    return Column(name, plain, [word for word in dict.fromkeys(plain) if word], reported)


def moments_of(column: Column) -> Moments | None:
    """Return how days or moments are written in a column; None where not all of it is such."""
    if not all(sum(map(str.isdigit, word)) >= _FEWEST_DIGITS for word in column.real):
        return None
    fits = [(form, values) for form in _FORMATS if (values := _parsed(column.real, form))]
    if not fits:
        return None
    form, values = fits[0]
    others = tuple(other for other, read in fits[1:] if form != ISO and read != values)
    has_zone = all(value.tzinfo is not None for value in values.values()) or form.endswith("UTC")
    has_time = any(value.time() != time() for value in values.values())
    return Moments(form, others, has_time, has_zone, values)


def clock_of(column: Column) -> str | None:
    """Return the format of a column of times of day (ISO for hh:mm); None where it is none."""
    try:
        read = [time.fromisoformat(word) for word in column.real if ":" in word]
        if read and len(read) == len(column.real):
            return ISO
    except ValueError:
        pass
    return next((form for form in _CLOCKS if _all(column.real, form)), None)


def _all(words: Sequence[str], form: str) -> bool:
    try:
        return bool([datetime.strptime(word, form) for word in words])
    except ValueError:
        return False


def _parsed(words: Sequence[str], form: str) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    try:
        for word in words:
            value = datetime.strptime(word, form) if form else datetime.fromisoformat(word)
            if value.year not in YEARS or (not form and word.isdigit() and len(word) < len("20200101")):
                return {}
            found[word] = value
    except ValueError:
        return {}
    return found


def are_counts(column: Column) -> bool:
    """Whether a column holds whole numbers below a thousand; one without any value may."""
    return all(_COUNT.fullmatch(word) for word in column.real)


def number_of(word: str) -> float | None:
    """Return a cell as a finite number, None where it is none."""
    value = read_finite(word)
    return value if abs(value) < 1e300 else None


def price_of(word: str) -> float | None:
    """Return a price as a number, None where it is none; EVEN is one of the American prices."""
    return 100.0 if is_even(word) else number_of(word)


def odds_format(columns: Sequence[Column], *, sure: bool = False) -> str | None:
    """Return decimal or american where all of the columns are such prices, else None.

    `sure`: that they are prices is known, so that they may be whole numbers, or none of them below zero.
    """
    words = [word for column in columns for word in column.real]
    numbers = [price_of(word) for word in words]
    in_letters = any(map(is_even, words))
    found = [number for number in numbers if number is not None]
    if not found or len(found) < len(numbers) or not all(column.real for column in columns):
        return None
    if all(abs(number) >= 100 for number in found):
        return "american" if sure or in_letters or min(found) < 0 else None
    is_decimal = not in_letters and min(found) > 1 and (sure or any(number % 1 for number in found))
    return "decimal" if is_decimal else None


def booksum(columns: Sequence[Column], form: str) -> float | None:
    """Return the median over rows of the chances that the prices of one market sum to."""
    sums = []
    for cells in zip(*(column.cells for column in columns), strict=True):
        numbers = [number for cell in cells if (number := price_of(cell)) is not None]
        if len(numbers) == len(columns):
            odds = [float(american_to_decimal(one)) if form == "american" else one for one in numbers]
            sums.append(sum(1 / one for one in odds))
    return sorted(sums)[len(sums) // 2] if sums else None


def are_names(column: Column) -> bool:
    """Whether a column may hold names of teams: letters in each word, and more than a word for a side."""
    words = column.real
    plain = {word.lower() for word in words}
    return (
        bool(words)
        and all(any(map(str.isalpha, word)) for word in words)
        and not plain <= _NO_NAME
        and all(len(word) <= 60 and number_of(word) is None for word in words)
        and moments_of(column) is None
    )


def share_of_teams(column: Column, league: League) -> float:
    """Return which share of the words in a column are teams that the league declares, by any spelling."""
    teams = league.declared_teams
    words = column.real
    known = sum(league.canonical_team(word, NAME) in teams for word in words) if teams else 0
    return known / len(words) if words else 0.0


def is_sure(columns: Sequence[Column], league: League, leagues: Mapping[str, League]) -> bool:
    """Whether teams of `league` can be no others: it lists all that it has, and no other knows such names."""
    others = [other for code, other in leagues.items() if code != league.code]
    elsewhere = max((share_of_teams(one, other) for one in columns for other in others), default=0.0)
    own = min(share_of_teams(one, league) for one in columns)
    return bool(league.teams) and (elsewhere == 0 or (own > 0.9 and elsewhere < 0.5))


def leagues_of(columns: Sequence[Column], leagues: Mapping[str, League]) -> list[str]:
    """Return the codes of the leagues that know most of the teams in these columns, equally many of them."""
    together = column_of("", [word for column in columns for word in column.real])
    shares = {code: share_of_teams(together, league) for code, league in leagues.items()}
    best = max(shares.values(), default=0.0)
    return [code for code, share in shares.items() if share == best] if best >= _SHARE_OF_TEAMS else []
