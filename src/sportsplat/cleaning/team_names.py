"""Name similarity: the team of which a name is another spelling, and the closest candidates.

A team is known by its name and by every declared spelling of it, of any source.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING, NoReturn

from sportsplat.errors import InputRefused

if TYPE_CHECKING:
    from sportsplat.domain import Batch
    from sportsplat.leagues.league import League


SAME = 0.9
"""The similarity (0 to 1) at which a new name and a known one count as two spellings of one team."""
OFFERED = 0.7
"""The least similarity of a name to a team's, and of the words in which they differ, to suggest the team.

Measured on the 518 spellings of config/teams of four letters or more: each against the teams of its own file
and of the fourteen others. 223 are offered a team, 218 of them the right one (98%); of the names that are no
team of a file 4% are (at 0.5, whatever the words, 93% are right and 91% are offered one). The words that
differ distinguish teams of one city: 14 of 86 teams of the NBA, NFL, NHL and MLB would be taken for another,
as Houston Oilers for Houston Texans; with them none is. At 0.8 no more are right, and a third fewer offered.
"""
SHORTEST = 4
"""A spelling of fewer letters is a code (LEE, 1610612741), which is like others by chance; so is a word."""
_CLUB = re.compile(r"\b(afc|fc|cf|ac|sc|as|club|the)\b")
_NO_LETTER = re.compile(r"[^a-z0-9]+")
_LETTER = re.compile(r"[a-z]")


def letters(name: str) -> str:
    """Return a name for comparison: lower-case letters and digits, without accents, FC and the like.

    A name in other letters than Latin ones is compared as it is.
    """
    return "".join(_words(name))


def name_similarity(name: str, other: str) -> float:
    """Return the similarity of two names by their letters, from 0 to 1."""
    return SequenceMatcher(None, letters(name), letters(other)).ratio()


def closest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known names most similar to a name: by letters, or one inside the other.

    A code of fewer letters than `SHORTEST` is similar to itself alone.
    """
    by_letters: dict[str, str] = {}
    for one in known:
        by_letters.setdefault(letters(one), one)
    wanted = letters(name)
    by_letters = {key: one for key, one in by_letters.items() if len(key) >= SHORTEST or key == wanted}
    found = get_close_matches(wanted, by_letters, n=count, cutoff=0.5)
    long = len(wanted) >= SHORTEST
    inside = [key for key in by_letters if long and (key in wanted or wanted in key)]
    return [by_letters[key] for key in dict.fromkeys([*inside, *found])][:count]


def declared_names(league: League, day: date | None = None) -> dict[str, str]:
    """Return the declared teams of a league by their names and every spelling that means them at all times.

    With a day, also by those that mean them on that day. Codes are left out.
    """
    spelt = {
        one.name: one.team
        for meanings in league.spellings.values()
        for one in meanings
        if ((one.since, one.until) == (date.min, date.max) or (day is not None and one.holds(day)))
        and len(_LETTER.findall(letters(one.name))) >= SHORTEST
    }
    return {**spelt, **{team: team for team in league.declared_teams}}


def closest_teams(
    name: str, declared: Mapping[str, str], stored: Collection[str], count: int = 3
) -> list[str]:
    """Return the teams that a name is most like, by any of their names.

    declared: teams by name and spelling, see `declared_names`. A declared team of which the name is but
    another spelling comes before stored ones: these may be misspelt themselves.
    """
    teams = {**{one: one for one in stored}, **declared}
    near = closest(name, teams, max(len(teams), 1))
    sure = [one for one in near if one in declared and name_similarity(name, one) >= SAME]
    return list(dict.fromkeys(teams[one] for one in [*sure, *near]))[:count]


def offered_team(name: str, declared: Mapping[str, str], stored: Collection[str] = ()) -> str | None:
    """Return the team similar enough to a name to be suggested in a command, None where none is."""
    near = closest_teams(name, declared, stored, 1)
    if not near:
        return None
    names = [near[0], *(spelt for spelt, team in declared.items() if team == near[0])]
    return near[0] if any(_is_similar(name, one) for one in names) else None


def _is_similar(name: str, other: str) -> bool:
    words, others = _words(name), _words(other)
    own = "".join(word for word in words if word not in others)
    theirs = "".join(word for word in others if word not in words)
    differ = SequenceMatcher(None, own, theirs).ratio() if own and theirs else 1.0
    return min(name_similarity(name, other), differ) >= OFFERED


def spelling_of(name: str, declared: Mapping[str, str]) -> str | None:
    """Return the declared team of which a name is another spelling.

    A name with a word more or less is another team's, however similar the rest: Villarreal B. FC and the like
    do not count as words, except where a declared name needs them: Wimbledon is not AFC Wimbledon.
    """
    bare, whole = _words(name), _words(name, bare=False)
    for known, team in declared.items():
        if _same(whole, _words(known, bare=False)) or (bare != whole and _same(bare, _words(known))):
            return team
    return None


def stored_spelling_of(name: str, stored: Iterable[str]) -> str | None:
    """Return the stored team of which a name is but another spelling."""
    wanted = _words(name)
    return next((team for team in stored if _same(wanted, _words(team))), None)


def _same(one: list[str], other: list[str]) -> bool:
    if "".join(one) == "".join(other):
        return True
    return (
        len(one) == len(other)
        # SD and UD are not misspelt.
        and all(a == b or min(len(a), len(b)) >= SHORTEST for a, b in zip(one, other, strict=True))
        and SequenceMatcher(None, "".join(one), "".join(other)).ratio() >= SAME
    )


def _words(name: str, *, bare: bool = True) -> list[str]:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold().replace(".", "")
    for reported in (_CLUB.sub("", plain) if bare else plain, plain):
        if words := _NO_LETTER.sub(" ", reported).split():
            return words
    return name.casefold().split()  # written in other letters than Latin ones


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
        f"{batch.file} calls its league {league.code}, but {len(clubs)} of its {teams} teams belong to "
        f"other leagues; nothing was stored",
        code="WRONG_LEAGUE",
        cause=f"{', '.join(clubs[:SHOWN])}{more} are declared as teams of {codes}; "
        f"no team of the file is declared or stored in {league.code}",
        fix=f"correct the league in the file (or --league, or the mapping): {codes}; "
        f"if they do play in {league.code}: {known}",
    )
