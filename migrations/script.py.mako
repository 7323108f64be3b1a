"""${message}.

Migrations run while the application works: add nullable or with a default, keep each step short, and build an
index on a large table in a migration of its own. One idea per file; its title is what the log shows.
"""

from __future__ import annotations

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "op.execute()"}


def downgrade() -> None:
    ${downgrades if downgrades else "op.execute()"}
