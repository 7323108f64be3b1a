"""Which run brought a fact, and what each run replaced, so that a run can be taken back."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
destructive = False

# A setting of the transaction names the run. As a default it costs an insert next to nothing. Rows that are
# there already stay as they are: nobody knows which run brought them.
BROUGHT = """
ALTER TABLE {table} ADD COLUMN run_id bigint;
ALTER TABLE {table} ALTER COLUMN run_id
    SET DEFAULT nullif(current_setting('sportsplat.run', true), '')::bigint;
COMMENT ON COLUMN {table}.run_id IS 'Pipeline run that last changed this row; empty: nobody took note';
"""
BROUGHT_BY = ("team_match_stats", "quotes", "forecasts", "match_details")

TABLE = """
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
"""

# Rows that a run inserts into tables with a column run_id are not noted: that column tells it. A row that
# only gets another key (two matches become one) still is what its run brought.
FUNCTION = """
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
"""
TRIGGER = """
CREATE TRIGGER changes_of_runs BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('{table}', '{tells_run}', '{key}');
"""
# After, since a row that meets another one is not inserted.
MADE = """
CREATE TRIGGER made_by_runs AFTER INSERT ON {table}
    FOR EACH ROW WHEN (current_setting('sportsplat.run', true) <> '')
    EXECUTE FUNCTION keep_change('{table}', 'false', '{key}');
"""
KEYS = {
    "matches": "id",
    "match_claims": "match_id,source",
    "team_match_stats": "match_id,team_id,source",
    "quotes": "match_id,bookmaker,market,outcome,line,is_closing,quoted_at",
    "forecasts": "match_id,publisher",
    "match_details": "match_id,source,phase",
}
NOTED_WHEN_MADE = {
    "teams": "id",
    "match_revisions": "match_id,superseded_at",
    "team_stat_revisions": "match_id,team_id,source,recorded_at",
    "quote_revisions": "match_id,bookmaker,market,outcome,line,is_closing,quoted_at,recorded_at",
    "forecast_revisions": "match_id,publisher,recorded_at",
    "detail_revisions": "match_id,source,phase,recorded_at",
}

STATUS = """
ALTER TABLE pipeline_runs DROP CONSTRAINT ck_pipeline_runs_status;
ALTER TABLE pipeline_runs ADD CONSTRAINT ck_pipeline_runs_status CHECK (status IN ({states}));
COMMENT ON COLUMN pipeline_runs.status IS '{comment}';
"""


def upgrade() -> None:
    for table in BROUGHT_BY:
        op.execute(BROUGHT.format(table=table))
    op.execute(TABLE)
    op.execute(FUNCTION)
    for table, key in KEYS.items():
        op.execute(TRIGGER.format(table=table, tells_run="true", key=key))
    for table, key in NOTED_WHEN_MADE.items():
        op.execute(TRIGGER.format(table=table, tells_run="false", key=key))
        op.execute(MADE.format(table=table, key=key))
    op.execute(
        STATUS.format(
            states="'running', 'done', 'failed', 'abandoned', 'undone'",
            comment="running, done, failed, abandoned: its process was killed, or undone: taken back",
        )
    )


def downgrade() -> None:
    for table in (*KEYS, *NOTED_WHEN_MADE):
        op.execute(f"DROP TRIGGER changes_of_runs ON {table}")
    for table in NOTED_WHEN_MADE:
        op.execute(f"DROP TRIGGER made_by_runs ON {table}")
    op.execute("DROP FUNCTION keep_change()")
    op.execute("DROP TABLE run_changes")
    for table in BROUGHT_BY:
        op.execute(f"ALTER TABLE {table} DROP COLUMN run_id")
    op.execute("UPDATE pipeline_runs SET status = 'abandoned' WHERE status = 'undone'")
    op.execute(
        STATUS.format(
            states="'running', 'done', 'failed', 'abandoned'",
            comment="running, done, failed, or abandoned: its process was killed",
        )
    )
