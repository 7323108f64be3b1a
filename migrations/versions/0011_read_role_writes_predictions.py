"""The read role writes predictions and the features behind them, and nothing else."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

IF_THE_ROLE_EXISTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sportsplat_read') THEN
        {statement};
    END IF;
END
$$
"""
TABLES = "predictions, match_features, feature_manifests"


def upgrade() -> None:
    statement = f"GRANT INSERT, UPDATE ON {TABLES} TO sportsplat_read"
    op.execute(IF_THE_ROLE_EXISTS.format(statement=statement))


def downgrade() -> None:
    statement = f"REVOKE INSERT, UPDATE ON {TABLES} FROM sportsplat_read"
    op.execute(IF_THE_ROLE_EXISTS.format(statement=statement))
