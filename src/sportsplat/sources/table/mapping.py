"""The column mapping of a user's table: a YAML file, checked before any row is read.

league: epl
rows: quotes                                            # matches, or quotes: one price a row
date: {column: day, format: "%d/%m/%Y"}                 # or kickoff, a moment; ISO 8601 without a format
home: home_team
away: away_team
bookmaker: {value: acme}                                # the same in every row
market: {column: type, values: {1x2: result, ou: total}}
outcome: pick
line: points
odds: {column: price, format: american}                 # decimal by default
quoted_at: {column: taken, timezone: Europe/London}     # the league's zone by default
closing: is_closing
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sportsplat.config.yaml_lines import Document, parse_yaml, read_yaml
from sportsplat.errors import ConfigError, InputRefused
from sportsplat.paths import display_path
from sportsplat.sources.reading.blanks import is_blank
from sportsplat.sources.reading.header import folded

if TYPE_CHECKING:
    from collections.abc import Mapping as Dict

    from pydantic_core import ErrorDetails

Constant = str | int | float | bool
OPEN = "?"  # in a proposal: what the user must say


def _from_name(given: Any) -> Any:
    """Take `home: HomeTeam` for `home: {column: HomeTeam}`."""
    return {"column": given} if isinstance(given, str) else given


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Cell(_Declared):
    """Where a value comes from: a column, translated by `values`, or one `value` for all rows."""

    column: str | None = None
    value: Constant | None = None
    values: dict[str, Constant] = {}

    @model_validator(mode="after")
    def _either(self) -> Cell:
        if (self.column is None) == (self.value is None):
            raise ValueError("needs either a column or a value")
        return self

    def read(self, text: str) -> str:
        """Return the translated text of a cell; "" for an untranslated word for a missing value."""
        found = self.values.get(text)
        if found is None:
            return "" if is_blank(text) else text
        return text_of_value(found)


class When(Cell):
    """A day or a moment: `format` as in strptime, ISO 8601 without; `timezone` where the text has none."""

    format: str | None = None
    timezone: str | None = None

    @model_validator(mode="after")
    def _known_zone(self) -> When:
        if self.timezone is not None:
            try:
                ZoneInfo(self.timezone)
            except (LookupError, ValueError, OSError) as missing:
                raise ValueError(f"no time zone named {self.timezone!r}") from missing
        return self


class Odds(Cell):
    """A price."""

    format: Literal["decimal", "american"] = "decimal"


CellOf = Annotated[Cell, BeforeValidator(_from_name)]
WhenOf = Annotated[When, BeforeValidator(_from_name)]
OddsOf = Annotated[Odds, BeforeValidator(_from_name)]


class WideQuotes(_Declared):
    """Prices in a match row, one column per outcome."""

    bookmaker: CellOf
    odds: dict[Literal["home", "draw", "away", "over", "under"], str]
    market: Literal["result", "spread", "total"] = "result"
    format: Literal["decimal", "american"] = "decimal"
    line: CellOf | None = None
    closing: CellOf | None = None
    quoted_at: WhenOf | None = None


class Forecast(_Declared):
    """Probabilities in a match row, in the order of the league's outcomes."""

    publisher: CellOf
    probabilities: Annotated[list[str], Field(min_length=2, max_length=3)]


class Mapping(_Declared):
    """The whole file."""

    check: list[str] = []  # what a proposal wants looked at; a mapping is used without
    league: str
    rows: Literal["matches", "quotes"]
    home: CellOf
    away: CellOf
    date: WhenOf | None = None
    kickoff: WhenOf | None = None
    time: WhenOf | None = None
    season: CellOf | None = None
    number: CellOf | None = None
    neutral: CellOf | None = None
    stage: CellOf | None = None
    home_score: CellOf | None = None
    away_score: CellOf | None = None
    stats: dict[str, Annotated[list[str], Field(min_length=2, max_length=2)]] = {}
    forecasts: list[Forecast] = []
    quotes: list[WideQuotes] = []
    bookmaker: CellOf | None = None
    market: CellOf | None = None
    outcome: CellOf | None = None
    line: CellOf | None = None
    odds: OddsOf | None = None
    quoted_at: WhenOf | None = None
    closing: CellOf | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    sheet: str | None = None
    decimal: Literal[".", ","] = "."

    @model_validator(mode="after")
    def _whole(self) -> Mapping:
        if self.date is None and self.kickoff is None:
            raise ValueError("needs date or kickoff")
        if (self.home_score is None) != (self.away_score is None):
            raise ValueError("needs home_score and away_score, or neither")
        if self.time is not None and self.date is None:
            raise ValueError("time also needs date")
        given = [name for name in OF_A_QUOTE if getattr(self, name) is not None]
        if self.rows == "matches" and given:
            raise ValueError(f"{given[0]} is for rows: quotes; prices in a match row go under quotes")
        if self.rows == "quotes":
            lacking = [name for name in ("bookmaker", "outcome", "odds") if getattr(self, name) is None]
            if lacking:
                raise ValueError(f"rows: quotes needs {', '.join(lacking)}")
            beside = [name for name in ("stats", "forecasts", "quotes") if getattr(self, name)]
            if beside:
                raise ValueError(f"{beside[0]} is for rows: matches")
        return self


OF_A_QUOTE = ("bookmaker", "market", "outcome", "line", "odds", "quoted_at", "closing")
OF_A_MATCH = (
    *("date", "kickoff", "time", "home", "away", "season", "number", "neutral", "stage"),
    *("home_score", "away_score"),
)


