"""PostgreSQL: connections, tables, migrations, reading and writing."""
