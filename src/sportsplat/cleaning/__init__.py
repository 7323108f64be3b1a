"""Checks and repairs of records before they are stored: duplicates, rules, names, swapped sides.

Pure functions of values: no database, no files, no clock. It imports `domain`, `errors` and `leagues`;
`jobs` imports it.
"""
