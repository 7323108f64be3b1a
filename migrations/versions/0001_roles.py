"""Roles that own nothing: one for the application, one for the API.

Roles belong to the whole server, so another database may have made them, or be making them right now. Where
this user may not create roles the migration goes on without: connections then act as the user itself.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UPGRADE = """
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
$$
"""

DOWNGRADE = """
DO $$
DECLARE
    role_name text;
BEGIN
    FOR role_name IN SELECT rolname FROM pg_roles WHERE rolname IN ('sportsplat_app', 'sportsplat_read') LOOP
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM %I', role_name);
        EXECUTE format('REVOKE ALL ON alembic_version FROM %I', role_name);
    END LOOP;
END
$$
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    """Take the rights back; the roles stay, since other databases of the server may use them."""
    op.execute(DOWNGRADE)