@dataclass(frozen=True)
class MappingFile:
    """A mapping with the file that it came from."""

    mapping: Mapping
    document: Document

    def check_columns(self, file: str, header: list[str], unread: Dict[str, str] | None = None) -> None:
        """Raise InputRefused (`UNKNOWN_COLUMN`) for the first column that the table does not have.

        unread: columns of it that cannot be mapped, and what they hold.
        """
        for path, column in _columns(self.mapping):
            if column not in header:
                where = self.document.where(*path)
                if unread and column in unread:
                    raise InputRefused(
                        f"the column {column!r} of {file} has values that are not plain",
                        code="UNKNOWN_COLUMN",
                        cause=f"its values are {unread[column]}; {where} needs it",
                        fix="write the values you need into separate columns",
                        column=column,
                        header=header,
                    )
                likely = _likely_column(column, header)
                raise InputRefused(
                    f"{file} has no column {column!r}" + (f"; did you mean {likely[0]!r}?" if likely else ""),
                    code="UNKNOWN_COLUMN",
                    cause=f"{where} needs it; the file has {', '.join(map(repr, header))[:600]}",
                    fix=f"correct {where}, or: sportsplat ingest table {quote(file)} --suggest",
                    column=column,
                    header=header,
                )


def _likely_column(column: str, header: list[str]) -> list[str]:
    """Return the column that is meant, if any: the same but for case and blanks, or else one like it."""
    same = [name for name in header if folded(name) == folded(column)]
    by_case = {name.lower(): name for name in reversed(header)}
    near = get_close_matches(column.lower(), by_case, n=1, cutoff=0.5)
    return same[:1] or [by_case[name] for name in near]


def read_mapping(path: Path) -> MappingFile:
    """Read and check a mapping.

    Raises ConfigError with file and line for anything that is not as declared here.
    """
    return _checked(read_yaml(path))


def parse_mapping(text: str, path: Path) -> MappingFile:
    """Check the text of a mapping that stood in `path`; raises what `read_mapping` does."""
    return _checked(parse_yaml(text, path))


def _checked(document: Document) -> MappingFile:
    _refuse_unfinished(document)
    try:
        return MappingFile(Mapping.model_validate(document.data), document)
    except ValidationError as invalid:
        first = min(invalid.errors(), key=lambda error: error["type"] != "extra_forbidden")
        where = document.where(*first["loc"])
        raise ConfigError(
            f"{'.'.join(map(str, first['loc'])) or 'the mapping'}: {_reason(first)}",
            cause=f"from {where}",
            fix=f"correct {where}, or see docs/table.md",
            code="INVALID_MAPPING",
        ) from invalid


def _refuse_unfinished(document: Document) -> None:
    """Raise ConfigError for an unreviewed proposal: its open questions are still in it."""
    for path, value in _scalars(document.data, ()):
        if value == OPEN and "values" not in path:
            where = document.where(*path)
            raise ConfigError(
                f"{'.'.join(map(str, path))} is still {OPEN!r}: the proposal could not determine it",
                cause=f"from {where}",
                fix=f"write the correct value in {where}"
                + (" (sportsplat leagues)" if path == ("league",) else ""),
                code="UNFINISHED_MAPPING",
            )
    open_checks = document.data.get("check")
    if open_checks and isinstance(open_checks, list):
        where = document.where("check", 0)
        more = f" (and {len(open_checks) - 1} more)" if len(open_checks) > 1 else ""
        raise ConfigError(
            f"this mapping needs review: {open_checks[0]}{more}",
            cause=f"from {where}: a proposal lists under check what it is unsure about",
            fix=f"correct what is wrong, delete the lines under check in {display_path(document.path)}",
            code="UNFINISHED_MAPPING",
        )


def _scalars(found: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield the values of a document that hold no others, each with its place."""
    inner = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    if not isinstance(found, dict | list):
        yield path, found
    for key, value in inner:
        yield from _scalars(value, (*path, key))


def text_of_value(value: Constant) -> str:
    """Return a constant as a cell would say it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def column_names(mapping: Mapping) -> list[str]:
    """Return the columns that a mapping uses, each once."""
    return list(dict.fromkeys(column for _, column in _columns(mapping)))


def _columns(mapping: Mapping) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the place of each column in the mapping, and its name."""
    for name in (*OF_A_MATCH, *OF_A_QUOTE):
        yield from _of_cell((name,), getattr(mapping, name))
    for stat, columns in mapping.stats.items():
        yield from ((("stats", stat, side), column) for side, column in enumerate(columns))
    for index, wide in enumerate(mapping.quotes):
        for field in ("bookmaker", "line", "closing", "quoted_at"):
            yield from _of_cell(("quotes", index, field), getattr(wide, field))
        yield from ((("quotes", index, "odds", side), column) for side, column in wide.odds.items())
    for index, forecast in enumerate(mapping.forecasts):
        yield from _of_cell(("forecasts", index, "publisher"), forecast.publisher)
        for place, column in enumerate(forecast.probabilities):
            yield ("forecasts", index, "probabilities", place), column


def _of_cell(path: tuple[str | int, ...], cell: Cell | None) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if cell is not None and cell.column is not None:
        yield path, cell.column


_MODELS: tuple[type[BaseModel], ...] = (Mapping, When, Odds, WideQuotes, Forecast)
_KEYS = sorted({name for model in _MODELS for name in model.model_fields})


def _reason(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        likely = get_close_matches(str(error["loc"][-1]), _KEYS, n=1)
        return "no mapping has this key" + (f"; did you mean {likely[0]}?" if likely else "")
    if error["type"] == "missing":
        return "is missing"
    text = error["msg"].removeprefix("Value error, ")
    return f"{text[0].lower()}{text[1:]}" + (f", got {_shown(error)}" if error["loc"] else "")


def _shown(error: ErrorDetails) -> str:
    given: Dict[str, Any] | Any = error["input"]
    return repr(given)[:80]
