"""Backing up, proving, restoring and moving a project's database.

`cli` imports it.
"""
