"""Storing what sources give: files, tables, live sources, quarantine, and undoing an ingest.

`cli` imports it.
"""
