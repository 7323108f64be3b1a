"""A first mapping for somebody's table: columns recognised by their names, then by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from sportsplat.domain import Rejected
from sportsplat.leagues import League
from sportsplat.sources.rows import YEARS
from sportsplat.sources.table_blocks import TableFile
from sportsplat.sources.table_matches import NAME
from sportsplat.sources.table_values import read_flags, read_numbers

SAMPLE = 5000
_SHOWN = 3
_ISO = ""
_FORMATS = (
    *(_ISO, "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d.%m.%Y", "%d-%m-%Y", "%Y%m%d", "%Y/%m/%d"),
    *("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M:%S %Z", "%b %d %Y", "%d %b %Y", "%d %B %Y"),
)
_NAMES = {
    "kickoff": "kickoff kickoffutc kickofftime commencetime starttime startdate start datetime eventdatetime",
    "date": "date day gamedate matchdate gameday eventdate dateutc",
    "time": "time gametime kickofflocal",
    "home": "home hometeam hometeamname homename teamhome local homecompetitor host",
    "away": "away awayteam awayteamname awayname teamaway visitor visitorteam visitingteam road"
    " roadteam guest",
    "home_score": "homescore homegoals fthg homepts homepoints hscore hg scorehome homefinal ptshome"
    " goalshome",
    "away_score": "awayscore awaygoals ftag awaypts awaypoints ascore ag scoreaway awayfinal ptsaway"
    " goalsaway visitorscore visitorpts",
    "season": "season seasonyear seasonstart",
    "number": "gamenumber gamenum doubleheader",
    "neutral": "neutral neutralsite isneutral neutralground",
    "stage": "stage gametype playoff isplayoff seasontype",
    "bookmaker": "bookmaker book sportsbook bookmakerkey bookie operator bookmakername",
    "market": "market markettype bettype marketkey marketname",
    "outcome": "outcome selection side pick outcomename",
    "line": "line point handicap",
    "odds": "odds price decimalodds americanodds odd oddsdecimal oddsamerican",
    "quoted_at": "quotedat timestamp lastupdate snapshot snapshottime takenat takenutc oddstime updatedat",
    "closing": "closing isclosing isclose closingline",
}
_FIELD_OF = {name: field for field, names in _NAMES.items() for name in names.split()}
_WORDS = {
    "market": {
        "result": "h2h moneyline ml 1x2 winner match_winner result",
        "spread": "spreads spread handicap ah asian_handicap point_spread",
        "total": "totals total ou o/u over_under overunder",
    },
    "outcome": {
        "home": "home h 1",
        "draw": "draw d x tie",
        "away": "away a 2",
        "over": "over o",
        "under": "under u",
    },
}
_SIDE_ODDS = re.compile(r"(?:odds|price|ml|moneyline)?(home|draw|away)(?:odds|price|ml|moneyline|decimal)?")


class Suggestion(NamedTuple):
    """A mapping as plain data for YAML, what could not be placed (column, examples), and what to look at."""

    mapping: dict[str, Any]
    unplaced: list[dict[str, Any]]
    notes: list[str]


class _Column(NamedTuple):
    name: str
    words: list[str]  # distinct, not blank

    @property
    def plain(self) -> str:
        return re.sub(r"[^a-z0-9]", "", self.name.lower())


def suggest(table: TableFile, leagues: Mapping[str, League], league: League | None = None) -> Suggestion:
    """Look at the first rows and propose; `league` says whose matches they are, else team names may tell."""
    return _Guess(_sample(table), leagues, league).suggestion()


def _sample(table: TableFile) -> list[_Column]:
    ragged: list[Rejected] = []
    for block in table.blocks(table.header, ragged):
        few = {name: values.slice(0, SAMPLE) for name, values in block.columns.items()}
        return [
            _Column(name, [word for word in dict.fromkeys(map(str.strip, values.to_pylist())) if word])
            for name, values in few.items()
        ]
    return [_Column(name, []) for name in table.header]


class _Guess:
    def __init__(
        self, columns: Sequence[_Column], leagues: Mapping[str, League], league: League | None
    ) -> None:
        self._columns = list(columns)
        self._league = league
        self._leagues = leagues
        self._found: dict[str, Any] = {}
        self._wide: dict[str, _Column] = {}
        self._notes: list[str] = []

    def suggestion(self) -> Suggestion:
        self._by_name()
        self._by_value()
        self._choose_league()
        is_long = {"bookmaker", "outcome", "odds"} <= self._found.keys()
        rows = "quotes" if is_long else "matches"
        mapping: dict[str, Any] = {"league": self._league.code if self._league else "LEAGUE", "rows": rows}
        long_only = {"bookmaker", "market", "outcome", "line", "odds", "quoted_at", "closing"}
        placed = {name: cell for name, cell in self._found.items() if is_long or name not in long_only}
        mapping |= {name: placed[name] for name in _NAMES if name in placed}
        if self._wide and not is_long:
            mapping["quotes"] = [self._wide_quotes()]
        used = {_column_of(cell) for cell in placed.values()}
        used |= {column.name for column in self._wide.values() if not is_long}
        self._say_what_is_missing(mapping)
        unplaced = [
            {"column": column.name, "examples": column.words[:_SHOWN]}
            for column in self._columns
            if column.name not in used
        ]
        return Suggestion(mapping, unplaced, self._notes)

    def _by_name(self) -> None:
        for column in self._columns:
            field = _FIELD_OF.get(column.plain)
            side = _SIDE_ODDS.fullmatch(column.plain)
            if field is not None and field not in self._found:
                cell = self._cell(field, column)
                if cell is not None:
                    self._found[field] = cell
                    continue
            if side is not None and side[1] not in self._wide and _odds_format(column.words):
                self._wide[side[1]] = column

    def _cell(self, field: str, column: _Column) -> Any:
        """Return how a column is mapped, None when its values are not of this field."""
        words = column.words
        if not words:
            return None
        if field in ("date", "kickoff", "quoted_at"):
            return self._when(column)
        if field in ("home_score", "away_score", "number"):
            return column.name if _are_counts(words) else None
        if field in ("neutral", "closing"):
            return column.name if not read_flags(words).wrong.any() else None
        if field == "line":
            return column.name if not read_numbers(words).wrong.any() else None
        if field == "odds":
            form = _odds_format(words)
            return {"column": column.name, "format": form} if form else None
        if field in _WORDS:
            return self._translated(field, column)
        return column.name

    def _when(self, column: _Column) -> Any:
        forms = [form for form in _FORMATS if _all_parse(column.words, form)]
        if not forms:
            return None
        if len(forms) > 1 and forms[0] != _ISO:
            word = repr(column.words[0])
            self._notes.append(f"{column.name}: {word} can be {forms[0]} or {forms[1]}; say which is right")
        return {"column": column.name, "format": forms[0]} if forms[0] else column.name

    def _translated(self, field: str, column: _Column) -> Any:
        meaning = {word: kept for kept, names in _WORDS[field].items() for word in names.split()}
        values = {
            word: meaning[word.lower()]
            for word in column.words
            if word.lower() in meaning and meaning[word.lower()] != word.lower()
        }
        strange = [word for word in column.words if word.lower() not in meaning]
        if field == "market" and strange:
            listed = ", ".join(map(repr, strange[:_SHOWN]))
            self._notes.append(f"{column.name}: {listed} stand for no known market; their rows are refused")
        return {"column": column.name, "values": values} if values else column.name

    def _by_value(self) -> None:
        """Place what no name told: a date, the two teams, scores and prices that name a side."""
        used = {_column_of(cell) for cell in self._found.values()} | {c.name for c in self._wide.values()}
        left = [column for column in self._columns if column.name not in used and column.words]
        if "date" not in self._found and "kickoff" not in self._found:
            self._take("date", left, lambda column: self._when(column))
        for side in ("home", "away"):
            if side not in self._found:
                self._take(side, left, lambda column: column.name if self._league_of(column) else None)
            if f"{side}_score" not in self._found:
                self._take(
                    f"{side}_score",
                    [column for column in left if side in column.plain],
                    lambda column: column.name if _are_counts(column.words) else None,
                )
        for side in ("home", "draw", "away"):
            near = [c for c in left if side in c.plain and _odds_format(c.words) and not _are_counts(c.words)]
            if side not in self._wide and near and near[0].name not in map(_column_of, self._found.values()):
                self._wide[side] = near[0]
                self._notes.append(f"{near[0].name}: taken for prices of {side} by its values")

    def _take(self, field: str, left: list[_Column], cell: Callable[[_Column], Any]) -> None:
        for column in left:
            found = cell(column)
            if found is not None:
                self._found[field] = found
                self._notes.append(f"{column.name}: taken for {field} by its values; check it")
                left.remove(column)
                return

    def _league_of(self, column: _Column) -> League | None:
        """Return the league whose teams stand in a column: at least six in ten of its words."""
        candidates = [self._league] if self._league else list(self._leagues.values())
        shares = [(_share_of_teams(column.words, league), league) for league in candidates]
        best = max(shares, key=lambda pair: pair[0], default=(0.0, None))
        return best[1] if best[0] >= 0.6 else None

    def _choose_league(self) -> None:
        if self._league is not None:
            return
        name = _column_of(self._found.get("home"))
        column = next((column for column in self._columns if column.name == name), None)
        self._league = self._league_of(column) if column is not None else None
        if self._league is not None:
            self._notes.append(f"league: {self._league.code}, since its teams stand in {name}; check it")

    def _wide_quotes(self) -> dict[str, Any]:
        form = _odds_format([word for column in self._wide.values() for word in column.words])
        odds = {side: self._wide[side].name for side in ("home", "draw", "away") if side in self._wide}
        self._notes.append("quotes: say whose prices they are, and whether they are closing ones")
        return {
            "bookmaker": {"value": "BOOKMAKER"},
            "odds": odds,
            "format": form,
            "closing": {"value": False},
        }

    def _say_what_is_missing(self, mapping: dict[str, Any]) -> None:
        if self._league is None:
            self._notes.append("league: not recognised; name it (sportsplat leagues)")
        elif "season" not in mapping and self._league.rules.season is None:
            self._notes.append(
                f"season: {self._league.code} declares no season days, so a column must tell it"
            )
        if "date" not in mapping and "kickoff" not in mapping:
            self._notes.append("date: no column looks like one")
        self._notes.extend(
            f"{side}: no column looks like it" for side in ("home", "away") if side not in mapping
        )


def _all_parse(words: Sequence[str], form: str) -> bool:
    try:
        for word in words:
            found = datetime.strptime(word, form) if form else datetime.fromisoformat(word)
            if found.year not in YEARS:
                return False
    except ValueError:
        return False
    return bool(words) and not (
        form == _ISO and all(map(str.isdigit, words)) and len(words[0]) < len("20200101")
    )


def _are_counts(words: Sequence[str]) -> bool:
    numbers, wrong = read_numbers(words)
    return (
        bool(words)
        and not wrong.any()
        and bool(np.all((numbers >= 0) & (numbers % 1 == 0) & (numbers < 1000)))
    )


def _odds_format(words: Sequence[str]) -> str | None:
    numbers, wrong = read_numbers(words)
    if not len(numbers) or wrong.any():
        return None
    if bool(np.all(np.abs(numbers) >= 100)):
        return "american"
    return "decimal" if bool(np.all(numbers > 1)) and bool(np.any(numbers % 1 != 0)) else None


def _share_of_teams(words: Sequence[str], league: League) -> float:
    teams = set(league.teams)
    known = sum(league.canonical_team(word, NAME) in teams for word in words) if teams else 0
    return known / len(words) if words else 0.0


def _column_of(cell: Any) -> str | None:
    return cell.get("column") if isinstance(cell, dict) else cell
