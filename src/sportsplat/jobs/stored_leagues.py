"""The leagues that a command follows when it names none: all with stored matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sportsplat.errors import UsageError

if TYPE_CHECKING:
    import psycopg

    from sportsplat.jobs.context import Context
    from sportsplat.leagues import League


def stored_leagues(context: Context, conn: psycopg.Connection[Any], command: str) -> list[League]:
    """Return them in the order of config/leagues.yaml; `command`: the one that asks, as "sync".

    Raises:
        UsageError: there is none (NOTHING_TO_SYNC).
    """
    codes = {code for (code,) in conn.execute("SELECT DISTINCT league FROM matches").fetchall()}
    found = [league for league in context.leagues.values() if league.code in codes]
    if not found:
        raise nothing_to_sync(command, "no match is stored of any")
    return found


def nothing_to_sync(command: str, why: str) -> UsageError:
    """Make the error for a command that knows no league to follow; `why`: besides that none is named."""
    return UsageError(
        "Say which leagues are to be kept up to date.",
        code="NOTHING_TO_SYNC",
        cause=f"No league is named, and {why}.",
        fix=f"sportsplat {command} nba",
    )
