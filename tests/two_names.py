"""A team that two sources call otherwise, so that it is stored as two."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from tests.conftest import Database
from tests.integration.claiming import content as stored_content
from tests.records import row_versions

DATA, SPI = "football-data", "fivethirtyeight-soccer-spi"
WRONG, RIGHT = "Red Devils", "Man United"


def spi(path: Path, *rows: tuple[str, str, str, str]) -> Path:
    header = "date,league,team1,team2,spi1,spi2,prob1,prob2,probtie,score1,score2,xg1,xg2"
    lines = [
        f"{day},Barclays Premier League,{home},{away},50,50,0.4,0.3,0.3,{score},1.5,0.5"
        for day, home, away, score in rows
    ]
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


def data(path: Path, *rows: tuple[str, str, str, str]) -> Path:
    """Write matches with shots and prices."""
    lines = [
        f"E0,{date.fromisoformat(day):%d/%m/%Y},{home},{away},{score},9,8,4,3,2.1,3.4,3.6"
        for day, home, away, score in rows
    ]
    header = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,HS,AS,HST,AST,B365H,B365D,B365A"
    path.write_text("\n".join([header, *lines, ""]))
    return path


def content(database: Database) -> str:
    with database.connect() as conn:
        return stored_content(conn)


def told(context: Context, folder: Path, name: str) -> None:
    """Let SPI tell of two matches of `name`, one of which football-data has under another name."""
    rows = (("2018-09-01", name, "Leeds", "2,1"), ("2018-09-08", "Fulham", name, "0,0"))
    ingest(context, SPI, [spi(folder / f"spi {name}.csv", *rows)])
    file = data(
        folder / "E0.csv", ("2018-09-01", RIGHT, "Leeds", "2,1"), ("2018-09-15", RIGHT, "Fulham", "3,0")
    )
    ingest(context, DATA, [file])


def predict(conn: psycopg.Connection[Any], ids: list[int]) -> None:
    model = conn.execute(
        "INSERT INTO models (league, kind, trained_until, parameters, card, artifact, seed)"
        " VALUES ('epl', 'elo', now(), '{}', '{}', '{}', 7) RETURNING id"
    ).fetchone()
    assert model is not None
    conn.execute(
        "INSERT INTO predictions (match_id, model_id, as_of, probabilities)"
        " SELECT id, %s, kickoff_utc, '{0.5,0.3,0.2}' FROM matches WHERE id = ANY(%s)",
        (model[0], ids),
    )


def versions(database: Database) -> dict[str, Any]:
    with database.connect() as conn:
        return row_versions(conn)
