"""Pipeline runs, and the rows that they could not take."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UPGRADE = """
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
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE quarantine, pipeline_runs")
