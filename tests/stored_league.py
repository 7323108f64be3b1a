"""A made-up league put straight into the tables, as a source would have left it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import psycopg

from sportsplat.leagues.league import League
from tests.factories import box_scores, random_league


def store_league(connection: psycopg.Connection[Any], league: League, *, seed: int = 1) -> pd.DataFrame:
    """Store a random league with box scores under `league`; return its matches frame, ids as stored."""
    matches = random_league(seed)
    stats = box_scores(matches, seed, names=league.stats[:2] if league.stats else ())
    connection.execute(
        "INSERT INTO leagues (code, name, sport, outcomes, timezone) VALUES (%s, %s, %s, %s, %s)",
        (league.code, league.name, league.sport, list(league.outcomes), league.timezone.key),
    )
    for team in sorted({*matches["home_id"], *matches["away_id"]}):
        connection.execute(
            "INSERT INTO teams (id, league, name) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s)",
            (int(team), league.code, f"Team {team}"),
        )
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT_MATCH, [_match(row, league) for row in matches.to_dict("records")])
        by_id = matches.set_index("match_id")
        cursor.executemany(
            "INSERT INTO team_match_stats (match_id, team_id, is_home, stats, known_at, source) "
            "VALUES (%s, %s, %s, %s, %s, 'test')",
            [_box_score(row, by_id) for row in stats.to_dict("records")] if len(stats) else [],
        )
    connection.commit()
    return matches


_INSERT_MATCH = """
INSERT INTO matches (id, league, season, match_date, kickoff_utc, precision, home_id, away_id, number,
neutral,
                     stage, status, home_score, away_score, known_at, source)
OVERRIDING SYSTEM VALUE
VALUES (%(match_id)s, %(league)s, %(season)s, %(match_date)s, %(kickoff_utc)s, %(precision)s, %(home_id)s,
        %(away_id)s, %(number)s, %(neutral)s, 'regular', %(status)s, %(home_score)s, %(away_score)s,
        %(known_at)s, 'test')
"""


def _match(row: dict[Any, Any], league: League) -> dict[str, Any]:
    played = bool(row["final"])
    return {
        **row,
        "league": league.code,
        "match_date": row["match_date"].date(),
        "precision": "day" if row["day_precision"] else "minute",
        "status": "final" if played else "scheduled",
        "home_score": int(row["home_score"]) if played else None,
        "away_score": int(row["away_score"]) if played else None,
        "known_at": row["known_at"] if played else None,
    }


def _box_score(row: dict[Any, Any], matches: pd.DataFrame) -> tuple[Any, ...]:
    sides = matches[["home_id", "away_id"]].to_numpy()
    place = matches.index.tolist().index(row["match_id"])
    numbers = {
        name: value
        for name, value in row.items()
        if name not in ("match_id", "is_home", "known_at") and not np.isnan(value)
    }
    team = int(sides[place, 0 if row["is_home"] else 1])
    return row["match_id"], team, row["is_home"], json.dumps(numbers), row["known_at"]
