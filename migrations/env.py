"""What Alembic runs for every command: one transaction per migration, on the connection it is given.

`sportsplat.db.schema.migrate` opens the connection, holds the lock and sets the time-outs. Offline, when only
the SQL is wanted, there is no connection; a caller that puts all of it in one transaction sets `bare`.
"""

from __future__ import annotations

from contextlib import nullcontext

from alembic import context

from sportsplat.db.schema.tables import metadata

config = context.config
bare = config.attributes.get("bare", False)
common = {
    "target_metadata": metadata,
    "transaction_per_migration": not bare,
}

if context.is_offline_mode():
    # Named parameters keep a literal % single in the text.
    context.configure(
        dialect_name="postgresql", dialect_opts={"paramstyle": "named"}, literal_binds=True, **common
    )
else:
    context.configure(connection=config.attributes["connection"], **common)

with nullcontext() if bare else context.begin_transaction():
    context.run_migrations()
