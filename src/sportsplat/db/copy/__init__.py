"""Whole databases: content hashes, locks, temporary databases, and replacing a schema from a backup.

Only `jobs` imports it.
"""
