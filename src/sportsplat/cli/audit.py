"""`sportsplat audit`: checks that say no when something is wrong with the numbers."""

from __future__ import annotations

from typing import Annotated

import typer

from sportsplat.cli.arguments import LeagueCode
from sportsplat.cli.render import Answer, Run, command, group


def register(app: typer.Typer) -> None:
    """Add the group `audit`."""
    audit = group(app, "audit", "Check that no number knows the future.")
    command(audit, "leakage")(leakage)


def leakage(
    ctx: Run,
    league: LeagueCode,
    samples: Annotated[
        int, typer.Option(metavar="N", min=1, help="Moments at which the future is cut off.")
    ] = 25,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Seed. Default: models.seed.")] = None,
) -> Answer:
    """Rebuild features from a past without its future and compare bit for bit; exit 10 names what moved."""
    from sportsplat.jobs.audit import audit_leakage
    from sportsplat.jobs.context import open_context

    with ctx.progress(f"audit {league}") as progress:
        data = audit_leakage(
            open_context(ctx.settings()), league, samples=samples, seed=seed, progress=progress
        )
    return Answer.text(
        data,
        f"no leakage: {data['features']} features of {data['compared']:,} rows rebuilt at {data['samples']} "
        f"moments from {data['first_moment'][:10]} to {data['last_moment'][:10]}, equal to the last bit",
    )
