-- Schema revision 0019, rendered from the migrations by `sportsplat db render-init`: not to be edited.
-- For psql, as a superuser, in an empty database.
\set ON_ERROR_STOP on
\set QUIET on
\encoding UTF8

BEGIN;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

DO $$
DECLARE
    become text := CASE WHEN current_setting('server_version_num')::int >= 160000
                        THEN 'SET' ELSE 'MEMBER' END;
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['sportsplat_app', 'sportsplat_read'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN RAISE NOTICE 'may not create role %', role_name;
        END;
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name);
        BEGIN
            IF NOT pg_has_role(role_name, become) THEN
                EXECUTE format('GRANT %I TO CURRENT_USER', role_name);
            END IF;
        EXCEPTION
            WHEN unique_violation THEN NULL;
            WHEN insufficient_privilege THEN RAISE NOTICE 'may not join role %', role_name;
        END;
    END LOOP;

    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sportsplat_app') THEN
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO sportsplat_app;
        GRANT SELECT ON alembic_version TO sportsplat_app;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sportsplat_read') THEN
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO sportsplat_read;
        GRANT SELECT ON alembic_version TO sportsplat_read;
    END IF;
END
$$;

INSERT INTO alembic_version (version_num) VALUES ('0001') RETURNING alembic_version.version_num;

-- Running upgrade 0001 -> 0002

CREATE TABLE leagues (
    code text CONSTRAINT pk_leagues PRIMARY KEY,
    name text NOT NULL,
    sport text NOT NULL,
    outcomes text[] NOT NULL,
    timezone text NOT NULL,
    CONSTRAINT ck_leagues_code CHECK (code ~ '^[a-z][a-z0-9_-]*$'),
    CONSTRAINT ck_leagues_outcomes
        CHECK (outcomes IN (ARRAY['home', 'away'], ARRAY['home', 'draw', 'away']))
);
COMMENT ON TABLE leagues IS 'Declared in config/leagues.yaml, stored when first ingested';
COMMENT ON COLUMN leagues.outcomes IS 'What a match can end as, in the order of every probability array';
COMMENT ON COLUMN leagues.timezone IS 'IANA zone in which match_date is a calendar day';

CREATE TABLE teams (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_teams PRIMARY KEY,
    league text NOT NULL CONSTRAINT fk_teams_league_leagues REFERENCES leagues (code),
    name text NOT NULL,
    CONSTRAINT uq_teams_league_name UNIQUE (league, name),
    CONSTRAINT uq_teams_league_id UNIQUE (league, id),
    CONSTRAINT ck_teams_name CHECK (name <> '')
);
COMMENT ON TABLE teams IS 'One row a team and league, under the one name kept here';

CREATE TABLE team_aliases (
    league text NOT NULL,
    source text NOT NULL,
    alias text NOT NULL,
    team_id bigint NOT NULL,
    CONSTRAINT pk_team_aliases PRIMARY KEY (league, source, alias),
    CONSTRAINT fk_team_aliases_league_team_id_teams
        FOREIGN KEY (league, team_id) REFERENCES teams (league, id) ON DELETE CASCADE
);
COMMENT ON TABLE team_aliases IS 'What a source calls a team; decides before the name does';

CREATE TABLE players (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_players PRIMARY KEY,
    league text NOT NULL CONSTRAINT fk_players_league_leagues REFERENCES leagues (code),
    name text NOT NULL,
    source text NOT NULL,
    source_key text NOT NULL,
    CONSTRAINT uq_players_league_source_source_key UNIQUE (league, source, source_key),
    CONSTRAINT ck_players_name CHECK (name <> '')
);
COMMENT ON TABLE players IS 'One row a player and league; two players may share a name';
COMMENT ON COLUMN players.source_key IS 'What identifies the player at the source';

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';

-- Running upgrade 0002 -> 0003

CREATE TABLE pipeline_runs (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_pipeline_runs PRIMARY KEY,
    kind text NOT NULL,
    source text,
    league text,
    file text,
    sha256 text,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    status text NOT NULL DEFAULT 'running',
    counts jsonb NOT NULL DEFAULT '{}',
    error text,
    CONSTRAINT ck_pipeline_runs_status CHECK (status IN ('running', 'done', 'failed', 'abandoned')),
    CONSTRAINT ck_pipeline_runs_finished CHECK ((status = 'running') = (finished_at IS NULL)),
    CONSTRAINT ck_pipeline_runs_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_pipeline_runs_counts CHECK (jsonb_typeof(counts) = 'object')
);
CREATE INDEX ix_pipeline_runs_league_started_at ON pipeline_runs (league, started_at);
COMMENT ON TABLE pipeline_runs IS 'One row a run of a job; an ingest has one a file';
COMMENT ON COLUMN pipeline_runs.status IS 'running, done, failed, or abandoned: its process was killed';
COMMENT ON COLUMN pipeline_runs.sha256 IS 'Hash of the bytes that were read, lower-case hexadecimal';
COMMENT ON COLUMN pipeline_runs.started_at IS 'UTC';
COMMENT ON COLUMN pipeline_runs.finished_at IS 'UTC; empty while it runs';
COMMENT ON COLUMN pipeline_runs.counts IS 'Rows inserted, updated, unchanged and quarantined, by table';

CREATE TABLE quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_quarantine PRIMARY KEY,
    run_id bigint NOT NULL
        CONSTRAINT fk_quarantine_run_id_pipeline_runs REFERENCES pipeline_runs (id) ON DELETE CASCADE,
    source text NOT NULL,
    league text,
    file text NOT NULL,
    line integer NOT NULL,
    code text NOT NULL,
    reason text NOT NULL,
    raw text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    CONSTRAINT ck_quarantine_line CHECK (line >= 0),
    CONSTRAINT ck_quarantine_code CHECK (code ~ '^[a-z][a-z0-9-]*$'),
    CONSTRAINT ck_quarantine_reason CHECK (reason <> '')
);
CREATE INDEX ix_quarantine_run_id ON quarantine (run_id);
CREATE INDEX ix_quarantine_open ON quarantine (source, league, file, line) WHERE resolved_at IS NULL;
COMMENT ON TABLE quarantine IS 'Rows that a source gave and that could not be taken; open until resolved_at';
COMMENT ON COLUMN quarantine.line IS 'Line in the file, the header being line 1; 0 for the file as a whole';
COMMENT ON COLUMN quarantine.code IS 'Class of reasons, such as impossible-score';
COMMENT ON COLUMN quarantine.created_at IS 'UTC';
COMMENT ON COLUMN quarantine.resolved_at IS 'UTC; empty while open';

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';

-- Running upgrade 0003 -> 0004

CREATE TABLE matches (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_matches PRIMARY KEY,
    league text NOT NULL,
    season integer NOT NULL,
    match_date date NOT NULL,
    kickoff_utc timestamptz NOT NULL,
    precision text NOT NULL,
    home_id bigint NOT NULL,
    away_id bigint NOT NULL,
    number smallint NOT NULL DEFAULT 1,
    neutral boolean NOT NULL DEFAULT false,
    stage text NOT NULL DEFAULT 'regular',
    status text NOT NULL DEFAULT 'scheduled',
    home_score integer,
    away_score integer,
    known_at timestamptz,
    source text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    run_id bigint,
    CONSTRAINT uq_matches_league_match_date_home_id_away_id_number
        UNIQUE (league, match_date, home_id, away_id, number),
    CONSTRAINT fk_matches_league_home_id_teams FOREIGN KEY (league, home_id) REFERENCES teams (league, id),
    CONSTRAINT fk_matches_league_away_id_teams FOREIGN KEY (league, away_id) REFERENCES teams (league, id),
    CONSTRAINT fk_matches_run_id_pipeline_runs
        FOREIGN KEY (run_id) REFERENCES pipeline_runs (id) ON DELETE SET NULL,
    CONSTRAINT ck_matches_season CHECK (season BETWEEN 1850 AND 2200),
    CONSTRAINT ck_matches_two_teams CHECK (home_id <> away_id),
    CONSTRAINT ck_matches_number CHECK (number >= 1),
    CONSTRAINT ck_matches_precision CHECK (precision IN ('minute', 'day')),
    CONSTRAINT ck_matches_stage CHECK (stage IN ('regular', 'playoff')),
    CONSTRAINT ck_matches_status CHECK (status IN ('scheduled', 'final', 'cancelled')),
    CONSTRAINT ck_matches_scores CHECK (home_score >= 0 AND away_score >= 0),
    CONSTRAINT ck_matches_result
        CHECK (num_nonnulls(home_score, away_score, known_at) = CASE status WHEN 'final' THEN 3 ELSE 0 END),
    CONSTRAINT ck_matches_known_after_kickoff CHECK (known_at >= kickoff_utc),
    CONSTRAINT ck_matches_kickoff_on_match_date
        CHECK ((kickoff_utc AT TIME ZONE 'UTC')::date BETWEEN match_date - 1 AND match_date + 1)
);
CREATE INDEX ix_matches_league_kickoff_utc ON matches (league, kickoff_utc);
CREATE INDEX ix_matches_home_id_kickoff_utc ON matches (home_id, kickoff_utc);
CREATE INDEX ix_matches_away_id_kickoff_utc ON matches (away_id, kickoff_utc);
COMMENT ON TABLE matches IS 'One row a match; a final one has both scores and the moment they became known';
COMMENT ON COLUMN matches.season IS 'Year in which the season starts';
COMMENT ON COLUMN matches.match_date IS 'Calendar day in the league''s own zone';
COMMENT ON COLUMN matches.kickoff_utc IS 'UTC; local midnight that begins match_date when precision is day';
COMMENT ON COLUMN matches.precision IS 'How exactly the kick-off is known: minute or day';
COMMENT ON COLUMN matches.number IS 'Tells apart two games of one pair at one place on one day, from 1';
COMMENT ON COLUMN matches.home_score IS 'Goals or points at the end, overtime included';
COMMENT ON COLUMN matches.away_score IS 'Goals or points at the end, overtime included';
COMMENT ON COLUMN matches.known_at IS 'UTC; when the result became known, empty while unplayed';
COMMENT ON COLUMN matches.updated_at IS 'UTC; when this row last changed here';
COMMENT ON COLUMN matches.run_id IS 'Pipeline run that last changed this row';

UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003';

-- Running upgrade 0004 -> 0005

CREATE TABLE team_match_stats (
    match_id bigint NOT NULL
        CONSTRAINT fk_team_match_stats_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    team_id bigint NOT NULL CONSTRAINT fk_team_match_stats_team_id_teams REFERENCES teams (id),
    is_home boolean NOT NULL,
    stats jsonb NOT NULL,
    known_at timestamptz NOT NULL,
    CONSTRAINT pk_team_match_stats PRIMARY KEY (match_id, team_id),
    CONSTRAINT ck_team_match_stats_stats CHECK (jsonb_typeof(stats) = 'object')
);
COMMENT ON TABLE team_match_stats IS 'One team''s box score of one match';
COMMENT ON COLUMN team_match_stats.stats IS 'Plain numbers by stat name, as the sport declares them';
COMMENT ON COLUMN team_match_stats.known_at IS 'UTC; from when a decision may use it';

CREATE TABLE player_match_stats (
    match_id bigint NOT NULL
        CONSTRAINT fk_player_match_stats_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    player_id bigint NOT NULL CONSTRAINT fk_player_match_stats_player_id_players REFERENCES players (id),
    team_id bigint NOT NULL CONSTRAINT fk_player_match_stats_team_id_teams REFERENCES teams (id),
    stats jsonb NOT NULL,
    known_at timestamptz NOT NULL,
    CONSTRAINT pk_player_match_stats PRIMARY KEY (match_id, player_id),
    CONSTRAINT ck_player_match_stats_stats CHECK (jsonb_typeof(stats) = 'object')
);
CREATE INDEX ix_player_match_stats_player_id ON player_match_stats (player_id);
COMMENT ON TABLE player_match_stats IS 'One player''s box score of one match';
COMMENT ON COLUMN player_match_stats.stats IS 'Plain numbers by stat name, as the sport declares them';
COMMENT ON COLUMN player_match_stats.known_at IS 'UTC; from when a decision may use it';

UPDATE alembic_version SET version_num='0005' WHERE alembic_version.version_num = '0004';

-- Running upgrade 0005 -> 0006

CREATE TABLE quotes (
    match_id bigint NOT NULL
        CONSTRAINT fk_quotes_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    bookmaker text NOT NULL,
    market text NOT NULL,
    outcome text NOT NULL,
    line double precision,
    is_closing boolean NOT NULL,
    decimal_odds double precision NOT NULL,
    quoted_at timestamptz,
    known_at timestamptz NOT NULL,
    CONSTRAINT uq_quotes_natural_key UNIQUE NULLS NOT DISTINCT
        (match_id, bookmaker, market, outcome, line, is_closing, quoted_at),
    CONSTRAINT ck_quotes_market CHECK (market IN ('result', 'spread', 'total')),
    CONSTRAINT ck_quotes_outcome CHECK (CASE market
        WHEN 'result' THEN outcome IN ('home', 'draw', 'away')
        WHEN 'spread' THEN outcome IN ('home', 'away')
        ELSE outcome IN ('over', 'under') END),
    CONSTRAINT ck_quotes_line CHECK (CASE market
        WHEN 'result' THEN line IS NULL
        ELSE line IS NOT NULL AND abs(line) < 'Infinity'::double precision END),
    CONSTRAINT ck_quotes_decimal_odds
        CHECK (decimal_odds > 1 AND decimal_odds < 'Infinity'::double precision),
    CONSTRAINT ck_quotes_known_after_quoted CHECK (known_at >= quoted_at)
);
COMMENT ON TABLE quotes IS
    'One price of one outcome; its key begins with the match, so it needs no other index';
COMMENT ON COLUMN quotes.market IS 'result, spread (line is added to the home score) or total';
COMMENT ON COLUMN quotes.line IS 'Goals or points; empty for the result market';
COMMENT ON COLUMN quotes.is_closing IS 'The last price before the start';
COMMENT ON COLUMN quotes.decimal_odds IS 'Units returned for one unit staked, stake included';
COMMENT ON COLUMN quotes.quoted_at IS 'UTC; when the source says that it was taken';
COMMENT ON COLUMN quotes.known_at IS 'UTC; from when a decision may use it';

CREATE TABLE forecasts (
    match_id bigint NOT NULL
        CONSTRAINT fk_forecasts_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    publisher text NOT NULL,
    probabilities double precision[] NOT NULL,
    known_at timestamptz NOT NULL,
    CONSTRAINT pk_forecasts PRIMARY KEY (match_id, publisher),
    CONSTRAINT ck_forecasts_length
        CHECK (array_ndims(probabilities) = 1 AND cardinality(probabilities) BETWEEN 2 AND 3),
    CONSTRAINT ck_forecasts_range
        CHECK (0 <= ALL (probabilities) AND 1 >= ALL (probabilities)
               AND array_position(probabilities, NULL) IS NULL),
    CONSTRAINT ck_forecasts_sum
        CHECK (probabilities[1] + probabilities[2] + coalesce(probabilities[3], 0) BETWEEN 0.99 AND 1.01)
);
CREATE INDEX ix_forecasts_publisher ON forecasts (publisher);
COMMENT ON TABLE forecasts IS 'Probabilities that others published, scored side by side with ours';
COMMENT ON COLUMN forecasts.probabilities IS
    'Each 0 to 1, over the league''s outcomes in their order; rounding may move the sum by 0.01';
COMMENT ON COLUMN forecasts.known_at IS 'UTC; from when a decision may use it';

UPDATE alembic_version SET version_num='0006' WHERE alembic_version.version_num = '0005';

-- Running upgrade 0006 -> 0007

CREATE TABLE feature_manifests (
    hash text CONSTRAINT pk_feature_manifests PRIMARY KEY,
    names text[] NOT NULL,
    CONSTRAINT ck_feature_manifests_names CHECK (cardinality(names) > 0)
);
COMMENT ON TABLE feature_manifests IS 'Which features stand in which order';

CREATE TABLE match_features (
    match_id bigint NOT NULL
        CONSTRAINT fk_match_features_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    manifest text NOT NULL
        CONSTRAINT fk_match_features_manifest_feature_manifests REFERENCES feature_manifests (hash),
    decision_at timestamptz NOT NULL,
    values double precision[] NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_match_features PRIMARY KEY (match_id, manifest),
    CONSTRAINT ck_match_features_values CHECK (array_ndims(values) = 1)
);
COMMENT ON TABLE match_features IS 'One row of features a match and manifest';
COMMENT ON COLUMN match_features.decision_at IS 'UTC; only what was known by then is in the values';
COMMENT ON COLUMN match_features.values IS 'In the manifest''s order; NaN is a gap';
COMMENT ON COLUMN match_features.computed_at IS 'UTC';

UPDATE alembic_version SET version_num='0007' WHERE alembic_version.version_num = '0006';

-- Running upgrade 0007 -> 0008

