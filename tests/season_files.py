"""Small season files in the format of football-data.co.uk, made up for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

HEADER = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HS,AS,B365H,B365D,B365A,PSCH,PSCD,PSCA"
PRICES = "2.1,3.4,3.6,2.0,3.5,3.9"

LEEDS_WON = f"E0,12/09/20,Leeds,Fulham,4,3,H,10,9,{PRICES}"
HULL_DREW = f"E0,19/09/20,Hull,Leeds,1,1,D,8,7,{PRICES}"
FULHAM_LOST = f"E0,26/09/20,Fulham,Hull,0,2,A,5,6,{PRICES}"
IMPOSSIBLE = f"E0,03/10/20,Hull,Fulham,-1,2,A,5,6,{PRICES}"
CORRECTED = IMPOSSIBLE.replace("-1,2", "1,2")
ROWS = (LEEDS_WON, HULL_DREW, FULHAM_LOST)


def season_file(folder: Path, rows: Sequence[str] = ROWS, name: str = "E0.csv", header: str = HEADER) -> Path:
    """Write one season file into `folder` and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path
