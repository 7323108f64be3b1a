"""A first mapping for a table: columns recognised by their names, if the values agree.

Open questions are listed under `check` in the proposal, and a mapping with that is not accepted. Columns
without a place are listed with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sportsplat.leagues.league import League
from sportsplat.sources.table.blocks import TableFile
from sportsplat.sources.table.mapping import OF_A_MATCH, OF_A_QUOTE
from sportsplat.sources.table.open import FileFields
from sportsplat.sources.table.suggest.columns import (
    Column,
    column_of,
    decimal_sign,
    moments_of,
    sample,
    share_of_teams,
)
from sportsplat.sources.table.suggest.draft import Draft, only
from sportsplat.sources.table.suggest.matches import choose_league, place_scores, place_teams
from sportsplat.sources.table.suggest.moments import place_moments, place_season
from sportsplat.sources.table.suggest.names import Name, read_name
from sportsplat.sources.table.suggest.prices_long import (
    place_bookmaker,
    place_long,
    say_prices_without_rows,
)
from sportsplat.sources.table.suggest.prices_wide import place_wide
from sportsplat.sources.table.values import read_flags

_SHOWN = 3
_NOTHING = FileFields()
_STAGES = {
    "regular": "regular reg rs r season regularseason",
    "playoff": "playoff playoffs post postseason ps po p wc div con sb",
}
_WHY = {
    "id": "an id, which no table needs",
    "probability": "a probability; forecasts take those of all outcomes (docs/table.md)",
    "share": "a share",
    "rating": "a rating or rank",
    "expected": "an expected value, not an actual one",
    "part": "about a part of the match",
    "crowd": "an attendance",
    "league": "the mapping names the league",
    "result": "the result follows from the scores",
}
_OPPOSITES = (("true", "false"), ("yes", "no"), ("y", "n"), ("1", "0"), ("1.0", "0.0"))
_OPPOSITE = {a: b for pair in _OPPOSITES for a, b in (pair, pair[::-1])}
_CELLS_OF_A_QUOTE = ("bookmaker", "line", "closing", "quoted_at")


class Suggestion(NamedTuple):
    """A mapping as plain data for YAML, what could not be placed (column, examples, why), and remarks.

    `checks`, also under `check` in the mapping: what needs a look before the mapping is taken.
    """

    mapping: dict[str, Any]
    unplaced: list[dict[str, Any]]
    notes: list[str]
    checks: list[str]


def suggest(table: TableFile, leagues: Mapping[str, League], league: League | None = None) -> Suggestion:
    """Look at the first rows and propose; `league`: of the matches; None to find it by the names of teams."""
    columns, beside = look(table, _NOTHING)
    return suggest_for(columns, leagues, league, beside)


def look(table: TableFile, beside: FileFields) -> tuple[list[Column], FileFields]:
    """Return the first rows, decimal commas read, and fields and remarks about the whole file."""
    columns = sample(table)
    sign = decimal_sign(columns)
    if sign == table.decimal:
        return columns, beside
    note = "decimal: the numbers seem to have decimal commas; they are read that way in every column"
    beside = beside._replace(fields={**beside.fields, "decimal": sign}, notes=[*beside.notes, note])
    return sample(replace(table, decimal=sign)), beside


def suggest_for(
    columns: Sequence[Column],
    leagues: Mapping[str, League],
    league: League | None = None,
    beside: FileFields = _NOTHING,
) -> Suggestion:
    """Propose a mapping for the columns of a table; `beside`: fields and remarks about the whole file."""
    draft = Draft(_with_quotas(columns), league)
    draft.notes.extend(beside.notes)
    draft.checks.extend(beside.checks)
    _look_at_header(draft, leagues)
    place_teams(draft, leagues)
    choose_league(draft, leagues)
    place_moments(draft)
    place_season(draft)
    place_scores(draft)
    for place in (_neutral, _stage, _number):
        place(draft)
    place_bookmaker(draft)
    is_long = place_long(draft)
    if not is_long:
        place_wide(draft)
        say_prices_without_rows(draft)
    return _suggestion(draft, is_long, beside.fields)


def _with_quotas(columns: Sequence[Column]) -> Sequence[Column]:
    """Take Q1, QX and Q2 for prices (quota 1, X and 2); without a QX they are quarters of the match."""
    quotas = {"q1": "o1", "qx": "ox", "q2": "o2"}
    if not quotas.keys() <= {column.name.lower() for column in columns}:
        return columns
    return [
        column._replace(parsed=read_name(quotas[column.name.lower()]))
        if column.name.lower() in quotas
        else column
        for column in columns
    ]


def _suggestion(draft: Draft, is_long: bool, of_the_file: Mapping[str, Any]) -> Suggestion:
    fields = (*OF_A_MATCH, *(OF_A_QUOTE if is_long else ("quotes",)))
    head = {
        "league": draft.league.code if draft.league else "?",
        "rows": "quotes" if is_long else "matches",
    }
    placed = {name: draft.fields[name] for name in fields if name in draft.fields}
    _say_what_is_missing(draft)
    checks = {"check": draft.checks} if draft.checks else {}
    mapping = {**checks, **head, **of_the_file, **placed}
    used = set(_columns_in(placed))
    unplaced = []
    for column in draft.columns:
        if column.name not in used:
            why = draft.why.get(column.name) or _why(column)
            reported: dict[str, Any] = {"column": column.name, "examples": column.words[:_SHOWN]}
            unplaced.append(reported | {"why": why} if why else reported)
    return Suggestion(mapping, unplaced, draft.notes, draft.checks)


def _columns_in(placed: dict[str, Any]) -> Iterator[str]:
    for cell in placed.values():
        if isinstance(cell, list):
            for quote in cell:
                yield from quote["odds"].values()
                yield from _columns_in({name: quote[name] for name in _CELLS_OF_A_QUOTE if name in quote})
        elif isinstance(cell, str):
            yield cell
        elif "column" in cell:
            yield cell["column"]


def _why(column: Column) -> str | None:
    if "price" in column.parsed.words and column.parsed.words & {"score", "points"}:
        return "its name suggests both prices and scores"
    return next((why for word, why in _WHY.items() if word in column.parsed.words), None)


def _look_at_header(draft: Draft, leagues: Mapping[str, League]) -> None:
    """Say when the first line is a row rather than names."""
    for column in draft.columns:
        as_value = column_of("", [column.name])
        is_long = len(column.name) > len("MIN")  # which is a team of the NFL, and minutes
        is_team = is_long and any(share_of_teams(as_value, league) for league in leagues.values())
        if moments_of(as_value) or (is_team and not column.parsed.words):
            draft.check(
                f"the first line of the file has {column.name!r}: is that data? A table needs a header"
            )
            return


def _neutral(draft: Draft) -> None:
    for column in draft.free(lambda name: only(name, "neutral", "ground", "is")):
        if column.real and not read_flags(column.words).wrong.any():
            draft.place("neutral", column)
            return


def _stage(draft: Draft) -> None:
    meaning = {word: stage for stage, words in _STAGES.items() for word in words.split()}

    def fits(name: Name) -> bool:
        kind = name.words in ({"match", "type"}, {"season", "type"})
        return only(name, "playoff", "is", "match") or only(name, "stage", "season", "match") or kind

    for column in draft.free(fits):
        if "playoff" in column.parsed.words and _are_flags(column):
            words = dict.fromkeys(both for word in column.real for both in (word, _opposite(word)) if both)
            flags = zip(words, read_flags(list(words)).values.tolist(), strict=True)
            values = {word: "playoff" if flag else "regular" for word, flag in flags}
            draft.place("stage", column, values=values)
            return
        plain = {word: meaning.get(re.sub(r"[^a-z]", "", word.lower())) for word in column.real}
        known = {word: stage for word, stage in plain.items() if stage}
        if len(known) < len(plain) or not plain:
            draft.hint([column], "some values are neither regular nor playoff")
            continue
        blank = dict.fromkeys(column.for_nothing, "regular")
        draft.place("stage", column, values={w: s for w, s in (known | blank).items() if w.lower() != s})
        return


def _are_flags(column: Column) -> bool:
    """Whether a column holds only true and false; t and f may be codes of rounds."""
    words = {word.lower() for word in column.real}
    return bool(words) and (
        words <= {"true", "false", "yes", "no", "y", "n", "0", "1", "0.0", "1.0"} or words <= {"t"}
    )


def _opposite(word: str) -> str:
    """Return the other flag, which may be below the rows that were read."""
    found = _OPPOSITE.get(word.lower(), "")
    return found.title() if word.istitle() else found.upper() if word.isupper() else found


def _number(draft: Draft) -> None:
    """Place the number that distinguishes two games of a day; not that of a game in a series or season."""
    for column in draft.free(lambda name: only(name, "double") or only(name, "number", "match")):
        if column.real and {word.removesuffix(".0") for word in column.real} <= {"0", "1", "2"}:
            values = {word: 1 for word in column.real if word.removesuffix(".0") == "0"}
            draft.place("number", column, values=values)
            return
        draft.hint([column], "not 1, or 2 for the second game of a day")


def _say_what_is_missing(draft: Draft) -> None:
    if draft.league is None and not any(note.startswith("league:") for note in draft.notes):
        draft.notes.append("league: not recognised; name it instead of '?' (sportsplat leagues)")
    if draft.league is not None and "season" not in draft.fields and draft.league.rules.season is None:
        draft.notes.append(
            f"season: {draft.league.code} declares no season days, so a column must hold its first year"
        )
    if "date" not in draft.fields and "kickoff" not in draft.fields:
        draft.notes.append("date: no column looks like one")
    draft.notes.extend(
        f"{side}: no column looks like it" for side in ("home", "away") if side not in draft.fields
    )
