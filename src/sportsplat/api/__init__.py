"""The HTTP server: what is stored, as JSON.

Routes, their schemas, one shape of error, the process of `serve`. It imports `jobs`, `db.read` and what is
below them, and only `cli` imports it.
"""
