"""PostgreSQL: connections, tables, migrations, reading and writing.

`schema` has tables and migrations, `write` and `read` the rows, `copy` whole databases. It imports
`postgres` and the core's value types, neither `infra` nor `sources`; `jobs` and `api` import it.
"""
