"""Proposing a mapping for a table by the names and contents of its columns."""
