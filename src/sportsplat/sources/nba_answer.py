"""The JSON answer of stats.nba.com: result sets of a header and rows, read as the table of a CSV file.

Line n of it is the row n - 1 of the result set, so that a refused row can be told by its number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sportsplat.errors import InputRefused
from sportsplat.sources.base import Payload, decode_text
from sportsplat.sources.rows import Table, not_this_format


def is_answer(payload: Payload) -> bool:
    """Whether the bytes are JSON rather than CSV."""
    return payload.data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def read_answer(payload: Payload, *, required: Sequence[str], format_name: str) -> Table:
    """Return the first result set that has the required columns.

    Raises:
        InputRefused: no result set has them (NOT_THIS_FORMAT), or it has no row (EMPTY_FILE).
    """
    try:
        answer = json.loads(decode_text(payload))
    except (ValueError, RecursionError):
        answer = None
    header: list[str] = []
    for names, rows in _result_sets(answer):
        header = names
        if set(required) <= set(header):
            if not rows:
                raise InputRefused(
                    f"{payload.name} has a header and no rows.",
                    code="EMPTY_FILE",
                    cause="The rowSet of the answer is empty.",
                    fix="Ask for another season, or leave the file out.",
                )
            lines = [json.dumps(line, ensure_ascii=False) for line in (header, *rows)]
            return Table(payload.name, header, [[_cell(value) for value in row] for row in rows], lines)
    missing = [name for name in required if name not in header]
    raise not_this_format(payload.name, format_name, required, header, missing)


def _result_sets(answer: Any) -> Iterator[tuple[list[str], list[list[Any]]]]:
    """Yield header and rows of each result set that has the shape of one."""
    told = answer.get("resultSets", answer.get("resultSet")) if isinstance(answer, dict) else None
    for found in told if isinstance(told, list) else [told]:
        header, rows = (
            (found.get("headers"), found.get("rowSet")) if isinstance(found, dict) else (None, None)
        )
        if isinstance(header, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows):
            yield [str(name).strip() for name in header], rows


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
