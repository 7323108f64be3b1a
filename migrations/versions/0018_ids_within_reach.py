"""Nobody can use up the ids of matches: at most ten million are taken at once."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
destructive = False

# The application's role could say the last id that there is, and no match would ever get one again.
USE = """
CREATE OR REPLACE FUNCTION use_match_ids(last bigint) RETURNS void
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
"""
BEFORE = """
CREATE OR REPLACE FUNCTION use_match_ids(last bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids text := pg_get_serial_sequence('public.matches', 'id');
BEGIN
    LOCK TABLE public.matches IN SHARE ROW EXCLUSIVE MODE;
    PERFORM setval(ids, greatest(last, nextval(ids)));
END
$$;
"""


def upgrade() -> None:
    op.execute(USE)


def downgrade() -> None:
    op.execute(BEFORE)
