"""The schema: tables, Alembic revisions, migrations, and files rendered from them.

`jobs` imports it, and `migrations/` imports the tables.
"""
