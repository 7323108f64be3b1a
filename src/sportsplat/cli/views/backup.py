"""What `sportsplat db backup`, `backups`, `restore`, `reset` and `move` print."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from rich.text import Text

from sportsplat.cli.views.tables import PlainTable
from sportsplat.jobs.backup.backup import BackupFacts, BackupList, BackupMade, DamagedBackup
from sportsplat.jobs.backup.move import Moved, MoveReport
from sportsplat.jobs.backup.restore import ResetReport, RestoreReport

if TYPE_CHECKING:
    from rich.console import Console


def show_backup(console: Console, backup: BackupMade) -> None:
    """Print the file, its size and whether it was verified."""
    console.print(backup.file, markup=False, soft_wrap=True)
    console.print(f"{backup.rows:,} rows, {_size(backup.bytes)}, {_proof(backup)}", markup=False)
    if backup.verified is None:
        console.print(f"next: sportsplat db verify {quote(backup.file)}", markup=False, soft_wrap=True)


def show_backups(console: Console, listed: BackupList) -> None:
    """Draw one row a backup, newest first."""
    if not listed.backups:
        console.print(f"no backup in {listed.folder}; next: sportsplat db backup", markup=False)
        return
    table = PlainTable().value("file").text("made (UTC)").number("rows", "size").text("proof")
    for entry in listed.backups:
        name = Path(entry.file).name
        if isinstance(entry, DamagedBackup):
            table.row(name, "", "", "", Text.assemble(("damaged", "red"), f": {entry.damaged}"))
        else:
            made = entry.created_at[:16].replace("T", " ")
            proof = "not verified" if entry.verified is None else "verified"
            table.row(name, made, f"{entry.rows:,}", _size(entry.bytes), proof)
    console.print(table)
    console.print(listed.folder, markup=False, soft_wrap=True)


def show_actions(console: Console, done: RestoreReport | ResetReport | MoveReport) -> None:
    """Print what was done, one line each."""
    for action in done.actions:
        console.print(action, markup=False, soft_wrap=True)


def show_move(console: Console, move: MoveReport) -> None:
    """Print what was done, where the data is now and what to change."""
    show_actions(console, move)
    lines = [f"the project's data is in {move.to}" + ("" if move.actions else " already")]
    if isinstance(move, Moved):
        lines.append(f"the old data stays: {move.old.where}; to delete it: {move.old.delete}")
    lines += [f"change now: {line}" for line in move.change]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def _proof(backup: BackupFacts) -> str:
    proof = backup.verified
    return "not verified" if proof is None else f"verified {proof['at']}"


def _size(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB" if size >= 2**20 else f"{size / 2**10:,.0f} KiB"
