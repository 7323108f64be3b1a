"""The outside thing wrapped here: a running PostgreSQL, wherever it lives."""
