"""Rows of a file that failed: when they are so many that the file is not what it was taken for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sportsplat.errors import InputRefused
from sportsplat.jobs.ingest.report import RefusedFile

if TYPE_CHECKING:
    from sportsplat.domain import Batch, Rejected
    from sportsplat.jobs.ingest.report import Stored

MOST_FAILED = 10
MOST_FAILED_SHARE = 0.05
"""A file with more failed rows than both say is refused as a whole.

Of the public files of every source the worst has 0.8% (18 rows of 2,160 that contradict each other).
"""
NO_LEAGUE_MATCH = frozenset(
    {
        *("not-a-league-game", "preseason", "all-star"),
        *("undeclared-league", "repeated-header", "not-played"),
    }
)
"""Rows that correctly hold no match of the league."""
BESIDE_A_MATCH = frozenset(
    {
        *("bad-price", "bad-line", "bad-stat", "bad-forecast", "bad-detail", "bad-overround", "bad-time"),
        *("surplus-fields", "date-mismatch", "impossible-outcome", "awarded", "duplicate-match"),
    }
)
"""Values that were left out of a row whose match was taken, and rows that repeat one."""


def refuse_bad_file(batch: Batch, asked: Batch, checked: Batch) -> None:
    """Raise InputRefused (TOO_MANY_BAD_ROWS) when too many rows of a file hold no match that can be.

    batch: as it was read; asked: what was asked for of it; checked: that after the rules of its league.
    """
    failed = [row for row in checked.rejected if row.code not in NO_LEAGUE_MATCH | BESIDE_A_MATCH]
    if len(failed) <= MOST_FAILED:
        return
    refused = {match.key for match in asked.matches} - {match.key for match in checked.matches}
    taken = {batch.line_of.get(match.key) for match in batch.matches if match.key not in refused}
    failed = [row for row in failed if not row.line or row.line not in taken]
    by_line = {row.line: row for row in failed if row.line}
    counted = [*by_line.values(), *(row for row in failed if not row.line)]
    refuse_many(batch.file, Counter(row.code for row in counted), batch.rows_read, failed)


def refuse_bad_matches(asked: Batch, checked: Batch) -> None:
    """Raise InputRefused (TOO_MANY_BAD_ROWS) when the rules refuse too many matches of a table of prices."""
    failed = checked.rejected[len(asked.rejected) :]
    codes = Counter(row.code for row in failed if row.code not in BESIDE_A_MATCH)
    refuse_many(asked.file, codes, len(asked.matches), failed)


def refuse_many(file: str, failed: Counter[str], rows: int, examples: Sequence[Rejected]) -> None:
    """Raise InputRefused (TOO_MANY_BAD_ROWS) when of `rows` rows of a file too many `failed`, by code."""
    number = failed.total()
    if number <= MOST_FAILED or number <= MOST_FAILED_SHARE * rows:
        return
    code, _ = failed.most_common(1)[0]
    first = next(row for row in examples if row.code == code)
    where = f"line {first.line}: " if first.line else ""
    by_code = ", ".join(f"{code} {count:,}" for code, count in failed.most_common())
    raise InputRefused(
        f"{number:,} of {rows:,} rows of {file} cannot be right; nothing of it was stored",
        code="TOO_MANY_BAD_ROWS",
        cause=f"{by_code}; for example, {where}{first.reason}",
        fix="look at these rows: a file with so many is damaged, of another format, or was saved again by "
        "another program; download it again, or correct or delete the rows; then the same command",
    )


def nothing_stored(stored: Sequence[Stored]) -> list[RefusedFile]:
    """Return what a report says of a file whose rows all went to quarantine; nothing of any other.

    stored: of all leagues of the file.
    """
    failed = [row for each in stored for row in each.rejected if row.code not in NO_LEAGUE_MATCH]
    if not failed or any(each.holds_matches for each in stored):
        return []
    codes = Counter(row.code for row in failed)
    by_code = ", ".join(f"{code} {count:,}" for code, count in codes.most_common())
    (file,) = {each.file for each in stored}
    return [
        RefusedFile(
            file=file,
            code="NOTHING_STORED",
            message=f"no row of {file} could be stored: all wait in quarantine",
            cause=f"{by_code}; for example: {failed[0].reason}",
            fix="sportsplat quarantine list",
        )
    ]
