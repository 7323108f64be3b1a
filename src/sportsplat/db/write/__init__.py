"""Writing facts: rows are staged, matched with stored matches, and resolved from the claims of all sources.

One file for each kind of fact. Only `jobs` imports it.
"""
