"""`sportsplat db backup`, `backups`, `verify`, `restore`, `reset`, `move`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sportsplat.cli.command import Answer, Run, command

if TYPE_CHECKING:
    from rich.console import Console

_FILE = Annotated[Path, typer.Argument(readable=False, help="A file made by `sportsplat db backup`.")]
_NO_BACKUP = Annotated[bool, typer.Option("--no-backup", help="Do not back up existing rows first.")]

_TRUST = Annotated[
    bool,
    typer.Option(
        "--trust",
        help="Also run code in the backup that is not sportsplat's, with all rights of the database user.",
    ),
]


class Place(StrEnum):
    """Where data can be moved to."""

    docker = "docker"
    embedded = "embedded"
    external = "external"


def register(db: typer.Typer) -> None:
    """Add the commands to the group `db`."""
    command(db, "backup")(backup)
    command(db, "backups")(backups)
    command(db, "verify")(verify)
    command(db, "restore")(restore)
    command(db, "reset")(reset)
    command(db, "move")(move)


def backup(
    ctx: Run,
    file: Annotated[
        Path | None, typer.Argument(help="Target file. Default: a name with the time in .sportsplat/backups.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Restore it elsewhere and compare before it is kept.")
    ] = False,
) -> Answer:
    """Write a consistent snapshot of all data to one file. Others can keep using the database.

    sportsplat db backup --verify
    sportsplat db backup /mnt/safe/league.dump
    """
    from sportsplat.jobs.backup.backup import backup as run

    with ctx.progress("backing up") as tell:
        done = run(ctx.settings(), file, force=force, verify=verify, tell=tell)

    def show(console: Console) -> None:
        from sportsplat.cli.views.backup import show_backup

        show_backup(console, done)

    return Answer(done.to_dict(), show)


def backups(ctx: Run) -> Answer:
    """List the project's backups and which of them were verified."""
    from sportsplat.jobs.backup.backup import backups as run

    done = run(ctx.settings())

    def show(console: Console) -> None:
        from sportsplat.cli.views.backup import show_backups

        show_backups(console, done)

    return Answer(done.to_dict(), show)


def verify(
    ctx: Run,
    file: Annotated[
        Path | None,
        typer.Argument(
            readable=False,
            help="A file made by `sportsplat db backup`. Default: the newest in .sportsplat/backups.",
        ),
    ] = None,
) -> Answer:
    """Verify a backup: restore it elsewhere and compare every table. Exit 10 lists the differences.

    sportsplat db verify                the newest backup of the project
    sportsplat db verify league.dump
    """
    from sportsplat.jobs.backup.backup import verify as run

    with ctx.progress("verifying") as tell:
        done = run(ctx.settings(), file, tell=tell)
    text = f"{done.file}: {done.rows:,} rows of {done.compared} tables restored and compared, all equal"
    return Answer.text(done.to_dict(), text)


def restore(
    ctx: Run,
    file: _FILE,
    yes: Annotated[
        bool, typer.Option("--yes", help="Replace existing rows. They are backed up first.")
    ] = False,
    no_backup: _NO_BACKUP = False,
    trust: _TRUST = False,
) -> Answer:
    """Replace the content of the database with a backup. All or nothing.

    sportsplat db restore league.dump          into an empty database
    sportsplat db restore league.dump --yes    replace existing rows
    """
    from sportsplat.jobs.backup.restore import restore as run

    with ctx.progress("restoring") as tell:
        done = run(ctx.settings(), file, yes=yes, keep=not no_backup, trust=trust, tell=tell)

    def show(console: Console) -> None:
        from sportsplat.cli.views.backup import show_actions

        show_actions(console, done)

    return Answer(done.to_dict(), show)


def reset(
    ctx: Run,
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete existing rows. They are backed up first.")
    ] = False,
    no_backup: _NO_BACKUP = False,
) -> Answer:
    """Delete all sportsplat tables and create an empty schema.

    sportsplat db reset --yes
    """
    from sportsplat.jobs.backup.restore import reset as run

    with ctx.progress("resetting") as tell:
        done = run(ctx.settings(), yes=yes, keep=not no_backup, tell=tell)

    def show(console: Console) -> None:
        from sportsplat.cli.views.backup import show_actions

        show_actions(console, done)

    return Answer(done.to_dict(), show)


def move(
    ctx: Run,
    backend: Annotated[Place, typer.Argument(help="Target backend.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Replace existing rows in the target. They are backed up first.")
    ] = False,
    trust: _TRUST = False,
) -> Answer:
    """Move all data to another backend and compare every table. The old data is kept.

    sportsplat db move docker
    DATABASE_URL=postgresql://me@db.example/league sportsplat db move external
    """
    from sportsplat.config.load import resolve
    from sportsplat.jobs.backup.move import move as run

    with ctx.progress("moving") as tell:
        settings = resolve(project_dir=ctx.find_folder(), profile=ctx.profile)
        done = run(settings, backend.value, yes=yes, trust=trust, tell=tell)

    def show(console: Console) -> None:
        from sportsplat.cli.views.backup import show_move

        show_move(console, done)

    return Answer(done.to_dict(), show)
