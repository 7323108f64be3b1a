"""Which columns are the scores of the two sides."""

from __future__ import annotations

import re

from sportsplat.sources.table_draft import Draft, only, pairs
from sportsplat.sources.table_looks import Column, are_counts
from sportsplat.sources.table_names import Name

_OF_A_SCORE = {"score", "points", "final", "team", "match", "is"}
_TWO_SCORES = re.compile(r"\d+\s*[-:–]\s*\d+.*")


def place_scores(draft: Draft) -> None:
    """Place the scores of the two sides, where whole numbers bear it out."""

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
    found.sort(key=lambda pair: "final" not in pair[0].told.words)
    home, away = found[0]
    if _are_of_a_standing(home, away):
        draft.hint((home, away), "points that a team has won in the standing, as it seems, not scores")
        return
    _place_scores(draft, home, away)
    others = [pair for pair in found[1:] if [one.cells for one in pair] != [home.cells, away.cells]]
    if others:
        listed = " or ".join(f"{a.name} and {b.name}" for a, b in others)
        draft.check(f"home_score: {home.name} and {away.name} are taken, not {listed}; is it so?")
    if home.told.style != away.told.style:
        draft.check(f"home_score: do {home.name} and {away.name} belong together?")
    if home.told.by_number and not _by_number(draft, "home"):
        draft.check(f"home_score: {home.name} is taken for the score of the home side; is it?")


def _are_of_a_standing(home: Column, away: Column) -> bool:
    """Whether all matches ended 3:0, 1:1 or 0:3 in points, which is what soccer gives for them."""
    found = {pair for pair in zip(home.cells, away.cells, strict=True) if all(pair)}
    return "points" in home.told.words and bool(found) and found <= {("3", "0"), ("1", "1"), ("0", "3")}


def _by_number(draft: Draft, field: str) -> bool:
    column = draft.column(field)
    return column is not None and column.told.by_number


def _place_scores(draft: Draft, home: Column, away: Column) -> None:
    for side, column in (("home", home), ("away", away)):
        draft.place(f"{side}_score", column, values=dict.fromkeys(column.for_nothing, ""))


def _scores_by_place(draft: Draft) -> None:
    """Take two columns of one name (PTS, PTS) that stand right after the teams."""
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
            f"home_score: {home.name} and {away.name} are taken for scores, as each stands after its team"
        )
        return
    draft.hint(columns, "scores, but of which side?")
