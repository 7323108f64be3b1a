"""Names of a batch become stored teams.

A name is a team when it is stored, declared, or brought by a source that may name teams of the league. The
matches of any other name wait in quarantine, with the closest names and the command that maps it to a team;
so do those of a new name that is only another spelling of a declared or stored team.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sportsplat.cleaning.team_names import (
    closest_teams,
    declared_names,
    offered_team,
    refuse_another_leagues,
    spelling_of,
    stored_spelling_of,
)
from sportsplat.db.write.teams import Team, add_teams, aliases_of, spellings_of, stored_teams
from sportsplat.domain import Batch, MatchKey, MatchRecord, Rejected
from sportsplat.leagues.team_names import Spellings, fold, meaning

if TYPE_CHECKING:
    from datetime import date

    import psycopg

    from sportsplat.leagues.league import League

Record = TypeVar("Record", bound=Any)


@dataclass(frozen=True)
class IdentifiedBatch:
    """A batch by the names stored here, without matches of unknown teams; the ids of its teams by name."""

    batch: Batch
    ids: dict[str, int]
    renamed: dict[MatchKey, MatchKey]  # keys of the file that have changed


@dataclass(frozen=True)
class TeamPlan:
    """What the names of a batch mean, and which of them are to be stored as teams.

    batch: by the names stored here; matches of unknown teams are among its rejected rows. declared: names of
    declared teams that are not stored yet. named: new names that the source may bring. named_by: the source
    that is stored with declared names, where the league has no closed list. renamed: keys that changed.
    """

    batch: Batch
    declared: list[str]
    named: list[str]
    named_by: str | None
    renamed: dict[MatchKey, MatchKey]


def identify(
    conn: psycopg.Connection[Any], batch: Batch, league: League, leagues: Iterable[League] = ()
) -> IdentifiedBatch:
    """Find the team of each name of a batch, and store new ones. The caller holds the league's lock.

    Raises InputRefused (WRONG_LEAGUE) when its teams are those of another one of `leagues`.
    """
    stored = stored_teams(conn, league.code)
    spellings = spellings_of(aliases_of(conn, batch.league, batch.source))
    plan = plan_teams(batch, league, stored, spellings, leagues)
    ids = {team.name: team.id for team in stored}
    ids |= add_teams(conn, league.code, plan.declared, plan.named_by)
    ids |= add_teams(conn, league.code, plan.named, batch.source)
    return IdentifiedBatch(plan.batch, ids, plan.renamed)


def plan_teams(
    batch: Batch,
    league: League,
    stored: Sequence[Team],
    spellings: Spellings,
    leagues: Iterable[League] = (),
) -> TeamPlan:
    """Decide what the names of a batch mean. stored: the league's teams. spellings: the aliases of users.

    Raises InputRefused (WRONG_LEAGUE) when its teams are those of another one of `leagues`.
    """
    known = {team.name for team in stored}
    declared = league.declared_teams
    original, batch = batch, _dated(_in_one_case(_renamed(batch, spellings), known | declared), league)
    changed = zip(original.matches, batch.matches, strict=True) if original is not batch else ()
    renamed = {before.key: now.key for before, now in changed if before.key != now.key}
    names = {name for match in batch.matches for name in (match.home, match.away)}
    refuse_another_leagues(batch, names, league, known, leagues)
    may_name = _may_name(league, batch.source, stored)
    new = sorted(names - known)
    to_declare = [name for name in new if name in declared]
    others = [name for name in new if name not in declared]
    named: list[str] = []
    if others and may_name:
        spelt = declared_names(league)
        named = [name for name in others if _is_new(name, batch, spelt, stored)]
    unknown = set(others) - set(named)
    if unknown:
        kept, rejected = _hold_back(batch, unknown, sorted({*known, *to_declare, *named}), league)
        batch = batch._replace(matches=kept, rejected=[*batch.rejected, *rejected])
    named_by = batch.source if may_name and not league.teams else None
    return TeamPlan(batch, to_declare, named, named_by, renamed)


def alias_command(league: str, source: str, name: str, team: str) -> str:
    """Return the command that says which team a source means by a name."""
    return shlex.join(["sportsplat", "teams", "alias", league, source, name, team])


def _may_name(league: League, source: str, stored: Sequence[Team]) -> bool:
    """Whether a source may bring new names: a declared one, or, with no closed list, the first that came."""
    if source in league.names_from or league.teams:
        return source in league.names_from
    named_by = {team.named_by for team in stored} - {None}
    return not named_by or source in named_by


def _is_new(name: str, batch: Batch, declared: Mapping[str, str], stored: Sequence[Team]) -> bool:
    """Whether a name is not but another spelling of a team.

    Who meets a team is another one; so is who is named beside it in one file, unless the team is declared and
    we know all its names. Of a declared team its declared names tell, stored or not.
    """
    team = spelling_of(name, declared)
    if team is not None and not any({match.home, match.away} == {name, team} for match in batch.matches):
        return False
    others = {one.name for one in stored} - set(declared.values())
    others -= {one for match in batch.matches for one in (match.home, match.away)}
    return stored_spelling_of(name, sorted(others)) is None


def _hold_back(
    batch: Batch, unknown: set[str], stored: Sequence[str], league: League
) -> tuple[list[MatchRecord], list[Rejected]]:
    kept: list[MatchRecord] = []
    rejected: list[Rejected] = []
    matches = Counter(name for match in batch.matches for name in {match.home, match.away} & unknown)
    days = {name: match.match_date for match in batch.matches for name in (match.home, match.away)}
    by_day = {day: declared_names(league, day) for day in {days[name] for name in unknown}}
    near = {name: closest_teams(name, by_day[days[name]], stored) for name in unknown}
    sure = {name: offered_team(name, by_day[days[name]], stored) for name in unknown}
    for match in batch.matches:
        strange = [name for name in (match.home, match.away) if name in unknown]
        if not strange:
            kept.append(match)
            continue
        name = strange[0]
        reason = (
            f"{name!r} is not a known team of {batch.league} ({_count(matches[name])} in this file). "
            + (f"Closest: {', '.join(map(repr, near[name]))}. " if near[name] else "")
            + f"{alias_command(batch.league, batch.source, name, sure[name] or 'TEAM')}"
        )
        rejected.append(batch.reject(match.key, "unknown-team", reason))
    return kept, rejected


def _count(matches: int) -> str:
    return "1 match" if matches == 1 else f"{matches:,} matches"


def _dated(batch: Batch, league: League) -> Batch:
    """Return the batch with the matches that its source dates otherwise than all others on their day.

    Facts of a match that was held later than its source says are known so much later.
    """
    if batch.source not in {source for source, *_ in league.dates}:
        return batch

    def on_its_day(key: MatchKey) -> MatchKey:
        day = league.dates.get((batch.source, key.match_date, key.home, key.away))
        return key if day is None else key._replace(match_date=day)

    moved = {match.key: on_its_day(match.key).match_date - match.match_date for match in batch.matches}
    if not any(moved.values()):
        return batch
    matches = [
        match._replace(
            match_date=match.match_date + moved[match.key],
            kickoff_utc=match.kickoff_utc + moved[match.key],
            known_at=match.known_at and match.known_at + max(moved[match.key], timedelta()),
        )
        for match in batch.matches
    ]

    def not_before(records: Sequence[Record]) -> list[Record]:
        by = ((record, max(moved.get(record.match, timedelta()), timedelta())) for record in records)
        return [record._replace(known_at=record.known_at + later) for record, later in by]

    batch = batch._replace(
        stats=not_before(batch.stats),
        forecasts=not_before(batch.forecasts),
        details=not_before(batch.details),
    )
    return _with_keys(batch, matches, on_its_day)


def _renamed(batch: Batch, spellings: Spellings) -> Batch:
    """Return the batch with the names that users gave an alias replaced, each on its day."""
    spelt = {name for _, name in spellings}
    names = {name for match in batch.matches for name in (match.home, match.away)}
    if spelt.isdisjoint(map(fold, names)):
        return batch

    def team(name: str, day: date) -> str:
        return meaning(spellings, name, batch.source, day) or name

    return _with_names(batch, team)


def _in_one_case(batch: Batch, known: Collection[str]) -> Batch:
    """Return the batch with the names that differ from a known one by case alone replaced by that one.

    Of names that are not known yet the first one of the file counts.
    """
    chosen = {fold(name): name for name in sorted(known, reverse=True)}
    changed = {}
    for name in dict.fromkeys(name for match in batch.matches for name in (match.home, match.away)):
        one = name if name in known else chosen.setdefault(fold(name), name)
        if one != name:
            changed[name] = one
    return _with_names(batch, lambda name, _: changed.get(name, name)) if changed else batch


def _with_names(batch: Batch, team: Callable[[str, date], str]) -> Batch:
    """Return the batch with each name replaced by what `team` makes of it on its day."""

    def renamed(key: MatchKey) -> MatchKey:
        home, away = team(key.home, key.match_date), team(key.away, key.match_date)
        return key._replace(home=home, away=away)

    matches = [
        match._replace(home=team(match.home, match.match_date), away=team(match.away, match.match_date))
        for match in batch.matches
    ]
    return _with_keys(batch, matches, renamed)


def _with_keys(batch: Batch, matches: list[MatchRecord], new: Callable[[MatchKey], MatchKey]) -> Batch:
    """Return the batch with its matches replaced, and new keys in all that hangs on them."""

    def of(records: Sequence[Record]) -> list[Record]:
        return [record._replace(match=new(record.match)) for record in records]

    return batch._replace(
        matches=matches,
        quotes=of(batch.quotes),
        stats=of(batch.stats),
        forecasts=of(batch.forecasts),
        details=of(batch.details),
        line_of={new(key): line for key, line in batch.line_of.items()},
        further_lines={new(key): lines for key, lines in batch.further_lines.items()},
    )
