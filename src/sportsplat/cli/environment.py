"""`sportsplat up`, `down`, `status`, `url`, `psql`, `logs`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sportsplat.cli.render import Answer, Run, command
from sportsplat.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.settings import Settings


class Backend(StrEnum):
    """What `--backend` takes."""

    auto = "auto"
    docker = "docker"
    embedded = "embedded"
    external = "external"


def register(app: typer.Typer) -> None:
    """Add the commands of the environment."""
    for add in (_add_up, _add_down, _add_status, _add_url, _add_psql, _add_logs):
        add(app)


def _add_up(app: typer.Typer) -> None:
    @command(app, "up")
    def up(
        ctx: Run,
        backend: Annotated[
            Backend | None, typer.Option(help="Where PostgreSQL runs; default: where the data is.")
        ] = None,
        port: Annotated[
            str | None,
            typer.Option(metavar="N|auto", help="Port on 127.0.0.1; auto: a free one, kept."),
        ] = None,
        timeout: Annotated[
            float | None, typer.Option(metavar="S", help="Seconds to wait until it answers.")
        ] = None,
        reinit: Annotated[
            bool,
            typer.Option(
                "--reinit",
                help="Begin anew beside data never fully initialised, which stays.",
            ),
        ] = False,
        reset_password: Annotated[
            bool, typer.Option("--reset-password", help="Give existing data the password of .env.")
        ] = False,
        stack: Annotated[bool, typer.Option("--stack", help="The API too, in Docker.")] = False,
        reload: Annotated[
            bool, typer.Option("--reload", help="With --stack: serve this checkout, again after each change.")
        ] = False,
    ) -> Answer:
        """Create or start the database and bring its schema up to date. Safe to repeat.

        sportsplat up                       Docker where an engine answers, else embedded
        sportsplat up --backend embedded    without Docker
        sportsplat up --stack               the API too, in Docker
        """
        wanted = {"infra.port": _port(port), "infra.timeout_s": timeout}
        if backend is not None:
            wanted["infra.backend"] = backend.value
        if reload and not stack:
            raise UsageError("--reload is about the API in Docker", fix="sportsplat up --stack --reload")
        settings = ctx.settings(wanted)
        with ctx.progress_if_told() as progress:
            data = _up(
                settings,
                stack=stack,
                reload=reload,
                reinit=reinit,
                reset_password=reset_password,
                progress=progress,
            )
        return Answer(data, show=lambda console: _show(console, data))


def _add_down(app: typer.Typer) -> None:
    @command(app, "down")
    def down(
        ctx: Run,
        volumes: Annotated[
            bool, typer.Option("--volumes", help="Delete the data too; asks, or needs --yes.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
        stack: Annotated[
            bool,
            typer.Option("--stack", help="Changes nothing: the API stops in any case."),
        ] = False,
    ) -> Answer:
        """Stop the database, and the API beside it in Docker. Its data stays, unless --volumes.

        sportsplat down
        sportsplat down --volumes --yes    delete the data; backups stay
        """
        if stack:
            from sportsplat.jobs.stack import down as run
        else:
            from sportsplat.jobs.environment import down as run

        settings = ctx.settings()
        if volumes and not yes:
            _confirm(f"Delete the database and all data of {settings.project_dir}?")
        data = run(settings, volumes=volumes)
        external = data["backend"] == "external"
        otherwise = "a server of your own is not stopped from here" if external else "nothing was running"
        return Answer(data, show=lambda console: _show_actions(console, data, otherwise))


def _add_status(app: typer.Typer) -> None:
    @command(app, "status")
    def status(ctx: Run) -> Answer:
        """Show where the database and the API are, whether they run, and the schema."""
        from sportsplat.jobs.environment import status as run

        data = run(ctx.settings())
        return Answer(data, show=lambda console: _show(console, data))


def _add_url(app: typer.Typer) -> None:
    @command(app, "url")
    def url(
        ctx: Run,
        reveal: Annotated[bool, typer.Option("--reveal", help="Print the password too.")] = False,
    ) -> Answer:
        """Print the database's URL, its password masked unless --reveal."""
        from sportsplat.jobs.environment import endpoint

        address = endpoint(ctx.settings()).url(reveal=reveal)
        return Answer.text({"url": address}, address, reveal=reveal)


