"""What sources call a team: `config/teams/NAME.yaml`, one entry a team under the one name kept here.

    Pelicans:
      any: [NOH, NOP, New Orleans Pelicans]            # spelt so by every source
      nba-stats: [{name: CHH, until: 2002-06-30}]      # by this source only, and only until then

What one source means by a name decides before what all of them mean by it. Names compare without regard to
case: M'Gladbach and M'gladbach are one.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sportsplat.config.yaml_lines import Document, read_yaml
from sportsplat.errors import ConfigError
from sportsplat.paths import asset_dir

ANY = "any"


@dataclass(frozen=True)
class Spelling:
    """A team that a name stands for, on the days from `since` to `until`, both included.

    `name` is how it is written where it is declared.
    """

    team: str
    since: date = date.min
    until: date = date.max
    name: str = ""

    @property
    def always(self) -> bool:
        """Whether the name stands for the team on every day."""
        return self.since == date.min and self.until == date.max

    def holds(self, day: date | None) -> bool:
        """Whether the name stands for the team on `day`; without a day, whether it does at any time."""
        return day is None or self.since <= day <= self.until


Spellings = Mapping[tuple[str, str], tuple[Spelling, ...]]
"""By source (or `ANY`) and name, as `fold` gives it."""


@dataclass(frozen=True)
class Teams:
    """The teams that a league can have, and how they are spelt."""

    names: tuple[str, ...]
    spellings: Spellings


class _DatedSpelling(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    since: date = Field(default=date.min)
    until: date = Field(default=date.max)


_ENTRY = TypeAdapter(dict[str, list[str | _DatedSpelling]])


def tidy(name: str) -> str:
    """Return a name without outer and repeated blanks."""
    return " ".join(name.split())


@lru_cache(maxsize=65536)
def fold(name: str) -> str:
    """Return what names are compared by: without outer and repeated blanks, and without regard to case.

    A letter and its accent are one whether they are written as one character or as two.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", tidy(name)).casefold())


def find_name(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is `name`, or that it is but for its case."""
    if name in known:
        return name
    wanted = fold(name)
    return next((one for one in sorted(known) if fold(one) == wanted), None)


def meaning(spellings: Spellings, name: str, source: str, day: date | None) -> str | None:
    """Return the team that `source` means by `name` on `day`; None when it is not declared.

    Without a day it is the last team of that name.
    """
    folded = fold(name)
    for of_source in (source, ANY):
        meanings = [one for one in spellings.get((of_source, folded), ()) if one.holds(day)]
        if meanings:
            return max(meanings, key=attrgetter("until")).team
    return None


def read_teams(name: str, folder: Path) -> Teams:
    """Read `teams/NAME.yaml` of a project's `config` folder, or the shipped one.

    Raises ConfigError: there is no such file, an entry is malformed, or one name stands for two teams.
    """
    own = folder / "teams" / f"{name}.yaml"
    path = own if own.is_file() else asset_dir("config") / "teams" / f"{name}.yaml"
    if not path.is_file():
        raise ConfigError(
            f"no teams are declared under the name {name!r}",
            cause=f"looked for {own} and {path}",
            fix=f"write {own}, or leave `teams` out of the league",
            code="NO_TEAMS",
        )
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _read(path: Path, _modified_ns: int) -> Teams:
    document = read_yaml(path)
    found: dict[tuple[str, str], list[Spelling]] = defaultdict(list)
    for team, entry in document.data.items():
        for source, spelling, written in _spellings_of(document, team, entry):
            same = found[source, fold(spelling)]
            for other in same:
                twice = other.team != team or other.name == spelling
                if twice and other.since <= written.until and written.since <= other.until:
                    _refuse(document, (team, source), f"{spelling!r} is also a spelling of {other.team!r}")
            same.append(written)
    return Teams(tuple(document.data), {key: tuple(value) for key, value in found.items()})


def _spellings_of(document: Document, team: str, entry: Any) -> Iterator[tuple[str, str, Spelling]]:
    try:
        declared = _ENTRY.validate_python(entry or {})
    except ValidationError as invalid:
        first = invalid.errors()[0]
        _refuse(document, (team, *first["loc"]), first["msg"])
    for source, names in declared.items():
        for one in names:
            dated = one if isinstance(one, _DatedSpelling) else _DatedSpelling(name=one)
            name = tidy(dated.name)
            yield source, name, Spelling(team, dated.since, dated.until, name)


def _refuse(document: Document, place: tuple[str | int, ...], reason: str) -> NoReturn:
    where = document.where(*place)
    raise ConfigError(
        f"{place[0]}: {reason}", cause=f"from {where}", fix=f"correct {where}", code="INVALID_TEAMS"
    )
