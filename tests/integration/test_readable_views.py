"""The views for people have the facts of the tables, with names, after an ingest of simulated matches."""

from __future__ import annotations

from datetime import datetime

import pytest

from sportsplat.jobs.context import Context
from sportsplat.jobs.ingest.ingest import ingest
from tests.conftest import Database

MODEL = """
    INSERT INTO models (league, kind, trained_until, parameters, card, artifact, seed)
    VALUES ('sim', 'elo', '2000-01-01', '{}', '{}', '{}', 1)
"""
FORECASTS = """
    INSERT INTO predictions (match_id, model_id, as_of, probabilities)
    SELECT m.id, o.id, m.kickoff_utc, '{0.7,0.3}' FROM matches AS m, models AS o
"""
TEAMS = "SELECT name FROM teams WHERE league = 'sim'"


@pytest.fixture
def simulated(context: Context, database: Database) -> Database:
    report = ingest(context, "simulate", [], seasons=[2020], options={"seed": 3})
    assert report.matches.inserted > 0
    with database.connect() as conn:
        conn.execute(MODEL)
        conn.execute(FORECASTS)
    return database


def test_matches(simulated: Database) -> None:
    with simulated.connect() as conn:
        stored = conn.execute("SELECT id FROM matches").fetchall()
        rows = conn.execute(
            "SELECT league, season, home, away, kickoff_utc, home_score, away_score, outcome"
            " FROM matches_readable"
        ).fetchall()
        teams = {name for (name,) in conn.execute(TEAMS)}
    assert len(rows) == len(stored)
    for league, season, home, away, kickoff, home_score, away_score, outcome in rows:
        assert (league, season) == ("sim", 2020)
        assert {home, away} < teams
        assert isinstance(kickoff, datetime)
        assert outcome == (
            "home" if home_score > away_score else "away" if home_score < away_score else "draw"
        )


def test_quotes(simulated: Database) -> None:
    with simulated.connect() as conn:
        stored = conn.execute(
            "SELECT match_id, bookmaker, market, outcome, line, is_closing, decimal_odds, known_at"
            " FROM quotes"
        ).fetchall()
        shown = conn.execute(
            "SELECT match_id, bookmaker, market, priced_outcome, line, is_closing, decimal_odds, known_at"
            " FROM quotes_readable"
        ).fetchall()
        pairs = conn.execute("SELECT DISTINCT match_id, home, away FROM quotes_readable").fetchall()
        of_matches = conn.execute("SELECT match_id, home, away FROM matches_readable").fetchall()
    assert sorted(map(str, shown)) == sorted(map(str, stored))
    assert sorted(pairs) == sorted(of_matches)


def test_one_season_of_quotes_reads_one_partition(simulated: Database) -> None:
    with simulated.connect() as conn:
        conn.execute("SELECT ensure_quote_partition(2019)")
        plan = conn.execute("EXPLAIN SELECT * FROM quotes_readable WHERE season = 2020").fetchall()
    text = str(plan)
    assert "quotes_2020" in text
    assert "quotes_2019" not in text


def test_predictions(simulated: Database) -> None:
    with simulated.connect() as conn:
        rows = conn.execute(
            "SELECT p.model, p.home_probability, p.draw_probability, p.away_probability,"
            " p.home = m.home AND p.away = m.away AND p.outcome = m.outcome"
            " FROM predictions_readable AS p JOIN matches_readable AS m USING (match_id)"
        ).fetchall()
        matches = conn.execute("SELECT id FROM matches").fetchall()
    assert rows == [("elo", 0.7, None, 0.3, True)] * len(matches)
