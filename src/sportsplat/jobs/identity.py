"""Who plays: the names of a batch become stored teams, and a name that nobody knows becomes none.

A name is a team when it is stored, declared, or brought by a source that may name teams of the league.
Anything else is held back with the closest names and the command that says which team is meant; so is a new
name that is but another spelling of a stored team.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from sportsplat.db.teams import Team, add_teams, aliases_of, spellings_of, stored_teams
from sportsplat.domain import Batch, MatchKey, MatchRecord, Rejected
from sportsplat.spellings import meaning, tidy

if TYPE_CHECKING:
    from datetime import date

    import psycopg

    from sportsplat.leagues import League

Record = TypeVar("Record", bound=Any)
SAME = 0.9
"""How alike (0 to 1) a new name and a stored one are taken for two spellings of one team."""
_CLUB = re.compile(r"\b(afc|fc|cf|ac|sc|as|club|the)\b")
_NO_LETTER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Known:
    """A batch by the names kept here, without matches of unknown teams; the ids of its teams by name."""

    batch: Batch
    ids: dict[str, int]
    renamed: dict[MatchKey, MatchKey] = field(default_factory=dict)  # keys of the file that have changed


def identify(conn: psycopg.Connection[Any], batch: Batch, league: League) -> Known:
    """Tell the teams of a batch, making those that may be made. The caller holds the league's lock."""
    told, batch = batch, _dated(_renamed(conn, batch), league)
    changed = zip(told.matches, batch.matches, strict=True) if told is not batch else ()
    renamed = {before.key: now.key for before, now in changed if before.key != now.key}
    stored = stored_teams(conn, league.code)
    ids = {team.name: team.id for team in stored}
    names = {name for match in batch.matches for name in (match.home, match.away)}
    new = sorted(names - ids.keys())
    if not new:
        return Known(batch, ids, renamed)
    declared = league.declared_teams
    may_name = _may_name(league, batch.source, stored)
    brought_by = batch.source if may_name and not league.teams else None
    ids |= add_teams(conn, league.code, [name for name in new if name in declared], brought_by)
    rest = [name for name in new if name not in declared]
    if rest and may_name:
        named = [name for name in rest if not _spelling_of(name, stored, names)]
        ids |= add_teams(conn, league.code, named, batch.source)
        rest = [name for name in rest if name not in ids]
    if not rest:
        return Known(batch, ids, renamed)
    kept, rejected = _hold_back(batch, set(rest), sorted({*ids, *declared}))
    return Known(batch._replace(matches=kept, rejected=[*batch.rejected, *rejected]), ids, renamed)


def closest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known names that a name is most like: by letters, or one inside the other."""
    by_letters: dict[str, str] = {}
    for one in known:
        by_letters.setdefault(letters(one), one)
    wanted = letters(name)
    found = get_close_matches(wanted, by_letters, n=count, cutoff=0.5)
    inside = [key for key in by_letters if key and wanted and (key in wanted or wanted in key)]
    return [by_letters[key] for key in dict.fromkeys([*inside, *found])][:count]


def letters(name: str) -> str:
    """Return what a name is compared by: lower-case letters and digits, without accents, FC and the like."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold().replace(".", "")
    bare = _NO_LETTER.sub("", _CLUB.sub("", plain))
    return bare or _NO_LETTER.sub("", plain)


def alias_command(league: str, source: str, name: str, team: str) -> str:
    """Return the command that says which team a source means by a name."""
    return shlex.join(["sportsplat", "teams", "alias", league, source, name, team])


def _may_name(league: League, source: str, stored: Sequence[Team]) -> bool:
    """Whether a source may bring new names: a declared one, or, with no closed list, the first that came."""
    if source in league.names_from or league.teams:
        return source in league.names_from
    named_by = {team.named_by for team in stored} - {None}
    return not named_by or source in named_by


def _spelling_of(name: str, stored: Sequence[Team], together: set[str]) -> str | None:
    """Return the stored team, not named in the file itself, of which a new name is but another spelling."""
    wanted = letters(name)
    for team in stored:
        if team.name not in together:
            other = letters(team.name)
            if wanted == other or SequenceMatcher(None, wanted, other).ratio() >= SAME:
                return team.name
    return None


def _hold_back(
    batch: Batch, unknown: set[str], known: Sequence[str]
) -> tuple[list[MatchRecord], list[Rejected]]:
    kept: list[MatchRecord] = []
    rejected: list[Rejected] = []
    matches = Counter(name for match in batch.matches for name in {match.home, match.away} & unknown)
    near = {name: closest(name, known) for name in unknown}
    for match in batch.matches:
        strange = [name for name in (match.home, match.away) if name in unknown]
        if not strange:
            kept.append(match)
            continue
        name = strange[0]
        team = near[name][0] if near[name] else "TEAM"
        reason = (
            f"{name!r} is no team of {batch.league} that is known ({_count(matches[name])} of this file). "
            + (f"Closest: {', '.join(map(repr, near[name]))}. " if near[name] else "")
            + f"{alias_command(batch.league, batch.source, name, team)}"
        )
        rejected.append(batch.reject(match.key, "unknown-team", reason))
    return kept, rejected


def _count(matches: int) -> str:
    return "1 match" if matches == 1 else f"{matches:,} matches"


def _dated(batch: Batch, league: League) -> Batch:
    """Return the batch with the matches that its source dates otherwise than all others on their day.

    What is told of a match that was held later than its source says is known so much later.
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


def _renamed(conn: psycopg.Connection[Any], batch: Batch) -> Batch:
    """Return the batch with the names that users gave an alias replaced, each on its day."""
    spellings = spellings_of(aliases_of(conn, batch.league, batch.source))
    spelt = {name for _, name in spellings}
    if not spelt or not any(match.home in spelt or match.away in spelt for match in batch.matches):
        return batch

    def team(name: str, day: date) -> str:
        return meaning(spellings, tidy(name), batch.source, day) or name

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
    )
