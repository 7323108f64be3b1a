"""The environment of a project: its PostgreSQL in Docker, embedded or the user's own, and its state folder.

`backend.py` chooses one; `environment.py` is the protocol that all three keep. It imports `config`,
`postgres` and `errors`, neither `db` nor `sources`; only `jobs` imports it.
"""
