"""What box scores, quotes, forecasts and details said before, and since when they say what they do."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

FACTS = ("team_match_stats", "quotes", "forecasts", "match_details")

# The default comes second: rows that are there already get none, since nobody noted when they came.
RECORDED = """
ALTER TABLE {table} ADD COLUMN recorded_at timestamptz;
ALTER TABLE {table} ALTER COLUMN recorded_at SET DEFAULT now();
COMMENT ON COLUMN {table}.recorded_at IS
    'UTC; since when this database holds what the row says; empty: since before it took note';
"""

REVISIONS = """
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
"""
COMMENTS = """
COMMENT ON COLUMN {table}.known_at IS 'UTC; from when a decision may use it';
COMMENT ON COLUMN {table}.recorded_at IS
    'UTC; since when the database held this, until the next one; -infinity: since before it took note';
"""
TABLES = ("team_stat_revisions", "quote_revisions", "forecast_revisions", "detail_revisions")


def upgrade() -> None:
    for table in FACTS:
        op.execute(RECORDED.format(table=table))
    op.execute(REVISIONS)
    for table in TABLES:
        op.execute(COMMENTS.format(table=table))


def downgrade() -> None:
    op.execute("DROP TABLE " + ", ".join(TABLES))
    for table in FACTS:
        op.execute(f"ALTER TABLE {table} DROP COLUMN recorded_at")
