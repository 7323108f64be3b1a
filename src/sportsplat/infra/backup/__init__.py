"""Backup files: the archive with its manifest, and the programs that write and read it.

Only `jobs` imports it.
"""
