"""Sheets of an Excel workbook as rows of text."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from sportsplat.sources.base import Payload
from sportsplat.sources.table_damage import unreadable
from sportsplat.sources.workbook_zip import unpacked_workbook


def read_sheet(path: Path, sheet: str | None) -> list[list[str]]:
    """Return the rows of an Excel sheet as text: whole numbers without a point, days and moments in ISO."""
    import pandas as pd

    plain = io.BytesIO(unpacked_workbook(Payload.of(str(path), path.read_bytes())))
    try:
        frame = pd.read_excel(plain, engine="calamine", sheet_name=sheet or 0, header=None, dtype=object)
    except Exception as damaged:
        raise unreadable(path, damaged) from damaged
    return [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]


def _cell(value: Any) -> str:
    import pandas as pd

    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if hasattr(value, "isoformat"):
        text = str(value.isoformat())
        return text.removesuffix("T00:00:00")
    return str(value).strip()
