"""${message[0].upper() + message[1:]}.

Migrations run while the application works: a new column is nullable or has a default, each step is short, an
index on a large table has a migration of its own. One idea per file. `destructive = True`: it takes stored
data away (drops, deletes, truncates, narrows, overwrites), so that a backup is made before it runs.
"""

from __future__ import annotations

from alembic import op

revision = "${up_revision}"
down_revision = "${down_revision}"
branch_labels = None
depends_on = None
destructive = False

UPGRADE = """
"""

DOWNGRADE = """
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
