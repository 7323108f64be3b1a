"""The source `table`: any CSV, Parquet or Excel file of the user, read through a mapping.

It imports `sources.base` and `sources.reading`; `sources` loads it by name, and `jobs.ingest` imports it.
"""
