"""`sportsplat audit`."""

from __future__ import annotations

from typing import Annotated

import typer

from sportsplat.cli.command import Answer, Run, command, group
from sportsplat.cli.help import LeagueCode


def register(app: typer.Typer) -> None:
    """Add the group `audit`."""
    audit = group(app, "audit", "Check features for leakage.")
    command(audit, "leakage")(leakage)


def leakage(
    ctx: Run,
    league: LeagueCode,
    samples: Annotated[
        int, typer.Option(metavar="N", min=1, help="Number of moments at which later data is removed.")
    ] = 25,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Random seed. Default: the setting models.seed.")
    ] = None,
) -> Answer:
    """Remove later data, rebuild the features and compare bit for bit. Exit 10 names what changed."""
    from sportsplat.jobs.context import open_context
    from sportsplat.jobs.modelling.audit import audit_leakage

    with ctx.progress(f"audit {league}") as progress:
        audit = audit_leakage(
            open_context(ctx.settings()), league, samples=samples, seed=seed, progress=progress
        )
    return Answer.text(
        audit.to_dict(),
        f"no leakage: {audit.features} features of {audit.compared:,} rows rebuilt at {audit.samples} "
        f"moments from {audit.first_moment[:10]} to {audit.last_moment[:10]}, equal to the last bit",
    )
