"""What `sportsplat db backup`, `backups`, `restore`, `reset` and `move` print."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from rich.text import Text

from sportsplat.cli.views.tables import PlainTable

if TYPE_CHECKING:
    from rich.console import Console


def show_backup(console: Console, data: Mapping[str, Any]) -> None:
    """Print the file, its size and whether it was verified."""
    console.print(data["file"], markup=False, soft_wrap=True)
    console.print(f"{data['rows']:,} rows, {_size(data['bytes'])}, {_proof(data)}", markup=False)
    if data["verified"] is None:
        console.print(f"next: sportsplat db verify {quote(data['file'])}", markup=False, soft_wrap=True)


def show_backups(console: Console, data: Mapping[str, Any]) -> None:
    """Draw one row a backup, newest first."""
    if not data["backups"]:
        console.print(f"no backup in {data['folder']}; next: sportsplat db backup", markup=False)
        return
    table = PlainTable().value("file").text("made (UTC)").number("rows", "size").text("proof")
    for entry in data["backups"]:
        name = Path(entry["file"]).name
        if "damaged" in entry:
            table.row(name, "", "", "", Text.assemble(("damaged", "red"), f": {entry['damaged']}"))
        else:
            made = entry["created_at"][:16].replace("T", " ")
            proof = "not verified" if entry["verified"] is None else "verified"
            table.row(name, made, f"{entry['rows']:,}", _size(entry["bytes"]), proof)
    console.print(table)
    console.print(data["folder"], markup=False, soft_wrap=True)


def show_actions(console: Console, data: Mapping[str, Any]) -> None:
    """Print what was done, one line each."""
    for action in data["actions"]:
        console.print(action, markup=False, soft_wrap=True)


def show_move(console: Console, data: Mapping[str, Any]) -> None:
    """Print what was done, where the data is now and what to change."""
    show_actions(console, data)
    lines = [f"the project's data is in {data['to']}" + ("" if data["actions"] else " already")]
    if "old" in data:
        lines.append(f"the old data stays: {data['old']['where']}; to delete it: {data['old']['delete']}")
    lines += [f"change now: {line}" for line in data["change"]]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def _proof(data: Mapping[str, Any]) -> str:
    proof = data["verified"]
    return "not verified" if proof is None else f"verified {proof['at']}"


def _size(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB" if size >= 2**20 else f"{size / 2**10:,.0f} KiB"
