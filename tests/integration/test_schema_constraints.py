"""Absurd rows are refused, each by the name of the rule that it breaks."""

from __future__ import annotations

import psycopg
import pytest

from sportsplat.db.connection import Connection

WORLD = """
    INSERT INTO leagues VALUES ('epl', 'Premier League', 'soccer', '{home,draw,away}', 'Europe/London'),
                               ('nba', 'NBA', 'basketball', '{home,away}', 'America/New_York');
    INSERT INTO teams (id, league, name) OVERRIDING SYSTEM VALUE
    VALUES (1, 'epl', 'Arsenal'), (2, 'epl', 'Chelsea'), (3, 'nba', 'BOS');
    INSERT INTO players (id, league, name, source, source_key) OVERRIDING SYSTEM VALUE
    VALUES (1, 'epl', 'Bukayo Saka', 'table', '7');
    INSERT INTO pipeline_runs (id, kind) OVERRIDING SYSTEM VALUE VALUES (1, 'ingest');
    INSERT INTO quarantine (run_id, source, file, line, code, reason, raw)
    VALUES (1, 'football-data', 'E0.csv', 2, 'bad-date', 'Date is 31/02/2001', '31/02/2001,');
    INSERT INTO matches (id, league, season, match_date, kickoff_utc, precision, home_id, away_id, status,
                         home_score, away_score, known_at, source) OVERRIDING SYSTEM VALUE
    VALUES (1, 'epl', 2019, '2019-12-26', '2019-12-26 15:00Z', 'minute', 1, 2, 'final', 2, 1,
            '2019-12-26 17:00Z', 'football-data');
    INSERT INTO team_match_stats VALUES (1, 1, true, '{"shots": 9}', '2019-12-26 17:00Z', 'table');
    INSERT INTO match_claims
    SELECT id, source, season, match_date, kickoff_utc, precision, home_id, away_id, number, neutral, stage,
           status, home_score, away_score, known_at FROM matches;
    INSERT INTO match_details VALUES (1, 'table', 'start', '{"temp": 9}', '2019-12-26 15:00Z');
    INSERT INTO match_revisions
    SELECT id, '2019-12-01 00:00Z', '2019-12-27 00:00Z', season, match_date, kickoff_utc, precision, home_id,
           away_id, number, neutral, stage, 'scheduled', NULL, NULL, NULL, source FROM matches;
    INSERT INTO player_match_stats VALUES (1, 1, 1, '{"shots": 3}', '2019-12-26 17:00Z');
    SELECT ensure_quote_partition(2019);
    INSERT INTO quotes
    VALUES (1, 'bet365', 'result', 'home', NULL, false, 2.1, NULL, '2019-12-24 12:00Z', 2019),
           (1, 'bet365', 'total', 'over', 2.5, false, 1.9, '2019-12-26 14:00Z', '2019-12-26 15:00Z', 2019);
    INSERT INTO forecasts VALUES (1, 'spi', '{0.5,0.3,0.2}', '2019-12-26 15:00Z');
    INSERT INTO feature_manifests VALUES ('h', '{elo}');
    INSERT INTO match_features (match_id, manifest, decision_at, values)
    VALUES (1, 'h', '2019-12-26 15:00Z', '{NaN}');
    INSERT INTO models (id, league, kind, trained_until, manifest, parameters, card, artifact, seed)
    OVERRIDING SYSTEM VALUE VALUES (1, 'epl', 'gbm', '2019-12-01 00:00Z', 'h', '{}', '{}', '{}', 7);
    INSERT INTO model_promotions (league, model_id, reason) VALUES ('epl', 1, 'first');
    INSERT INTO predictions (match_id, model_id, as_of, probabilities)
    VALUES (1, 1, '2019-12-26 15:00Z', '{0.5,0.3,0.2}');
    INSERT INTO backtests (run_id, league, model, seed, result) VALUES ('r', 'epl', 'gbm', 7, '{}');
    INSERT INTO bets
    VALUES ('r', 1, 'home', 'bet365', '2019-12-26 15:00Z', '2019-12-26 17:00Z', 0.5, 2.1, NULL, 10, 11);
"""

