"""What train and backtest say of stored matches that cannot all be right."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

from sportsplat.db.read.quality import read_schedule
from sportsplat.quality.findings import impossible
from sportsplat.quality.picture import Picture
from sportsplat.quality.seasons import longest_usual_pause, schedules

if TYPE_CHECKING:
    from sportsplat.jobs.context import Context
    from sportsplat.leagues.league import League

MOST_NAMED = 3


def impossible_matches(context: Context, league: League, now: datetime) -> list[str]:
    """Return a note about matches that cannot be right, as `data quality` finds them; or nothing."""
    today = now.astimezone(league.timezone).date()
    with closing(context.connect("read", autocommit=True)) as conn:
        facts = read_schedule(conn, league)
    seasons = schedules(league, facts, today)
    found = impossible(Picture(league, facts, seasons, (), longest_usual_pause(()), today, ()))
    if not found:
        return []
    examples = "; ".join(f"{one.where}: {one.what}" for one in found[:MOST_NAMED])
    more = f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return [
        f"Stored matches of {league.code} cannot all be right, and these numbers use them: {examples}{more}. "
        f"See: sportsplat data quality {league.code}"
    ]
