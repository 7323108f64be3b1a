"""Ids of matches can be reserved before the matches are known in full."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
destructive = False

# The application's role has no right to the sequence itself, with which it could repeat an id, or use up all.
# Nobody else takes ids between the two calls: whoever writes matches waits for the lock.
UP = """
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
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute("DROP FUNCTION first_new_match_id(), use_match_ids(bigint)")
