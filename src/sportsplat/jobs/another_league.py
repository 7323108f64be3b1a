"""A file under another league's name: told by its clubs, before any of them becomes a team."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NoReturn

from sportsplat.errors import InputRefused

if TYPE_CHECKING:
    from sportsplat.domain import Batch
    from sportsplat.leagues import League

MOST = 0.75
"""A file is of another league when this share of its teams, none of them known here, is declared there."""
FEWEST = 4
"""So many clubs are no accident."""
SHOWN = 3


def refuse_another_leagues(
    batch: Batch, names: Collection[str], league: League, stored: Iterable[str], leagues: Iterable[League]
) -> None:
    """Raise InputRefused (WRONG_LEAGUE) when the teams of a batch are those of other leagues of the sport.

    names: of the batch's teams. A league that declares no team (a cup of several countries) takes anybody's;
    so does one that knows a single team of the batch.
    """
    here = league.declared_teams
    if not here or not here.isdisjoint(names) or not set(stored).isdisjoint(names):
        return
    by_teams: dict[frozenset[str], list[League]] = defaultdict(list)
    for other in leagues:
        if other.sport == league.sport:
            by_teams[other.declared_teams].append(other)
    for declared, theirs in by_teams.items():
        clubs = sorted(name for name in names if theirs[0].canonical_team(name, batch.source) in declared)
        if len(clubs) >= max(FEWEST, MOST * len(names)):
            _refuse(batch, clubs, len(names), league, theirs)


def _refuse(batch: Batch, clubs: list[str], teams: int, league: League, theirs: list[League]) -> NoReturn:
    more = f" and {len(clubs) - SHOWN} more" if len(clubs) > SHOWN else ""
    codes = ", ".join(other.code for other in theirs)
    known = shlex.join(["sportsplat", "teams", "add", league.code, clubs[0]])
    raise InputRefused(
        f"{batch.file} calls its league {league.code}, but {len(clubs)} of its {teams} teams play elsewhere; "
        "nothing of it was stored.",
        code="WRONG_LEAGUE",
        cause=f"{', '.join(clubs[:SHOWN])}{more} are declared as teams of {codes}; "
        f"no team of the file is declared or stored in {league.code}.",
        fix=f"Correct what the file (or --league, or the mapping) calls the league: {codes}. "
        f"If they do play in {league.code}: {known}",
    )
