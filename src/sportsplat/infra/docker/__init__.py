"""The Docker backend: a PostgreSQL container, its volume and network, and the services of Compose.

Only `infra` and `jobs` import it. It imports neither `db` nor `sources`.
"""
