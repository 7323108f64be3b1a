"""How alike names are: which team a name is but another spelling of, and which it may be.

A team is known by its name and by every declared spelling of it, whichever source writes so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sportsplat.leagues import League

SAME = 0.9
"""How alike (0 to 1) a new name and a known one are taken for two spellings of one team."""
SHORTEST = 4
"""A spelling of fewer letters is a code (LEE, 1610612741), which is like others by chance; so is a word."""
_CLUB = re.compile(r"\b(afc|fc|cf|ac|sc|as|club|the)\b")
_NO_LETTER = re.compile(r"[^a-z0-9]+")
_LETTER = re.compile(r"[a-z]")


def letters(name: str) -> str:
    """Return what a name is compared by: lower-case letters and digits, without accents, FC and the like.

    A name in other letters than Latin ones is compared as it is.
    """
    return "".join(_words(name))


def likeness(name: str, other: str) -> float:
    """Return how alike two names are by their letters, from 0 to 1."""
    return SequenceMatcher(None, letters(name), letters(other)).ratio()


def closest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known names that a name is most like: by letters, or one inside the other."""
    by_letters: dict[str, str] = {}
    for one in known:
        by_letters.setdefault(letters(one), one)
    wanted = letters(name)
    found = get_close_matches(wanted, by_letters, n=count, cutoff=0.5)
    inside = [key for key in by_letters if key and wanted and (key in wanted or wanted in key)]
    return [by_letters[key] for key in dict.fromkeys([*inside, *found])][:count]


def declared_names(league: League) -> dict[str, str]:
    """Return the declared teams of a league by their names and every spelling that means them at all times.

    Codes are left out.
    """
    spelt = {
        name: one.team
        for (_, name), meanings in league.spellings.items()
        for one in meanings
        if (one.since, one.until) == (date.min, date.max) and len(_LETTER.findall(letters(name))) >= SHORTEST
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
    sure = [one for one in near if one in declared and likeness(name, one) >= SAME]
    return list(dict.fromkeys(teams[one] for one in [*sure, *near]))[:count]


def spelling_of(name: str, declared: Mapping[str, str]) -> str | None:
    """Return the declared team of which a name is but another spelling.

    A name with a word more or less is that of another team, like as the rest may be: Villarreal B. FC and the
    like are no words of a name, but they may be of a declared one: Wimbledon is not AFC Wimbledon.
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
    for told in (_CLUB.sub("", plain) if bare else plain, plain):
        if words := _NO_LETTER.sub(" ", told).split():
            return words
    return name.casefold().split()  # written in other letters than Latin ones