CREATE TABLE models (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_models PRIMARY KEY,
    league text NOT NULL CONSTRAINT fk_models_league_leagues REFERENCES leagues (code),
    kind text NOT NULL,
    trained_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    manifest text CONSTRAINT fk_models_manifest_feature_manifests REFERENCES feature_manifests (hash),
    parameters jsonb NOT NULL,
    card jsonb NOT NULL,
    artifact jsonb NOT NULL,
    booster text,
    seed bigint NOT NULL,
    CONSTRAINT uq_models_league_id UNIQUE (league, id),
    CONSTRAINT ck_models_kind CHECK (kind ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_models_parameters CHECK (jsonb_typeof(parameters) = 'object'),
    CONSTRAINT ck_models_card CHECK (jsonb_typeof(card) = 'object'),
    CONSTRAINT ck_models_artifact CHECK (jsonb_typeof(artifact) = 'object')
);
COMMENT ON TABLE models IS 'Fitted predictors with everything needed to use and to judge them';
COMMENT ON COLUMN models.trained_until IS 'UTC; nothing known later was seen';
COMMENT ON COLUMN models.created_at IS 'UTC';
COMMENT ON COLUMN models.manifest IS 'Exact features, in order; empty for a model that uses none';
COMMENT ON COLUMN models.card IS 'Model card: data fingerprint, cut-off, scores beside the baselines';
COMMENT ON COLUMN models.booster IS 'LightGBM text model; empty for other kinds';

CREATE TABLE model_promotions (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_model_promotions PRIMARY KEY,
    league text NOT NULL,
    model_id bigint NOT NULL,
    promoted_at timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL,
    CONSTRAINT fk_model_promotions_league_model_id_models
        FOREIGN KEY (league, model_id) REFERENCES models (league, id)
);
CREATE INDEX ix_model_promotions_league_id ON model_promotions (league, id);
COMMENT ON TABLE model_promotions IS 'Which model serves a league: the newest row of that league';
COMMENT ON COLUMN model_promotions.promoted_at IS 'UTC';

CREATE TABLE predictions (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_predictions PRIMARY KEY,
    match_id bigint NOT NULL CONSTRAINT fk_predictions_match_id_matches REFERENCES matches (id),
    model_id bigint NOT NULL CONSTRAINT fk_predictions_model_id_models REFERENCES models (id),
    predicted_at timestamptz NOT NULL DEFAULT now(),
    as_of timestamptz NOT NULL,
    probabilities double precision[] NOT NULL,
    CONSTRAINT uq_predictions_match_id_model_id_as_of UNIQUE (match_id, model_id, as_of),
    CONSTRAINT ck_predictions_length
        CHECK (array_ndims(probabilities) = 1 AND cardinality(probabilities) BETWEEN 2 AND 3),
    CONSTRAINT ck_predictions_range
        CHECK (0 <= ALL (probabilities) AND 1 >= ALL (probabilities)
               AND array_position(probabilities, NULL) IS NULL),
    CONSTRAINT ck_predictions_sum
        CHECK (abs(probabilities[1] + probabilities[2] + coalesce(probabilities[3], 0) - 1) < 1e-6)
);
CREATE INDEX ix_predictions_model_id_predicted_at ON predictions (model_id, predicted_at);
COMMENT ON TABLE predictions IS 'Our forecasts, never overwritten: a later one has a later as_of';
COMMENT ON COLUMN predictions.predicted_at IS 'UTC; when it was computed';
COMMENT ON COLUMN predictions.as_of IS 'UTC; only what was known by then was used';
COMMENT ON COLUMN predictions.probabilities IS
    'Each 0 to 1, summing to 1, over the league''s outcomes in their order';

UPDATE alembic_version SET version_num='0008' WHERE alembic_version.version_num = '0007';

-- Running upgrade 0008 -> 0009

CREATE TABLE backtests (
    run_id text CONSTRAINT pk_backtests PRIMARY KEY,
    league text NOT NULL CONSTRAINT fk_backtests_league_leagues REFERENCES leagues (code),
    model text NOT NULL,
    seed bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    result jsonb NOT NULL,
    CONSTRAINT ck_backtests_result CHECK (jsonb_typeof(result) = 'object')
);
CREATE INDEX ix_backtests_league_created_at ON backtests (league, created_at);
COMMENT ON TABLE backtests IS 'One row a walk-forward run';
COMMENT ON COLUMN backtests.created_at IS 'UTC';
COMMENT ON COLUMN backtests.result IS 'The object that `sportsplat backtest --json` answered with';

CREATE TABLE bets (
    run_id text NOT NULL
        CONSTRAINT fk_bets_run_id_backtests REFERENCES backtests (run_id) ON DELETE CASCADE,
    match_id bigint NOT NULL CONSTRAINT fk_bets_match_id_matches REFERENCES matches (id),
    outcome text NOT NULL,
    bookmaker text NOT NULL,
    placed_at timestamptz NOT NULL,
    settled_at timestamptz NOT NULL,
    probability double precision NOT NULL,
    decimal_odds double precision NOT NULL,
    benchmark_odds double precision,
    stake double precision NOT NULL,
    profit double precision NOT NULL,
    CONSTRAINT pk_bets PRIMARY KEY (run_id, match_id, outcome),
    CONSTRAINT ck_bets_outcome CHECK (outcome IN ('home', 'draw', 'away')),
    CONSTRAINT ck_bets_order CHECK (settled_at >= placed_at),
    CONSTRAINT ck_bets_probability CHECK (probability >= 0 AND probability <= 1),
    CONSTRAINT ck_bets_decimal_odds
        CHECK (decimal_odds > 1 AND decimal_odds < 'Infinity'::double precision),
    CONSTRAINT ck_bets_benchmark_odds
        CHECK (benchmark_odds > 1 AND benchmark_odds < 'Infinity'::double precision),
    CONSTRAINT ck_bets_stake CHECK (stake > 0 AND stake < 'Infinity'::double precision),
    CONSTRAINT ck_bets_profit
        CHECK (profit >= -stake AND profit <= stake * (decimal_odds - 1) * (1 + 1e-9))
);
COMMENT ON TABLE bets IS 'One row a bet that a backtest placed and settled';
COMMENT ON COLUMN bets.placed_at IS 'UTC; decision moment';
COMMENT ON COLUMN bets.settled_at IS 'UTC; when the result became known';
COMMENT ON COLUMN bets.probability IS 'The model''s, 0 to 1';
COMMENT ON COLUMN bets.decimal_odds IS 'Entry price: units returned for one unit staked, stake included';
COMMENT ON COLUMN bets.benchmark_odds IS 'Benchmark price of the same outcome, empty where there is none';
COMMENT ON COLUMN bets.stake IS 'Units of the bankroll';
COMMENT ON COLUMN bets.profit IS 'Units won, or lost when negative';

UPDATE alembic_version SET version_num='0009' WHERE alembic_version.version_num = '0008';

-- Running upgrade 0009 -> 0010

CREATE VIEW match_results AS
SELECT m.id AS match_id, m.league, m.season, m.match_date, m.kickoff_utc, m.stage, m.neutral, m.status,
       home.name AS home, away.name AS away, m.home_score, m.away_score,
       CASE WHEN m.home_score > m.away_score THEN 'home'
            WHEN m.home_score < m.away_score THEN 'away'
            WHEN m.home_score = m.away_score THEN 'draw' END AS winner,
       m.known_at
FROM matches AS m
JOIN teams AS home ON home.id = m.home_id
JOIN teams AS away ON away.id = m.away_id;
COMMENT ON VIEW match_results IS
    'Matches with the names of their teams; winner is home, draw or away, empty while unplayed';

CREATE VIEW soccer_team_stats AS
SELECT s.match_id, m.league, m.season, m.match_date, t.name AS team, s.is_home,
       (s.stats ->> 'shots')::double precision AS shots,
       (s.stats ->> 'shots_on_target')::double precision AS shots_on_target,
       (s.stats ->> 'corners')::double precision AS corners,
       (s.stats ->> 'fouls')::double precision AS fouls,
       (s.stats ->> 'yellow_cards')::double precision AS yellow_cards,
       (s.stats ->> 'red_cards')::double precision AS red_cards,
       (s.stats ->> 'half_time_goals')::double precision AS half_time_goals,
       s.known_at
FROM team_match_stats AS s
JOIN matches AS m ON m.id = s.match_id
JOIN leagues AS l ON l.code = m.league
JOIN teams AS t ON t.id = s.team_id
WHERE l.sport = 'soccer';
COMMENT ON VIEW soccer_team_stats IS
    'One team''s box score of one match; a stat that the source does not give is empty';

CREATE VIEW basketball_team_stats AS
SELECT s.match_id, m.league, m.season, m.match_date, t.name AS team, s.is_home,
       (s.stats ->> 'points')::double precision AS points,
       (s.stats ->> 'field_goals_made')::double precision AS field_goals_made,
       (s.stats ->> 'field_goals_attempted')::double precision AS field_goals_attempted,
       (s.stats ->> 'threes_made')::double precision AS threes_made,
       (s.stats ->> 'threes_attempted')::double precision AS threes_attempted,
       (s.stats ->> 'free_throws_made')::double precision AS free_throws_made,
       (s.stats ->> 'free_throws_attempted')::double precision AS free_throws_attempted,
       (s.stats ->> 'rebounds')::double precision AS rebounds,
       (s.stats ->> 'assists')::double precision AS assists,
       (s.stats ->> 'steals')::double precision AS steals,
       (s.stats ->> 'blocks')::double precision AS blocks,
       (s.stats ->> 'turnovers')::double precision AS turnovers,
       s.known_at
FROM team_match_stats AS s
JOIN matches AS m ON m.id = s.match_id
JOIN leagues AS l ON l.code = m.league
JOIN teams AS t ON t.id = s.team_id
WHERE l.sport = 'basketball';
COMMENT ON VIEW basketball_team_stats IS
    'One team''s box score of one match; a stat that the source does not give is empty';

CREATE VIEW simulated_team_stats AS
SELECT s.match_id, m.league, m.season, m.match_date, t.name AS team, s.is_home,
       (s.stats ->> 'points')::double precision AS points,
       (s.stats ->> 'shots')::double precision AS shots,
       (s.stats ->> 'turnovers')::double precision AS turnovers,
       s.known_at
FROM team_match_stats AS s
JOIN matches AS m ON m.id = s.match_id
JOIN leagues AS l ON l.code = m.league
JOIN teams AS t ON t.id = s.team_id
WHERE l.sport = 'simulated';
COMMENT ON VIEW simulated_team_stats IS
    'One team''s box score of one match; a stat that the source does not give is empty';

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sportsplat_app') THEN
        REVOKE INSERT, UPDATE, DELETE ON
            match_results, soccer_team_stats, basketball_team_stats, simulated_team_stats
            FROM sportsplat_app;
    END IF;
END
$$;

UPDATE alembic_version SET version_num='0010' WHERE alembic_version.version_num = '0009';

-- Running upgrade 0010 -> 0011

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sportsplat_read') THEN
        GRANT INSERT, UPDATE ON predictions, match_features, feature_manifests TO sportsplat_read;
    END IF;
END
$$;

UPDATE alembic_version SET version_num='0011' WHERE alembic_version.version_num = '0010';

-- Running upgrade 0011 -> 0012

DELETE FROM quotes q
 USING (SELECT c.ctid AS place,
               row_number() OVER (PARTITION BY c.match_id, c.bookmaker, c.market, c.outcome, c.line
                                  ORDER BY coalesce(c.quoted_at = m.kickoff_utc, false) DESC,
                                           c.known_at DESC) AS rank
          FROM quotes c JOIN matches m ON m.id = c.match_id
         WHERE c.is_closing) ranked
 WHERE q.ctid = ranked.place AND ranked.rank > 1;

UPDATE quotes SET quoted_at = NULL WHERE is_closing AND quoted_at IS NOT NULL;
ALTER TABLE quotes
    ADD CONSTRAINT ck_quotes_closing_without_moment CHECK (NOT is_closing OR quoted_at IS NULL);
COMMENT ON COLUMN quotes.quoted_at IS 'UTC; when the source says that it was taken; empty when closing';

UPDATE alembic_version SET version_num='0012' WHERE alembic_version.version_num = '0011';

-- Running upgrade 0012 -> 0013

ALTER TABLE matches ADD CONSTRAINT uq_matches_id_season UNIQUE (id, season);
ALTER TABLE quotes RENAME TO quotes_before;
ALTER TABLE quotes_before RENAME CONSTRAINT uq_quotes_natural_key TO uq_quotes_before_natural_key;
CREATE TABLE quotes (
    match_id bigint NOT NULL,
    bookmaker text COLLATE "C" NOT NULL,
    market text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    line double precision,
    is_closing boolean NOT NULL,
    decimal_odds double precision NOT NULL,
    quoted_at timestamptz,
    known_at timestamptz NOT NULL,
    season smallint NOT NULL,
    CONSTRAINT uq_quotes_natural_key UNIQUE NULLS NOT DISTINCT
        (match_id, bookmaker, market, outcome, line, is_closing, quoted_at, season),
    CONSTRAINT fk_quotes_match_id_season_matches FOREIGN KEY (match_id, season)
        REFERENCES matches (id, season) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT ck_quotes_market CHECK (market IN ('result', 'spread', 'total')),
    CONSTRAINT ck_quotes_outcome CHECK (CASE market
        WHEN 'result' THEN outcome IN ('home', 'draw', 'away')
        WHEN 'spread' THEN outcome IN ('home', 'away')
        ELSE outcome IN ('over', 'under') END),
    CONSTRAINT ck_quotes_line CHECK (CASE market
        WHEN 'result' THEN line IS NULL
        ELSE line IS NOT NULL AND abs(line) < 'Infinity'::double precision END),
    CONSTRAINT ck_quotes_decimal_odds
        CHECK (decimal_odds > 1 AND decimal_odds < 'Infinity'::double precision),
    CONSTRAINT ck_quotes_known_after_quoted CHECK (known_at >= quoted_at),
    CONSTRAINT ck_quotes_closing_without_moment CHECK (NOT is_closing OR quoted_at IS NULL)
) PARTITION BY LIST (season);

COMMENT ON TABLE quotes IS
    'One price of one outcome; its key begins with the match, so it needs no other index';
COMMENT ON COLUMN quotes.market IS 'result, spread (line is added to the home score) or total';
COMMENT ON COLUMN quotes.line IS 'Goals or points; empty for the result market';
COMMENT ON COLUMN quotes.is_closing IS 'The last price before the start';
COMMENT ON COLUMN quotes.decimal_odds IS 'Units returned for one unit staked, stake included';
COMMENT ON COLUMN quotes.quoted_at IS 'UTC; when the source says that it was taken; empty when closing';
COMMENT ON COLUMN quotes.known_at IS 'UTC; from when a decision may use it';

COMMENT ON COLUMN quotes.season IS 'That of the match, which it follows; each has a partition of its own';

CREATE FUNCTION open_quote_partition(season integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := 'quotes_' || season;
    relation regclass := to_regclass('public.' || name);
BEGIN
    IF season IS NULL OR season NOT BETWEEN 1850 AND 2200 THEN
        RAISE check_violation USING CONSTRAINT = 'ck_matches_season',
            MESSAGE = format('no season starts in %s', coalesce(season::text, 'NULL'));
    END IF;
    IF relation IS NULL THEN
        LOCK TABLE public.matches IN SHARE ROW EXCLUSIVE MODE;
        relation := to_regclass('public.' || name);
    END IF;
    IF relation IS NULL THEN
        EXECUTE format('CREATE TABLE public.%I (LIKE public.quotes INCLUDING CONSTRAINTS)', name);
        RETURN true;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_inherits
                   WHERE inhrelid = relation AND inhparent = 'public.quotes'::regclass) THEN
        RAISE duplicate_table USING MESSAGE = format('%s is no partition of quotes', name);
    END IF;
    RETURN false;
END
$$;

CREATE FUNCTION close_quote_partition(season integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := 'quotes_' || season;
BEGIN
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I UNIQUE NULLS NOT DISTINCT'
                   ' (match_id, bookmaker, market, outcome, line, is_closing, quoted_at, season)',
                   name, 'uq_' || name || '_natural_key');
    EXECUTE format('ALTER TABLE public.quotes ATTACH PARTITION public.%I FOR VALUES IN (%s)', name, season);
    EXECUTE format('ANALYZE public.%I', name);
END
$$;

CREATE FUNCTION ensure_quote_partition(season integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT public.open_quote_partition(season) THEN
        RETURN false;
    END IF;
    PERFORM public.close_quote_partition(season);
    RETURN true;
END
$$;

CREATE FUNCTION make_room_for_moved_quotes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.quotes WHERE match_id = OLD.id AND season = OLD.season) THEN
        PERFORM public.ensure_quote_partition(NEW.season);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER season_of_quotes BEFORE UPDATE OF season ON matches
    FOR EACH ROW WHEN (OLD.season <> NEW.season) EXECUTE FUNCTION make_room_for_moved_quotes();

REVOKE ALL ON FUNCTION open_quote_partition(integer), close_quote_partition(integer),
    ensure_quote_partition(integer), make_room_for_moved_quotes() FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sportsplat_app') THEN
        GRANT EXECUTE ON FUNCTION open_quote_partition(integer), close_quote_partition(integer),
            ensure_quote_partition(integer) TO sportsplat_app;
    END IF;
END
$$;

DO $$
DECLARE
    of_season integer;
BEGIN
    FOR of_season IN SELECT DISTINCT m.season FROM quotes_before q JOIN matches m ON m.id = q.match_id
                     ORDER BY m.season LOOP
        PERFORM open_quote_partition(of_season);
        EXECUTE format('INSERT INTO %I (match_id, bookmaker, market, outcome, line, is_closing,'
                       ' decimal_odds, quoted_at, known_at, season)'
                       ' SELECT q.match_id, q.bookmaker, q.market, q.outcome, q.line, q.is_closing,'
                       ' q.decimal_odds, q.quoted_at, q.known_at, m.season'
                       ' FROM quotes_before q JOIN matches m ON m.id = q.match_id WHERE m.season = %s'
                       ' ORDER BY q.match_id', 'quotes_' || of_season, of_season);
        PERFORM close_quote_partition(of_season);
    END LOOP;
    IF (SELECT count(*) FROM quotes) <> (SELECT count(*) FROM quotes_before) THEN
        RAISE 'some quotes have no match: nothing was changed';
    END IF;
END
$$;
DROP TABLE quotes_before;

UPDATE alembic_version SET version_num='0013' WHERE alembic_version.version_num = '0012';

-- Running upgrade 0013 -> 0014

ALTER TABLE leagues ADD COLUMN precedence text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN leagues.precedence IS
    'Sources whose word holds where they contradict each other, first before last; others follow by name';
ALTER TABLE teams ADD COLUMN named_by text;
COMMENT ON COLUMN teams.named_by IS 'Source that brought the name; empty: declared, or added by hand';

ALTER TABLE team_aliases
    ADD COLUMN since date NOT NULL DEFAULT '-infinity',
    ADD COLUMN until date NOT NULL DEFAULT 'infinity',
    DROP CONSTRAINT pk_team_aliases,
    ADD CONSTRAINT pk_team_aliases PRIMARY KEY (league, source, alias, since),
    ADD CONSTRAINT ck_team_aliases_days CHECK (since <= until);
COMMENT ON COLUMN team_aliases.source IS 'Whose spelling it is; any: everybody''s';
COMMENT ON COLUMN team_aliases.since IS 'First match day on which the name means this team';
COMMENT ON COLUMN team_aliases.until IS 'Last match day on which the name means this team';

ALTER TABLE matches
    ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now(),
    DROP CONSTRAINT ck_matches_status,
    ADD CONSTRAINT ck_matches_status CHECK (status IN ('scheduled', 'postponed', 'cancelled', 'final'));
UPDATE matches SET recorded_at = updated_at;
COMMENT ON COLUMN matches.status IS
    'scheduled, final, cancelled, or postponed: not played on its day while its source went on without it';
COMMENT ON COLUMN matches.recorded_at IS 'UTC; since when this database holds what the row says';
COMMENT ON COLUMN matches.source IS 'Whose word on the result holds';

CREATE TABLE match_claims (
    match_id bigint NOT NULL
        CONSTRAINT fk_match_claims_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    source text NOT NULL,
    season integer NOT NULL,
    match_date date NOT NULL,
    kickoff_utc timestamptz NOT NULL,
    precision text NOT NULL,
    home_id bigint NOT NULL,
    away_id bigint NOT NULL,
    number smallint NOT NULL,
    neutral boolean NOT NULL,
    stage text NOT NULL,
    status text NOT NULL,
    home_score integer,
    away_score integer,
    known_at timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    run_id bigint,
    CONSTRAINT pk_match_claims PRIMARY KEY (match_id, source),
    CONSTRAINT uq_match_claims_source_match_date_home_id_away_id_number
        UNIQUE (source, match_date, home_id, away_id, number),
    CONSTRAINT ck_match_claims_status CHECK (status IN ('withdrawn', 'scheduled', 'cancelled', 'final')),
    CONSTRAINT ck_match_claims_result
        CHECK (num_nonnulls(home_score, away_score, known_at) = CASE status WHEN 'final' THEN 3 ELSE 0 END)
);
COMMENT ON TABLE match_claims IS
    'What each source says of a match, home and away as it names them; matches holds what counts';
COMMENT ON COLUMN match_claims.home_id IS 'Either team of the match';
COMMENT ON COLUMN match_claims.away_id IS 'The other one';
COMMENT ON COLUMN match_claims.match_date IS 'Calendar day as the source tells it';
COMMENT ON COLUMN match_claims.status IS
    'As in matches; withdrawn: a later file of the source covers the day and has the fixture no more';
COMMENT ON COLUMN match_claims.kickoff_utc IS 'UTC';
COMMENT ON COLUMN match_claims.known_at IS 'UTC; when the result became known, empty while unplayed';
COMMENT ON COLUMN match_claims.recorded_at IS 'UTC; since when the source is known to say so';
COMMENT ON COLUMN match_claims.run_id IS 'Pipeline run that last changed this row';
INSERT INTO match_claims (match_id, source, season, match_date, kickoff_utc, precision, home_id, away_id,
                          number, neutral, stage, status, home_score, away_score, known_at, recorded_at,
                          run_id)
SELECT id, source, season, match_date, kickoff_utc, precision, home_id, away_id, number, neutral, stage,
       status, home_score, away_score, known_at, updated_at, run_id
  FROM matches;

CREATE TABLE match_revisions (
    match_id bigint NOT NULL
        CONSTRAINT fk_match_revisions_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL,
    season integer NOT NULL,
    match_date date NOT NULL,
    kickoff_utc timestamptz NOT NULL,
    precision text NOT NULL,
    home_id bigint NOT NULL,
    away_id bigint NOT NULL,
    number smallint NOT NULL,
    neutral boolean NOT NULL,
    stage text NOT NULL,
    status text NOT NULL,
    home_score integer,
    away_score integer,
    known_at timestamptz,
    source text NOT NULL,
    CONSTRAINT pk_match_revisions PRIMARY KEY (match_id, superseded_at),
    CONSTRAINT ck_match_revisions_held CHECK (recorded_at < superseded_at)
);
COMMENT ON TABLE match_revisions IS 'What a match''s row said before, and when: the past as it was held then';
COMMENT ON COLUMN match_revisions.recorded_at IS 'UTC; since when the database held this';
COMMENT ON COLUMN match_revisions.superseded_at IS 'UTC; when something else took its place';
COMMENT ON COLUMN match_revisions.kickoff_utc IS 'UTC';
COMMENT ON COLUMN match_revisions.known_at IS 'UTC; when the result became known, empty while unplayed';

CREATE TABLE match_details (
    match_id bigint NOT NULL
        CONSTRAINT fk_match_details_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    source text NOT NULL,
    phase text NOT NULL,
    details jsonb NOT NULL,
    known_at timestamptz NOT NULL,
    CONSTRAINT pk_match_details PRIMARY KEY (match_id, source, phase),
    CONSTRAINT ck_match_details_phase CHECK (phase IN ('schedule', 'start', 'result')),
    CONSTRAINT ck_match_details_details CHECK (jsonb_typeof(details) = 'object')
);
COMMENT ON TABLE match_details IS
    'What a source says of a match besides its result: stadium, weather, line-ups';
COMMENT ON COLUMN match_details.phase IS
    'schedule: told with the fixture; start: known at the start; result: known with the result';
COMMENT ON COLUMN match_details.details IS 'Plain values by name; home and away as the source names them';
COMMENT ON COLUMN match_details.known_at IS 'UTC; from when a decision may use it';

DROP VIEW soccer_team_stats, basketball_team_stats, simulated_team_stats;

ALTER TABLE team_match_stats ADD COLUMN source text;
UPDATE team_match_stats s SET source = m.source FROM matches m WHERE m.id = s.match_id;
ALTER TABLE team_match_stats
    ALTER COLUMN source SET NOT NULL,
    DROP CONSTRAINT pk_team_match_stats,
    ADD CONSTRAINT pk_team_match_stats PRIMARY KEY (match_id, team_id, source);
COMMENT ON TABLE team_match_stats IS 'One team''s box score of one match, as one source gives it';
COMMENT ON COLUMN team_match_stats.source IS 'Who says so; box_scores merges what several say';

CREATE VIEW box_scores AS
SELECT s.match_id, s.team_id, s.is_home,
       jsonb_object_agg(e.key, e.value
                        ORDER BY coalesce(array_position(l.precedence, s.source), 1000) DESC, s.source DESC)
           AS stats,
       max(s.known_at) AS known_at
  FROM team_match_stats s
  JOIN matches m ON m.id = s.match_id
  JOIN leagues l ON l.code = m.league
 CROSS JOIN LATERAL jsonb_each(s.stats) AS e
 GROUP BY s.match_id, s.team_id, s.is_home;
COMMENT ON VIEW box_scores IS
    'One team''s box score of one match: of each stat the value of the source whose word holds';

CREATE VIEW soccer_team_stats AS
SELECT s.match_id, m.league, m.season, m.match_date, t.name AS team, s.is_home,
       (s.stats ->> 'shots')::double precision AS shots,
       (s.stats ->> 'shots_on_target')::double precision AS shots_on_target,
       (s.stats ->> 'corners')::double precision AS corners,
       (s.stats ->> 'fouls')::double precision AS fouls,
       (s.stats ->> 'yellow_cards')::double precision AS yellow_cards,
       (s.stats ->> 'red_cards')::double precision AS red_cards,
       (s.stats ->> 'half_time_goals')::double precision AS half_time_goals,
       s.known_at
FROM box_scores AS s
JOIN matches AS m ON m.id = s.match_id
JOIN leagues AS l ON l.code = m.league
JOIN teams AS t ON t.id = s.team_id
WHERE l.sport = 'soccer';
COMMENT ON VIEW soccer_team_stats IS
    'One team''s box score of one match; a stat that the source does not give is empty';

CREATE VIEW basketball_team_stats AS
SELECT s.match_id, m.league, m.season, m.match_date, t.name AS team, s.is_home,
       (s.stats ->> 'points')::double precision AS points,
       (s.stats ->> 'field_goals_made')::double precision AS field_goals_made,
       (s.stats ->> 'field_goals_attempted')::double precision AS field_goals_attempted,
       (s.stats ->> 'threes_made')::double precision AS threes_made,
       (s.stats ->> 'threes_attempted')::double precision AS threes_attempted,
       (s.stats ->> 'free_throws_made')::double precision AS free_throws_made,
       (s.stats ->> 'free_throws_attempted')::double precision AS free_throws_attempted,
       (s.stats ->> 'rebounds')::double precision AS rebounds,
       (s.stats ->> 'assists')::double precision AS assists,
       (s.stats ->> 'steals')::double precision AS steals,
       (s.stats ->> 'blocks')::double precision AS blocks,
       (s.stats ->> 'turnovers')::double precision AS turnovers,
       s.known_at
FROM box_scores AS s
JOIN matches AS m ON m.id = s.match_id
JOIN leagues AS l ON l.code = m.league
JOIN teams AS t ON t.id = s.team_id
WHERE l.sport = 'basketball';
COMMENT ON VIEW basketball_team_stats IS
    'One team''s box score of one match; a stat that the source does not give is empty';

CREATE VIEW simulated_team_stats AS
SELECT s.match_id, m.league, m.season, m.match_date, t.name AS team, s.is_home,
       (s.stats ->> 'points')::double precision AS points,
       (s.stats ->> 'shots')::double precision AS shots,
       (s.stats ->> 'turnovers')::double precision AS turnovers,
       s.known_at
FROM box_scores AS s
JOIN matches AS m ON m.id = s.match_id
JOIN leagues AS l ON l.code = m.league
JOIN teams AS t ON t.id = s.team_id
WHERE l.sport = 'simulated';
COMMENT ON VIEW simulated_team_stats IS
    'One team''s box score of one match; a stat that the source does not give is empty';

CREATE VIEW match_conflicts AS
SELECT m.league, m.season, m.id AS match_id, m.match_date, home.name AS home, away.name AS away,
       c.source, x.field, x.said, m.source AS holder, x.holds
  FROM match_claims c
  JOIN matches m ON m.id = c.match_id
  JOIN teams AS home ON home.id = m.home_id
  JOIN teams AS away ON away.id = m.away_id
 CROSS JOIN LATERAL (SELECT c.home_id <> m.home_id AS turned) t
 CROSS JOIN LATERAL (VALUES
       ('score',
        CASE WHEN t.turned THEN concat(c.away_score, ':', c.home_score)
             ELSE concat(c.home_score, ':', c.away_score) END,
        concat(m.home_score, ':', m.away_score), c.status = 'final' AND m.status = 'final'),
       ('result', c.status, m.status, c.status = 'cancelled' AND m.status = 'final'),
       ('date', c.match_date::text, m.match_date::text, true),
       ('venue', CASE WHEN t.turned THEN 'away' ELSE 'home' END, 'home', true),
       ('neutral', c.neutral::text, m.neutral::text, c.neutral),
       ('stage', c.stage, m.stage, true),
       ('season', c.season::text, m.season::text, true)) AS x (field, said, holds, comparable)
 WHERE x.comparable AND x.said <> x.holds;
COMMENT ON VIEW match_conflicts IS
    'Where a source says something else of a match than what holds, one row a match, source and field';

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sportsplat_app') THEN
        REVOKE INSERT, UPDATE, DELETE ON
            box_scores, match_conflicts, soccer_team_stats, basketball_team_stats, simulated_team_stats
            FROM sportsplat_app;
    END IF;
END
$$;

UPDATE alembic_version SET version_num='0014' WHERE alembic_version.version_num = '0013';

-- Running upgrade 0014 -> 0015

ALTER TABLE team_match_stats ADD COLUMN recorded_at timestamptz;
ALTER TABLE team_match_stats ALTER COLUMN recorded_at SET DEFAULT now();
COMMENT ON COLUMN team_match_stats.recorded_at IS
    'UTC; since when this database holds what the row says; empty: since before it took note';

ALTER TABLE quotes ADD COLUMN recorded_at timestamptz;
ALTER TABLE quotes ALTER COLUMN recorded_at SET DEFAULT now();
COMMENT ON COLUMN quotes.recorded_at IS
    'UTC; since when this database holds what the row says; empty: since before it took note';

ALTER TABLE forecasts ADD COLUMN recorded_at timestamptz;
ALTER TABLE forecasts ALTER COLUMN recorded_at SET DEFAULT now();
COMMENT ON COLUMN forecasts.recorded_at IS
    'UTC; since when this database holds what the row says; empty: since before it took note';

ALTER TABLE match_details ADD COLUMN recorded_at timestamptz;
ALTER TABLE match_details ALTER COLUMN recorded_at SET DEFAULT now();
COMMENT ON COLUMN match_details.recorded_at IS
    'UTC; since when this database holds what the row says; empty: since before it took note';

CREATE TABLE team_stat_revisions (
    match_id bigint NOT NULL
        CONSTRAINT fk_team_stat_revisions_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    team_id bigint NOT NULL,
    source text NOT NULL,
    stats jsonb NOT NULL,
    known_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_team_stat_revisions PRIMARY KEY (match_id, team_id, source, recorded_at)
);
COMMENT ON TABLE team_stat_revisions IS 'What a box score said before';

CREATE TABLE quote_revisions (
    match_id bigint NOT NULL
        CONSTRAINT fk_quote_revisions_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    bookmaker text COLLATE "C" NOT NULL,
    market text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    line double precision,
    is_closing boolean NOT NULL,
    quoted_at timestamptz,
    decimal_odds double precision NOT NULL,
    known_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT uq_quote_revisions_natural_key UNIQUE NULLS NOT DISTINCT
        (match_id, bookmaker, market, outcome, line, is_closing, quoted_at, recorded_at)
);
COMMENT ON TABLE quote_revisions IS 'What a price was before it was corrected';
COMMENT ON COLUMN quote_revisions.quoted_at IS
    'UTC; when the source says that it was taken; empty when closing';

CREATE TABLE forecast_revisions (
    match_id bigint NOT NULL
        CONSTRAINT fk_forecast_revisions_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    publisher text NOT NULL,
    probabilities double precision[] NOT NULL,
    known_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_forecast_revisions PRIMARY KEY (match_id, publisher, recorded_at)
);
COMMENT ON TABLE forecast_revisions IS 'What a published forecast said before';

CREATE TABLE detail_revisions (
    match_id bigint NOT NULL
        CONSTRAINT fk_detail_revisions_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    source text NOT NULL,
    phase text NOT NULL,
    details jsonb NOT NULL,
    known_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_detail_revisions PRIMARY KEY (match_id, source, phase, recorded_at)
);
COMMENT ON TABLE detail_revisions IS 'What the details of a match said before';

COMMENT ON COLUMN team_stat_revisions.known_at IS 'UTC; from when a decision may use it';
COMMENT ON COLUMN team_stat_revisions.recorded_at IS
    'UTC; since when the database held this, until the next one; -infinity: since before it took note';

COMMENT ON COLUMN quote_revisions.known_at IS 'UTC; from when a decision may use it';
COMMENT ON COLUMN quote_revisions.recorded_at IS
    'UTC; since when the database held this, until the next one; -infinity: since before it took note';

COMMENT ON COLUMN forecast_revisions.known_at IS 'UTC; from when a decision may use it';
COMMENT ON COLUMN forecast_revisions.recorded_at IS
    'UTC; since when the database held this, until the next one; -infinity: since before it took note';

COMMENT ON COLUMN detail_revisions.known_at IS 'UTC; from when a decision may use it';
COMMENT ON COLUMN detail_revisions.recorded_at IS
    'UTC; since when the database held this, until the next one; -infinity: since before it took note';

UPDATE alembic_version SET version_num='0015' WHERE alembic_version.version_num = '0014';

-- Running upgrade 0015 -> 0016

CREATE OR REPLACE FUNCTION open_quote_partition(season integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := 'quotes_' || season;
    relation regclass := to_regclass('public.' || name);
BEGIN
    IF season IS NULL OR season NOT BETWEEN 1850 AND 2200 THEN
        RAISE check_violation USING CONSTRAINT = 'ck_matches_season',
            MESSAGE = format('no season starts in %s', coalesce(season::text, 'NULL'));
    END IF;
    IF relation IS NULL THEN
        LOCK TABLE public.matches IN SHARE ROW EXCLUSIVE MODE;
        relation := to_regclass('public.' || name);
    END IF;
    IF relation IS NULL THEN
        EXECUTE format('CREATE TABLE public.%I (LIKE public.quotes INCLUDING CONSTRAINTS)', name);
        EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT one_season CHECK (season = %s)', name, season);
        RETURN true;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_inherits
                   WHERE inhrelid = relation AND inhparent = 'public.quotes'::regclass) THEN
        RAISE duplicate_table USING MESSAGE = format('%s is no partition of quotes', name);
    END IF;
    RETURN false;
END
$$;

CREATE OR REPLACE FUNCTION close_quote_partition(season integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := 'quotes_' || season;
BEGIN
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I UNIQUE NULLS NOT DISTINCT'
                   ' (match_id, bookmaker, market, outcome, line, is_closing, quoted_at, season)',
                   name, 'uq_' || name || '_natural_key');
    EXECUTE format('ALTER TABLE public.quotes ATTACH PARTITION public.%I FOR VALUES IN (%s)', name, season);
    EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT one_season', name);
    EXECUTE format('ANALYZE public.%I', name);
END
$$;

UPDATE alembic_version SET version_num='0016' WHERE alembic_version.version_num = '0015';

-- Running upgrade 0016 -> 0017

CREATE FUNCTION first_new_match_id() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE public.matches IN SHARE ROW EXCLUSIVE MODE;
    RETURN nextval(pg_get_serial_sequence('public.matches', 'id'));
END
$$;

CREATE FUNCTION use_match_ids(last bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids text := pg_get_serial_sequence('public.matches', 'id');
    next bigint;
BEGIN
    LOCK TABLE public.matches IN SHARE ROW EXCLUSIVE MODE;
    next := nextval(ids);
    IF last - next > 10000000 THEN
        RAISE numeric_value_out_of_range USING MESSAGE = format('%s is far beyond the id %s', last, next);
    END IF;
    PERFORM setval(ids, greatest(last, next));
END
$$;

REVOKE ALL ON FUNCTION first_new_match_id(), use_match_ids(bigint) FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sportsplat_app') THEN
        GRANT EXECUTE ON FUNCTION first_new_match_id(), use_match_ids(bigint) TO sportsplat_app;
    END IF;
END
$$;

UPDATE alembic_version SET version_num='0017' WHERE alembic_version.version_num = '0016';

-- Running upgrade 0017 -> 0018

ALTER TABLE team_match_stats ADD COLUMN run_id bigint;
ALTER TABLE team_match_stats ALTER COLUMN run_id
    SET DEFAULT nullif(current_setting('sportsplat.run', true), '')::bigint;
COMMENT ON COLUMN team_match_stats.run_id IS 'Pipeline run that last changed this row; empty: nobody took note';

ALTER TABLE quotes ADD COLUMN run_id bigint;
ALTER TABLE quotes ALTER COLUMN run_id
    SET DEFAULT nullif(current_setting('sportsplat.run', true), '')::bigint;
COMMENT ON COLUMN quotes.run_id IS 'Pipeline run that last changed this row; empty: nobody took note';

ALTER TABLE forecasts ADD COLUMN run_id bigint;
ALTER TABLE forecasts ALTER COLUMN run_id
    SET DEFAULT nullif(current_setting('sportsplat.run', true), '')::bigint;
COMMENT ON COLUMN forecasts.run_id IS 'Pipeline run that last changed this row; empty: nobody took note';

ALTER TABLE match_details ADD COLUMN run_id bigint;
ALTER TABLE match_details ALTER COLUMN run_id
    SET DEFAULT nullif(current_setting('sportsplat.run', true), '')::bigint;
COMMENT ON COLUMN match_details.run_id IS 'Pipeline run that last changed this row; empty: nobody took note';

CREATE TABLE run_changes (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_run_changes PRIMARY KEY,
    run_id bigint NOT NULL
        CONSTRAINT fk_run_changes_run_id_pipeline_runs REFERENCES pipeline_runs (id) ON DELETE CASCADE,
    table_name text NOT NULL,
    key jsonb NOT NULL,
    before jsonb,
    came_from jsonb,
    CONSTRAINT uq_run_changes_run_id_table_name_key UNIQUE (run_id, table_name, key)
);
CREATE INDEX ix_run_changes_table_name_key ON run_changes (table_name, key);
COMMENT ON TABLE run_changes IS 'What a row said before a run changed or removed it';
COMMENT ON COLUMN run_changes.key IS 'Values of the columns that tell the row apart, in their order';
COMMENT ON COLUMN run_changes.before IS 'The row as it was before the run; empty: there was none';
COMMENT ON COLUMN run_changes.came_from IS 'The key that the row had before the run gave it this one';

CREATE FUNCTION keep_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET "TimeZone" = 'UTC' SET extra_float_digits = 1 AS $$
DECLARE
    run text := current_setting('sportsplat.run');
    was jsonb;
    old_key jsonb;
    new_key jsonb;
    tells_run boolean := TG_ARGV[1];
BEGIN
    IF TG_OP <> 'INSERT' THEN
        was := to_jsonb(OLD);
        SELECT jsonb_agg(was -> name ORDER BY n) INTO old_key
          FROM unnest(string_to_array(TG_ARGV[2], ',')) WITH ORDINALITY AS u (name, n);
        IF NOT tells_run OR was ->> 'run_id' IS DISTINCT FROM run THEN
            INSERT INTO public.run_changes (run_id, table_name, key, before)
            VALUES (run::bigint, TG_ARGV[0], old_key, was) ON CONFLICT DO NOTHING;
        END IF;
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
    END IF;
    SELECT jsonb_agg(to_jsonb(NEW) -> name ORDER BY n) INTO new_key
      FROM unnest(string_to_array(TG_ARGV[2], ',')) WITH ORDINALITY AS u (name, n);
    IF TG_OP = 'INSERT' OR new_key <> old_key THEN
        IF NOT tells_run OR was ->> 'run_id' IS DISTINCT FROM run THEN
            INSERT INTO public.run_changes (run_id, table_name, key, came_from)
            VALUES (run::bigint, TG_ARGV[0], new_key, old_key) ON CONFLICT DO NOTHING;
        END IF;
    ELSIF tells_run THEN
        NEW.run_id := run::bigint;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION keep_change() FROM PUBLIC;

CREATE TRIGGER changes_of_runs BEFORE UPDATE OR DELETE ON matches
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('matches', 'true', 'id');

CREATE TRIGGER changes_of_runs BEFORE UPDATE OR DELETE ON match_claims
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('match_claims', 'true', 'match_id,source');

CREATE TRIGGER changes_of_runs BEFORE UPDATE OR DELETE ON team_match_stats
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('team_match_stats', 'true', 'match_id,team_id,source');

CREATE TRIGGER changes_of_runs BEFORE UPDATE OR DELETE ON quotes
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('quotes', 'true', 'match_id,bookmaker,market,outcome,line,is_closing,quoted_at');

CREATE TRIGGER changes_of_runs BEFORE UPDATE OR DELETE ON forecasts
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('forecasts', 'true', 'match_id,publisher');

CREATE TRIGGER changes_of_runs BEFORE UPDATE OR DELETE ON match_details
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('match_details', 'true', 'match_id,source,phase');

CREATE TRIGGER changes_of_runs BEFORE UPDATE OR DELETE ON teams
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('teams', 'false', 'id');

CREATE TRIGGER made_by_runs AFTER INSERT ON teams
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('teams', 'false', 'id');

CREATE TRIGGER changes_of_runs BEFORE UPDATE OR DELETE ON match_revisions
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('match_revisions', 'false', 'match_id,superseded_at');

CREATE TRIGGER made_by_runs AFTER INSERT ON match_revisions
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('match_revisions', 'false', 'match_id,superseded_at');

CREATE TRIGGER changes_of_runs BEFORE UPDATE OR DELETE ON team_stat_revisions
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('team_stat_revisions', 'false', 'match_id,team_id,source,recorded_at');

CREATE TRIGGER made_by_runs AFTER INSERT ON team_stat_revisions
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('team_stat_revisions', 'false', 'match_id,team_id,source,recorded_at');

CREATE TRIGGER changes_of_runs BEFORE UPDATE OR DELETE ON quote_revisions
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('quote_revisions', 'false', 'match_id,bookmaker,market,outcome,line,is_closing,quoted_at,recorded_at');

CREATE TRIGGER made_by_runs AFTER INSERT ON quote_revisions
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('quote_revisions', 'false', 'match_id,bookmaker,market,outcome,line,is_closing,quoted_at,recorded_at');

CREATE TRIGGER changes_of_runs BEFORE UPDATE OR DELETE ON forecast_revisions
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('forecast_revisions', 'false', 'match_id,publisher,recorded_at');

CREATE TRIGGER made_by_runs AFTER INSERT ON forecast_revisions
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('forecast_revisions', 'false', 'match_id,publisher,recorded_at');

CREATE TRIGGER changes_of_runs BEFORE UPDATE OR DELETE ON detail_revisions
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('detail_revisions', 'false', 'match_id,source,phase,recorded_at');

CREATE TRIGGER made_by_runs AFTER INSERT ON detail_revisions
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('detail_revisions', 'false', 'match_id,source,phase,recorded_at');

ALTER TABLE pipeline_runs DROP CONSTRAINT ck_pipeline_runs_status;
ALTER TABLE pipeline_runs ADD CONSTRAINT ck_pipeline_runs_status CHECK (status IN ('running', 'done', 'failed', 'abandoned', 'undone'));
COMMENT ON COLUMN pipeline_runs.status IS 'running, done, failed, abandoned: its process was killed, or undone: taken back';

UPDATE alembic_version SET version_num='0018' WHERE alembic_version.version_num = '0017';

-- Running upgrade 0018 -> 0019

CREATE VIEW matches_readable AS
SELECT m.id AS match_id, l.sport, m.league, m.season, m.match_date, m.kickoff_utc, m.stage, m.neutral,
       m.status, home.name AS home, away.name AS away, m.home_score, m.away_score,
       CASE WHEN m.home_score > m.away_score THEN 'home'
            WHEN m.home_score < m.away_score THEN 'away'
            WHEN m.home_score = m.away_score THEN 'draw' END AS outcome,
       m.source, m.known_at
FROM matches AS m
JOIN leagues AS l ON l.code = m.league
JOIN teams AS home ON home.id = m.home_id
JOIN teams AS away ON away.id = m.away_id;
COMMENT ON VIEW matches_readable IS
    'Matches with team names; outcome is home, draw or away, empty while unplayed';

CREATE VIEW quotes_readable AS
SELECT q.match_id, m.league, q.season, m.match_date, m.kickoff_utc, home.name AS home, away.name AS away,
       q.bookmaker, q.market, q.outcome AS priced_outcome, q.line, q.is_closing, q.decimal_odds,
       q.quoted_at, q.known_at
FROM quotes AS q
JOIN matches AS m ON m.id = q.match_id AND m.season = q.season
JOIN teams AS home ON home.id = m.home_id
JOIN teams AS away ON away.id = m.away_id;
COMMENT ON VIEW quotes_readable IS
    'Prices with team names; priced_outcome is home, draw or away, in the market total over or under';

CREATE VIEW predictions_readable AS
SELECT p.id AS prediction_id, p.match_id, m.league, m.season, m.match_date, m.kickoff_utc,
       home.name AS home, away.name AS away, p.model_id, o.kind AS model, p.as_of, p.predicted_at,
       p.probabilities[array_position(l.outcomes, 'home')] AS home_probability,
       p.probabilities[array_position(l.outcomes, 'draw')] AS draw_probability,
       p.probabilities[array_position(l.outcomes, 'away')] AS away_probability,
       m.home_score, m.away_score,
       CASE WHEN m.home_score > m.away_score THEN 'home'
            WHEN m.home_score < m.away_score THEN 'away'
            WHEN m.home_score = m.away_score THEN 'draw' END AS outcome
FROM predictions AS p
JOIN models AS o ON o.id = p.model_id
JOIN matches AS m ON m.id = p.match_id
JOIN leagues AS l ON l.code = m.league
JOIN teams AS home ON home.id = m.home_id
JOIN teams AS away ON away.id = m.away_id;
COMMENT ON VIEW predictions_readable IS
    'Forecasts of ours with team names and results; draw_probability is empty in leagues without draws';

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sportsplat_app') THEN
        REVOKE INSERT, UPDATE, DELETE ON matches_readable, quotes_readable, predictions_readable
            FROM sportsplat_app;
    END IF;
END
$$;

COMMENT ON COLUMN quotes.recorded_at IS 'UTC; since when the database has these values; empty: before revision 0015';

COMMENT ON COLUMN team_match_stats.recorded_at IS 'UTC; since when the database has these values; empty: before revision 0015';

COMMENT ON COLUMN forecasts.recorded_at IS 'UTC; since when the database has these values; empty: before revision 0015';

COMMENT ON COLUMN match_details.recorded_at IS 'UTC; since when the database has these values; empty: before revision 0015';

COMMENT ON COLUMN quote_revisions.recorded_at IS 'UTC; from when on the database had these values; -infinity: before revision 0015';

COMMENT ON COLUMN team_stat_revisions.recorded_at IS 'UTC; from when on the database had these values; -infinity: before revision 0015';

COMMENT ON COLUMN forecast_revisions.recorded_at IS 'UTC; from when on the database had these values; -infinity: before revision 0015';

COMMENT ON COLUMN detail_revisions.recorded_at IS 'UTC; from when on the database had these values; -infinity: before revision 0015';

COMMENT ON COLUMN quotes.run_id IS 'Pipeline run that last changed this row; empty: before revision 0018';

COMMENT ON COLUMN team_match_stats.run_id IS 'Pipeline run that last changed this row; empty: before revision 0018';

COMMENT ON COLUMN forecasts.run_id IS 'Pipeline run that last changed this row; empty: before revision 0018';

COMMENT ON COLUMN match_details.run_id IS 'Pipeline run that last changed this row; empty: before revision 0018';

COMMENT ON COLUMN matches.recorded_at IS 'UTC; since when the database has these values';

COMMENT ON COLUMN match_claims.recorded_at IS 'UTC; the first moment at which the source is known to have reported these values';

COMMENT ON COLUMN match_claims.match_date IS 'Calendar day as the source reports it';

COMMENT ON COLUMN leagues.precedence IS 'Sources in the order in which their values are preferred where they differ; others follow by name';

COMMENT ON COLUMN match_details.phase IS 'schedule: published with the fixture; start: known at the start; result: known with the result';

COMMENT ON COLUMN matches.source IS 'Source of the result';

COMMENT ON COLUMN team_match_stats.source IS 'Source of the values; the view box_scores merges several sources';

COMMENT ON COLUMN quotes.quoted_at IS 'UTC; when the price was taken, as the source reports it; empty when closing';

COMMENT ON COLUMN quote_revisions.quoted_at IS 'UTC; when the price was taken, as the source reports it; empty when closing';

COMMENT ON COLUMN run_changes.key IS 'Values of the key columns of the row, in their order';

COMMENT ON TABLE match_claims IS 'What each source reports for a match, home and away as it has them; matches has the values in use';

COMMENT ON TABLE match_details IS 'What a source reports for a match besides its result: stadium, weather, line-ups';

COMMENT ON TABLE match_revisions IS 'Earlier values of a match''s row, and when each was in use';

COMMENT ON TABLE team_stat_revisions IS 'Earlier values of a box score';

COMMENT ON TABLE forecast_revisions IS 'Earlier values of a published forecast';

COMMENT ON TABLE detail_revisions IS 'Earlier values of the details of a match';

COMMENT ON TABLE run_changes IS 'Values of a row before a run changed or removed it';

COMMENT ON VIEW box_scores IS 'One team''s box score of one match: of each stat the value of the preferred source';

COMMENT ON VIEW match_conflicts IS 'Where a source reports another value than the one in use, one row a match, source and field';

UPDATE alembic_version SET version_num='0019' WHERE alembic_version.version_num = '0018';

-- Last: whoever sees this setting finds a database that is complete.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET sportsplat.initialised = %L', current_database(), '0019');
END
$$;

COMMIT;