ABSURD = [
    ("UPDATE leagues SET code = 'EPL!'", "ck_leagues_code"),
    ("UPDATE leagues SET outcomes = '{away,home}'", "ck_leagues_outcomes"),
    ("UPDATE teams SET name = ''", "ck_teams_name"),
    ("UPDATE teams SET name = 'Arsenal' WHERE id = 2", "uq_teams_league_name"),
    ("UPDATE teams SET league = 'xfl' WHERE id = 3", "fk_teams_league_leagues"),
    ("INSERT INTO team_aliases VALUES ('epl', 's', 'Celtics', 3)", "fk_team_aliases_league_team_id_teams"),
    (
        "INSERT INTO team_aliases VALUES ('epl', 's', 'X', 1, '2020-01-02', '2020-01-01')",
        "ck_team_aliases_days",
    ),
    (
        "UPDATE match_claims SET status = 'postponed', home_score = NULL, away_score = NULL, known_at = NULL",
        "ck_match_claims_status",
    ),
    ("UPDATE match_claims SET home_score = NULL", "ck_match_claims_result"),
    ("UPDATE match_details SET phase = 'end'", "ck_match_details_phase"),
    ("UPDATE match_details SET details = '[]'", "ck_match_details_details"),
    ("UPDATE match_revisions SET superseded_at = recorded_at", "ck_match_revisions_held"),
    ("UPDATE pipeline_runs SET status = 'lost', finished_at = now()", "ck_pipeline_runs_status"),
    ("UPDATE pipeline_runs SET status = 'done'", "ck_pipeline_runs_finished"),
    ("UPDATE pipeline_runs SET sha256 = 'abc'", "ck_pipeline_runs_sha256"),
    ("UPDATE pipeline_runs SET counts = '[]'", "ck_pipeline_runs_counts"),
    ("UPDATE quarantine SET code = 'Bad Date'", "ck_quarantine_code"),
    ("UPDATE quarantine SET line = -1", "ck_quarantine_line"),
    ("UPDATE quarantine SET reason = ''", "ck_quarantine_reason"),
    ("UPDATE matches SET home_score = -1", "ck_matches_scores"),
    ("UPDATE matches SET away_id = home_id", "ck_matches_two_teams"),
    ("UPDATE matches SET away_id = 3", "fk_matches_league_away_id_teams"),
    ("UPDATE matches SET known_at = kickoff_utc - interval '1 minute'", "ck_matches_known_after_kickoff"),
    ("UPDATE matches SET known_at = NULL", "ck_matches_result"),
    ("UPDATE matches SET home_score = NULL", "ck_matches_result"),
    ("UPDATE matches SET status = 'scheduled'", "ck_matches_result"),
    ("UPDATE matches SET status = 'cancelled'", "ck_matches_result"),
    (
        "UPDATE matches SET status = 'played', home_score = NULL, away_score = NULL, known_at = NULL",
        "ck_matches_status",
    ),
    ("UPDATE matches SET stage = 'friendly'", "ck_matches_stage"),
    ("UPDATE matches SET precision = 'second'", "ck_matches_precision"),
    ("UPDATE matches SET number = 0", "ck_matches_number"),
    ("UPDATE matches SET season = 19", "ck_matches_season"),
    ("UPDATE matches SET match_date = '2019-12-28'", "ck_matches_kickoff_on_match_date"),
    ("UPDATE team_match_stats SET stats = '[9]'", "ck_team_match_stats_stats"),
    ("UPDATE player_match_stats SET stats = '3'", "ck_player_match_stats_stats"),
    ("UPDATE quotes SET decimal_odds = 1", "ck_quotes_decimal_odds"),
    ("UPDATE quotes SET decimal_odds = 'NaN'", "ck_quotes_decimal_odds"),
    ("UPDATE quotes SET decimal_odds = 'Infinity'", "ck_quotes_decimal_odds"),
    ("UPDATE quotes SET market = 'corners' WHERE market = 'total'", "ck_quotes_market"),
    ("UPDATE quotes SET outcome = 'over' WHERE market = 'result'", "ck_quotes_outcome"),
    ("UPDATE quotes SET outcome = 'draw' WHERE market = 'total'", "ck_quotes_outcome"),
    ("UPDATE quotes SET line = 1.5 WHERE market = 'result'", "ck_quotes_line"),
    ("UPDATE quotes SET line = NULL WHERE market = 'total'", "ck_quotes_line"),
    ("UPDATE quotes SET line = 'NaN' WHERE market = 'total'", "ck_quotes_line"),
    ("UPDATE quotes SET quoted_at = known_at + interval '1 minute'", "ck_quotes_known_after_quoted"),
    ("UPDATE quotes SET is_closing = true WHERE market = 'total'", "ck_quotes_closing_without_moment"),
    ("INSERT INTO quotes SELECT * FROM quotes", "uq_quotes_2019_natural_key"),
    ("UPDATE quotes SET match_id = 2", "fk_quotes_match_id_season_matches"),
    ("UPDATE forecasts SET probabilities = '{1}'", "ck_forecasts_length"),
    ("UPDATE forecasts SET probabilities = '{{0.5,0.5}}'", "ck_forecasts_length"),
    ("UPDATE forecasts SET probabilities = '{0.25,0.25,0.25,0.25}'", "ck_forecasts_length"),
    ("UPDATE forecasts SET probabilities = '{1.1,-0.1}'", "ck_forecasts_range"),
    ("UPDATE forecasts SET probabilities = '{NaN,0.5}'", "ck_forecasts_range"),
    ("UPDATE forecasts SET probabilities = '{0.5,0.5,NULL}'", "ck_forecasts_range"),
    ("UPDATE forecasts SET probabilities = '{0.5,0.3,0.1}'", "ck_forecasts_sum"),
    ("UPDATE feature_manifests SET names = '{}'", "ck_feature_manifests_names"),
    ("UPDATE match_features SET manifest = 'i'", "fk_match_features_manifest_feature_manifests"),
    ("UPDATE match_features SET values = '{{1,2},{3,4}}'", "ck_match_features_values"),
    ("UPDATE models SET kind = 'Gradient Boosting'", "ck_models_kind"),
    ("UPDATE models SET card = '[]'", "ck_models_card"),
    ("UPDATE model_promotions SET league = 'nba'", "fk_model_promotions_league_model_id_models"),
    ("DELETE FROM models WHERE id = 1", "fk_model_promotions_league_model_id_models"),
    ("UPDATE predictions SET probabilities = '{0.5,0.3,0.1999}'", "ck_predictions_sum"),
    ("DELETE FROM matches", "fk_predictions_match_id_matches"),
    ("UPDATE bets SET settled_at = placed_at - interval '1 minute'", "ck_bets_order"),
    ("UPDATE bets SET stake = 0, profit = 0", "ck_bets_stake"),
    ("UPDATE bets SET stake = 'Infinity', profit = 0", "ck_bets_stake"),
    ("UPDATE bets SET profit = -10.01", "ck_bets_profit"),
    ("UPDATE bets SET profit = 11.01", "ck_bets_profit"),
    ("UPDATE bets SET probability = 1.01", "ck_bets_probability"),
    ("UPDATE bets SET outcome = 'over'", "ck_bets_outcome"),
    ("UPDATE bets SET benchmark_odds = 0.9", "ck_bets_benchmark_odds"),
]


