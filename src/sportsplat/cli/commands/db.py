"""`sportsplat db`: the schema of the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sportsplat.cli.command import Answer, Run, command, group
from sportsplat.cli.commands import backup as backup_commands


def register(app: typer.Typer) -> None:
    """Add the group `db`."""
    db = group(app, "db", "Manage the database: schema, backups, passwords.")
    command(db, "migrate")(migrate)
    command(db, "current")(current)
    command(db, "plan")(plan)
    command(db, "check")(check)
    command(db, "rotate-password")(rotate_password)
    command(db, "api-login")(api_login)
    command(db, "render-init")(render_init)
    backup_commands.register(db)


def migrate(
    ctx: Run,
    wait: Annotated[
        float, typer.Option(metavar="S", min=0, help="Seconds to wait for another migration.")
    ] = 60,
    lock_timeout: Annotated[
        float, typer.Option(metavar="S", min=0.001, help="Seconds to wait for a table that is in use.")
    ] = 10,
    backup: Annotated[
        bool,
        typer.Option("--backup/--no-backup", help="Make a backup before a migration that deletes rows."),
    ] = True,
) -> Answer:
    """Bring the schema to the newest revision and verify it. Safe to repeat and to run concurrently."""
    from sportsplat.jobs.schema import migrate as run

    found = run(ctx.settings(), wait_s=wait, lock_timeout_s=lock_timeout, back_up=backup)
    done = f"applied {', '.join(found.applied)}" if found.applied else "nothing to do"
    if found.backup is not None:
        done = f"backed up to {found.backup}; {done}"
    return Answer.text(found.to_dict(), f"{done}; the schema is at {found.schema_revision} and verified")


def current(ctx: Run) -> Answer:
    """Show the schema revision of the database and the one that this version needs."""
    from sportsplat.jobs.schema import current as run

    found = run(ctx.settings())
    return Answer.text(found.to_dict(), str(found))


def plan(ctx: Run) -> Answer:
    """Print the SQL that a migration would run. Nothing is run."""
    from sportsplat.jobs.schema import plan as run

    found = run(ctx.settings())
    text = found.sql or f"-- nothing to run: {found}"
    if found.destructive:
        names = ", ".join(found.destructive)
        text = f"-- {names} may take stored rows away: where there are rows, a backup comes first\n\n{text}"
    return Answer.text(found.to_dict(), text)


def check(ctx: Run) -> Answer:
    """Compare the live schema with what the migrations create. Exit 7 lists every difference."""
    from sportsplat.jobs.schema import check as run

    found = run(ctx.settings())
    text = f"no drift: all {found.objects} objects are as revision {found.schema_revision} creates them"
    return Answer.text(found.to_dict(), text)


def render_init(
    ctx: Run,  # noqa: ARG001
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing. Exit 10 if the script is out of date.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Target folder, instead of compose/postgres/init."),
    ] = None,
) -> Answer:
    """Write the script that creates the schema in a new container. Needs no database."""
    from sportsplat.jobs.schema import render_init as run

    script = run(out, check=check)
    done = "written" if script.changed else "is up to date"
    return Answer.text(script.to_dict(), f"{script.path} {done} (schema revision {script.schema_revision})")


def rotate_password(ctx: Run) -> Answer:
    """Set a new database password and write it to .env. The old one is not needed."""
    from sportsplat.jobs.environment import rotate_password as run

    rotation = run(ctx.settings())
    return Answer.text(rotation.to_dict(), "\n".join(rotation.actions))


def api_login(ctx: Run) -> Answer:
    """Create the login role of the API, or set its password again. Safe to repeat.

    `serve` and `up --stack` do this on a server of this project. On your own server, run it yourself.
    """
    from sportsplat.jobs.serving import ensure_api_login as run

    login = run(ctx.settings())
    done = "created" if login.created else "has its password again"
    lines = [f"the login role {login.user} {done}; the password is in {login.password_file}"]
    if ctx.settings().infra.database_url is not None:
        lines.append(
            f"to serve with it: SPORTSPLAT_API__PASSWORD_FILE={login.password_file} sportsplat serve"
        )
    return Answer.text(login.to_dict(), "\n".join(lines))
