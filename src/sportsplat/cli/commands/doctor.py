"""`sportsplat doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from sportsplat.cli.command import Answer, Run, command

if TYPE_CHECKING:
    from rich.console import Console


def register(app: typer.Typer) -> None:
    """Add `doctor`."""
    command(app, "doctor", project="optional")(doctor)


def doctor(ctx: Run) -> Answer:
    """Check every precondition and show how to fix what fails. Changes nothing. Exit 10 if a check fails.

    sportsplat doctor
    sportsplat doctor --json | jq -r '(.data // .error.details).checks[] | select(.state == "fail").fix'
    """
    from sportsplat.errors import PreconditionFailed
    from sportsplat.jobs.doctor import examine

    found = examine(project_dir=ctx.find_folder(), profile=ctx.profile)

    def show(console: Console) -> None:
        from sportsplat.cli.views.doctor import show_checks

        show_checks(console, found)

    if not found.healthy:
        if not ctx.json:
            with ctx.page() as page:
                show(page)
        raise PreconditionFailed.of([row.to_dict() for row in found.checks])
    return Answer(found.to_dict(), show)
