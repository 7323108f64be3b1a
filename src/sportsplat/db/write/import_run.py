"""One import as every step of this package takes it: whose rows, and as of when they are reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datetime import date, datetime

    import psycopg


class Staged(NamedTuple):
    """What statements on the staged matches need to know of them."""

    words: Mapping[str, list[str]]  # the texts that the codes of a column stand for, by column
    first: date
    last: date
    reserved: bool  # whether new matches get the ids in `new_id`


THIS_RUN = "nullif(current_setting('sportsplat.run', true), '')::bigint"
"""SQL for the run whose changes those of this transaction are; NULL where they belong to no run."""


def note_changes(conn: psycopg.Connection[Any], run_id: int | None) -> None:
    """Record what this transaction changes from here on as the changes of a run (None: of no run).

    Rows of facts have the id of the run that last changed them; earlier rows are kept in `run_changes` by the
    triggers of migration 0018. `undo_run` reads both.
    """
    conn.execute("SELECT set_config('sportsplat.run', %s, true)", ("" if run_id is None else str(run_id),))


@dataclass(frozen=True)
class ImportRun:
    """One source's rows of one league on their way into the database, inside one transaction.

    The caller holds the league's lock. `conn` is the connection of the transaction.
    """

    conn: psycopg.Connection[Any]
    league: str
    source: str = ""  # empty: no source's, as when stored matches are resolved anew
    run_id: int | None = None
    precedence: Sequence[str] = ()
    recorded_at: datetime | None = None  # moment as of which the values are reported; None: now
    complete: bool = False  # a file lists every fixture of the days that it covers
    staged: Staged | None = None  # set by `stage_matches`

    @property
    def params(self) -> dict[str, Any]:
        """The parameters that any statement of a step can use."""
        values: dict[str, Any] = {
            "league": self.league,
            "source": self.source,
            "run_id": self.run_id,
            "precedence": list(self.precedence),
            "recorded_at": self.recorded_at,
        }
        if self.staged is not None:
            values |= {"first": self.staged.first, "last": self.staged.last, **self.staged.words}
        return values

    def execute(self, statement: str, **more: Any) -> psycopg.Cursor[Any]:
        """Run one statement with the parameters of the import, and `more`. Its plan is not kept."""
        return self.conn.execute(statement.encode(), self.params | more, prepare=False)

    def execute_each(self, statements: str, **more: Any) -> None:
        """Run statements that are separated by semicolons."""
        for statement in statements.split(";"):
            self.execute(statement, **more)
