"""Whose matches a table tells: the two sides, and the league."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sportsplat.leagues import League
from sportsplat.sources.table_draft import Draft, only, pairs
from sportsplat.sources.table_looks import Column, are_names, is_sure, leagues_of, share_of_teams
from sportsplat.sources.table_names import Name

_OF_A_TEAM = {"team", "name", "code", "final", "match", "neutral", "is"}
_TWO_TEAMS = re.compile(r"\S (-|–|@|v|vs|vs\.) \S")


def place_teams(draft: Draft, leagues: Mapping[str, League]) -> None:
    """Place `home` and `away`: by their names, else by the teams that `leagues` know."""

    def fits(name: Name) -> bool:
        plain = not name.strange and not name.bookmaker and name.words <= _OF_A_TEAM
        return name.side in ("home", "away") and plain

    named = draft.free(fits)
    found = [pair for pair in pairs(one for one in named if are_names(one)) if _can_play(*pair)]
    known = {draft.league.code: draft.league} if draft.league else leagues

    def worth(pair: tuple[Column, Column]) -> tuple[float, bool, bool]:
        share = max(min(share_of_teams(column, league) for column in pair) for league in known.values())
        return share, "code" not in pair[0].told.words, not pair[0].told.by_number

    if _has_a_team_a_row(draft, found):
        return
    if found:
        best = max(found, key=worth)
        for side, column in zip(("home", "away"), best, strict=True):
            draft.place(side, column)
        if best[0].told.by_number:
            draft.check(
                f"home: {best[0].name} is taken for the home side and {best[1].name} for the other; is it so?"
            )
        return
    draft.hint([one for one in named if one.told.words & {"team", "name", "code"}], "no names of teams")
    draft.hint(
        draft.free(lambda name: bool(name.side) and {"id", "team"} <= name.words),
        "ids of teams: their names are needed",
    )
    both = draft.free(lambda name: only(name, "match", "name") or only(name, "opponent"))
    draft.hint(
        [one for one in both if any(_TWO_TEAMS.search(word) for word in one.real[:1])],
        "two teams in one cell: write them into two columns",
    )
    _teams_by_values(draft, known)


def _can_play(home: Column, away: Column) -> bool:
    return not any(a and a == b for a, b in zip(home.cells, away.cells, strict=True))


def _has_a_team_a_row(draft: Draft, found: Sequence[tuple[Column, Column]]) -> bool:
    """Say when each row tells one team of a match: that is read by no mapping."""
    if found:
        return False
    others = draft.free(lambda name: only(name, "opponent", "team", "name", "code"))
    own = draft.free(lambda name: only(name, "team", "name", "code", "final"))
    if not any(map(are_names, others)) and not (any(map(are_names, own)) and len(own) == 1):
        return False
    shown = ", ".join(column.name for column in (*own, *others))
    draft.notes.append(
        f"rows: {shown}: a team a row, as it seems. A row must tell both sides, as home and away: put the two"
        " rows of a match into one"
    )
    draft.hint((*own, *others), "which side is it?")
    return True


def _teams_by_values(draft: Draft, leagues: Mapping[str, League]) -> None:
    """Take the only two columns that hold teams of one league, if there are just two."""
    closed = {code: league for code, league in leagues.items() if league.declared_teams}
    columns = [
        one for one in draft.free(lambda name: not name.words) if are_names(one) and leagues_of([one], closed)
    ]
    if len(columns) == 2 and leagues_of(columns, closed) and _can_play(*columns):
        for side, column in zip(("home", "away"), columns, strict=True):
            draft.place(side, column)
        home, away = (column.name for column in columns)
        draft.check(f"home: {home} and {away} hold teams; {home} is taken for the home side, is it?")
        return
    draft.hint(columns, "names of teams, but of which side?")


def choose_league(draft: Draft, leagues: Mapping[str, League]) -> None:
    """Take the league whose teams stand in the columns of teams; of one that is given, see that they do."""
    for several in draft.free(lambda name: only(name, "league", "name", "code")):
        if len(several.real) > 1:
            listed = ", ".join(several.real[:2])
            draft.check(
                f"league: {several.name} tells several ({listed}, …), a mapping reads one: split the file?"
            )
    teams = [column for side in ("home", "away") if (column := draft.column(side))]
    if len(teams) < 2:
        return
    names = " and ".join(column.name for column in teams)
    if draft.league is not None:
        if draft.league.teams and min(share_of_teams(one, draft.league) for one in teams) < 0.5:
            draft.check(f"league: most of {names} are no teams of {draft.league.code}; is it right?")
        return
    codes = leagues_of(teams, leagues)
    if len(codes) == 1:
        draft.league = leagues[codes[0]]
        if is_sure(teams, draft.league, leagues):
            draft.notes.append(f"league: {codes[0]}, since its teams stand in {names}")
        else:
            draft.check(f"league: {codes[0]} has teams of the names in {names}; is it that one?")
    elif codes:
        draft.notes.append(f"league: {names} have teams of {', '.join(codes)}; write which it is")
