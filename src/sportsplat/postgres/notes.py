"""What of a database's settings no session can change: its encoding, and that it takes no writes."""

from __future__ import annotations

ENCODING = "UTF8"
QUESTION = (
    "SELECT concat_ws(' ', current_setting('server_encoding'), current_setting('transaction_read_only'))"
)
"""Answered by one text, for `parse`."""


def parse(answer: str) -> tuple[str, bool]:
    """Return the encoding and whether the database is read-only, of the answer to QUESTION."""
    encoding, _, read_only = answer.partition(" ")
    return encoding, read_only == "on"


def server_notes(encoding: str, *, read_only: bool) -> list[str]:
    """Return what the user should know, one sentence each."""
    notes = []
    if encoding != ENCODING:
        notes.append(f"its encoding is {encoding}, not {ENCODING}: it cannot hold every name")
    if read_only:
        notes.append("it is read-only: a standby server, or default_transaction_read_only")
    return notes
