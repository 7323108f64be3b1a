"""The embedded backend: a PostgreSQL server of a Python wheel in the project's state folder.

Only `infra` and `jobs` import it. It imports neither `db` nor `sources`.
"""
