"""`sportsplat data`: what is stored, as rows or a file; what is missing; where sources disagree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sportsplat.cli.command import Answer, Run, command, group
from sportsplat.cli.complete import league_codes
from sportsplat.cli.help import LeagueCode, Seasons

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd
    from rich.console import Console

    from sportsplat.jobs.context import Context

ROWS_SHOWN = 50
STORED_ROWS_SHOWN = 20

AnyLeague = Annotated[
    str | None,
    typer.Argument(
        metavar="[LEAGUE]",
        help="League code. Default: all leagues.",
        show_default=False,
        autocompletion=league_codes,
    ),
]
FirstDay = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="First match day."),
]
LastDay = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Last match day."),
]
Out = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write all rows to a .csv or .parquet file instead.")
]
Limit = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help=f"Number of rows shown. Default: {STORED_ROWS_SHOWN}, all with --json."
    ),
]


class Market(StrEnum):
    """What `--market` takes."""

    result = "result"
    spread = "spread"
    total = "total"


def register(app: typer.Typer) -> None:
    """Add the group `data`."""
    data = group(app, "data", "Show or export stored data; find gaps, and sources that disagree.")
    command(data, "matches")(matches)
    command(data, "quotes")(quotes)
    command(data, "predictions")(predictions)
    command(data, "bets")(bets)
    command(data, "quality")(quality)
    command(data, "conflicts")(conflicts)


def matches(
    ctx: Run,
    league: AnyLeague = None,
    season: Seasons = None,
    start: FirstDay = None,
    end: LastDay = None,
    out: Out = None,
    limit: Limit = None,
) -> Answer:
    """List stored matches by kick-off, or write them to a file.

    sportsplat data matches epl --from 2020-08-01 --out matches.csv
    """
    from sportsplat.jobs import frames

    return _stored(
        ctx,
        "matches",
        league,
        lambda context: frames.matches(
            context, league, seasons=season or (), start=_day(start), end=_day(end)
        ),
        out=out,
        limit=limit,
    )


def quotes(
    ctx: Run,
    league: AnyLeague = None,
    market: Annotated[Market, typer.Option(help="Market of the prices.")] = Market.result,
    bookmaker: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this bookmaker. Can be repeated.")
    ] = None,
    season: Seasons = None,
    start: FirstDay = None,
    end: LastDay = None,
    out: Out = None,
    limit: Limit = None,
) -> Answer:
    """List stored prices, one outcome a row, or write them to a file. Odds are decimal.

    sportsplat data quotes epl --season 2020 --bookmaker pinnacle --out quotes.parquet
    """
    from sportsplat.jobs import frames

    return _stored(
        ctx,
        "quotes",
        league,
        lambda context: frames.quotes(
            context,
            league,
            market=market.value,
            bookmakers=bookmaker or (),
            seasons=season or (),
            start=_day(start),
            end=_day(end),
        ),
        out=out,
        limit=limit,
    )


def predictions(
    ctx: Run,
    league: AnyLeague = None,
    model_id: Annotated[int | None, typer.Option(metavar="ID", help="Only forecasts of this model.")] = None,
    start: FirstDay = None,
    end: LastDay = None,
    out: Out = None,
    limit: Limit = None,
) -> Answer:
    """List stored forecasts by kick-off, or write them to a file.

    sportsplat data predictions epl --from 2024-08-01 --out predictions.csv
    """
    from sportsplat.jobs import frames

    return _stored(
        ctx,
        "predictions",
        league,
        lambda context: frames.predictions(
            context, league, model_id=model_id, start=_day(start), end=_day(end)
        ),
        out=out,
        limit=limit,
    )


def bets(
    ctx: Run,
    league: AnyLeague = None,
    run_id: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Run of a backtest. Default: the newest backtest of each league."),
    ] = None,
    start: FirstDay = None,
    end: LastDay = None,
    out: Out = None,
    limit: Limit = None,
) -> Answer:
    """List the simulated bets of a backtest in the order they were placed, or write them to a file.

    sportsplat data bets epl --out bets.csv
    """
    from sportsplat.jobs import frames

    return _stored(
        ctx,
        "bets",
        league,
        lambda context: frames.bets(context, league, run_id=run_id, start=_day(start), end=_day(end)),
        out=out,
        limit=limit,
    )


def _stored(
    ctx: Run,
    what: str,
    league: str | None,
    read: Callable[[Context], pd.DataFrame],
    *,
    out: Path | None,
    limit: int | None,
) -> Answer:
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.frames import refuse_format, to_stored_rows

    if out is not None:
        refuse_format(out, what)
    most = limit or (None if ctx.json else STORED_ROWS_SHOWN)
    found = to_stored_rows(read(open_context(ctx.settings())), what, league, out=out, limit=most)

    def show(console: Console) -> None:
        from sportsplat.cli.views.data import show_stored

        show_stored(console, found)

    return Answer(found.to_dict(), show)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def quality(
    ctx: Run,
    league: LeagueCode,
    season: Seasons = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Also write an HTML page.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 10 if an error is found.")] = False,
) -> Answer:
    """Show coverage by season, gaps, contradictions and freshness, each with the command to run next.

    sportsplat data quality epl
    sportsplat data quality epl --season 2019 --season 2020 --html reports/quality.html
    sportsplat data quality nba --json | jq -r '.data.findings[].next'
    """
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.quality import quality as run
    from sportsplat.jobs.quality import refuse_errors

    data = run(open_context(ctx.settings()), league, seasons=season or [], html=html)

    def show(console: Console) -> None:
        from sportsplat.cli.views.quality import show_quality

        show_quality(console, data)

    if strict and data.counts["error"]:
        if not ctx.json:
            with ctx.page() as page:  # the error follows it
                show(page)
        refuse_errors(data)
    return Answer(data.to_dict(), show)


def conflicts(
    ctx: Run,
    league: LeagueCode,
    season: Seasons = None,
    field: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="score, result, date, venue, neutral, stage or season."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help=f"Number of newest rows. Default: {ROWS_SHOWN}, all with --json."
        ),
    ] = None,
) -> Answer:
    """List matches where a source differs from the value in use, newest first.

    sportsplat data conflicts nba --field score
    """
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.quality import conflicts as run

    most = limit or (None if ctx.json else ROWS_SHOWN)
    found = run(open_context(ctx.settings()), league, seasons=season or [], field=field, limit=most)

    def show(console: Console) -> None:
        from sportsplat.cli.views.quality import show_conflicts

        show_conflicts(console, found)

    return Answer(found.to_dict(), show)
