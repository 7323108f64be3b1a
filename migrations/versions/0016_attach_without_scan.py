"""A season's first quotes are attached without being read again.

A check, dropped afterwards, says that all rows are of the season.
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
destructive = False

OPEN = """
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
        CHECKED
        RETURN true;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_inherits
                   WHERE inhrelid = relation AND inhparent = 'public.quotes'::regclass) THEN
        RAISE duplicate_table USING MESSAGE = format('%s is no partition of quotes', name);
    END IF;
    RETURN false;
END
$$;
"""
CLOSE = """
CREATE OR REPLACE FUNCTION close_quote_partition(season integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := 'quotes_' || season;
BEGIN
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I UNIQUE NULLS NOT DISTINCT'
                   ' (match_id, bookmaker, market, outcome, line, is_closing, quoted_at, season)',
                   name, 'uq_' || name || '_natural_key');
    EXECUTE format('ALTER TABLE public.quotes ATTACH PARTITION public.%I FOR VALUES IN (%s)', name, season);
    ATTACHED
    EXECUTE format('ANALYZE public.%I', name);
END
$$;
"""
CHECKED = (
    "EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT one_season CHECK (season = %s)', name, season);"
)
ATTACHED = "EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT one_season', name);"


def upgrade() -> None:
    op.execute(OPEN.replace("CHECKED", CHECKED))
    op.execute(CLOSE.replace("ATTACHED", ATTACHED))


def downgrade() -> None:
    op.execute(OPEN.replace("        CHECKED\n", ""))
    op.execute(CLOSE.replace("    ATTACHED\n", ""))
