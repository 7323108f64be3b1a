"""A league of the user's own: its entry in the project's `config/leagues.yaml`, made from a declared one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from sportsplat.config.yaml_lines import read_yaml
from sportsplat.errors import EnvironmentUnavailable, NotFound, ResourceConflict, UsageError
from sportsplat.jobs.write_file import write_atomically
from sportsplat.leagues.league import check_leagues, leagues_file, load_leagues
from sportsplat.paths import display_path, find_project_dir
from sportsplat.results import Result

_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_DAY = re.compile(r"\d\d-\d\d")
_LONGEST_CODE = 40
_KEPT = ("sport", "outcomes", "duration_minutes", "season_matches", "elo", "stats")


@dataclass(frozen=True)
class NewLeague(Result):
    """What a user says of a league; None: as the league of the same sport that it is made like.

    season_start, season_end: first and last day as MM-DD; an end before the start is in the next year.
    season_matches: matches that a team plays in a regular season. bookmaker: whose prices are bet at and
    measured against.
    """

    code: str
    name: str
    sport: str
    timezone: str
    season_start: str
    season_end: str
    season_matches: int
    bookmaker: str | None = None


@dataclass(frozen=True, kw_only=True)
class AddedLeague(NewLeague):
    """A league that was added: its code once more, the file, its entry there, and whether the file is new."""

    league: str
    file: str
    yaml: str
    created: bool


def defaults(code: str, sport: str, project_dir: Path | None = None) -> NewLeague:
    """Return what a new league of `sport` is like unless its user says otherwise.

    Raises NotFound (UNKNOWN_SPORT), UsageError (BAD_CODE), ResourceConflict (LEAGUE_EXISTS).
    """
    _check_code(code, project_dir)
    entry = _model(sport, project_dir)
    start, end = (day.removeprefix("next ") for day in entry["rules"]["season"])
    return NewLeague(
        code=code,
        name=code.replace("-", " ").title(),
        sport=sport,
        timezone="UTC",
        season_start=start,
        season_end=end,
        season_matches=entry["season_matches"],
    )


def sports(project_dir: Path | None = None) -> list[str]:
    """Return the sports that a new league can be of."""
    return list(_models(project_dir))


def add_league(league: NewLeague, project_dir: Path | None = None) -> AddedLeague:
    """Add the league to the project's `config/leagues.yaml`; where that is missing, it is copied first.

    Nothing is written unless the whole file can be read again.

    Raises NotFound (UNKNOWN_SPORT), UsageError (BAD_CODE, BAD_SEASON, BAD_TIMEZONE), ResourceConflict
    (LEAGUE_EXISTS), EnvironmentUnavailable (NOT_WRITABLE), ConfigError (the file that is there is not valid).
    """
    _check_code(league.code, project_dir)
    _check(league)
    path = find_project_dir(project_dir) / "config" / "leagues.yaml"
    created = not path.is_file()
    before = leagues_file(project_dir).read_text(encoding="utf-8")
    entry = yaml.safe_dump(
        {league.code: _entry(league, project_dir)},
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=110,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = f"{before.rstrip()}\n\n{entry}"
        proposed = path.with_name(f".{path.name}.proposed")
        proposed.write_text(text, encoding="utf-8")
        try:
            check_leagues(proposed)
        finally:
            proposed.unlink(missing_ok=True)
        write_atomically(path, text)
    except OSError as refused:
        raise EnvironmentUnavailable(
            f"{path} cannot be written",
            cause=str(refused),
            fix=f"ls -ld {path.parent}",
            code="NOT_WRITABLE",
        ) from refused
    return AddedLeague(
        **vars(league), league=league.code, file=display_path(path), yaml=entry, created=created
    )


def _entry(league: NewLeague, project_dir: Path | None) -> dict[str, Any]:
    like = _model(league.sport, project_dir)
    entry: dict[str, Any] = {"name": league.name, "timezone": league.timezone}
    entry |= {key: like[key] for key in _KEPT if key in like} | {"season_matches": league.season_matches}
    next_year = "next " if league.season_end < league.season_start else ""
    rules = {key: value for key, value in like["rules"].items() if key in ("score", "ties", "overround")}
    entry["rules"] = rules | {"season": [league.season_start, next_year + league.season_end]}
    if league.bookmaker is not None:
        entry["prices"] = {
            "entry": [{"bookmaker": league.bookmaker, "closing": False}],
            "benchmark": [{"bookmaker": league.bookmaker, "closing": True}],
        }
    return entry


def _models(project_dir: Path | None) -> dict[str, dict[str, Any]]:
    """Return the first declared entry of each sport that has season days."""
    document = read_yaml(leagues_file(project_dir))
    found: dict[str, dict[str, Any]] = {}
    for entry in document.data.values():
        if entry.get("rules", {}).get("season"):
            found.setdefault(entry["sport"], entry)
    return found


def _model(sport: str, project_dir: Path | None) -> dict[str, Any]:
    models = _models(project_dir)
    if sport not in models:
        raise NotFound(
            f"no league of the sport {sport!r} is declared",
            cause=f"declared sports: {', '.join(models)}",
            fix=f"--sport {next(iter(models))}, or write the entry in config/leagues.yaml by hand",
            code="UNKNOWN_SPORT",
        )
    return models[sport]


def _check_code(code: str, project_dir: Path | None) -> None:
    if not _CODE.fullmatch(code) or len(code) > _LONGEST_CODE:
        proposed = re.sub(r"[^a-z0-9]+", "-", code.lower()).strip("-")[:_LONGEST_CODE] or "my-league"
        raise UsageError(
            f"{code!r} is no code of a league",
            cause=f"a code has at most {_LONGEST_CODE} small letters, digits and single hyphens",
            fix=f"sportsplat leagues add {proposed if proposed[0].isalpha() else f'l{proposed}'}",
            code="BAD_CODE",
        )
    if code in load_leagues(project_dir):
        raise ResourceConflict(
            f"a league {code!r} is declared already",
            cause=display_path(leagues_file(project_dir)),
            fix="choose another code, or edit the entry in that file (sportsplat config init makes the file)",
            code="LEAGUE_EXISTS",
        )


def _check(league: NewLeague) -> None:
    for flag, day in (("--season-start", league.season_start), ("--season-end", league.season_end)):
        try:
            valid = _DAY.fullmatch(day) is not None and date.fromisoformat(f"2001-{day}") is not None
        except ValueError:
            valid = False
        if not valid:
            raise UsageError(
                f"{day!r} is no day of a year",
                cause=flag,
                fix=f"{flag} 08-01   (MM-DD)",
                code="BAD_SEASON",
            )
    try:
        ZoneInfo(league.timezone)
    except (LookupError, ValueError, OSError) as missing:
        raise UsageError(
            f"there is no time zone {league.timezone!r}",
            cause="--timezone",
            fix="--timezone Europe/Lisbon   (a name of the IANA time zone database)",
            code="BAD_TIMEZONE",
        ) from missing
    if league.season_matches < 1:
        raise UsageError(
            f"a team plays at least one match in a season, not {league.season_matches}",
            cause="--matches",
            fix="--matches 34",
            code="BAD_SEASON",
        )
