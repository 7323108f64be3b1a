"""One team of two that turn out to be one, such as a club and what somebody once typed wrongly."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, TypedDict, cast

from sportsplat.db.merge_teams import Merged, Twin, meetings, merge_teams, twins
from sportsplat.db.resolve import declare_league
from sportsplat.db.teams import (
    Alias,
    add_teams,
    aliases_of,
    lock_league,
    set_alias,
    stored_teams,
)
from sportsplat.errors import InputRefused, NotFound, UsageError
from sportsplat.jobs.likeness import closest
from sportsplat.jobs.teams import refuse_unknown
from sportsplat.spellings import ANY, tidy

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context
    from sportsplat.leagues import League

SHOWN = 5


class MergeReport(TypedDict):
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
    name, into = tidy(name), tidy(into)
    _refuse_declared(league, name, into)
    with closing(context.connect("app")) as conn, conn.transaction(force_rollback=dry_run):
        lock_league(conn, code)
        declare_league(conn, league)
        ids = {team.name: team.id for team in stored_teams(conn, code)}
        refuse_unknown(league, into, {*ids, *league.declared_teams})
        told = Alias(ANY, name, into, date.min, date.max)
        if name not in ids and told in aliases_of(conn, code, ANY):
            return _report(code, name, into, Merged(0, 0, 0, 0, 0, 0), new=False, dry_run=dry_run)
        _refuse_not_stored(league, name, set(ids))
        ids |= add_teams(conn, code, [into] if into not in ids else [])
        gone, kept = ids[name], ids[into]
        _refuse_met(code, name, into, meetings(conn, gone, kept))
        same = twins(conn, gone, kept)
        _refuse_unlike(name, same)
        merged = merge_teams(conn, code, league.precedence, gone, kept, same)
        set_alias(conn, code, told)
    return _report(code, name, into, merged, new=True, dry_run=dry_run)


def _report(code: str, name: str, into: str, merged: Merged, *, new: bool, dry_run: bool) -> MergeReport:
    about = {"league": code, "name": name, "into": into}
    return cast(MergeReport, about | merged._asdict() | {"new": new, "dry_run": dry_run})


def _refuse_declared(league: League, name: str, into: str) -> None:
    if name == into:
        raise UsageError(
            f"{name!r} is one team already.", fix=f"sportsplat teams list {league.code}", code="SAME_TEAM"
        )
    if name not in league.declared_teams:
        return
    both = into in league.declared_teams
    raise UsageError(
        f"{name!r} is declared as a team of {league.code}"
        + (f", and {into!r} as another one." if both else f", and {into!r} is not."),
        cause="What config/teams and the aliases of config/leagues.yaml name stays a team of its own.",
        fix=f"Declare {name!r} as a spelling of {into!r} there first; then the same command."
        if both
        else shlex.join(["sportsplat", "teams", "merge", league.code, into, name]),
        code="DECLARED_TEAM",
    )


def _refuse_not_stored(league: League, name: str, stored: set[str]) -> None:
    if name in stored:
        return
    near = closest(name, stored)
    raise NotFound(
        f"{league.code} has no stored team {name!r}."
        + (f" Did you mean {', '.join(map(repr, near))}?" if near else ""),
        fix=f"sportsplat teams list {league.code}",
        code="UNKNOWN_TEAM",
    )


def _refuse_met(code: str, name: str, into: str, days: Sequence[date]) -> None:
    if days:
        more = f" and on {len(days) - SHOWN} more days" if len(days) > SHOWN else ""
        raise InputRefused(
            f"{name!r} and {into!r} have met, so they are two teams; nothing was changed.",
            code="TEAMS_MET",
            cause=f"A match of the two is stored on {', '.join(map(str, days[:SHOWN]))}{more}.",
            fix=f"sportsplat teams list {code}",
        )


def _refuse_unlike(name: str, same: Sequence[Twin]) -> None:
    """Refuse matches of both teams that contradict each other, or that nobody can tell which they are."""
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
        query = f"SELECT * FROM match_claims WHERE match_id IN ({ids})"  # noqa: S608 - told, not run
        raise InputRefused(
            f"{len(problems)} of the matches that both teams have cannot become one; nothing was changed.",
            code="MATCHES_DIFFER",
            cause="\n".join([*problems[:SHOWN], *more]),
            fix=shlex.join(["sportsplat", "psql", "--", "-c", query]),
        )


def _why_two(twin: Twin, *, clear: bool) -> str | None:
    if not clear:
        return "several matches could be meant"
    if twin.contradicting:
        return f"{', '.join(twin.contradicting)} gives two results"
    if not twin.one_season:
        return "they are of two seasons"
    if twin.gone_in_use and twin.kept_in_use:
        return "predictions or bets speak of both"
    return None
