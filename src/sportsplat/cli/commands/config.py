"""`sportsplat config`: what holds, where it comes from, whether it can be used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from sportsplat.cli.command import Answer, Run, command, group

if TYPE_CHECKING:
    from rich.console import Console

Key = Annotated[str | None, typer.Argument(metavar="KEY", help="A key (infra.port) or a section (infra).")]


def register(app: typer.Typer) -> None:
    """Add the group `config`."""
    config = group(app, "config", "Show, explain and check settings.")
    command(config, "show", project="optional")(show)
    command(config, "explain", project="optional")(explain)
    command(config, "check", project="optional")(check)
    command(config, "schema")(schema)
    command(config, "init", project="started")(init)


def show(ctx: Run, key: Key = None) -> Answer:
    """Show every setting, its value and where the value comes from. Secrets are masked."""
    from sportsplat.jobs.configuration import show as run

    found = run(key, project_dir=ctx.find_folder(), profile=ctx.profile)

    def draw(console: Console) -> None:
        from sportsplat.cli.views.config import show_settings

        show_settings(console, found.settings)

    return Answer(found.to_dict(), draw)


def explain(
    ctx: Run, key: Annotated[str, typer.Argument(metavar="KEY", help="A dotted key, such as infra.port.")]
) -> Answer:
    """Explain one setting: its meaning, and its value in each layer."""
    from sportsplat.jobs.configuration import explain as run

    found = run(key, project_dir=ctx.find_folder(), profile=ctx.profile)

    def draw(console: Console) -> None:
        from sportsplat.cli.views.config import show_layers

        show_layers(console, found)

    return Answer(found.to_dict(), draw)


def check(ctx: Run) -> Answer:
    """Check all settings and leagues, and report every problem."""
    from sportsplat.jobs.configuration import check as run

    found = run(project_dir=ctx.find_folder(), profile=ctx.profile)
    for warning in found.warnings:
        ctx.warn(warning)
    files = ", ".join(found.files) or "no file, only defaults and the environment"
    return Answer.text(found.to_dict(), f"Settings are valid ({files}).")


def schema(ctx: Run) -> Answer:  # noqa: ARG001
    """Print the JSON schema of the settings files."""
    from sportsplat.jobs.configuration import schema as run

    data = run()
    return Answer.text(data, json.dumps(data, indent=2))


def init(ctx: Run) -> Answer:
    """Write config/ and .env into the project, or here if there is none. Existing files stay."""
    from sportsplat.jobs.configuration import init as run

    files = run(ctx.find_folder())
    lines = [f"wrote {name}" for name in files.written] + [f"kept  {name}" for name in files.kept]
    return Answer.text(files.to_dict(), "\n".join(lines))
