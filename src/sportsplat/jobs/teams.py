"""Teams of a league and what sources call them: listed, and told by the user where nobody else knows."""

from __future__ import annotations

import shlex
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any, TypedDict

from sportsplat.db.resolve import declare_league
from sportsplat.db.teams import (
    Alias,
    add_teams,
    aliases_of,
    lock_league,
    set_alias,
    spellings_of,
    stored_teams,
)
from sportsplat.errors import InputRefused, NotFound, UsageError
from sportsplat.jobs.identity import alias_command
from sportsplat.jobs.likeness import closest
from sportsplat.sources import SOURCES
from sportsplat.spellings import ANY, meaning, tidy

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context
    from sportsplat.leagues import League


class TeamRow(TypedDict):
    """One team: who named it, and every spelling of it, as `source: name` or `name` for everybody's."""

    name: str
    stored: bool
    named_by: str | None
    spellings: list[str]


def teams(context: Context, code: str) -> list[TeamRow]:
    """Return the teams of a league that are stored or declared, by name. Raises NotFound (league)."""
    league = context.league(code)
    with closing(context.connect("read", autocommit=True)) as conn:
        stored = {team.name: team for team in stored_teams(conn, code)}
        said = aliases_of(conn, code)
    rows: list[TeamRow] = []
    for name in sorted({*stored, *league.declared_teams}):
        team = stored.get(name)
        declared = [
            _spelling(source, spelt, one.since, one.until)
            for (source, spelt), meanings in league.spellings.items()
            for one in meanings
            if one.team == name
        ]
        users = [_spelling(one.source, one.alias, one.since, one.until) for one in said if one.team == name]
        rows.append(
            {
                "name": name,
                "stored": team is not None,
                "named_by": team.named_by if team else None,
                "spellings": [*declared, *users],
            }
        )
    return rows


def alias(
    context: Context,
    code: str,
    source: str,
    name: str,
    team: str,
    *,
    since: date | None = None,
    until: date | None = None,
) -> dict[str, Any]:
    """Say that `source` (or `any`) means `team` by `name`, on the days from `since` to `until`.

    Raises NotFound (league, source, team), UsageError (days the wrong way round, a name that is a team with
    matches of its own).
    """
    league = context.league(code)
    said = Alias(_source(source), tidy(name), tidy(team), since or date.min, until or date.max)
    if said.since > said.until:
        raise UsageError(
            f"--since {said.since} lies after --until {said.until}.",
            fix="Turn them round.",
            code="DAYS_REVERSED",
        )
    with closing(context.connect("app")) as conn, conn.transaction():
        lock_league(conn, code)
        declare_league(conn, league)
        known = {one.name for one in stored_teams(conn, code)}
        if said.team not in known:  # it may have been merged since the command was told
            merged = spellings_of(aliases_of(conn, code, ANY))
            said = said._replace(team=meaning(merged, said.team, ANY, None) or said.team)
        refuse_unknown(league, said.team, {*known, *league.declared_teams})
        if said.alias in known:
            raise UsageError(
                f"{said.alias!r} is a stored team of {code} with matches of its own.",
                cause="An alias is for a name that waits in quarantine; if the two are one team, merge them.",
                fix=shlex.join(["sportsplat", "teams", "merge", code, said.alias, said.team]),
                code="NAME_IS_A_TEAM",
            )
        add_teams(conn, code, [said.team] if said.team not in known else [])
        new = set_alias(conn, code, said)
    return {
        "league": code,
        "source": said.source,
        "name": said.alias,
        "team": said.team,
        "since": None if since is None else since.isoformat(),
        "until": None if until is None else until.isoformat(),
        "new": new,
    }


def add(context: Context, code: str, name: str) -> dict[str, Any]:
    """Make a team that no source may name.

    Raises NotFound (league), UsageError (no name), InputRefused (`NEAR_NAME`) when one is stored that differs
    by capitals only.
    """
    league = context.league(code)
    wanted = tidy(name)
    if not wanted:
        raise UsageError("A team needs a name.", fix=f"sportsplat teams add {code} NAME", code="NO_NAME")
    with closing(context.connect("app")) as conn, conn.transaction():
        lock_league(conn, code)
        declare_league(conn, league)
        stored = {one.name for one in stored_teams(conn, code)}
        near = closest(wanted, stored - {wanted}, 1)
        if wanted not in stored and near and near[0].casefold() == wanted.casefold():
            raise InputRefused(
                f"{near[0]!r} is stored, which differs from {wanted!r} by capitals only.",
                fix=alias_command(code, ANY, wanted, near[0]),
                code="NEAR_NAME",
            )
        made = add_teams(conn, code, [wanted])
    return {"league": code, "team": wanted, "new": bool(made)}


def _source(name: str) -> str:
    if name == ANY or name in SOURCES:
        return name
    near = closest(name, [*SOURCES, ANY], 1)
    raise NotFound(
        f"There is no source {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""),
        cause=f"Known sources: {', '.join(SOURCES)}; or {ANY!r} for every source.",
        fix="sportsplat sources",
        code="UNKNOWN_SOURCE",
    )


def refuse_unknown(league: League, team: str, known: set[str]) -> None:
    """Raise NotFound (UNKNOWN_TEAM) with the closest names for a team that is none of the `known`."""
    if team in known:
        return
    near = closest(team, known)
    raise NotFound(
        f"{league.code} has no team {team!r}."
        + (f" Did you mean {', '.join(map(repr, near))}?" if near else ""),
        fix=f"sportsplat teams list {league.code}; a new team: "
        + shlex.join(["sportsplat", "teams", "add", league.code, team]),
        code="UNKNOWN_TEAM",
    )


def _spelling(source: str, name: str, since: date, until: date) -> str:
    days = ""
    if since > date.min:
        days += f" from {since}"
    if until < date.max:
        days += f" until {until}"
    return (name if source == ANY else f"{source}: {name}") + days
