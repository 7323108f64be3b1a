"""`sportsplat config`: what holds, where it comes from, whether it can be used."""

from __future__ import annotations

import typer

from sportsplat.cli.render import Answer, Run, command, group


def register(app: typer.Typer) -> None:
    """Add the group `config`."""
    config = group(app, "config", "Settings: what holds and where it comes from.")

    @command(config, "check")
    def check(ctx: Run) -> Answer:
        """Read every layer and report all that is wrong."""
        ctx.settings()
        return Answer.text({"valid": True}, "ok")
