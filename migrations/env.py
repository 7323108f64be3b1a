"""What Alembic runs for every command: one transaction per migration, on the connection it is given.

`sportsplat.db.migrate` opens the connection, holds the lock and sets the time-outs. Offline, when only the
SQL is wanted, there is no connection.
"""

from __future__ import annotations

from alembic import context

from sportsplat.db.tables import metadata

common = {"target_metadata": metadata, "transaction_per_migration": True}

if context.is_offline_mode():
    # Named parameters keep a literal % single in the text.
    context.configure(
        dialect_name="postgresql", dialect_opts={"paramstyle": "named"}, literal_binds=True, **common
    )
else:
    context.configure(connection=context.config.attributes["connection"], **common)

with context.begin_transaction():
    context.run_migrations()