@pytest.mark.parametrize(("statement", "rule"), ABSURD)
def test_an_absurd_row_is_refused_by_name(schema: Connection, statement: str, rule: str) -> None:
    schema.execute(WORLD.encode())
    with pytest.raises(psycopg.errors.IntegrityError) as caught:
        schema.execute(statement.encode())
    assert caught.value.diag.constraint_name == rule


def test_a_match_takes_its_facts_with_it_and_a_backtest_its_bets(schema: Connection) -> None:
    schema.execute(WORLD.encode())
    schema.execute("DELETE FROM predictions; DELETE FROM backtests; DELETE FROM matches")
    for table in ("bets", "quotes", "forecasts", "team_match_stats", "player_match_stats", "match_features"):
        assert schema.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,), table


def test_a_run_that_is_forgotten_leaves_its_matches(schema: Connection) -> None:
    schema.execute(WORLD.encode())
    schema.execute("UPDATE matches SET run_id = 1; DELETE FROM pipeline_runs")
    assert schema.execute("SELECT run_id FROM matches").fetchone() == (None,)


def test_local_midnight_and_late_games_fit_their_match_date(schema: Connection) -> None:
    """Tokyo's midnight is the day before in UTC, a late game in Los Angeles the day after."""
    schema.execute(WORLD.encode())
    for kickoff in ("2019-12-25 15:00Z", "2019-12-27 06:30Z"):
        schema.execute(
            "UPDATE matches SET kickoff_utc = %(at)s, known_at = %(at)s::timestamptz + interval '3 hours'",
            {"at": kickoff},
        )
