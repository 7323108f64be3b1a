"""`sportsplat up`, `down`, `status`, `url`, `psql`, `logs`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sportsplat.cli.command import Answer, Run, command
from sportsplat.cli.help import confirm
from sportsplat.error_codes import CODES
from sportsplat.errors import EnvironmentUnavailable, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.config.settings import Settings
    from sportsplat.jobs.environment import DatabaseStatus


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
    @command(app, "up", project="started")
    def up(
        ctx: Run,
        backend: Annotated[
            Backend | None, typer.Option(help="Where PostgreSQL runs. Default: where the data is.")
        ] = None,
        port: Annotated[
            str | None,
            typer.Option(
                metavar="N|auto", help="Port on 127.0.0.1. auto: a free port, then always the same."
            ),
        ] = None,
        timeout: Annotated[
            float | None, typer.Option(metavar="S", help="Seconds to wait until the database answers.")
        ] = None,
        reinit: Annotated[
            bool,
            typer.Option(
                "--reinit",
                help="Start a new database if the old data is incomplete, lost or elsewhere; it is kept.",
            ),
        ] = False,
        reset_password: Annotated[
            bool,
            typer.Option(
                "--reset-password", help="Set the password of the existing database to the one in .env."
            ),
        ] = False,
        stack: Annotated[bool, typer.Option("--stack", help="Also start the API, in Docker.")] = False,
        reload: Annotated[
            bool,
            typer.Option(
                "--reload", help="With --stack: serve the code of this checkout and restart when it changes."
            ),
        ] = False,
    ) -> Answer:
        """Create or start the database and bring its schema up to date. Safe to repeat.

        sportsplat up                       in Docker if an engine is running
        sportsplat up --backend embedded    without Docker
        sportsplat up --stack               also the API, in Docker
        """
        wanted = {"infra.port": _port(port), "infra.timeout_s": timeout}
        if backend is not None:
            wanted["infra.backend"] = backend.value
        if reload and not stack:
            raise UsageError("--reload is about the API in Docker", fix="sportsplat up --stack --reload")
        settings = ctx.settings(wanted)
        with ctx.progress_if_used() as progress:
            found = _up(
                settings,
                stack=stack,
                reload=reload,
                reinit=reinit,
                reset_password=reset_password,
                progress=progress,
            )
        return Answer(found.to_dict(), _showing(found))


def _add_down(app: typer.Typer) -> None:
    @command(app, "down")
    def down(
        ctx: Run,
        volumes: Annotated[
            bool, typer.Option("--volumes", help="Also delete the data. Asks first, unless --yes is given.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
        stack: Annotated[
            bool,
            typer.Option("--stack", help="Accepted for symmetry with `up`: the API stops in any case."),
        ] = False,
    ) -> Answer:
        """Stop the database, and the API if it runs in Docker. Keeps the data unless --volumes is given.

        sportsplat down
        sportsplat down --volumes --yes    delete the data; backups stay
        """
        if stack:
            from sportsplat.jobs.stack import down as run
        else:
            from sportsplat.jobs.environment import down as run

        settings = ctx.settings()
        if volumes and not yes:
            confirm(
                f"Delete the database and all data of {settings.project_dir}?",
                "nothing was deleted: deleting data needs consent",
                "sportsplat down --volumes --yes",
            )
        found = run(settings, volumes=volumes)

        def show(console: Console) -> None:
            from sportsplat.cli.views.environment import show_actions

            show_actions(console, found)

        return Answer(found.to_dict(), show)


def _add_status(app: typer.Typer) -> None:
    @command(app, "status")
    def status(
        ctx: Run,
        by_exit_code: Annotated[
            bool, typer.Option("--exit-code", help="Exit 4 unless the database runs, for scripts.")
        ] = False,
    ) -> Answer:
        """Show where the database and the API are, whether they run, and the schema revision."""
        from sportsplat.jobs.environment import status as run

        found = run(ctx.settings())
        refused = by_exit_code and found.state != "running"
        return Answer(
            found.to_dict(),
            _showing(found),
            exit_code=CODES[EnvironmentUnavailable.code].exit_code if refused else 0,
        )


def _add_url(app: typer.Typer) -> None:
    @command(app, "url")
    def url(
        ctx: Run,
        reveal: Annotated[bool, typer.Option("--reveal", help="Show the password.")] = False,
    ) -> Answer:
        """Print the URL of the database. The password is masked unless --reveal is given."""
        from sportsplat.jobs.environment import endpoint

        address = endpoint(ctx.settings()).url(reveal=reveal)
        return Answer.text({"url": address}, address, reveal=reveal)


def _add_psql(app: typer.Typer) -> None:
    @command(app, "psql", context_settings={"ignore_unknown_options": True})
    def psql(
        ctx: Run,
        arguments: Annotated[
            list[str] | None, typer.Argument(metavar="[-- ARGS]", help="Arguments for psql.")
        ] = None,
    ) -> None:
        """Open psql on the database. Arguments after -- go to psql: sportsplat psql -- -c 'SELECT 1'."""
        from sportsplat.jobs.environment import psql as prepare

        words, variables = prepare(ctx.settings(), arguments or [])
        sys.stdout.flush()
        os.execve(words[0], words, variables)  # noqa: S606 (a program and its words, no shell)


def _add_logs(app: typer.Typer) -> None:
    @command(app, "logs")
    def logs(
        ctx: Run,
        service: Annotated[str, typer.Argument(help="postgres or api.")] = "postgres",
        follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines.")] = False,
        lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Number of lines to show.")] = 100,
    ) -> Answer:
        """Show the log of the database server, or of the API in Docker.

        sportsplat logs -f
        sportsplat logs api -n 20
        """
        from sportsplat.jobs.stack import logs as run

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


def _up(settings: Settings, *, stack: bool, reload: bool, **options: Any) -> DatabaseStatus:
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


def _showing(found: DatabaseStatus) -> Callable[[Console], None]:
    def show(console: Console) -> None:
        from sportsplat.cli.views.environment import show_status

        show_status(console, found)

    return show
