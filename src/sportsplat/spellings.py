"""What sources call a team: `config/teams/NAME.yaml`, one entry a team under the one name kept here.

    Pelicans:
      any: [NOH, NOP, New Orleans Pelicans]            # spelt so by every source
      nba-stats: [{name: CHH, until: 2002-06-30}]      # by this source only, and only until then

What one source means by a name decides before what all of them mean by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sportsplat.errors import ConfigError
from sportsplat.settings import asset_dir
from sportsplat.yaml_positions import Document, read_yaml

ANY = "any"


@dataclass(frozen=True)
class Spelling:
    """A team that a name stands for, on the days from `since` to `until`, both included."""

    team: str
    since: date = date.min
    until: date = date.max

    def holds(self, day: date | None) -> bool:
        """Whether the name stands for the team on `day`; without a day, whether it does at any time."""
        return day is None or self.since <= day <= self.until


Spellings = Mapping[tuple[str, str], tuple[Spelling, ...]]
"""By source (or `ANY`) and name."""


@dataclass(frozen=True)
class Teams:
    """The teams that a league can have, and how they are spelt."""

    names: tuple[str, ...]
    spellings: Spellings


class _Dated(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    since: date = Field(default=date.min)
    until: date = Field(default=date.max)


_ENTRY = TypeAdapter(dict[str, list[str | _Dated]])


def tidy(name: str) -> str:
    """Return a name without outer and repeated blanks."""
    return " ".join(name.split())


def meaning(spellings: Spellings, name: str, source: str, day: date | None) -> str | None:
    """Return the team that `source` means by `name` on `day`; None when nothing is declared of it."""
    for whose in (source, ANY):
        for spelling in spellings.get((whose, name), ()):
            if spelling.holds(day):
                return spelling.team
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
        for whose, spelling, written in _spellings_of(document, team, entry):
            same = found[whose, spelling]
            for other in same:
                if other.since <= written.until and written.since <= other.until:
                    _refuse(document, (team, whose), f"{spelling!r} stands for {other.team!r} too")
            same.append(written)
    return Teams(tuple(document.data), {key: tuple(value) for key, value in found.items()})


def _spellings_of(document: Document, team: str, entry: Any) -> Iterator[tuple[str, str, Spelling]]:
    try:
        declared = _ENTRY.validate_python(entry or {})
    except ValidationError as invalid:
        first = invalid.errors()[0]
        _refuse(document, (team, *first["loc"]), first["msg"])
    for whose, names in declared.items():
        for one in names:
            dated = one if isinstance(one, _Dated) else _Dated(name=one)
            yield whose, tidy(dated.name), Spelling(team, dated.since, dated.until)


def _refuse(document: Document, place: tuple[str | int, ...], said: str) -> NoReturn:
    where = document.where(*place)
    raise ConfigError(
        f"{place[0]}: {said}", cause=f"from {where}", fix=f"correct {where}", code="INVALID_TEAMS"
    )
