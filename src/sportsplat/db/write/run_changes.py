"""Whose changes a transaction's are: the database notes of each run what it brought and what it replaced.

Rows of facts say which run brought them; what was there before stands in `run_changes` (triggers of migration
0018 write it). `undo_run` reads both.
"""

from __future__ import annotations

from typing import Any

import psycopg

THIS_RUN = "nullif(current_setting('sportsplat.run', true), '')::bigint"
"""The run whose changes those of this transaction are, as SQL; NULL for nobody's."""


def note_changes(conn: psycopg.Connection[Any], run_id: int | None) -> None:
    """Let what this transaction changes from here on be noted as the changes of a run (None: of nobody)."""
    conn.execute("SELECT set_config('sportsplat.run', %s, true)", ("" if run_id is None else str(run_id),))
