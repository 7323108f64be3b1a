"""Teams of a league and what sources call them: listed, and set by the user where no source is sure."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sportsplat.cleaning.team_names import closest
from sportsplat.db.write.claims import declare_league
from sportsplat.db.write.merge_teams import DuplicateMatch, Merged, duplicate_matches, meetings, merge_teams
from sportsplat.db.write.teams import (
    Alias,
    add_teams,
    aliases_of,
    lock_league,
    set_alias,
    spellings_of,
    stored_teams,
)
from sportsplat.errors import InputRefused, NotFound, UsageError
from sportsplat.leagues.team_names import ANY, find_name, meaning, tidy
from sportsplat.results import Result
from sportsplat.sources import SOURCES

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context
    from sportsplat.leagues.league import League


@dataclass(frozen=True)
class TeamRow(Result):
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
            _spelling(source, one.name, one.since, one.until)
            for (source, _), meanings in league.spellings.items()
            for one in meanings
            if one.team == name
        ]
        users = [_spelling(one.source, one.alias, one.since, one.until) for one in said if one.team == name]
        rows.append(TeamRow(name, team is not None, team.named_by if team else None, [*declared, *users]))
    return rows


@dataclass(frozen=True)
class AliasSet(Result):
    """The name by which a source refers to a team, on which days (None: all); new: it was not known."""

    league: str
    source: str
    name: str
    team: str
    since: date | None
    until: date | None
    new: bool


@dataclass(frozen=True)
class TeamAdded(Result):
    """A team of a league; new: it was not stored."""

    league: str
    team: str
    new: bool


def alias(
    context: Context,
    code: str,
    source: str,
    name: str,
    team: str,
    *,
    since: date | None = None,
    until: date | None = None,
) -> AliasSet:
    """Say that `source` (or `any`) means `team` by `name`, on the days from `since` to `until`.

    Raises NotFound (league, source, team), UsageError (days the wrong way round, a name that is a team with
    matches of its own).
    """
    league = context.league(code)
    said = Alias(_source(source), tidy(name), tidy(team), since or date.min, until or date.max)
    if said.since > said.until:
        raise UsageError(
            f"--since {said.since} lies after --until {said.until}",
            fix="turn them round",
            code="DAYS_REVERSED",
        )
    with closing(context.connect("app", lasting=True)) as conn, conn.transaction():
        lock_league(conn, code)
        declare_league(conn, league)
        known = {one.name for one in stored_teams(conn, code)}
        teams = {*known, *league.declared_teams}
        said = said._replace(team=find_name(said.team, teams) or said.team)
        if said.team not in known:  # it may have been merged since the command was printed
            merged = spellings_of(aliases_of(conn, code, ANY))
            said = said._replace(team=meaning(merged, said.team, ANY, None) or said.team)
        refuse_unknown(league, said.team, teams)
        same = find_name(said.alias, teams)
        if same == said.team:
            raise UsageError(
                f"{said.alias!r} is the name of the team {same!r}: case makes no difference",
                fix="sportsplat quarantine retry",
                code="NAME_IS_A_TEAM",
            )
        if same in known:
            raise UsageError(
                f"{same!r} is a stored team of {code} with matches of its own",
                cause="an alias is for a name that waits in quarantine; if the two are one team, merge them",
                fix=shlex.join(["sportsplat", "teams", "merge", code, same, said.team]),
                code="NAME_IS_A_TEAM",
            )
        add_teams(conn, code, [said.team] if said.team not in known else [])
        new = set_alias(conn, code, said)
    return AliasSet(code, said.source, said.alias, said.team, since, until, new)


def add(context: Context, code: str, name: str) -> TeamAdded:
    """Make a team that no source may name.

    Raises NotFound (league), UsageError (no name), InputRefused (`NEAR_NAME`) when one is stored that differs
    by capitals only.
    """
    league = context.league(code)
    wanted = tidy(name)
    if not wanted:
        raise UsageError("a team needs a name", fix=f"sportsplat teams add {code} NAME", code="NO_NAME")
    with closing(context.connect("app", lasting=True)) as conn, conn.transaction():
        lock_league(conn, code)
        declare_league(conn, league)
        stored = {one.name for one in stored_teams(conn, code)}
        same = find_name(wanted, {*stored, *league.declared_teams})
        if same is not None and same != wanted:
            raise InputRefused(
                f"{same!r} is a team of {code}, which differs from {wanted!r} by capitals only",
                cause="names of teams compare without regard to case",
                fix=f"sportsplat teams list {code}",
                code="NEAR_NAME",
            )
        made = add_teams(conn, code, [wanted])
    return TeamAdded(code, wanted, bool(made))


def _source(name: str) -> str:
    if name == ANY or name in SOURCES:
        return name
    near = closest(name, [*SOURCES, ANY], 1)
    raise NotFound(
        f"there is no source {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
        cause=f"known sources: {', '.join(SOURCES)}; or {ANY!r} for every source",
        fix="sportsplat sources",
        code="UNKNOWN_SOURCE",
    )


def refuse_unknown(league: League, team: str, known: set[str]) -> None:
    """Raise NotFound (UNKNOWN_TEAM) with the closest names for a team that is none of the `known`."""
    if team in known:
        return
    near = closest(team, known)
    raise NotFound(
        f"{league.code} has no team {team!r}"
        + (f"; did you mean {', '.join(map(repr, near))}?" if near else ""),
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


SHOWN = 5


@dataclass(frozen=True)
class MergeReport(Result):
    """What became of `name`: how many rows are those of `into` now; new: whether they were not before."""

    league: str
    name: str
    into: str
    matches: int
    joined: int
    claims: int
    box_scores: int
    player_box_scores: int
    aliases: int
    new: bool
    dry_run: bool


def merge(context: Context, code: str, name: str, into: str, *, dry_run: bool = False) -> MergeReport:
    """Make `into` of the stored team `name` too: its matches and all that hangs on them, and its name.

    A match that both have stored becomes one. `dry_run` does everything and takes it back.

    Raises:
        NotFound: no such league or team.
        UsageError: one team with itself (SAME_TEAM), or a declared team (DECLARED_TEAM).
        InputRefused: they have met (TEAMS_MET), or a match of both cannot become one (MATCHES_DIFFER).
    """
    league = context.league(code)
    name, into = (find_name(tidy(one), league.declared_teams) or tidy(one) for one in (name, into))
    _refuse_declared(league, name, into)
    with closing(context.connect("app", lasting=True)) as conn, conn.transaction(force_rollback=dry_run):
        lock_league(conn, code)
        declare_league(conn, league)
        ids = {team.name: team.id for team in stored_teams(conn, code)}
        name, into = find_name(name, ids) or name, find_name(into, {*ids, *league.declared_teams}) or into
        _refuse_declared(league, name, into)
        refuse_unknown(league, into, {*ids, *league.declared_teams})
        alias = Alias(ANY, name, into, date.min, date.max)
        if name not in ids and alias in aliases_of(conn, code, ANY):
            return _report(code, name, into, Merged(0, 0, 0, 0, 0, 0), new=False, dry_run=dry_run)
        _refuse_not_stored(league, name, set(ids))
        ids |= add_teams(conn, code, [into] if into not in ids else [])
        gone, kept = ids[name], ids[into]
        _refuse_met(code, name, into, meetings(conn, gone, kept))
        same = duplicate_matches(conn, gone, kept)
        _refuse_unlike(name, same)
        merged = merge_teams(conn, code, league.precedence, gone, kept, same)
        set_alias(conn, code, alias)
    return _report(code, name, into, merged, new=True, dry_run=dry_run)


def _report(code: str, name: str, into: str, merged: Merged, *, new: bool, dry_run: bool) -> MergeReport:
    return MergeReport(code, name, into, **merged._asdict(), new=new, dry_run=dry_run)


def _refuse_declared(league: League, name: str, into: str) -> None:
    if name == into:
        raise UsageError(
            f"{name!r} is one team already", fix=f"sportsplat teams list {league.code}", code="SAME_TEAM"
        )
    if name not in league.declared_teams:
        return
    both = into in league.declared_teams
    raise UsageError(
        f"{name!r} is declared as a team of {league.code}"
        + (f", and {into!r} as another one" if both else f", and {into!r} is not"),
        cause="what config/teams and the aliases of config/leagues.yaml name stays a team of its own",
        fix=f"declare {name!r} as a spelling of {into!r} there first; then the same command"
        if both
        else shlex.join(["sportsplat", "teams", "merge", league.code, into, name]),
        code="DECLARED_TEAM",
    )


def _refuse_not_stored(league: League, name: str, stored: set[str]) -> None:
    if name in stored:
        return
    near = closest(name, stored)
    raise NotFound(
        f"{league.code} has no stored team {name!r}"
        + (f"; did you mean {', '.join(map(repr, near))}?" if near else ""),
        fix=f"sportsplat teams list {league.code}",
        code="UNKNOWN_TEAM",
    )


def _refuse_met(code: str, name: str, into: str, days: Sequence[date]) -> None:
    if days:
        more = f" and on {len(days) - SHOWN} more days" if len(days) > SHOWN else ""
        raise InputRefused(
            f"{name!r} and {into!r} have met, so they are two teams; nothing was changed",
            code="TEAMS_MET",
            cause=f"a match of the two is stored on {', '.join(map(str, days[:SHOWN]))}{more}",
            fix=f"sportsplat teams list {code}",
        )


def _refuse_unlike(name: str, same: Sequence[DuplicateMatch]) -> None:
    """Refuse matches of both teams that contradict each other, or that cannot be distinguished."""
    times = Counter(match_id for twin in same for match_id in (twin.gone, twin.kept))
    reasons = [_why_two(twin, clear=times[twin.gone] == times[twin.kept] == 1) for twin in same]
    problems = [
        f"{twin.home} - {twin.away} on {twin.day} (match {twin.kept}, that of {name} {twin.gone}): {why}"
        for twin, why in zip(same, reasons, strict=True)
        if why
    ]
    if problems:
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        ids = ", ".join(str(match_id) for twin in same[:SHOWN] for match_id in (twin.kept, twin.gone))
        query = f"SELECT * FROM match_claims WHERE match_id IN ({ids})"  # noqa: S608 - printed, not run
        raise InputRefused(
            f"{len(problems)} of the matches that both teams have cannot become one; nothing was changed",
            code="MATCHES_DIFFER",
            cause="\n".join([*problems[:SHOWN], *more]),
            fix=shlex.join(["sportsplat", "psql", "--", "-c", query]),
        )


def _why_two(twin: DuplicateMatch, *, clear: bool) -> str | None:
    if not clear:
        return "several matches could be meant"
    if twin.contradicting:
        return f"{', '.join(twin.contradicting)} gives two results"
    if not twin.one_season:
        return "they are of two seasons"
    if twin.gone_in_use and twin.kept_in_use:
        return "predictions or bets refer to both"
    return None