def _add_psql(app: typer.Typer) -> None:
    @command(app, "psql", context_settings={"ignore_unknown_options": True})
    def psql(
        ctx: Run,
        arguments: Annotated[
            list[str] | None, typer.Argument(metavar="[-- ARGS]", help="Passed on to psql.")
        ] = None,
    ) -> None:
        """Open psql on the database, or run it: sportsplat psql -- -c 'SELECT 1'."""
        from sportsplat.jobs.environment import psql as prepare

        words, variables = prepare(ctx.settings(), arguments or [])
        sys.stdout.flush()
        os.execve(words[0], words, variables)  # noqa: S606 (a program and its words, no shell)


def _add_logs(app: typer.Typer) -> None:
    @command(app, "logs")
    def logs(
        ctx: Run,
        service: Annotated[str, typer.Argument(help="postgres or api.")] = "postgres",
        follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
        lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Last lines to show.")] = 100,
    ) -> Answer:
        """Show the log of the database server, or of the API in Docker.

        sportsplat logs -f
        sportsplat logs api -n 20
        """
        from sportsplat.jobs.environment import logs as run

        if follow and ctx.json:
            raise UsageError("--follow never ends, so it has no JSON object", fix="leave out -f or --json")
        found = run(ctx.settings(), lines=lines, follow=follow, service=service)
        if not follow:
            text = list(found)
            return Answer.text({"service": service, "lines": text}, "\n".join(text))
        from sportsplat.cli.output import write_answer

        for line in found:
            write_answer(line + "\n")
        return Answer()


def _up(settings: Settings, *, stack: bool, reload: bool, **options: Any) -> dict[str, Any]:
    if stack:
        from sportsplat.jobs.stack import up as run_both

        return run_both(settings, reload=reload, **options)
    from sportsplat.jobs.environment import up as run

    return run(settings, **options)


def _port(text: str | None) -> int | str | None:
    if text is None or text == "auto":
        return text
    if text.isdecimal() and 1 <= int(text) <= 65535:
        return int(text)
    raise UsageError(
        f"--port takes a number from 1 to 65535 or auto, not {text!r}", fix="sportsplat up --port auto"
    )


def _confirm(question: str) -> None:
    """Ask on a terminal; where there is none, or the answer is no, raise UsageError."""
    agreed = sys.stdin.isatty() and typer.confirm(question, err=True)
    if not agreed:
        raise UsageError(
            "nothing was deleted: deleting data needs consent",
            cause="the question was not answered with yes",
            fix="sportsplat down --volumes --yes",
            code="NEEDS_YES",
        )


_COLORS = {"running": "green", "stopped": "yellow", "absent": "yellow"}


def _show(console: Console, data: Mapping[str, Any]) -> None:
    """Draw what `up` and `status` found: one line each, what was done first."""
    from rich.markup import escape
    from rich.table import Table

    for action in data["actions"]:
        console.print(f"[green]✓[/] {escape(action)}", highlight=False)
    for note in data.get("notes", []):
        console.print(f"[yellow]note:[/] {escape(note)}", highlight=False)
    table = Table.grid(padding=(0, 2))
    state = data["state"]
    table.add_row("database", f"[{_COLORS.get(state, 'red')}]{state}[/] ({data['backend']})")
    if data["endpoint"] is not None:
        table.add_row("url", data["endpoint"])
    if data["server_version"] is not None:
        table.add_row("server", f"PostgreSQL {data['server_version']}")
        table.add_row("schema", _schema(data))
    for service in data["services"]:
        if service["name"] == "api":
            table.add_row("api", _api(service))
    console.print(table, highlight=False)
    if state != "running":
        console.print("next: sportsplat up", highlight=False)


def _api(service: Mapping[str, Any]) -> str:
    state = service["state"]
    shown = f"[{_COLORS.get(state, 'red')}]{state}[/]"
    if state != "running":
        return f"{shown}: sportsplat up --stack"
    missing = "; ".join(service.get("missing", {}).values())
    return f"{shown} {service['url']}/docs" + (f" ({missing})" if missing else "")


def _schema(data: Mapping[str, Any]) -> str:
    found, head = data["schema_revision"], data["schema_head"]
    if found == head:
        return f"{found} (up to date)"
    return f"[yellow]{found or 'none'}[/], this version needs {head}: sportsplat db migrate"


def _show_actions(console: Console, data: Mapping[str, Any], otherwise: str) -> None:
    for action in data["actions"] or [otherwise]:
        console.print(action, highlight=False, markup=False)
