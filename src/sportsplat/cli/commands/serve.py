"""`sportsplat serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sportsplat.cli.command import Answer, Run, command

if TYPE_CHECKING:
    from sportsplat.config.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "serve")(serve)


def serve(
    ctx: Run,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: api.host.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port. Default: api.port.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Server processes.")] = 1,
    reload: Annotated[bool, typer.Option("--reload", help="Restart when the code changes.")] = False,
) -> Answer:
    """Serve matches and predictions over HTTP until Ctrl-C. Documentation at /docs.

    Each request is logged to stderr: time in UTC, client, request and status. --quiet turns this off.
    """
    settings = ctx.settings({"api.host": host, "api.port": port})
    listen(ctx, settings, workers=workers, reload=reload)
    return Answer({"host": settings.api.host, "port": settings.api.port, "stopped": True})


def listen(ctx: Run, settings: Settings, *, workers: int = 1, reload: bool = False) -> None:
    """Run the server in this process until it is stopped.

    Raises UsageError for --reload with several workers, ResourceConflict when the port is taken, and what
    `plan_serving` raises.
    """
    import os
    from pathlib import Path

    import sportsplat
    from sportsplat.errors import UsageError
    from sportsplat.jobs.serving import plan_serving

    if reload and workers > 1:
        raise UsageError(
            "--reload watches one process", cause=f"--workers {workers}", fix="sportsplat serve --reload"
        )
    plan = plan_serving(settings)
    if plan.superuser:
        ctx.note(
            f"the API logs in as {plan.user}, a superuser; give it a role of its own: sportsplat db api-login"
        )
    _claim(settings.api.host, settings.api.port)
    os.environ["SPORTSPLAT_PROJECT_DIR"] = str(settings.project_dir)
    if ctx.profile:
        os.environ["SPORTSPLAT_PROFILE"] = ctx.profile

    import uvicorn

    from sportsplat.api.log import log_config

    ctx.note(f"http://{settings.api.host}:{settings.api.port}/docs   (Ctrl-C stops it)")
    uvicorn.run(
        "sportsplat.api.server:factory",
        factory=True,
        host=settings.api.host,
        port=settings.api.port,
        workers=workers,
        reload=reload,
        reload_dirs=[str(Path(sportsplat.__file__).resolve().parent)] if reload else None,
        log_config=log_config(verbose=ctx.verbose),
        access_log=not ctx.quiet,
    )


def _claim(host: str, port: int) -> None:
    """Find out before anything starts whether the port can be had."""
    import socket

    from sportsplat.errors import ResourceConflict

    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as problem:
        raise ResourceConflict(
            f"cannot listen on {host}:{port}",
            code="PORT_TAKEN",
            cause=f"system error: {problem.strerror or problem}",
            fix=f"sportsplat serve --port {port + 1 if port < 65535 else 8000}",
        ) from problem
