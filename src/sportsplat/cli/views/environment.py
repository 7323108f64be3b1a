"""What `sportsplat up`, `status` and `down` print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.jobs.environment import DatabaseStatus, DownResult

_COLORS = {"running": "green", "stopped": "yellow", "absent": "yellow"}


def show_status(console: Console, found: DatabaseStatus) -> None:
    """Draw what `up` and `status` found: one line each, what was done first."""
    for action in found.actions:
        console.print(Text.assemble(("✓", "green"), f" {action}"), highlight=False)
    for note in found.notes:
        console.print(Text.assemble(("note:", "yellow"), f" {note}"), highlight=False)
    project = f"project   {found.project_dir}"
    if len(project) > console.width:  # the path alone in its line, to be copied
        project = f"project\n{found.project_dir}"
    console.print(project, highlight=False, markup=False, soft_wrap=True)
    table = Table.grid(padding=(0, 2))
    state = found.state
    table.add_row("database", Text.assemble(_colored(state), f" ({found.backend})"))
    if found.endpoint is not None:
        table.add_row("url", found.endpoint)
    if found.server_version is not None:
        table.add_row("server", f"PostgreSQL {found.server_version}")
        table.add_row("schema", _schema(found))
    for service in found.services:
        if service["name"] == "api":
            table.add_row("api", _api(service))
        if "lost" in service:
            table.add_row("lost", Text(service["lost"], style="red"))
    console.print(table, highlight=False)
    if state != "running":
        console.print("next: sportsplat up", highlight=False)


def show_actions(console: Console, found: DownResult) -> None:
    """Print what `down` did, or why there was nothing to do."""
    external = found.backend == "external"
    otherwise = "a server of your own is not stopped from here" if external else "nothing was running"
    for action in found.actions or [otherwise]:
        console.print(action, highlight=False, markup=False)


def _colored(state: str) -> tuple[str, str]:
    return state, _COLORS.get(state, "red")


def _api(service: Mapping[str, Any]) -> Text:
    state = service["state"]
    if state != "running":
        return Text.assemble(_colored(state), ": sportsplat up --stack")
    missing = "; ".join(service.get("missing", {}).values())
    more = f" {service['url']}/docs" + (f" ({missing})" if missing else "")
    return Text.assemble(_colored(state), more)


def _schema(status: DatabaseStatus) -> Text:
    found, head = status.schema_revision, status.schema_head
    if found == head:
        return Text(f"{found} (up to date)")
    return Text.assemble(
        (str(found or "none"), "yellow"), f", this version needs {head}: sportsplat db migrate"
    )
