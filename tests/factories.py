"""Frames made up for tests: small leagues whose results a seed decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

SEASON_START = np.datetime64("2001-09-01")


def matches_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Build a matches frame as `db.read.matches_frame` gives it, from a dict per match.

    Keys: `day` ("2001-09-01"), `home`, `away` (team ids), `score` ((home, away), absent while unplayed);
    `time` ("19:30", absent for day precision), `known` (moment; else the day's end, or three hours after
    kick-off), `season`, `number`, `neutral`, `match_id` (else the position, from 1).
    """
    frame = pd.DataFrame([_row(i, row) for i, row in enumerate(rows, start=1)])
    return typed(frame)


def _row(position: int, row: dict[str, Any]) -> dict[str, Any]:
    day = pd.Timestamp(row["day"])
    timed = "time" in row
    kickoff = (day + pd.Timedelta(f"{row['time']}:00") if timed else day).tz_localize("UTC")
    known = kickoff + (pd.Timedelta(hours=3) if timed else pd.Timedelta(days=1))
    score = row.get("score")
    return {
        "match_id": row.get("match_id", position),
        "season": row.get("season", day.year if day.month > 6 else day.year - 1),
        "match_date": day,
        "kickoff_utc": kickoff,
        "day_precision": not timed,
        "home_id": row["home"],
        "away_id": row["away"],
        "number": row.get("number", 1),
        "neutral": row.get("neutral", False),
        "playoff": row.get("playoff", False),
        "final": score is not None,
        "home_score": score[0] if score else np.nan,
        "away_score": score[1] if score else np.nan,
        "known_at": pd.Timestamp(row.get("known", known), tz=None if "known" not in row else "UTC")
        if score
        else pd.NaT,
    }


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a matches frame the column types that the database reader gives it."""
    frame["kickoff_utc"] = pd.to_datetime(frame["kickoff_utc"], utc=True)
    frame["known_at"] = pd.to_datetime(frame["known_at"], utc=True)
    return frame.astype(
        {
            "match_id": "int64",
            "season": "int32",
            "match_date": "datetime64[s]",
            "kickoff_utc": "datetime64[us, UTC]",
            "home_id": "int64",
            "away_id": "int64",
            "number": "int16",
            "home_score": "float64",
            "away_score": "float64",
            "known_at": "datetime64[us, UTC]",
        }
    )


def random_league(
    seed: int,
    *,
    teams: int = 6,
    days: int = 60,
    seasons: int = 2,
    unplayed: float = 0.1,
    day_precision: bool | None = None,
) -> pd.DataFrame:
    """Play `seasons` of `days` match days between `teams` teams; a share of the matches is not played (yet).

    Some matches are neutral, some results become known days late, some days see two games of one pair.
    `day_precision` None mixes both precisions.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for season in range(seasons):
        start = SEASON_START + np.timedelta64(365 * season, "D")
        for day in range(days):
            home, away = rng.permutation(teams)[:2]
            for number in range(1, 2 + int(rng.random() < 0.1)):
                row = {
                    "day": str(start + np.timedelta64(day, "D")),
                    "home": int(home) + 100,
                    "away": int(away) + 100,
                    "season": 2001 + season,
                    "number": number,
                    "neutral": bool(rng.random() < 0.1),
                }
                by_day = rng.random() < 0.5 if day_precision is None else day_precision
                if not by_day:
                    row["time"] = f"{int(rng.integers(10, 20)):02d}:00"
                if rng.random() >= unplayed:
                    row["score"] = tuple(int(x) for x in rng.poisson(2.0, 2))
                    if rng.random() < 0.1:
                        late = np.timedelta64(day + int(rng.integers(2, 9)), "D")
                        row["known"] = str(start + late)
                rows.append(row)
    frame = matches_frame(rows)
    return frame.sort_values(["kickoff_utc", "match_id"], ignore_index=True)


def box_scores(matches: pd.DataFrame, seed: int, names: Sequence[str] = ("shots", "corners")) -> pd.DataFrame:
    """Box scores of the played matches, home and away in turn, known with the result; some not recorded."""
    rng = np.random.default_rng(seed)
    played = matches[matches["final"]]
    sides = played.loc[played.index.repeat(2)]
    frame = pd.DataFrame(
        {"match_id": sides["match_id"].to_numpy(), "is_home": np.arange(len(sides)) % 2 == 0},
    )
    for name in names:
        numbers = rng.poisson(10.0, len(sides)).astype(np.float64) + rng.random(len(sides))
        frame[name] = np.where(rng.random(len(sides)) < 0.05, np.nan, numbers)
    frame["known_at"] = sides["known_at"].array
    return frame


def cells(frame: pd.DataFrame, match_id: int, *columns: str) -> list[float]:
    """Return the values of a match in some columns of a features frame."""
    row = frame.index.tolist().index(match_id)
    return [float(frame[column].to_numpy()[row]) for column in columns]


def cell(frame: pd.DataFrame, match_id: int, column: str) -> float:
    """Return one value of a match."""
    return cells(frame, match_id, column)[0]
