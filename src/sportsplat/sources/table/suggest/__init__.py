"""Proposing a mapping for a table by the names and contents of its columns.

It imports `sources.table`; only `jobs.ingest.suggest` imports it.
"""
