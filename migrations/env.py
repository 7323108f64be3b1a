"""What Alembic runs for every command: one transaction per migration, on the connection it is given.

`sportsplat.db.migrate` opens the connection, holds the lock and sets the time-outs. Offline, when only the
SQL is wanted, there is no connection; the init script asks for one transaction over all migrations.
"""

from __future__ import annotations

from alembic import context

from sportsplat.db.tables import metadata

config = context.config
common = {
    "target_metadata": metadata,
    "transaction_per_migration": not config.attributes.get("single_transaction", False),
}

if context.is_offline_mode():
    # Named parameters keep a literal % single in the text.
    context.configure(
        dialect_name="postgresql", dialect_opts={"paramstyle": "named"}, literal_binds=True, **common
    )
else:
    context.configure(connection=config.attributes["connection"], **common)

with context.begin_transaction():
    context.run_migrations()
