"""`sportsplat config`: what holds, where it comes from, whether it can be used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sportsplat.cli.render import Answer, Run, command, group

if TYPE_CHECKING:
    from rich.console import Console

Key = Annotated[str | None, typer.Argument(metavar="KEY", help="A key (infra.port) or a section (infra).")]


def register(app: typer.Typer) -> None:
    """Add the group `config`."""
    config = group(app, "config", "Settings: what holds and where it comes from.")
    command(config, "show")(show)
    command(config, "explain")(explain)
    command(config, "check")(check)
    command(config, "schema")(schema)
    command(config, "init")(init)


def show(ctx: Run, key: Key = None) -> Answer:
    """Show every value and where it comes from; secrets are masked."""
    from sportsplat.jobs.configuration import show as run

    data = run(key, profile=ctx.profile)
    return Answer(data, show=lambda console: _draw_settings(console, data["settings"]))


def explain(
    ctx: Run, key: Annotated[str, typer.Argument(metavar="KEY", help="A dotted key, such as infra.port.")]
) -> Answer:
    """Say what one key means and what each layer says about it."""
    from sportsplat.jobs.configuration import explain as run

    data = run(key, profile=ctx.profile)
    return Answer(data, show=lambda console: _draw_layers(console, data))


def check(ctx: Run) -> Answer:
    """Read every layer and the leagues, and report all that is wrong."""
    from sportsplat.jobs.configuration import check as run

    data = run(profile=ctx.profile)
    for warning in data["warnings"]:
        ctx.warn(warning)
    files = ", ".join(data["files"]) or "no file, only defaults and the environment"
    return Answer.text(data, f"Settings are valid ({files}).")


def schema(ctx: Run) -> Answer:  # noqa: ARG001
    """Print the JSON schema of the settings files."""
    from sportsplat.jobs.configuration import schema as run

    data = run()
    return Answer.text(data, json.dumps(data, indent=2))


def init(ctx: Run) -> Answer:  # noqa: ARG001
    """Write config/ and .env into this folder; files that exist are kept."""
    from sportsplat.jobs.configuration import init as run

    data = run()
    lines = [f"wrote {name}" for name in data["written"]] + [f"kept  {name}" for name in data["kept"]]
    return Answer.text(data, "\n".join(lines))


def _draw_settings(console: Console, settings: Mapping[str, Mapping[str, Any]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("key", "value", "from", box=None, header_style="bold", pad_edge=False)
    for key, held in settings.items():
        changed = held["layer"] != "default"
        table.add_row(
            key, escape(_plain(held["value"])), escape(held["origin"]), style="" if changed else "dim"
        )
    console.print(table)


def _draw_layers(console: Console, data: Mapping[str, Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    console.print(f"{data['key']}: {data['description']}", markup=False)
    console.print(f"variables: {', '.join(data['variables'])}", markup=False)
    table = Table("layer", "from", "value", "", box=None, header_style="bold", pad_edge=False)
    for said in data["layers"]:
        holds = "holds" if said["holds"] else "overridden"
        table.add_row(said["layer"], escape(said["origin"]), escape(_plain(said["value"])), holds)
    console.print(table)


def _plain(value: Any) -> str:
    return "-" if value is None else json.dumps(value) if isinstance(value, list) else str(value)
