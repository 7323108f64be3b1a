"""What is stored of a league and what is missing of it, for people, programs and a browser."""

from __future__ import annotations

from collections.abc import Sequence, Set
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sportsplat.cleaning.team_names import offered_team
from sportsplat.db.read.quality import count_conflicts, read_conflicts, read_facts
from sportsplat.errors import DataLacking, NotFound, UsageError
from sportsplat.quality.coverage import measures
from sportsplat.quality.picture import Picture, Provider
from sportsplat.quality.report import QualityReport, conflict_totals, placeholders, report
from sportsplat.quality.seasons import longest_usual_pause, schedules
from sportsplat.results import Result
from sportsplat.sources import IGNORED_CONFLICTS, SOURCES, get_source

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings
    from sportsplat.jobs.context import Context
    from sportsplat.leagues.league import League
    from sportsplat.quality.facts import Conflict, ConflictTotal

FIELDS = ("score", "result", "date", "venue", "neutral", "stage", "season")
"""What sources can contradict each other in: the fields of the view match_conflicts."""
SHOWN_CONFLICTS = 25
"""So many contradictions, the newest, stand on the page."""
MOST_TOLD = 5


@dataclass(frozen=True)
class ConflictReport(Result):
    """Where sources contradict the values in use; `matches` and `totals` count also what is not listed."""

    league: str
    matches: int
    totals: list[ConflictTotal]
    conflicts: list[Conflict]
    precedence: list[str]


def quality(
    context: Context,
    code: str,
    *,
    seasons: Sequence[int] = (),
    html: Path | None = None,
    now: datetime | None = None,
) -> QualityReport:
    """Look at all that is stored of a league; tell of `seasons` (none: all). `html`: also write the page.

    Raises NotFound (no such league, no such season stored), ResourceConflict (a foreign file where the page
    would go).
    """
    league = context.league(code)
    if html is not None:
        _check_place(html)
    moment = now or datetime.now(UTC)
    today = moment.astimezone(league.timezone).date()
    with closing(context.connect("read", autocommit=True)) as conn:
        facts = read_facts(conn, league, today, ignored := _ignored_conflicts())
        shown = (
            read_conflicts(conn, code, seasons=seasons, limit=SHOWN_CONFLICTS, ignored=ignored)
            if html is not None
            else []
        )
    _check_seasons(league, seasons, [counts.season for counts in facts.seasons])
    stored = {one.source for one in facts.sources}
    picture = Picture(
        league,
        facts,
        schedules(league, facts, today),
        measures(league, facts),
        longest_usual_pause(facts.pauses),
        today,
        providers(league, candidates(league, stored), context.settings),
        offered_team,
    )
    data = replace(report(picture, moment, seasons), html=str(html) if html is not None else None)
    if html is not None:
        _write_page(html, data, shown)
    return data


def _check_place(path: Path) -> None:
    from sportsplat.jobs.write_file import refuse_foreign
    from sportsplat.quality.page import GENERATOR

    refuse_foreign(path, GENERATOR, "--html", "quality.html")


def _write_page(path: Path, data: QualityReport, conflicts: Sequence[Conflict]) -> None:
    from sportsplat.jobs.write_file import write_atomically
    from sportsplat.quality.page import render_page

    write_atomically(path, render_page(data, conflicts))


def refuse_errors(data: QualityReport) -> None:
    """Raise DataLacking, with the report in its details, when the report has a finding of severity error."""
    errors = [finding for finding in data.findings if finding.severity == "error"]
    if errors:
        first = errors[0]
        raise DataLacking(
            f"the stored data of {data.league} lack something: {len(errors)} "
            f"error{'' if len(errors) == 1 else 's'}",
            cause="; ".join(
                [*(f"{one.where}: {one.what}" for one in errors[:MOST_TOLD]), *placeholders(errors[:1])]
            ),
            fix=first.next,
            report=data.to_dict(),
        )


def conflicts(
    context: Context, code: str, *, seasons: Sequence[int] = (), field: str | None = None, limit: int | None
) -> ConflictReport:
    """Return who contradicts what holds, newest first: of `seasons` (none: all) and one field (None: all).

    `limit`: at most so many rows (None: all); the totals count every one. Raises NotFound (league),
    UsageError (BAD_FIELD).
    """
    league = context.league(code)
    if field is not None and field not in FIELDS:
        raise UsageError(
            f"no source contradicts another in {field!r}",
            cause=f"fields are {', '.join(FIELDS)}",
            fix=f"sportsplat data conflicts {code} --field score",
            code="BAD_FIELD",
        )
    with closing(context.connect("read", autocommit=True)) as conn:
        ignored = _ignored_conflicts()
        rows = read_conflicts(conn, code, seasons=seasons, field=field, limit=limit, ignored=ignored)
        counts = count_conflicts(conn, code, ignored)
    chosen = [one for one in counts if (not seasons or one.season in seasons) and field in (None, one.field)]
    return ConflictReport(
        league=code,
        matches=sum(one.matches for one in chosen),
        totals=conflict_totals(chosen),
        conflicts=rows,
        precedence=list(league.precedence),
    )


def _check_seasons(league: League, asked: Sequence[int], stored: Sequence[int]) -> None:
    unknown = [season for season in asked if season not in stored]
    if unknown:
        held = f"{min(stored)} to {max(stored)}" if stored else "none"
        raise NotFound(
            f"no season {unknown[0]} of {league.code} is stored",
            cause=f"stored seasons (the year in which they start): {held}",
            fix=f"sportsplat data quality {league.code}",
            code="UNKNOWN_SEASON",
        )


def _ignored_conflicts() -> list[tuple[str, str]]:
    """Return sources with the fields that their files do not tell."""
    return [(name, field) for name, fields in IGNORED_CONFLICTS.items() for field in fields]


def candidates(league: League, stored: Set[str]) -> list[str]:
    """Return the sources that are declared for a league or stored of it; no other one is imported."""
    named = {*league.sources, *league.names_from, *league.precedence, *stored}
    return [name for name in SOURCES if name in named] or list(SOURCES)


def providers(league: League, names: Sequence[str], settings: Settings) -> list[Provider]:
    """Return those that can bring results of a league: first who names its teams, then by precedence."""
    first = dict.fromkeys([*league.names_from, *league.precedence])
    telling = [name for name in names if "score" not in IGNORED_CONFLICTS.get(name, ())]
    found = (get_source(name, {league.code: league}) for name in telling)
    able = [source for source in found if league.code in source.leagues]
    able.sort(key=lambda source: list(first).index(source.name) if source.name in first else len(first))
    return [
        Provider(
            source.name, source.reachable(settings), source.first_season, source.last_season, source.needs
        )
        for source in able
    ]
