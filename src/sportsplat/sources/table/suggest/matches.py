"""Place the scores, teams and league of a table: what each column holds by its name and its values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sportsplat.leagues.league import League
from sportsplat.sources.table.suggest.columns import (
    Column,
    are_counts,
    are_names,
    is_sure,
    leagues_of,
    share_of_teams,
)
from sportsplat.sources.table.suggest.draft import Draft, only, pairs
from sportsplat.sources.table.suggest.names import Name

_OF_A_SCORE = {"score", "points", "final", "team", "match", "is"}
_TWO_SCORES = re.compile(r"\d+\s*[-:–]\s*\d+.*")


def place_scores(draft: Draft) -> None:
    """Place the scores of the two sides, where the values are whole numbers."""

    def fits(name: Name) -> bool:
        plain = not name.strange and not name.bookmaker and name.words <= _OF_A_SCORE
        return name.side in ("home", "away") and plain and bool(name.words & {"score", "points", "final"})

    named = draft.free(fits)
    counts = [column for column in named if are_counts(column)]
    draft.hint((one for one in named if one not in counts), "named as a score, but not all are whole numbers")
    found = pairs(counts)
    if not found:
        draft.hint(counts, "the score of one side alone")
        _scores_by_place(draft)
        return
    found.sort(key=lambda pair: "final" not in pair[0].parsed.words)
    home, away = found[0]
    if _are_of_a_standing(home, away):
        draft.hint((home, away), "probably points in the standings, not scores")
        return
    _place_scores(draft, home, away)
    others = [pair for pair in found[1:] if [one.cells for one in pair] != [home.cells, away.cells]]
    if others:
        listed = " or ".join(f"{a.name} and {b.name}" for a, b in others)
        draft.check(f"home_score: {home.name} and {away.name} are used, not {listed}; is that right?")
    if home.parsed.style != away.parsed.style:
        draft.check(f"home_score: do {home.name} and {away.name} belong together?")
    if home.parsed.by_number and not _by_number(draft, "home"):
        draft.check(f"home_score: {home.name} is assumed to be the home score; is that right?")


def _are_of_a_standing(home: Column, away: Column) -> bool:
    """Whether all matches ended 3:0, 1:1 or 0:3 in points, which is what soccer gives for them."""
    found = {pair for pair in zip(home.cells, away.cells, strict=True) if all(pair)}
    return "points" in home.parsed.words and bool(found) and found <= {("3", "0"), ("1", "1"), ("0", "3")}


def _by_number(draft: Draft, field: str) -> bool:
    column = draft.column(field)
    return column is not None and column.parsed.by_number


def _place_scores(draft: Draft, home: Column, away: Column) -> None:
    for side, column in (("home", home), ("away", away)):
        draft.place(f"{side}_score", column, values=dict.fromkeys(column.for_nothing, ""))


def _scores_by_place(draft: Draft) -> None:
    """Take two columns of one name (PTS, PTS) right after those of the teams."""
    columns = draft.free(
        lambda name: any(only(name, word, *_OF_A_SCORE) for word in ("score", "points", "final"))
    )
    maybe = [*columns, *draft.free(lambda name: only(name, "result", *_OF_A_SCORE))]
    together = [one for one in maybe if _TWO_SCORES.fullmatch(next(iter(one.real), ""))]
    draft.hint(together, "two scores in one cell: write them into two columns")
    order = [column.name for column in draft.columns]
    after: dict[str, Column] = {}
    for side in ("home", "away"):
        team = draft.column(side)
        place = order.index(team.name) + 1 if team else len(order)
        next_one = draft.columns[place] if place < len(order) else None
        if next_one in columns and next_one is not None and are_counts(next_one):
            after[side] = next_one
    if len(after) == 2 and len(columns) == 2:
        home, away = after["home"], after["away"]
        _place_scores(draft, home, away)
        draft.check(
            f"home_score: {home.name} and {away.name} are assumed to be scores, since each follows its team"
        )
        return
    draft.hint(columns, "scores, but of which side?")


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
        return share, "code" not in pair[0].parsed.words, not pair[0].parsed.by_number

    if _has_a_team_a_row(draft, found):
        return
    if found:
        best = max(found, key=worth)
        for side, column in zip(("home", "away"), best, strict=True):
            draft.place(side, column)
        if best[0].parsed.by_number:
            draft.check(
                f"home: {best[0].name} is assumed to be the home team and {best[1].name} the away team; "
                f"is that right?"
            )
        return
    draft.hint([one for one in named if one.parsed.words & {"team", "name", "code"}], "no names of teams")
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
    """Note where each row holds one team of a match, which no mapping can read."""
    if found:
        return False
    others = draft.free(lambda name: only(name, "opponent", "team", "name", "code"))
    own = draft.free(lambda name: only(name, "team", "name", "code", "final"))
    if not any(map(are_names, others)) and not (any(map(are_names, own)) and len(own) == 1):
        return False
    shown = ", ".join(column.name for column in (*own, *others))
    draft.notes.append(
        f"rows: {shown}: probably one team per row. A row must have both teams, as home and away: merge "
        f"the two rows of each match"
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
        draft.check(
            f"home: {home} and {away} have teams; {home} is assumed to be the home team; is that right?"
        )
        return
    draft.hint(columns, "names of teams, but of which side?")


def choose_league(draft: Draft, leagues: Mapping[str, League]) -> None:
    """Choose the league whose teams are in the columns of teams; check one that is given."""
    for several in draft.free(lambda name: only(name, "league", "name", "code")):
        if len(several.real) > 1:
            listed = ", ".join(several.real[:2])
            draft.check(
                f"league: {several.name} has several ({listed}, …), but a mapping reads one: split the file?"
            )
    teams = [column for side in ("home", "away") if (column := draft.column(side))]
    if len(teams) < 2:
        return
    names = " and ".join(column.name for column in teams)
    if draft.league is not None:
        if draft.league.teams and min(share_of_teams(one, draft.league) for one in teams) < 0.5:
            draft.check(f"league: most of {names} are not teams of {draft.league.code}; is the league right?")
        return
    codes = leagues_of(teams, leagues)
    if len(codes) == 1:
        draft.league = leagues[codes[0]]
        if is_sure(teams, draft.league, leagues):
            draft.notes.append(f"league: {codes[0]}, since its teams are in {names}")
        else:
            draft.check(f"league: {codes[0]} has teams with the names in {names}; is it that one?")
    elif codes:
        draft.notes.append(f"league: {names} have teams of {', '.join(codes)}; write which it is")
