"""Matches, played and to be played."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UPGRADE = """
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
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE matches")
