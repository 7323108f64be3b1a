"""The files of football-data.co.uk, and the divisions in them.

A season file (`mmz4281/SSSS/DIV.csv`) is of one division. The list of coming matches (`fixtures.csv`) has all
divisions in one file and no results. Files of extra leagues (`new/ARG.csv`) have other columns, and are no
files of this source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sportsplat.errors import InputRefused
from sportsplat.sources.reading.csv import Table, read_table
from sportsplat.sources.reading.header import spelled

if TYPE_CHECKING:
    from sportsplat.domain import Rejected
    from sportsplat.leagues.league import League
    from sportsplat.sources.base import Payload

SOURCE = "football-data"
FORMAT = "football-data.co.uk"
OF_A_MATCH = ("Div", "Date", "HomeTeam", "AwayTeam")
REQUIRED = (*OF_A_MATCH, "FTHG", "FTAG")
_RESULTS = ("FTHG", "FTAG", "FTR", "HTHG", "HTAG", "HTR", "HG", "AG", "Res", "HS", "AS")
_EXTRA = ("Country", "League", "Home", "Away", "HG", "AG")
Rows = list[tuple[int, list[str]]]


def read_file(payload: Payload, columns: Iterable[str]) -> Table:
    """Read a season file or a list of fixtures, which may have `columns` besides those of a match.

    Raises InputRefused as `read_table` does.
    """
    try:
        return read_table(payload, required=REQUIRED, format_name=FORMAT, columns=columns)
    except InputRefused as refused:
        header = set(spelled(refused.details.get("header", ()), {*OF_A_MATCH, *_RESULTS, *_EXTRA}))
        if set(_EXTRA) <= header:
            raise _extra_league(payload.name) from None
        if header & set(_RESULTS) or not header.issuperset(OF_A_MATCH):
            raise
    return read_table(payload, required=OF_A_MATCH, format_name=FORMAT, columns=columns)


def is_fixtures(table: Table) -> bool:
    """Whether a file has no result at all, so that its rows are future matches."""
    columns = [table.header.index(name) for name in _RESULTS if name in table.header]
    return not any(row[column].strip() for _, row in table.filled() for column in columns)


def rows_by_division(table: Table) -> dict[str, Rows]:
    """Return the undamaged rows by their Div column, in the order of the file."""
    column = table.header.index("Div")
    found: dict[str, Rows] = {}
    for index, row in table.filled():
        if index not in table.damage:
            found.setdefault(row[column].strip(), []).append((index, row))
    return found


def declared(leagues: Mapping[str, League]) -> dict[str, League]:
    """Return the leagues that have a division of football-data.co.uk, by it."""
    return {league.sources[SOURCE]: league for league in leagues.values() if SOURCE in league.sources}


def undeclared_rows(table: Table, found: Mapping[str, Rows], leagues: Mapping[str, League]) -> list[Rejected]:
    """Return what no league of a list of fixtures is: a row for each division, and the damaged ones."""
    known = declared(leagues)
    rejected = []
    for division, rows in found.items():
        if division not in known:
            said = (
                f"Div is {division!r} here and in {len(rows) - 1} more rows, and no league declares it: "
                f"add one to config/leagues.yaml with sources: {{{SOURCE}: {division or '<Div>'}}}"
            )
            rejected.append(table.reject(rows[0][0], "undeclared-league", said))
    rejected += [table.reject(index, *damage) for index, damage in table.damage.items()]
    return [row._replace(of_no_league=True) for row in rejected]


def league_of(table: Table, league: League | None, leagues: Mapping[str, League]) -> tuple[str, League]:
    """Return a file's division and its league. Raises InputRefused where they do not fit."""
    column = table.header.index("Div")
    divisions = Counter(row[column].strip() for _, row in table.filled())
    divisions.pop("", None)
    reported = ", ".join(divisions) or "nothing"
    known = declared(leagues)
    if league is not None:
        wanted = league.sources.get(SOURCE, "")
        if wanted in divisions:
            return wanted, league
        raise InputRefused(
            f"{table.file} holds no match of {league.name}",
            code="WRONG_LEAGUE",
            cause=f"its Div column says {reported}; config/leagues.yaml gives {league.code} {wanted!r}",
            fix="omit --league, or pass the file of that league",
        )
    for division, _ in divisions.most_common():
        if division in known:
            return division, known[division]
    raise InputRefused(
        f"no league is declared for the division of {table.file}",
        code="UNKNOWN_DIVISION",
        cause=f"its Div column says {reported}; declared are {', '.join(sorted(known))}",
        fix="declare the league in config/leagues.yaml with sources: {football-data: <Div>}",
    )


def _extra_league(file: str) -> InputRefused:
    return InputRefused(
        f"{file} is one of football-data.co.uk's files of extra leagues, which this source does not read",
        code="NOT_THIS_FORMAT",
        cause="its columns are Country, League, Season, Home, Away, HG, AG; a season file has "
        f"{', '.join(REQUIRED)}",
        fix=f"sportsplat ingest table {file} --suggest --league CODE > mapping.yaml; its times are those of "
        "the UK (timezone: Europe/London)",
    )
